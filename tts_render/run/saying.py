"""Accent phrases written into the text of a script as readings, where an engine then says them as wanted.

A reading stands around as few words as possible, and none is written that the engine was not heard to follow. What no
text says is left to takes.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tts_render.engine.moras import digest_phrases
from tts_render.ground.errors import OutputError, TtsRenderError
from tts_render.run.lines import direct_lines
from tts_render.run.rereading import Rewording
from tts_render.run.spelling import spellings, without_kana
from tts_render.script import Script
from tts_render.speech.casting import Utterance, cast
from tts_render.speech.orders import EnginesHere

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tts_render.engine import Engine, Phrasing
    from tts_render.engine.base import StyleId
    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.run.rewording import Draft
    from tts_render.script import Line, Span
    from tts_render.speech.cache import UtteranceCache

__all__ = ["Saying", "drop_readings", "write_readings"]


class Saying(NamedTuple):
    """How a line is to be said."""

    place: int
    """Of the line, among the items of the script at the beginning."""
    own: tuple[AccentPhrase, ...]
    """What the engine makes of the line now."""
    wanted: tuple[AccentPhrase, ...]
    """What it is to make of it. Lengths and pitches follow, and do not count."""
    style: StyleId


def write_readings(
    draft: Draft, sayings: Iterable[Saying], episode: Episode, pool: Pool, cache: UtteranceCache
) -> set[int]:
    """Write into a script how lines are to be said, where it can say that.

    The engines are asked about no other lines. What they make of the new texts is remembered, as they are spoken next.

    Args:
        draft: the script; it gets the readings.
        sayings: of lines that are one line in the draft.
        episode: its voices and its lexicon.
        pool: the engines.
        cache: remembers how the engines say words of their own dictionaries.

    Returns:
        The places of the lines that are said as wanted now.

    Raises:
        EngineError: the engines cannot be asked.
    """
    done: set[int] = set()
    waiting: list[Saying] = []
    for saying in sayings:
        if digest_phrases(saying.own) == digest_phrases(saying.wanted):
            done.add(saying.place)
        else:
            waiting.append(saying)
    if not draft.has_markup:
        return done
    lines = {saying.place: draft.line(saying.place) for saying in waiting}
    ways = {saying.place: spellings(lines[saying.place], saying.own, saying.wanted) for saying in waiting}
    while waiting:  # all lines at once, each the next of its ways
        tries = [(saying, spans) for saying in waiting if (spans := next(ways[saying.place], None)) is not None]
        answers = _answers(
            [(replace(lines[saying.place], spans=spans), saying.style) for saying, spans in tries],
            episode, pool, cache,
        )  # fmt: skip
        heard = {
            saying.place: (spans, answer)
            for (saying, spans), answer in zip(tries, answers, strict=True)
            if answer is not None and digest_phrases(answer.phrases) == digest_phrases(saying.wanted)
        }
        put = _put(draft, {place: spans for place, (spans, _) in heard.items()})
        for place in put:
            heard[place][1].remember(pool, cache)
        done |= put
        waiting = [saying for saying, _ in tries if saying.place not in done]
    return done


def drop_readings(draft: Draft, places: Iterable[int]) -> set[int]:
    """Take readings in kana with accents out of lines, so that the engine says their text by itself.

    Args:
        draft: the script.
        places: of the lines, among the items of the script at the beginning.

    Returns:
        The places of the lines that have none now.
    """
    return _put(draft, {place: without_kana(draft.line(place)) for place in places})


def _put(draft: Draft, wanted: Mapping[int, tuple[Span, ...]]) -> set[int]:
    """Have lines consist of these parts; the places of those that do."""
    already = {place for place, spans in wanted.items() if draft.line(place).spans == spans}
    return already | draft.make([Rewording(place, spans=wanted[place]) for place in wanted if place not in already])


class _Answer(NamedTuple):
    """What an engine makes of a line."""

    reading: str
    style: StyleId
    phrasing: Phrasing
    phrases: tuple[AccentPhrase, ...]

    def remember(self, pool: Pool, cache: UtteranceCache) -> None:
        """Spare whoever speaks it the same question."""
        with suppress(OutputError):
            cache.remember(pool.identity, self.style, self.reading, self.phrasing)


def _answers(
    lines: Sequence[tuple[Line, StyleId]], episode: Episode, pool: Pool, cache: UtteranceCache
) -> list[_Answer | None]:
    """What the engine makes of lines in a style; None of a line with kana that it does not take."""
    if not lines:
        return []
    script = Script(episode.script.path, tuple(line for line, _ in lines))
    plain = cast(script, episode.config, episode.voice)
    speakers = EnginesHere(pool, cache)
    said = direct_lines(plain, script, episode.config, episode.voice, speakers, remember=False).script
    jobs = {
        at: (item.reading, style)
        for at, (item, (_, style)) in enumerate(zip(said.items[: len(lines)], lines, strict=True))
        if isinstance(item, Utterance)
    }

    def ask(engine: Engine, job: tuple[str, StyleId]) -> _Answer:
        phrasing = engine.phrase(*job)
        return _Answer(*job, phrasing, engine.unfold(phrasing))

    answers = dict(zip(jobs, pool.ask_all(list(jobs.values()), ask), strict=True))
    found = (answers.get(at) for at in range(len(lines)))
    return [None if isinstance(answer, TtsRenderError) else answer for answer in found]
