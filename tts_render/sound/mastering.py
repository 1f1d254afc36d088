"""Mastering: one gain for the whole episode, and a look-ahead limiter that holds its true peak.

The limiter works in three steps, all on a grid of its own so that its result does not depend on how blocks arrive:
how far each frame must come down (from a fourfold oversampled copy), the same with a hold before and an exponential
release after, and that smoothed by two moving averages. The averages span just as much as was held before, so every
frame comes down at least as far as it must, and the gain has no corner that could be heard or could lift a peak.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import soxr

from tts_render.ground.units import seconds_to_frames
from tts_render.sound.audio import amplitude, reblock
from tts_render.sound.loudness import CELL, OVERSAMPLING, Profile, highest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tts_render.ground.units import Decibels, Lufs, Seconds
    from tts_render.sound.audio import Samples
    from tts_render.sound.loudness import Loudness

__all__ = ["MOST_GAIN", "MOST_PUSH", "Master", "correct", "decide", "gain_for", "limit"]

MOST_GAIN: Decibels = 30.0
"""The most that a quiet episode is raised: beyond this there is only noise to be made louder."""

MOST_PUSH: Decibels = 3.0
"""The most that is added to make up for what the limiter takes away."""

_RESERVE: Decibels = 0.5  # the limiter's ceiling stays this far under the true peak that may come out of the MP3
_AGREES: Decibels = 0.3  # a finished MP3 may be this far from the loudness that was expected
_BEYOND: Decibels = 0.1  # a ceiling that proved too high is lowered by this much more than it was passed
_ATTACK: Seconds = 0.004
_RELEASE: Seconds = 0.060
_GRID = 1 << 14  # frames that are worked on at a time
_AROUND = 8  # frames: half the reach of an interpolated peak that matters
_CELLS_AT_A_TIME = 2000  # over which a decay by 60 ms stays within what a float can hold
_TRIES = 12  # steps towards the gain; what is then still lacking shows in the expected loudness
_INAUDIBLE = 1e-5  # less reduction than 0.0001 dB is none

_Reduction: TypeAlias = "NDArray[np.float64]"
"""Of each frame, how much of its amplitude is taken away: 0 is nothing, 1 everything."""


@dataclass(frozen=True, slots=True)
class Master:
    """What is done to the mix of an episode."""

    gain_db: Decibels
    """Applied to everything."""
    ceiling_db: Decibels
    """True peak that the limiter lets through, in dBTP."""
    expected: Lufs
    """Integrated loudness that comes out; -inf for silence. Not the one asked for where that cannot be reached."""


def gain_for(measured: Lufs, target: Lufs) -> Decibels:
    """The gain that brings ``measured`` to ``target``, limiter aside; 0 for silence, at most 30 dB.

    In steps of 0.01 dB, so that it stays the same where another processor measures another last bit.
    """
    return min(MOST_GAIN, round(target - measured, 2)) if np.isfinite(measured) else 0.0


def decide(profile: Profile, *, loudness: Lufs, true_peak: Decibels) -> Master:
    """How to bring a sound of this ``profile`` to ``loudness``, at most ``true_peak`` after encoding.

    What the limiter will take away is foretold from the profile and made up for, by 3 dB at most: on speech that it
    takes 1 LU from, the foretold loudness is right within 0.03 LU. Silence is left alone.
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
    """The master to encode again with, after a finished MP3 was measured; None where it is right.

    It is wrong where its true peak passes ``true_peak``, or where its loudness is more than 0.3 LU from the expected.
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
    """Integrated loudness of what ``limit`` makes of a sound of this profile, foretold cell by cell."""
    gain, ceiling = amplitude(gain_db), amplitude(ceiling_db)
    energies = np.empty_like(profile.energies)
    decay = np.exp(-np.arange(1, _CELLS_AT_A_TIME + 1) * (CELL / _RELEASE))
    before = np.zeros(1)
    for start in range(0, len(energies), _CELLS_AT_A_TIME):
        part = slice(start, start + _CELLS_AT_A_TIME)
        needed = 1.0 - ceiling / np.maximum(profile.peaks[part] * gain, ceiling, dtype=np.float64)
        released = _decaying(needed, before, decay)
        energies[part] = profile.energies[part] * (gain * (1.0 - released)) ** 2
        before = released[-1:]
    return Profile(energies, profile.peaks).integrated()


def _decaying(values: _Reduction, before: _Reduction, decay: _Reduction) -> _Reduction:
    """Each value, or what the highest so far has decayed to, if that is more.

    Args:
        values: not negative.
        before: the last result before these values; may be empty.
        decay: what remains of a value after 1, 2, ... places; at least as many as there are values.
    """
    decay = decay[: len(values)]
    return np.asarray(np.maximum.accumulate(np.append(before, values / decay))[-len(values) :] * decay)


def limit(blocks: Iterable[Samples], *, rate: int, gain_db: Decibels, ceiling_db: Decibels) -> Iterator[Samples]:
    """``blocks`` with a gain, and with peaks brought under a ceiling; as many frames as came in.

    All channels come down together. Where nothing passes the ceiling, the sound is only multiplied.

    Args:
        blocks: shape ``(frames, channels)`` each, of any length.
        rate: frames a second.
        gain_db: applied before the limiter.
        ceiling_db: the highest true peak that may come out, in dBTP.
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
    """Blocks of the grid with their gain, and how far each frame must come down; None where none must."""
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
    """The gain over time; holds what reaches from one block of the grid into the next."""

    def __init__(self, rate: int) -> None:
        self._half = seconds_to_frames(_ATTACK / 2, rate)
        """Frames of each of the two moving averages."""
        self._ahead = 2 * self._half - 1 + _AROUND
        """Frames that a reduction begins before its peak, the peak included."""
        self._past = 2 * self._half - 2
        """Frames whose released reduction the two averages of one frame reach back to."""
        self._decay = np.exp(-np.arange(1, self._past + _GRID + 1) / (_RELEASE * rate))
        # Silence stands before the sound, long enough for a reduction to begin before the first frame.
        self._before: _Reduction = np.zeros(_AROUND + self._past)
        self._released: _Reduction = np.zeros(0)

    def bring_down(self, block: Samples, needed: _Reduction | None, following: _Reduction | None) -> Samples:
        """``block`` with its reduction, knowing what the block after it needs."""
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
    """The highest of each ``width`` neighbours, by doubling: as many as have that many."""
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        values = np.maximum(values[:-step], values[step:])
        reach += step
    return values


def _moving_average(values: _Reduction, width: int) -> _Reduction:
    """The average of each ``width`` neighbours: as many as have that many."""
    sums = np.cumsum(np.append(0.0, values))
    return np.asarray((sums[width:] - sums[:-width]) / width)
