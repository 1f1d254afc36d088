"""Changes of single lines in the source of a script: another text, reading, manner, voice or pause, or none of it.

A change is made in the source, the script is read again, and the change stands only if it reads as was wanted and
everything else as before. So no notation has to be known here, and none can be broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.episode.episode import DECK_SUFFIX, script_source
from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.run.journal import StaleError
from tts_render.run.rereading import Rewording, Silence, exact, gap, is_silenced, is_without, lines_made
from tts_render.run.writing import break_tag, silenced, spelled, taken_out, wrapped
from tts_render.script import Line, read_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tts_render.episode.episode import Episode
    from tts_render.script import Script
    from tts_render.script.base import Notation, Source

__all__ = ["Draft", "put_back", "read_again"]

_LINE_END = re.compile(r"(\r\n|\r|\n)")
_MARK = "\ufeff"
_MOST_ROWS = 8  # in which a line may stand where the ends of rows mean nothing


def read_again(episode: Episode) -> tuple[Source, Notation, Script]:
    """The script of an episode as its file is now, after what it is read from, and with which settings.

    Raises:
        StaleError: it is not what the episode was opened with.
        ScriptError: it cannot be read any more.
    """
    source, notation = script_source(episode)
    script = read_script(source.path, source.text, notation, first_line=source.first_line)
    if script.items != episode.script.items:
        raise StaleError(said("was changed meanwhile"), path=source.path, remedy=said("Try again."))
    return source, notation, script


def put_back(source: Source, before: bytes, text: str) -> bytes:
    """The file with another text as its script.

    Args:
        source: what was read of the file.
        before: the file as it is; a post has its front matter before the script.
        text: what its script becomes.

    Raises:
        StaleError: the file is not what was read.
    """
    old = source.text.encode("utf-8")
    if not before.endswith(old):
        raise StaleError(said("was changed meanwhile"), path=source.path, remedy=said("Try again."))
    return before[: len(before) - len(old)] + text.encode("utf-8")


class Draft:
    """The script of an episode while lines of it are changed. Nothing is written to the disk."""

    def __init__(self, episode: Episode) -> None:
        """Read the script once more.

        Raises:
            StaleError: it is not what the episode was opened with.
            ScriptError: it cannot be read any more.
        """
        self._source, self._notation, self.script = read_again(episode)
        self._episode = episode
        self.text = self._source.text
        self.origins = list(range(len(self.script.items)))
        """For each item of the script, the index of the item that it was at the beginning; -1 for a new pause."""

    @property
    def changed(self) -> bool:
        """Whether a line was changed."""
        return self.text != self._source.text

    @property
    def has_markup(self) -> bool:
        """Whether its notation has markup at all."""
        return self._source.path.suffix.lower() != DECK_SUFFIX

    def make(self, changes: Sequence[Rewording]) -> set[int]:
        """Make changes, as many as the script can say; return the indices of their lines.

        Args:
            changes: of lines that were not changed before.
        """
        if not changes:
            return set()
        # All at once, or else in halves: reading the script again takes longer than anything else.
        if self._make(changes):
            return {change.index for change in changes}
        if len(changes) < 2:
            return set()
        middle = len(changes) // 2
        return self.make(changes[:middle]) | self.make(changes[middle:])

    def line(self, index: int) -> Line:
        """A line as it reads now.

        Args:
            index: of the line, among the items of the script at the beginning.
        """
        line = self.script.items[self.origins.index(index)]
        if not isinstance(line, Line):
            raise TypeError("only lines can be changed")
        return line

    def row(self, line: int) -> str:
        """A line of the file as it is written, without its end.

        Args:
            line: 1-based.

        Raises:
            StaleError: there is no such line.
        """
        rows = _LINE_END.split(self.text.removeprefix(_MARK))[::2]
        number = line - self._source.first_line
        if not 0 <= number < len(rows):
            raise StaleError(said("has fewer lines now"), path=self._source.path, line=line)
        return rows[number]

    def replace_row(self, line: int, before: str, after: str) -> int:
        """Change a line of the file as somebody has typed it; what follows it may read otherwise then.

        Args:
            line: 1-based, where it was when somebody began to change it.
            before: the line then; where the lines before it have become more or fewer, it is found by this.
            after: what it becomes; empty takes the line out, with its end.

        Returns:
            Where it stands now.

        Raises:
            StaleError: the line is another one now; the error has it.
            ScriptError: the script could not be read with it.
        """
        if _LINE_END.search(after):
            raise ScriptError(
                said("one line cannot become several"),
                path=self._source.path,
                line=line,
                remedy=said("Add lines in an editor."),
            )
        mark = _MARK if self.text.startswith(_MARK) else ""
        pieces = _LINE_END.split(self.text.removeprefix(_MARK))
        rows = pieces[::2]
        number = line - self._source.first_line
        if not 0 <= number < len(rows) or rows[number] != before:
            same = [place for place, row in enumerate(rows) if row == before]
            if len(same) != 1:
                now = self.row(line)
                raise StaleError(
                    said("reads now: {line}", line=now),
                    path=self._source.path,
                    line=line,
                    remedy=said("Your text is kept; look at both, and save again."),
                    there=now,
                )
            (number,) = same
        pieces[2 * number : 2 * number + (1 if after else 2)] = [after] if after else []
        text = mark + "".join(pieces)
        self.script, self.text = self._read(text), text
        return number + self._source.first_line

    def encode(self, before: bytes) -> bytes:
        """The file with the changes.

        Args:
            before: the file as it is; a post has its front matter before the script.

        Raises:
            StaleError: it is not what was read.
        """
        return put_back(self._source, before, self.text)

    def _make(self, changes: Sequence[Rewording]) -> bool:
        """Make all of these changes, or none."""
        placed = {self.origins.index(change.index): change for change in changes}
        pieces = _LINE_END.split(self.text)
        if len(changes) == 1:
            ((place, change),) = placed.items()
            return any(
                self._stands(_with_rows(pieces, rows), placed) for rows in self._candidates(pieces, place, change)
            )
        for place, change in placed.items():
            pieces = _with_rows(pieces, next(self._candidates(pieces, place, change), {}))
        return self._stands(pieces, placed)

    def _candidates(self, pieces: Sequence[str], place: int, change: Rewording) -> Iterator[dict[int, str]]:
        """The rows that may have to be changed, by the index of their piece."""
        line = self.script.items[place]
        if not isinstance(line, Line):
            raise TypeError("only lines can be changed")
        at = self._piece(line)
        if not 0 <= at < len(pieces):
            return
        silence = change.before or change.after
        if silence is not None:
            yield from self._silences(pieces, place, silence, behind=change.before is None)
        elif not self.has_markup:
            # Its notes stand in one row of several, as a slide is written.
            for row in range(at, self._next_piece(place, len(pieces)), 2):
                for text in wrapped(pieces[row], line, text=change.text, factor=change.factor, in_json=True):
                    yield {row: text}
        else:
            # First the row in which it begins, then all in which it may stand, as one.
            last = min(self._next_piece(place, len(pieces) - 1), at + 2 * _MOST_ROWS, len(pieces) - 1)
            for rows in ([at], range(at, last + 1)) if last > at else ([at],):
                blank = dict.fromkeys(rows, "")
                yield from (
                    {**blank, at: text} for text in _written("".join(pieces[at : at + len(rows)]), line, change)
                )

    def _silences(
        self, pieces: Sequence[str], place: int, silence: Silence, *, behind: bool
    ) -> Iterator[dict[int, str]]:
        one, other = gap(self.script.items, place, behind=behind)
        lines = [self.script.items[at] if 0 <= at < len(self.script.items) else None for at in (one, other)]
        first, last = (None if not isinstance(line, Line) else (self._piece(line), line) for line in lines)
        rows = range(first[0] if first else 0, (last[0] if last else len(pieces) - 1) + 1, 2)
        yield from silenced(
            {row: pieces[row] for row in rows},
            first,
            last,
            len(exact(self.script.items[one + 1 : other])),
            "" if silence.seconds is None else break_tag(silence.seconds),
            at_end=behind,
        )

    def _piece(self, line: Line) -> int:
        return 2 * (line.line - self._source.first_line)

    def _next_piece(self, place: int, end: int) -> int:
        """Where the next slide begins."""
        here = self.script.items[place].line
        later = (item.line for item in self.script.items[place:] if item.line > here)
        return next((2 * (line - self._source.first_line) for line in later), end)

    def _stands(self, pieces: Sequence[str], placed: Mapping[int, Rewording]) -> bool:
        """Take these pieces as the script if they read as they should."""
        text = "".join(pieces)
        try:
            script = self._read(text)
        except ScriptError:
            return False
        if script.remarks != self.script.remarks:
            return False
        old, new = self.script.items, script.items
        place, change = next(iter(placed.items()))
        if change.out or change.before or change.after:
            if not (is_without(old, new, place) if change.out else is_silenced(old, new, place, change)):
                return False
            stay = [at for at, item in enumerate(old) if isinstance(item, Line) and not (change.out and at == place)]
            lines = iter(stay)
            origins = [self.origins[next(lines)] if isinstance(item, Line) else -1 for item in new]
        else:
            counts = lines_made(old, new, placed, self._name_of)
            if counts is None:
                return False
            origins = [origin for origin, count in zip(self.origins, counts, strict=True) for _ in range(count)]
        self.text, self.script, self.origins = text, script, origins
        return True

    def _name_of(self, speaker: str | None) -> str:
        """The voice that a speaker's name is for."""
        voice = self._episode.voice if speaker is None else self._episode.config.voice(speaker)
        return speaker or "" if voice is None else voice.name

    def _read(self, text: str) -> Script:
        return read_script(self._source.path, text, self._notation, first_line=self._source.first_line)


def _written(row: str, line: Line, change: Rewording) -> Iterator[str]:
    if change.out:
        return taken_out(row, line)
    if change.spans is not None:
        return spelled(row, line, change.spans)
    name, style = change.voice or (None, None)
    voice = f"{name}（{style}）" if style else name
    return wrapped(row, line, text=change.text, factor=change.factor, voice=voice)


def _with_rows(pieces: Sequence[str], rows: Mapping[int, str]) -> list[str]:
    changed = list(pieces)
    for at, row in rows.items():
        changed[at] = row
    return changed
