"""Captions: long enough to be read, short enough for two lines, exact where the sound is known, nothing lost."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.timed import CLIP_RATE, RATE, Heard, Said, hear, lay, say, tell
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.mix.timeline import Jingles, Timeline, arrange
from tts_render.outputs.captions import LINE_WIDTH, LONGEST_MS, SHORTEST_MS, Caption, captions, width
from tts_render.script import Cue, Notation, Pause, read_script
from tts_render.settings.config import Pacing
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

REAL = sorted(Path(__file__).parents[3].glob("shared/site/audio/*.txt"))


def caption(text: str, *, speed: float = 1.0) -> tuple[Caption, ...]:
    return captions(lay(say(text), speed=speed), tell)


def joined(found: Sequence[Caption]) -> str:
    return re.sub(r"\s", "", "".join(caption.text for caption in found))


LONG = "データごとにたくさんの時間をかけて調整をおこなう必要がありましたけれど、この仕組みはその作業をとても簡単にしてくれます。"


def test_what_fits_is_one_caption_with_the_edges_of_its_sound() -> None:
    timeline = lay(say("おはようございます。", "朝の技術だよりです。"))
    found = captions(timeline, tell)
    assert [(c.start_ms, c.end_ms) for c in found] == [
        (frames_to_ms(p.start, RATE), frames_to_ms(p.end, RATE)) for p in timeline.speech
    ]
    assert [c.lines for c in found] == [("おはようございます。",), ("朝の技術だよりです。",)]
    assert not any(c.estimated for c in found)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.3])
def test_a_caption_inside_an_utterance_begins_with_its_first_mora_at_any_speed(speed: float) -> None:
    first = "ひとつめのなかみはとてもながくておぼえにくいので、"
    second = "ふたつにわけてよめるようになっているのです。"
    timeline = lay(say(first + second), speed=speed)
    one, other = captions(timeline, tell)
    assert (one.text, other.text) == (first, second)
    (placement,) = timeline.speech
    moras = tell(placement)
    at = len(first) - 1  # of the pause: every other character is one mora
    assert moras[at].text == "、"
    start = placement.start * 1000 / RATE
    assert one.end_ms == pytest.approx(start + moras[at].start * 1000 / CLIP_RATE, abs=0.51)
    assert other.start_ms == pytest.approx(start + moras[at].end * 1000 / CLIP_RATE, abs=0.51)
    assert other.end_ms == frames_to_ms(placement.end, RATE)


def test_twice_the_speed_is_half_the_time() -> None:
    slow, quick = caption(LONG, speed=0.8), caption(LONG, speed=1.6)
    whole = slow[-1].end_ms - slow[0].start_ms
    assert quick[-1].end_ms - quick[0].start_ms == pytest.approx(whole / 2, rel=0.02)


def test_lines_are_broken_between_phrases() -> None:
    (found,) = caption("新しい言語の設計について、詳しい話を聞いてきました。")
    assert found.lines == ("新しい言語の設計について、", "詳しい話を聞いてきました。")


def test_half_width_letters_count_half() -> None:
    assert width("GPT-5の話") == 5 + 4
    assert width("が") == 2  # decomposed
    (found,) = caption("Rust 1.90 was released on Thursday.", speed=3)
    assert found.lines == ("Rust 1.90 was released on Thursday.",)


def test_a_quotation_is_not_divided_if_it_fits_by_itself() -> None:
    quotation = "「同じ間違いを三回くり返すと、自動で規則になる話」"
    for before in ("", "記事の題は", "つづいて、みなさまにご紹介する二つ目の記事の題は"):
        for after in ("です。", "という、とても興味ぶかい内容の記事になっています。"):
            texts = [c.text for c in caption(before + quotation + after)]
            assert sum(quotation in text for text in texts) == 1, texts


def test_a_quotation_longer_than_a_caption_is_divided_after_its_sentences() -> None:
    text = "「昨日は朝から雨が降っていました。だから一日中家で本を読んで過ごしていました。夕方にやんだので散歩に出ました。」と話した。"
    texts = [c.text for c in caption(text, speed=2)]
    assert texts == [text[: text.index("夕方")], text[text.index("夕方") :]]


def test_the_names_of_those_who_speak_are_not_torn() -> None:
    text = "今日の放送は株式会社ずんだもん技術室の提供です。"
    (torn,) = captions(lay(say(text)), tell)
    assert torn.lines == ("今日の放送は株式会社ずんだ", "もん技術室の提供です。")
    (whole,) = captions(lay(say(text)), tell, names=["ずんだもん"])
    assert any("ずんだもん" in line for line in whole.lines)


def test_a_short_caption_stays_on_in_the_pause_after_it() -> None:
    timeline = lay([*say("はいはい。"), Pause("paragraph", 1), Utterance(1, "それでは始めます。", "", "声", 2, True)])
    first, second = captions(timeline, tell)
    assert timeline.speech[0].frames / RATE < 0.8
    assert first.end_ms - first.start_ms == SHORTEST_MS
    assert first.end_ms < second.start_ms


def test_it_never_stays_on_into_the_next() -> None:
    items: list[CastItem] = [
        Utterance(0, "はい。", "", "甲", 1, True), Utterance(1, "いいえ、それは違うと思います。", "", "乙", 2, True)
    ]  # fmt: skip
    first, second = captions(lay(items), tell)
    assert first.end_ms == second.start_ms
    assert first.end_ms - first.start_ms < SHORTEST_MS


def test_a_caption_too_short_even_so_joins_its_neighbour() -> None:
    (found,) = captions(lay(say("はい。", "そうなんです。")), tell)
    assert found.lines == ("はい。", "そうなんです。")
    assert found.utterances == (0, 1)


def test_an_utterance_is_divided_before_its_last_sentence_only_where_that_can_be_read() -> None:
    long, short = (
        "はい、はい。説明するために途中で息をつぐところのない今日は鍵の話をします。",
        "ありがとうございました。",
    )
    slow = caption(long + short, speed=1.3)
    assert [c.text for c in slow] == [long, short]
    for speed in (1.5, 1.8):  # spoken so fast, it lasts less than a second
        quick = caption(long + short, speed=speed)
        assert len(quick) == 2
        assert quick[1].text.endswith("話をします。" + short)


def test_captions_of_two_speakers_or_two_chapters_are_never_joined() -> None:
    two: list[CastItem] = [Utterance(0, "ん。", "", "甲", 1, True), Utterance(1, "え。", "", "乙", 2, True)]
    assert [c.speaker for c in captions(lay(two), tell)] == ["甲", "乙"]
    timeline = lay(
        [*say("ん。"), Cue("section", 1, "題"), Utterance(1, "え。", "", "声", 2, True)], pacing=Pacing(section=0.1)
    )
    assert len(captions(timeline, tell)) == 1
    assert len(captions(timeline, tell, chapter_starts=[timeline.speech[1].start])) == 2


def test_without_moras_captions_inside_an_utterance_are_marked_as_estimated() -> None:
    timeline = lay(say("おはようございます。", LONG))
    found = captions(timeline, lambda _: ())
    assert [c.estimated for c in found] == [False, True, True]
    assert found[1].start_ms == frames_to_ms(timeline.speech[1].start, RATE)
    assert found[2].end_ms == frames_to_ms(timeline.speech[1].end, RATE)
    exact = captions(timeline, tell)
    assert [c.text for c in found] == [c.text for c in exact]
    assert found[2].start_ms == pytest.approx(exact[2].start_ms, abs=400)


def assert_sound(found: Sequence[Caption], timeline: Timeline) -> None:
    for one, other in pairwise(found):
        assert one.end_ms <= other.start_ms
    for c in found:
        assert c.start_ms < c.end_ms
        assert 1 <= len(c.lines) <= 2
        assert all(width(line) <= LINE_WIDTH for line in c.lines)
        assert re.sub(r"\s", "", "".join(c.lines)) == re.sub(r"\s", "", c.text)
    assert found[-1].end_ms <= frames_to_ms(timeline.frames, timeline.rate)
    text = "".join(p.utterance.text for p in timeline.speech if p.utterance)
    assert joined(found) == re.sub(r"\s", "", text)


WORDS = st.sampled_from(
    ["今日は", "鍵の", "話を", "します", "、", "。", "「", "」", "LLM", " ", "とても", "長い", "ッ", "！？", "2026年", "（笑）", "オープンウェイトモデル",
     "が", "🐸", "https://example.com/a-very-long-path/of-a-page.html", "&", "<b>", "-->", "ー"]
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=40).map("".join), min_size=1, max_size=5),
    st.sampled_from([0.5, 0.8, 1.0, 1.3, 3.0]),
    st.sampled_from([0.0, 0.35, 2.0]),
    st.booleans(),
)
def test_any_text_at_any_speed_is_captioned_whole_and_in_order(
    texts: list[str], speed: float, pause: float, told: bool
) -> None:
    kept = [text for text in texts if hear(text).moras]
    if not kept:
        return
    timeline = lay(say(*kept), speed=speed, pacing=Pacing(sentence=pause))
    found = captions(timeline, tell if told else lambda _: ())
    assert_sound(found, timeline)
    assert all(c.end_ms - c.start_ms <= LONGEST_MS for c in found)
    for number, c in enumerate(found):
        if c.end_ms - c.start_ms < SHORTEST_MS:  # only where it may neither stay on nor join a neighbour
            following = found[number + 1].start_ms if number + 1 < len(found) else frames_to_ms(timeline.frames, RATE)
            assert c.end_ms == following


def test_a_word_that_lasts_longer_than_a_caption_is_torn() -> None:
    found = caption("アーーーーーーーーーーーーーーーーーーー", speed=0.1)
    assert len(found) > 2
    assert all(c.end_ms - c.start_ms <= LONGEST_MS for c in found)


def test_even_a_clip_of_one_frame_keeps_the_order() -> None:
    said = [Said(u, Heard(Frames(1), CLIP_RATE, ())) for u in say("あ", "い", "う") if isinstance(u, Utterance)]
    flat = Pacing(head=0, sentence=0, tail=0)
    timeline = Timeline(tuple(arrange(say("あ", "い", "う"), said, Jingles(), flat, rate=RATE)), RATE)
    found = captions(timeline, lambda _: ())
    assert joined(found) == "あいう"
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(found))


@pytest.mark.shared
@pytest.mark.skipif(not REAL, reason="needs the folder of real posts")
@pytest.mark.parametrize("speed", [0.8, 1.0, 1.3])
def test_real_episodes_are_captioned_within_the_rules(speed: float) -> None:
    for path in REAL:
        lines = read_script(path, path.read_text(encoding="utf-8"), Notation()).lines
        timeline = lay(say(*(line.text for line in lines)), speed=speed)
        found = captions(timeline, tell)
        assert_sound(found, timeline)
        assert all(SHORTEST_MS <= c.end_ms - c.start_ms <= LONGEST_MS for c in found)
        short = [q for line in lines for q in re.findall("「[^「」]*」", line.text) if width(q) <= LINE_WIDTH]
        text = [c.text for c in found]
        assert [q for q in short if not any(q in t for t in text)] == []


def test_captions_are_plain_values() -> None:
    (found,) = caption("はい、そうです。")
    assert replace(found) == found
    with pytest.raises(AttributeError):
        found.text = ""  # type: ignore[misc]
