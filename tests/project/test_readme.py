"""The READMEs and the other documents: their commands run, their links lead somewhere, both languages say the same."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click
import pytest
import requests
import yaml
from packaging.requirements import Requirement

from tests.kit.clusters import program_running, scheduler_running
from tests.kit.documents import PAGES, ROOT, anchors, blocks, commands, links, rows
from tests.kit.fake_engine import FakeEngine
from tts_render.cli import cli, main
from tts_render.ground import errors
from tts_render.settings.config import load_config
from tts_render.site.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.kit.buckets import S3, Way

ENGLISH = ROOT / "README.md"
JAPANESE = ROOT / "README.ja.md"
SAMPLE = ROOT / "examples" / "site"
BOTH = pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])

ASSIGNMENT = re.compile(r"[A-Z_]+=.*")


@dataclass
class Shell:
    """Does what a reader would do, in a folder of its own and with engines that are there."""

    home: Path
    engines: dict[str, FakeEngine] = field(default_factory=dict)
    done: list[list[str]] = field(default_factory=list)
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """What was started and goes on."""
    address: str = ""
    """Of the scheduler that was started."""

    def __post_init__(self) -> None:
        self.folder = ROOT

    def run(self, words: list[str]) -> None:
        environment = dict(word.split("=", 1) for word in words if ASSIGNMENT.fullmatch(word) and word is not words[-1])
        program, *arguments = [word for word in words if not ASSIGNMENT.fullmatch(word)] or [""]
        self.done.append(words)
        match program:
            case "cp":
                source, target = (word for word in arguments if not word.startswith("-"))
                shutil.copytree(self.folder / source, self.place(target))
            case "cd":
                self.folder = self.place(arguments[0])
            case "make":
                self.make(words[words.index(program) + 1 :])
            case "pip":
                install(arguments)
            case "docker":
                docker(arguments, environment, self)
            case "tts-render" if arguments[0] == "studio":
                self.studio(arguments)
            case "dask":
                self.scheduler(arguments)
            case "tts-render" if arguments[0] == "worker":
                self.worker(arguments)
            case "tts-render" if "--cluster" in arguments:
                self.clustered(arguments)
            case "tts-render":
                self.tts_render(arguments)
            case _:
                pytest.fail(f"nobody knows how to try this command: {words}")

    def place(self, path: str) -> Path:
        return self.home / path.removeprefix("/tmp/") if path.startswith("/tmp/") else self.folder / path

    def make(self, arguments: list[str]) -> None:
        done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def tts_render(self, arguments: list[str]) -> None:
        stdin = b""
        if "<" in arguments:
            at = arguments.index("<")
            stdin = (self.folder / arguments[at + 1]).read_bytes()
            arguments = arguments[:at]
        words = [self.engine(word).url if re.match(r"https?://[\d.]+:\d+$", word) else word for word in arguments]
        out, err = io.StringIO(), io.StringIO()
        before = sys.stdin
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        try:
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(words)
        finally:
            sys.stdin = before
        assert code == 0, f"tts-render {' '.join(arguments)}\n{out.getvalue()}{err.getvalue()}"

    def studio(self, arguments: list[str]) -> None:
        """Open the page that it prints, and end it as people do."""
        command = [sys.executable, "-m", "tts_render", *arguments, "--no-open"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            address = running.stdout.readline().strip()
            page = requests.get(address, timeout=60)
            running.send_signal(signal.SIGINT)
            try:
                assert running.wait(60) == 0
            finally:
                running.kill()
        assert (page.status_code, "<title>" in page.text) == (200, True)

    def scheduler(self, arguments: list[str]) -> None:
        """Start the scheduler that is shown, on a port that is free."""
        assert arguments == ["scheduler", "--host", "127.0.0.1"]
        self.address = self.running.enter_context(scheduler_running())

    def worker(self, arguments: list[str]) -> None:
        """Start a worker with engines that are there, for the scheduler that was started."""
        words = [self.engine(word).url if word.startswith("http://") else word for word in arguments]
        self.running.enter_context(
            program_running([self.address if "://" in word and word.startswith("tcp") else word for word in words])
        )

    def clustered(self, arguments: list[str]) -> None:
        """Render on workers, in a process of its own."""
        words = [self.address if word.startswith("tcp://") else word for word in arguments]
        more = [] if self.address in words else ["--engine", self.engine("http://127.0.0.1:50021").url]
        done = subprocess.run(
            [sys.executable, "-m", "tts_render", *words, *more, "--wait", "60"],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def engine(self, url: str) -> FakeEngine:
        """The stand-in that speaks instead of the engine at an address of the page."""
        if url not in self.engines:
            self.engines[url] = FakeEngine()
            self.engines[url].start()
        return self.engines[url]


def install(arguments: list[str]) -> None:
    """See that pip would be asked for this package where it can be had, and for extras that it has.

    tests/project/test_packaging.py does it.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    command, wanted = arguments
    requirement = Requirement(re.sub(r"^\.", project["name"], wanted))
    assert command == "install"
    assert requirement.name == project["name"]
    assert wanted.startswith(".") or requirement.url == "git+https://github.com/NAME/tts_render"
    assert requirement.extras <= set(project["optional-dependencies"])


