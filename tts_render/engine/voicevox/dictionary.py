"""Which words of a VOICEVOX engine's user dictionary are ours: those whose id follows from how they are written.

So nothing has to be remembered between runs, and words that others have added are never touched.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from tts_render.ground.messages import said
from tts_render.reading.normalise import normalise
from tts_render.settings.lexicon import Entry, WordClass, count_moras, to_katakana

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "PRIORITIES",
    "held_words",
    "is_said",
    "own_words",
    "questions",
    "read_word",
    "read_words",
    "to_kana",
    "to_word",
    "word_id",
]

_OURS = uuid.UUID("5f0e9c52-6b43-5c0e-9d2f-7a1b3c4d5e6f")
PRIORITIES = (5, 8, 10)
"""Tried in order: with the engine's default, a word loses to many that the engine knows itself; 10 is the maximum."""
_PARTICLE = ("が", "ガ")
"""A particle, as written and as said after a word whose reading is asked for."""
_ROWS = ("アカサタナハマヤラワガザダバパァャヮ", "イキシチニヒミリギジヂビピィ", "ウクスツヌフムユルグズヅブプヴゥュ",
         "エケセテネヘメレゲゼデベペェ", "オコソトノホモヨロヲゴゾドボポォョ", "ン")  # fmt: skip
_VOWELS = {kana: row[0] for row in _ROWS for kana in row}
_SAME = str.maketrans("ヲヂヅ", "オジズ")
_CLASSES: dict[WordClass, tuple[str, str, str, int]] = {
    "proper_noun": ("名詞", "固有名詞", "一般", 1348),
    "common_noun": ("名詞", "一般", "*", 1345),
    "verb": ("動詞", "自立", "*", 642),
    "adjective": ("形容詞", "自立", "*", 20),
    "suffix": ("名詞", "接尾", "一般", 1358),
}
"""Part of speech, its two subcategories, and the context id by which Open JTalk knows it."""
_WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


def word_id(surface: str) -> str:
    """The id under which we store a word."""
    return str(uuid.uuid5(_OURS, normalise(surface)))


def to_word(entry: Entry, priority: int = PRIORITIES[0]) -> dict[str, object]:
    """``entry`` in the engine's form. It must have an accent."""
    part, detail, further, context = _CLASSES[entry.word_class]
    return {
        "surface": normalise(entry.surface).translate(_WIDE),
        "priority": priority,
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
    """A word of the engine as an entry, with its surface normalised like readings; None if it cannot be one."""
    surface, kana, accent = word.get("surface"), word.get("pronunciation"), word.get("accent_type")
    if not isinstance(surface, str) or not isinstance(kana, str) or not isinstance(accent, int):
        return None
    parts = (word.get("part_of_speech"), word.get("part_of_speech_detail_1"))
    found = next((name for name, (part, detail, _, _) in _CLASSES.items() if (part, detail) == parts), None)
    return Entry(normalise(surface), to_katakana(kana), accent, found) if found and normalise(surface) else None


def read_words(value: object) -> dict[str, dict[str, object]]:
    """The words in an answer of ``/user_dict``, by id.

    Raises:
        ValueError: it is not such an answer.
    """
    if not isinstance(value, dict) or not all(isinstance(word, dict) for word in value.values()):
        raise ValueError(said("not a dictionary"))
    return value


def own_words(dictionary: Mapping[str, Mapping[str, object]]) -> dict[str, Mapping[str, object]]:
    """The words of a dictionary whose id is the one that we would give them, by id."""
    return {
        number: word for number, word in dictionary.items() if number.lower() == word_id(str(word.get("surface", "")))
    }


def held_words(dictionary: Mapping[str, Mapping[str, object]]) -> frozenset[Entry]:
    """All words of a dictionary, whoever added them. Whether the engine says them so has to be asked."""
    return frozenset(entry for entry in map(read_word, dictionary.values()) if entry is not None)


def to_kana(entry: Entry) -> str:
    """The reading with its accent as an engine takes it, but without the mark that must end an unaccented phrase."""
    moras = _moras(entry.reading)
    if entry.accent:
        moras.insert(entry.accent, "'")
    return "".join(moras)


def questions(entry: Entry) -> tuple[str, str]:
    """The texts that show how an engine says a word: alone, and with a particle after it."""
    return entry.surface, entry.surface + _PARTICLE[0]


def is_said(entry: Entry, alone: str, framed: str) -> bool:
    """Whether an engine says a word as ``entry`` asks.

    Args:
        entry: the word; it must have an accent.
        alone: the reading that the engine gave for the first of the :func:`questions`, with accents.
        framed: the reading that it gave for the second.
    """
    wanted = _moras(entry.reading)
    return _agrees(wanted, entry.accent, alone, "") and _agrees(wanted, entry.accent, framed, _PARTICLE[1])


def _agrees(wanted: list[str], accent: int | None, notation: str, tail: str) -> bool:
    phrases = [part.replace("_", "").rstrip("？") for part in re.split("[/、]", notation)]
    first = len(_moras(phrases[0].replace("'", "")))
    falls = len(_moras(phrases[0].partition("'")[0]))
    return (
        _moras("".join(phrases).replace("'", "")) == [*wanted, *tail]
        and first >= len(wanted)
        and falls == (accent or first)
    )


def _moras(kana: str) -> list[str]:
    """The moras of ``kana`` as an engine writes them: long vowels spelt out, and kana that sound alike unified."""
    said = ""
    for letter in kana.translate(_SAME):
        said += _VOWELS.get(said[-1], letter) if letter == "ー" and said else letter
    return re.findall("[^ァィゥェォャュョヮ][ァィゥェォャュョヮ]?", said)
