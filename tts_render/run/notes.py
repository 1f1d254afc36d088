"""What an import has changed about lines, and what it could not: told to whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.messages import said

if TYPE_CHECKING:
    from tts_render.speech.casting import Utterance

__all__ = ["Note", "Notes"]


@dataclass(frozen=True, slots=True)
class Note:
    """What was changed about one line, or could not be."""

    line: int | None
    """1-based line in the script, before the change; None for what belongs to no line."""
    text: str
    """Its display text, before the change."""
    about: str

    @property
    def whole(self) -> str:
        """All of it as a message."""
        text = self.text if len(self.text) <= 30 else self.text[:29] + "…"
        return said("「{text}」: {about}", text=text, about=self.about)

    def __str__(self) -> str:
        return str(self.whole)


class Notes:
    """The notes of one import."""

    def __init__(self) -> None:
        self._changes: list[Note] = []
        self._left: list[Note] = []

    def change(self, utterance: Utterance, what: str) -> None:
        """Note what was changed about a line."""
        self._changes.append(Note(utterance.line, utterance.text, what))

    def leave(self, utterance: Utterance, why: str) -> None:
        """Note what neither script nor takes can say about a line."""
        self._left.append(Note(utterance.line, utterance.text, why))

    def leave_text(self, text: str, why: str) -> None:
        """Note a text that belongs to no line."""
        self._left.append(Note(None, text, why))

    @property
    def changes(self) -> tuple[Note, ...]:
        """What was changed, in the order of the lines."""
        return tuple(sorted(self._changes, key=_place))

    @property
    def left(self) -> tuple[Note, ...]:
        """What could not be, in the order of the lines; first what belongs to none."""
        return tuple(sorted(self._left, key=_place))


def _place(note: Note) -> int:
    return note.line or 0
