"""Inserts: what stands in a text and is not text, each as one character of private use while the text is taken apart.

They are put in before a notation is read, and taken out where its passages become lines, so that no notation has to
know of them, and none of them can reach what people read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.script.base import Manner, Remark

if TYPE_CHECKING:
    from tts_render.script.base import PauseKind

__all__ = ["INSERT", "Begin", "Break", "Chapter", "Delivery", "End", "Insert", "Inserts", "Nothing", "Play", "Said"]

_FIRST = 0xF0000  # of the first private plane, which no font and no keyboard uses
_MOST = 0xFFFD

INSERT = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + _MOST)}]")
"""One insert in a text."""


@dataclass(frozen=True, slots=True)
class Break:
    """A silence."""

    kind: PauseKind
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Play:
    """A sound by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter begins."""

    title: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Who speaks, and how. What is None stays as it is outside."""

    speaker: str | None = None
    style: str | None = None
    manner: Manner = Manner()  # noqa: RUF009  # frozen
    quoted: bool = False
    narrator: bool = False
    """The episode's own voice, whoever speaks outside."""


@dataclass(frozen=True, slots=True)
class Begin:
    """From here on, up to its :class:`End`, it is spoken so."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class End:
    """The end of the last :class:`Begin`."""


@dataclass(frozen=True, slots=True)
class Said:
    """The beginning or the end of a part that is said in its own way."""

    said: str | None
    """None at its end."""
    kana: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Something stood here that means nothing; the line is not empty, though."""


Insert = Break | Play | Chapter | Begin | End | Said | Nothing


class Inserts:
    """The inserts of one script, and what is to be remarked on."""

    def __init__(self) -> None:
        self._numbers: dict[Insert, int] = {}
        self._known: list[Insert] = []
        self.remarks: list[Remark] = []

    def put(self, insert: Insert) -> str:
        """The character that stands for ``insert``."""
        number = self._numbers.get(insert)
        if number is None:
            if len(self._known) > _MOST:
                raise ScriptError("holds more than 65,000 different pieces of markup", remedy="Split it.")
            number = self._numbers[insert] = len(self._known)
            self._known.append(insert)
        return chr(_FIRST + number)

    def at(self, character: str) -> Insert:
        """What ``character`` stands for."""
        return self._known[ord(character) - _FIRST]

    def without(self, kind: type[Insert], text: str) -> str:
        """``text`` without the inserts of one kind."""
        return INSERT.sub(lambda found: "" if isinstance(self.at(found.group()), kind) else found.group(), text)

    def remark(self, message: str, line: int) -> None:
        """Remember something that was left out."""
        self.remarks.append(Remark(message, line))

    @staticmethod
    def free(text: str) -> str:
        """``text`` without inserts, and without what could be taken for one."""
        return INSERT.sub("", text)
