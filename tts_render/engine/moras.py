"""Accent phrases and moras, as VOICEVOX and its kin describe them in JSON: read, written, counted, digested.

Every engine can be asked to say such phrases; what it cannot follow of them it says.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "PAUSE",
    "AccentPhrase",
    "Mora",
    "ShapeError",
    "count_moras",
    "digest_phrases",
    "fill",
    "is_complete",
    "is_open",
    "parse_notation",
    "read_phrases",
    "to_kana",
    "to_text",
    "write_phrases",
]

_NOTATION = re.compile("([^/、]+)([/、]?)")
_MORA = re.compile("(_?)([ァ-ヴ][ァィゥェォャュョヮ]?|ー)")

PAUSE = "pau"
"""The vowel of a mora that is silence."""


class ShapeError(ValueError):
    """JSON that does not have the expected form; the message says where it differs."""


@dataclass(frozen=True, slots=True)
class Mora:
    """One mora, or a pause."""

    text: str
    """In katakana."""
    consonant: str | None
    vowel: str
    """``pau`` for a pause; a capital letter is a voiceless vowel."""
    consonant_length: float | None
    """Seconds at normal speed."""
    vowel_length: float | None
    """Seconds at normal speed; None leaves it to the engine, and the consonant's too."""
    pitch: float | None
    """Natural logarithm of the frequency in hertz, 0 if voiceless; None leaves it to the engine."""


@dataclass(frozen=True, slots=True)
class AccentPhrase:
    """Moras that share one accent."""

    moras: tuple[Mora, ...]
    accent: int
    """1-based mora after which the pitch falls."""
    pause: Mora | None
    """The silence that follows."""
    question: bool


def read_phrases(query: object, *, open_ends: bool = False) -> tuple[AccentPhrase, ...]:
    """Parse the accent phrases in the JSON of ``/audio_query``, or of a take.

    Args:
        query: an object with ``accent_phrases``.
        open_ends: whether lengths and pitches may be missing, for the engine to fill in.

    Raises:
        ShapeError: it is not such JSON.
    """
    phrases = query.get("accent_phrases") if isinstance(query, dict) else None
    if not isinstance(phrases, list):
        raise ShapeError(said("no accent_phrases"))
    return tuple(_phrase(value, open_ends) for value in phrases)


def write_phrases(phrases: Sequence[AccentPhrase]) -> list[dict[str, object]]:
    """The list that :func:`read_phrases` finds under ``accent_phrases``."""
    return [
        {
            "moras": [asdict(mora) for mora in phrase.moras],
            "accent": phrase.accent,
            "pause_mora": None if phrase.pause is None else asdict(phrase.pause),
            "is_interrogative": phrase.question,
        }
        for phrase in phrases
    ]


def is_complete(phrases: Sequence[AccentPhrase]) -> bool:
    """Whether every mora has its length and pitch."""
    return all(mora.vowel_length is not None and mora.pitch is not None for mora in _all(phrases))


def is_open(phrases: Sequence[AccentPhrase]) -> bool:
    """Whether all lengths and pitches are left to the engine, so that the phrases sound as those of a text do."""
    return all(mora.vowel_length is None and mora.pitch is None for mora in _all(phrases))


def fill(phrases: Sequence[AccentPhrase], own: Sequence[AccentPhrase]) -> tuple[AccentPhrase, ...]:
    """``phrases`` with what is missing taken from ``own``, an engine's; 0 where that has nothing either.

    Raises:
        ShapeError: ``own`` does not consist of as many phrases and moras.
    """
    if [len(phrase.moras) for phrase in phrases] != [len(phrase.moras) for phrase in own]:
        raise ShapeError(said("other accent phrases than it was asked for"))

    def full(mora: Mora, other: Mora) -> Mora:
        consonant = mora.consonant_length
        if mora.consonant and consonant is None:
            consonant = other.consonant_length or 0.0
        vowel = other.vowel_length or 0.0 if mora.vowel_length is None else mora.vowel_length
        pitch = other.pitch or 0.0 if mora.pitch is None else mora.pitch
        return replace(mora, consonant_length=consonant, vowel_length=vowel, pitch=pitch)

    return tuple(
        replace(
            phrase,
            moras=tuple(map(full, phrase.moras, twin.moras)),
            pause=phrase.pause and full(phrase.pause, twin.pause or phrase.pause),
        )
        for phrase, twin in zip(phrases, own, strict=True)
    )


