"""From passages, pauses and section borders to the items of a script: what every notation has in common.

A notation says in order what it finds. Here it is cut into sentences and these, where they are too long, at phrases;
marks are kept away from the beginning of an utterance; and pauses and borders that mean nothing are left out.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from tts_render.script.base import Cue, Line, Pause
from tts_render.script.marks import BRACKETS, CLOSING, ENDING, speakable
from tts_render.script.phrases import split_long
from tts_render.script.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.script.base import Item, Notation, PauseKind

__all__ = ["ScriptBuilder"]

_LEADING = re.compile(rf"[{ENDING}{re.escape(CLOSING)}、，,;；:：ーｰ゛゜\s]+")
_NO_SILENCE = re.compile(rf"[！？!?‼⁇⁈⁉{re.escape(CLOSING)}\s]+")
_OPENER_OF = {closer: opener for opener, closer in BRACKETS.items()}
_NEAR = 200  # characters in which the bracket that a line closes is looked for


class _Passage:
    """Text that is spoken without a pause other than between its sentences."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._starts: list[tuple[int, int]] = []  # (offset, line in the source) wherever another line begins
        self._tail = ""

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def append(self, text: str, line: int) -> None:
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


class ScriptBuilder:
    """Collects what a notation finds, in order; :meth:`items` gives the script."""

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self._found: list[_Passage | Pause | Cue] = []

    def say(self, *pieces: tuple[str, int]) -> None:
        """Add a passage: one sentence or more, a part of one, or marks alone.

        Closing brackets and marks at its beginning belong to the passage before. A passage that begins by closing what
        that one opened is its continuation: a quotation that was torn apart is one again. Marks alone are a silence.

        Args:
            pieces: text without white space around it, and the line (1-based) on which it stands, for each line of the
                passage; joined they are the passage.
        """
        (first, line), *rest = pieces
        before = self._before()
        if before and before is self._found[-1] and before.is_closed_by(first[:1]):
            for piece in pieces:
                before.append(*piece)
            return
        passage = _Passage()
        if marks := self._marks_for(before, first, bool(rest)):
            if before:
                before.append(marks.rstrip(), line)
            first = first[len(marks) :]
        for piece in ((first, line), *rest):
            passage.append(*piece)
        text = passage.text
        if speakable(text):
            self._found.append(passage)
        elif text:
            self.pause("paragraph", line)

    def pause(self, kind: PauseKind, line: int) -> None:
        """Add a silence."""
        if not (self._found and isinstance(self._found[-1], Pause) and self._found[-1].kind == kind):
            self._found.append(Pause(kind, line))

    def section(self, line: int, title: str | None = None, url: str | None = None) -> None:
        """Add the border of a section, with what the next one is called and about."""
        self._found.append(Cue("section", line, title, url))

    def items(self) -> tuple[Item, ...]:
        """The script so far: nothing before its first line but the title of a section, and nothing after its last."""
        items: list[Item] = []
        waiting: Pause | Cue | None = None
        for found in self._found:
            if isinstance(found, _Passage):
                if waiting and (items or (isinstance(waiting, Cue) and waiting.title)):
                    items.append(waiting)
                waiting = None
                items.extend(self._lines(found))
            elif waiting is None or (isinstance(found, Cue) and not (isinstance(waiting, Cue) and found.title is None)):
                waiting = found
        return tuple(items)

    def _lines(self, passage: _Passage) -> Iterator[Line]:
        text = passage.text
        for start, end in sentence_spans(text):
            *parts, last = split_long(text[start:end], self._notation.longest)
            line = passage.line_at(start)
            for part in parts:
                yield Line(part, line, end_of_sentence=False)
            yield Line(last, line)

    def _marks_for(self, before: _Passage | None, first: str, more: bool) -> str:
        """What at the beginning of ``first`` belongs to the passage before; it is dropped where there is none."""
        marks = _LEADING.match(first)
        if marks is None:
            return ""
        alone = not more and not speakable(first)
        if alone and not (before and _NO_SILENCE.fullmatch(first)):
            return ""  # marks alone are a silence, but for those that only close the passage before
        return marks.group()

    def _before(self) -> _Passage | None:
        """The last passage of this section, if there is one."""
        for found in reversed(self._found):
            if not isinstance(found, Pause):
                return found if isinstance(found, _Passage) else None
        return None
