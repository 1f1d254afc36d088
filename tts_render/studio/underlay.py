"""The bed under a stream whose episode is not all spoken: it follows what comes.

Exact, from what comes: where the bed rises in a pause and comes down before the next sound, and where it fades out.
The mixer asks for a sound only when everything before the one before is mixed, so both ends of a pause are known when
it is mixed. Exact too: the fade in, since nothing is spoken before it.

Estimated: which part of the music is heard at the line where the stream begins, from the lengths that lines before it
are expected to have, unless they are spoken; the loudness of music that is longer than the episode, or than the five
minutes of it that are measured; and the level, which follows the loudness of the lines that are there. A fade out that
would have to begin before the last line is known, because no room is after that, is shorter instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.ground.units import Frames
from tts_render.mix.bed import lay_changing_bed, make_bed, rise
from tts_render.sound.audio import amplitude

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tts_render.ground.units import Lufs, Seconds
    from tts_render.mix.bed import Bed, Music
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.sound.audio import Samples

__all__ = ["Underlay", "underlay"]

_MEASURED: Seconds = 300  # of the music, to begin soon
_OPEN = Frames(1 << 60)  # the end while it is not known


def underlay(music: Music, expected: Timeline, first: int | None, speech: Lufs, *, channels: int) -> Underlay | None:
    """The bed of a stream.

    Args:
        music: the music.
        expected: the timeline of the episode; lengths of what is not spoken are estimated.
        first: index of the utterance where the stream begins; None for the very beginning.
        speech: integrated loudness of the speech; if it is -inf, there is no bed.
        channels: channels of the stream.

    Raises:
        SoundError: the music is silent, or was changed.
    """
    bed = make_bed(music, expected, speech, channels=channels, most=_MEASURED)
    return None if bed is None else Underlay(music, bed, expected, first)


class Underlay:
    """A bed that is told of each sound before the mixer is."""

    def __init__(self, music: Music, bed: Bed, expected: Timeline, first: int | None) -> None:
        words = expected.speech
        zero = Frames(0) if first is None else words[first].start
        start = Frames(bed.start - zero)
        before = [] if first is None else [p.end for p in expected.placements if p.start < zero]
        self._settings = music.settings
        self._rate = expected.rate
        self._low = bed.gains[0][1]
        self._fade_out = bed.fade_out
        self._room = Frames(expected.frames - max(place.end for place in words))
        """Between the end of the last words and that of the episode."""
        self._reached = Frames(max(before) - zero) if before else None
        """Where the sounds so far end; None if there was none."""
        self._mixed = Frames(0)
        """Everything before it is mixed when a sound is told."""
        self._bed = replace(bed, start=start, end=_OPEN, gains=((start, self._low),))

    def follow(self, placement: Placement, *, last: bool) -> None:
        """Take in what comes next.

        Args:
            placement: its place in the stream.
            last: whether it is the last that is said.
        """
        bed, start = self._bed, self._bed.start
        if placement.utterance is not None:
            end, fade_out = _OPEN, self._fade_out
            if last:
                end = Frames(placement.end + min(self._fade_out, self._room))
                fade_out = Frames(max(1, min(self._fade_out, end - self._mixed)))
            bed = replace(bed, end=end, fade_out=fade_out)
        rises = [(start, 0.0)]
        if placement.source is not None:
            reached = self._reached
            if reached is not None and start <= reached < placement.start <= bed.end:
                rises += rise(self._settings, reached, placement.start, self._rate)
            self._reached = placement.end if reached is None else max(reached, placement.end)
        self._bed = replace(bed, gains=tuple((at, self._low * amplitude(up)) for at, up in rises))
        self._mixed = placement.start

    def lay(self, blocks: Iterable[Samples], *, channels: int) -> Iterator[Samples]:
        """Yield the same blocks with the bed mixed in.

        Args:
            blocks: the mix of what is followed, as it comes; shape ``(frames, channels)`` each.
            channels: channels of every block.

        Raises:
            SoundError: the music was changed while it was in use.
        """
        return lay_changing_bed(((block, self._bed) for block in blocks), rate=self._rate, channels=channels)
