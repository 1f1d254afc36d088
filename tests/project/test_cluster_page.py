"""docs/cluster.md: its commands run, and what it shows for other places is run as far as that goes on one machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.kit.clusters import program_running
from tests.kit.documents import ROOT, blocks, commands, links, rows
from tests.kit.fake_engine import FakeEngine
from tests.project.test_docker import compose, environment
from tests.project.test_readme import Shell, shell
from tests.project.test_reliability_page import existing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "cluster.md"
SHOWN = ROOT / "examples" / "cluster"

__all__ = ["shell"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def manifests() -> dict[tuple[str, str], dict[str, Any]]:
    """What is in the manifest for Kubernetes, by kind and name."""
    documents = yaml.safe_load_all((SHOWN / "kubernetes.yaml").read_text(encoding="utf-8"))
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def containers(name: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in manifests()["Deployment", name]["spec"]["template"]["spec"]["containers"]}


def test_its_commands_do_what_they_are_there_for(shell: Shell) -> None:
    shutil.copytree(ROOT / "examples" / "site", shell.home / "site")
    for words in commands(PAGE):
        if words[0] == "openssl":  # see the next test
            continue
        shell.folder = shell.home / "site" if words[0] == "tts-render" else ROOT
        shell.run(words)
    assert len(list((shell.home / "site").rglob("*.mp3"))) == 3


def test_the_certificate_and_the_settings_of_the_page_let_only_those_in_who_have_them(tmp_path: Path) -> None:
    (command,) = [words for words in commands(PAGE) if words[0] == "openssl"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (settings,) = blocks(PAGE, "yaml")
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "tts-render.yaml").write_text(settings.text.replace("/etc/tts-render", str(tmp_path)), encoding="utf-8")
    shutil.copytree(ROOT / "examples" / "site", tmp_path / "site")
    told = {"DASK_CONFIG": str(folder)}
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--protocol", "tls"]
    cache = ["--cache-dir", str(tmp_path / "cache"), "--wait", "60"]
    with FakeEngine() as engine, program_running(words, module="dask", environment=told) as scheduler:
        address = scheduler.wait_for("Scheduler at: ").split()[-1]
        with program_running(["worker", address, "--engine", engine.url, *cache], environment=told) as worker:
            worker.wait_for("at work")
            done = subprocess.run(
                [sys.executable, "-m", "tts_render", "render", "--all", "--cluster", address, *cache, str(tmp_path / "site")],
                cwd=ROOT, env={**os.environ, **told}, capture_output=True, text=True, check=False, timeout=240,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    assert yaml.safe_load(settings.text)["distributed"]["comm"]["require-encryption"] is True


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """A PATH with this program and Dask on it, and with what runs commands elsewhere, which here runs them here."""
    folder = tmp_path / "bin"
    folder.mkdir()
    scripts = {
        "tts-render": f'exec {sys.executable} -m tts_render "$@"',
        "dask": f'exec {sys.executable} -m dask "$@"',
        "hostname": "echo 127.0.0.1",
        "srun": 'exec "$@"',
        "apptainer": f'[ "$1 $2" = "exec docker://{compose()["services"]["voicevox"]["image"]}" ] || exit 9\n'
        f'exec {sys.executable} -c "$STAND_IN" "${{@: -1}}"',
        "ssh": '[ "$1" = -tt ] || exit 9\necho "$2" >> "$REACHED"\nexec bash -c "${3//50021/$ENGINE_PORT}"',
    }
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    (tmp_path / ".config" / "tts-render").mkdir(parents=True)
    (tmp_path / ".config" / "tts-render" / "environment").write_text(
        f"export TTS_RENDER_CACHE={tmp_path}/cache\n", encoding="utf-8"
    )
    stand_in = (
        "import signal, sys, threading\n"
        "from tests.kit.fake_engine import FakeEngine\n"
        "ended = threading.Event()\n"
        "signal.signal(signal.SIGTERM, lambda *_: ended.set())\n"
        "with FakeEngine(port=int(sys.argv[1])):\n"
        "    ended.wait()\n"
    )
    return {
        **os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path),
        "TTS_RENDER_CACHE": str(tmp_path / "cache"), "STAND_IN": stand_in, "REACHED": str(tmp_path / "reached"),
    }  # fmt: skip


@contextlib.contextmanager
def group_ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """End what a script has left, as a batch system does."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=60)


