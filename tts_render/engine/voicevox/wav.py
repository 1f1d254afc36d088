"""The WAV in an engine's answer: 16-bit PCM, read strictly, so that a damaged one is detected."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from tts_render.ground.messages import said

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["parse_wav"]

_PCM = 1
_EXTENSIBLE = 0xFFFE
_LOWEST_RATE, _HIGHEST_RATE = 8_000, 192_000


def parse_wav(data: bytes) -> tuple[NDArray[np.int16], int]:
    """Read samples and rate from a WAV in memory.

    Returns:
        Samples of shape ``(frames, 1)``, two channels averaged, and frames per second.

    Raises:
        ValueError: it is not a complete WAV with 16-bit PCM in one or two channels; the message says what is wrong.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(said("no WAV"))
    (declared,) = struct.unpack_from("<I", data, 4)
    if declared + 8 != len(data):
        raise ValueError(
            said("a WAV of {data} bytes whose header promises {declared}", data=len(data), declared=declared + 8)
        )
    form: tuple[int, int] | None = None
    at = 12
    while at + 8 <= len(data):
        name, (size,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        start, at = at + 8, at + 8 + size + size % 2
        if start + size > len(data):
            raise ValueError(said("a truncated WAV"))
        if name == b"fmt ":
            form = _read_format(data[start : start + size])
        elif name == b"data":
            if form is None:
                raise ValueError(said("a WAV whose samples come before their format"))
            return _read_samples(data[start : start + size], form[0]), form[1]
    raise ValueError(said("a WAV without samples"))


def _read_format(chunk: bytes) -> tuple[int, int]:
    """Channels and rate."""
    if len(chunk) < 16:
        raise ValueError(said("a WAV whose format is truncated"))
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if tag != _PCM or bits != 16:
        raise ValueError(said("a WAV that is not 16-bit PCM (format {tag}, {bits} bits)", tag=tag, bits=bits))
    if channels not in (1, 2) or block != 2 * channels:
        raise ValueError(
            said("a WAV of {channels} channels in blocks of {block} bytes", channels=channels, block=block)
        )
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise ValueError(said("a WAV of {rate} frames per second", rate=rate))
    return channels, rate


def _read_samples(chunk: bytes, channels: int) -> NDArray[np.int16]:
    if len(chunk) % (2 * channels):
        raise ValueError(said("a WAV that ends in the middle of a frame"))
    samples = np.frombuffer(chunk, dtype="<i2").reshape(-1, channels)
    if channels == 2:
        both = samples.astype(np.int32)
        return ((both[:, :1] + both[:, 1:]) >> 1).astype(np.int16)
    return samples.astype(np.int16)
