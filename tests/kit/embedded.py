"""What the tests of both embedded engines measure with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tts_render.engine.base import Spoken

ROOT = Path(__file__).parents[2]

MARKS = ["", " ", "　", "\n", "。", "…", "！？", "」", "ー", "ーー、ー", "♪", "★", "😀", "(^_^)", "-", "・", "々"]


def mono(spoken: Spoken) -> NDArray[np.float64]:
    assert spoken.samples.dtype == np.float32
    assert spoken.samples.ndim == 2
    assert spoken.samples.shape[1] == 1
    return spoken.samples[:, 0].astype(np.float64)


def level(sound: NDArray[np.float64]) -> float:
    """RMS in dBFS."""
    return float(10 * np.log10(np.mean(np.square(sound)) + 1e-20))


def quiet_ends(spoken: Spoken) -> tuple[float, float]:
    """Seconds before and after in which nothing comes within 50 dB of the peak."""
    sound = mono(spoken)
    (loud,) = np.nonzero(np.abs(sound) > np.abs(sound).max() * 10 ** (-50 / 20))
    return loud[0] / spoken.rate, (len(sound) - 1 - loud[-1]) / spoken.rate


def pitches(spoken: Spoken) -> NDArray[np.float64]:
    """Fundamental frequency in Hz, 70 to 1000, of windows of 40 ms every 10 ms, by autocorrelation; nan for no voice."""
    sound = mono(spoken)
    size = spoken.rate // 25
    return np.array([_pitch(sound[at : at + size], spoken.rate) for at in range(0, len(sound) - size, size // 4)])


def _pitch(window: NDArray[np.float64], rate: int) -> float:
    window = window - window.mean()
    size = len(window)
    shortest, longest = rate // 1000, rate // 70
    likeness = np.correlate(window, window, "full")[size - 1 :] / (size - np.arange(size))
    inner = likeness[shortest:longest]
    (peaks,) = np.nonzero((inner[1:-1] >= inner[:-2]) & (inner[1:-1] > inner[2:]))
    if level(window) < -50 or not len(peaks) or inner[peaks + 1].max() < 0.6 * likeness[0]:
        return np.nan
    # Two periods are as alike as one: the first peak that is nearly the highest is meant.
    high = peaks[inner[peaks + 1] > 0.9 * inner[peaks + 1].max()][0] + 1
    before, here, after = inner[high - 1 : high + 2]
    return float(rate / (shortest + high + 0.5 * (before - after) / (before - 2 * here + after)))


def run(program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter; with ``-S`` it sees this package and the standard library alone."""
    setup = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    return subprocess.run([sys.executable, *flags, "-c", setup + program], capture_output=True, text=True, check=False)
