"""Changes of single lines in the source of a script: another text, or an element of markup around it.

A change is made in the source, the script is read again, and the change stands only if it reads as was wanted and
everything else as before. So no notation has to be written here, and none can be broken.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.episode import script_source
from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script import Line, Manner, read_script
from tts_render.script.attributes import parse_prosody

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tts_render.episode.episode import Episode
    from tts_render.script import Item, Script

__all__ = ["Draft", "Rewording", "prosody"]

_LINE_END = re.compile(r"(\r\n|\r|\n)")
_ENTITY = re.compile(r"&(?=#|[A-Za-z])")
_OPENED = re.compile(r"<prosody((?:\s+[a-z]+=(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*>$")
_CLOSED = re.compile(r"</prosody\s*>")
_VALUE = re.compile(r"([a-z]+)=(?:\"([^\"]*)\"|'([^']*)')")
_LABEL = re.compile(r"[^:：]{1,80}[:：]\s*")
_NEAR = 1e-3
"""Differences in scales that nobody hears, a tenth of the editor's smallest step."""


def prosody(manner: Manner) -> str:
    """The begin tag of a ``<prosody>`` that says ``manner``, except for its intonation; empty if it says nothing."""
    values: list[tuple[str, str]] = []
    if abs(manner.speed - 1) > _NEAR:
        values.append(("rate", _percent(manner.speed)))
    if abs(manner.pitch) > _NEAR:
        values.append(("pitch", _shortest(manner.pitch * 12, within=0.001, sign="+") + "st"))
    if abs(manner.volume - 1) > _NEAR:
        values.append(("volume", _percent(manner.volume)))
    written = " ".join(f'{name}="{value}"' for name, value in values)
    return f"<prosody {written}>" if written else ""


@dataclass(frozen=True, slots=True)
class Rewording:
    """What is to become of a line."""

    index: int
    """Of the line, among the items of the script at the beginning."""
    text: str | None = None
    """Its new display text, which may be several sentences; None to keep it."""
    factor: Manner = Manner()  # noqa: RUF009  # frozen
    """How its manner changes, except for its intonation."""


class Draft:
    """The script of an episode while lines of it are changed. Nothing is written to the disk."""

    def __init__(self, episode: Episode) -> None:
        """Read the script once more.

        Raises:
            ScriptError: it is not what the episode was opened with.
        """
        self._source, self._notation = script_source(episode)
        self.text = self._source.text
        self.script = self._read(self.text)
        if self.script.items != episode.script.items:
            raise ScriptError(said("was changed meanwhile"), path=self._source.path, remedy=said("Run this again."))
        self.origins = list(range(len(self.script.items)))
        """For each item of the script, the index of the item that it was at the beginning."""

    @property
    def changed(self) -> bool:
        """Whether a line was changed."""
        return self.text != self._source.text

    def make(self, changes: Sequence[Rewording]) -> set[int]:
        """Make changes, as many as the script can say; return the indices of their lines.

        Args:
            changes: of lines that were not changed before.
        """
        # All at once, or else in halves: reading the script again takes longer than anything else.
        if self._make(changes):
            return {change.index for change in changes}
        if len(changes) < 2:
            return set()
        middle = len(changes) // 2
        return self.make(changes[:middle]) | self.make(changes[middle:])

    def encode(self, before: bytes) -> bytes:
        """The file with the changes.

        Args:
            before: the file as it is; a post has its front matter before the script.

        Raises:
            ScriptError: it is not what was read.
        """
        old = self._source.text.encode("utf-8")
        if not before.endswith(old):
            raise ScriptError(said("was changed meanwhile"), path=self._source.path, remedy=said("Run this again."))
        return before[: len(before) - len(old)] + self.text.encode("utf-8")

    def _make(self, changes: Sequence[Rewording]) -> bool:
        """Make all of these changes, or none."""
        placed = {self.origins.index(change.index): change for change in changes}
        pieces = _LINE_END.split(self.text)
        for place, change in placed.items():
            line = self.script.items[place]
            if not isinstance(line, Line):
                raise TypeError("only lines can be changed")
            row = 2 * (line.line - self._source.first_line)
            candidates = (
                _candidates(pieces[row], line.text, change, in_json=self._source.path.suffix == ".json")
                if 0 <= row < len(pieces)
                else iter(())
            )
            if len(changes) == 1:
                return any(self._stands([*pieces[:row], tried, *pieces[row + 1 :]], placed) for tried in candidates)
            pieces[row] = next(candidates, pieces[row])
        return self._stands(pieces, placed)

    def _stands(self, pieces: Sequence[str], placed: Mapping[int, Rewording]) -> bool:
        """Take these pieces as the script if they read as they should."""
        text = "".join(pieces)
        try:
            script = self._read(text)
        except ScriptError:
            return False
        counts = _lines_made(self.script, script, placed)
        if counts is None:
            return False
        self.text, self.script = text, script
        self.origins = [origin for origin, count in zip(self.origins, counts, strict=True) for _ in range(count)]
        return True

    def _read(self, text: str) -> Script:
        return read_script(self._source.path, text, self._notation, first_line=self._source.first_line)


