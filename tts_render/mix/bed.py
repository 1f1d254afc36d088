"""Beds: music under the words, at a stated level under them, repeated as often as needed.

Where the bed is louder or softer follows from positions on the timeline, not from levels, so it is the same every
time. Music is never held whole: it is read and resampled block by block, again for each lap, unless it is short.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from tts_render.ground.errors import SoundError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.ground.units import Frames, conform_frames, seconds_to_frames
from tts_render.sound.audio import BLOCK_FRAMES, LONGEST_SOUND, SoundFile, amplitude, shape
from tts_render.sound.loudness import LoudnessMeter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tts_render.ground.units import Decibels, Lufs, Seconds
    from tts_render.mix.timeline import Timeline
    from tts_render.settings.bed import BedSettings
    from tts_render.sound.audio import Samples

__all__ = ["Bed", "BedPlace", "Music", "lay_bed", "lay_changing_bed", "make_bed", "open_music", "place_bed", "rise"]

_KEPT_SECONDS = 60
"""Music up to this long is conformed once and kept in memory; 21 MB in stereo."""

_LEAST: Seconds = 0.005
"""The shortest fade; anything shorter may click."""


@dataclass(frozen=True, slots=True)
class Music:
    """A sound file that plays under a show, and its settings."""

    settings: BedSettings
    sound: SoundFile


@dataclass(frozen=True, slots=True)
class BedPlace:
    """Where music plays under an episode, and at what level. Positions and lengths are frames at the episode's rate."""

    sound: str
    """Its name in voices.yaml."""
    level: Decibels
    """Loudness wherever anything else sounds, relative to all speech."""
    start: Frames
    end: Frames
    fade_in: Frames
    fade_out: Frames
    rises: tuple[tuple[Frames, Decibels], ...]
    """Positions, and how far the bed is above its level there, fades aside; between them amplitude is linear."""


@dataclass(frozen=True, slots=True)
class Bed:
    """Music placed under an episode. Positions and lengths are frames at the episode's rate."""

    sound: SoundFile
    start: Frames
    end: Frames
    fade_in: Frames
    fade_out: Frames
    crossfade: Frames
    """Frames over which one lap passes into the next."""
    gains: tuple[tuple[Frames, float], ...]
    """Positions with linear gains, fades aside; the gain is interpolated linearly between them."""

    def gain(self, begin: int, end: int) -> NDArray[np.float32]:
        """The gain of each frame from ``begin`` to ``end``, shape ``(frames, 1)``."""
        at = np.arange(begin, end, dtype=np.float64)
        places, gains = zip(*self.gains, strict=True)
        curve = np.interp(at, places, gains)
        curve *= np.clip((at - self.start) / self.fade_in, 0.0, 1.0)
        curve *= np.clip((self.end - at) / self.fade_out, 0.0, 1.0)
        gain: NDArray[np.float32] = curve.astype(np.float32)[:, np.newaxis]
        return gain


def open_music(path: Path, settings: BedSettings) -> Music:
    """Read ``path`` to its end, block by block.

    Raises:
        SoundError: it is missing, empty, longer than half an hour, not finite, or not WAV, FLAC, OGG, MP3 or AIFF.
    """
    frames = 0
    try:
        with path.open("rb") as stream:
            stream.read(1)
        with soundfile.SoundFile(path) as file:
            rate, channels = file.samplerate, file.channels
            for block in _blocks(file):
                frames += len(block)
                if not np.isfinite(block).all():
                    raise SoundError(
                        said("the sound has values that are not numbers"), path=path, remedy=said("Export it again.")
                    )
                if frames > LONGEST_SOUND * rate:
                    raise SoundError(
                        said("the music lasts more than {longest_sound:.0f} minutes", longest_sound=LONGEST_SOUND / 60),
                        path=path,
                        remedy=said("Cut it; it will be repeated as often as needed."),
                    )
    except OSError as error:
        raise SoundError(
            said("cannot be read: {reason}", reason=reason_of(error)),
            path=path,
            remedy=said("Correct the path, or add the file."),
        ) from error
    except (soundfile.LibsndfileError, TypeError) as error:
        raise SoundError(
            said("this cannot be read in pieces, as music under speech must be"),
            path=path,
            remedy=said("Convert it to WAV, FLAC, OGG or MP3."),
        ) from error
    if not frames:
        raise SoundError(said("the sound is empty"), path=path, remedy=said("Give a file with sound in it."))
    return Music(settings, SoundFile(path, Frames(frames), rate, channels, digest_file(path)))


