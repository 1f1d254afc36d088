"""Script, 台本: what is to be said, in order, with the pauses and cues between; the same for every notation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Cue", "Item", "Line", "Notation", "Pause", "PauseKind", "Script", "Source"]

PauseKind = Literal["sentence", "paragraph"]


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance to be: a sentence, or a part of one that is short enough for an engine."""

    text: str
    """As people read it: captions, chapters and pages show this."""
    line: int
    """1-based line in the source where it begins."""
    speaker: str | None = None
    """The name before the colon in a dialogue; None is the episode's own voice."""
    end_of_sentence: bool = True
    """False where a sentence that is too long was split at a phrase border: no pause follows."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence that the script asks for. Where several meet, the longest holds."""

    kind: PauseKind
    line: int


@dataclass(frozen=True, slots=True)
class Cue:
    """The border of a section: a bumper may sound here, and a chapter begins."""

    kind: Literal["section"]
    line: int
    title: str | None = None
    """Display text of the chapter that begins; None where the notation gives none."""
    url: str | None = None
    """What the chapter is about, for example the article."""


Item = Line | Pause | Cue


@dataclass(frozen=True, slots=True)
class Script:
    """All of a script. Between two lines of one paragraph a sentence pause is understood and not written down."""

    path: Path
    """Where it was read from."""
    items: tuple[Item, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """Just what is spoken."""
        return tuple(item for item in self.items if isinstance(item, Line))


@dataclass(frozen=True, slots=True)
class Source:
    """Text in some notation, and where it stands."""

    path: Path
    text: str
    first_line: int = 1
    """1-based line of the file on which ``text`` begins."""


@dataclass(frozen=True, slots=True)
class Notation:
    """What a reader of scripts needs to know of the settings."""

    speakers: frozenset[str] = field(default_factory=frozenset)
    """Names and aliases that may stand before a colon."""
    longest: int = 120
    """Characters in one utterance at most; an engine slows down, and at 2,731 gives up."""
