"""A client that is killed or interrupted, and a scheduler that starts again, in the middle of a call."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.clusters import ROOT, children, program_running, render_on, scheduler_running, worker_running
from tests.kit.fake_engine import FakeEngine
from tests.kit.fake_http import Fault
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


def made_here(site: SiteKit) -> dict[str, bytes]:
    """What one machine makes of a copy of the site."""
    with FakeEngine() as engine:
        copy = SiteKit(Path(shutil.copytree(site.root, site.root.with_name("here"))), site.cache, (engine.url,))
        assert copy.run("render", copy.post).code == 0
        return copy.files()


def until_asked(engine: FakeEngine, times: int, process: subprocess.Popen[str]) -> None:
    """Wait until an engine was asked for so many sounds."""
    while engine.asked < times and process.poll() is None:
        pass


def test_a_client_that_was_killed_has_nothing_spoken_a_second_time(
    site: SiteKit, tmp_path: Path, engine: FakeEngine
) -> None:
    wanted, before = made_here(site), site.files()
    engine.fail("/synthesis", None, None, Fault("hang", seconds=3))
    words = ["render", str(site.post), "--cache-dir", str(tmp_path / "far"), "--cluster"]
    with scheduler_running() as address, worker_running(address, tmp_path / "far", engine.url):
        with program_running([*words, address]) as client:
            until_asked(engine, 3, client.process)
            client.process.kill()
            client.ended()
        assert {name: data for name, data in site.files().items() if not name.endswith("tts-render-tmp")} == before
        done = render_on(address, tmp_path / "far", site.post)
    assert done.returncode == 0, done.stderr
    assert site.files() == wanted
    assert len(engine.texts) == len(set(engine.texts))


def test_a_scheduler_that_starts_again_costs_nothing(site: SiteKit, tmp_path: Path, engine: FakeEngine) -> None:
    wanted = made_here(site)
    engine.fail("/synthesis", None, None, Fault("hang", seconds=3))
    words = ["render", str(site.post), "--cache-dir", str(tmp_path / "far"), "--cluster"]
    with scheduler_running() as address:
        port = int(address.rpartition(":")[2])
        worker = program_running(["worker", address, "--cache-dir", str(tmp_path / "far"), "--engine", engine.url])
        joined = worker.__enter__()
        joined.wait_for("at work for ")
        client = program_running([*words, address])
        rendering = client.__enter__()
        until_asked(engine, 3, rendering.process)
    try:
        with scheduler_running(port):
            joined.wait_for("at work for ", times=2)
            assert rendering.ended(90) == 0, rendering.lines
    finally:
        client.__exit__(None, None, None)
        worker.__exit__(None, None, None)
    assert site.files() == wanted
    assert not any("Traceback" in line for line in [*rendering.lines, *joined.lines])


def wait_for_the_end_of(processes: list[int]) -> None:
    """Wait until processes are gone; what Python starts beside its workers ends when it notices that they did."""
    ends = time.monotonic() + 20
    while left := [process for process in processes if Path(f"/proc/{process}").exists()]:
        assert time.monotonic() < ends, left


@pytest.mark.parametrize("cluster", ["local:2", "ADDRESS"])
def test_ctrl_c_ends_a_call_in_one_line_and_leaves_nothing_behind(
    site: SiteKit, tmp_path: Path, engine: FakeEngine, cluster: str
) -> None:
    before = site.files()
    engine.fail("/synthesis", None, Fault("hang", seconds=15))
    with scheduler_running() as address, worker_running(address, tmp_path / "far", engine.url):
        words = ["render", str(site.post), "--cache-dir", str(tmp_path / "far"), "--cluster"]
        words += [address] if cluster == "ADDRESS" else [cluster, "--engine", engine.url]
        process = subprocess.Popen(
            [sys.executable, "-m", "tts_render", *words],
            cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        until_asked(engine, 2, process)
        below = children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    lines = [line for line in said.split("\n") if line and not re.match(r"\d+ worker|dashboard|\d+ of \d+ clips", line)]
    assert lines == ["interrupted; the current episode is unchanged, and episodes finished before are kept"]
    wait_for_the_end_of(below)
    assert site.files() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_asked_to_end_ends_at_once_and_quietly(
    tmp_path: Path, engine: FakeEngine, number: signal.Signals
) -> None:
    with scheduler_running() as address, worker_running(address, tmp_path, engine.url) as worker:
        below = children(worker.process.pid)
        worker.process.send_signal(number)
        assert worker.ended(30) == 0
    assert len(below) >= 2
    assert len(worker.lines) == 1, worker.lines
    wait_for_the_end_of(below)