def to_kana(phrases: Sequence[AccentPhrase]) -> str:
    """The phrases in the notation of VOICEVOX: ``コンニチワ'/セ'カイ``, ``_`` before a voiceless mora."""
    parts: list[str] = []
    for index, phrase in enumerate(phrases):
        moras = [("_" if mora.vowel in "AIUEO" else "") + mora.text for mora in phrase.moras]
        moras.insert(phrase.accent, "'")
        ending = "？" if phrase.question else ""
        last = index == len(phrases) - 1
        parts.append("".join(moras) + ending + ("" if last else "、" if phrase.pause else "/"))
    return "".join(parts)


def parse_notation(kana: str) -> tuple[AccentPhrase, ...]:
    """The phrases that kana in the notation of VOICEVOX describe. Of their phones only voiceless vowels are known.

    Raises:
        ShapeError: a phrase has no accent, or no mora.
    """
    phrases: list[AccentPhrase] = []
    for part, border in _NOTATION.findall(kana):
        before, accent, after = part.removesuffix("？").partition("'")
        moras = [
            Mora(mora, None, "A" if voiceless else "a", None, None, None)
            for voiceless, mora in _MORA.findall(before + after)
        ]
        if not accent or not moras:
            raise ShapeError(said("{phrase!r} has no accent", phrase=part))
        pause = Mora("、", None, PAUSE, None, None, None) if border == "、" else None
        phrases.append(AccentPhrase(tuple(moras), len(_MORA.findall(before)), pause, part.endswith("？")))
    return tuple(phrases)


def to_text(phrases: Sequence[AccentPhrase]) -> str:
    """The kana of the phrases alone, with marks for pauses and questions."""
    return "".join(
        "".join(mora.text for mora in phrase.moras) + ("？" if phrase.question else "、" if phrase.pause else "")
        for phrase in phrases
    )


def _all(phrases: Sequence[AccentPhrase]) -> Iterator[Mora]:
    for phrase in phrases:
        yield from phrase.moras
        if phrase.pause is not None:
            yield phrase.pause


def _phrase(value: object, open_ends: bool) -> AccentPhrase:
    if not isinstance(value, dict) or not isinstance(value.get("moras"), list):
        raise ShapeError(said("an accent phrase without moras"))
    accent = value.get("accent")
    if not isinstance(accent, int):
        raise ShapeError(said("an accent phrase without accent"))
    pause = value.get("pause_mora")
    return AccentPhrase(
        moras=tuple(_mora(mora, open_ends) for mora in value["moras"]),
        accent=accent,
        pause=None if pause is None else _mora(pause, open_ends),
        question=value.get("is_interrogative", False) is True,
    )


def _mora(value: object, open_ends: bool) -> Mora:
    if not isinstance(value, dict):
        raise ShapeError(said("a mora that is not an object"))
    text, consonant, vowel = value.get("text"), value.get("consonant"), value.get("vowel")
    if not isinstance(text, str) or not isinstance(vowel, str) or not isinstance(consonant, str | None):
        raise ShapeError(said("a mora without text or vowel"))
    length = value.get("consonant_length")
    return Mora(
        text=text,
        consonant=consonant,
        vowel=vowel,
        consonant_length=None if length is None else _number(length, "length", least=0.0),
        vowel_length=_number_or_none(value.get("vowel_length"), "length", 0.0, open_ends),
        pitch=_number_or_none(value.get("pitch"), "pitch", -1e6, open_ends),
    )


def _number_or_none(value: object, what: str, least: float, open_ends: bool) -> float | None:
    return None if value is None and open_ends else _number(value, what, least=least)


def _number(value: object, what: str, *, least: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= 1e6:
        return float(value)
    raise ShapeError(said("a mora whose {what} is not a sensible number", what=what))


def count_moras(phrases: Sequence[AccentPhrase]) -> int:
    """The number of moras that sound. Some engines list a text's marks as moras that are pauses; those do not count."""
    return sum(mora.vowel != PAUSE for phrase in phrases for mora in phrase.moras)


def digest_phrases(phrases: Sequence[AccentPhrase]) -> str:
    """Digest of what determines the sound: moras, accents, pauses and questions, but not lengths or pitches."""
    form = [
        [
            [[mora.text, mora.consonant, mora.vowel] for mora in phrase.moras],
            phrase.accent,
            phrase.pause is not None,
            phrase.question,
        ]
        for phrase in phrases
    ]
    return digest_bytes(json.dumps(form, separators=(",", ":")).encode())
