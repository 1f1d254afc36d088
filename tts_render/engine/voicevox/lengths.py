"""How long the sound of accent phrases is in VOICEVOX and compatible engines.

Before it makes the sound, the engine rounds every length to whole steps of 256 samples at 24 kHz (93.75 a second), each
consonant and vowel separately. The same calculation here predicts the length of a reply to the sample, which is how
a truncated sound is detected. The order of the steps is that of ``_query_to_decoder_feature`` in
``tts_pipeline/tts_engine.py`` of VOICEVOX/voicevox_engine 0.25.2; results were compared with that code, query by query.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tts_render.engine.base import MoraTime
from tts_render.engine.moras import PAUSE
from tts_render.ground.units import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine.base import Scales
    from tts_render.engine.moras import AccentPhrase

__all__ = ["STEPS_PER_SECOND", "Prediction", "predict"]

STEPS_PER_SECOND = 93.75
_UPSPEAK = 0.15
"""Seconds by which the last vowel of a question is drawn out."""


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


def predict(phrases: Sequence[AccentPhrase], scales: Scales, *, pause_length: float | None = None) -> Prediction:
    """Predict how long the sound of ``phrases`` will be, with no silence before and after.

    Args:
        phrases: complete, as the engine gives them.
        scales: only speed and pause are used.
        pause_length: the query's ``pauseLength``: seconds that replace the length of every pause.
    """
    steps: list[tuple[str, int]] = []
    phonemes = 0
    for phrase in phrases:
        last = phrase.moras[-1] if phrase.moras else None
        for mora in (*phrase.moras, *([] if phrase.pause is None else [phrase.pause])):
            seconds = mora.vowel_length or 0.0
            if mora.vowel == PAUSE:
                seconds = (seconds if pause_length is None else pause_length) * scales.pause
            count = _to_steps(seconds / scales.speed)
            phonemes += 1
            if mora.consonant:
                count += _to_steps((mora.consonant_length or 0.0) / scales.speed)
                phonemes += 1
            if phrase.question and mora is last and (mora.pitch or 0) > 0:
                count += _to_steps(_UPSPEAK / scales.speed)
                phonemes += 1
            steps.append(("、" if mora.vowel == PAUSE else mora.text, count))
    return Prediction(tuple(steps), phonemes)


def _to_steps(seconds: float) -> int:
    """Round to whole steps as the engine does: a half goes to the even neighbour, as in numpy and Python."""
    return round(seconds * STEPS_PER_SECOND)
