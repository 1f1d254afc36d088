"""Plain text scripts: lines, paragraphs and sections; what is no text; and what nobody would want to hear."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tts_render.ground.errors import ScriptError
from tts_render.script import (
    FORMS,
    Cue,
    Item,
    Line,
    Notation,
    Pause,
    Script,
    Sound,
    Source,
    decode_script,
    find_form,
    read_script,
)
from tts_render.script.cleaning import speakable

PATH = Path("台本.txt")
REAL = sorted(Path(__file__).parents[3].glob("shared/site/audio/*.txt"))


def script(text: str, longest: int = Notation().longest) -> Script:
    return read_script(PATH, text, Notation(longest=longest))


def said(text: str) -> list[str]:
    return [line.text for line in script(text).lines]


def shape(text: str) -> list[str]:
    """Items in short: a line as its text, a pause as its kind, a border as ====."""
    return [in_short(item) for item in script(text).items]


def in_short(item: Item) -> str:
    match item:
        case Line(text):
            return text
        case Pause(kind):
            return f"~{kind}"
        case Sound(name):
            return f"({name})"
        case Cue():
            return "===="


def test_a_line_is_an_utterance_with_its_line_number() -> None:
    assert script("おはよう。\n元気かな。\n").items == (Line("おはよう。", 1), Line("元気かな。", 2))


def test_an_empty_line_ends_a_paragraph_and_more_of_them_are_no_longer_silence() -> None:
    assert shape("あ。\nい。\n\n　\n\nう。\n\n") == ["あ。", "い。", "~paragraph", "う。"]


@pytest.mark.parametrize(
    "rule",
    ["---", "----", "－－－－", "————", "────────", "━━━", "====", "- - -", "***", "* * *", "ーーーー", "   ----  "],
)
def test_a_rule_is_the_border_of_a_section(rule: str) -> None:
    assert shape(f"あ。\n\n{rule}\n\nい。\n") == ["あ。", "====", "い。"]


def test_a_rule_that_is_glued_to_a_line_is_a_border_all_the_same() -> None:
    assert shape("一つ目。\n----二つ目。\n三つ目。----\n四つ目。-----五つ目。") == [
        "一つ目。", "====", "二つ目。", "三つ目。", "====", "四つ目。", "====", "五つ目。",
    ]  # fmt: skip


def test_a_dash_in_a_sentence_is_no_border() -> None:
    text = "それは――つまり、―――そう、A--Bと--optionと10-20の話。"
    assert shape(text) == [text]


def test_borders_and_silences_before_the_first_line_and_after_the_last_are_left_out() -> None:
    assert shape("----\n\n……\nあ。\n----\n\n") == ["あ。"]


def test_several_sentences_in_a_line_are_several_utterances() -> None:
    assert said("そうだよね？うん！「はい。」と言った。") == ["そうだよね？", "うん！", "「はい。」と言った。"]


def test_a_sentence_that_is_too_long_goes_on_without_a_pause() -> None:
    lines = script("あたらしい機能が増えたので、きょうはその話をします。次です。", longest=20).lines
    assert [(line.text, line.end_of_sentence) for line in lines] == [
        ("あたらしい機能が増えたので、", False),
        ("きょうはその話をします。", True),
        ("次です。", True),
    ]


@pytest.mark.parametrize(
    "marks", ["……", "。。。", "...", "。. 。.", "、", "♪", "〜〜〜", "🎉", "https://example.com/", "*"]
)
def test_marks_alone_are_silence_and_no_utterance(marks: str) -> None:
    assert shape(f"あ。\n{marks}\nい。") == ["あ。", "~paragraph", "い。"]


def test_a_quotation_that_was_torn_apart_is_one_again() -> None:
    items = script("まえ。\n「そこ、ずれてるよ！\n」って教えてくれた？次の文。\n").items
    assert items == (Line("まえ。", 1), Line("「そこ、ずれてるよ！」って教えてくれた？", 2), Line("次の文。", 3))


def test_closing_marks_at_the_beginning_of_a_line_go_to_the_line_before() -> None:
    assert said("すごい！\n？本当だ。\nえ。\n！\nおわり\n。\n」も、つづく") == [
        "すごい！？", "本当だ。", "え。！", "おわり」", "も、つづく",
    ]  # fmt: skip


def test_closing_marks_with_no_line_before_them_are_not_spoken() -> None:
    assert said("」から始まる。") == ["から始まる。"]
    assert shape("あ。\n----\n！い。") == ["あ。", "====", "い。"]


def test_leavings_of_markdown_are_not_in_the_text() -> None:
    text = "# 題\n## 小題\n- 一つ\n* 二つ\n> 引用\n・中黒\n**太字**と`code`\n```python\nコードも台本\n```\n[題](https://e.com/)です"
    assert said(text) == ["題", "小題", "一つ", "二つ", "引用", "中黒", "太字とcode", "コードも台本", "題です"]


def test_hashes_numbers_and_hyphens_that_are_text_stay() -> None:
    for text in ["#タグの話", "-5度です", "1. はじめに", "・・・えっと", "3*4は12"]:
        assert said(text) == [text]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts_as_one_line(end: str) -> None:
    items = script(end.join(["一。", "", "二。", "三。"])).items
    assert [item.line for item in items] == [1, 2, 3, 4]


def test_terminal_escapes_control_characters_and_byte_order_marks_are_no_text() -> None:
    assert said("\ufeff\x1b[31mあか\x1b[0m\x00です。\n\x07\nい\u202eう。") == ["あかです。", "いう。"]


def test_the_byte_order_mark_of_a_file_is_no_text() -> None:
    assert decode_script(PATH, b"\xef\xbb\xbf" + "あ。".encode()) == "あ。"


@pytest.mark.parametrize(("encoding", "guess"), [("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP"), ("utf-16", "UTF-16")])
def test_a_file_in_another_encoding_is_named_with_line_byte_and_a_guess(encoding: str, guess: str) -> None:
    data = b"ascii\n" * (encoding != "utf-16") + "文字コードがちがう台本です。\n".encode(encoding)
    with pytest.raises(ScriptError) as caught:
        decode_script(PATH, data)
    assert caught.value.line == (1 if encoding == "utf-16" else 2)
    assert "offset" in caught.value.message
    assert guess in caught.value.message
    assert caught.value.remedy == "Save the file as UTF-8."


@pytest.mark.parametrize("text", ["", "\n\n", "----\n----\n", "。\n…\n", "\ufeff", "https://example.com/\n"])
def test_a_script_with_nothing_to_say_is_an_error(text: str) -> None:
    with pytest.raises(ScriptError, match="nothing to say"):
        script(text)


def test_the_suffix_tells_the_form_and_an_unknown_one_is_an_error() -> None:
    assert {find_form(Source(Path(name), "あ"))[0] for name in ("a.txt", "a.TXT", "a")} == {"text"}
    assert {find_form(Source(Path(name), "あ"))[0] for name in ("a.md", "a.markdown", "a.html")} == {"markdown"}
    with pytest.raises(ScriptError, match=r"\.docx"):
        read_script(Path("a.docx"), "あ", Notation())
    assert set(FORMS) >= {"text", "markdown"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("matter", ["---|title: 題|date: 2026-01-01|---", "+++|title = '題'|draft = false|+++"])
def test_a_whole_post_is_read_by_its_body_whatever_its_suffix(matter: str, end: str) -> None:
    text = (matter + "||[読む](https://e.com/)もの。|").replace("|", end)
    assert read_script(PATH, text, Notation()).items == (Line("読むもの。", 6),)


def test_a_rule_and_a_colon_at_the_beginning_make_no_post() -> None:
    assert shape("---\n司会: こんにちは。\n---\nつぎ。") == ["司会: こんにちは。", "====", "つぎ。"]


def test_lines_are_counted_from_where_the_text_begins() -> None:
    assert [line.line for line in read_script(PATH, "あ\nい", Notation(), first_line=11, form="text").lines] == [11, 12]


LINES = st.lists(
    st.lists(
        st.sampled_from(["あい", "漢字", "カナ", "Word", "42", "。", "！", "？", "、", "「", "」", "（", "）", "…", " ", "　", "-", "🎉", "ー"]),
        max_size=12,
    ).map("".join),
    max_size=12,
).map("\n".join)  # fmt: skip


@given(LINES, st.integers(min_value=4, max_value=40))
@settings(deadline=None, max_examples=300)
@example("あ\n」\n\n」い「", 10)
def test_every_word_is_spoken_once_and_in_order(text: str, longest: int) -> None:
    try:
        lines = script(text, longest=longest).lines
    except ScriptError:
        assert not speakable(text)
        return
    words = re.compile("[あい漢字カナWord42]+")
    assert "".join(words.findall("".join(line.text for line in lines))) == "".join(words.findall(text))


@given(LINES | st.text())
@settings(deadline=None, max_examples=300)
def test_an_utterance_is_speakable_and_never_begins_with_a_closing_mark(text: str) -> None:
    try:
        items = script(text).items
    except ScriptError:
        return
    for line in (item for item in items if isinstance(item, Line)):
        assert line.text == line.text.strip()
        assert line.text[0] not in "」』）)。、！？!?ー"
    assert [item.line for item in items] == sorted(item.line for item in items)
    assert isinstance(items[-1], Line)
    assert not isinstance(items[0], Pause)


@given(st.text(st.characters(exclude_categories=())))
@settings(deadline=None, max_examples=300)
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    try:
        lines = script(text).lines
    except ScriptError:
        return
    assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "".join(line.text for line in lines))


@pytest.mark.shared
@pytest.mark.parametrize(
    "path", REAL or [pytest.param(None, marks=pytest.mark.skip("needs the folder of real posts"))], ids=str
)
def test_a_real_script_loses_nothing(path: Path) -> None:
    text = decode_script(path, path.read_bytes())
    read = read_script(path, text, Notation())
    assert "".join(line.text for line in read.lines) == re.sub(r"\s", "", text)
    assert len(text.split("\n")) - 2 <= len(read.lines)
    assert not [line for line in read.lines if line.text[0] in "」』）)。、！？!?ー"]