def place_bed(settings: BedSettings, timeline: Timeline) -> BedPlace | None:
    """Return where music plays under a timeline; None if nobody speaks.

    It fades in before the first words and fades out after the last ones as far as there is room; where there is none,
    it fades under the words. It is at its level wherever anything else sounds. In a gap long enough for release and
    attack, it rises by as much as it was ducked.
    """
    words = timeline.speech
    if not words:
        return None
    rate = timeline.rate
    fade_in, fade_out = _fade(settings.fade_in, rate), _fade(settings.fade_out, rate)
    start = max(Frames(0), Frames(words[0].start - fade_in))
    end = min(timeline.frames, Frames(max(place.end for place in words) + fade_out))
    rises: list[tuple[Frames, Decibels]] = [(start, 0.0)]
    for begin, stop in _gaps(timeline, start, end):
        rises += rise(settings, begin, stop, rate)
    return BedPlace(settings.sound, settings.level, start, end, fade_in, fade_out, tuple(rises))


def rise(settings: BedSettings, begin: Frames, stop: Frames, rate: int) -> tuple[tuple[Frames, Decibels], ...]:
    """Positions in a gap from ``begin`` to ``stop``, and how far the bed is above its level there; none in a short gap.

    Only the two ends of the gap decide it.
    """
    attack, release, up = _fade(settings.attack, rate), _fade(settings.release, rate), settings.duck
    if stop - begin < attack + release:
        return ()
    return (begin, 0.0), (Frames(begin + release), up), (Frames(stop - attack), up), (stop, 0.0)


def make_bed(
    music: Music, timeline: Timeline, speech: Lufs, *, channels: int, most: Seconds = LONGEST_SOUND
) -> Bed | None:
    """Put music under a timeline, in its place (:func:`place_bed`) and at its level.

    Args:
        music: the music.
        timeline: what sounds, and when.
        speech: integrated loudness of all speech in the mix; if it is -inf, there is no bed.
        channels: channels of the mix.
        most: how much of the music is measured at most.

    Returns:
        The bed; the loudness of the music is measured over the part that is heard.

    Raises:
        SoundError: the music is silent, or was changed.
    """
    settings, rate = music.settings, timeline.rate
    place = place_bed(settings, timeline)
    if place is None or not math.isfinite(speech):
        return None
    length = conform_frames(music.sound.frames, music.sound.rate, rate)
    measured = Frames(min(place.end - place.start, seconds_to_frames(most, rate)))
    loudness = _loudness(music.sound, rate, channels, measured if measured < length else None)
    if not math.isfinite(loudness):
        raise SoundError(
            said("the music is silent"), path=music.sound.path, remedy=said("Give a file with sound in it.")
        )
    low = amplitude(speech + settings.level - loudness)
    gains = tuple((at, low * amplitude(rise)) for at, rise in place.rises)
    crossfade = _fade(settings.crossfade, rate)
    return Bed(music.sound, place.start, place.end, place.fade_in, place.fade_out, crossfade, gains)


def lay_bed(blocks: Iterable[Samples], bed: Bed, *, rate: int, channels: int) -> Iterator[Samples]:
    """Yield the same blocks with the bed mixed in.

    Args:
        blocks: shape ``(frames, channels)`` each.
        bed: where it began before the first block, the music is heard from the place on that it has reached there.
        rate: frames per second.
        channels: channels of every block.

    Raises:
        SoundError: the music was changed while it was in use.
    """
    return lay_changing_bed(((block, bed) for block in blocks), rate=rate, channels=channels)


def lay_changing_bed(blocks: Iterable[tuple[Samples, Bed]], *, rate: int, channels: int) -> Iterator[Samples]:
    """Like :func:`lay_bed`, with the bed as it is known when each block comes: its end, fades and gains may change.

    Raises:
        SoundError: the music was changed while it was in use.
    """
    music: _Tape | None = None
    position = played = 0
    for block, bed in blocks:
        music = music or _Tape(_laps(bed, rate, channels))
        begin, end = max(position, bed.start), min(position + len(block), bed.end)
        if begin < end:
            music.skip(_within_laps(bed, rate, begin - bed.start - played))
            played = end - bed.start
            block = block.copy()
            block[begin - position : end - position] += music.take(end - begin) * bed.gain(begin, end)
        position += len(block)
        yield block


def _fade(seconds: Seconds, rate: int) -> Frames:
    return seconds_to_frames(max(seconds, _LEAST), rate)


