"""Sound in memory and on disk: read any jingle, conform rate and channels, shape it, trim the silence around it.

Samples are float32 of shape ``(frames, channels)``, where 1.0 is full scale. A sound file is described by a handle and
read again whenever its samples are needed, so that no more sounds are in memory than are playing at one moment.
"""

from __future__ import annotations

import functools
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import soundfile
import soxr

from tts_render.ground.errors import SoundError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.ground.units import Decibels, Frames, conform_frames, seconds_to_frames
from tts_render.sound.mpeg import read_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from numpy.typing import NDArray

    from tts_render.ground.units import Seconds

__all__ = [
    "BLOCK_FRAMES",
    "LONGEST_SOUND",
    "Clip",
    "Samples",
    "SoundFile",
    "Source",
    "amplitude",
    "conform",
    "decibels",
    "feed",
    "open_sound",
    "reblock",
    "shape",
    "trim_silence",
]

Samples: TypeAlias = "NDArray[np.float32]"
"""float32, shape ``(frames, channels)``; 1.0 is full scale."""

BLOCK_FRAMES = 1 << 16
"""Frames that are read, mixed and measured at a time; no result depends on this number."""

LONGEST_SOUND: Seconds = 1800.0
"""The longest that a jingle or another sound file may last, in seconds."""

_QUIET: Decibels = -55.0  # relative to the peak; Open JTalk's own silence is at -60 to -80 dB, an s or h above -50 dB
_SILENT: Decibels = -75.0  # relative to full scale; the last two of 16 bits
_MP3_SLACK = 2304  # frames by which decoders differ at both ends of a file without a header
_TRIM_WINDOW: Seconds = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound in memory."""

    samples: Samples
    """float32, shape ``(frames, channels)``; 1.0 is full scale and may be exceeded."""
    rate: int
    """Frames a second."""


class Source(Protocol):
    """Sound that can be loaded as often as needed: a handle, never samples."""

    @property
    def frames(self) -> Frames:
        """Its length in frames at its own ``rate``."""
        ...

    @property
    def rate(self) -> int:
        """Frames a second."""
        ...

    def load(self) -> Clip:
        """Read it from the disk.

        Raises:
            TtsRenderError: it has been removed or changed.
        """
        ...


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A sound file that has been read to its end once and can be used; it is a :class:`Source`."""

    path: Path
    frames: Frames
    """Its length in frames at its own ``rate``."""
    rate: int
    """Frames a second."""
    channels: int
    digest: str
    """SHA-256 of the file, in hexadecimal."""

    def load(self) -> Clip:
        """Read it again.

        Raises:
            SoundError: it cannot be read, or its length has changed.
        """
        clip = _read(self.path)
        if (len(clip.samples), clip.samples.shape[1], clip.rate) != (self.frames, self.channels, self.rate):
            raise SoundError(
                said("the sound was changed while it was in use"), path=self.path, remedy=said("Try again.")
            )
        return clip


def open_sound(path: Path) -> SoundFile:
    """Describe the sound file ``path`` after reading it to its end.

    WAV, FLAC, OGG, MP3 and AIFF are read as they are, everything else with ffmpeg.

    Raises:
        SoundError: the file is missing, not a sound, empty, longer than half an hour, or not finite.
    """
    try:
        facts = path.stat()
    except OSError:
        return _opened.__wrapped__(path, ())  # it says why
    return _opened(path, (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))


@functools.lru_cache(maxsize=64)
def _opened(path: Path, stamp: tuple[int, ...]) -> SoundFile:  # noqa: ARG001  # a file that was changed is another
    """The description of a sound file: the jingles of a show are those of all its episodes."""
    clip = _read(path)
    if not len(clip.samples):
        raise SoundError(said("the sound is empty"), path=path, remedy=said("Give a file with sound in it."))
    if not np.isfinite(clip.samples).all():
        raise SoundError(said("the sound has values that are not numbers"), path=path, remedy=said("Export it again."))
    frames, channels = clip.samples.shape
    return SoundFile(path, Frames(frames), clip.rate, channels, digest_file(path))


