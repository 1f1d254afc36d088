"""Dockerfile, entry point and compose file, replayed and checked as far as that goes without Docker."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.kit.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"
STRANGER = 1234

needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines)]


def arguments(name: str, stage: str | None = None) -> list[str]:
    """What stands behind an instruction, in all stages or in one."""
    found: list[str] = []
    here = ""
    for instruction, rest in instructions():
        here = rest.split()[-1] if instruction == "FROM" else here
        if instruction == name and stage in (None, here):
            found.append(rest)
    return found


def copied() -> list[list[str]]:
    """Sources and destination of everything that comes from the build context."""
    return [rest.split() for rest in arguments("COPY") if not rest.startswith("--from=")]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in arguments("ENV") for pair in shlex.split(rest))


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def copy_for_build(target: Path) -> None:
    """What the Dockerfile copies out of the build context, laid out as in the image."""
    for *sources, destination in copied():
        if destination.startswith("/"):
            continue
        for source in sources:
            whole = target / destination
            if destination.endswith("/"):
                whole = whole / Path(source).name
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, whole, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                whole.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, whole)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own temporary folders are not."""
    with tempfile.TemporaryDirectory(prefix="tts-render-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_the_base_image_is_pinned_to_a_slim_python() -> None:
    first, *others = arguments("FROM")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+ AS base", first)
    assert others == ["base AS worker", "base AS render"], "what is built if no target is named comes last"


def test_what_the_dockerfile_copies_is_in_the_build_context() -> None:
    rules = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert rules[0] == "*"
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    sources = [source for words in copied() for source in words[:-1]]
    assert sorted(sources) == sorted(allowed)
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_carries_lame_and_the_settings_of_a_container() -> None:
    assert any("apt-get install" in rest and "lame" in rest.split() for rest in arguments("RUN"))
    assert environment() == {
        "TTS_RENDER_ENGINE": "http://127.0.0.1:50021",
        "TTS_RENDER_WAIT": "60",
        "TTS_RENDER_CACHE": "/cache",
        "PYTHONUNBUFFERED": "1",
    }
    assert arguments("WORKDIR")[-1] == "/site"
    entry = json.loads(arguments("ENTRYPOINT", "render")[0])
    assert f"docker/entrypoint.sh /usr/local/bin/{entry[0]}" in arguments("COPY")
    assert ENTRYPOINT.stat().st_mode & stat.S_IXUSR


STUB = """#!/bin/sh
id -u > "$TTS_RENDER_CACHE/who"
id -g >> "$TTS_RENDER_CACHE/who"
id -G >> "$TTS_RENDER_CACHE/who"
printf '%s\\n' "$@" > made-by-render
touch "$HOME/home-is-writable"
exit 7
"""


@needs_root
def test_the_entry_point_becomes_the_owner_of_the_site(open_folder: Path) -> None:
    programs, site, cache = open_folder / "bin", open_folder / "site", open_folder / "cache"
    programs.mkdir()
    (programs / "tts-render").write_text(STUB, encoding="utf-8")
    (programs / "tts-render").chmod(0o755)
    site.mkdir(mode=0o755)
    os.chown(site, STRANGER, STRANGER)
    (cache / "utterances").mkdir(parents=True)
    (cache / "utterances" / "old-clip").write_bytes(b"root's")
    done = subprocess.run(
        [ENTRYPOINT, "render", "/site/_posts/名前 with space.md"],
        cwd=site,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "TTS_RENDER_CACHE": str(cache), "HOME": "/root"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert (cache / "who").read_text(encoding="utf-8").split() == [str(STRANGER)] * 3
    assert (site / "made-by-render").read_text(encoding="utf-8").splitlines() == [
        "render",
        "/site/_posts/名前 with space.md",
    ]
    assert {path.stat().st_uid for path in (site / "made-by-render", cache, cache / "utterances" / "old-clip")} == {
        STRANGER
    }


@needs_root
def test_a_site_of_root_is_rendered_as_root_and_the_cache_is_made(open_folder: Path) -> None:
    programs, site, cache = open_folder / "bin", open_folder / "site", open_folder / "cache"
    programs.mkdir()
    site.mkdir()
    (programs / "tts-render").write_text(STUB, encoding="utf-8")
    (programs / "tts-render").chmod(0o755)
    done = subprocess.run(
        [ENTRYPOINT],
        cwd=site,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TTS_RENDER_CACHE": str(cache),
            "HOME": str(open_folder),
        },
        check=False,
    )
    assert done.returncode == 7
    assert (cache / "who").read_text(encoding="utf-8").split()[0] == "0"


@needs_root
def test_with_clips_in_a_bucket_the_folder_in_front_of_it_is_the_volume(open_folder: Path) -> None:
    programs, site, cache = open_folder / "bin", open_folder / "site", open_folder / "cache"
    for folder in (programs, site, cache):
        folder.mkdir()
    os.chown(site, STRANGER, STRANGER)
    stub = '#!/bin/sh\nid -u > "$TTS_RENDER_CACHE_FOLDER/$(echo "$TTS_RENDER_CACHE" | tr :/ __)"\n'
    (programs / "tts-render").write_text(stub, encoding="utf-8")
    (programs / "tts-render").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TTS_RENDER_CACHE": "s3://clips/ours",
        "TTS_RENDER_CACHE_FOLDER": str(cache),
    }
    subprocess.run([ENTRYPOINT], cwd=site, env=environment, check=True)
    assert (cache / "s3___clips_ours").read_text(encoding="utf-8").strip() == str(STRANGER)
    assert [path.name for path in site.iterdir()] == []


