"""The receipt: read as it was stored, of values of its kind; digests are the same everywhere, and cost little memory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from tts_render.ground.units import Frames
from tts_render.mix.timeline import Chapter
from tts_render.site.receipt import ChapterRecord, EngineRecord, Receipt, SidecarRecord, digest_facts, read_receipt
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from pathlib import Path

CHAPTER = Chapter(Frames(0), Frames(7), "題「鍵」\n", None)


@pytest.mark.parametrize(
    "facts",
    [
        (),
        None,
        "\ud83d",
        CHAPTER,
        [("say", "はい。", 1, 0.35, None, True), ("pause", {"b": 1, "a": [CHAPTER]})],
        (2, ("題", None, ("つむぎ",)), [CHAPTER, CHAPTER], 0),
    ],
    ids=["nothing", "null", "half a character", "dataclass", "rows", "nested"],
)
def test_a_digest_is_that_of_the_whole_json(facts: object) -> None:
    whole = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=dataclasses.asdict)
    expected = hashlib.sha256(whole.encode(errors="backslashreplace")).hexdigest()[:32]
    assert digest_facts(facts) == expected


def test_a_digest_of_a_long_script_takes_little_memory() -> None:
    items = [Utterance(number, "はい。", "はい。", "声", 1, end_of_sentence=True) for number in range(20_000)]
    tracemalloc.start()
    try:
        digest_facts((1, "題", items))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


RECEIPT = Receipt(
    episode="_posts/a.md",
    audio="audio/a.mp3",
    bytes=123,
    sha256="ab",
    duration_seconds=1.5,
    duration="00:02",
    utterances=2,
    engines=(EngineRecord("voicevox", "0.25.2"),),
    credits=("VOICEVOX:ずんだもん",),
    loudness_lufs=-16.0,
    true_peak_dbtp=-1.2,
    chapters=(ChapterRecord(0.0, "一", "https://example.com/"), ChapterRecord(0.7, "二")),
    ours={"script": "1"},
    theirs={"engine version": "2"},
    encoder="lame 3.100",
    sidecars=(SidecarRecord("vtt", "audio/a.vtt", "cd"),),
    texts="3",
    offset_ms=-40,
)
Steps = tuple[str | int, ...]


def leaves(value: object, path: Steps = ()) -> list[Steps]:
    """Where the plain values of JSON are."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path] if path != ("schema",) else []


def stored(file: Path, path: Steps = (), value: object = None) -> Receipt | None:
    """The receipt as it is read where ``value`` stands at ``path``."""
    facts: Any = json.loads(RECEIPT.encode())
    place = facts
    for step in path[:-1]:
        place = place[step]
    if path:
        place[path[-1]] = value
    file.write_text(json.dumps(facts), encoding="utf-8")
    return read_receipt(file)


def test_a_receipt_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    assert stored(tmp_path / "a.json") == RECEIPT
    assert stored(tmp_path / "a.json", ("loudness_lufs",), None) is not None
    assert stored(tmp_path / "a.json", ("duration_seconds",), 0) is not None


@pytest.mark.parametrize("path", leaves(json.loads(RECEIPT.encode())), ids=lambda path: ".".join(map(str, path)))
def test_a_receipt_with_a_value_of_another_kind_is_none(tmp_path: Path, path: Steps) -> None:
    others: list[object] = [True, [], {"a": 1}]
    for value in others:
        assert stored(tmp_path / "a.json", path, value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bytes", 1.0), ("utterances", 10**12), ("offset_ms", -(10**12)), ("duration_seconds", -0.1),
        ("duration_seconds", 1e12), ("duration_seconds", math.nan), ("loudness_lufs", math.inf), ("schema", 2),
    ],
)  # fmt: skip
def test_a_receipt_of_impossible_figures_is_none(tmp_path: Path, name: str, value: float) -> None:
    assert stored(tmp_path / "a.json", (name,), value) is None


def test_the_digest_of_facts_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_facts({"a": 1, "b": 2}) == digest_facts({"b": 2, "a": 1}) != digest_facts({"a": 2, "b": 1})