def _read(path: Path) -> Clip:
    try:
        with path.open("rb") as stream:
            stream.read(1)  # on some systems a folder can be opened, and only reading it fails
    except OSError as error:
        raise SoundError(
            said("cannot be read: {reason}", reason=reason_of(error)),
            path=path,
            remedy=said("Correct the path, or add the file."),
        ) from error
    try:
        with soundfile.SoundFile(path) as file:
            _refuse_longer(path, file.frames / file.samplerate)
            samples = file.read(dtype="float32", always_2d=True)
            if file.format == "MP3" and len(samples) + _MP3_SLACK < read_length(path)[0]:
                return _read_with_ffmpeg(path)  # variable bitrate without a header: libsndfile stops too early
            return Clip(samples, file.samplerate)
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a .raw file, which says nothing about its format
        return _read_with_ffmpeg(path)


def _read_with_ffmpeg(path: Path) -> Clip:
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        raise SoundError(
            said("only ffmpeg might be able to read this, and it is not installed"),
            path=path,
            remedy=said("Install ffmpeg, or convert the sound to WAV, FLAC, OGG or MP3."),
        )
    pydub = _import_pydub()
    try:
        # Pass an open file, since pydub leaves files open that it opens itself when ffprobe finds no sound.
        with path.open("rb") as stream:
            about: dict[str, Any] = pydub.utils.mediainfo_json(stream)
            _refuse_longer(path, float(about.get("format", {}).get("duration", 0)))
            stream.seek(0)
            segment = pydub.AudioSegment.from_file(stream)
    except (pydub.exceptions.PydubException, OSError, LookupError, ValueError) as error:
        raise SoundError(
            said("this is not a sound file that can be read"),
            path=path,
            remedy=said("Convert it to WAV, FLAC, OGG or MP3."),
        ) from error
    _refuse_longer(path, segment.frame_count() / segment.frame_rate)
    whole = np.frombuffer(segment.raw_data, dtype=f"<i{segment.sample_width}").reshape(-1, segment.channels)
    return Clip((whole / np.float32(1 << (8 * segment.sample_width - 1))).astype(np.float32), segment.frame_rate)


def _import_pydub() -> Any:
    # Not at the top of the module: it is rarely needed, and slow.
    with warnings.catch_warnings():
        # pydub warns of audioop, of its own string escapes, and of a missing ffmpeg, which is reported when needed.
        warnings.simplefilter("ignore")
        import pydub
        import pydub.exceptions
    return pydub


def _refuse_longer(path: Path, seconds: Seconds) -> None:
    if seconds > LONGEST_SOUND:
        raise SoundError(
            said(
                "the sound lasts {seconds:.0f} minutes; at most {longest_sound:.0f} are allowed",
                seconds=seconds / 60,
                longest_sound=LONGEST_SOUND / 60,
            ),
            path=path,
            remedy=said("Cut it to the part that you need."),
        )


def amplitude(level: Decibels) -> float:
    """The linear gain of ``level`` decibels."""
    return float(10.0 ** (level / 20.0))


def decibels(gain: float) -> Decibels:
    """The level in decibels of a linear ``gain``; -inf for 0."""
    return float(20.0 * np.log10(gain)) if gain > 0 else -np.inf


def conform(clip: Clip, rate: int, channels: int) -> Clip:
    """``clip`` at another rate and number of channels, exactly :func:`~tts_render.ground.units.conform_frames` long.

    Fewer channels are the average of all, more are copies. The rate is converted by soxr at HQ: from 24 to 44.1 kHz it
    passes up to 11.1 kHz within 0.02 dB and leaves nothing above -134 dB. VHQ would take 40 % longer to gain 0.1 dB at
    11.3 kHz.
    """
    samples = clip.samples
    if samples.shape[1] > 1 and samples.shape[1] != channels:
        samples = samples.mean(axis=1, keepdims=True, dtype=np.float32)
    if clip.rate != rate:
        length = conform_frames(Frames(len(samples)), clip.rate, rate)
        samples = _fit(soxr.resample(samples, clip.rate, rate, quality="HQ"), length)
    if samples.shape[1] != channels:
        samples = np.repeat(samples, channels, axis=1)
    return Clip(samples, rate)


