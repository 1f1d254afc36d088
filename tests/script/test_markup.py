"""Markup inside of texts: what of SSML and HTML is followed, and that none of it reaches what people read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import SiteKit
from tts_render.engine.base import KANA, Scales, StyleId
from tts_render.engine.embedded import Accents
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.ground.errors import ScriptError
from tts_render.script import Cue, Line, Manner, Notation, Pause, Script, Sound, Span, read_script
from tts_render.script.attributes import parse_break, parse_kana, parse_prosody
from tts_render.script.sayas import say_as
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.speech.casting import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTATION = Notation(speakers=frozenset({"ずんだもん", "つむぎ"}), sounds=frozenset({"bumper"}))


def script(text: str, name: str = "script.txt") -> Script:
    return read_script(Path(name), text, NOTATION, first_line=1 if name.endswith(".txt") else 5)


def texts(text: str, name: str = "script.txt") -> list[str]:
    return [line.text for line in script(text, name).lines]


def said(text: str) -> list[str]:
    config = load_config(packaged_config_path())
    voice = config.voice("ずんだもん")
    assert voice
    return [utterance.reading for utterance in cast(script(text), config, voice).utterances]


@pytest.mark.parametrize(
    ("values", "seconds"),
    [({"time": "500ms"}, 0.5), ({"time": "1.5s"}, 1.5), ({"strength": "none"}, 0), ({"strength": "strong"}, 0.8), ({}, 0.5)],
)  # fmt: skip
def test_a_break_lasts_as_long_as_it_says(values: dict[str, str], seconds: float) -> None:
    assert parse_break(values) == seconds


@pytest.mark.parametrize(
    ("values", "manner"),
    [
        ({"rate": "120%"}, Manner(1.2)),
        ({"rate": "-20%"}, Manner(0.8)),
        ({"rate": "1.5"}, Manner(1.5)),
        ({"pitch": "+3st"}, Manner(pitch=0.25)),
        ({"pitch": "2x"}, Manner(pitch=1.0)),
        ({"pitch": "-50%"}, Manner(pitch=-1.0)),
        ({"volume": "50%"}, Manner(volume=0.5)),
        ({"volume": "+20dB"}, None),
        ({"volume": "-20dB"}, Manner(volume=0.1)),
        ({"volume": "silent"}, Manner(volume=0.0)),
    ],
)
def test_prosody_is_counted_in_the_engines_own_units(values: dict[str, str], manner: Manner | None) -> None:
    if manner is None:
        with pytest.raises(ValueError, match="out of range"):
            parse_prosody(values)
    else:
        assert parse_prosody(values) == manner


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("characters", "A1-z", "エー、イチ、ハイフン、ゼット"),
        ("digits", "2026", "ニーゼロニーロク"),
        ("date", "2026-07-06", "2026年7月6日"),
        ("date", "7/6", "7月6日"),
        ("time", "10:30", "10時30分"),
        ("time", "9:00", "9時"),
        ("telephone", "03-1234-5678", "ゼロサンの、イチニーサンヨンの、ゴーロクナナハチ"),
        ("date", "2026-13-06", None),
        ("telephone", "電話", None),
    ],
)
def test_figures_are_said_as_a_reader_would(kind: str, text: str, expected: str | None) -> None:
    assert say_as(kind, text) == expected


def test_a_break_stands_where_it_is_written_and_adds_up() -> None:
    assert script('前です。<break time="1s"/><break time="250ms"/>後です。').items == (
        Line("前です。", 1),
        Pause("exact", 1, 1.0),
        Pause("exact", 1, 0.25),
        Line("後です。", 1),
    )


def test_a_break_inside_of_a_sentence_lets_it_go_on() -> None:
    first, _, second = script('これは<break time="1s"/>試験です。').items
    assert (first, second) == (Line("これは", 1, end_of_sentence=False), Line("試験です。", 1))


def test_prosody_multiplies_what_is_outside_of_it() -> None:
    lines = script('<prosody rate="200%">速く。<prosody rate="50%">元に。</prosody></prosody>外で。').lines
    assert [line.manner.speed for line in lines] == [2.0, 1.0, 1.0]


def test_a_voice_speaks_to_the_end_of_its_element() -> None:
    lines = script('前。\n<voice name="つむぎ（ささやき）">中。\n中二。</voice>後。').lines
    assert [(line.text, line.speaker, line.style) for line in lines] == [
        ("前。", None, None),
        ("中。", "つむぎ", "ささやき"),
        ("中二。", "つむぎ", "ささやき"),
        ("後。", None, None),
    ]


def test_sub_and_ruby_show_one_thing_and_say_another() -> None:
    text = '<sub alias="エーアイ">AI</sub>と<ruby>颯<rp>(</rp><rt>はやて</rt><rp>)</rp></ruby>です。'
    (line,) = script(text).lines
    assert line.text == "AIと颯です。"
    assert line.spans == (Span("AI", "エーアイ"), Span("と"), Span("颯", "はやて"), Span("です。"))
    assert said(text) == ["エーアイとはやてです。"]


def test_a_part_that_is_said_in_its_own_way_is_never_split() -> None:
    (line,) = script('<sub alias="もーむす">モーニング娘。！そして</sub>の話。').lines
    assert line.text == "モーニング娘。！そしての話。"
    assert said('<sub alias="もーむす">モーニング娘。！そして</sub>の話。') == ["もーむすの話。"]


def test_a_pause_after_such_a_part_stays() -> None:
    assert said('<sub alias="エーアイ">AI</sub>、次です。') == ["エーアイ、次です。"]


def test_a_sound_and_a_chapter_stand_between_the_lines() -> None:
    assert script('前。<audio src="bumper"/><mark name="第二章"/>後。').items == (
        Line("前。", 1),
        Sound("bumper", 1),
        Cue("chapter", 1, "第二章"),
        Line("後。", 1),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<audio src="nothing"/>です。', "there is no sound 'nothing'"),
        ('<voice name="だれか">です。</voice>', "there is no voice 'だれか'"),
        ('<break time="soon"/>です。', "is not a time"),
        ('<prosody rate="quick">です。</prosody>', "is not understood"),
        ('<say-as interpret-as="money">1</say-as>です。', "is not known"),
        ('<say-as interpret-as="date">きのう</say-as>です。', "cannot be read as date"),
        ('<phoneme alphabet="ipa" ph="a">あ</phoneme>です。', "the alphabet 'ipa'"),
        ('<phoneme alphabet="x-voicevox-kana" ph="キョウ">今日</phoneme>です。', "is not kana with"),
        ("<sub>あ</sub>です。", "needs alias"),
        ('<sub alias="い">あです。', "has no end"),
        ("<ruby>漢字</ruby>です。", "has no <rt>"),
    ],
)
def test_what_cannot_be_followed_is_an_error_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        script("一行目。\n二行目。\n" + text)
    assert problem in caught.value.message
    assert caught.value.line == 3


def test_an_unknown_element_is_left_out_and_remarked_on() -> None:
    read = script("前の<font color='red'>赤い</font>字。\n<!-- 覚え書き -->\n後。")
    assert [line.text for line in read.lines] == ["前の赤い字。", "後。"]
    assert [remark.line for remark in read.remarks] == [1, 1]
    assert "<font>" in read.remarks[0].message


@pytest.mark.parametrize("text", ["a < b です。", "1<2 は真。", "<日本>の話。", "x <- y です。", "好き<3 です。"])
def test_a_plain_less_than_is_text(text: str) -> None:
    assert texts(text) == [text]
    assert script(text).remarks == ()


def test_character_references_are_decoded() -> None:
    assert texts("&lt;b&gt; は &amp; です。") == ["<b> は & です。"]


@pytest.mark.parametrize("mark", ["」", "ー", "、"])
def test_a_mark_behind_an_element_that_means_nothing_is_still_a_leading_one(mark: str) -> None:
    assert texts(f"<x>{mark}一。\n----\n<x>{mark}<speak> {mark}二。") == ["一。", "二。"]


@pytest.mark.parametrize("name", ["script.txt", "post.md"])
@pytest.mark.parametrize(
    "reference",
    ["&#xf0000;", "&#983040;", "&#x202e;", "&#0;", "&#x1b;", "&rlm;", "&#xd800;", "&#xf0001", "&#" + "1" * 5000 + ";"],
)
def test_a_character_reference_that_stands_for_no_text_leaves_nothing_behind(reference: str, name: str) -> None:
    for text in (f"前{reference}後。", f"<div>\n前{reference}後。\n</div>"):
        if name.endswith(".txt") and (not reference.endswith(";") or len(reference) > 9):
            continue  # plain text knows references by their semicolon, and the longest that there is
        assert "".join(texts(text, name)) == "前後。"


@pytest.mark.parametrize("name", ["script.txt", "post.md"])
def test_a_character_reference_for_a_line_end_is_a_space_and_counts_no_line(name: str) -> None:
    items = script("一&#10;二&NewLine;三&#13;四。\n\n五。", name).items
    first = 1 if name.endswith(".txt") else 5
    assert [(item.text, item.line) for item in items if isinstance(item, Line)] == [
        ("一 二 三 四。", first),
        ("五。", first + 2),
    ]


def test_an_attribute_may_be_broken_into_lines_and_is_said_as_one() -> None:
    assert said('これは<sub alias="エー\n  アイ">AI</sub>') == ["これはエー アイ"]


def test_in_markdown_code_and_html_are_left_to_markdown() -> None:
    read = script(
        '本文<break time="1s"/>です。\n\n```\n<break time="x"/>\n```\n\n`<voice>`と<b>太字</b>と'
        '<audio src="/a.mp3"></audio>です。<ruby>颯<rt>はやて</rt></ruby>。',
        "post.md",
    )
    assert [line.text for line in read.lines] == ["本文", "です。", "<voice>と太字とです。", "颯。"]
    assert read.remarks == ()


MARKS = st.sampled_from(
    ['<break time="1s"/>', "<p>", "</p>", "<s>", "</prosody>", '<prosody rate="fast">', "</voice>", '<voice name="つむぎ">',
     '<sub alias="い">あ</sub>', "<ruby>漢<rt>かん</rt></ruby>", "<b>", "<!-- x -->", "はい。", "いいえ、", "「", "」", "。", "\n",
     '<audio src="bumper"/>', '<mark name="章"/>', "----\n", "ずんだもん：", " "]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(MARKS, max_size=12), st.sampled_from(["script.txt", "post.md"]))
def test_markup_never_reaches_the_display_text(parts: list[str], name: str) -> None:
    try:
        items = script("始め。\n" + "".join(parts), name).items
    except ScriptError:
        pytest.fail("only what cannot be followed is an error")
    for item in items:
        if isinstance(item, Line):
            assert not re.search("[<>]|[\U000f0000-\U000fffff]", item.text), item
            assert not item.spans or "".join(span.text for span in item.spans) == item.text


def test_kana_with_accents_is_checked_before_an_engine_sees_it() -> None:
    assert parse_kana("きょ'う / ワ'") == "キョ'ウ/ワ'"
    for wrong in ("キョウ", "キョ'ウ'", "今日'", "'キョウ", ""):
        with pytest.raises(ValueError, match="kana"):
            parse_kana(wrong)


def test_voicevox_gets_the_accent_that_the_script_gives() -> None:
    with FakeEngine() as fake:
        engine = VoicevoxEngine(fake.url)
        engine.identify()
        style = StyleId(fake.speakers[0][2])
        phrasing = engine.phrase(f"これ、{KANA[0]}ハシ'/ハ'シ{KANA[1]}です。", style)
        assert isinstance(phrasing.payload, dict)
        phrases = phrasing.payload["accent_phrases"]
        heard = ["".join(mora["text"] for mora in phrase["moras"]) for phrase in phrases]
        assert heard == ["コレ", "ハシ", "ハシ", "デス"]
        assert [phrase["accent"] for phrase in phrases[1:3]] == [2, 1]
        assert phrases[0]["pause_mora"] is not None
        assert phrases[-1]["pause_mora"] is None
        other = engine.phrase(f"これ、{KANA[0]}ハ'シ/ハ'シ{KANA[1]}です。", style)
        assert other.digest != phrasing.digest
        assert len(engine.speak(phrasing, style, Scales()).samples) > 0
        engine.close()


def test_an_embedded_engine_keeps_the_reading_and_says_once_that_the_accent_is_gone() -> None:
    warnings: list[str] = []
    accents = Accents("kokoro", warnings.append)
    assert accents.drop(f"{KANA[0]}キョ'ウ/ワ'{KANA[1]}です。") == "キョウワです。"
    accents.drop(f"{KANA[0]}ア'{KANA[1]}")
    assert len(warnings) == 1


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def kit(tmp_path: Path, fake: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", engines=(fake.url,)).make()


def test_markup_is_heard_and_changes_what_is_rendered(kit: SiteKit, fake: FakeEngine) -> None:
    kit.script.write_text(
        '一つ目です。<break time="2s"/>二つ目です。\n<prosody rate="150%" volume="50%">速い声です。</prosody>\n'
        '<audio src="bumper"/>\n<mark name="終わりの章"/>終わりです。\n',
        encoding="utf-8",
    )
    first = kit.run("render", kit.post, "--json")
    assert first.code == 0, first.err
    (receipt,) = first.json
    assert [chapter["title"] for chapter in receipt["chapters"]][-1] == "終わりの章"
    speeds = {round(synthesis.query["speedScale"], 3) for synthesis in fake.syntheses}
    assert speeds == {1.0, 1.5}
    before = receipt["duration_seconds"]
    kit.script.write_text(kit.script.read_text(encoding="utf-8").replace("2s", "3.5s"), encoding="utf-8")
    again = kit.run("render", kit.post, "--json")
    assert again.code == 0, again.err
    assert again.json[0]["duration_seconds"] - before == pytest.approx(1.5, abs=0.03)  # in whole frames of the MP3


def test_strict_refuses_what_else_is_a_warning(kit: SiteKit) -> None:
    kit.script.write_text("前の<blink>光る</blink>字。\n", encoding="utf-8")
    checked = kit.run("check", kit.post, "--json")
    assert [(finding["rule"], finding["line"]) for finding in checked.json if finding["rule"] == "markup"] == [("markup", 1)] * 2  # fmt: skip
    strict = kit.run("render", "--strict", kit.post)
    assert strict.code == 1
    assert f"{kit.script}:1" in strict.err
    assert not kit.audio.exists()
    plain = kit.run("render", kit.post)
    assert plain.code == 0
    assert "<blink>" in plain.err
