"""MP3 encoders: lame or ffmpeg if one is on the path, else the one inside libsndfile. All three are LAME.

The bitrate is constant, samples are streamed, and each encoder gets one sample format, so that the same samples give
the same bytes. Quality 5 is used: on speech its masked noise is within 0.2 dB of that of quality 2, in 40 % of the
time; 7 is another fifth faster, but 1 to 3 dB worse.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import soundfile

from tts_render.ground.errors import OutputError
from tts_render.ground.messages import listed, said
from tts_render.ground.reasons import words_of
from tts_render.sound.audio import feed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import IO

    from tts_render.ground.units import Frames
    from tts_render.sound.audio import Samples

__all__ = ["Encoder", "EncoderName", "choose_encoder", "encode"]

EncoderName = Literal["lame", "ffmpeg", "soundfile"]

_QUALITY = 5
_BITRATES = {
    44100: (96, 112, 128, 160, 192, 224, 256, 320),
    48000: (96, 112, 128, 160, 192, 224, 256, 320),
    32000: (96, 112, 128, 160, 192, 224, 256, 320),
    22050: (96, 112, 128, 144, 160),
    24000: (96, 112, 128, 144, 160),
    16000: (96, 112, 128, 144, 160),
}
_MAKE_ROOM = said("Make room on the disk or give write permission, then try again.")


@dataclass(frozen=True, slots=True)
class Encoder:
    """The program or library that makes the MP3."""

    name: EncoderName
    id: str
    """Its name and version, for example ``lame 3.100``."""
    program: str | None
    """Path of the program; None for the library."""


def choose_encoder(setting: EncoderName | Literal["auto"]) -> Encoder:
    """The encoder that ``setting`` asks for; ``auto`` takes lame, else ffmpeg, else the library.

    Raises:
        OutputError: it is not installed, or cannot make MP3.
    """
    names: tuple[EncoderName, ...] = ("lame", "ffmpeg", "soundfile") if setting == "auto" else (setting,)
    for name in names:
        if encoder := _find(name):
            return encoder
    raise OutputError(
        said("the MP3 encoder {names} is not installed here, or cannot make MP3", names=" or ".join(names)),
        remedy=said("Install it, or write `encoder: auto` under `master:` in voices.yaml."),
    )


def _find(name: EncoderName) -> Encoder | None:
    if name == "soundfile":
        can = "MP3" in soundfile.available_formats()
        return Encoder(name, f"libsndfile {soundfile.__libsndfile_version__}", None) if can else None
    program = shutil.which(name)
    if not program:
        return None
    if name == "lame":
        version = re.search(r"\bversion (\S+)", _ask(program, "--version"))
        return Encoder(name, f"lame {version[1]}", program) if version else None
    version = re.search(r"\bversion (\S+)", _ask(program, "-version"))
    can = "libmp3lame" in _ask(program, "-hide_banner", "-encoders")
    return Encoder(name, f"ffmpeg {version[1]}", program) if version and can else None


def _ask(program: str, *arguments: str) -> str:
    try:
        asked = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:  # found on the path, but not a program for this machine
        return ""
    return asked.stdout.decode(errors="replace")


def encode(
    blocks: Iterable[Samples], path: Path, *, rate: int, channels: int, bitrate: int, encoder: Encoder
) -> Frames:
    """Write ``blocks`` to ``path`` as an MP3 of constant bitrate, with a header that gives its exact length.

    It decodes to the same number of frames at the same level: LAME lowers the level by 0.45 dB up to 160 kbit/s, by
    0.26 dB at 192 and by 0.18 dB at 224 kbit/s, and this is compensated for.

    Args:
        blocks: shape ``(frames, channels)`` each.
        path: the file to make; nothing is left there on failure.
        rate: 16000, 22050, 24000, 32000, 44100 or 48000.
        channels: 1 or 2.
        bitrate: kbit/s, from 96 to 320, or to 160 below 32000 Hz.
        encoder: from :func:`choose_encoder`.

    Returns:
        The number of frames encoded.

    Raises:
        OutputError: MP3 does not allow this combination, the disk is full, or the encoder failed.
    """
    if bitrate not in _BITRATES.get(rate, ()) or channels not in (1, 2):
        raise OutputError(
            said(
                "there is no MP3 of {rate} Hz, {channels} channels and {bitrate} kbit/s",
                rate=rate,
                channels=channels,
                bitrate=bitrate,
            ),
            path=path,
            remedy=said(
                "Possible: {bitrates} kbit/s at {rate} Hz, 1 or 2 channels.",
                bitrates=listed(map(str, _BITRATES.get(rate, _BITRATES[44100]))),
                rate=rate if rate in _BITRATES else 44100,
            ),
        )
    levelled = (block * np.float32(1 / _lame_scale(bitrate)) for block in blocks)
    try:
        if encoder.program is None:
            return _encode_with_library(levelled, path, rate, channels, bitrate)
        command = _command(encoder, path.absolute(), rate, channels, bitrate)
        return _encode_with_program(levelled, path, command)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise


def _lame_scale(bitrate: int) -> float:
    """The factor by which LAME scales its input at a constant bitrate; its presets hold it, no option turns it off."""
    return 0.95 if bitrate <= 160 else 0.97 if bitrate <= 192 else 0.98 if bitrate <= 224 else 1.0


def _encode_with_library(levelled: Iterable[Samples], path: Path, rate: int, channels: int, bitrate: int) -> Frames:
    lowest, highest = (32, 320) if rate >= 32000 else (8, 160)  # what libsndfile's compression level runs between
    try:
        with path.open("w+b") as stream:
            watched = _Watched(stream)
            with soundfile.SoundFile(
                watched,
                "w",
                rate,
                channels,
                format="MP3",
                subtype="MPEG_LAYER_III",
                bitrate_mode="CONSTANT",
                compression_level=(highest - bitrate) / (highest - lowest),
            ) as file:
                fed = feed(levelled, file.write)
            if watched.error:
                raise watched.error
            return fed
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(
            said("the MP3 cannot be written: {error}", error=words_of(error)), path=path, remedy=_MAKE_ROOM
        ) from error


class _Watched:
    """A file for libsndfile, which ignores failed writes without reporting them: the error is kept here."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def read(self, size: int) -> bytes:
        return self._stream.read(size)

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except OSError as error:
            self.error = self.error or error
            return 0

    def seek(self, offset: int, whence: int) -> int:
        try:
            return self._stream.seek(offset, whence)
        except OSError as error:  # only now does everything written reach the disk
            self.error = self.error or error
            return -1

    def tell(self) -> int:
        return self._stream.tell()


