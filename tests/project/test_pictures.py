"""The program that draws docs/images: its pictures show what it was given, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from tests.kit.site_kit import SiteKit
from tools.make_pictures import COLOURS, placements_of, terminal, waveform
from tts_render.episode.episode import open_episode
from tts_render.run.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def test_a_wave_shows_jingles_speech_and_pauses_where_they_are(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    spoken = len(fake_engine.syntheses)
    with Session(site.cache, engines=[fake_engine.url], tell=lambda _: None) as session:
        timeline = placements_of(open_episode(site.post), session)
    assert len(fake_engine.syntheses) == spoken, "all of it was in the cache"
    picture = ElementTree.fromstring(waveform(site.audio, timeline))
    labels = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]
    assert [label for label in labels if label in ("opening", "bumper", "ending")] == ["opening", "bumper", "ending"]
    assert f"{site.audio.stat().st_size:,} bytes" in labels[0]
    strokes = {path.get("stroke"): re.findall(r"M(\d+) ", path.get("d", "")) for path in picture.iter(f"{SVG}path")}
    assert all(strokes[colour] for colour in COLOURS.values())
    first = {kind: int(strokes[colour][0]) for kind, colour in COLOURS.items()}
    assert first["jingle"] < first["speech"], "the opening comes before the words"


def test_a_terminal_shows_every_line_and_loads_nothing() -> None:
    output = '_posts/a.md: done\n-duration: "00:00"\n+duration: "01:45"\n 説明: 全角は二つ分 <&>\n'
    svg = terminal(output, "make demo")
    text = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
    for line in output.splitlines():
        assert line in text
    assert set(re.findall(r"https?://[^\"'\s)<]+", svg)) == {"http://www.w3.org/2000/svg"}
    lengths = dict(re.findall(r'textLength="([\d.]+)"[^>]*>([^<]*)<', svg))
    by_text = {text.replace("&#160;", " "): float(length) for length, text in lengths.items()}
    narrow = next(length / len(text) for text, length in by_text.items() if text == "_posts/a.md: done")
    wide = next((length, text) for text, length in by_text.items() if "全角" in text)
    assert wide[0] > narrow * len(wide[1].replace("&lt;&amp;&gt;", "<&>"))
