"""From passages, pauses and section borders to the items of a script: the part that all notations share.

A notation reports what it finds, in order. The builder cuts it into sentences, and cuts sentences that are too long
between phrases; it keeps marks away from the beginning of utterances, and drops pauses and borders without meaning.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from tts_render.script.base import Cue, Line, Pause, Sound, Span
from tts_render.script.cleaning import BRACKETS, CLOSING, ENDING, fold_space, speakable
from tts_render.script.inserts import INSERT, Begin, Break, Chapter, Delivery, End, Inserts, Nothing, Play, Said
from tts_render.script.phrases import split_long
from tts_render.script.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.script.base import Item, Notation, PauseKind
    from tts_render.script.inserts import Insert

__all__ = ["ScriptBuilder"]

_LEADING = re.compile(rf"[{ENDING}{re.escape(CLOSING)}、，,;；:：ーｰ゛゜\s]+")
_NO_SILENCE = re.compile(rf"[！？!?‼⁇⁈⁉{re.escape(CLOSING)}\s]+")
_STOPPED = re.compile(rf"[{ENDING}][{re.escape(CLOSING)}\s]*$")
_OPENER_OF = {closer: opener for opener, closer in BRACKETS.items()}
_WHOLE = "語"  # stands for each character of a part that must not be split
_NEAR = 200  # characters within which to look for the bracket that a line closes


class _Passage:
    """Text that is spoken without a pause other than between its sentences."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.goes_on = False
        """Whether its last sentence continues in the next passage."""
        self._said: list[tuple[int, int, Said]] = []  # (begin, end, reading) of the parts with a reading of their own
        self._open: tuple[int, Said] | None = None
        self._pieces: list[str] = []
        self._length = 0
        self._starts: list[tuple[int, int]] = []  # (offset, line in the source) wherever another line begins
        self._tail = ""

    @property
    def text(self) -> str:
        self._pieces = ["".join(self._pieces)]  # joined, because every sentence asks for it
        return self._pieces[0]

    def append(self, text: str, line: int, inserts: Inserts) -> None:
        if INSERT.search(text):
            text = self._take_out(text, inserts)
        self._pieces.append(text)
        self._starts.append((self._length, line))
        self._length += len(text)
        self._tail = (self._tail + text)[-_NEAR:]

    def is_closed_by(self, closer: str) -> bool:
        """Whether ``closer`` closes a bracket that is open at the end of the text."""
        opener = _OPENER_OF.get(closer)
        return opener is not None and self._tail.count(opener) > self._tail.count(closer)

    def line_at(self, offset: int) -> int:
        return self._starts[bisect_right(self._starts, (offset, math.inf)) - 1][1]

    def unsplittable(self) -> str:
        """The text, with nothing to split at in parts that have a reading of their own."""
        text = self.text
        pieces: list[str] = []
        position = 0
        for start, end, _ in self._said:
            pieces += [text[position:start], _WHOLE * (end - max(start, position))]
            position = max(position, end)
        return "".join(pieces) + text[position:]

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """The parts of the text from ``start`` to ``end``; empty if none of it has a reading of its own."""
        text = self.text
        spans: list[Span] = []
        position = start
        before = bisect_right(self._said, start, key=lambda part: part[1])
        for begin, after, said in islice(self._said, before, None):
            if begin >= end:
                break
            first, last = max(begin, start), min(after, end)
            if first >= last:
                continue
            if position < first:
                spans.append(Span(text[position:first]))
            spans.append(Span(text[first:last], said.said if first == begin else "", said.kana))
            position = last
        if spans and position < end:
            spans.append(Span(text[position:end]))
        return tuple(spans)

    def _take_out(self, text: str, inserts: Inserts) -> str:
        """``text`` without the inserts that give parts of it a reading; these are remembered."""
        kept: list[str] = []
        length = self._length
        position = 0
        for found in INSERT.finditer(text):
            kept.append(text[position : found.start()])
            length += found.start() - position
            position = found.end()
            insert = inserts.at(found.group())
            if not isinstance(insert, Said):
                continue
            if insert.said is not None:
                self._open = (length, insert)
            elif self._open is not None:
                self._said.append((self._open[0], length, self._open[1]))
                self._open = None
        return "".join(kept) + text[position:]