def _candidates(row: str, old: str, change: Rewording, *, in_json: bool) -> Iterator[str]:
    """The ways in which a row of the source may have to be changed, the likeliest first."""
    new, begin = change.text, prosody(change.factor)
    end = "</prosody>" if begin else ""

    def written(text: str) -> str:
        if in_json:
            return json.dumps(text, ensure_ascii=False)[1:-1]
        return _ENTITY.sub("&amp;", text).replace("<", "&lt;")

    for form in dict.fromkeys((old, written(old))):
        shown = form if new is None else written(new)
        for found in re.finditer(re.escape(form), row):
            before, after = row[: found.start()], row[found.end() :]
            opened, closed = _OPENED.search(before), _CLOSED.match(after)
            if opened and closed and begin and (inner := _manner(opened[1])) is not None:
                joined = prosody(inner * change.factor)
                yield (
                    f"{before[: opened.start()]}{joined}{shown}{'</prosody>' if joined else ''}{after[closed.end() :]}"
                )
            yield f"{before}{begin}{shown}{end}{after}"
    if new is None:  # parts with readings of their own are not written as they are shown
        content = row.strip()
        start = row.find(content)
        label = _LABEL.match(content)
        for skipped in ([label.end()] if label else []) + [0]:
            kept = content[skipped:]
            yield f"{row[: start + skipped]}{begin}{kept}{end}{row[start + len(content) :]}"


def _lines_made(before: Script, after: Script, placed: Mapping[int, Rewording]) -> list[int] | None:
    """How many items each one has become; None if anything is not as it should be."""
    if after.remarks != before.remarks:
        return None
    counts: list[int] = []
    position = 0
    for place, old in enumerate(before.items):
        change = placed.get(place)
        if change is None or not isinstance(old, Line):
            count = int(after.items[position : position + 1] == (old,))
        else:
            count = _lines_of(change, old, after.items[position:])
        if not count:
            return None
        counts.append(count)
        position += count
    return counts if position == len(after.items) else None


def _lines_of(change: Rewording, old: Line, items: Sequence[Item]) -> int:
    """How many of the next items are the changed line; 0 if they are not."""
    wanted = _squeezed(old.text if change.text is None else change.text)
    manner = old.manner * change.factor
    spoken = ""
    for count, line in enumerate(items, 1):
        if (
            not isinstance(line, Line)
            or (line.speaker, line.style, line.quoted) != (old.speaker, old.style, old.quoted)
            or not _is_like(line.manner, manner)
        ):
            return 0
        spoken += _squeezed(line.text)
        if spoken == wanted:
            spans = old.spans if change.text is None else ()
            return count if (line.end_of_sentence, line.spans) == (old.end_of_sentence, spans) else 0
        if not wanted.startswith(spoken):
            return 0
    return 0


def _is_like(one: Manner, other: Manner) -> bool:
    """Whether nobody could tell the two manners apart."""
    return all(
        abs(getattr(one, name) - getattr(other, name)) <= _NEAR for name in ("speed", "pitch", "volume", "intonation")
    )


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _manner(values: str) -> Manner | None:
    try:
        return parse_prosody({name: double or single for name, double, single in _VALUE.findall(values)})
    except ValueError:
        return None


def _percent(factor: float) -> str:
    return _shortest(factor * 100, within=0.01) + "%"


def _shortest(value: float, *, within: float, sign: str = "") -> str:
    """``value`` with as few decimals as it needs."""
    for decimals in range(4):
        text = f"{value:{sign}.{decimals}f}"
        if abs(float(text) - value) <= within:
            break
    return text
