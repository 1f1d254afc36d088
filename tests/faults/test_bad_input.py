"""What bad input gets: one or two lines, the right exit code, and a disk as it was."""

from __future__ import annotations

import http.server
import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, VOICES, Result, SiteKit
from tts_render.ground.files import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def refused(site: SiteKit, code: int, *words: str, arguments: tuple[str | Path, ...] = ()) -> Result:
    before = site.files()
    result = site.run("render", *(arguments or (site.post,)))
    assert result.code == code, result.err
    assert site.files() == before
    assert 1 <= len(result.err.strip().splitlines()) <= 3, result.err
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err, result.err
    return result


def rewrite(site: SiteKit, old: str, new: str) -> None:
    assert old in POST
    site.post.write_text(POST.replace(old, new), encoding="utf-8")


def test_an_unknown_actor(site: SiteKit, fake_engine: FakeEngine) -> None:
    rewrite(site, "  - 春日部つむぎ", "  - 春日部つむじ")
    refused(site, 1, f"{site.post}:2", "春日部つむじ", "Did you mean 春日部つむぎ?")
    assert fake_engine.requests == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("ただの文。\n", "no front matter"),
        ("---\ntitle: a\n", "not closed"),
        ("---\ntitle: [a\n---\n", "YAML"),
        ("+++\ntitle = a\n+++\n", "TOML"),
        ("---\n- a\n---\n", ""),
    ],
)
def test_a_post_that_cannot_be_read(site: SiteKit, text: str, word: str) -> None:
    site.post.write_text(text, encoding="utf-8")
    assert word.lower() in refused(site, 1, str(site.post)).err.lower()


def test_a_post_that_is_no_utf8(site: SiteKit) -> None:
    site.post.write_bytes(POST.encode("shift_jis", errors="replace"))
    refused(site, 1, str(site.post), "UTF-8")


def test_a_post_that_is_not_there(site: SiteKit) -> None:
    refused(site, 1, "missing.md", arguments=(site.root / "_posts" / "missing.md",))


@pytest.mark.parametrize("path", ["../../x.mp3", "/../x.mp3", "audio/../../x.mp3", "/link/x.mp3"])
def test_an_audio_path_that_leaves_the_site(site: SiteKit, tmp_path: Path, path: str) -> None:
    (site.root / "link").symlink_to(tmp_path)
    rewrite(site, "/audio/朝の技術だより☆A.I._20261121.mp3", path)
    refused(site, 1, f"{site.post}:4", "leaves the site")
    assert not (tmp_path / "x.mp3").exists()


@pytest.mark.parametrize("path", ["file:///etc/x.mp3", "/audio/x.wav", "/audio/"])
def test_an_audio_path_that_is_no_mp3_of_the_site(site: SiteKit, path: str) -> None:
    rewrite(site, "/audio/朝の技術だより☆A.I._20261121.mp3", path)
    refused(site, 1, f"{site.post}:4")


@pytest.mark.parametrize("text", ["", "\n\n", "----\n", "。\n！？\n", "🎉\n"])
def test_a_script_with_nothing_to_say(site: SiteKit, fake_engine: FakeEngine, text: str) -> None:
    site.script.write_text(text, encoding="utf-8")
    refused(site, 1, str(site.script))
    assert fake_engine.texts == []


def test_a_script_that_is_no_utf8(site: SiteKit) -> None:
    site.script.write_bytes("一行目\n".encode() + "二行目".encode("shift_jis"))
    refused(site, 1, f"{site.script}:2", "UTF-8")


def test_a_broken_voices_yaml(site: SiteKit) -> None:
    (site.root / "voices.yaml").write_text(
        VOICES.replace("speaker: ずんだもん", "speakr: ずんだもん"), encoding="utf-8"
    )
    refused(site, 1, "voices.yaml:3", "Did you mean speaker?")


def test_a_jingle_that_is_no_sound(site: SiteKit, fake_engine: FakeEngine) -> None:
    (site.root / "a.flac").write_bytes(b"no sound")
    (site.root / "voices.yaml").write_text(VOICES.replace("builtin:opening", "a.flac"), encoding="utf-8")
    refused(site, 1, "a.flac")
    assert fake_engine.texts == []


def test_a_jingle_that_is_not_there(site: SiteKit, fake_engine: FakeEngine) -> None:
    (site.root / "voices.yaml").write_text(VOICES.replace("builtin:opening", "none.flac"), encoding="utf-8")
    refused(site, 1, "none.flac")
    assert fake_engine.texts == []


def test_a_voice_that_the_engine_does_not_have(site: SiteKit, fake_engine: FakeEngine) -> None:
    (site.root / "voices.yaml").write_text(
        VOICES.replace("speaker: 春日部つむぎ", "speaker: 春日つむぎ"), encoding="utf-8"
    )
    before = site.files()
    result = site.run("render", site.post)
    assert result.code == 3
    assert "did you mean 春日部つむぎ" in result.err
    assert "tts-render voices" in result.err
    assert fake_engine.texts == []
    assert site.files() == before


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "nonsense", "http://", "file:///etc/passwd"])
def test_an_engine_that_is_no_http_address(site: SiteKit, url: str) -> None:
    site.engines = (url,)
    refused(site, 3)


