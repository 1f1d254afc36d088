"""The stream: an episode from one line on, as it will sound, while later lines may still have to be spoken.

It is arranged, levelled, mixed and limited by what makes the MP3. Levels depend on the whole of the speech: until all
of it is there they are those of what is there, and from then on exactly those of the MP3. A stream of the first kind
takes up what is changed in lines to come. One of the second kind does not, or it would be neither the MP3 before the
change nor that after it: the page begins another one where the changed line begins.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tts_render.ground.units import Frames, frames_to_seconds
from tts_render.mix.bed import lay_bed
from tts_render.mix.levelling import VoiceMeters, even_out, level_jingles
from tts_render.mix.metering import Checked, check_sound
from tts_render.mix.mixdown import mix
from tts_render.mix.timeline import Timeline, arrange
from tts_render.sound.mastering import gain_for, limit
from tts_render.speech.casting import Utterance
from tts_render.studio.course import course
from tts_render.studio.underlay import underlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tts_render.mix.timeline import Placement
    from tts_render.sound.audio import Samples
    from tts_render.speech.cache import CachedClip
    from tts_render.speech.casting import CastItem
    from tts_render.speech.orders import ClipSource
    from tts_render.studio.sheet import Sheet

__all__ = ["Heard", "check_whole", "stream_from", "wav"]

_LEAD = 0.5  # seconds before the first line, in which the limiter finds the state that it has there in the MP3
_METERED = 40  # utterances that are measured at most, to begin soon


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound of the stream, and when it is heard there."""

    placement: Placement
    line: str | None
    """The id of the line; None for a jingle."""
    start: float
    """Seconds from the beginning of the stream."""
    end: float


@dataclass(frozen=True, slots=True)
class _Line:
    utterance: Utterance
    source: ClipSource


def check_whole(sheet: Sheet, clips: Sequence[CachedClip]) -> Checked:
    """The whole episode, as it goes into the MP3.

    Args:
        sheet: the episode.
        clips: the sound of every utterance.

    Raises:
        SoundError: a sound was changed in the meantime.
    """
    config = sheet.episode.config
    lines = (_Line(utterance, clip) for utterance, clip in zip(sheet.utterances, clips, strict=True))
    placements = arrange(sheet.lines.script.items, lines, sheet.jingles, config.pacing, rate=config.master.rate)
    return check_sound(
        placements,
        sheet.lines.directions,
        config.master,
        main=sheet.episode.voice.name,
        levelled=sheet.jingles.levelled(),
        music=sheet.music,
    )


def stream_from(
    sheet: Sheet,
    first: int,
    *,
    opening: bool = False,
    whole: Checked | None,
    known: Sequence[CachedClip | None],
    clip: Callable[[Sheet, int], ClipSource],
    heard: Callable[[Heard], None],
    newest: Callable[[], Sheet],
    followed: Callable[[Sheet, int], None],
) -> Iterator[Samples]:
    """The episode from one utterance on, mixed and mastered.

    Args:
        sheet: the episode.
        first: index of the utterance.
        opening: whether with all that comes before it; it is the first one then.
        whole: the episode as it goes into the MP3, if all of it is spoken.
        known: what is spoken of it.
        clip: the sound of an utterance; waits for it.
        heard: told of each sound before its samples come.
        newest: the episode as it is now.
        followed: told of each sheet that is taken up, and from which utterance on.

    Yields:
        Blocks of shape ``(frames, channels)``.

    Raises:
        TtsRenderError: an utterance cannot be spoken, or a sound was changed.
    """
    if whole is not None:
        yield from _of_whole(sheet, whole, None if opening else first, heard)
    else:
        items = course(sheet, None if opening else first, newest, followed)
        yield from _of_what_comes(sheet, items, first, known, clip, heard, opening=opening)


def wav(blocks: Iterable[Samples], *, rate: int, channels: int) -> Iterator[bytes]:
    """A WAV file of 16 bits whose length is not known at its beginning.

    Args:
        blocks: shape ``(frames, channels)`` each, full scale at 1.0.
        rate: frames per second.
        channels: channels of every block.
    """
    # Sizes of 2^32 - 1 say that the end of the stream is the end of the sound.
    unknown = 0xFFFFFFFF
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", unknown, b"WAVE", b"fmt ", 16, 1, channels, rate,
                       rate * channels * 2, channels * 2, 16, b"data", unknown)  # fmt: skip
    yield head
    for block in blocks:
        yield (np.clip(block, -1.0, 32767 / 32768) * 32768).round().astype("<i2").tobytes()


