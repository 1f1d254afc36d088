"""From post to published: what is rendered is what the feed of a real Jekyll says."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import soundfile

from tests.kit.site_kit import SiteKit
from tts_render.ground.units import Frames, format_clock, frames_to_seconds, half_up

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "site"
SHARED = ROOT.parent / "shared" / "site"

PROBE_TOLERANCE = 0.06
"""Seconds: a probe counts the encoder's delay and padding, which are 27 to 51 ms."""

pytestmark = [
    pytest.mark.jekyll,
    pytest.mark.ffmpeg,
    pytest.mark.skipif(shutil.which("jekyll") is None, reason="needs jekyll"),
    pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe"),
]


@dataclass(frozen=True)
class Item:
    """One episode in the feed."""

    title: str
    url: str
    length: str
    duration: str
    subtitle: str


def build_feed(site: Path, target: Path) -> dict[str, Item]:
    """Build the site and read its feed; items by the name of their audio file."""
    done = subprocess.run(
        ["jekyll", "build", "--quiet", "--future", "--disable-disk-cache", "-s", site, "-d", target],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    itunes = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
    items: dict[str, Item] = {}
    for element in ET.parse(target / "feed.xml").iter("item"):
        enclosure = element.find("enclosure")
        assert enclosure is not None
        assert enclosure.get("type") == "audio/mpeg"
        url = enclosure.get("url", "")
        assert url.isascii()
        items[Path(unquote(urlsplit(url).path)).name] = Item(
            element.findtext("title", ""),
            url,
            enclosure.get("length", ""),
            element.findtext(f"{itunes}duration", ""),
            element.findtext(f"{itunes}subtitle", ""),
        )
    return items


def probe(path: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["format"]["duration"])


def assert_feed_is_right(items: dict[str, Item], audio: Path, names: list[str]) -> None:
    for name in names:
        path = audio / name
        info = soundfile.info(path)
        seconds = frames_to_seconds(Frames(info.frames), info.samplerate)
        assert items[name].length == str(path.stat().st_size)
        assert items[name].duration == format_clock(half_up(seconds))
        assert probe(path) == pytest.approx(seconds, abs=PROBE_TOLERANCE)


def changed_lines(before: Path, after: Path) -> list[str]:
    old, new = (path.read_bytes().decode().splitlines(keepends=True) for path in (before, after))
    lines = [line for line in difflib.ndiff(old, new) if line[0] in "+-"]
    return [line.rstrip("\n") for line in lines]


def two_lines(size: int, duration: str) -> list[str]:
    return [
        "- audio_file_size: 0",
        f"+ audio_file_size: {size}",
        '- duration: "00:00"',
        f'+ duration: "{duration}"',
    ]


@pytest.mark.slow
def test_the_feed_of_the_sample_site_has_the_lengths_of_the_files(fake_engine: FakeEngine, tmp_path: Path) -> None:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,))
    shutil.copytree(EXAMPLE, kit.root)
    posts = sorted((kit.root / "_posts").iterdir())
    assert len(posts) == 3
    before = build_feed(kit.root, tmp_path / "before")
    assert {(item.length, item.duration) for item in before.values()} == {("0", "00:00")}

    result = kit.run("render", *posts, "--json")
    assert result.code == 0, result.err
    items = build_feed(kit.root, tmp_path / "published")
    assert_feed_is_right(items, kit.root / "audio", [Path(receipt["audio"]).name for receipt in result.json])
    assert "Q&A" in items["shuake-build-1.mp3"].subtitle
    for post, receipt in zip(posts, result.json, strict=True):
        wanted = two_lines(receipt["bytes"], receipt["duration"])
        assert changed_lines(EXAMPLE / "_posts" / post.name, post) == wanted


@pytest.mark.slow
def test_the_feed_tells_transcripts_and_chapters_where_they_are(fake_engine: FakeEngine, tmp_path: Path) -> None:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,))
    shutil.copytree(EXAMPLE, kit.root)
    first, second, third = sorted((kit.root / "_posts").iterdir())
    assert kit.run("render", first, "--also", "vtt,chapters,transcript").code == 0
    assert kit.run("render", second, "--also", "vtt").code == 0
    assert kit.run("render", third).code == 0
    target = tmp_path / "published"
    build_feed(kit.root, target)
    podcast = "{https://podcastindex.org/namespace/1.0}"
    told = [
        [(tag.get("type"), tag.get("rel"), tag.get("url", "")) for tag in item.iter() if tag.tag.startswith(podcast)]
        for item in ET.parse(target / "feed.xml").iter("item")
    ]
    assert [[(kind, rel) for kind, rel, _ in tags] for tags in reversed(told)] == [
        [("application/json+chapters", None), ("text/html", None), ("text/vtt", "captions")],
        [("text/vtt", "captions")],
        [],
    ]
    for _, _, url in (tag for tags in told for tag in tags):
        assert url.isascii()
        path = unquote(urlsplit(url).path).lstrip("/")
        assert (target / path).read_bytes() == (kit.root / path).read_bytes()


@pytest.mark.slow
def test_the_sample_site_has_nothing_to_complain_of_once_it_is_rendered(
    fake_engine: FakeEngine, tmp_path: Path
) -> None:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,))
    shutil.copytree(EXAMPLE, kit.root)
    assert kit.run("render", *sorted((kit.root / "_posts").iterdir())).code == 0
    checked = kit.run("check", "--strict", "--published", kit.root / "_posts")
    assert (checked.code, checked.out) == (0, "")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the folder of real posts")
def test_real_posts_change_in_two_lines_and_their_feed_is_right(fake_engine: FakeEngine, tmp_path: Path) -> None:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,))
    shutil.copytree(SHARED, kit.root)
    shutil.copy(EXAMPLE / "feed.xml", kit.root)
    shutil.copytree(EXAMPLE / "_layouts", kit.root / "_layouts")
    names = ["2026-07-01-515.md", "2026-07-03-517.md", "2026-07-06-518.md"]

    result = kit.run("render", *(kit.root / "_posts" / name for name in names), "--json")
    assert result.code == 0, result.err
    items = build_feed(kit.root, tmp_path / "published")
    assert_feed_is_right(items, kit.root / "audio", [Path(receipt["audio"]).name for receipt in result.json])
    for name, receipt in zip(names, result.json, strict=True):
        wanted = two_lines(receipt["bytes"], receipt["duration"])
        assert changed_lines(SHARED / "_posts" / name, kit.root / "_posts" / name) == wanted
        assert receipt["utterances"] > 30
