"""Captions: what is said, cut into pieces that can be read while they are heard.

A caption lasts one to seven seconds and has at most two lines of twenty full-width characters. A longer utterance is
divided where it hurts least: after a sentence inside a quotation, after 、, between phrases; inside a quotation only if
the quotation itself is longer than a caption. The edges are those of the sound, to the millisecond; a caption shorter
than a second stays during the pause after it, or is joined to its neighbour.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from tts_render.ground.units import frames_to_ms, half_up
from tts_render.outputs.alignment import align, share
from tts_render.script.phrases import Border, borders
from tts_render.script.sentences import bracket_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from re import Pattern

    from tts_render.engine.base import MoraTime
    from tts_render.ground.units import Frames
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.speech.casting import Utterance

__all__ = ["LINES", "LINE_WIDTH", "LONGEST_MS", "SHORTEST_MS", "Caption", "captions", "join_texts", "width"]

SHORTEST_MS = 1000
LONGEST_MS = 7000
LINES = 2
LINE_WIDTH = 40
"""Width of one line in half-width characters: twenty full-width ones."""

# Cost of dividing at a border of each rank, and inside a bracket.
_BORDER_COST = (0.0, 1.0, 12.0, 22.0, 40.0, 100.0)
_INSIDE_COST = 1000.0
_TOO_LONG_COST = 5000.0
_TOO_SHORT_COST = 120.0
_CAPTION_COST = 8.0
_UNEVEN_COST = 10.0
_UNEVEN_LINES_COST = 4.0
_PHRASE, _TORN = 2, 5  # ranks of borders
_NARROW_FORMS = frozenset(("Mn", "Me", "Cf", "Cc"))


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption. Times are milliseconds from the beginning of the episode."""

    start_ms: int
    end_ms: int
    """Later than the start, and not later than the start of the next."""
    lines: tuple[str, ...]
    """One or two lines."""
    text: str
    """The text in one line; joined over all captions it is the display text, except for white space."""
    speaker: str
    """The voice's name in voices.yaml."""
    utterances: tuple[int, ...]
    """Indices of the utterances that it contains, or is a part of."""
    estimated: bool
    """Whether one of its edges is inside an utterance whose engine did not report when its moras sound."""


@dataclass(frozen=True, slots=True)
class _Text:
    """The display text of one utterance, ready to be divided."""

    text: str
    widths: tuple[int, ...]
    """Width of everything before each offset."""
    borders: Mapping[int, Border]
    """Where it may be divided."""
    places: tuple[int, ...]
    """Sorted keys of ``borders``."""

    def width(self, begin: int, end: int) -> int:
        """Width of a part, without the white space around it."""
        while begin < end and self.text[begin].isspace():
            begin += 1
        while end > begin and self.text[end - 1].isspace():
            end -= 1
        return self.widths[end] - self.widths[begin]

    def cost(self, at: int) -> float:
        """The cost of dividing at ``at``."""
        border = self.borders[at]
        return _BORDER_COST[border.rank] + (_INSIDE_COST if border.inside else 0.0)


def captions(
    timeline: Timeline,
    moras: Callable[[Placement], Sequence[MoraTime]],
    *,
    names: Collection[str] = (),
    chapter_starts: Collection[Frames] = (),
) -> tuple[Caption, ...]:
    """Make captions of everything that is spoken.

    Args:
        timeline: where each utterance is placed.
        moras: returns when each mora of a placement sounds, in frames of its own source; empty if unknown. It is called
            only for utterances that have to be divided.
        names: words that are not divided if there is any other place, for example names of speakers.
        chapter_starts: in frames; no caption spans one.

    Returns:
        Captions in order, none overlapping the next.
    """
    whole = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True)))) if names else None
    found: list[Caption] = []
    for placement in timeline.speech:
        found.extend(_divide(placement, timeline.rate, moras, whole))
    length = frames_to_ms(timeline.frames, timeline.rate)
    walls = sorted(frames_to_ms(start, timeline.rate) for start in chapter_starts)
    return tuple(_settle(_stretch(found, length), length, walls, whole))


def width(text: str) -> int:
    """Width of ``text`` in half-width characters; what is wide only in Japanese fonts counts as wide."""
    return sum(map(_width, text))


def join_texts(texts: Iterable[str]) -> str:
    """Join pieces of display text: without a space in Japanese, with one in Latin text."""
    parts: list[str] = []
    for text in filter(None, texts):
        if parts and parts[-1][-1].isascii() and text[0].isascii():
            parts.append(" ")
        parts.append(text)
    return "".join(parts)


