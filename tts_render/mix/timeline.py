"""The timeline: where every sound is placed, in whole frames of the episode. Arithmetic only; no sample is touched.

Placements are yielded in order, each as soon as its clip is ready, so that mixing and metering can go on while the
engine is still speaking.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tts_render.ground.units import Frames, conform_frames, seconds_to_frames
from tts_render.script import Cue, Pause, Sound
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tts_render.settings.config import Pacing
    from tts_render.sound.audio import Source

__all__ = ["Chapter", "Jingle", "Jingles", "Placement", "Spoken", "Timeline", "arrange", "chapters"]

_LONGEST_HEADING = 30  # characters


class Spoken(Protocol):
    """An utterance whose clip is ready."""

    @property
    def utterance(self) -> Utterance:
        """What was said."""
        ...

    @property
    def source(self) -> Source:
        """Its sound."""
        ...


@dataclass(frozen=True, slots=True)
class Jingle:
    """A sound that is played whole at one place between the words."""

    name: str
    source: Source
    digest: str
    """SHA-256 of its file."""
    levelled: bool = True
    """Whether its level follows the speech."""
    gain: float = 1.0
    """Linear, on top of any levelling."""
    fade_in: Frames = Frames(0)  # noqa: RUF009  # a whole number under another name
    """At the episode's rate."""
    fade_out: Frames = Frames(0)  # noqa: RUF009
    overlap: Frames = Frames(0)  # noqa: RUF009
    """How much of it plays under the words, where it fades; 0 keeps it a paragraph pause away from them."""


@dataclass(frozen=True, slots=True)
class Jingles:
    """The jingles of an episode."""

    opening: Jingle | None = None
    between_sections: Jingle | None = None
    ending: Jingle | None = None
    placed: tuple[Jingle, ...] = ()
    """Those that the script itself places between the words."""

    def all(self) -> tuple[Jingle, ...]:
        """All jingles that are set."""
        around = (self.opening, self.between_sections, self.ending)
        return (*(jingle for jingle in around if jingle is not None), *self.placed)

    def levelled(self) -> frozenset[str]:
        """Names of the jingles whose level follows the speech."""
        return frozenset(jingle.name for jingle in self.all() if jingle.levelled)


@dataclass(frozen=True, slots=True)
class Placement:
    """One sound at its place. Positions and lengths are frames at the episode's rate."""

    start: Frames
    frames: Frames
    source: Source | None
    """None, with no frames, marks that the timeline lasts at least until ``start``."""
    gain: float = 1.0
    """Linear."""
    fade_in: Frames = Frames(0)  # noqa: RUF009  # a whole number under another name
    fade_out: Frames = Frames(0)  # noqa: RUF009
    utterance: Utterance | None = None
    """What is said, if this is speech."""
    sound: str | None = None
    """Name of the jingle, if this is one."""

    @property
    def end(self) -> Frames:
        """The first frame after it."""
        return Frames(self.start + self.frames)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that sounds, and how long it lasts."""

    placements: tuple[Placement, ...]
    """Ordered by start."""
    rate: int
    """Frames per second."""

    @property
    def frames(self) -> Frames:
        """Length of the episode."""
        return max((placement.end for placement in self.placements), default=Frames(0))

    @property
    def speech(self) -> tuple[Placement, ...]:
        """Only what is spoken."""
        return tuple(placement for placement in self.placements if placement.utterance is not None)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section of the episode, in frames; chapters are contiguous and cover the whole episode."""

    start: Frames
    end: Frames
    title: str
    url: str | None = None