def _gaps(timeline: Timeline, start: Frames, end: Frames) -> Iterator[tuple[Frames, Frames]]:
    """The gaps between ``start`` and ``end`` in which nothing sounds, each between two sounds."""
    sounding = [place for place in timeline.placements if place.source is not None]
    reached = Frames(0)
    for before, after in pairwise(sounding):
        reached = max(reached, before.end)
        if start <= reached < after.start <= end:
            yield reached, after.start


class _Tape:
    """Samples from an iterator of blocks, taken in any number."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._rest: Samples | None = None

    def take(self, frames: int) -> Samples:
        """Return the next ``frames``; fewer if the blocks end."""
        parts: list[Samples] = []
        while frames:
            block = next(self._blocks, None) if self._rest is None else self._rest
            if block is None:
                break
            parts.append(block[:frames])
            self._rest = block[frames:] if len(block) > frames else None
            frames -= len(parts[-1])
        return np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)

    def skip(self, frames: int) -> None:
        """Pass over the next ``frames``."""
        while frames:
            frames -= len(self.take(min(frames, BLOCK_FRAMES)))


def _laps(bed: Bed, rate: int, channels: int) -> Iterator[Samples]:
    """Repeat the music endlessly, with the end of each lap overlapping the beginning of the next."""
    length = conform_frames(bed.sound.frames, bed.sound.rate, rate)
    overlap = min(bed.crossfade, length // 2)
    kept = list(_conformed(bed.sound, rate, channels)) if length <= _KEPT_SECONDS * rate else None
    ending: Samples | None = None
    while True:
        lap = _Tape(_conformed(bed.sound, rate, channels) if kept is None else iter(kept))
        head = lap.take(overlap)
        yield head if ending is None else shape(head, fade_in=overlap) + ending
        left = length - 2 * overlap
        while left:
            block = lap.take(min(left, BLOCK_FRAMES))
            yield block
            left -= len(block)
        ending = shape(lap.take(overlap), fade_out=overlap)


def _within_laps(bed: Bed, rate: int, frames: int) -> int:
    """How far to go in the music, instead of ``frames``, to be at the same place: all laps but the first are alike."""
    length = conform_frames(bed.sound.frames, bed.sound.rate, rate)
    lap = length - min(bed.crossfade, length // 2)
    return frames if frames < lap else lap + frames % lap


@lru_cache(maxsize=8)  # the studio asks again for each stream
def _loudness(sound: SoundFile, rate: int, channels: int, frames: Frames | None) -> Lufs:
    """Integrated loudness of the first ``frames`` of the music, or of all of it."""
    meter = LoudnessMeter(rate, channels)
    left = frames
    for block in _conformed(sound, rate, channels):
        meter.add(block[:left])
        left = None if left is None else Frames(max(0, left - len(block)))
        if left == 0:
            break
    return meter.integrated()


def _conformed(sound: SoundFile, rate: int, channels: int) -> Iterator[Samples]:
    """The music once, at another rate and number of channels, like :func:`~tts_render.sound.audio.conform`."""
    width = sound.channels if sound.channels in (1, channels) else 1
    left = conform_frames(sound.frames, sound.rate, rate)
    for block in _resampled(_read(sound, width), sound.rate, rate, width):
        part = block[:left]
        left = Frames(left - len(part))
        yield part if width == channels else np.repeat(part, channels, axis=1)
    if left:
        yield np.zeros((left, channels), dtype=np.float32)


def _resampled(blocks: Iterator[Samples], rate: int, to_rate: int, channels: int) -> Iterator[Samples]:
    if rate == to_rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, to_rate, channels, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, channels), dtype=np.float32), last=True)


def _read(sound: SoundFile, channels: int) -> Iterator[Samples]:
    """The music once, at its own rate."""
    frames = 0
    try:
        with soundfile.SoundFile(sound.path) as file:
            same = (file.samplerate, file.channels) == (sound.rate, sound.channels)
            for block in _blocks(file):
                frames += len(block)
                yield block if channels == sound.channels else block.mean(axis=1, keepdims=True, dtype=np.float32)
    except soundfile.LibsndfileError:
        same = False
    if not same or frames != sound.frames:
        raise SoundError(said("the sound was changed while it was in use"), path=sound.path, remedy=said("Try again."))


def _blocks(file: soundfile.SoundFile) -> Iterator[Samples]:
    """Read all of an open file."""
    while len(block := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        yield block
