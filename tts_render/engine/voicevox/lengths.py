"""Accent phrases as VOICEVOX and compatible engines describe them: read from JSON, digested, counted, timed.

Before it makes the sound, the engine rounds every length to whole steps of 256 samples at 24 kHz (93.75 a second), each
consonant and vowel separately. The same calculation here predicts the length of a reply to the sample, which is how
a truncated sound is detected. The order of the steps is that of ``_query_to_decoder_feature`` in
``tts_pipeline/tts_engine.py`` of VOICEVOX/voicevox_engine 0.25.2; results were compared with that code, query by query.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tts_render.engine.base import MoraTime
from tts_render.ground.files import digest_bytes
from tts_render.ground.units import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine.base import Scales

__all__ = [
    "STEPS_PER_SECOND",
    "AccentPhrase",
    "Mora",
    "Prediction",
    "ShapeError",
    "count_moras",
    "digest_phrases",
    "predict",
    "read_phrases",
]

STEPS_PER_SECOND = 93.75
_UPSPEAK = 0.15
"""Seconds by which the last vowel of a question is drawn out."""
_PAUSE = "pau"


class ShapeError(ValueError):
    """The engine's answer does not have the expected form; the message says where it differs."""


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
    vowel_length: float
    """Seconds at normal speed."""
    pitch: float
    """Natural logarithm of the frequency in hertz; 0 if voiceless."""


@dataclass(frozen=True, slots=True)
class AccentPhrase:
    """Moras that share one accent."""

    moras: tuple[Mora, ...]
    accent: int
    """1-based mora after which the pitch falls."""
    pause: Mora | None
    """The silence that follows."""
    question: bool


@dataclass(frozen=True, slots=True)
class Prediction:
    """How long a sound will be."""

    steps: tuple[tuple[str, int], ...]
    """Text and length of every mora and pause, in order, in steps of 1/93.75 s."""
    phonemes: int
    """Number of lengths that were rounded: consonants, vowels and pauses."""

    @property
    def total(self) -> int:
        """Total number of steps; 0 if the engine gives no lengths."""
        return sum(count for _, count in self.steps)

    @property
    def tolerance(self) -> int:
        """Steps by which an engine that rounds differently may deviate.

        Rounding one length is off by at most half a step, uniformly distributed: a standard deviation of 0.29. Over n
        of them it is 0.29 times the root of n, so the root of n is 3.4 deviations; 4 more steps allow for different
        edges.
        """
        return 4 + math.isqrt(self.phonemes)

    def frames(self, rate: int) -> int:
        """The length in frames at ``rate`` Hz."""
        return int(Fraction(self.total * rate * 256, 24_000) + Fraction(1, 2))

    def times(self, frames: int) -> tuple[MoraTime, ...]:
        """When each mora sounds in a clip of ``frames``, without gaps; empty if the engine gives no lengths."""
        total = self.total
        if not total:
            return ()
        moras: list[MoraTime] = []
        start = steps = 0
        for text, count in self.steps:
            steps += count
            end = (2 * steps * frames + total) // (2 * total)
            moras.append(MoraTime(text, Frames(start), Frames(end)))
            start = end
        return tuple(moras)


def read_phrases(query: object) -> tuple[AccentPhrase, ...]:
    """Parse the accent phrases in the JSON of ``/audio_query``.

    Raises:
        ShapeError: it is not such JSON.
    """
    phrases = query.get("accent_phrases") if isinstance(query, dict) else None
    if not isinstance(phrases, list):
        raise ShapeError("no accent_phrases")
    return tuple(_phrase(value) for value in phrases)


def _phrase(value: object) -> AccentPhrase:
    if not isinstance(value, dict) or not isinstance(value.get("moras"), list):
        raise ShapeError("an accent phrase without moras")
    accent = value.get("accent")
    if not isinstance(accent, int):
        raise ShapeError("an accent phrase without accent")
    pause = value.get("pause_mora")
    return AccentPhrase(
        moras=tuple(_mora(mora) for mora in value["moras"]),
        accent=accent,
        pause=None if pause is None else _mora(pause),
        question=value.get("is_interrogative", False) is True,
    )


def _mora(value: object) -> Mora:
    if not isinstance(value, dict):
        raise ShapeError("a mora that is not an object")
    text, consonant, vowel = value.get("text"), value.get("consonant"), value.get("vowel")
    if not isinstance(text, str) or not isinstance(vowel, str) or not isinstance(consonant, str | None):
        raise ShapeError("a mora without text or vowel")
    length = value.get("consonant_length")
    return Mora(
        text=text,
        consonant=consonant,
        vowel=vowel,
        consonant_length=None if length is None else _number(length, "length", least=0.0),
        vowel_length=_number(value.get("vowel_length"), "length", least=0.0),
        pitch=_number(value.get("pitch"), "pitch", least=-1e6),
    )


def _number(value: object, what: str, *, least: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= 1e6:
        return float(value)
    raise ShapeError(f"a mora whose {what} is not a sensible number")


def count_moras(phrases: Sequence[AccentPhrase]) -> int:
    """The number of moras that sound. Some engines list a text's marks as moras that are pauses; those do not count."""
    return sum(mora.vowel != _PAUSE for phrase in phrases for mora in phrase.moras)


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


def predict(phrases: Sequence[AccentPhrase], scales: Scales, *, pause_length: float | None = None) -> Prediction:
    """Predict how long the sound of ``phrases`` will be, with no silence before and after.

    Args:
        phrases: as the engine gave them.
        scales: only speed and pause are used.
        pause_length: the query's ``pauseLength``: seconds that replace the length of every pause.
    """
    steps: list[tuple[str, int]] = []
    phonemes = 0
    for phrase in phrases:
        last = phrase.moras[-1] if phrase.moras else None
        for mora in (*phrase.moras, *([] if phrase.pause is None else [phrase.pause])):
            seconds = mora.vowel_length
            if mora.vowel == _PAUSE:
                seconds = (seconds if pause_length is None else pause_length) * scales.pause
            count = _to_steps(seconds / scales.speed)
            phonemes += 1
            if mora.consonant:
                count += _to_steps((mora.consonant_length or 0.0) / scales.speed)
                phonemes += 1
            if phrase.question and mora is last and mora.pitch > 0:
                count += _to_steps(_UPSPEAK / scales.speed)
                phonemes += 1
            steps.append(("、" if mora.vowel == _PAUSE else mora.text, count))
    return Prediction(tuple(steps), phonemes)


def _to_steps(seconds: float) -> int:
    """Round to whole steps as the engine does: a half goes to the even neighbour, as in numpy and Python."""
    return round(seconds * STEPS_PER_SECOND)
