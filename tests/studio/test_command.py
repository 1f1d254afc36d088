"""The command: it prints its address, warns where others can reach it, and ends with Ctrl-C, quietly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
import requests

from tests.kit.buckets import SECRET, Fault
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.buckets import S3, Way
    from tests.kit.fake_engine import FakeEngine


@contextmanager
def started(command: list[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A program that does not outlive the block, whatever becomes of it."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def test_it_ends_with_ctrl_c_while_a_page_is_open_and_says_no_more_than_that(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", "--engine", fake_engine.url]
    command += ["--cache-dir", str(site.cache), str(site.post)]
    with started(command) as running, requests.Session() as page:
        assert running.stdout is not None
        assert running.stderr is not None
        address = running.stdout.readline().strip()
        assert address.endswith("#_posts/2026-11-21-41.md")
        page.trust_env = False
        assert page.get(address, timeout=60).status_code == 200
        with page.get(address.partition("?")[0] + "api/events", stream=True, timeout=60) as events:
            assert next(events.iter_lines()).startswith(b":")
            running.send_signal(signal.SIGINT)
            assert running.wait(60) == 0
        assert running.stderr.read() == "the studio is closed\n"


@pytest.mark.parametrize(("option", "language"), [([], "en"), (["--lang", "ja"], "ja")])
def test_a_page_speaks_the_language_of_its_browser_or_the_one_that_the_command_was_told(
    tmp_path: Path, option: list[str], language: str
) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", *option, str(site.root)]
    with started(command) as running, requests.Session() as page:
        assert running.stdout is not None
        page.trust_env = False
        shown = page.get(running.stdout.readline().strip(), headers={"Accept-Language": "en"}, timeout=60)
        assert f'<html lang="{language}">' in shown.text


def test_what_cannot_be_opened_or_served_is_told_in_one_line(tmp_path: Path) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    (tmp_path / "other.txt").write_text("よそ。\n", encoding="utf-8")

    def told(*arguments: str) -> tuple[int, str]:
        result = site.run("studio", "--no-open", *arguments)
        return result.code, result.err

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        why = f"cannot serve on 127.0.0.1, port {port}: Address already in use\n"
        assert told("--port", port, str(site.root)) == (2, f"{why}  Choose another --port or --host, or none.\n")
    code, error = told(str(site.root / "_posts" / "no-such-post.md"))
    assert (code, "no-such-post.md: is not there" in error) == (1, True)
    code, error = told("--site", str(site.root), str(tmp_path / "other.txt"))
    assert (code, "the file leaves the site" in error) == (1, True)


def test_an_episode_of_any_name_is_the_one_that_is_opened(tmp_path: Path) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    odd = site.post.with_name("2026-11-22-a#b%20c.md")
    site.post.rename(odd)
    with started([sys.executable, "-m", "tts_render", "studio", "--no-open", str(odd)]) as running:
        assert running.stdout is not None
        fragment = running.stdout.readline().strip().partition("#")[2]
    assert unquote(fragment) == f"_posts/{odd.name}"
    assert "#" not in fragment


def test_an_address_that_others_reach_is_warned_of(tmp_path: Path) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", "--host", "0.0.0.0", str(site.root)]
    with started(command) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        address = running.stdout.readline()
        assert address.startswith("http://0.0.0.0:")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
        assert "warning: whoever can reach 0.0.0.0" in running.stderr.read()


def test_ctrl_c_in_the_very_moment_in_which_serving_begins_is_heeded(tmp_path: Path) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    # Whatever comes next after the address is printed, the signal is there before it.
    program = """
import os, signal, sys
import click
echo = click.echo
def echo_and_interrupt(text="", **how):
    echo(text, **how)
    if str(text).startswith("http"):
        os.kill(os.getpid(), signal.SIGINT)
click.echo = echo_and_interrupt
from tts_render.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", program, "studio", "--no-open", str(site.root)]
    with started(command) as running:
        assert running.wait(60) == 0
        assert running.stderr is not None
        assert running.stderr.read() == "the studio is closed\n"


def test_clips_in_a_bucket_are_heard_and_one_that_refuses_is_warned_of(
    tmp_path: Path, fake_engine: FakeEngine, s3: S3, way: Way
) -> None:
    address = f"s3://{s3.bucket()}/clips"
    one, other = (
        SiteKit(tmp_path / name, tmp_path / f"{name} cache", (fake_engine.url,), way.environment(), address).make()
        for name in ("one", "other")
    )
    assert one.run("render", one.post).code == 0
    spoken = len(fake_engine.syntheses)
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", "--engine", fake_engine.url]
    command += ["--cache-dir", address, str(other.root)]
    environment = {**os.environ, **way.environment(), "TTS_RENDER_CACHE_FOLDER": str(other.cache)}
    with started(command, environment) as running, requests.Session() as page:
        assert running.stdout is not None
        assert running.stderr is not None
        opened = running.stdout.readline().strip()
        page.trust_env = False
        page.get(opened, timeout=60)
        base = opened.partition("?")[0]
        place = quote(other.post.relative_to(other.root).as_posix())
        lines = page.get(f"{base}api/episodes/{place}", timeout=60).json()["utterances"]
        for line in lines:
            assert page.get(f"{base}api/sound/{place}", params={"utterance": line["id"]}, timeout=60).status_code == 200
        assert len(fake_engine.syntheses) == spoken

        way.fault = lambda method, path: Fault("status", 403)
        for entry in [path for path in (other.cache / "utterances").rglob("*") if path.is_file()]:
            entry.unlink(missing_ok=True)
        heard = page.get(f"{base}api/sound/{place}", params={"utterance": lines[0]["id"]}, timeout=60)
        assert heard.status_code == 200
        assert len(fake_engine.syntheses) > spoken
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0
        told = running.stderr.read()
    assert told.count("warning: s3://") == 1
    assert "the bucket refuses these credentials" in told
    assert SECRET not in told
