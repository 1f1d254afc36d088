"""Input with bad intent: nothing appears outside the site and the cache, nobody but the engine is asked, text is text."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import unicodedata
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import mutagen
import pytest

from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.measured import measure
from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUDIO = "/audio/朝の技術だより☆A.I._20261121.mp3"
MARK = b"precious"


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder outside of the site with a file of each kind, which is as it was when the test ends."""
    folder = tmp_path / "outside"
    folder.mkdir()
    names = ("x.mp3", "x.txt", "x.json", "x.vtt", "x.png", "x.flac", "x.md")
    for name in names:
        (folder / name).write_bytes(MARK)
    yield folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == dict.fromkeys(names, MARK)


def refused(site: SiteKit, fake: FakeEngine, *words: str, also: str = "vtt") -> None:
    before = site.files()
    result = site.run("render", site.post, "--also", also)
    assert result.code == 1, result.err
    for word in words:
        assert word in result.err
    assert fake.texts == []
    assert site.files() == before


def rewrite(site: SiteKit, old: str, new: str) -> None:
    assert old in POST
    site.post.write_text(POST.replace(old, new), encoding="utf-8")


# Paths that leave the site


@pytest.mark.parametrize(
    "where", ["../outside/", "../../outside/", "/../outside/", "audio/../../outside/", "%2e%2e/outside/", "link/"]
)
@pytest.mark.parametrize("key", ["audio_file_path", "script", "deck", "image_url"])
def test_no_field_of_a_post_leads_out_of_the_site(
    site: SiteKit, fake_engine: FakeEngine, outside: Path, where: str, key: str
) -> None:
    (site.root / "link").symlink_to(outside)
    name = {"audio_file_path": "x.mp3", "script": "x.txt", "deck": "x.json", "image_url": "x.png"}[key]
    key = "script" if key == "deck" else key
    if key == "audio_file_path":
        rewrite(site, AUDIO, f"'{where}{name}'")
    else:
        rewrite(site, "layout: article\n", f"layout: article\n{key}: '{where}{name}'\n")
    if key == "script" and ("%" in where or where == "../outside/"):  # not decoded; from the folder of the post
        refused(site, fake_engine, "there is no file")
    else:
        refused(site, fake_engine, "leaves the site")


@pytest.mark.parametrize("where", ["../outside/x.flac", "/etc/x.flac", "link/x.flac", "linked.flac"])
def test_no_sound_of_the_settings_leads_out_of_the_site(
    site: SiteKit, fake_engine: FakeEngine, outside: Path, where: str
) -> None:
    (site.root / "link").symlink_to(outside)
    (site.root / "linked.flac").symlink_to(outside / "x.flac")
    (site.root / "voices.yaml").write_text(VOICES.replace("builtin:opening", where), encoding="utf-8")
    refused(site, fake_engine, "leaves the site")


@pytest.mark.parametrize("suffix", [".mp3", ".txt", ".json", ".vtt"])
def test_a_link_under_the_name_of_a_file_beside_the_audio_is_not_followed_out_of_the_site(
    site: SiteKit, fake_engine: FakeEngine, outside: Path, suffix: str
) -> None:
    path = site.audio.with_suffix(suffix)
    path.unlink(missing_ok=True)
    path.symlink_to(outside / f"x{suffix}")
    if suffix == ".vtt":  # its place is known only after the words are spoken
        before = site.files()
        result = site.run("render", site.post, "--also", "vtt")
        assert result.code == 1
        assert "leaves the site" in result.err
        assert site.files() == before
    else:
        refused(site, fake_engine, "leaves the site", also="deck")


def test_a_link_under_another_form_of_the_name_is_not_followed_either(
    site: SiteKit, fake_engine: FakeEngine, outside: Path
) -> None:
    rewrite(site, AUDIO, "/audio/が.mp3")
    (site.root / "audio" / unicodedata.normalize("NFD", "が.mp3")).symlink_to(outside / "x.mp3")
    refused(site, fake_engine, "leaves the site")


@pytest.mark.parametrize("place", [".tts-render", ".tts-render/receipts", ".tts-render/receipts/audio", "file"])
def test_the_receipt_follows_no_link_out_of_the_site(
    site: SiteKit, fake_engine: FakeEngine, outside: Path, place: str
) -> None:
    link = site.receipt if place == "file" else site.root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "x.json" if place == "file" else outside)
    refused(site, fake_engine, "leaves the site")


