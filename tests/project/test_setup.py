"""What a fresh machine needs: the locks, the demo, and the one script of CI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name: str) -> list[Requirement]:
    lines = re.sub(r"\\\n", "", (ROOT / "requirements" / name).read_text(encoding="utf-8")).splitlines()
    return [Requirement(line.partition(" --hash=")[0]) for line in lines if line and not line.startswith("#")]


def named(file: str) -> list[str]:
    lines = (ROOT / "requirements" / file).read_text(encoding="utf-8").splitlines()
    return [line.partition("#")[0].strip() for line in lines if not line.startswith(("#", "-r"))]


RUN = [*PYPROJECT["project"]["dependencies"], *named("run.in")]
IMAGE = [*RUN, *PYPROJECT["project"]["optional-dependencies"]["cluster"]]
DEV = [
    *RUN,
    *(line for extra in PYPROJECT["project"]["optional-dependencies"].values() for line in extra),
    *PYPROJECT["dependency-groups"]["dev"],
    *named("tools.in"),
]


@pytest.mark.parametrize(("lock", "wanted"), [("dev.txt", DEV), ("run.txt", RUN), ("image.txt", IMAGE)])
def test_a_lock_holds_everything_in_the_versions_that_are_allowed(lock: str, wanted: list[str]) -> None:
    pins = locked(lock)
    for line in wanted:
        requirement = Requirement(line)
        found = [pin for pin in pins if canonicalize_name(pin.name) == canonicalize_name(requirement.name)]
        assert found, f"{line} is not in {lock}: run make lock"
        for pin in found:
            (exact,) = pin.specifier
            assert requirement.specifier.contains(exact.version, prereleases=True), f"{line}: {exact}: run make lock"


@pytest.mark.parametrize("lock", ["dev.txt", "run.txt", "image.txt"])
def test_a_lock_names_hashes_and_no_place_to_get_them_from(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^--?(index|extra|find|trusted)", text, re.MULTILINE)
    entries = re.sub(r"\\\n", "", text).splitlines()
    assert [line for line in entries if line and line[0] != "#" and " --hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", ["run.txt", "image.txt"])
def test_users_and_developers_run_the_same_versions(lock: str) -> None:
    dev = {str(pin) for pin in locked("dev.txt")}
    assert [str(pin) for pin in locked(lock) if str(pin) not in dev] == []


@pytest.mark.openjtalk
@pytest.mark.slow
def test_the_demo_shows_an_episode_and_leaves_the_sample_site_alone(tmp_path: Path) -> None:
    pytest.importorskip("pyopenjtalk")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "demo.sh", tmp_path / "tools")
    shutil.copytree(ROOT / "examples" / "site", tmp_path / "examples" / "site")
    done = subprocess.run(
        [tmp_path / "tools" / "demo.sh", "openjtalk"],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TTS_RENDER_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = Path(done.stdout.split("The episode: ")[1].strip())
    assert shown.stat().st_size > 100_000
    assert re.search(r"^-audio_file_size: 0$\n^\+audio_file_size: \d+$", done.stdout, re.MULTILINE)
    assert re.search(r'^-duration: "00:00"$\n^\+duration: "0\d:\d\d"$', done.stdout, re.MULTILINE)
    post = tmp_path / "examples" / "site" / "_posts" / "2025-10-08-2.md"
    assert post.read_bytes() == (ROOT / post.relative_to(tmp_path)).read_bytes()


def test_ci_runs_the_two_commands_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in script
    assert script.rstrip().endswith("make lint\nmake test")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


@pytest.mark.parametrize(
    ("lacking", "installed"),
    [
        ((), []),
        (("chromium", "node", "npm"), ["chromium", "nodejs", "npm"]),
        (("node",), ["nodejs"]),
        (("lame", "cc"), ["lame", "gcc"]),
        (("hugo", "jekyll"), ["hugo", "jekyll"]),
    ],
    ids=["nothing", "no browser and no node", "an npm of its own", "no lame and no compiler", "no generator"],
)
def test_ci_installs_what_is_missing_and_nothing_that_is_there(
    lacking: tuple[str, ...], installed: list[str], tmp_path: Path
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    needed = {"ffmpeg", "lame", "jekyll", "hugo", "git", "curl", "cc", "chromium", "node", "npm", "python3", "make"}
    for name in needed - set(lacking):
        (programs / name).write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    for name in ("apt-get", "sudo"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/said"\n', encoding="utf-8")
    for path in programs.iterdir():
        path.chmod(0o755)
    for name in ("bash", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or "")
    checkout = tmp_path / "checkout" / ".ci"
    checkout.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", checkout)
    done = subprocess.run([checkout / "run"], env={"PATH": str(programs)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines() if (tmp_path / "said").exists() else []
    asked = [line.split("--no-install-recommends ")[1].split() for line in said if " install " in line]
    headers = [] if Path("/usr/include/stdio.h").exists() else ["libc6-dev"]
    wanted = sorted([*installed, *headers])
    assert [sorted(packages) for packages in asked] == ([wanted] if wanted else [])
