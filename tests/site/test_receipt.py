"""The receipt: digests that are the same everywhere, and cost little memory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tracemalloc

import pytest

from tts_render.ground.units import Frames
from tts_render.mix.timeline import Chapter
from tts_render.site.receipt import digest_facts
from tts_render.speech.casting import Utterance

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