@pytest.mark.parametrize("explicit", [True, False])
def test_a_post_that_is_a_link_out_of_the_site_is_no_post_of_it(
    site: SiteKit, fake_engine: FakeEngine, outside: Path, explicit: bool
) -> None:
    (outside / "x.md").write_bytes(MARK)
    link = site.root / "_posts" / "2026-11-20-40.md"
    link.symlink_to(outside / "x.md")
    (site.root / "_posts" / "loop").symlink_to(site.root)
    (site.root / "_posts" / "loop2").symlink_to(site.root)
    assert site.run("render", site.post).code == 0
    if explicit:
        result = site.run("write-back", link, "--site", site.root)
        assert result.code == 1
        assert "leaves the site" in result.err
    else:
        result = site.run("write-back", site.root)
        assert result.code == 0
        assert "1 post:" in result.err


def test_the_mp3_of_a_bare_script_follows_no_link_out_of_the_site(site: SiteKit, outside: Path) -> None:
    script = site.root / "bare.txt"
    script.write_text("はい。\n", encoding="utf-8")
    (site.root / "bare.mp3").symlink_to(outside / "x.mp3")
    result = site.run("render", script)
    assert result.code == 1
    assert "leaves the site" in result.err


@pytest.mark.parametrize("target", ["post", "script", "voices", "config"])
def test_an_audio_path_that_leads_to_a_file_of_another_kind_is_refused(
    site: SiteKit, fake_engine: FakeEngine, target: str
) -> None:
    victim = {
        "post": site.post, "script": site.script, "voices": site.root / "voices.yaml", "config": site.root / "_config.yml"
    }[target]  # fmt: skip
    site.audio.symlink_to(victim)
    refused(site, fake_engine, "does not", "MP3")
    site.audio.unlink()
    bare = site.root / "bare.txt"
    bare.write_text("はい。\n", encoding="utf-8")
    (site.root / "bare.mp3").symlink_to(victim)
    before = site.files()
    assert site.run("render", bare).code == 1
    assert site.files() == before


@pytest.mark.parametrize("name", ["target", "temporary"])
def test_a_folder_where_the_audio_belongs_is_named_before_anything_is_spoken(
    site: SiteKit, fake_engine: FakeEngine, name: str
) -> None:
    folder = site.audio if name == "target" else site.audio.with_name(f".{site.audio.name}.tts-render-tmp")
    folder.mkdir()
    (folder / "inside").write_bytes(MARK)
    refused(site, fake_engine, str(folder), "Move this folder away")


@pytest.mark.parametrize("which", ["audio", "receipt", "post"])
def test_a_link_in_the_place_of_a_temporary_file_is_not_written_through(
    site: SiteKit, outside: Path, which: str
) -> None:
    target = {"audio": site.audio, "receipt": site.receipt, "post": site.post}[which]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_name(f".{target.name}.tts-render-tmp").symlink_to(outside / "x.mp3")
    assert site.run("render", site.post).code == 0
    assert not list(site.root.rglob("*tts-render-tmp"))


def test_a_whole_run_writes_nowhere_but_in_the_site_and_the_cache(site: SiteKit, fake_engine: FakeEngine) -> None:
    voices = VOICES + "master: {encoder: soundfile}\n"
    (site.root / "voices.yaml").write_text(voices, encoding="utf-8")
    run = measure("render", site.post, "--also", "vtt,report", "--cache-dir", site.cache, "--engine", fake_engine.url)
    assert run.code == 0, run.err
    assert run.written
    homes = (str(site.root), str(site.cache))
    assert [path for path in run.written if not path.startswith(homes) and path != os.devnull] == []


# Nobody but the engine


@pytest.fixture
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """A server that nobody is to talk to, and what it was told."""
    told: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                told.append(connection.recv(4096))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}", told
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


