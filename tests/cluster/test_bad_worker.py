"""Workers and engines that die, come late or are others than they should be: nothing is lost, and nothing else is heard."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.clusters import children, program_running, render_on, scheduler_running, worker_running
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
def engines() -> Iterator[tuple[FakeEngine, FakeEngine]]:
    with FakeEngine() as one, FakeEngine() as other:
        yield one, other


def made_here(site: SiteKit, engine: FakeEngine) -> dict[str, bytes]:
    """What one machine makes of a copy of the site."""
    copy = SiteKit(Path(shutil.copytree(site.root, site.root.with_name("here"))), site.cache, (engine.url,))
    assert copy.run("render", copy.post).code == 0
    return copy.files()


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return [*found, *(below for child in found for below in descendants(child))]


def dask_workers(pid: int) -> list[int]:
    """The processes of Dask's workers under a worker of this program."""
    return [child for child in descendants(pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


class InTheMiddle(threading.Thread):
    """Does something once an engine is in the middle of a sound."""

    def __init__(self, engine: FakeEngine, act: object) -> None:
        super().__init__(daemon=True)
        self.engine, self.act, self.done = engine, act, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.engine.at_once and not self.done.wait(0.005):
            pass
        if not self.done.is_set():
            self.act()  # type: ignore[operator]


def test_a_worker_killed_in_the_middle_of_a_clip_costs_nothing(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, other = engines
    wanted = made_here(site, other)
    one.fail("/synthesis", Fault("hang", seconds=3))
    with scheduler_running() as address, worker_running(address, tmp_path / "far", one.url) as worker:
        killed = 0

        def kill() -> None:
            nonlocal killed
            for process in dask_workers(worker.process.pid):
                os.kill(process, signal.SIGKILL)
                killed += 1

        InTheMiddle(one, kill)
        done = render_on(address, tmp_path / "far", site.post)
    assert killed == 2, "the one that speaks and the one that mixes"
    assert done.returncode == 0, done.stderr
    assert site.files() == wanted


def test_a_whole_worker_killed_leaves_its_work_to_the_other(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, other = engines
    wanted = made_here(site, other)
    one.fail("/synthesis", Fault("hang", seconds=3))
    with (
        scheduler_running() as address,
        worker_running(address, tmp_path / "far", one.url) as first,
        worker_running(address, tmp_path / "far", other.url),
    ):

        def kill() -> None:
            for process in [first.process.pid, *descendants(first.process.pid)]:
                os.kill(process, signal.SIGKILL)

        InTheMiddle(one, kill)
        done = render_on(address, tmp_path / "far", site.post)
    assert done.returncode == 0, done.stderr
    assert site.files() == wanted


def test_an_engine_that_dies_leaves_its_work_to_the_other_and_its_worker_comes_back_with_it(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, other = engines
    wanted = made_here(site, other)
    with (
        scheduler_running() as address,
        worker_running(address, tmp_path / "far", one.url),
        worker_running(address, tmp_path / "far", other.url),
    ):
        InTheMiddle(one, one.stop)
        done = render_on(address, tmp_path / "far", site.post)
        assert done.returncode == 0, done.stderr
        assert site.files() == wanted
        other.stop()
        one.start()
        site.script.write_text("別の台本です。\n", encoding="utf-8")
        done = render_on(address, tmp_path / "far", site.post, "--wait", "60")
    assert done.returncode == 0, done.stderr


def test_an_engine_that_lies_is_not_believed_while_another_tells_the_truth(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, other = engines
    wanted = made_here(site, other)
    one.fail("/synthesis", *[Fault("reply", status=200, body=b"no sound at all")] * 60)
    with (
        scheduler_running() as address,
        worker_running(address, tmp_path / "far", one.url),
        worker_running(address, tmp_path / "far", other.url),
    ):
        done = render_on(address, tmp_path / "far", site.post)
    assert done.returncode == 0, done.stderr
    assert site.files() == wanted


def test_a_worker_with_another_engine_is_refused_and_one_that_comes_late_works(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, late = engines
    with FakeEngine(version="0.99.0") as another, scheduler_running() as address:
        words = ["worker", address, "--cache-dir", str(tmp_path / "far"), "--engine"]
        with worker_running(address, tmp_path / "far", one.url):
            with program_running([*words, another.url]) as refused:
                assert refused.ended() == 3
            said = "\n".join(refused.lines)
            assert "the workers of one cluster must be alike" in said
            assert "0.99.0" in said
            assert one.version in said
        one.fail("/synthesis", Fault("hang", seconds=3))
        with (
            program_running(
                ["render", str(site.post), "--cluster", address, "--cache-dir", str(tmp_path / "far"), "--wait", "60"]
            ) as client,
            worker_running(address, tmp_path / "far", late.url),
        ):
            assert client.ended() == 0, client.lines
    assert len(late.texts) >= 5


def test_another_version_of_the_program_is_refused_and_named(
    site: SiteKit, tmp_path: Path, engines: tuple[FakeEngine, FakeEngine]
) -> None:
    one, other = engines
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text(
        "import importlib.metadata as m\n"
        "real = m.version\n"
        "m.version = lambda name: '0.0.1' if name == 'tts-render' else real(name)\n",
        encoding="utf-8",
    )
    old = {"PYTHONPATH": str(tmp_path / "old")}
    with scheduler_running() as address, worker_running(address, tmp_path / "far", one.url, environment=old):
        done = render_on(address, tmp_path / "far", site.post)
        assert done.returncode == 3
        assert "runs tts-render 0.0.1" in done.stderr
        with program_running(["worker", address, "--cache-dir", str(tmp_path), "--engine", other.url]) as refused:
            assert refused.ended() == 3
        assert any("0.0.1" in line for line in refused.lines)
    assert one.texts == []


def test_without_workers_it_is_said_and_nothing_hangs(site: SiteKit, tmp_path: Path) -> None:
    before = site.files()
    with scheduler_running() as address:
        done = render_on(address, tmp_path / "far", site.post)
    assert done.returncode == 3
    assert "the cluster has no workers of tts-render" in done.stderr
    gone = render_on(address, tmp_path / "far", site.post)
    assert gone.returncode == 3
    assert "the scheduler does not answer" in gone.stderr
    assert site.files() == before


def test_a_command_without_a_cluster_does_not_load_dask(site: SiteKit) -> None:
    code = (
        "import sys\nfrom tts_render.cli import main\n"
        f"main(['status', {str(site.root)!r}])\n"
        "assert 'distributed' not in sys.modules and 'dask' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