def test_the_job_for_slurm_renders_a_site_and_takes_its_key_away(tmp_path: Path, programs: dict[str, str]) -> None:
    shutil.copytree(ROOT / "examples" / "site", tmp_path / "site")
    port = next(port for port in iter(free_port, 0) if 20000 <= port < 40000)
    with subprocess.Popen(
        ["bash", SHOWN / "slurm.sh", tmp_path / "site"], cwd=tmp_path, env={**programs, "SLURM_JOB_ID": str(port - 20000)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as process, group_ended(process):  # fmt: skip
        code = process.wait(240)
    assert code == 0
    assert len(list((tmp_path / "site").rglob("*.mp3"))) == 3
    assert list(tmp_path.glob("tts-render-keys.*")) == []


def test_the_script_for_ssh_brings_workers_to_its_scheduler(tmp_path: Path, programs: dict[str, str]) -> None:
    shutil.copytree(ROOT / "examples" / "site", tmp_path / "site")
    address = f"tcp://127.0.0.1:{free_port()}"
    with FakeEngine() as engine, subprocess.Popen(
        ["bash", SHOWN / "ssh.sh", address, "one", "other"], cwd=tmp_path,
        env={**programs, "ENGINE_PORT": engine.url.rpartition(":")[2]},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    ) as process, group_ended(process):  # fmt: skip
        done = subprocess.run(
            ["tts-render", "render", "--all", "--cluster", address, "--wait", "60", tmp_path / "site"],
            cwd=tmp_path, env=programs, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        process.terminate()
        assert process.wait(60) == 0
    assert sorted((tmp_path / "reached").read_text(encoding="utf-8").split()) == ["one", "other"]


def test_the_manifest_for_kubernetes_has_the_parts_of_the_compose_file_and_holds_together() -> None:
    assert set(manifests()) == {
        ("Deployment", "speech-scheduler"), ("Service", "speech-scheduler"), ("Deployment", "speech-workers"),
        ("NetworkPolicy", "speech"),
    }  # fmt: skip
    services = compose()["services"]
    scheduler = containers("speech-scheduler")["scheduler"]
    assert (scheduler["command"], scheduler["args"]) == (
        services["scheduler"]["entrypoint"], services["scheduler"]["command"],
    )  # fmt: skip
    workers = containers("speech-workers")
    assert workers["engine"]["image"] == services["voicevox"]["image"]
    assert "--host 127.0.0.1" in workers["engine"]["command"][2]
    told = {one["name"]: one["value"] for one in workers["worker"]["env"]}
    assert told["TTS_RENDER_ENGINE"] == environment()["TTS_RENDER_ENGINE"]
    assert told["TTS_RENDER_CACHE"].startswith("s3://")
    assert workers["worker"]["args"][:2] == ["worker", "tcp://speech-scheduler:8786"]

    pods = {name: manifests()["Deployment", name]["spec"] for name in ("speech-scheduler", "speech-workers")}
    for spec in pods.values():
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
        assert spec["template"]["spec"]["enableServiceLinks"] is False
    service = manifests()["Service", "speech-scheduler"]["spec"]
    assert service["selector"] == pods["speech-scheduler"]["selector"]["matchLabels"]
    assert [port["port"] for port in service["ports"]] == [one["containerPort"] for one in scheduler["ports"]]
    assert "type" not in service, "reached from within the cluster only"
    policy = manifests()["NetworkPolicy", "speech"]["spec"]
    assert policy["ingress"] == [{"from": [{"podSelector": policy["podSelector"]}]}]
    volumes = {one["name"] for one in pods["speech-workers"]["template"]["spec"]["volumes"]}
    assert {mount["name"] for mount in workers["worker"]["volumeMounts"]} == volumes


def test_what_it_says_of_faults_is_tried_in_tests_that_exist() -> None:
    found = rows(PAGE, "what", "what happens", "tried in")
    assert len(found) >= 8
    for row in found:
        for named in row.code("tried in"):
            file, _, test = named.partition("::")
            assert test in existing(file), named
        assert row.code("tried in"), row.text("what")


def test_what_is_shown_is_linked() -> None:
    linked = {link.rpartition("/")[2] for link in links(PAGE) if "examples/cluster/" in link}
    assert linked == {path.name for path in SHOWN.iterdir()}
