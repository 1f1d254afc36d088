"""The exact length of an MP3 without decoding it: from its Xing or Info header, or by walking its frames.

Decoders only estimate the length of a file without such a header, and libsndfile even stops where its estimate ends,
which cuts a file of variable bitrate in half.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import SoundError
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.ground.units import Frames

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_length"]

_BITRATES = {
    # kbit/s of layer III by index, from ISO/IEC 11172-3 and 13818-3; 0 is free format, which no common encoder writes
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)
_VERSIONS = {
    3: 1,
    2: 2,
    0: 4,
}  # by the header's version bits: MPEG-1, 2 and 2.5, with rates halved each time
_HEADER = 4
_IN_A_ROW = 3  # frames that must follow each other before the first one is trusted
_TAIL_TAGS = 4096  # bytes of other kinds of tags that may follow the sound


@dataclass(frozen=True, slots=True)
class _Frame:
    """One frame of MPEG layer III."""

    rate: int
    samples: int
    """Sample frames in it."""
    length: int
    """Its length in bytes, header included."""
    side: int
    """Bytes of side information after the header."""

    def follows(self, other: _Frame) -> bool:
        """Whether both frames can belong to one stream."""
        return (self.rate, self.samples) == (other.rate, other.samples)


@dataclass(frozen=True, slots=True)
class _Announced:
    """What the Xing or Info header in the first frame says."""

    frames: int | None
    """Frames after the one that holds the header."""
    bytes: int | None
    """Bytes of sound, the frame that holds the header included."""
    silence: int
    """Sample frames that the encoder added before and after the sound; 0 if the header does not say."""


def read_length(path: Path) -> tuple[Frames, int]:
    """Return the number of sample frames in ``path`` without the encoder's padding, and their rate.

    Constant and variable bitrate are supported, with tags of any kind before and after. If there is no header, or it
    disagrees with the file, the frames are counted.

    Raises:
        SoundError: the file cannot be read, is not an MP3, or ends too early.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _length(path, data)
    except OSError as error:
        raise SoundError(
            said("cannot be read: {reason}", reason=reason_of(error)),
            path=path,
            remedy=said("Correct the path, or add the file."),
        ) from error
    except ValueError as error:  # mmap refuses an empty file
        raise SoundError(said("the MP3 is empty"), path=path, remedy=said("Render or copy it again.")) from error


def _length(path: Path, data: mmap.mmap) -> tuple[Frames, int]:
    found = _find_frame(data, _after_tags(data))
    if not found:
        raise SoundError(said("this is not an MP3"), path=path, remedy=said("Render it again, or give the MP3."))
    start, first = found
    announced = _read_announced(data, start, first)
    if not announced:
        return Frames(_count(data, start, first) * first.samples), first.rate
    there = len(data) - start
    if announced.bytes is not None and there < announced.bytes - first.length:
        raise SoundError(
            said(
                "the MP3 ends early: it holds {there} of its {bytes} bytes of sound", there=there, bytes=announced.bytes
            ),
            path=path,
            remedy=said("Render or copy it again."),
        )
    if announced.frames is not None and announced.bytes is not None and there <= announced.bytes + _TAIL_TAGS:
        frames = announced.frames
    else:
        frames = _count(data, start + first.length, first)
    return Frames(max(0, frames * first.samples - announced.silence)), first.rate


def _after_tags(data: mmap.mmap) -> int:
    """Where the ID3v2 tags at the beginning end."""
    position = 0
    while data[position : position + 3] == b"ID3" and len(data) >= position + 10:
        flags, size = data[position + 5], data[position + 6 : position + 10]
        position += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if flags & 0x10 else 0)
    return position


def _parse(data: mmap.mmap, position: int) -> _Frame | None:
    """Parse the frame header at ``position``; None if there is none."""
    header = data[position : position + _HEADER]
    if len(header) < _HEADER or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:  # eleven sync bits, layer III
        return None
    halved = _VERSIONS.get(header[1] >> 3 & 3)
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if not halved or bitrate in (0, 15) or rate == 3:
        return None
    first = halved == 1
    samples, hertz = (1152 if first else 576), _RATES[rate] // halved
    mono = header[3] >> 6 == 3
    side = (17 if mono else 32) if first else (9 if mono else 17)
    length = samples // 8 * _BITRATES[first][bitrate] * 1000 // hertz + (header[2] >> 1 & 1)
    return _Frame(hertz, samples, length, side)


def _find_frame(data: mmap.mmap, position: int) -> tuple[int, _Frame] | None:
    """Find the first frame from ``position`` that is followed by others, or by the end of the file."""
    while (position := data.find(b"\xff", position)) >= 0:
        if (first := _parse(data, position)) and _is_followed(data, position, first):
            return position, first
        position += 1
    return None


def _is_followed(data: mmap.mmap, position: int, first: _Frame) -> bool:
    frame = first
    for number in range(_IN_A_ROW):
        position += frame.length
        if position >= len(data):
            return number > 0
        following = _parse(data, position)
        if not following or not following.follows(first):
            return False
        frame = following
    return True


def _count(data: mmap.mmap, position: int, first: _Frame) -> int:
    """Count the whole frames from ``position`` to the end, skipping anything that is not a frame."""
    count = 0
    while position < len(data):
        frame = _parse(data, position)
        if frame and frame.follows(first):
            position += frame.length
            count += position <= len(data)
            continue
        found = _find_frame(data, position + 1)
        if not found:
            break
        position = found[0]
    return count


def _read_announced(data: mmap.mmap, start: int, frame: _Frame) -> _Announced | None:
    """The Xing or Info header with LAME's additions: http://gabriel.mp3-tech.org/mp3infotag.html."""
    position = start + _HEADER + frame.side
    if data[start + 36 : start + 40] == b"VBRI":  # Fraunhofer's, which tells nothing that counting does not
        return _Announced(None, None, 0)
    if data[position : position + 4] not in (b"Xing", b"Info"):
        return None
    (flags,) = struct.unpack(">I", data[position + 4 : position + 8])
    position += 8
    frames = size = None
    if flags & 1:
        (frames,) = struct.unpack(">I", data[position : position + 4])
        position += 4
    if flags & 2:
        (size,) = struct.unpack(">I", data[position : position + 4])
        position += 4
    position += (100 if flags & 4 else 0) + (4 if flags & 8 else 0)
    encoder, gaps = data[position : position + 4], data[position + 21 : position + 24]
    named = position + 24 <= start + frame.length and encoder.isalnum()
    silence = ((gaps[0] << 4 | gaps[1] >> 4) + ((gaps[1] & 15) << 8 | gaps[2])) if named else 0
    return _Announced(frames, size, silence)
