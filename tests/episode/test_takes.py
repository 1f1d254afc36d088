"""Takes: what is read of their file, and what is refused with its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tts_render.engine.moras import AccentPhrase, Mora
from tts_render.episode.takes import Take, encode_takes, read_takes
from tts_render.ground.errors import ScriptError

if TYPE_CHECKING:
    from pathlib import Path

HAI = AccentPhrase(
    (Mora("ハ", "h", "a", 0.06, 0.1, 5.5), Mora("イ", None, "i", None, None, None)), 1, None, question=True
)
TAKE = Take("0123456789ab", 12, "はい。", "はい。", "ずんだもん", "あまあま", (HAI,), 1.2)
PLAIN = Take("ba9876543210", 3, "いいえ。", "いいえ。", "春日部つむぎ", intonation=0.5)


def test_takes_are_read_back_as_they_were_written_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.takes.json"
    path.write_bytes(encode_takes([TAKE, PLAIN]))
    assert read_takes(path) == (PLAIN, TAKE)
    assert encode_takes(read_takes(path)) == path.read_bytes()
    assert "ずんだもん" in path.read_text(encoding="utf-8"), "people read it too"


def test_no_file_is_no_takes(tmp_path: Path) -> None:
    assert read_takes(tmp_path / "x.takes.json") == ()


def test_the_digest_tells_what_is_heard_and_not_where_it_stands() -> None:
    moved = Take(TAKE.utterance, 99, *(getattr(TAKE, name) for name in ("text", "reading", "voice", "style", "phrases", "intonation")))  # fmt: skip
    assert moved.digest == TAKE.digest
    assert len({TAKE.digest, PLAIN.digest, Take("x", 1, "a", "a", "b").digest}) == 3


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"voice": None}, "take 1: voice must be a text"),
        ({"line": 0}, "take 1: line must be a whole number"),
        ({"intonation": 11}, "take 1: intonation must be a number from 0 to 10"),
        ({"accent_phrases": [{"moras": [], "accent": 1}]}, "take 1: an accent that is on none of its moras"),
        ({"accent_phrases": [{"moras": [{"text": "ア"}], "accent": 1}]}, "take 1: a mora without text or vowel"),
        ({"loudness": 3}, "take 1: loudness is unknown"),
    ],
)
def test_a_take_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    facts = json.loads(encode_takes([TAKE]))
    facts["takes"][0] |= change
    path = tmp_path / "x.takes.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ScriptError, match=told) as caught:
        read_takes(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff", "not UTF-8"),
        (b'{"schema": 2, "takes": []}', "does not hold takes of schema 1"),
        (b"[]", "does not hold takes of schema 1"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.takes.json"
    path.write_bytes(content)
    with pytest.raises(ScriptError, match=told):
        read_takes(path)


def test_two_takes_of_one_utterance_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.takes.json"
    path.write_bytes(encode_takes([TAKE, TAKE]))
    with pytest.raises(ScriptError, match="two takes of one utterance"):
        read_takes(path)
