"""Inserts: things in a text that are not text, each replaced by one private-use character while the text is parsed.

They are put in before a notation is read and taken out where its passages become lines, so that notations need not know
about them, and none of them can end up in display text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.base import Manner, Remark

if TYPE_CHECKING:
    from tts_render.script.base import PauseKind

__all__ = ["INSERT", "Begin", "Break", "Chapter", "Delivery", "End", "Insert", "Inserts", "Nothing", "Play", "Said"]

_FIRST = 0xF0000  # start of the first private-use plane, which no font or keyboard uses
_MOST = 0xFFFD

INSERT = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + _MOST)}]")
"""One insert in a text."""


@dataclass(frozen=True, slots=True)
class Break:
    """A pause."""

    kind: PauseKind
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """A sound, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter begins."""

    title: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who speaks, and how. None leaves a property as it is outside."""

    speaker: str | None = None
    style: str | None = None
    manner: Manner = Manner()  # noqa: RUF009  # frozen
    quoted: bool = False
    narrator: bool = False
    """Whether it is the episode's own voice, whoever speaks outside."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The following is spoken like this, up to its :class:`End`."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class End:
    """The end of the last :class:`Begin`."""


@dataclass(frozen=True, slots=True)
class Said:
    """The beginning or end of a part with a reading of its own."""

    said: str | None
    """The reading; None at the end."""
    kana: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Marks something that was removed, so that the line does not count as empty."""


Insert = Break | Play | Chapter | Begin | End | Said | Nothing


class Inserts:
    """The inserts of one script, and remarks about what was left out."""

    def __init__(self) -> None:
        self._numbers: dict[Insert, int] = {}
        self._known: list[Insert] = []
        self.remarks: list[Remark] = []

    def put(self, insert: Insert) -> str:
        """Return the character that represents ``insert``."""
        number = self._numbers.get(insert)
        if number is None:
            if len(self._known) > _MOST:
                raise ScriptError(
                    said("contains more than 65,000 different pieces of markup"), remedy=said("Split it.")
                )
            number = self._numbers[insert] = len(self._known)
            self._known.append(insert)
        return chr(_FIRST + number)

    def at(self, character: str) -> Insert:
        """Return what ``character`` represents."""
        return self._known[ord(character) - _FIRST]

    def without(self, kind: type[Insert], text: str) -> str:
        """Remove the inserts of one kind from ``text``."""
        return INSERT.sub(lambda found: "" if isinstance(self.at(found.group()), kind) else found.group(), text)

    def remark(self, message: str, line: int) -> None:
        """Record something that was left out."""
        self.remarks.append(Remark(message, line))

    @staticmethod
    def free(text: str) -> str:
        """Remove inserts from ``text``, and anything that could be mistaken for one."""
        return INSERT.sub("", text)
