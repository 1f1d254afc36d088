"""Messages: English text for everything that does not ask, and translated for whoever does."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

from tts_render.ground.errors import ConfigError, EngineError, OutputError, SpeechError
from tts_render.ground.messages import (
    LANGUAGES,
    Said,
    from_json,
    joined,
    listed,
    page_words,
    said,
    said_count,
    template_in,
    to_json,
    translate,
    translate_all,
)
from tts_render.ground.printable import one_line, plain
from tts_render.ground.reasons import reason_of, words_of

MISSING = said("cannot be read: {reason}", reason=said("No such file or directory"))


def test_a_message_is_its_english_text_to_everything_that_does_not_translate() -> None:
    assert MISSING == "cannot be read: No such file or directory"
    assert json.dumps({"error": MISSING}) == '{"error": "cannot be read: No such file or directory"}'
    assert "cannot be read: No such file or directory" in {MISSING}
    for made in (str(MISSING), f"{MISSING}", MISSING + "", MISSING.strip()):
        assert type(made) is str
        assert made == MISSING


def test_a_message_is_translated_with_the_messages_in_it() -> None:
    assert translate(MISSING, "ja") == "読み込めません: ファイルかフォルダーが見つかりません"
    assert translate(MISSING, "en") == MISSING
    assert translate("cannot be read: {reason}", "ja") == "cannot be read: {reason}", "a text is no message"
    assert translate(said("nobody has translated {this}", this=MISSING), "ja").startswith("nobody has translated 読み")


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_of_a_message_can_be_translated_too(copied: object) -> None:
    assert callable(copied)
    for message in (MISSING, one_line(joined((MISSING, "a\nb"), ": ")), said_count("{count} file", "{count} files", 2)):
        again = copied(message)
        assert again == message
        assert translate(again, "ja") == translate(message, "ja")


def test_a_number_chooses_the_english_words() -> None:
    def errors(count: int) -> Said:
        return said_count("{count} error", "{count} errors", count=count)

    assert [errors(1), errors(0), errors(2)] == ["1 error", "0 errors", "2 errors"]
    assert [translate(errors(count), "ja") for count in (1, 2)] == ["エラー 1 件", "エラー 2 件"]


def test_what_is_made_of_messages_is_a_message() -> None:
    assert joined(("a.md:3", MISSING), ": ") == f"a.md:3: {MISSING}"
    assert translate(joined(("a.md:3", MISSING), ": "), "ja") == f"a.md:3: {translate(MISSING, 'ja')}"
    assert listed(("a", said("silence"))) == "a, silence"
    assert translate(listed(("a", said("silence"))), "ja") == "a、無音"
    hidden = said("cannot be read: {reason}", reason="\x1b[2J\nerror: mine")
    assert one_line(hidden) == "cannot be read: \ufffd[2J error: mine"
    assert translate(one_line(hidden), "ja") == "読み込めません: \ufffd[2J error: mine"
    assert translate(plain(MISSING), "ja") == translate(MISSING, "ja")


def test_an_error_is_shown_whole_in_the_language_that_is_asked_for() -> None:
    error = ConfigError(said("is empty"), path="voices.yaml", line=3, remedy=said("Remove it."))
    assert str(error) == "voices.yaml:3: is empty\n  Remove it."
    assert error.shown("en") == str(error)
    assert error.shown("ja") == "voices.yaml:3: 空です\n  取り除いてください。"
    wrapped = OutputError(said("the MP3 cannot be written: {error}", error=words_of(error)))
    assert wrapped.shown("ja") == "MP3 を書き込めません: voices.yaml:3: 空です   取り除いてください。"
    spoken = SpeechError(said("is empty"), [error, EngineError(said("is not a URL"), engine="x")], path="a.txt")
    assert spoken.shown("ja") == f"a.txt: 空です\n{error.shown('ja')}\nx: URL ではありません"


def test_the_reason_of_the_system_is_a_message_where_it_is_known() -> None:
    known, unknown = OSError(2, "No such file or directory"), OSError(2, "Gibt es nicht")
    assert translate(reason_of(known), "ja") == "ファイルかフォルダーが見つかりません"
    assert translate(reason_of(unknown), "ja") == "Gibt es nicht"
    assert reason_of(OSError("just so")) == "just so"
    assert translate(words_of(ValueError(said("is empty"))), "ja") == "空です"
    assert words_of(KeyError("name")) == "'name'"


def test_a_server_can_translate_facts_and_give_a_page_its_words() -> None:
    facts = {"path": "a.md", "why": MISSING, "lines": [{"message": said("is empty"), "line": 3, "cached": None}]}
    assert translate_all(facts, "en") == facts
    assert translate_all(facts, "ja") == {
        "path": "a.md",
        "why": "読み込めません: ファイルかフォルダーが見つかりません",
        "lines": [{"message": "空です", "line": 3, "cached": None}],
    }
    assert json.loads(json.dumps(facts)) == facts
    assert page_words("en") == {}
    assert isinstance(page_words("ja"), dict)
    assert template_in("line {line}", "ja") == "{line} 行目"
    assert LANGUAGES == ("en", "ja")


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        MISSING,
        said("{key} must be a number from {least:g} to {most:g}", key="speed", least=0.5, most=2.0),
        said_count("{count} utterance", "{count} utterances", count=1),
        said_count("{count} utterance", "{count} utterances", count=7),
        listed(["a.txt", said("No such file or directory")]),
        joined((said("speed"), "{x}"), ": "),
        said("import of {name}", name=Path("雨.vvproj")),
    ],
)
def test_a_message_can_be_written_down_and_is_the_same_again(text: str) -> None:
    again = from_json(json.loads(json.dumps(to_json(text))))
    assert [translate(again, language) for language in LANGUAGES] == [
        translate(text, language) for language in LANGUAGES
    ]


def test_what_cannot_be_written_down_is_kept_in_english() -> None:
    assert to_json(one_line(MISSING)) == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    "facts",
    [None, 1, [], {}, {"template": "{a}", "values": {}}, {"template": "{", "values": {}}, {"template": "{a.b}", "values": {"a": 1}},
     {"template": "{a}", "values": {"a": None}}, {"parts": ["a"]}, {"parts": [1], "separator": ""}],
)  # fmt: skip
def test_what_is_no_message_is_refused(facts: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(facts)
