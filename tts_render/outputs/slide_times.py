"""The deck with its times filled in: when each slide is shown, according to the timeline.

What was spoken is compared with the notes of the slides. They are often the same text, but may differ in line breaks
and small edits, so both are reduced to the characters that sound, and the longest common parts are matched in order. A
slide begins with the utterance in which its notes begin.

Deck times are video times: audio time, plus the duration of earlier films (``rawmedia``), plus an offset.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.mix.timeline import Chapter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.mix.timeline import Timeline
    from tts_render.outputs.finished import FinishedEpisode
    from tts_render.script.deck import Deck, Slide

__all__ = ["LEAST_SCORE", "Shown", "deck_chapters", "deck_json", "show_deck", "write_deck"]

LEAST_SCORE = 0.6
"""If less than this share of a slide's notes was found in what is spoken, its times are reported as doubtful."""


@dataclass(frozen=True, slots=True)
class Shown:
    """When one slide is shown, in milliseconds of the video."""

    slide: Slide
    begin: Frames
    """Its beginning in the audio."""
    start_ms: int
    end_ms: int
    score: float | None
    """Share of its notes found in what is spoken, 0 to 1; None for a slide without notes."""

    @property
    def doubtful(self) -> bool:
        """Whether its place is little better than a guess."""
        return self.score is not None and self.score < LEAST_SCORE


def show_deck(deck: Deck, timeline: Timeline, *, offset_ms: int = 0) -> tuple[Shown, ...]:
    """Find when each slide is shown.

    Slides are contiguous: the first begins at the offset, the last ends with the audio and all films. A slide with
    notes begins with its first utterance. Slides without notes before it share the pause or jingle there.

    Args:
        deck: the slides.
        timeline: the timeline of what was spoken.
        offset_ms: how much later the audio begins in the video.
    """
    speech = timeline.speech
    spoken = [p.utterance.text for p in speech if p.utterance is not None]
    voiced = [slide for slide in deck.slides if slide.notes.strip()]
    firsts, scores = _match([slide.notes for slide in voiced], spoken)
    begins = _begins(deck.slides, dict(zip((s.number for s in voiced), firsts, strict=True)), timeline)
    score = dict(zip((s.number for s in voiced), scores, strict=True))
    shown: list[Shown] = []
    shift = offset_ms
    for slide, begin, end in zip(deck.slides, begins, [*begins[1:], timeline.frames], strict=True):
        start_ms = frames_to_ms(begin, timeline.rate) + shift
        shift += slide.raw_ms or 0
        end_ms = frames_to_ms(end, timeline.rate) + shift
        shown.append(Shown(slide, begin, start_ms, end_ms, score.get(slide.number)))
    return tuple(shown)


def deck_chapters(shown: Sequence[Shown], timeline: Timeline, opening: str) -> tuple[Chapter, ...]:
    """The ``section`` slides as chapters, in audio time; those whose place is doubtful are left out.

    Args:
        shown: the result of :func:`show_deck`.
        timeline: the timeline of what was spoken.
        opening: title of what comes before the first section.
    """
    starts = [
        (at.begin, at.slide.title, at.slide.url)
        for at in shown
        if at.slide.kind == "section" and at.slide.title and not at.doubtful
    ]
    if not starts:
        return ()
    if starts[0][0]:
        starts.insert(0, (Frames(0), opening, None))
    ends = [*(start for start, _, _ in starts[1:]), timeline.frames]
    found = (Chapter(start, end, title, url) for (start, title, url), end in zip(starts, ends, strict=True))
    return tuple(chapter for chapter in found if chapter.start < chapter.end)


def write_deck(deck: Deck, shown: Sequence[Shown]) -> bytes:
    """The deck with its times filled in; everything else in each slide is unchanged, in its order."""
    slides: list[dict[str, Any]] = [
        {**slide, "start_ms": at.start_ms, "end_ms": at.end_ms} for slide, at in zip(deck.content, shown, strict=True)
    ]
    text = json.dumps(slides, ensure_ascii=False, indent=deck.indent) + "\n"
    return text.encode("utf-8", "backslashreplace")  # JSON can express half a character only as an escape: \ud83d