class ScriptBuilder:
    """Collects what a notation finds, in order; :meth:`items` gives the script."""

    def __init__(self, notation: Notation, inserts: Inserts | None = None) -> None:
        """Begin an empty script.

        Args:
            notation: the settings that concern scripts.
            inserts: the inserts in the text.
        """
        self._notation = notation
        self._inserts = inserts or Inserts()
        self._found: list[_Passage | Pause | Cue | Sound] = []
        self._speaker: tuple[str | None, str | None] = (None, None)
        self._outside: list[Delivery] = []
        self._delivery = Delivery()

    def speaker(self, name: str | None, style: str | None = None) -> None:
        """Change the speaker from here on."""
        self._speaker = (name, style)

    def say(self, *pieces: tuple[str, int]) -> None:
        """Add a passage: one or more sentences, a part of one, or only marks.

        Closing brackets and marks at its beginning belong to the passage before. If a passage begins by closing a
        bracket of the previous one, it continues it: a quotation that was torn apart becomes one again. Marks alone are
        a pause.

        Args:
            pieces: text without surrounding white space, and its 1-based line, for each line of the passage; joined
                they are the passage.
        """
        waiting: list[tuple[str, int]] = []
        for piece, line in pieces:
            text = self._inserts.without(Nothing, piece)  # or a mark after it would not be seen as the first
            position = 0
            for found in INSERT.finditer(text):
                insert = self._inserts.at(found.group())
                if isinstance(insert, Said):
                    continue
                waiting.append((text[position : found.start()], line))
                self._say(waiting, goes_on=True)
                waiting = []
                position = found.end()
                self._apply(insert, line)
            waiting.append((text[position:], line))
        self._say(waiting, goes_on=False)
        if self._found and isinstance(last := self._found[-1], _Passage):
            last.goes_on = False  # the row is complete, whatever it ends with

    def pause(self, kind: PauseKind, line: int, seconds: float | None = None) -> None:
        """Add a pause."""
        last = self._found[-1] if self._found else None
        if not (isinstance(last, Pause) and last.kind == kind and seconds is None):
            self._found.append(Pause(kind, line, seconds))

    def section(self, line: int, title: str | None = None, url: str | None = None) -> None:
        """Add a section border, with the title and URL of the next section."""
        self._found.append(Cue("section", line, title and fold_space(Inserts.free(title)), url))

    def items(self) -> tuple[Item, ...]:
        """The script so far, with nothing but a section title before its first line and nothing after its last."""
        items: list[Item] = []
        waiting: list[Pause | Cue] = []
        for found, after in pairwise([*self._found, None]):
            match found:
                case None:
                    pass
                case _Passage():
                    found.goes_on = found.goes_on and (
                        isinstance(after, _Passage) or (isinstance(after, Pause) and after.kind == "exact")
                    )
                    items += _kept(waiting, first=not items)
                    waiting = []
                    items += self._lines(found)
                case Sound():
                    items += [*_kept(waiting, first=not items), found]
                    waiting = []
                case _:
                    waiting.append(found)
        return (*items, *(found for found in waiting if isinstance(found, Pause) and found.kind == "exact"))

    def _say(self, pieces: list[tuple[str, int]], *, goes_on: bool) -> None:
        pieces = [piece for piece in pieces if piece[0]]
        if not pieces:
            return
        (first, line), *rest = pieces
        delivery = self._now()
        before = self._before()
        if (
            before
            and before is self._found[-1]
            and before.delivery == delivery
            and before.is_closed_by(INSERT.sub("", first)[:1])
        ):
            for piece in pieces:
                before.append(*piece, self._inserts)
            before.goes_on = goes_on
            return
        passage = _Passage(delivery)
        while marks := self._marks_for(before, first, bool(rest)):
            if before:
                before.append(marks.rstrip(), line, self._inserts)
                before.goes_on = before.goes_on and not marks.strip()
            first = first[len(marks) :]
            if first or not rest:
                break
            (first, line), *rest = rest
        for piece in ((first, line), *rest):
            passage.append(*piece, self._inserts)
        text = passage.text
        if speakable(text):
            passage.goes_on = goes_on
            self._found.append(passage)
        elif text and not goes_on:
            self.pause("paragraph", line)

    def _apply(self, insert: Insert, line: int) -> None:
        """Add what belongs between two passages."""
        match insert:
            case Break(kind, seconds):
                self.pause(kind, line, seconds)
            case Play(name):
                self._found.append(Sound(name, line))
            case Chapter(title):
                self._found.append(Cue("chapter", line, title))
            case Begin(delivery):
                self._outside.append(self._delivery)
                inner = self._delivery
                self._delivery = Delivery(
                    delivery.speaker or inner.speaker,
                    delivery.style if delivery.speaker else inner.style,
                    inner.manner * delivery.manner,
                    delivery.quoted or inner.quoted,
                    delivery.narrator or (inner.narrator and not delivery.speaker),
                )
            case End():
                self._delivery = self._outside.pop() if self._outside else Delivery()

    def _now(self) -> Delivery:
        """Change who speaks, and how."""
        inner = self._delivery
        if inner.narrator:
            return Delivery(manner=inner.manner, quoted=inner.quoted)
        if inner.speaker is None:
            return Delivery(*self._speaker, inner.manner, inner.quoted)
        return inner

    def _lines(self, passage: _Passage) -> Iterator[Line]:
        text = passage.text
        delivery = passage.delivery
        whole = passage.unsplittable()

        def line_of(start: int, end: int, *, ends: bool) -> Line:
            return Line(
                text[start:end],
                line,
                delivery.speaker,
                ends,
                delivery.style,
                delivery.manner,
                passage.spans(start, end),
                delivery.quoted,
            )

        for start, end in sentence_spans(whole):
            line = passage.line_at(start)
            *parts, last = split_long(whole[start:end], self._notation.longest)
            position = start
            for part in parts:
                position = whole.index(part, position)
                yield line_of(position, position + len(part), ends=False)
                position += len(part)
            position = whole.index(last, position)
            stops = not passage.goes_on or end < len(whole.rstrip()) or _STOPPED.search(text) is not None
            yield line_of(position, position + len(last), ends=stops)

    def _marks_for(self, before: _Passage | None, first: str, more: bool) -> str:
        """Take off ``first`` what belongs to the passage before; it is dropped if there is no such passage."""
        marks = _LEADING.match(first)
        if marks is None:
            return ""
        alone = not more and not speakable(first)
        if alone and not (before and _NO_SILENCE.fullmatch(first)):
            return ""  # marks alone are a pause, unless they only close the passage before
        return marks.group()

    def _before(self) -> _Passage | None:
        """The last passage of this section, or None."""
        for found in reversed(self._found):
            if not isinstance(found, Pause):
                return found if isinstance(found, _Passage) else None
        return None


def _kept(waiting: list[Pause | Cue], *, first: bool) -> list[Item]:
    """Reduce the pauses and borders between two passages to those that have a meaning."""
    exact: list[Item] = [found for found in waiting if isinstance(found, Pause) and found.kind == "exact"]
    chapters = [found for found in waiting if isinstance(found, Cue) and found.kind == "chapter"]
    rest: Pause | Cue | None = None
    for found in waiting:
        if found in exact or found in chapters:
            continue
        if rest is None or (isinstance(found, Cue) and not (isinstance(rest, Cue) and found.title is None)):
            rest = found
    if first and not (isinstance(rest, Cue) and (rest.title or rest.url)):
        rest = None
    return [*([rest] if rest else []), *exact, *chapters[-1:]]
