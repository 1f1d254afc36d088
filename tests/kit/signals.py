"""Signals made here, and what other tools measure in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tts_render.sound.audio import Samples

    Test = Callable[..., None]


def needs_ffmpeg(test: Test) -> Test:
    """Mark a test that needs ffmpeg and ffprobe, and skip it without them."""
    missing = not (shutil.which("ffmpeg") and shutil.which("ffprobe"))
    return pytest.mark.ffmpeg(pytest.mark.skipif(missing, reason="needs ffmpeg and ffprobe")(test))


def needs_lame(test: Test) -> Test:
    """Mark a test that needs lame, and skip it without."""
    missing = not shutil.which("lame")
    return pytest.mark.lame(pytest.mark.skipif(missing, reason="needs lame")(test))


def tone(frequency: float, seconds: float, rate: int = 44100, *, level: float = 0.5, channels: int = 1) -> Samples:
    """A sine of amplitude ``level``, the same in all channels."""
    time = np.arange(round(seconds * rate)) / rate
    return np.repeat((level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, np.newaxis], channels, axis=1)


def speech_like(seconds: float, rate: int = 44100, *, seed: int = 0) -> Samples:
    """Syllables of a buzzing voice with pauses between: a pulse every pitch period, through three resonances.

    Its peaks stand 15 to 20 dB above its loudness, as those of speech do; it reaches up to full scale.
    """
    random = np.random.default_rng(seed)
    frames = round(seconds * rate)
    pitch = 120 + 60 * np.sin(np.arange(frames) / rate * 2.1) + 20 * np.sin(np.arange(frames) / rate * 9.3)
    pulses = np.diff(np.floor(np.cumsum(pitch / rate)), prepend=0)
    breath = random.standard_normal(frames) * 0.02
    time = np.arange(round(0.03 * rate)) / rate
    resonance = sum(
        np.exp(-time * 90 * k) * np.sin(2 * np.pi * f * time) / k for k, f in ((1, 700), (2, 1400), (3, 2900))
    )
    size = 1 << int(np.ceil(np.log2(frames + len(time))))
    voice = np.fft.irfft(np.fft.rfft(pulses + breath, size) * np.fft.rfft(resonance, size), size)[:frames]
    syllable = np.clip(1.4 * np.sin(np.pi * ((np.arange(frames) / rate * 4.5) % 1)) - 0.2, 0, 1)
    phrase = ((np.arange(frames) / rate) % 2.6 < 2.1) * random.uniform(0.4, 1.0, frames // rate + 1).repeat(rate)[
        :frames
    ]
    shaped = voice * syllable * phrase
    return np.asarray(shaped / np.abs(shaped).max(), dtype=np.float32)[:, np.newaxis]


def in_blocks(samples: Samples, frames: int = 1 << 16) -> Iterator[Samples]:
    """``samples`` cut into blocks of ``frames``."""
    for start in range(0, len(samples), frames):
        yield samples[start : start + frames]


def ffmpeg_loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak as ffmpeg's ebur128 measures them, to 0.1."""
    command = ["ffmpeg", "-nostats", "-i", str(path), "-filter_complex", "ebur128=peak=true", "-f", "null", "-"]
    told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stderr
    return float(re.findall(r"I:\s+(\S+) LUFS", told)[-1]), float(re.findall(r"Peak:\s+(\S+) dBFS", told)[-1])