@needs_root
@pytest.mark.slow
def test_the_steps_of_the_dockerfile_give_a_command_that_a_stranger_can_run(open_folder: Path) -> None:
    pytest.importorskip("pip")
    python = next((p for p in ("/usr/local/bin/python3", "/usr/bin/python3") if Path(p).exists()), sys.executable)
    asked = "import sys; print(sys.version_info >= (3, 11))"
    if subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip() != "True":
        pytest.skip("no Python 3.11 that every user can run")
    build, venv, site, cache = (open_folder / name for name in ("build", "venv", "site", "cache"))
    copy_for_build(build)
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True)
    steps = [rest for rest in arguments("RUN") if rest.startswith("python -m pip install")]
    assert len(steps) == 2
    for step in steps:
        pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "--quiet"]
        subprocess.run([*pip, *shlex.split(step)[3:]], cwd=build, check=True)

    shutil.copytree(ROOT / "examples" / "site", site)
    for path in (site, *site.rglob("*")):
        os.chown(path, STRANGER, STRANGER)
    before = {path for path in site.rglob("*") if path.is_file()}
    with FakeEngine() as engine:
        done = subprocess.run(
            [ENTRYPOINT, "render", "_posts/2025-10-10-3.md"],
            cwd=site,
            env={
                "PATH": f"{venv / 'bin'}:/usr/bin:/bin",
                "TTS_RENDER_ENGINE": engine.url,
                "TTS_RENDER_CACHE": str(cache),
                "HOME": "/root",
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    made = {path for path in site.rglob("*") if path.is_file()} - before
    assert {path.relative_to(site).as_posix() for path in made} == {
        "audio/houkago-server-3.mp3",
        ".tts-render/receipts/audio/houkago-server-3.mp3.json",
    }
    assert {path.stat().st_uid for folder in (site, cache) for path in folder.rglob("*")} == {STRANGER}


def test_the_compose_file_follows_the_compose_specification() -> None:
    pytest.importorskip("check_jsonschema")
    subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def test_the_engine_is_pinned_and_only_this_machine_reaches_it() -> None:
    engine = compose()["services"]["voicevox"]
    assert re.fullmatch(r"voicevox/voicevox_engine:cpu-\d+\.\d+\.\d+", engine["image"])
    assert engine["ports"] == ["127.0.0.1:50021:50021"]


def test_the_user_dictionary_outlives_the_engine_and_the_engine_may_write_it() -> None:
    engine = compose()["services"]["voicevox"]
    (volume,) = engine["volumes"]
    name, folder = volume.split(":")
    assert name in compose()["volumes"]
    assert folder == "/home/user/.local/share/voicevox-engine"
    chown, run = engine["command"][2].split(" && ")
    assert chown == f"chown user:user {folder}"
    assert run == "exec gosu user /opt/voicevox_engine/run --host 0.0.0.0"


def test_the_health_of_the_engine_is_asked_with_what_its_image_has() -> None:
    health = compose()["services"]["voicevox"]["healthcheck"]
    assert health["test"] == ["CMD", "bash", "-c", ": </dev/tcp/127.0.0.1/50021"]
    assert {"interval", "timeout", "retries", "start_period"} <= set(health)
    quiet = subprocess.run(["bash", "-c", ": </dev/tcp/127.0.0.1/9"], capture_output=True, check=False)
    assert quiet.returncode != 0


def test_the_render_service_waits_for_the_engine_and_keeps_its_cache() -> None:
    render = compose()["services"]["render"]
    assert render["build"] == "."
    assert render["profiles"]
    assert render["depends_on"] == {"voicevox": {"condition": "service_healthy"}}
    assert render["environment"] == {
        "TTS_RENDER_ENGINE": "http://voicevox:50021",
        "TTS_RENDER_WAIT": "60",
        "TTS_RENDER_CACHE": "/cache",
    }
    mounts = dict(reversed(volume.rsplit(":", 1)) for volume in render["volumes"])
    assert mounts["/site"] == "${SITE:-.}"
    assert mounts["/cache"] in compose()["volumes"]
