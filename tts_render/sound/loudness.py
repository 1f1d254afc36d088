"""Meters: integrated loudness by ITU-R BS.1770-4 and true peak, fed block by block.

Both regroup their input into blocks of their own, so that not even the last bit of a reading depends on how the sound
arrived: the gain of a whole episode is derived from it.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from tts_render.sound.audio import decibels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from tts_render.ground.units import Decibels, Lufs, Seconds
    from tts_render.sound.audio import Samples

__all__ = [
    "CELL",
    "OVERSAMPLING",
    "Loudness",
    "LoudnessMeter",
    "Piece",
    "Profile",
    "ProfileMeter",
    "TruePeakMeter",
    "highest",
    "integrated",
    "measure",
]

OVERSAMPLING = 4
"""Points per frame at which a true peak is looked for, as BS.1770-4, annex 2 requires at these rates."""

CELL: Seconds = 0.01
"""Length of one cell of a profile."""

_OFFSET: Lufs = -0.691  # makes a 997 Hz sine at full scale in one channel read -3.01
_ABSOLUTE_GATE: Lufs = -70.0
_RELATIVE_GATE: Lufs = -10.0
_CELLS = 40  # cells in one gating block of 0.4 s
_SHORT_TERM = 300  # cells in a window of 3 s
_PIECE = 6000  # cells: a minute, and whole gating blocks
_STEP = 10  # cells from the start of one gating block to the start of the next
_RINGING = 0.06  # seconds after which the rest of the filter's response is below -100 dB


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a sound is."""

    integrated: Lufs
    """Integrated loudness; -inf for silence and for anything shorter than 0.4 s."""
    true_peak: Decibels
    """Highest true peak of any channel, in dBTP; -inf for silence."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of a profile: at most a minute, in cells of 10 ms."""

    energies: NDArray[np.float32]
    """Mean square after K-weighting, summed over the channels."""
    peaks: NDArray[np.float32]
    """Highest magnitude of a sample in any channel."""


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """How loudness and peaks run through a sound: 2.9 MB an hour.

    It stays in pieces: an array that grows is moved again and again, and leaves holes of its size in the memory.
    """

    pieces: tuple[Piece, ...]

    @property
    def energies(self) -> NDArray[np.float32]:
        """Those of all pieces, copied."""
        return np.concatenate([np.empty(0, np.float32), *(piece.energies for piece in self.pieces)])

    @property
    def peaks(self) -> NDArray[np.float32]:
        """Those of all pieces, copied."""
        return np.concatenate([np.empty(0, np.float32), *(piece.peaks for piece in self.pieces)])

    def integrated(self) -> Lufs:
        """Integrated loudness; see :func:`integrated`."""
        return integrated(piece.energies for piece in self.pieces)

    def short_term(self) -> NDArray[np.float64]:
        """Short-term loudness at each cell, in LUFS: over three seconds without a gate, as in EBU Tech 3341.

        The window is centred on the cell, so that a plot of it matches what is heard, and is cut off at the ends of the
        sound. -inf for silence.
        """
        energies = self.energies
        sums = np.concatenate(([0.0], np.cumsum(energies, dtype=np.float64)))
        cells = np.arange(len(energies))
        begin = np.maximum(0, cells - _SHORT_TERM // 2)
        end = np.minimum(len(cells), cells + _SHORT_TERM // 2)
        with np.errstate(divide="ignore"):
            levels: NDArray[np.float64] = _OFFSET + 10 * np.log10(
                np.maximum(0.0, sums[end] - sums[begin]) / (end - begin)
            )
        return levels


class LoudnessMeter:
    """Integrated loudness, fed block by block. It keeps 80 bytes per second of sound."""

    def __init__(self, rate: int, channels: int) -> None:
        self._cells = _Cells(rate, channels)
        self._steps = array("d")

    def add(self, block: Samples) -> None:
        """Take in the next frames, shape ``(frames, channels)``."""
        for energies, _ in self._cells.add(block):
            self._steps.frombytes(_steps(energies).tobytes())

    def integrated(self) -> Lufs:
        """Integrated loudness of everything so far; see :func:`integrated`."""
        energies, _ = self._cells.rest()
        return _gated(np.concatenate([self._steps, _steps(energies)]))


class ProfileMeter:
    """How loudness and peaks run through a sound, fed block by block. It keeps 800 bytes per second of sound."""

    def __init__(self, rate: int, channels: int) -> None:
        self._cells = _Cells(rate, channels)
        self._pieces: list[Piece] = []
        self._filling = Piece(np.empty(_PIECE, np.float32), np.empty(_PIECE, np.float32))
        self._filled = 0

    def add(self, block: Samples) -> None:
        """Take in the next frames, shape ``(frames, channels)``."""
        for energies, peaks in self._cells.add(block):
            part = slice(self._filled, self._filled + _CELLS)
            self._filling.energies[part], self._filling.peaks[part] = energies, peaks
            self._filled += _CELLS
            if self._filled == _PIECE:
                self._pieces.append(self._filling)
                self._filling = Piece(np.empty(_PIECE, np.float32), np.empty(_PIECE, np.float32))
                self._filled = 0

    def profile(self) -> Profile:
        """The profile so far, without a last cell that is not full."""
        energies, peaks = self._cells.rest()
        last = Piece(
            np.concatenate([self._filling.energies[: self._filled], energies]),
            np.concatenate([self._filling.peaks[: self._filled], peaks]),
        )
        return Profile((*self._pieces, last))


class _Cells:
    """Energy and peak of each 10 ms, K-weighted by ITU-R BS.1770-4. One or two channels, each with weight 1.

    The recursive K-weighting is applied as its impulse response, which ends after 0.06 s, by multiplying spectra
    (overlap-save), because numpy has no recursive filters.
    """

    def __init__(self, rate: int, channels: int) -> None:
        response = _k_weighting(rate)
        self._tail = len(response) - 1
        self._span = rate * 2 // 5
        self._edges = np.arange(_CELLS + 1) * self._span // _CELLS
        self._size = _fast_size(self._tail + self._span)
        self._spectrum = np.fft.rfft(response, self._size)
        self._window = np.zeros((channels, self._tail + self._span), dtype=np.float32)
        """The end of what was measured, followed by the frames that are waiting to fill 0.4 s."""
        self._filled = 0

    def add(self, block: Samples) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Take in frames, shape ``(frames, channels)``; yield energies and peaks of every 40 cells that they fill."""
        while len(block):
            part = block[: self._span - self._filled]
            begin = self._tail + self._filled
            self._window[:, begin : begin + len(part)] = part.T
            self._filled += len(part)
            block = block[len(part) :]
            if self._filled == self._span:
                yield self._measure()
                self._window[:, : self._tail] = self._window[:, self._span :]
                self._filled = 0

    def rest(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Energies and peaks of the full cells that were not yielded yet."""
        whole = int(np.count_nonzero(self._edges[1:] <= self._filled))
        energies, peaks = self._measure()
        return energies[:whole], peaks[:whole]

    def _measure(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Energy and peak of each cell in the window; neither depends on what follows the cell."""
        if not self._window.any():
            return np.zeros(_CELLS, dtype=np.float32), np.zeros(_CELLS, dtype=np.float32)
        spectrum = np.fft.rfft(self._window, self._size) * self._spectrum
        weighted = np.fft.irfft(spectrum, self._size)[:, self._tail : self._tail + self._span]
        power = np.add.reduceat(np.square(weighted).sum(axis=0), self._edges[:-1], dtype=np.float64)
        peaks = np.maximum.reduceat(np.abs(self._window[:, self._tail :]).max(axis=0), self._edges[:-1])
        return (power * (_CELLS / self._span)).astype(np.float32), peaks


class TruePeakMeter:
    """The highest peak between the samples, by fourfold oversampling (ITU-R BS.1770-4, annex 2) with soxr."""

    def __init__(self, rate: int, channels: int) -> None:
        self._stream = soxr.ResampleStream(rate, rate * OVERSAMPLING, channels, dtype="float32", quality="HQ")
        self._channels = channels
        self._peak = 0.0
        self._closed = False

    def add(self, block: Samples) -> None:
        """Take in the next frames, shape ``(frames, channels)``."""
        self._look(self._stream.resample_chunk(block))
        self._peak = max(self._peak, highest(block))

    def peak_db(self) -> Decibels:
        """Highest true peak in dBTP, -inf for silence; nothing can be added after this call."""
        if not self._closed:
            self._closed = True
            self._look(self._stream.resample_chunk(np.zeros((0, self._channels), dtype=np.float32), last=True))
        return decibels(self._peak)

    def _look(self, oversampled: Samples) -> None:
        self._peak = max(self._peak, highest(oversampled))


def integrated(energies: Iterable[NDArray[np.float32]]) -> Lufs:
    """Integrated loudness by ITU-R BS.1770-4: blocks of 400 ms that overlap by 75 %, both gates.

    It is -inf for silence, and for anything shorter than one gating block of 0.4 s.

    Args:
        energies: the energies of consecutive cells, in pieces of any length.
    """
    steps: list[NDArray[np.float64]] = []
    left = np.empty(0, np.float32)
    for piece in energies:
        cells = np.concatenate([left, piece])
        steps.append(_steps(cells))
        left = cells[len(steps[-1]) * _STEP :]
    return _gated(np.concatenate([np.empty(0), *steps]))


def _steps(energies: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean of every ten cells, without an incomplete last ten."""
    steps = len(energies) // _STEP
    means: NDArray[np.float64] = energies[: steps * _STEP].reshape(steps, _STEP).mean(axis=1, dtype=np.float64)
    return means


def _gated(steps: NDArray[np.float64]) -> Lufs:
    """The mean of the gating blocks above both gates (BS.1770-4, formulas 4 to 7)."""
    per_block = _CELLS // _STEP
    if len(steps) < per_block:
        return -math.inf
    blocks = np.convolve(steps, np.full(per_block, 1 / per_block), mode="valid")
    blocks = blocks[blocks > 10 ** ((_ABSOLUTE_GATE - _OFFSET) / 10)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > blocks.mean() * 10 ** (_RELATIVE_GATE / 10)]
    return float(_OFFSET + 10 * np.log10(blocks.mean()))


def highest(samples: Samples) -> float:
    """The largest magnitude of any sample; 0 if there are none."""
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))


def measure(blocks: Iterable[Samples], rate: int, channels: int) -> Loudness:
    """Measure loudness and true peak of a sound that comes in blocks."""
    meter, peak = LoudnessMeter(rate, channels), TruePeakMeter(rate, channels)
    for block in blocks:
        meter.add(block)
        peak.add(block)
    return Loudness(meter.integrated(), peak.peak_db())


def _k_weighting(rate: int) -> NDArray[np.float32]:
    """Impulse response of the two stages of K-weighting at ``rate``.

    BS.1770-4 gives coefficients for 48 kHz only. These are the analogue prototypes that yield them, from B. De Man,
    "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145 (2018); libebur128 uses the same.
    """
    impulse = np.zeros(int(rate * _RINGING))
    impulse[0] = 1.0

    k = math.tan(math.pi * 1681.974450955533 / rate)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = _biquad(
        impulse,
        ((high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0, (high - band * k / q + k * k) / a0),
        (2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0),
    )

    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    return _biquad(shelf, (1.0, -2.0, 1.0), (2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)).astype(np.float32)


def _biquad(
    samples: NDArray[np.float64], forward: tuple[float, float, float], back: tuple[float, float]
) -> NDArray[np.float64]:
    x1 = x2 = y1 = y2 = 0.0
    filtered = np.empty_like(samples)
    for index, x in enumerate(samples.tolist()):
        y = forward[0] * x + forward[1] * x1 + forward[2] * x2 - back[0] * y1 - back[1] * y2
        x1, x2, y1, y2 = x, x1, y, y1
        filtered[index] = y
    return filtered


def _fast_size(least: int) -> int:
    """The smallest 3, 4 or 5 times a power of two that is at least ``least``: spectra of these sizes are fast."""
    return min(factor << max(0, -(-least // factor) - 1).bit_length() for factor in (3, 4, 5))