def test_an_engine_that_is_not_there(site: SiteKit) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site.engines = (f"http://127.0.0.1:{port}",)
    refused(site, 3, str(port))


@pytest.fixture
def something_else() -> Iterator[str]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "<html>ようこそ</html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_engine_that_is_something_else(site: SiteKit, something_else: str) -> None:
    site.engines = (something_else,)
    refused(site, 3, something_else)


def test_a_disk_without_room(site: SiteKit, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(site, 1, "No space left")
    monkeypatch.setattr(os, "fsync", real)
    assert site.run("render", site.post).code == 0


def test_a_second_run_on_the_same_episode_says_so_and_waits(site: SiteKit, tmp_path: Path) -> None:
    import hashlib

    lock = site.cache / "locks" / f"{hashlib.sha256(str(site.audio).encode()).hexdigest()[:32]}.lock"
    release = threading.Event()
    held = threading.Event()

    def hold() -> None:
        with locked(lock, busy=""):
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    timer = threading.Timer(0.2, release.set)
    timer.start()
    result = site.run("render", site.post)
    thread.join()
    assert result.code == 0
    assert "another run is at work" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--nonsense",),
        ("a.md", "b.md", "-o", "c.mp3"),
        ("a.md", "--wait", "-1"),
        ("a.md", "--wait", "soon"),
        ("a.pdf",),
    ],
)
def test_a_wrong_command_line_is_exit_2(site: SiteKit, arguments: tuple[str, ...]) -> None:
    assert site.run("render", *arguments).code == 2


def test_an_unknown_voice_on_the_command_line_is_exit_2(site: SiteKit) -> None:
    result = site.run("render", site.script, "--voice", "つむじ")
    assert result.code == 2
    assert "Did you mean つむぎ" in result.err


def test_terminal_escapes_in_inputs_reach_the_terminal_harmless(site: SiteKit) -> None:
    rewrite(site, "  - 春日部つむぎ", '  - "\\e[31m赤\\e]0;x\\a"')
    result = refused(site, 1)
    assert "\x1b" not in result.err
    assert "\x07" not in result.err


def test_a_name_that_no_disk_takes_does_not_stop_the_others(site: SiteKit) -> None:
    bad = site.root / "_posts" / "2026-11-20-40.md"
    bad.write_text(POST.replace("朝の技術だより☆A.I._20261121.mp3", "あ" * 100 + ".mp3"), encoding="utf-8")
    result = site.run("render", bad, site.post, "--json")
    assert result.code == 1
    assert f"{bad}:4: audio_file_path: a name in it is longer" in result.err
    assert result.json[1]["changed"] is True
    assert site.run("check", bad).code == 1
    assert site.run("write-back", bad, site.post).code == 1


@pytest.mark.parametrize("size", ["nan", "inf", "-1MB", "much"])
def test_a_limit_that_is_no_number_is_exit_2(site: SiteKit, size: str) -> None:
    assert site.run("cache", "prune", "--max-size", size).code == 2


def test_a_full_standard_output_is_named(tmp_path: Path) -> None:
    import subprocess
    import sys

    with open("/dev/full", "w") as full:  # noqa: PTH123
        run = subprocess.run(
            [sys.executable, "-m", "tts_render", "read", "はい"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert "No space left" in run.stderr
    assert "bug" not in run.stderr


@pytest.mark.parametrize("place", ["site", "parent", "bundle"])
def test_a_page_bundle_keeps_its_audio_beside_it_from_wherever_it_is_named(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    root = tmp_path / "hugo"
    bundle = root / "content" / "ep"
    bundle.mkdir(parents=True)
    (root / "hugo.toml").write_text('title = "夜"\n', encoding="utf-8")
    (root / "voices.yaml").write_text(
        "voices: {声: {style_id: 3}}\npost: {preset: podcast-feed-hugo}\n", encoding="utf-8"
    )
    post = bundle / "index.md"
    post.write_text("---\ntitle: 一\naudio: a.mp3\nscript: ./r.txt\n---\n", encoding="utf-8")
    (bundle / "r.txt").write_text("こんばんは。\n", encoding="utf-8")
    here = {"site": root, "parent": tmp_path, "bundle": bundle}[place]
    monkeypatch.chdir(here)
    kit = SiteKit(root, tmp_path / "cache", (fake_engine.url,))
    assert kit.run("render", os.path.relpath(post, here)).code == 0
    assert (bundle / "a.mp3").is_file()
    assert (root / ".tts-render" / "receipts" / "content" / "ep" / "a.mp3.json").is_file()


def test_an_output_outside_leaves_nothing_in_the_site(
    site: SiteKit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.files()
    monkeypatch.chdir(site.root / "audio")
    (tmp_path / "away").mkdir()
    assert site.run("render", site.post, "-o", "../../away/s.mp3").code == 0
    assert (tmp_path / "away" / "s.mp3").is_file()
    assert site.files() == before
    assert {path.name for path in tmp_path.iterdir()} == {"away", "cache", "site"}
