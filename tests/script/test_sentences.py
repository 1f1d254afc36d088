"""Sentences and phrases: where a text may be cut, and that nothing is lost by cutting it."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.growth import growth
from tts_render.script.cleaning import clean, fold_space, speakable, strip_markup
from tts_render.script.phrases import split_long
from tts_render.script.sentences import bracket_pairs, sentence_spans, split_sentences

PIECES = st.lists(
    st.sampled_from(
        [
            "今日は", "です", "って", "と言う", "ﾗｲﾌﾞ", "ー", "っ", "。", "！", "？", "!", "?", ".", "．", "…", "、", " ", "　", "\n",
            "「", "」", "『", "』", "（", "）", "(", ")", "“", "”", "w", "ｗｗ", "（笑）", "3.5", "Node.js", "Dr. ", "A. ", "Yes. ",
            "モーニング娘。", "https://example.com/?q=1", "🎉", "👨\u200d👩\u200d👧", "か\u3099", "♪", "\x00", "1. ",
        ]
    ),
    max_size=40,
).map("".join)  # fmt: skip
"""Texts out of what the rules are about."""


def without_space(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("おはよう。今日の話題です。", ["おはよう。", "今日の話題です。"]),
        ("「はい。そうです。」と答えた。次へ。", ["「はい。そうです。」と答えた。", "次へ。"]),
        ("『「うん。」と言った。』と書いた。", ["『「うん。」と言った。』と書いた。"]),
        ("えっ！？本当？うん。", ["えっ！？", "本当？", "うん。"]),
        ("速さは3.5倍。Node.jsとv1.2.3とllama.cppです。", ["速さは3.5倍。", "Node.jsとv1.2.3とllama.cppです。"]),
        ("It works. It is fast. 速いです。", ["It works.", "It is fast.", "速いです。"]),
        ("Dr. Smith met J. K. Rowling, e.g. In May. Then she left.", None),
        ("モーニング娘。のライブ。見た。", ["モーニング娘。のライブ。", "見た。"]),
        ("Yahoo!ニュースで見た。", ["Yahoo!ニュースで見た。"]),
        ("すごい！（笑）次です。", ["すごい！（笑）", "次です。"]),
        ("やばい！ｗｗｗそれで？", ["やばい！ｗｗｗ", "それで？"]),
        ("楽しい。…♪でも。", ["楽しい。…♪", "でも。"]),
        ("できた！🎉👍🏽次。", ["できた！🎉👍🏽", "次。"]),
        ("やった！って思った。すごい！と言った。", ["やった！って思った。", "すごい！と言った。"]),
        ("やった！というわけで、次です。", ["やった！", "というわけで、次です。"]),
        ("「一つ。」「二つ。」", ["「一つ。」", "「二つ。」"]),
        ("閉じない「かぎ。次の文。", ["閉じない「かぎ。", "次の文。"]),
        ("閉じない、です。」次。", ["閉じない、です。」", "次。"]),
        ("1. はじめに", ["1. はじめに"]),
        ("そうである．また３．５である．", ["そうである．", "また３．５である．"]),
        ("what! まあ。why? Because.", ["what!", "まあ。", "why?", "Because."]),
        ("！？なに。", ["！？なに。"]),
        ("はい。 、。 いいえ。", ["はい。 、。", "いいえ。"]),
        ("はい。 」いいえ。 ーあ。", ["はい。 」", "いいえ。 ー", "あ。"]),
        ("……", ["……"]),
        ("", []),
        ("  \n ", []),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str] | None) -> None:
    if sentences is None:
        sentences = ["Dr. Smith met J. K. Rowling, e.g. In May.", "Then she left."]
    assert split_sentences(text) == sentences


def test_a_bracket_that_is_closed_far_away_does_not_hold_the_text_together() -> None:
    near, far = "「" + "あ。" * 50 + "」い。", "「" + "あ。" * 150 + "」い。"
    assert len(split_sentences(near)) == 1
    assert len(split_sentences(far)) == 151


@given(PIECES | st.text())
@settings(deadline=None, max_examples=400)
@example("「。」。「")
@example("。 \n！")
def test_nothing_but_white_space_is_lost_between_sentences(text: str) -> None:
    spans = sentence_spans(text)
    sentences = split_sentences(text)
    assert without_space("".join(sentences)) == without_space(text)
    assert all(sentence and sentence == sentence.strip() for sentence in sentences)
    assert [end for _, end in spans[:-1]] <= [start for start, _ in spans[1:]]
    if len(sentences) > 1:
        assert all(speakable(sentence) for sentence in sentences)


@given(PIECES | st.text(), st.integers(min_value=1, max_value=30))
@settings(deadline=None, max_examples=400)
def test_no_part_is_too_long_and_nothing_but_white_space_is_lost_between_parts(text: str, longest: int) -> None:
    text = text.replace("https", "")
    parts = split_long(text, longest)
    assert without_space("".join(parts)) == without_space(text)
    if len(text) > longest:
        assert all(0 < len(part) <= longest for part in parts)


def test_a_long_sentence_is_cut_at_a_comma_near_its_middle() -> None:
    first, second = "あたらしい機能がたくさん増えましたので、", "きょうはその中から三つだけ選んで紹介します。"
    assert split_long(first + second, 30) == [first, second]


def test_a_long_sentence_without_commas_is_cut_between_phrases() -> None:
    text = "新しい機能の中から特に便利なものを三つだけ選んで順番に紹介していきます"
    parts = split_long(text, 20)
    assert len(parts) > 1
    assert all(part[-1] in "のらにをはでてんす" for part in parts), parts


def test_words_numbers_and_names_in_latin_letters_stay_whole() -> None:
    text = "The quick brown fox jumps over v1.2.3 of llama.cpp and 1,234,567 lazy dogs near the river"
    assert " ".join(split_long(text, 24)) == text


def test_a_part_never_begins_with_a_closing_mark_or_a_small_kana() -> None:
    parts = split_long("「きゃっ」「しゅっ」「ちょっ」" * 20 + "。", 7)
    assert not [part for part in parts if part[0] in "」。ゃゅょっ"]


def test_a_comma_is_liked_better_than_a_border_between_phrases_nearer_to_the_middle() -> None:
    assert split_long("それなので、新しい機能の中から便利なものを選んで紹介", 20)[0] == "それなので、"


def test_a_border_outside_of_brackets_is_liked_better() -> None:
    text = "新しい道具を作りましたので、（言語はPython, R, シェル）みんなで使えるようにします"
    assert split_long(text, 34)[0] == "新しい道具を作りましたので、"


def test_pairs_of_brackets_never_cross() -> None:
    assert bracket_pairs("「（」あ）『い』") == {0: 2, 5: 7}
    assert bracket_pairs("（「あ」") == {1: 3}
    assert bracket_pairs("」（「」）「") == {1: 4, 2: 3}


def test_an_address_is_never_torn_apart() -> None:
    address = "https://example.com/" + "a/" * 200 + "end"
    parts = split_long("あ" * 60 + address + "い" * 60, 50)
    assert [part for part in parts if "http" in part and address not in part] == []
    assert "".join(parts) == "あ" * 60 + address + "い" * 60


@pytest.mark.parametrize("text", ["ア" * 200, "a" * 200, "9" * 200, "」" * 200])
def test_what_cannot_be_cut_well_is_cut_all_the_same(text: str) -> None:
    parts = split_long(text, 60)
    assert "".join(parts) == text
    assert max(map(len, parts)) <= 60


@pytest.mark.parametrize(
    "unit", ["あ", "「", "」", "「」", "。", "あ。", "Dr. A ", "。w", "a@", "https://", "！", "（「", "あ、"]
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def cut(length: int) -> list[list[str]]:
        return [split_long(sentence, 120) for sentence in split_sentences(unit * (length // len(unit)))]

    calls, seconds = growth(cut, 5_000)
    assert calls < 1.2
    assert seconds < 3


def test_memory_stays_within_a_few_copies_of_a_long_line() -> None:
    text = "文の終わりがないまま続いていく" * 1_000
    split_long(text[:200], 120)  # loads the model
    tracemalloc.start()
    split_long(split_sentences(text)[0], 120)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * len(text)


def test_marks_spaces_and_addresses_alone_are_not_speakable() -> None:
    for text in [
        "",
        " ",
        "…",
        "！？",
        "「」",
        "ー",
        "々",
        "♪☆",
        "🎉",
        "https://example.com/a?b=c",
        "a.b@example.com",
        "゛",
    ]:
        assert not speakable(text), text
    for text in ["あ", "ア", "亜", "a", "Ａ", "7", "①", "한", "𠮷", "「え」", "見て https://example.com/"]:
        assert speakable(text), text


def test_terminal_escapes_control_characters_and_direction_marks_are_no_text() -> None:
    assert clean("\x1b[1;31mあか\x1b[0m\x00\x07い\u2066う\u2069\ufeff\ud800") == "あかいう"
    assert clean("あ\tい\x0bう\u2028え\nお") == "あ い う え\nお"
    assert clean("\x1b]0;題\x07あ\x1b]途中") == "あ]途中"  # what is not closed takes nothing with it


def test_what_markdown_leaves_in_plain_text_is_taken_off() -> None:
    assert strip_markup("**太字**と`code`と~~線~~と*強調*と__下線__") == "太字とcodeと線と強調と下線"
    assert strip_markup("[題](https://example.com/a)と![絵](/a.png)です") == "題とです"
    assert strip_markup("2*3*4と__init__とa_b[0]") == "2*3*4と__init__とa_b[0]"


def test_white_space_is_folded() -> None:
    assert fold_space("　あ \t い\n") == "あ い"


@pytest.mark.parametrize("mark", ["」", "。", "、", "ー", "っ"])
def test_no_part_of_a_long_sentence_begins_with_a_mark_that_a_space_stands_before(mark: str) -> None:
    parts = split_long(("あいう " + mark) * 30, 20)
    assert len(parts) > 1
    assert not [part for part in parts if part.startswith(mark)]
