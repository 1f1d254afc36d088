"""The cluster of the compose file: its services as processes on the loopback interface, with a store of the tests."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.buckets import S3
from tests.kit.clusters import scheduler_running
from tests.project.test_docker import ROOT, arguments, compose, environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.slow

SERVICES = compose()["services"]
CLUSTER = {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def told(service: str, addresses: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service as Compose makes it where none of its variables is set, on this machine."""
    made = {}
    for name, value in SERVICES[service]["environment"].items():
        plain = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
        for inside, here in addresses.items():
            plain = plain.replace(inside, here)
        made[name] = plain
    return made


@contextlib.contextmanager
def worker_container(folder: Path, environment: Mapping[str, str], address: str) -> Iterator[subprocess.Popen[bytes]]:
    """What runs in a container of the worker, with the stand-in for an engine, a port and a home of its own."""
    home = folder / "home"
    home.mkdir(parents=True)
    (folder / "dictionary").mkdir()
    (folder / "dictionary" / "user_dict.json").write_text("{}", encoding="utf-8")
    engine = folder / "run"
    engine.write_text(
        f"#!{sys.executable}\n"
        "import signal, sys, threading\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from tests.kit.fake_engine import FakeEngine\n"
        "from pathlib import Path\n"
        "assert (Path.home() / '.local/share/voicevox-engine/user_dict.json').is_file()\n"
        "ended = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: ended.set())\n"
        "with FakeEngine(port=int(sys.argv[sys.argv.index('--port') + 1])):\n"
        "    ended.wait()\n",
        encoding="utf-8",
    )
    engine.chmod(0o755)
    port = free_port()
    text = (ROOT / "docker" / "worker.sh").read_text(encoding="utf-8")
    for inside, here in (
        ("/opt/voicevox_engine/run", str(engine)), ("50021", str(port)), ("/dictionary", str(folder / "dictionary")),
        ("tts-render worker", f"{sys.executable} -m tts_render worker"),
    ):  # fmt: skip
        assert inside in text
        text = text.replace(inside, here)
    script = folder / "worker.sh"
    script.write_text(text, encoding="utf-8")
    own = {
        "HOME": str(home),
        "TTS_RENDER_ENGINE": f"http://127.0.0.1:{port}",
        "TTS_RENDER_CACHE_FOLDER": str(folder / "cache"),
    }
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            ["bash", script, address], cwd=ROOT, env={**os.environ, **environment, **own},
            stdout=said, stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        code = process.wait(60)
        assert code == 0, log.read_text(encoding="utf-8")


def test_the_cluster_has_a_scheduler_workers_a_store_and_a_bucket_and_is_started_only_if_it_is_asked_for() -> None:
    assert {"scheduler", "worker", "store", "bucket"} == CLUSTER
    assert SERVICES["client"]["profiles"] == ["client"]
    assert "depends_on" not in SERVICES["client"], "it would start what it depends on without its profile"
    assert [name for name, service in SERVICES.items() if "container_name" in service or "hostname" in service] == []


def test_only_the_dashboard_is_published_and_only_on_this_machine() -> None:
    assert {name: SERVICES[name]["ports"] for name in CLUSTER if "ports" in SERVICES[name]} == {
        "scheduler": ["127.0.0.1:8787:8787"]
    }
    assert {name for name in CLUSTER | {"client"} if "network_mode" in SERVICES[name]} == set()


def test_the_engine_in_the_worker_is_the_one_of_the_compose_file_and_only_its_container_reaches_it() -> None:
    (source,) = [rest for rest in arguments("COPY", "worker") if rest.startswith("--from=")]
    assert source.split()[0] == f"--from={SERVICES['voicevox']['image']}"
    assert "run --host 127.0.0.1 --port 50021 &" in (ROOT / "docker" / "worker.sh").read_text(encoding="utf-8")
    assert environment()["TTS_RENDER_ENGINE"] == "http://127.0.0.1:50021"
    assert arguments("USER", "worker") == ["worker"]
    assert f"docker/worker.sh /usr/local/bin/{json.loads(arguments('ENTRYPOINT', 'worker')[0])[0]}" in arguments("COPY")
    assert os.access(ROOT / "docker" / "worker.sh", os.X_OK)


def test_the_store_is_pinned_and_knows_the_same_credentials_as_those_who_use_it() -> None:
    assert re.fullmatch(r"chrislusf/seaweedfs:\d+\.\d+", SERVICES["store"]["image"])
    assert SERVICES["bucket"]["image"] == SERVICES["store"]["image"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert len({SERVICES[service]["environment"][name] for service in ("store", "bucket", "worker", "client")}) == 1
    for service in ("worker", "client"):
        assert SERVICES[service]["environment"]["TTS_RENDER_CACHE"].startswith("s3://clips/")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_its_services_render_a_site(tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "examples" / "site", site)
    scheduler = [*SERVICES["scheduler"]["entrypoint"], *SERVICES["scheduler"]["command"]]
    assert scheduler[:2] == ["dask", "scheduler"]
    with S3() as s3, scheduler_running() as address, contextlib.ExitStack() as stack:
        addresses = {"http://store:8333": f"http://127.0.0.1:{s3.port}", "tcp://scheduler:8786": address}
        (command,) = SERVICES["bucket"]["command"]
        for _ in range(2):  # the second time it is there
            subprocess.run(
                [*SERVICES["bucket"]["entrypoint"], command.replace("$$", "$")],
                env={**os.environ, **told("bucket", addresses)}, check=True, capture_output=True,
            )  # fmt: skip
        (where,) = SERVICES["worker"]["command"]
        for number in range(2):
            stack.enter_context(
                worker_container(tmp_path / f"worker-{number}", told("worker", addresses), addresses[where])
            )
        done = subprocess.run(
            [sys.executable, "-m", "tts_render", "render", "--all", str(site / "_posts")],
            cwd=site, capture_output=True, text=True, check=False, timeout=240,
            env={
                **os.environ, "PYTHONPATH": str(ROOT), "TTS_RENDER_ENGINE": "http://127.0.0.1:9",
                **told("client", addresses), "TTS_RENDER_CACHE_FOLDER": str(tmp_path / "front"),
            },
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "speak" in done.stderr
    assert sorted(path.name for path in site.rglob("*.mp3"))


def test_a_container_ends_when_its_engine_does(tmp_path: Path) -> None:
    text = (ROOT / "docker" / "worker.sh").read_text(encoding="utf-8")
    script = tmp_path / "worker.sh"
    script.write_text(
        text.replace("/opt/voicevox_engine/run", "bash -c 'exit 3' run").replace("tts-render worker", "sleep 600"),
        encoding="utf-8",
    )
    done = subprocess.run(["bash", script], env={**os.environ, "HOME": str(tmp_path)}, check=False, timeout=30)
    assert done.returncode == 3


def test_the_scheduler_is_asked_for_what_dask_has() -> None:
    words = [word for word in SERVICES["scheduler"]["command"] if word.startswith("--")]
    done = subprocess.run(
        [sys.executable, "-m", "dask", "scheduler", "--help"], capture_output=True, text=True, check=True
    )
    assert [word for word in words if not re.search(rf"{word}\b", done.stdout)] == []
    assert shlex.join(SERVICES["scheduler"]["entrypoint"]) == "dask scheduler"