def _fit(samples: Samples, length: Frames) -> Samples:
    """Cut ``samples``, or pad them with silence, to ``length`` frames: soxr may give one more or less."""
    missing = length - len(samples)
    return samples[:length] if missing <= 0 else np.pad(samples, ((0, missing), (0, 0)))


def shape(samples: Samples, *, gain: float = 1.0, fade_in: int = 0, fade_out: int = 0) -> Samples:
    """Apply a linear ``gain`` to ``samples``, and fade their first and last frames.

    A fade is a quarter of a sine, so a fade-in and a fade-out over the same frames add up to constant power. Fades
    longer than the sound are cut, not squeezed; where they overlap, both apply. Their lengths are in frames.
    """
    shaped = samples * np.float32(gain)
    if fade_in:
        shaped[:fade_in] *= _quarter_sine(fade_in)[: len(shaped)]
    if fade_out:
        shaped[-fade_out:] *= _quarter_sine(fade_out)[::-1][-len(shaped) :]
    return shaped


def _quarter_sine(frames: int) -> Samples:
    positions = (np.arange(frames) + 0.5) / frames
    return np.sin(positions * (np.pi / 2)).astype(np.float32)[:, np.newaxis]


def trim_silence(samples: Samples, rate: int, keep: Seconds = 0.020) -> Samples:
    """Trim the silence before and after ``samples``, keeping ``keep`` seconds of it on each side.

    Silence is whatever stays 55 dB below the clip's own peak, or below -75 dBFS, in windows of 5 ms: low enough to keep
    whispers and the s or h that a word begins with. A clip of nothing but silence becomes empty.

    Args:
        samples: shape ``(frames, channels)``.
        rate: frames a second.
        keep: seconds of silence to leave.
    """
    window = seconds_to_frames(_TRIM_WINDOW, rate)
    power = np.square(samples, dtype=np.float64).mean(axis=1)
    windows = np.add.reduceat(power, np.arange(0, len(power), window)) / window if len(power) else power
    peak = float(np.abs(samples).max(initial=0.0))
    threshold = max(peak * amplitude(_QUIET), amplitude(_SILENT))
    (loud,) = np.nonzero(windows > threshold**2)
    if not len(loud):
        return samples[:0]
    margin = seconds_to_frames(keep, rate)
    return samples[max(0, loud[0] * window - margin) : (loud[-1] + 1) * window + margin]


def feed(blocks: Iterable[Samples], *consumers: Callable[[Samples], object]) -> Frames:
    """Feed every block to every consumer, each in its own thread, while the next block is made in this one.

    Returns:
        The number of frames fed.
    """
    fed = 0
    with ThreadPoolExecutor(len(consumers)) as pool:
        busy: list[Future[object]] = []
        for block in blocks:
            fed += len(block)
            for task in busy:
                task.result()
            busy = [pool.submit(consume, block) for consume in consumers]
        for task in busy:
            task.result()
    return Frames(fed)


def reblock(blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
    """Regroup the samples into blocks of exactly ``frames``; only the last may be shorter, and none is empty."""
    parts: list[Samples] = []
    held = 0
    for block in blocks:
        start = 0
        while len(block) - start >= frames - held:
            end = start + frames - held
            yield np.concatenate([*parts, block[start:end]]) if parts else block[start:end]
            parts, held, start = [], 0, end
        if start < len(block):
            parts.append(block[start:])
            held += len(block) - start
    if parts:
        yield np.concatenate(parts)
