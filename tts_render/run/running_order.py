"""The running order: utterances, sounds, pauses and chapters of a timeline as one list, in the order of their start."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from tts_render.ground.units import Frames, frames_to_ms
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tts_render.ground.units import Seconds
    from tts_render.mix.timeline import Chapter, Timeline
    from tts_render.speech.casting import CastItem

__all__ = ["RunningItem", "running_order"]


@dataclass(frozen=True, slots=True)
class RunningItem:
    """One entry of the running order."""

    kind: Literal["utterance", "sound", "pause", "chapter"]
    start: Seconds
    """From the beginning of the episode, to the millisecond."""
    seconds: Seconds
    """Its length. A chapter contains what follows it; a sound may reach under the words before and after it."""
    name: str | None = None
    """Name of a sound; title of a chapter."""
    utterance: int | None = None
    """0-based index of an utterance."""
    ordinary: bool = False
    """Whether it is the default pause between two utterances, where the script asks for none."""


def running_order(
    items: Sequence[CastItem], timeline: Timeline, chapters: Iterable[Chapter]
) -> tuple[RunningItem, ...]:
    """List everything that sounds, every pause around it, and where chapters begin.

    Args:
        items: the cast script from which the timeline was made.
        timeline: where its utterances and sounds are placed.
        chapters: in order; each comes before what begins with it.
    """
    following = {
        after.index
        for before, after in pairwise(items)
        if isinstance(before, Utterance) and isinstance(after, Utterance)
    }
    marks = (
        RunningItem("chapter", *_span(chapter.start, chapter.end, timeline.rate), name=chapter.title)
        for chapter in chapters
    )
    return tuple(heapq.merge(marks, _sounding(timeline, following), key=lambda item: item.start))


def _sounding(timeline: Timeline, following: set[int]) -> Iterator[RunningItem]:
    """The sounds and the pauses between them.

    Args:
        timeline: the timeline of an episode.
        following: the utterances that come directly after another one in the script.
    """
    reached = Frames(0)
    for placement in timeline.placements:
        utterance = placement.utterance
        if placement.start > reached:
            ordinary = utterance is not None and utterance.index in following
            yield RunningItem("pause", *_span(reached, placement.start, timeline.rate), ordinary=ordinary)
        span = _span(placement.start, placement.end, timeline.rate)
        if utterance is not None:
            yield RunningItem("utterance", *span, utterance=utterance.index)
        elif placement.sound is not None:
            yield RunningItem("sound", *span, name=placement.sound)
        reached = max(reached, placement.end)


def _span(start: Frames, end: Frames, rate: int) -> tuple[Seconds, Seconds]:
    """Start and length in seconds, each rounded to the millisecond."""
    return frames_to_ms(start, rate) / 1000, frames_to_ms(Frames(end - start), rate) / 1000
