"""Search and replace in what the lines of a script say.

The text is looked for in what people read, not in markup, names or readings. It is replaced in the source, the script
is read again, and a replacement stands only if its line reads as was wanted and everything else as before. So no
notation has to be known here, and none can be broken.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.episode import DECK_SUFFIX
from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.run.rewording import put_back, read_again
from tts_render.script import Line, read_script

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tts_render.episode.episode import Episode
    from tts_render.script import Item, Script

__all__ = ["Place", "Replacing", "places_of"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_ENTITY = re.compile(r"&(?=#|[A-Za-z])")
_CONTEXT = 12  # characters on each side by which the right one of several places in the source is recognised
_TRIES = 4  # places in the source that are tried for one that stands nowhere else


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line says the text."""

    item: int
    """Index of the line among the items of the script."""
    start: int
    """First character in what the line says."""
    end: int


def places_of(script: Script, find: str, *, case: bool) -> tuple[Place, ...]:
    """Every place where a script says a text, in order.

    Args:
        script: the script.
        find: the text, not empty.
        case: whether capitals and small letters are different.
    """
    pattern = re.compile(re.escape(find), 0 if case else re.IGNORECASE)
    return tuple(
        Place(at, found.start(), found.end())
        for at, item in enumerate(script.items)
        if isinstance(item, Line)
        for found in pattern.finditer(item.text)
    )


class Replacing:
    """Replacements of one text by another in the script of an episode. Nothing is written to the disk."""

    def __init__(self, episode: Episode, find: str, by: str, *, case: bool) -> None:
        """Look for the text in the script and in its source.

        Args:
            episode: the episode.
            find: the text, not empty.
            by: what replaces it.
            case: whether capitals and small letters are different.

        Raises:
            StaleError: the script is not what the episode was opened with.
            ScriptError: it cannot be read any more, or ``by`` has several lines.
        """
        self._source, self._notation, self._script = read_again(episode)
        if _LINE_END.search(by):
            raise ScriptError(said("one line cannot become several"), path=self._source.path)
        in_json = self._source.path.suffix.lower() == DECK_SUFFIX
        self._by, self._written = by, _written(by, in_json=in_json)
        self.places = places_of(self._script, find, case=case)
        """Every place where a line says it."""
        forms = "|".join(map(re.escape, dict.fromkeys((_written(find, in_json=in_json), find))))
        self._found = [match.span() for match in re.finditer(forms, self._source.text, 0 if case else re.IGNORECASE)]
        self._likely = self._aligned()
        self._made: dict[Place, tuple[int, int]] = {}
        self.script = self._script
        """As it reads with the replacements."""
        self.same: tuple[tuple[int, int], ...] = tuple((at, at) for at in range(len(self._script.items)))
        """The items that stay as they are: their indices before, and with the replacements."""

    def make(self, places: Collection[Place]) -> tuple[Place, ...]:
        """Replace the text in these places, as far as the source allows it.

        Returns:
            The places where it could not be replaced, in order.
        """
        rest = sorted(place for place in places if self._likely[place] and not self._has_reading(place))
        hard: list[Place] = []
        # All at once, without the line that is wrong first: reading the script again takes longer than anything else.
        while rest and (wrong := self._try({place: self._likely[place][0] for place in rest})) is not None:
            hard += [place for place in rest if place.item == wrong]
            rest = [place for place in rest if place.item != wrong]
        for place in hard:
            any(self._try({place: number}) is None for number in self._likely[place][:_TRIES])
        return tuple(sorted({*places} - {*self._made}))

    def line(self, place: Place) -> Line:
        """The line of a place as it was."""
        line = self._script.items[place.item]
        if not isinstance(line, Line):
            raise TypeError("only lines can be changed")
        return line

    def text(self, place: Place) -> str:
        """What the line of a place says now."""
        return self._wanted(self._made).get(place.item, self.line(place).text)

    def encode(self, before: bytes) -> bytes:
        """The file with the replacements.

        Args:
            before: the file as it is; a post has its front matter before the script.

        Raises:
            StaleError: it is not what was read.
        """
        return put_back(self._source, before, self._text(self._made.values()))

    def _try(self, numbers: Mapping[Place, int]) -> int | None:
        """Replace finds of the source too, if the script reads as it should then; else, which item is wrong first."""
        made = self._made | {place: self._found[number] for place, number in numbers.items()}
        wanted = self._wanted(made)
        first = min(place.item for place in numbers)
        if len({*made.values()}) < len(made):
            return first
        try:
            script = self._read(self._text(made.values()))
        except ScriptError as error:
            at = [place.item for place in numbers if error.line and self.line(place).line <= error.line]
            return max(at, default=first)
        wrong, same = _first_wrong(self._script.items, script.items, wanted)
        if wrong is None and script.remarks == self._script.remarks:
            self._made, self.script, self.same = made, script, same
            return None
        return max((place.item for place in numbers if wrong is not None and place.item <= wrong), default=first)

    def _wanted(self, made: Iterable[Place]) -> dict[int, str]:
        """What the lines say, by their items, once these places are replaced."""
        wanted: dict[int, str] = {}
        for place in sorted(made, reverse=True):
            text = wanted.get(place.item, self.line(place).text)
            wanted[place.item] = text[: place.start] + self._by + text[place.end :]
        return wanted

    def _has_reading(self, place: Place) -> bool:
        """Whether some of the text there has a reading of its own, which would be wrong for another text."""
        at = 0
        for span in self.line(place).spans:
            if span.said is not None and at < place.end and place.start < at + len(span.text):
                return True
            at += len(span.text)
        return False

    def _text(self, spans: Iterable[tuple[int, int]]) -> str:
        """The source with these parts of it replaced."""
        parts: list[str] = []
        at = 0
        for start, end in sorted(spans):
            parts += [self._source.text[at:start], self._written]
            at = end
        return "".join(parts) + self._source.text[at:]

    def _read(self, text: str) -> Script:
        return read_script(self._source.path, text, self._notation, first_line=self._source.first_line)

    def _aligned(self) -> dict[Place, list[int]]:
        """For each place, which of the finds in the source it may be, the likeliest first."""
        text = self._source.text
        starts = [0, *(found.end() for found in _LINE_END.finditer(text))]
        rows = [bisect_right(starts, start) - 1 + self._source.first_line for start, _ in self._found]
        lines = [item.line for item in self._script.items if isinstance(item, Line)]
        likely: dict[Place, list[int]] = {}
        used = -1
        for place in self.places:
            line = self.line(place)
            last = next(iter(lines[bisect_right(lines, line.line) :]), rows[-1] if rows else 0)
            near = [n for n in range(bisect_right(rows, line.line - 1), bisect_right(rows, last)) if n > used]
            near.sort(key=lambda number: -self._likeness(line.text, place, self._found[number]))
            likely[place] = near
            used = near[0] if near else used
        return likely

    def _likeness(self, shown: str, place: Place, found: tuple[int, int]) -> int:
        """How many characters around a find are those around a place."""
        text = self._source.text
        before = zip(shown[: place.start][::-1][:_CONTEXT], text[max(0, found[0] - _CONTEXT) : found[0]][::-1],
                     strict=False)  # fmt: skip
        after = zip(shown[place.end : place.end + _CONTEXT], text[found[1] : found[1] + _CONTEXT], strict=False)
        return _same(before) + _same(after)