def docker(arguments: list[str], environment: Mapping[str, str], shell: Shell) -> None:
    """See that the compose file has the service, and that the program inside would understand its arguments."""
    compose: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert arguments[0] == "compose"
    profiles = [words[1] for words in itertools.pairwise(arguments) if words[0] == "--profile"]
    command, *rest = [word for word in arguments[1:] if word != "--profile" and word not in profiles]
    assert all(any(profile in one.get("profiles", ()) for one in compose["services"].values()) for profile in profiles)
    if command in ("up", "down"):
        if "--scale" in rest:
            at = rest.index("--scale")
            name, number = rest[at + 1].split("=")
            assert set(compose["services"][name]["profiles"]) <= set(profiles)
            assert int(number) > 1
            del rest[at : at + 2]
        assert set(rest) <= {"-d", "--build"}
        return
    assert command == "run"
    service, *inside = [word for word in rest if word != "--rm"]
    mounts = compose["services"][service]["volumes"]
    assert any(mount.startswith("${SITE") and mount.endswith(":/site") for mount in mounts)
    site = shell.place(environment["SITE"])
    understood(inside)
    for word in inside:
        if word.startswith("/site/"):
            assert (site / word.removeprefix("/site/")).exists()


def understood(words: list[str]) -> None:
    """See that the command line would take these words; nothing is run."""
    command = cli.commands[words[0]]
    # Of its parent it has the names of --help, and keeps them.
    with (
        click.Context(cli, info_name="tts-render", **cli.context_settings) as parent,
        command.make_context(words[0], list(words[1:]), parent=parent),
    ):
        pass


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, s3: S3, way: Way) -> Iterator[Shell]:
    found = Shell(tmp_path)
    s3.bucket("our-clips")
    for name, value in (way.environment() | {"TTS_RENDER_CACHE_FOLDER": str(tmp_path / "front")}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TTS_RENDER_ENGINE", found.engine("http://127.0.0.1:50021").url)
    monkeypatch.setenv("TTS_RENDER_CACHE", str(tmp_path / "cache"))
    try:
        yield found
    finally:
        found.running.close()
        for engine in found.engines.values():
            engine.stop()


def test_every_command_of_the_readme_does_what_it_is_there_for(shell: Shell) -> None:
    for words in commands(ENGLISH):
        shell.run(words)
    programs = [word for words in shell.done for word in words[:2] if not ASSIGNMENT.fullmatch(word)]
    assert {"make", "pip", "docker", "tts-render"} <= set(programs)
    site = shell.home / "site"
    assert sorted(path.name for path in site.rglob("*.mp3")) == [
        "asaichi-commit-2.mp3", "houkago-server-3.mp3", "shuake-build-1.mp3", "talk.mp3",
    ]  # fmt: skip
    assert len(list((site / ".tts-render" / "receipts").rglob("*.json"))) >= 3
    assert len(shell.engines) == 2


@pytest.mark.openjtalk
def test_what_the_readmes_of_the_sample_site_say_is_true_in_both(shell: Shell) -> None:
    pytest.importorskip("pyopenjtalk")
    english, japanese = SAMPLE / "README.md", SAMPLE / "README.ja.md"
    assert commands(english) == commands(japanese)
    for page in (english, japanese):
        named = re.findall(r"`([\w.][\w./-]*\.(?:md|txt|yml))`", page.read_text(encoding="utf-8"))
        assert len(set(named)) == 6
        assert [path for path in named if not (SAMPLE / path).is_file()] == []
    for words in commands(english):
        shell.run([str(shell.place(word)) if word.startswith("/tmp/site/") else word for word in words])
    assert (shell.home / "site" / "audio" / "asaichi-commit-2.mp3").is_file()
    assert "audio_file_size: 0" not in (shell.home / "site" / "_posts" / "2025-10-08-2.md").read_text(encoding="utf-8")


def test_a_command_that_would_fail_is_noticed(shell: Shell) -> None:
    for words in (
        ["tts-render", "render", "_posts/none.md"],
        ["make", "dmo"],
        ["pip", "install", ".[festival]"],
        ["pip", "install", "tts-render"],
        ["SITE=/tmp/site", "docker", "compose", "run", "--rm", "rendr", "render", "/site/a.md"],
        ["rm", "-rf", "/tmp/site"],
    ):
        with pytest.raises((AssertionError, KeyError, pytest.fail.Exception)):
            shell.run(words)


def test_both_readmes_have_the_same_commands_settings_links_and_tables() -> None:
    assert commands(ENGLISH) == commands(JAPANESE)
    settings = [[re.sub(r" *#.*", "", block.text) for block in blocks(page, "yaml")] for page in (ENGLISH, JAPANESE)]
    assert settings[0] == settings[1]

    def shared(page: Path) -> list[str]:
        plain = (re.sub(r"\.ja\.md\b", ".md", re.sub(r"\.(en|ja)\.png$", ".png", link)) for link in links(page))
        return sorted({*plain} - {"README.md"})

    assert shared(ENGLISH) == shared(JAPANESE)
    lines = [
        [line.count("|") for line in page.read_text(encoding="utf-8").splitlines()] for page in (ENGLISH, JAPANESE)
    ]
    assert [n for n in lines[0] if n] == [n for n in lines[1] if n]


def every_command(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, (*before, name))
        else:
            yield (*before, name), command


@BOTH
def test_every_command_is_shown(page: Path) -> None:
    shown = [" ".join(words) for words in commands(page)]
    missing = [
        names for names, _ in every_command(cli) if not any(f"tts-render {' '.join(names)}" in line for line in shown)
    ]
    assert missing == []


def test_every_option_says_what_it_is_for() -> None:
    silent = [
        (*names, option.name)
        for names, command in every_command(cli)
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


@BOTH
def test_the_exit_codes_are_those_of_the_errors(page: Path) -> None:
    column = "code" if page == ENGLISH else "コード"
    said = {int(row.text(column)) for row in rows(page, column)}
    raised = {
        getattr(errors, name).exit_code for name in errors.__all__ if isinstance(getattr(errors, name).exit_code, int)
    }
    assert said == raised | {0, 130}


@BOTH
def test_the_presets_are_all_there(page: Path) -> None:
    assert [row.code("preset")[0] for row in rows(page, "preset")] == list(PRESETS)


@BOTH
def test_the_settings_that_are_shown_load(page: Path, tmp_path: Path) -> None:
    (block,) = blocks(page, "yaml")
    path = tmp_path / "voices.yaml"
    path.write_text(block.text, encoding="utf-8")
    assert load_config(path).voice("つむぎ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if target.is_dir():
            target = target / "README.md" if anchor else target
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_in_a_document_would_be_understood(page: Path) -> None:
    """The READMEs' are run; of the others, at least the words are right."""
    named = [code for row in rows(page) for column in row.cells for code in row.code(column)]
    named += [" ".join(words) for words in commands(page)] if page not in (ENGLISH, JAPANESE) else []
    for command in named:
        match = re.fullmatch(r"tts-render (?!\w+\|)(.+?)(?: < .*)?", command)
        if match and not any(word.isupper() or word == "..." for word in match[1].split()):
            words = match[1].split()
            if len(words) > 1:
                understood(words)


def test_a_picture_is_small_whole_and_brings_nothing_from_elsewhere() -> None:
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    shown = {Path(link).name for page in (ENGLISH, JAPANESE) for link in links(page) if link.startswith("docs/images/")}
    assert {picture.name for picture in pictures} == shown
    for picture in pictures:
        if picture.suffix == ".png":
            assert picture.stat().st_size < 200_000
            assert picture.read_bytes().startswith(b"\x89PNG")
            continue
        text = picture.read_text(encoding="utf-8")
        assert len(text) < 20_000
        addresses = set(re.findall(r"https?://[^\"'\s)<]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, picture.name
        assert "<script" not in text
        assert os.sep + "work" not in text
