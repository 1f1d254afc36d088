"""A release: its order and permissions in YAML, its shell steps on real repositories, packages and environments.

What talks to PyPI, to the registry and to GitHub is left out; docker and gh are stand-ins that write down what they are told.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.project.test_github import RELEASE, ROOT, git, load, own_git_settings, shell, step, steps_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

__all__ = ["own_git_settings"]  # a fixture

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
NOTES = f"# Changelog\n\n## [Unreleased]\n\n## [{VERSION}] - 2026-12-01\n\n- First of all.\n\n## [0.0.1]\n\n- Old.\n"


def run(folder: Path, name: str, job: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return shell(
        folder,
        step(RELEASE, name, job)["run"],
        **{"PATH": path, "RUNNER_TEMP": str(folder.parent), "PIP_NO_COMPILE": "1", **environment},
    )


def checkout(folder: Path) -> Path:
    """What the sdist has, which is all that a release is made of."""
    for entry in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        source, target = ROOT / entry.strip("/"), folder / entry.strip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            shutil.copy(source, target)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def tagged(folder: Path, tags: Sequence[str]) -> Path:
    """A clone of a repository whose commits have these tags, one each, with the last one checked out."""
    bare, work = folder / "origin.git", folder / "work"
    git(folder, "init", "--quiet", "--bare", str(bare))
    git(folder, "init", "--quiet", str(work))
    git(work, "remote", "add", "origin", str(bare))
    for tag in tags:
        git(work, "commit", "--quiet", "--allow-empty", "-m", tag)
        git(work, "tag", "-a", "-m", tag, tag)
    git(work, "push", "--quiet", "--tags", "origin", "HEAD:main")
    return work


def stand_in(folder: Path, program: str) -> Path:
    """A program that writes down its arguments, a line for each call."""
    said = folder / f"{program}.txt"
    path = folder / "bin" / program
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\ncat > /dev/null < /dev/stdin\necho "$*" >> "{said}"\n', encoding="utf-8")
    path.chmod(0o755)
    return said


def test_what_cannot_be_taken_back_comes_after_everything_that_can_fail() -> None:
    jobs = load(RELEASE)["jobs"]
    assert jobs["check"]["uses"] == "./.github/workflows/ci.yml"
    assert "workflow_call" in load(ROOT / ".github" / "workflows" / "ci.yml")[True]
    assert set(jobs["image"]["needs"]) == {"check", "build"}
    assert set(jobs["pypi"]["needs"]) == {"check", "build", "image"}
    assert jobs["release"]["needs"] == "pypi"


def test_only_the_job_that_publishes_may_say_who_it_is_and_only_the_last_may_write() -> None:
    workflow = load(RELEASE)
    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "check": {"contents": "read"},
        "build": {"contents": "read"},
        "image": {"contents": "read", "packages": "write"},
        "pypi": {"id-token": "write"},
        "release": {"contents": "write"},
    }
    assert workflow["jobs"]["pypi"]["environment"]["name"] == "pypi"
    assert re.fullmatch(r"pypa/gh-action-pypi-publish@[0-9a-f]{40}", steps_of(RELEASE, "pypi")[-1]["uses"])
    assert "password" not in RELEASE.read_text(encoding="utf-8").replace("--password-stdin", "").replace(
        "no password", ""
    )


def test_what_one_job_leaves_the_others_find() -> None:
    (left,) = (step["with"] for step in steps_of(RELEASE, "build") if "upload-artifact" in step.get("uses", ""))
    for job in ("pypi", "release"):
        (found,) = (step["with"] for step in steps_of(RELEASE, job) if "download-artifact" in step.get("uses", ""))
        assert (found["name"], found["path"]) == (left["name"], left["path"])


@pytest.mark.parametrize(
    ("tag", "changelog", "trouble"),
    [
        (f"v{VERSION}", NOTES, ""),
        ("v99.0.0", NOTES, f"the tag is v99.0.0, but the version is {VERSION}"),
        (f"v{VERSION}", NOTES.replace("- First of all.", ""), f"nothing is said of {VERSION}"),
        (f"v{VERSION}", "# Changelog\n\n## [Unreleased]\n\n- Something.\n", f"nothing is said of {VERSION}"),
    ],
    ids=["all agree", "another version", "an empty section", "no section"],
)
def test_tag_version_and_changelog_have_to_agree(tag: str, changelog: str, trouble: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    done = run(folder, "See that tag, version and changelog agree", "build", TAG=tag)
    assert (done.returncode, trouble in done.stdout) == (1 if trouble else 0, True), done.stderr
    if not trouble:
        assert (tmp_path / "notes.md").read_text(encoding="utf-8").strip() == "- First of all."


@pytest.mark.slow
def test_the_wheel_that_is_built_works_in_a_clean_environment(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    (tmp_path / "notes.md").write_text("- First of all.\n", encoding="utf-8")
    done = run(folder, "Build", "build")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "dist").iterdir()) == [
        "notes.md", f"tts_render-{VERSION}-py3-none-any.whl", f"tts_render-{VERSION}.tar.gz",
    ]  # fmt: skip
    done = run(folder, "Check the wheel in a clean environment", "build", GITHUB_REPOSITORY="a/b", GITHUB_REF_NAME="v1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert VERSION in done.stdout
    assert "エルエルエムの話をするのだ" in done.stdout


@NEEDS_GIT
@pytest.mark.parametrize(
    ("tags", "tag", "names"),
    [
        (["v1.1.0", "v1.2.0"], "v1.2.0", ["1.2.0", "1.2", "latest"]),
        (["v1.1.0", "v1.2.0", "v1.1.1"], "v1.1.1", ["1.1.1", "1.1"]),
        (["v1.9.0", "v1.10.0", "v1.9.1"], "v1.10.0", ["1.10.0", "1.10", "latest"]),
        (["v1.1.1", "v1.1.0"], "v1.1.0", ["1.1.0"]),
    ],
    ids=["the newest", "a fix of an older one", "ten is more than nine", "an older one once more"],
)
def test_an_image_gets_the_names_that_are_its_own(tags: list[str], tag: str, names: list[str], tmp_path: Path) -> None:
    work, said = tagged(tmp_path, tags), stand_in(tmp_path, "docker")
    facts = {"GITHUB_REPOSITORY": "Some-Body/TTS_render", "GITHUB_ACTOR": "somebody", "TOKEN": "secret"}
    done = run(work, "Push the image", "image", TAG=tag, **facts)
    assert done.returncode == 0, done.stderr
    calls = said.read_text(encoding="utf-8").splitlines()
    assert calls[0] == "login ghcr.io --username somebody --password-stdin"
    pushed = [call.removeprefix("push ghcr.io/some-body/tts_render:") for call in calls if call.startswith("push")]
    assert pushed == names
    assert "secret" not in done.stdout + done.stderr + "".join(calls)


def place(repository: Path, tag: str) -> str:
    return git(repository, "rev-parse", f"{tag}^{{commit}}")


@NEEDS_GIT
def test_the_major_tag_moves_to_the_newest_and_never_back(tmp_path: Path) -> None:
    work, origin = tagged(tmp_path, ["v1.0.0", "v1.1.0"]), tmp_path / "origin.git"
    for tag in ("v1.0.0", "v1.1.0"):
        git(work, "tag", "--force", "v1", "v1.0.0^{commit}")
        git(work, "push", "--quiet", "--force", "origin", "refs/tags/v1")
        assert run(work, "Move the tag of the major version", "release", TAG=tag).returncode == 0
        assert place(origin, "v1") == place(origin, "v1.0.0" if tag == "v1.0.0" else "v1.1.0")
    done = run(work, "Move the tag of the major version", "release", TAG="v1.0.0")
    assert (done.returncode, "v1 stays at v1.1.0" in done.stdout) == (0, True)
    assert place(origin, "v1") == place(origin, "v1.1.0")


@NEEDS_GIT
def test_a_new_major_version_leaves_the_old_tag_alone(tmp_path: Path) -> None:
    work, origin = tagged(tmp_path, ["v1.0.0"]), tmp_path / "origin.git"
    assert run(work, "Move the tag of the major version", "release", TAG="v1.0.0").returncode == 0
    git(work, "commit", "--quiet", "--allow-empty", "-m", "two")
    git(work, "tag", "v2.0.0")
    git(work, "push", "--quiet", "--tags", "origin")
    assert run(work, "Move the tag of the major version", "release", TAG="v2.0.0").returncode == 0
    assert place(origin, "v1") == place(origin, "v1.0.0") != place(origin, "v2") == place(origin, "v2.0.0")


def test_the_release_has_the_notes_and_both_packages(tmp_path: Path) -> None:
    said, folder = stand_in(tmp_path, "gh"), tmp_path / "checkout"
    (folder / "dist").mkdir(parents=True)
    for name in ("notes.md", "a.whl", "a.tar.gz"):
        (folder / "dist" / name).write_text("", encoding="utf-8")
    assert run(folder, "Make the release", "release", TAG="v1.0.0", GH_TOKEN="secret").returncode == 0
    (call,) = said.read_text(encoding="utf-8").splitlines()
    assert (
        call == "release create v1.0.0 --verify-tag --title v1.0.0 --notes-file dist/notes.md dist/a.whl dist/a.tar.gz"
    )
