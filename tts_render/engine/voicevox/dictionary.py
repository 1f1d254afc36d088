"""Which words of a VOICEVOX engine's user dictionary are ours: those whose id follows from how they are written.

So nothing has to be remembered between two runs, and a word that somebody else has put there is never touched.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, cast

from tts_render.reading.normalise import normalise
from tts_render.settings.lexicon import Entry, WordClass, count_moras, to_katakana

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["held_words", "own_words", "read_word", "to_word", "word_id"]

_OURS = uuid.UUID("5f0e9c52-6b43-5c0e-9d2f-7a1b3c4d5e6f")
_PRIORITY = 5
"""The engine's default: above its own dictionary, below what a user has put higher."""
_CLASSES: dict[WordClass, tuple[str, str, str, int]] = {
    "proper_noun": ("名詞", "固有名詞", "一般", 1348),
    "common_noun": ("名詞", "一般", "*", 1345),
    "verb": ("動詞", "自立", "*", 642),
    "adjective": ("形容詞", "自立", "*", 20),
    "suffix": ("名詞", "接尾", "一般", 1358),
}
"""Part of speech, its two details, and the context id under which Open JTalk knows it."""
_WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


def word_id(surface: str) -> str:
    """The id under which we keep a word."""
    return str(uuid.uuid5(_OURS, normalise(surface)))


def to_word(entry: Entry) -> dict[str, object]:
    """``entry`` as the engine keeps it. It has an accent."""
    part, detail, further, context = _CLASSES[entry.word_class]
    return {
        "surface": normalise(entry.surface).translate(_WIDE),
        "priority": _PRIORITY,
        "context_id": context,
        "part_of_speech": part,
        "part_of_speech_detail_1": detail,
        "part_of_speech_detail_2": further,
        "part_of_speech_detail_3": "*",
        "inflectional_type": "*",
        "inflectional_form": "*",
        "stem": "*",
        "yomi": entry.reading,
        "pronunciation": entry.reading,
        "accent_type": entry.accent,
        "mora_count": count_moras(entry.reading),
        "accent_associative_rule": "*",
    }


def read_word(word: Mapping[str, object]) -> Entry | None:
    """A word of the engine as an entry, its surface in the form that readings have; None where it cannot be one."""
    surface, kana, accent = word.get("surface"), word.get("pronunciation"), word.get("accent_type")
    if not isinstance(surface, str) or not isinstance(kana, str) or not isinstance(accent, int):
        return None
    parts = (word.get("part_of_speech"), word.get("part_of_speech_detail_1"))
    found = next((name for name, (part, detail, _, _) in _CLASSES.items() if (part, detail) == parts), None)
    return Entry(normalise(surface), to_katakana(kana), accent, found) if found and normalise(surface) else None


def own_words(dictionary: object) -> dict[str, Mapping[str, object]]:
    """The words in an answer of ``/user_dict`` that have the id which we would give them, by id."""
    words = cast("dict[str, Mapping[str, object]]", dictionary)
    return {number: word for number, word in words.items() if number.lower() == word_id(str(word.get("surface", "")))}


def held_words(dictionary: object) -> frozenset[Entry]:
    """Our words in an answer of ``/user_dict`` that decide how they are said: nothing else is written like them."""
    words = cast("dict[str, Mapping[str, object]]", dictionary)
    written = Counter(normalise(str(word.get("surface", ""))) for word in words.values())
    found = {
        read_word(word)
        for word in own_words(dictionary).values()
        if word.get("priority", _PRIORITY) == _PRIORITY and written[normalise(str(word["surface"]))] == 1
    }
    return frozenset(entry for entry in found if entry is not None)