def deck_json(published: FinishedEpisode) -> bytes:
    """The slide deck with its times.

    Raises:
        ScriptError: the episode has no deck.
    """
    if published.deck is None:
        raise ScriptError(
            said("there is no slide deck"),
            path=published.audio,
            remedy=said("Put NAME.json beside the MP3, or remove deck from the outputs."),
        )
    return write_deck(published.deck, show_deck(published.deck, published.timeline, offset_ms=published.offset_ms))


def _begins(slides: Sequence[Slide], firsts: dict[int, int], timeline: Timeline) -> list[Frames]:
    """The beginning of each slide in the audio: in ascending order, the first at 0."""
    speech = timeline.speech
    begins: list[Frames] = []
    silent = 0  # slides without notes or duration that wait for the next one with notes
    waiting: list[Slide] = []
    last_end = Frames(0)
    for slide in slides:
        waiting.append(slide)
        if slide.number not in firsts:
            silent += slide.raw_ms is None
            continue
        first = firsts[slide.number]
        start = speech[first].start if first < len(speech) else timeline.frames
        start = max(start, begins[-1] if begins else Frames(0))
        gap_begin = min(max(last_end, begins[-1] if begins else Frames(0)), start)
        if not begins and not silent:
            gap_begin = start = Frames(0)  # nothing is shown before it, so it is shown from the beginning
        begins += _shared(waiting, gap_begin, start, silent)
        waiting, silent = [], 0
        last_end = _end_before_next(slide, slides, firsts, timeline)
    if waiting:
        begins += _shared(waiting, max(last_end, begins[-1] if begins else Frames(0)), timeline.frames, silent)
    return [Frames(0), *begins[1:]]


def _shared(waiting: Sequence[Slide], begin: Frames, end: Frames, silent: int) -> list[Frames]:
    """Divide the time from ``begin`` to ``end`` among slides without notes; others need none of it."""
    found: list[Frames] = []
    done = 0
    for slide in waiting:
        if slide.notes.strip() or (slide.raw_ms is not None and not silent):
            found.append(end)
            continue
        found.append(Frames(begin + (end - begin) * done // silent) if silent else end)
        done += slide.raw_ms is None
    return found


def _end_before_next(slide: Slide, slides: Sequence[Slide], firsts: dict[int, int], timeline: Timeline) -> Frames:
    """Where the last utterance of a slide ends."""
    speech = timeline.speech
    later = [firsts[other.number] for other in slides if other.number > slide.number and other.number in firsts]
    last = (later[0] if later else len(speech)) - 1
    return speech[last].end if 0 <= last < len(speech) else Frames(0)


def _match(notes: Sequence[str], spoken: Sequence[str]) -> tuple[list[int], list[float]]:
    """For each slide's notes, the index of the utterance in which they begin, and the share that was found."""
    wanted = [_sounding(text) for text in notes]
    said = [_sounding(text) for text in spoken]
    one, other = "".join(wanted), "".join(said)
    blocks = difflib.SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    starts = _running(wanted)
    borders = _running(said)
    firsts: list[int] = []
    scores: list[float] = []
    for index, text in enumerate(wanted):
        begin, end = starts[index], starts[index + 1]
        found = sum(max(0, min(b.a + b.size, end) - max(b.a, begin)) for b in blocks)
        scores.append(found / len(text) if text else 1.0)
        at = _project(begin, blocks, len(one), len(other))
        # The nearest border between two utterances: small edits shift it by a few characters.
        nearest = min(range(len(borders)), key=lambda n: (abs(borders[n] - at), n))
        firsts.append(max(nearest, firsts[-1] if firsts else 0))
    if firsts:
        firsts[0] = 0
    return firsts, scores


def _project(position: int, blocks: Sequence[difflib.Match], length: int, other: int) -> float:
    """Where a position in the notes is in what was spoken; interpolated between two matches."""
    before_a = before_b = 0
    for block in blocks:
        if position < block.a:
            share = (position - before_a) / max(1, block.a - before_a)
            return before_b + share * (block.b - before_b)
        if position < block.a + block.size:
            return block.b + position - block.a
        before_a, before_b = block.a + block.size, block.b + block.size
    return other if position >= length else before_b


def _running(texts: Sequence[str]) -> list[int]:
    sums = [0]
    for text in texts:
        sums.append(sums[-1] + len(text))
    return sums


def _sounding(text: str) -> str:
    """The letters and digits of a text, normalised."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum() or c == "ー")
