"""Who reaches a cluster: nobody from elsewhere unless it was asked for, and with certificates only who has one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import dask.config
import psutil
import pytest

from tests.kit.certificates import Authority
from tests.kit.clusters import ROOT, program_running, scheduler_running
from tests.kit.fake_engine import FakeEngine
from tts_render.cluster.ensemble import parse_where
from tts_render.cluster.joining import LOOPBACK
from tts_render.ground.errors import CommandLineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.kit.clusters import Program

pytestmark = pytest.mark.slow


def listening(program: Program) -> dict[str, int]:
    """The addresses on which a program and those that it started wait for connections, and how often."""
    top = psutil.Process(program.process.pid)
    found: dict[str, int] = {}
    for process in [top, *top.children(recursive=True)]:
        for connection in process.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                found[connection.laddr.ip] = found.get(connection.laddr.ip, 0) + 1
    return found


def site_in(folder: Path) -> Path:
    shutil.copytree(ROOT / "examples" / "site", folder / "site")
    return folder / "site"


def test_of_a_cluster_on_this_machine_nothing_is_reached_from_elsewhere(tmp_path: Path) -> None:
    words = ["render", "--all", "--cluster", "local:2", "--cache-dir", str(tmp_path / "cache")]
    with FakeEngine(service=0.5) as engine:
        with program_running([*words, "--engine", engine.url, str(site_in(tmp_path) / "_posts")]) as program:
            assert program.wait_for("dashboard: ").startswith(f"dashboard: http://{LOOPBACK}:")
            found = listening(program)
        assert set(found) == {LOOPBACK}
        assert found[LOOPBACK] > 4, "a scheduler, its dashboard, two workers and two mixers"


def test_a_worker_listens_where_it_reaches_its_scheduler(tmp_path: Path) -> None:
    words = ["--cache-dir", str(tmp_path / "cache"), "--wait", "60"]
    with FakeEngine() as engine, scheduler_running() as address:
        with program_running(["worker", address, "--engine", engine.url, *words]) as program:
            program.wait_for("at work")
            assert set(listening(program)) == {LOOPBACK}
            assert not any("other machines" in line for line in program.lines)
        with program_running(["worker", address, "--engine", engine.url, *words, "--listen", "0.0.0.0"]) as program:
            program.wait_for("at work")
            assert set(listening(program)) == {LOOPBACK, "0.0.0.0"}
            assert program.lines[0] == "0.0.0.0: other machines reach this worker; whoever does can run programs here"


@contextlib.contextmanager
def encrypted_scheduler(environment: Mapping[str, str]) -> Iterator[str]:
    words = ["scheduler", "--host", LOOPBACK, "--port", "0", "--no-dashboard", "--protocol", "tls"]
    with program_running(words, module="dask", environment=environment) as program:
        yield program.wait_for("Scheduler at: ").split()[-1]


def rendered(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tts_render", "render", "--all", *words],
        cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_with_certificates_a_cluster_renders_and_who_has_none_of_them_is_not_let_in(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    site = site_in(tmp_path)
    cache = ["--cache-dir", str(tmp_path / "cache")]
    with FakeEngine() as engine, encrypted_scheduler(ours.environment("scheduler")) as address:
        assert address.startswith("tls://")

        def joining(environment: Mapping[str, str], wait: str) -> contextlib.AbstractContextManager[Program]:
            words = ["worker", address, "--engine", engine.url, *cache, "--wait", wait]
            return program_running(words, environment=environment)

        def render(environment: Mapping[str, str], where: str = address) -> subprocess.CompletedProcess[str]:
            return rendered([*cache, "--wait", "1", "--cluster", where, str(site / "_posts")], environment)

        with joining(theirs.environment("worker"), "1") as stranger:
            assert stranger.ended() == 3
        with joining({}, "1") as stranger:
            assert stranger.ended() == 2
        assert "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT" in stranger.lines[1]

        with joining(ours.environment("worker"), "60") as worker:
            assert worker.wait_for("at work").count("tls://127.0.0.1:") == 3
            assert render(theirs.environment("stranger")).returncode == 3
            assert render({}).returncode == 2
            plain = render(ours.environment("client"), address.replace("tls://", "tcp://"))
            assert (plain.returncode, "require encryption" in plain.stderr) == (2, True)
            assert list(site.rglob("*.mp3")) == []
            done = render(ours.environment("client"))
            assert done.returncode == 0, done.stderr
    assert len(list(site.rglob("*.mp3"))) == 3


def test_certificates_that_do_not_go_with_an_address_are_named_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    told = Authority(tmp_path / "ours").environment("client")
    with dask.config.set({"distributed.comm.require-encryption": True}):
        with pytest.raises(CommandLineError, match="this address has none"):
            parse_where("local:2")
        with pytest.raises(CommandLineError, match="not told of the certificates"):
            parse_where("tls://127.0.0.1:8786")
    files = {
        "distributed.comm.tls.ca-file": told["DASK_DISTRIBUTED__COMM__TLS__CA_FILE"],
        "distributed.comm.tls.client.cert": str(tmp_path / "none.pem"),
        "distributed.comm.tls.client.key": str(tmp_path / "none.key"),
    }
    with dask.config.set(files), pytest.raises(CommandLineError, match="cannot be used"):
        parse_where("tls://127.0.0.1:8786")