def _divide(
    placement: Placement, rate: int, moras: Callable[[Placement], Sequence[MoraTime]], whole: Pattern[str] | None
) -> Iterator[Caption]:
    """The captions of one utterance, with the edges of its sound."""
    utterance, source = placement.utterance, placement.source
    if utterance is None or source is None:
        raise ValueError("only what is spoken has captions")
    text = " ".join(utterance.text.split())
    begin, end = frames_to_ms(placement.start, rate), frames_to_ms(placement.end, rate)
    prepared = _prepare(text, whole)
    if end - begin <= LONGEST_MS and (lines := _lay_out(prepared, 0, len(text))):
        yield _caption(utterance, begin, max(end, begin + 1), lines, text, estimated=False)
        return
    told = moras(placement)
    at = Fraction(placement.start * 1000, rate)

    def moment(frame: int) -> int:
        return min(max(half_up(at + Fraction(frame * 1000, source.rate)), begin), end)

    edges = align(text, told) if told else share(text, source.frames)
    times = [(moment(edge.end), moment(edge.start)) for edge in edges]
    times[0], times[-1] = (begin, begin), (end, end)
    prepared = _prepare(text, whole, times)
    last = 0
    for cut in _best_cuts(prepared, times):
        if part := text[last:cut].strip():
            lines = _lay_out(prepared, last, cut) or (part,)
            yield _caption(
                utterance, times[last][1], max(times[cut][0], times[last][1]), lines, part, estimated=not told
            )
        last = cut


def _caption(
    utterance: Utterance, start: int, end: int, lines: tuple[str, ...], text: str, *, estimated: bool
) -> Caption:
    return Caption(start, end, lines, text, utterance.voice, (utterance.index,), estimated)


