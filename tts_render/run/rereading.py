"""What is to become of lines of a script, and whether they have become that when it is read again."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.run.writing import NEAR
from tts_render.script import Line, Manner, Pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tts_render.script import Item, Span

__all__ = ["Rewording", "Silence", "exact", "gap", "is_silenced", "is_without", "lines_made"]


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause between two lines."""

    seconds: float | None
    """Exactly so long, 0 to 60; None leaves it to the settings."""


@dataclass(frozen=True, slots=True)
class Rewording:
    """What is to become of a line. Of ``spans``, ``before``, ``after`` and ``out``, one at a time."""

    index: int
    """Of the line, among the items of the script at the beginning."""
    text: str | None = None
    """Its new display text, which may be several sentences; None to keep it."""
    factor: Manner = Manner()  # noqa: RUF009  # frozen
    """How its manner changes, except for its intonation."""
    voice: tuple[str, str | None] | None = None
    """Name of the voice that says it, and the style; None to keep them."""
    spans: tuple[Span, ...] | None = None
    """All of its text in parts, some with a reading of their own; empty for none of them, None to keep them."""
    before: Silence | None = None
    """The pause before it; None to keep it."""
    after: Silence | None = None
    """The pause after it; None to keep it."""
    out: bool = False
    """Whether it is to be left out."""


def gap(items: Sequence[Item], place: int, *, behind: bool) -> tuple[int, int]:
    """The places of the lines before and after a pause; -1 and the number of items where there is none."""
    step = 1 if behind else -1
    other = place + step
    while 0 <= other < len(items) and not isinstance(items[other], Line):
        other += step
    return (place, other) if behind else (other, place)


def exact(items: Iterable[Item]) -> list[float]:
    """The lengths of the pauses that are given, in seconds."""
    return [item.seconds or 0.0 for item in items if isinstance(item, Pause) and item.kind == "exact"]


def is_silenced(old: Sequence[Item], new: Sequence[Item], place: int, change: Rewording) -> bool:
    """Whether a pause is as it should be, and everything else as before."""
    silence, behind = change.after or change.before, change.after is not None
    first, last = gap(old, place, behind=behind)
    number = sum(isinstance(item, Line) for item in old[: first + 1])
    places = [-1, *(at for at, item in enumerate(new) if isinstance(item, Line)), len(new)]
    if silence is None or len(places) - 2 != sum(isinstance(item, Line) for item in old):
        return False
    begin, end = places[number], places[number + 1]
    if new[: begin + 1] != old[: first + 1] or new[end:] != old[last:]:
        return False
    kept = [[item for item in part if not exact([item])] for part in (old[first + 1 : last], new[begin + 1 : end])]
    given = exact(new[begin + 1 : end])
    if silence.seconds is None:
        return kept[0] == kept[1] and not given
    return kept[0] == kept[1] and len(given) > 0 and math.isclose(sum(given), silence.seconds, abs_tol=NEAR)


def is_without(old: Sequence[Item], new: Sequence[Item], place: int) -> bool:
    """Whether a line is gone, and everything else as before. Pauses that met there have become one.

    What stands in the same rows may begin in another one of them now.
    """
    rest = [*old[:place], *old[place + 1 :]]
    return _without_rows(rest) == _without_rows(new)


def _without_rows(items: Iterable[Item]) -> list[Item]:
    return [replace(item, line=0) for item in items if not _is_ordinary(item)]


def _is_ordinary(item: Item) -> bool:
    return isinstance(item, Pause) and item.kind != "exact"


def lines_made(
    old: Sequence[Item], new: Sequence[Item], placed: Mapping[int, Rewording], name_of: Callable[[str | None], str]
) -> list[int] | None:
    """How many items each one has become; None if anything is not as it should be."""
    counts: list[int] = []
    position = 0
    for place, item in enumerate(old):
        change = placed.get(place)
        if change is None or not isinstance(item, Line):
            count = int(new[position : position + 1] == (item,))
        else:
            count = _lines_of(change, item, new[position:], name_of)
        if not count:
            return None
        counts.append(count)
        position += count
    return counts if position == len(new) else None


def _lines_of(change: Rewording, old: Line, items: Sequence[Item], name_of: Callable[[str | None], str]) -> int:
    """How many of the next items are the changed line; 0 if they are not."""
    wanted = _squeezed(old.text if change.text is None else change.text)
    manner = old.manner * change.factor
    spans = change.spans if change.spans is not None else old.spans if change.text is None else ()
    said = ""
    for count, line in enumerate(items, 1):
        if (
            not isinstance(line, Line)
            or not _has_voice(line, old, change, name_of)
            or line.quoted != old.quoted
            or not _is_like(line.manner, manner)
        ):
            return 0
        said += _squeezed(line.text)
        if said == wanted:
            return count if (line.end_of_sentence, line.spans) == (old.end_of_sentence, spans) else 0
        if not wanted.startswith(said):
            return 0
    return 0


def _has_voice(line: Line, old: Line, change: Rewording, name_of: Callable[[str | None], str]) -> bool:
    if change.voice is None:
        return (line.speaker, line.style) == (old.speaker, old.style)
    return (name_of(line.speaker), line.style) == change.voice


def _is_like(one: Manner, other: Manner) -> bool:
    """Whether nobody could tell the two manners apart."""
    return all(
        abs(getattr(one, name) - getattr(other, name)) <= NEAR for name in ("speed", "pitch", "volume", "intonation")
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())