def test_no_request_goes_anywhere_but_to_the_engine(
    site: SiteKit, fake_engine: FakeEngine, trap: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    address, told = trap
    url = f"http://{address}"
    post = POST.replace(AUDIO, f"{url}{AUDIO}").replace(
        "layout: article\n", f"layout: article\nimage_url: {url}/cover.png\nthumbnail: {url}/t.png\n"
    )
    post += f"\n![絵]({url}/a.png) <img src='{url}/b.png'> <script src='{url}/c.js'></script> {url}/d\n"
    site.post.write_text(post, encoding="utf-8")
    site.script.write_text(f"{url}/e を見てください。[ここ]({url}/f)です。\n", encoding="utf-8")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    proxies = dict.fromkeys(names, url)
    run = measure(
        "render", site.post, "--also", "vtt,transcript,report,chapters", "--cache-dir", site.cache,
        "--engine", fake_engine.url, environment=proxies | {"no_proxy": "", "NO_PROXY": "", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert run.code == 0, run.err
    assert told == []
    assert {f"http://{host}:{port}" for host, port in run.connected} == {fake_engine.url}
    assert set(run.resolved) <= {"127.0.0.1"}
    for command in ("check", "status", "write-back"):
        run = measure(command, site.post, environment=proxies)
        assert run.connected == []
        assert run.resolved == []


@pytest.mark.parametrize("path", ["/version", "/speakers", "/user_dict", "/audio_query", "/synthesis"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_nowhere(
    site: SiteKit, fake_engine: FakeEngine, trap: tuple[str, list[bytes]], path: str, status: int
) -> None:
    address, told = trap
    fault = Fault("reply", status=status, headers=(("Location", f"http://{address}{path}"),))
    fake_engine.fail(path, *[fault] * 20)
    before = site.files()
    result = site.run("render", site.post)
    assert result.code == 3
    assert told == []
    assert site.files() == before


# Text is text

ESCAPES = "\x1b[31m赤い\x1b[0m\x1b]0;題\x07\x9b2J\x90q\x9c\x08\x7f\r消す\u202e逆さ\u2066\u200f\u2028次"
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def yaml_text(text: str) -> str:
    return json.dumps(text)


def test_escapes_in_every_text_reach_the_terminal_harmless(site: SiteKit, fake_engine: FakeEngine) -> None:
    rewrite(site, "title: 朝の技術だより☆A.I. 20261121 [特別]", f"title: {yaml_text(ESCAPES)}")
    site.script.write_text(f"{ESCAPES}です。\nこれは{ESCAPES}文。\n", encoding="utf-8")
    said = []
    for arguments in (
        ("check", site.post),
        ("plan", site.post),
        ("plan", site.post, "--json"),
        ("render", site.post, "-v", "--also", "vtt,chapters"),
        ("render", site.post, "-v", "--force", "--json"),
        ("status", site.post),
        ("write-back", site.post, "-v"),
    ):
        result = site.run(*arguments)
        assert result.code == 0, (arguments, result.err)
        said += [result.out, result.err]
    fake_engine.fail("/audio_query", *[Fault("reply", status=400, body=json.dumps({"detail": ESCAPES}).encode())] * 9)
    site.script.write_text("違う文。\n", encoding="utf-8")
    said.append(site.run("render", site.post, "--json").err)
    fake_engine.speakers = ((f"悪い{ESCAPES}", ESCAPES, 66), *fake_engine.speakers)
    said.append(site.run("voices").out)
    rewrite(site, "  - 春日部つむぎ", f"  - {yaml_text(ESCAPES)}")
    said.append(site.run("render", site.post).err)
    assert "赤い" in "".join(said)
    for text in said:
        assert not UNSAFE.search(text), UNSAFE.findall(text)


@pytest.mark.parametrize("key", ["script", "image_url", "title", "actor", "audio_file_path"])
def test_no_input_begins_a_line_of_what_is_said(site: SiteKit, key: str) -> None:
    """Where a line begins with ``::``, GitHub takes it for an order."""
    forged = yaml_text("/a\r\n::error file=x::forged\u2028::warning::forged.mp3")
    if key == "title":
        rewrite(site, "title: 朝の技術だより☆A.I. 20261121 [特別]", f"title: {forged}")
    elif key == "actor":
        rewrite(site, "  - 春日部つむぎ", f"  - {forged}")
    elif key == "audio_file_path":
        rewrite(site, AUDIO, forged)
    else:
        rewrite(site, "layout: article\n", f"layout: article\n{key}: {forged}\n")
    for command in ("check", "plan", "render", "status", "write-back"):
        result = site.run(command, site.post)
        assert not re.search(r"^\s*::", result.out + result.err, re.MULTILINE), command


def test_json_for_other_programs_still_says_what_was_there(site: SiteKit) -> None:
    rewrite(site, "title: 朝の技術だより☆A.I. 20261121 [特別]", 'title: "a\\u009b2Jb\\u202ec"')
    result = site.run("render", site.post, "--also", "chapters", "--json")
    assert result.code == 0, result.err
    assert "\x9b" not in result.out
    assert "\u202e" not in result.out
    assert isinstance(result.json, list)


def test_a_file_whose_name_is_no_text_is_named_without_a_crash(site: SiteKit) -> None:
    name = os.fsdecode(b"2026-11-20-\xff\x1b[31m.md")
    odd = site.root / "_posts" / name
    try:
        odd.write_text(POST, encoding="utf-8")
    except OSError:
        pytest.skip("this disk takes no such name")
    for arguments in (("check", odd), ("check", odd, "--json"), ("plan", odd, "--json"), ("render", odd, "--json")):
        result = site.run(*arguments)
        assert "This is a bug" not in result.err, result.err
        assert not UNSAFE.search(result.out + result.err)
        result.out.encode()
        result.err.encode()


HTML = "<script>alert(1)</script><img src=x onerror=alert(2)><b onclick='x'>太い</b>&lt;i&gt;\"'</p></body>--><!--"


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_html_in_texts_is_text_in_every_page(site: SiteKit) -> None:
    rewrite(site, "title: 朝の技術だより☆A.I. 20261121 [特別]", f"title: {yaml_text(HTML)}")
    site.script.write_text(f"これは{HTML}です。\n{HTML}終わり。\n", encoding="utf-8")
    clean = SiteKit(site.root.with_name("clean"), site.cache, site.engines).make()
    clean.script.write_text("これはです。\n終わり。\n", encoding="utf-8")
    for each in (site, clean):
        result = each.run("render", each.post, "--also", "transcript,report,vtt")
        assert result.code == 0, result.err
    for suffix in (".transcript.html", ".report.html"):
        found = {}
        for each in (site, clean):
            elements = Elements()
            elements.feed(each.audio.with_suffix(suffix).read_text(encoding="utf-8"))
            found[each.root.name] = elements.found
        assert {tag for tag, _ in found["site"]} == {tag for tag, _ in found["clean"]}, suffix
        scripts = [sum(tag == "script" for tag, _ in found[name]) for name in ("site", "clean")]
        assert scripts[0] == scripts[1], suffix
        handlers = [name for _, attributes in found["site"] for name in attributes if name.startswith("on")]
        assert handlers == [], suffix


def test_captions_cannot_be_made_of_text(site: SiteKit) -> None:
    forged = "はい。 00:00:00.000 --> 00:10:00.000 WEBVTT NOTE いいえ。"
    site.script.write_text(f"{forged}\n{SCRIPT}", encoding="utf-8")
    assert site.run("render", site.post, "--also", "vtt,srt").code == 0
    for suffix in (".vtt", ".srt"):
        lines = site.audio.with_suffix(suffix).read_text(encoding="utf-8").splitlines()
        times = [line for line in lines if "-->" in line]
        assert times
        assert all(re.fullmatch(r"[\d:.,]+ --> [\d:.,]+(?: .*)?", line) for line in times), suffix
        assert all("00:10:00" not in line for line in times)


def test_id3_frames_in_texts_are_text_in_the_tags(site: SiteKit) -> None:
    frame = "ID3\x03\x00\x00TPE1\x00\x00\x00\x06\x00\x00\x00evil\x00TXXX\ufeffCHAP"
    rewrite(site, "title: 朝の技術だより☆A.I. 20261121 [特別]", f"title: {yaml_text('題' + frame)}")
    site.script.write_text(f"文{frame}です。\n", encoding="utf-8")
    assert site.run("render", site.post).code == 0
    tags = mutagen.File(site.audio).tags
    assert str(tags["TPE1"]) == "春日部つむぎ"
    assert tags.getall("TXXX") == [frame for frame in tags.getall("TXXX") if "evil" not in str(frame)]
    assert len(tags.getall("TPE1")) == 1
    assert "\0" not in str(tags["TIT2"])
    assert str(tags["TIT2"]).startswith("題ID3")
