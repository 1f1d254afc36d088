"""A line is changed in the source of a script, and nothing else is; or it is not changed at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.site_kit import POST, SiteKit
from tts_render.episode.episode import open_episode
from tts_render.run.journal import StaleError
from tts_render.run.rereading import Rewording, Silence
from tts_render.run.rewording import Draft
from tts_render.run.writing import prosody
from tts_render.script import Line, Manner, Span

if TYPE_CHECKING:
    from pathlib import Path

KANA = '<phoneme alphabet="x-voicevox-kana" ph="{}">{}</phoneme>'
FASTER = Manner(speed=1.2)
FAST = '<prosody rate="120%">'
END = "</prosody>"


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


def draft_of(site: SiteKit, script: str) -> Draft:
    site.script.write_text(script, encoding="utf-8")
    return Draft(open_episode(site.post))


def body_of(site: SiteKit, body: str) -> Draft:
    site.script.unlink()
    site.post.write_text(POST.partition("## 関連リンク")[0] + body, encoding="utf-8")
    return Draft(open_episode(site.post))


def place_of(draft: Draft, text: str, number: int = 1) -> int:
    """The index of the line with this text, or of the ``number``-th of them."""
    return [i for i, item in enumerate(draft.script.items) if isinstance(item, Line) and item.text == text][number - 1]


def change(draft: Draft, old: str, new: str | None = None, factor: Manner = Manner(), number: int = 1) -> bool:  # noqa: B008
    place = place_of(draft, old, number)
    return draft.make([Rewording(place, new, factor)]) == {place}


@pytest.mark.parametrize(
    ("script", "old", "new", "wanted"),
    [
        ("前です。\n後です。\n", "後です。", "先です。", "前です。\n先です。\n"),
        ("つむぎ: はい。\n", "はい。", "うん。", "つむぎ: うん。\n"),
        ("はい、はい。\n", "はい、はい。", "はい。いいえ。", "はい。いいえ。\n"),
        ("1 &lt; 2です。\n", "1 < 2です。", "1 < 3です。", "1 &lt; 3です。\n"),
        ("前です。\n", "前です。", "&lt;です。", "&amp;lt;です。\n"),
        ("前です。\n", "前です。", "Q&Aです。", "Q&amp;Aです。\n"),
        (
            "<prosody rate='fast'>前です。</prosody>\n",
            "前です。",
            "後です。",
            "<prosody rate='fast'>後です。</prosody>\n",
        ),
    ],
)
def test_a_text_is_replaced_where_it_stands(site: SiteKit, script: str, old: str, new: str, wanted: str) -> None:
    draft = draft_of(site, script)
    assert change(draft, old, new)
    assert draft.text == wanted
    assert "".join(line.text for line in draft.script.lines).endswith(new)


@pytest.mark.parametrize(
    ("script", "old", "new"),
    [
        ("前です。\n", "前です。", "つむぎ：前です。"),
        ("前です。\n", "前です。", "**前**です。"),
        ("前です。\n", "前です。", "----"),
        ("前は<break time='1s'/>後です。\n", "前は", "前は。"),
        ("<sub alias='エーアイ'>AI</sub>\n", "AI", "BI"),
        ("<ruby>颯<rt>はやて</rt></ruby>です。\n", "颯です。", "颯だ。"),
    ],
)
def test_a_text_that_would_be_read_as_something_else_is_refused(site: SiteKit, script: str, old: str, new: str) -> None:
    draft = draft_of(site, script)
    before = draft.script
    assert not change(draft, old, new)
    assert (draft.text, draft.script, draft.changed) == (script, before, False)


def test_a_heading_stays_since_it_is_the_title_of_a_chapter_too(site: SiteKit) -> None:
    draft = body_of(site, "# 鍵\n\n本文です。\n")
    assert not change(draft, "鍵", "錠")
    assert change(draft, "本文です。", "文です。")


@pytest.mark.parametrize(
    ("script", "old", "number", "wanted"),
    [
        ("はい。はい。\n", "はい。", 2, f"はい。{FAST}はい。{END}\n"),
        ("前です。後です。\n", "前です。", 1, f"{FAST}前です。{END}後です。\n"),
        ("<sub alias='ハイ'>はい。</sub>\n", "はい。", 1, f"{FAST}<sub alias='ハイ'>はい。</sub>{END}\n"),
        ('<prosody rate="150%">はい。</prosody>\n', "はい。", 1, f'<prosody rate="180%">はい。{END}\n'),
        ('<prosody rate="150%">はい。うん。</prosody>\n', "うん。", 1, f'<prosody rate="150%">はい。{FAST}うん。{END}{END}\n'),
        (f'<prosody volume="50%">はい。{END}\n', "はい。", 1, f'<prosody rate="120%" volume="50%">はい。{END}\n'),
    ],
)  # fmt: skip
def test_an_element_is_put_around_one_line(site: SiteKit, script: str, old: str, number: int, wanted: str) -> None:
    draft = draft_of(site, script)
    assert change(draft, old, factor=FASTER, number=number)
    assert draft.text == wanted


AMONG_OTHERS = "前です。" + KANA.format("ハ'シ", "箸") + "は<sub alias='トー'>塔</sub>です。後です。\n"
MENDED = KANA.format("ハ'シ", "箸") + "は<sub alias='トー'>塔</sub>です。"


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ({"factor": FASTER}, f"前です。{FAST}{MENDED}{END}後です。\n"),
        ({"voice": ("ずんだもん", None)}, f'前です。<voice name="ずんだもん">{MENDED}</voice>後です。\n'),
        ({"out": True}, f"前です。<!-- {MENDED} -->後です。\n"),
        ({"before": Silence(0.5)}, f'前です。<break time="0.5s"/>{MENDED}後です。\n'),
        ({"after": Silence(0.5)}, f'前です。{MENDED}<break time="0.5s"/>後です。\n'),
    ],
)
def test_a_line_with_readings_can_be_said_otherwise_beside_others_in_its_row(
    site: SiteKit, wish: dict[str, Any], wanted: str
) -> None:
    draft = draft_of(site, AMONG_OTHERS)
    assert only(draft, "箸は塔です。", **wish)
    assert draft.text == wanted


def test_an_element_around_a_line_with_readings_is_changed_and_taken_away_again(site: SiteKit) -> None:
    draft = draft_of(site, f"前です。{FAST}{MENDED}{END}後です。\n")
    assert only(draft, "箸は塔です。", factor=Manner(speed=1 / 1.2))
    assert draft.text == AMONG_OTHERS


def test_an_element_that_says_nothing_any_more_is_taken_away(site: SiteKit) -> None:
    draft = draft_of(site, f"{FAST}はい。{END}うん。\n")
    assert change(draft, "はい。", factor=Manner(speed=1 / 1.2))
    assert draft.text == "はい。うん。\n"


def test_of_many_changes_those_are_made_that_can_be_and_the_others_are_told(site: SiteKit) -> None:
    draft = draft_of(site, "".join(f"これは{number}番です。\n" for number in range(9)))
    places = range(9)
    refused = {2, 5}
    done = draft.make([Rewording(i, "つむぎ：はい。" if i in refused else f"それは{i}番です。") for i in places])
    assert done == set(places) - refused
    assert draft.text == "".join(f"{'これ' if i in refused else 'それ'}は{i}番です。\n" for i in places)


def test_a_line_that_became_two_is_known_to_be_their_origin(site: SiteKit) -> None:
    draft = draft_of(site, "前です。\n中です。\n後です。\n")
    assert draft.make([Rewording(1, "一つ。二つ。"), Rewording(2, "後でした。")]) == {1, 2}
    assert draft.origins == [0, 1, 1, 2]


def test_a_script_that_was_changed_meanwhile_is_left_alone(site: SiteKit) -> None:
    episode = open_episode(site.post)
    site.script.write_text("別の話です。\n", encoding="utf-8")
    with pytest.raises(StaleError, match="was changed meanwhile"):
        Draft(episode)


def test_a_file_that_was_changed_meanwhile_is_left_alone(site: SiteKit) -> None:
    draft = draft_of(site, "前です。\n")
    assert change(draft, "前です。", "後です。")
    with pytest.raises(StaleError, match="was changed meanwhile"):
        draft.encode("中です。\n".encode())


@pytest.mark.parametrize(
    ("manner", "tag"),
    [
        (Manner(), ""),
        (Manner(1.0004, -0.0004, 1.0004), ""),
        (Manner(1.1 / 0.95), '<prosody rate="115.79%">'),
        (Manner(pitch=-0.02), '<prosody pitch="-0.24st">'),
        (Manner(0.9, 0.1, 0.0), '<prosody rate="90%" pitch="+1.2st" volume="0%">'),
    ],
)
def test_the_tag_is_as_short_as_it_can_be(manner: Manner, tag: str) -> None:
    assert prosody(manner) == tag


def only(draft: Draft, old: str, number: int = 1, **wish: Any) -> bool:
    place = place_of(draft, old, number)
    return draft.make([Rewording(place, **wish)]) == {place}


@pytest.mark.parametrize(
    ("script", "spans", "wanted"),
    [
        ("箸を持つ。\n", (Span("箸", "ハ'シ", kana=True), Span("を持つ。")), KANA.format("ハ'シ", "箸") + "を持つ。\n"),
        ("A&B&lt;と箸。\n", (Span("A&B<と"), Span("箸", "はし"), Span("。")), 'A&B&lt;と<sub alias="はし">箸</sub>。\n'),
        (
            "<ruby>颯<rt>はやて</rt></ruby>の箸。\n",
            (Span("颯", "はやて"), Span("の"), Span("箸", "ハシ'", kana=True), Span("。")),
            "<ruby>颯<rt>はやて</rt></ruby>の" + KANA.format("ハシ'", "箸") + "。\n",
        ),
        (KANA.format("ハ'シ", "箸") + "です。\n", (Span("箸", "ハシ'", kana=True), Span("です。")), KANA.format("ハシ'", "箸") + "です。\n"),
        (KANA.format("ハ'シ", "箸") + "です。\n", (), "箸です。\n"),
        ("つむぎ：箸、箸。\n", (Span("箸、"), Span("箸", "ハ'シ", kana=True), Span("。")), "つむぎ：箸、" + KANA.format("ハ'シ", "箸") + "。\n"),
    ],
)  # fmt: skip
def test_a_reading_is_written_around_its_word(site: SiteKit, script: str, spans: tuple[Span, ...], wanted: str) -> None:
    draft = draft_of(site, "前です。\n" + script + "後です。\n")
    text = "".join(span.text for span in spans) or "箸です。"
    assert only(draft, text, spans=spans)
    assert draft.text == "前です。\n" + wanted + "後です。\n"


def test_a_reading_is_written_into_text_that_is_not_written_as_it_is_shown(site: SiteKit) -> None:
    draft = body_of(site, "前の**太い**箸と[箸](https://example.com/)です。\n")
    text = "前の太い箸と箸です。"
    spans = (Span("前の太い箸と"), Span("箸", "ハ'シ", kana=True), Span("です。"))
    assert only(draft, text, spans=spans)
    assert "[" + KANA.format("ハ'シ", "箸") + "](https" in draft.text
    assert only(draft, text, spans=())
    assert draft.text.endswith("前の**太い**箸と[箸](https://example.com/)です。\n")


@pytest.mark.parametrize(
    ("script", "voice", "wanted"),
    [
        ("箸。\n後です。\n", ("ずんだもん", None), '<voice name="ずんだもん">箸。</voice>\n後です。\n'),
        ("つむぎ：箸。\n後です。\n", ("春日部つむぎ", "ささやき"), 'つむぎ：<voice name="春日部つむぎ（ささやき）">箸。</voice>\n後です。\n'),
        ('<voice name="ずんだもん">箸。</voice>\n', ("お嬢様ずんだもん", None), '<voice name="お嬢様ずんだもん">箸。</voice>\n'),
        ('つむぎ：<voice name="ずんだもん">箸。</voice>\n', ("春日部つむぎ", None), "つむぎ：箸。\n"),
        (f'<voice name="ずんだもん">{FAST}箸。{END}</voice>\n', ("お嬢様ずんだもん", None), f'<voice name="お嬢様ずんだもん">{FAST}箸。{END}</voice>\n'),
        ('<voice name="ずんだもん">箸。</voice>\n', ("春日部つむぎ", None), "箸。\n"),
        ("一つ。箸。三つ。\n", ("ずんだもん", None), '一つ。<voice name="ずんだもん">箸。</voice>三つ。\n'),
    ],
)  # fmt: skip
def test_one_line_is_said_by_another_voice(
    site: SiteKit, script: str, voice: tuple[str, str | None], wanted: str
) -> None:
    draft = draft_of(site, "前です。\n" + script)
    assert only(draft, "箸。", voice=voice)
    assert draft.text == "前です。\n" + wanted


@pytest.mark.parametrize(
    ("script", "wish", "wanted"),
    [
        ("前。\n箸。\n後。\n", {"after": Silence(0.5)}, '前。\n箸。<break time="0.5s"/>\n後。\n'),
        ("前。\n箸。\n後。\n", {"before": Silence(1.25)}, '前。\n<break time="1.25s"/>箸。\n後。\n'),
        ("前。箸。後。\n", {"before": Silence(0)}, '前。<break time="0s"/>箸。後。\n'),
        ("箸。\n", {"before": Silence(2)}, '<break time="2s"/>箸。\n'),
        ("箸。\n", {"after": Silence(2)}, '箸。<break time="2s"/>\n'),
        ("箸\n後。\n", {"after": Silence(2)}, '箸\n<break time="2s"/>後。\n'),
        ("つむぎ：箸。\n", {"before": Silence(2)}, 'つむぎ：<break time="2s"/>箸。\n'),
        ('前。\n\n<break time="1s"/>\n箸。\n', {"before": Silence(3)}, '前。\n\n<break time="3s"/>\n箸。\n'),
        ('箸。<break/><break time="1s"/>後。\n', {"after": Silence(3)}, '箸。<break time="3s"/>後。\n'),
        ('箸。<break strength="strong"/>後。<break/>末。\n', {"after": Silence(None)}, "箸。後。<break/>末。\n"),
        (f'{FAST}箸。{END}後。\n', {"after": Silence(1)}, f'{FAST}箸。{END}<break time="1s"/>後。\n'),
    ],
)  # fmt: skip
def test_the_pause_beside_a_line_is_another_one(site: SiteKit, script: str, wish: dict[str, Any], wanted: str) -> None:
    draft = draft_of(site, script)
    assert only(draft, next(line.text for line in draft.script.lines if "箸" in line.text), **wish)
    assert draft.text == wanted


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("前。\n箸。\n後。\n", "前。\n<!-- 箸。 -->\n後。\n"),
        ("前。\n\n箸。\n\n後。\n", "前。\n\n<!-- 箸。 -->\n\n後。\n"),
        ("前。箸。後。\n", "前。<!-- 箸。 -->後。\n"),
        ("前。\nつむぎ：箸。\n後。\n", "前。\nつむぎ：<!-- 箸。 -->\n後。\n"),
        (f"前。\n{FAST}箸。{END}\n後。\n", f"前。\n<!-- {FAST}箸。{END} -->\n後。\n"),
        ("前。\n<ruby>箸<rt>はし</rt></ruby>。\n後。\n", "前。\n<!-- <ruby>箸<rt>はし</rt></ruby>。 -->\n後。\n"),
    ],
)
def test_a_line_is_left_out_as_a_comment(site: SiteKit, script: str, wanted: str) -> None:
    draft = draft_of(site, script)
    assert only(draft, "箸。", out=True)
    assert draft.text == wanted
    draft = body_of(site, script)
    assert only(draft, "箸。", out=True)
    assert draft.text.endswith(wanted)


def test_the_only_line_and_a_heading_cannot_be_left_out(site: SiteKit) -> None:
    assert not only(draft_of(site, "箸。\n"), "箸。", out=True)
    draft = body_of(site, "## 見出し\n\n本文です。\n")
    before = draft.text
    assert not only(draft, "見出し", out=True)
    assert draft.text == before


def test_of_a_deck_the_text_of_notes_is_changed_and_nothing_that_needs_markup(site: SiteKit) -> None:
    deck = site.script.with_suffix(".json")
    site.script.unlink()
    for ascii_only in (False, True):
        slides = [{"type": "section", "title": "題"}, {"title": "一", "notes": "前です。\n箸です。"}, {"notes": "後。"}]
        deck.write_text(json.dumps(slides, ensure_ascii=ascii_only, indent=2), encoding="utf-8")
        draft = Draft(open_episode(site.post))
        for wish in ({"after": Silence(1)}, {"out": True}, {"voice": ("ずんだもん", None)}, {"factor": FASTER}, {"spans": (Span("箸", "は"), Span("です。"))}):  # fmt: skip
            assert not only(draft, "箸です。", **wish)
        assert only(draft, "箸です。", text="「橋」です。")
        slides[1]["notes"] = "前です。\n「橋」です。"
        assert draft.text == json.dumps(slides, ensure_ascii=ascii_only, indent=2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_other_byte_stays_whatever_the_lines_end_with(site: SiteKit, end: str, mark: str) -> None:
    script = f"{mark}箸。{end}{end}後。"
    site.script.write_bytes(script.encode())
    for wish, wanted in (
        ({"out": True}, "<!-- 箸。 -->"),
        ({"factor": FASTER}, f"{FAST}箸。{END}"),
        ({"after": Silence(1)}, '箸。<break time="1s"/>'),
        ({"before": Silence(1)}, '<break time="1s"/>箸。'),
    ):
        draft = Draft(open_episode(site.post))
        assert only(draft, "箸。", **wish)
        assert draft.encode(script.encode()) == script.replace("箸。", wanted).encode()


@pytest.mark.parametrize(
    ("wish", "wanted"),
    [
        ({"factor": FASTER}, f"前です。{FAST}箸を\n持つ人です。{END}後です。\n"),
        ({"voice": ("ずんだもん", None)}, '前です。<voice name="ずんだもん">箸を\n持つ人です。</voice>後です。\n'),
        ({"out": True}, "前です。<!-- 箸を\n持つ人です。 -->後です。\n"),
        (
            {"spans": (Span("箸を持つ"), Span("人", "ヒ'ト", kana=True), Span("です。"))},
            "前です。箸を\n持つ" + KANA.format("ヒ'ト", "人") + "です。後です。\n",
        ),
        ({"after": Silence(1)}, '前です。箸を\n持つ人です。<break time="1s"/>後です。\n'),
    ],
)
def test_a_line_that_goes_on_in_the_next_row_is_changed_where_it_stands(
    site: SiteKit, wish: dict[str, Any], wanted: str
) -> None:
    draft = body_of(site, "前です。箸を\n持つ人です。後です。\n")
    head = draft.text.partition("前です。")[0]
    assert only(draft, "箸を持つ人です。", **wish)
    assert draft.text == head + wanted