def _best_cuts(text: _Text, times: Sequence[tuple[int, int]]) -> list[int]:
    """The end of each caption of an utterance at the lowest total cost; the last is the end of the text.

    Args:
        text: the text to divide.
        times: for each offset, when the sound before it ends and when the sound after it starts, in milliseconds.
    """
    size = len(text.text)
    places = (0, *text.places, size)
    total = text.width(0, size)
    even = total / max(1, -(-total // (LINES * LINE_WIDTH)))
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    for number, end in enumerate(places[1:], 1):
        cheapest: tuple[float, int] | None = None
        for begin in reversed(places[:number]):
            space = text.width(begin, end)
            if space > LINES * LINE_WIDTH and cheapest is not None:
                break
            if begin not in best:
                continue
            cost = best[begin][0] + _cost(text, begin, end, times, even)
            if end < size:
                cost += text.cost(end)
            if cheapest is None or cost < cheapest[0]:
                cheapest = (cost, begin)
        if cheapest is not None:
            best[end] = cheapest
    cuts = [size]
    while cuts[-1] > 0:
        cuts.append(best[cuts[-1]][1])
    return cuts[-2::-1]


def _cost(text: _Text, begin: int, end: int, times: Sequence[tuple[int, int]], even: float) -> float:
    """The cost of one caption by itself."""
    cost = _CAPTION_COST
    lines = _line_cost(text, begin, end)
    if lines is None:
        return 100 * _TOO_LONG_COST
    cost += lines
    lasts = times[end][0] - times[begin][1]
    if lasts <= 0:
        cost += _INSIDE_COST
    elif lasts < SHORTEST_MS:
        cost += _TOO_SHORT_COST * (2 - lasts / SHORTEST_MS)
    elif lasts > LONGEST_MS:
        cost += _TOO_LONG_COST * (lasts / LONGEST_MS)
    return cost + _UNEVEN_COST * ((text.width(begin, end) - even) / even) ** 2


def _lay_out(text: _Text, begin: int, end: int) -> tuple[str, ...] | None:
    """The lines of a part; None if two are not enough."""
    part = text.text[begin:end].strip()
    if text.width(begin, end) <= LINE_WIDTH:
        return (part,)
    at = _line_break(text, begin, end)
    return None if at is None else (text.text[begin:at].strip(), text.text[at:end].strip())


def _line_cost(text: _Text, begin: int, end: int) -> float | None:
    """The cost of laying out a part; None if two lines are not enough."""
    if text.width(begin, end) <= LINE_WIDTH:
        return 0.0
    at = _line_break(text, begin, end)
    return None if at is None else _break_cost(text, begin, at, end)


def _line_break(text: _Text, begin: int, end: int) -> int | None:
    """The best offset at which to begin the second line of a part."""
    first = bisect_right(text.places, begin)
    last = bisect_left(text.places, end)
    fits = [
        at
        for at in text.places[first:last]
        if text.width(begin, at) <= LINE_WIDTH and text.width(at, end) <= LINE_WIDTH
    ]
    return min(fits, key=lambda at: _break_cost(text, begin, at, end), default=None)


def _break_cost(text: _Text, begin: int, at: int, end: int) -> float:
    """Allow a line to end inside a quotation, at a small extra cost."""
    border = text.borders[at]
    one, other = text.width(begin, at), text.width(at, end)
    return (_BORDER_COST[border.rank] + (2.0 if border.inside else 0.0)) / 2 + _UNEVEN_LINES_COST * abs(one - other) / (
        one + other
    )


def _prepare(text: str, whole: Pattern[str] | None, times: Sequence[tuple[int, int]] | None = None) -> _Text:
    """Prepare a text; if it is to be divided, ``times`` gives the sound beside each offset."""
    widths = (0, *accumulate(map(_width, text)))
    found = borders(text)
    for word in whole.finditer(text) if whole else ():
        for at in range(word.start() + 1, word.end()):
            found[at] = Border(_TORN, found[at].inside)
    found |= {at: replace(border, inside=False) for at, border in found.items() if border.inside}
    for opener, closer in bracket_pairs(text).items():
        # Brackets longer than a caption may be divided.
        if widths[closer + 1] - widths[opener] <= LINES * LINE_WIDTH and not (
            times and times[closer + 1][0] - times[opener][1] > LONGEST_MS
        ):
            found |= {at: replace(found[at], inside=True) for at in range(opener + 1, closer + 1)}
    places: dict[int, Border] = {}
    for begin, end in pairwise([0, *(at for at, border in found.items() if border.rank <= _PHRASE), len(text)]):
        if begin:
            places[begin] = found[begin]
        # Phrases are divided only if they are too long, or spoken too slowly, to stay whole.
        if widths[end] - widths[begin] > LINE_WIDTH // 2 or (
            times and times[end][0] - times[begin][1] > LONGEST_MS // 3
        ):
            places |= {at: found[at] for at in range(begin + 1, end) if not _clings(text, at)}
    return _Text(text, widths, places, tuple(places))


def _clings(text: str, at: int) -> bool:
    """Whether the character at ``at`` is one with that before it, such as a mark on a letter or a joined emoji."""
    return (
        unicodedata.category(text[at]) in ("Mn", "Me", "Mc", "Sk")
        or text[at] in "\u200d\ufe0e\ufe0f"
        or text[at - 1] == "\u200d"
    )


def _width(character: str) -> int:
    if unicodedata.category(character) in _NARROW_FORMS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WFA" else 1


def _stretch(found: Sequence[Caption], length: int) -> list[Caption]:
    """Extend captions that are too short, as far as the pause after them allows."""
    made: list[Caption] = []
    for number, caption in enumerate(found):
        limit = found[number + 1].start_ms if number + 1 < len(found) else length
        end = max(caption.end_ms, min(caption.start_ms + SHORTEST_MS, limit))
        made.append(caption if end == caption.end_ms else replace(caption, end_ms=end))
    return made


def _settle(found: Sequence[Caption], length: int, walls: Sequence[int], whole: Pattern[str] | None) -> list[Caption]:
    """Join captions that are still too short to the next one, or else to the one before."""
    made: list[Caption] = []
    for caption in found:
        if made and (_is_short(made[-1]) or _is_short(caption)):
            joined = _join(made[-1], caption, walls, whole)
            if joined is not None:
                made[-1] = joined
                continue
        made.append(caption)
    return _stretch(made, length)


def _is_short(caption: Caption) -> bool:
    return caption.end_ms - caption.start_ms < SHORTEST_MS


def _join(one: Caption, other: Caption, walls: Sequence[int], whole: Pattern[str] | None) -> Caption | None:
    """Join both; None if the result would be too long or span the border of a chapter."""
    text = join_texts((one.text, other.text))
    lines: tuple[str, ...] | None = (one.text, other.text)
    if one.utterances == other.utterances or max(width(one.text), width(other.text)) > LINE_WIDTH:
        lines = _lay_out(_prepare(text, whole), 0, len(text))
    if min(one.end_ms - one.start_ms, other.end_ms - other.start_ms) <= 0:
        lines = lines or (text,)  # a caption without time of its own must be joined
    else:
        apart = bisect_right(walls, one.start_ms) != bisect_right(walls, other.start_ms)
        if apart or one.speaker != other.speaker or other.end_ms - one.start_ms > LONGEST_MS:
            return None
    if lines is None:
        return None
    utterances = tuple(dict.fromkeys((*one.utterances, *other.utterances)))
    end = max(one.end_ms, other.end_ms)
    return Caption(one.start_ms, end, lines, text, one.speaker, utterances, one.estimated or other.estimated)