def _of_whole(sheet: Sheet, whole: Checked, first: int | None, heard: Callable[[Heard], None]) -> Iterator[Samples]:
    timeline = whole.timeline
    zero = Frames(0)
    if first is not None:
        zero = next(p for p in timeline.placements if p.utterance is not None and p.utterance.index == first).start
    lead = Frames(max(0, zero - round(_LEAD * timeline.rate)))
    sounding = [p for p in timeline.placements if p.end > lead or p.source is None]
    begin = min(Frames(lead), *(p.start for p in sounding))
    moved = [replace(p, start=Frames(p.start - begin)) for p in sounding]
    blocks = mix(moved, rate=timeline.rate, channels=whole.channels)
    if whole.bed is not None:
        bed = whole.bed
        shifted = replace(
            bed,
            start=Frames(bed.start - begin),
            end=Frames(bed.end - begin),
            gains=tuple((Frames(at - begin), gain) for at, gain in bed.gains),
        )
        blocks = lay_bed(blocks, shifted, rate=timeline.rate, channels=whole.channels)
    master = whole.master
    limited = limit(blocks, rate=timeline.rate, gain_db=master.gain_db, ceiling_db=master.ceiling_db)
    coming = deque(p for p in timeline.placements if p.start >= zero and p.source is not None)
    told = zero
    for block in _without(limited, Frames(zero - begin)):
        told = Frames(told + len(block))
        # Not all at once: to tell of a sound its moras are read, and the first samples would wait for the last of them.
        while coming and coming[0].start < told:
            heard(_heard(sheet, coming.popleft(), zero, timeline.rate))
        yield block


def _of_what_comes(
    sheet: Sheet,
    items: Iterator[tuple[Sheet, CastItem]],
    first: int,
    known: Sequence[CachedClip | None],
    clip: Callable[[Sheet, int], ClipSource],
    heard: Callable[[Heard], None],
    *,
    opening: bool,
) -> Iterator[Samples]:
    config = sheet.episode.config
    rate, channels = config.master.rate, config.master.channels
    gains, speech = _levels(sheet, first, known, clip)
    under = None
    if sheet.music is not None:
        expected = sheet.timeline(tuple(known))
        under = underlay(sheet.music, expected, None if opening else first, speech, channels=channels)
    now, said = sheet, sheet.utterances[first]

    def from_here() -> Iterator[CastItem]:
        nonlocal now, said
        for now, item in items:  # noqa: B007  # read where the item is arranged
            if isinstance(item, Utterance):
                said = item
            yield item

    def lines() -> Iterator[_Line]:
        while True:
            yield _Line(said, clip(now, said.index))

    def placements() -> Iterator[Placement]:
        pacing, jingles = config.pacing, sheet.jingles
        if not opening:
            pacing, jingles = replace(pacing, head=0.0), replace(jingles, opening=None)
        for placement in arrange(from_here(), lines(), jingles, pacing, rate=rate):
            alone = even_out(Timeline((placement,), rate), gains)
            (levelled,) = level_jingles(alone, jingles.levelled(), speech, channels).placements
            if levelled.source is not None:
                heard(_heard(now, levelled, Frames(0), rate))
            if under is not None:
                under.follow(levelled, last=levelled.utterance is now.utterances[-1])
            yield levelled

    gain = gain_for(speech, config.master.loudness)
    blocks = mix(placements(), rate=rate, channels=channels)
    if under is not None:
        blocks = under.lay(blocks, channels=channels)
    yield from limit(blocks, rate=rate, gain_db=gain, ceiling_db=config.master.true_peak)


def _levels(
    sheet: Sheet, first: int, known: Sequence[CachedClip | None], clip: Callable[[Sheet, int], ClipSource]
) -> tuple[dict[str, float], float]:
    """The gains of the voices and the loudness of the speech, as far as there is any."""
    meters = VoiceMeters()
    there: Sequence[tuple[Utterance, ClipSource]]
    there = [(u, c) for u, c in zip(sheet.utterances, known, strict=True) if c is not None][:_METERED]
    if not there:
        there = [(sheet.utterances[first], clip(sheet, first))]
    for utterance, found in there:
        meters.add(utterance.voice, sheet.direction(utterance).scales.volume, found.load())
    gains = meters.gains(sheet.episode.voice.name)
    return gains, meters.loudness(gains, sheet.episode.config.master.channels)


def _heard(sheet: Sheet, placement: Placement, zero: Frames, rate: int) -> Heard:
    start = frames_to_seconds(Frames(placement.start - zero), rate)
    line = None if placement.utterance is None else sheet.ids[placement.utterance.index]
    return Heard(placement, line, start, start + frames_to_seconds(placement.frames, rate))


def _without(blocks: Iterable[Samples], frames: Frames) -> Iterator[Samples]:
    """``blocks`` without the first frames."""
    left = int(frames)
    for block in blocks:
        if left >= len(block):
            left -= len(block)
            continue
        yield block[left:]
        left = 0
