"""Mastering: one gain for the whole episode, and a look-ahead limiter that holds its true peak.

The limiter works in three steps, on a grid of its own so that the result does not depend on how blocks arrive. It
determines how far each frame must come down (from a fourfold oversampled copy), adds a hold before each peak and an
exponential release after it, and smooths the result by two moving averages. The averages span exactly as much as was
held, so every frame comes down at least as far as it must, and the gain has no corner that could be heard or raise a
peak.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import soxr

from tts_render.ground.units import seconds_to_frames
from tts_render.sound.audio import amplitude, reblock
from tts_render.sound.loudness import CELL, OVERSAMPLING, highest, integrated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tts_render.ground.units import Decibels, Lufs, Seconds
    from tts_render.sound.audio import Samples
    from tts_render.sound.loudness import Loudness, Profile

__all__ = ["MOST_GAIN", "MOST_PUSH", "Master", "correct", "decide", "gain_for", "limit"]

MOST_GAIN: Decibels = 30.0
"""The most that a quiet episode is raised: beyond this, only noise would get louder."""

MOST_PUSH: Decibels = 3.0
"""The most that is added to compensate for what the limiter takes away."""

_RESERVE: Decibels = 0.5  # the limiter's ceiling is this far below the true peak allowed in the MP3
_AGREES: Decibels = 0.3  # a finished MP3 may differ this much from the expected loudness
_BEYOND: Decibels = 0.1  # a ceiling that proved too high is lowered by the excess and this much more
_ATTACK: Seconds = 0.004
_RELEASE: Seconds = 0.060
_GRID = 1 << 14  # frames processed at a time
_AROUND = 8  # frames: half the reach of an interpolated peak that matters
_CELLS_AT_A_TIME = 2000  # the range in which a decay of 60 ms fits in a float
_TRIES = 12  # iterations to find the gain; what is still missing then shows in the expected loudness
_INAUDIBLE = 1e-5  # a reduction of less than 0.0001 dB counts as none

_Reduction: TypeAlias = "NDArray[np.float64]"
"""For each frame, the share of its amplitude that is taken away: from 0, nothing, to 1, everything."""


@dataclass(frozen=True, slots=True)
class Master:
    """How the mix of an episode is mastered."""

    gain_db: Decibels
    """Gain applied to everything."""
    ceiling_db: Decibels
    """True peak that the limiter lets through, in dBTP."""
    expected: Lufs
    """Expected integrated loudness, which is not the requested one if that cannot be reached; -inf for silence."""


def gain_for(measured: Lufs, target: Lufs) -> Decibels:
    """The gain that brings ``measured`` to ``target`` without the limiter; 0 for silence, at most 30 dB.

    It is in steps of 0.01 dB, so that it stays the same on a processor whose measurement differs in the last bit.
    """
    return min(MOST_GAIN, round(target - measured, 2)) if np.isfinite(measured) else 0.0


def decide(profile: Profile, *, loudness: Lufs, true_peak: Decibels) -> Master:
    """Decide how to bring a sound of this ``profile`` to ``loudness``, at most ``true_peak`` after encoding.

    What the limiter will take away is predicted from the profile and compensated for, by at most 3 dB: on speech that
    loses 1 LU, the predicted loudness is right within 0.03 LU. Silence is left alone.
    """
    ceiling = true_peak - _RESERVE
    measured = profile.integrated()
    gain = gain_for(measured, loudness)
    if not np.isfinite(measured):
        return Master(gain, ceiling, measured)
    most = min(MOST_GAIN, gain + MOST_PUSH)
    for _ in range(_TRIES):
        gain = min(most, gain + loudness - _limited(profile, gain, ceiling))
    gain = round(gain, 2)
    return Master(gain, ceiling, _limited(profile, gain, ceiling))


def correct(master: Master, found: Loudness, *, true_peak: Decibels) -> Master | None:
    """The master for encoding once more, given what was measured of a finished MP3; None if that is right.

    It is wrong if its true peak exceeds ``true_peak``, or if its loudness is more than 0.3 LU from the expected one.
    """
    passed = found.true_peak - true_peak
    lacking = master.expected - found.integrated if np.isfinite(master.expected) else 0.0
    if passed <= 0 and abs(lacking) <= _AGREES:
        return None
    return replace(
        master,
        gain_db=master.gain_db + (round(lacking, 2) if abs(lacking) > _AGREES else 0.0),
        ceiling_db=master.ceiling_db - (round(passed + _BEYOND, 2) if passed > 0 else 0.0),
    )


def _limited(profile: Profile, gain_db: Decibels, ceiling_db: Decibels) -> Lufs:
    """Predict, cell by cell, the integrated loudness of what ``limit`` makes of a sound of this profile."""
    gain, ceiling = amplitude(gain_db), amplitude(ceiling_db)
    decay = np.exp(-np.arange(1, _CELLS_AT_A_TIME + 1) * (CELL / _RELEASE))

    def energies() -> Iterator[NDArray[np.float32]]:
        before = np.zeros(1)
        for piece in profile.pieces:
            for start in range(0, len(piece.energies), _CELLS_AT_A_TIME):
                part = slice(start, start + _CELLS_AT_A_TIME)
                needed = 1.0 - ceiling / np.maximum(piece.peaks[part] * gain, ceiling, dtype=np.float64)
                released = _decaying(needed, before, decay)
                yield (piece.energies[part] * (gain * (1.0 - released)) ** 2).astype(np.float32)
                before = released[-1:]

    return integrated(energies())


def _decaying(values: _Reduction, before: _Reduction, decay: _Reduction) -> _Reduction:
    """Each value, or the decayed maximum of the values before it, whichever is larger.

    Args:
        values: not negative.
        before: the results for the values before these; may be empty.
        decay: what remains of a value after 1, 2, ... places; at least as many as there are values.
    """
    decay = decay[: len(values)]
    return np.asarray(np.maximum.accumulate(np.append(before, values / decay))[-len(values) :] * decay)


def limit(blocks: Iterable[Samples], *, rate: int, gain_db: Decibels, ceiling_db: Decibels) -> Iterator[Samples]:
    """Apply a gain to ``blocks`` and bring peaks under a ceiling, without changing the number of frames.

    All channels come down together. Where nothing exceeds the ceiling, the sound is only multiplied.

    Args:
        blocks: shape ``(frames, channels)`` each, of any length.
        rate: frames per second.
        gain_db: applied before the limiter.
        ceiling_db: highest true peak of the result, in dBTP.
    """
    curve = _Curve(rate)
    gain, ceiling = np.float32(amplitude(gain_db)), amplitude(ceiling_db)
    pending: tuple[Samples, _Reduction | None] | None = None
    for block, needed in _needed_reductions(blocks, rate, gain, ceiling):
        if pending:
            yield curve.bring_down(*pending, needed)
        pending = block, needed
    if pending:
        yield curve.bring_down(*pending, None)


def _needed_reductions(
    blocks: Iterable[Samples], rate: int, gain: np.float32, ceiling: float
) -> Iterator[tuple[Samples, _Reduction | None]]:
    """Blocks of the grid with their gain, and how far each frame must come down; None if no frame must."""
    waiting: deque[Samples] = deque()

    def oversampled() -> Iterator[Samples]:
        stream = None
        for block in reblock(blocks, _GRID):
            channels = block.shape[1]
            stream = stream or soxr.ResampleStream(rate, rate * OVERSAMPLING, channels, dtype="float32", quality="HQ")
            waiting.append(block * gain)
            yield stream.resample_chunk(waiting[-1])
        if stream:
            yield stream.resample_chunk(np.zeros((0, channels), dtype=np.float32), last=True)

    for between in reblock(oversampled(), _GRID * OVERSAMPLING):
        block = waiting.popleft()
        if max(highest(block), highest(between)) <= ceiling:
            yield block, None
            continue
        peaks = np.abs(block).max(axis=1)
        for channel in np.abs(between).T:
            for phase in range(OVERSAMPLING):
                np.maximum(peaks, channel[phase::OVERSAMPLING], out=peaks)
        yield block, 1.0 - ceiling / np.maximum(peaks, ceiling, dtype=np.float64)


class _Curve:
    """The gain over time; keeps the state that carries over from one block of the grid to the next."""

    def __init__(self, rate: int) -> None:
        self._half = seconds_to_frames(_ATTACK / 2, rate)
        """Frames in each of the two moving averages."""
        self._ahead = 2 * self._half - 1 + _AROUND
        """Frames by which a reduction begins before its peak, the peak included."""
        self._past = 2 * self._half - 2
        """Frames of released reduction before the current one that its two averages cover."""
        self._decay = np.exp(-np.arange(1, self._past + _GRID + 1) / (_RELEASE * rate))
        # Begin with silence, long enough for a reduction to begin before the first frame.
        self._before: _Reduction = np.zeros(_AROUND + self._past)
        self._released: _Reduction = np.zeros(0)

    def bring_down(self, block: Samples, needed: _Reduction | None, following: _Reduction | None) -> Samples:
        """Reduce ``block``, given what it needs and what the following block needs."""
        ahead = np.zeros(self._ahead - 1)
        if following is not None:
            ahead[: len(following)] = following[: len(ahead)]
        if needed is None and not (ahead.any() or self._before.any() or self._released.any()):
            self._before, self._released = np.zeros(_AROUND), np.zeros(self._past)
            return block
        if needed is None:
            needed = np.zeros(len(block))
        held = _sliding_maximum(np.concatenate([self._before, needed, ahead]), _AROUND + self._ahead)
        decaying = _decaying(held, self._released[-1:], self._decay)
        decaying[decaying < _INAUDIBLE] = 0.0
        released = np.concatenate([self._released, decaying])
        self._before = needed[-_AROUND:]
        self._released = released[len(block) :]
        reduction = _moving_average(_moving_average(released, self._half), self._half)
        return block * (1.0 - reduction).astype(np.float32)[:, np.newaxis]


def _sliding_maximum(values: _Reduction, width: int) -> _Reduction:
    """The maximum of every ``width`` consecutive values, found by doubling; only full windows count."""
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        values = np.maximum(values[:-step], values[step:])
        reach += step
    return values


def _moving_average(values: _Reduction, width: int) -> _Reduction:
    """The average of every ``width`` consecutive values; only full windows count."""
    sums = np.cumsum(np.append(0.0, values))
    return np.asarray((sums[width:] - sums[:-width]) / width)