def _same(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _written(text: str, *, in_json: bool) -> str:
    """A text as the source writes it."""
    if in_json:
        return json.dumps(text, ensure_ascii=False)[1:-1]
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def _first_wrong(
    before: Sequence[Item], after: Sequence[Item], wanted: Mapping[int, str]
) -> tuple[int | None, tuple[tuple[int, int], ...]]:
    """Which item is the first that is not as before, or does not say what is wanted; None if there is none.

    And those that have stayed, up to there: their indices before and after.

    A changed line may have become several, or one with the lines that follow it, as full stops come and go.
    """
    old, new = 0, 0
    same: list[tuple[int, int]] = []
    while old < len(before):
        item = before[old]
        if isinstance(item, Line) and wanted.get(old, item.text) != item.text:
            counts = _lines_made(before, after, wanted, old, new)
            if counts is None:
                return old, tuple(same)
            old, new = old + counts[0], new + counts[1]
        elif after[new : new + 1] == (item,):
            same.append((old, new))
            old, new = old + 1, new + 1
        else:
            return old, tuple(same)
    return (None if new == len(after) else old), tuple(same)


def _lines_made(
    before: Sequence[Item], after: Sequence[Item], wanted: Mapping[int, str], old: int, new: int
) -> tuple[int, int] | None:
    """How many lines from ``old`` on have become how many from ``new`` on; None if they do not say what is wanted."""
    lines: list[Line] = []
    made: list[Line] = []
    missing = ""
    while not lines or missing:
        text = ""
        if lines:
            line = after[new + len(made)] if new + len(made) < len(after) else None
            if not isinstance(line, Line):
                return None
            made.append(line)
            text = _squeezed(line.text)
        while not lines or (len(text) > len(missing) and text.startswith(missing)):
            line = before[old + len(lines)] if old + len(lines) < len(before) else None
            if not isinstance(line, Line):
                return None
            missing += _squeezed(wanted.get(old + len(lines), line.text))
            lines.append(line)
        if not missing.startswith(text):
            return None
        missing = missing[len(text) :]
    alike = len({*map(_manner, lines), *map(_manner, made)}) == 1 and _readings(lines) == _readings(made)
    return (len(lines), len(made)) if alike else None


def _manner(line: Line) -> tuple[object, ...]:
    return line.speaker, line.style, line.manner, line.quoted


def _readings(lines: Sequence[Line]) -> list[tuple[str, str | None, bool]]:
    """The readings that the source gives, with what they are of: nothing that is replaced may be a part of it."""
    return [(span.text, span.said, span.kana) for line in lines for span in line.spans if span.said is not None]


def _squeezed(text: str) -> str:
    return "".join(text.split())