def arrange(
    items: Iterable[CastItem], clips: Iterable[Spoken], jingles: Jingles, pacing: Pacing, *, rate: int
) -> Iterator[Placement]:
    """Place every utterance and jingle, one after the other.

    Between two utterances there is the sentence pause, or the paragraph pause at a blank line; between two sections the
    section pause, with the bumper in its middle. Inside a sentence that was too long for one utterance, the pause is a
    third of the sentence pause. Where several meet, the longest applies; but a pause of a stated number of seconds in
    the script is exactly that long, whatever it meets. A sound that the script places has pauses like an utterance. The
    opening comes after the head and the ending before the tail, each a paragraph pause from the words, or with its
    overlap under them: the opening under the first words and on, the ending under the last utterance or sound only.

    Args:
        items: the cast script; its utterances are those of ``clips``, in the same order.
        clips: what was spoken; taken one by one, no earlier than needed.
        jingles: sounds beside the words.
        pacing: lengths of the pauses in seconds.
        rate: frames per second of the episode.

    Yields:
        Placements in order of their start; the last has no sound and ends the tail.
    """
    ready = iter(clips)
    pause = {
        "phrase": seconds_to_frames(pacing.sentence / 3, rate),
        "sentence": seconds_to_frames(pacing.sentence, rate),
        "paragraph": seconds_to_frames(pacing.paragraph, rate),
        "section": seconds_to_frames(pacing.section, rate),
    }
    placed = {jingle.name: jingle for jingle in jingles.placed}
    position = seconds_to_frames(pacing.head, rate)

    def sound(jingle: Jingle) -> Placement:
        frames = conform_frames(jingle.source.frames, jingle.source.rate, rate)
        return Placement(
            position, frames, jingle.source, jingle.gain, jingle.fade_in, jingle.fade_out, sound=jingle.name
        )

    if jingles.opening is not None:
        placement = sound(jingles.opening)
        under = Frames(min(jingles.opening.overlap, placement.frames))
        yield replace(placement, fade_out=max(placement.fade_out, under))
        position = Frames(placement.end - under if under else placement.end + pause["paragraph"])
    gap = Frames(0)
    exact: float | None = None  # seconds
    section = spoken = False
    whole = True
    for item in items:
        if isinstance(item, Pause):
            if item.seconds is not None:
                exact = (exact or 0.0) + item.seconds
            else:
                gap = max(gap, pause[item.kind])
            continue
        if isinstance(item, Cue):
            section = section or item.kind == "section"
            continue
        silence = max(gap, pause["section" if section else "sentence" if whole else "phrase"])
        if exact is not None:
            silence = seconds_to_frames(exact, rate)
        elif not spoken:
            silence = Frames(0)
        if spoken and section and jingles.between_sections is not None:
            position = Frames(position + silence // 2)
            placement = sound(jingles.between_sections)
            yield placement
            position = Frames(placement.end + silence - silence // 2)
        else:
            position = Frames(position + silence)
        if isinstance(item, Sound):
            placement = sound(placed[item.name])
            whole = True
        else:
            clip = next(ready)
            source = clip.source
            frames = conform_frames(source.frames, source.rate, rate)
            placement = Placement(position, frames, source, utterance=clip.utterance)
            whole = item.end_of_sentence
        yield placement
        position = placement.end
        gap, exact, section, spoken = Frames(0), None, False, True
    if exact is not None:
        position = Frames(position + seconds_to_frames(exact, rate))
    if jingles.ending is not None:
        words = position
        under = Frames(min(jingles.ending.overlap, position - placement.start))
        position = Frames(position - under if under else position + pause["paragraph"])
        placement = sound(jingles.ending)
        yield replace(placement, fade_in=max(placement.fade_in, under))
        position = Frames(max(words, placement.end))
    yield Placement(Frames(position + seconds_to_frames(pacing.tail, rate)), Frames(0), None)


def chapters(items: Iterable[CastItem], timeline: Timeline, opening: str) -> tuple[Chapter, ...]:
    """The sections as chapters, from the first frame to the last.

    A chapter begins with the bumper before its first words, if there is one. If any section has a title, those without
    one belong to the section before. If none has, each is called by its first words.

    Args:
        items: the cast script from which the timeline was made.
        timeline: where its utterances are placed.
        opening: title of what comes before the first section.

    Returns:
        Chapters in order; empty if there are no sections.
    """
    sections: list[tuple[Frames, str | None, str, str | None]] = []  # start, title, first words, URL of its subject
    placed = iter(timeline.placements)
    waiting: Cue | None = None
    began: Frames | None = None  # where a section without words so far begins, if it begins with a sound
    for item in items:
        if isinstance(item, Cue):
            waiting = item if item.title or waiting is None else waiting
        elif isinstance(item, Sound):
            start = _begin(placed, item.name)
            if waiting is not None and began is None:
                began = start
        elif isinstance(item, Utterance):
            start = _begin(placed)
            if waiting is not None:
                sections.append((start if began is None else began, waiting.title, item.text, waiting.url))
            waiting, began = None, None
    titled = [section for section in sections if section[1]]
    starts = [(start, title or _heading(text), url) for start, title, text, url in titled or sections]
    if not starts:
        return ()
    if starts[0][0] <= timeline.speech[0].start:
        starts[0] = (Frames(0), *starts[0][1:])
    else:
        starts.insert(0, (Frames(0), opening, None))
    ends = [start for start, _, _ in starts[1:]] + [timeline.frames]
    return tuple(Chapter(start, end, title, url) for (start, title, url), end in zip(starts, ends, strict=True))


def _begin(placed: Iterator[Placement], sound: str | None = None) -> Frames:
    """Where the next words, or the next ``sound``, begin with the bumper before them."""
    start: Frames | None = None
    for placement in placed:
        if start is None:
            start = placement.start
        if placement.sound == sound if sound is not None else placement.utterance is not None:
            return start
    raise ValueError("the script has more utterances than the timeline")


def _heading(text: str) -> str:
    """The beginning of a text, as the title of a chapter."""
    return text if len(text) <= _LONGEST_HEADING else text[: _LONGEST_HEADING - 1] + "…"