def _command(encoder: Encoder, path: Path, rate: int, channels: int, bitrate: int) -> list[str]:
    """The command that reads 32-bit samples from its standard input."""
    program, kilohertz = str(encoder.program), f"{rate / 1000:g}"
    if encoder.name == "lame":
        source = ["-r", "-s", kilohertz, "--bitwidth", "32", "--signed", "--little-endian"]
        result = ["-m", "m" if channels == 1 else "j", "--resample", kilohertz, "--cbr", "-b", str(bitrate)]
        return [program, "--quiet", "--noreplaygain", *source, *result, "-q", str(_QUALITY), "-", str(path)]
    source = ["-f", "s32le", "-ar", str(rate), "-ac", str(channels), "-i", "pipe:0"]
    result = ["-c:a", "libmp3lame", "-b:a", f"{bitrate}k", "-compression_level", str(_QUALITY)]
    plain = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-id3v2_version", "0", "-f", "mp3"]
    return [program, "-nostdin", "-v", "error", "-y", *source, *result, *plain, str(path)]


def _encode_with_program(levelled: Iterable[Samples], path: Path, command: list[str]) -> Frames:
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words)
        except OSError as error:
            raise OutputError(
                said("{command} cannot be run: {error}", command=command[0], error=words_of(error)), path=path
            ) from error
        with process:
            try:
                fed = _pipe(levelled, cast("IO[bytes]", process.stdin))
            except BaseException:
                process.kill()
                raise
        if process.returncode or fed is None:
            words.seek(0)
            last = words.read().decode(errors="replace").strip().splitlines()[-1:]
            raise OutputError(
                said(
                    "{command} ended with {returncode}: {last}",
                    command=command[0],
                    returncode=process.returncode,
                    last=" ".join(last) or said("no message"),
                ),
                path=path,
                remedy=_MAKE_ROOM,
            )
    return fed


def _pipe(blocks: Iterable[Samples], stdin: IO[bytes]) -> Frames | None:
    """Write the blocks to ``stdin`` and close it; return the number of frames, or None if the reader has gone."""
    with contextlib.suppress(BrokenPipeError), stdin:
        return feed(blocks, lambda block: stdin.write(_as_int32(block)))
    return None


def _as_int32(block: Samples) -> bytes:
    """The upper 24 of 32 bits of each sample: as much as a float holds, so that no rounding can differ."""
    whole = np.rint(np.clip(block, -1.0, 1.0) * np.float32((1 << 23) - 1)).astype("<i4")
    return bytes((whole << 8).tobytes())
