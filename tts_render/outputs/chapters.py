"""Chapters beside the MP3: as Podcasting 2.0 JSON, and as lines for the description of a video.

Sources: jsonChapters.md of Podcastindex-org/podcast-namespace, version 1.2.0; and what YouTube requires of chapters in
a description: the first at 0:00, in order, at least ten seconds each, no angle brackets.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tts_render.ground.units import Frames, format_clock, frames_to_ms
from tts_render.mix.timeline import Chapter
from tts_render.outputs.finished import safe_link
from tts_render.script.phrases import borders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["chapters_json", "chapters_text", "shorten"]

_SHORTEST = 10  # seconds
_LONGEST_TITLE = 40  # characters; players show no more
_PHRASE = 2  # rank of a border


def chapters_json(published: FinishedEpisode) -> bytes:
    """The chapters in Podcasting 2.0's format; an episode without sections is one chapter."""
    rate = published.timeline.rate
    facts = {
        "version": "1.2.0",
        "title": published.title,
        "author": published.artist,
        "podcastName": published.show,
        "fileName": published.audio,
        "chapters": [
            _without_nothing(
                {
                    "startTime": frames_to_ms(chapter.start, rate) / 1000,
                    "endTime": frames_to_ms(chapter.end, rate) / 1000,
                    "title": chapter.title,
                    "url": safe_link(chapter.url),
                }
            )
            for chapter in _chapters(published)
        ],
    }
    return (json.dumps(_without_nothing(facts), ensure_ascii=False, indent=2) + "\n").encode()


def chapters_text(published: FinishedEpisode) -> bytes:
    """One line for each chapter, with its time and title.

    A chapter of less than ten seconds is joined to its neighbour, and the title of the longer one is kept. Times are
    rounded down, so that nobody misses a beginning.
    """
    rate = published.timeline.rate
    marks = _apart(_chapters(published), rate)
    lines = [
        f"{format_clock(start, minute_digits=1)} {shorten(_plain(title), _LONGEST_TITLE)}" for start, title in marks
    ]
    return ("\n".join(lines) + "\n").encode()


def shorten(title: str, longest: int) -> str:
    """Shorten ``title`` to ``longest`` characters, between phrases outside brackets if that loses less than half."""
    if len(title) <= longest:
        return title
    ends = [
        at
        for at, border in borders(title).items()
        if border.rank <= _PHRASE and not border.inside and longest // 2 <= at < longest
    ]
    return title[: max(ends, default=longest - 1)].rstrip(" 　、。,.・:：-–—|｜/／「『（(") + "…"


def _chapters(published: FinishedEpisode) -> Sequence[Chapter]:
    return published.chapters or (Chapter(Frames(0), published.timeline.frames, published.title, published.url),)


def _apart(chapters: Sequence[Chapter], rate: int) -> list[tuple[int, str]]:
    """Whole seconds and titles, at least ten seconds apart."""
    kept: list[tuple[int, Frames, str]] = []  # start, length of the chapter that gave the title, title
    for chapter in chapters:
        start, length = chapter.start // rate, Frames(chapter.end - chapter.start)
        if not kept or start - kept[-1][0] >= _SHORTEST:
            kept.append((start, length, chapter.title))
        elif length > kept[-1][1]:
            kept[-1] = (kept[-1][0], length, chapter.title)
    if len(kept) > 1 and chapters[-1].end // rate - kept[-1][0] < _SHORTEST:
        last = kept.pop()
        if last[1] > kept[-1][1]:
            kept[-1] = (kept[-1][0], last[1], last[2])
    return [(start, title) for start, _, title in kept]


def _plain(title: str) -> str:
    return " ".join(title.split()).translate({ord("<"): "＜", ord(">"): "＞"})


def _without_nothing(facts: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value is not None}
