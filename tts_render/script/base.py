"""A script (台本): what is to be said, in order, with pauses and cues in between; the same for every notation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "Cue", "Item", "Line", "Manner", "Notation", "Pause", "PauseKind", "Remark", "Script", "Sound", "Source", "Span",
    "SpokenShortcode", "Templates",
]  # fmt: skip

PauseKind = Literal["sentence", "paragraph", "exact"]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a line."""

    text: str
    """The display text."""
    said: str | None = None
    """The reading, which takes precedence over the reading layers; None leaves it to them."""
    kana: bool = False
    """Whether ``said`` is kana with accents, in VOICEVOX's notation."""


@dataclass(frozen=True, slots=True, order=True)
class Manner:
    """How a line is said, relative to how its voice speaks."""

    speed: float = 1.0
    """Factor for the voice's speed; greater than 1 is faster."""
    pitch: float = 0.0
    """Added to the voice's pitch, in octaves."""
    volume: float = 1.0
    """Factor for the voice's volume; linear."""
    intonation: float = 1.0
    """Factor for the voice's intonation: how far the pitch moves from its mean."""

    def __mul__(self, other: Manner) -> Manner:
        """Combine this manner with one nested inside it."""
        return Manner(
            self.speed * other.speed,
            self.pitch + other.pitch,
            self.volume * other.volume,
            self.intonation * other.intonation,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A future utterance: a sentence, or a part of one that is short enough for an engine."""

    text: str
    """The display text: captions, chapters and pages show this."""
    line: int
    """1-based line of the source where it begins."""
    speaker: str | None = None
    """The name before the colon in a dialogue; None for the episode's own voice."""
    end_of_sentence: bool = True
    """False if the sentence continues in the next line: only a short pause follows."""
    style: str | None = None
    """The style in brackets after the speaker's name; None for that of the voice."""
    manner: Manner = Manner()
    spans: tuple[Span, ...] = ()
    """All of ``text`` in parts if some of it has a reading of its own; otherwise empty."""
    quoted: bool = False
    """Whether it quotes somebody whom the speaker answers."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that the script asks for. Where several meet, the longest applies; an exact one applies as it is."""

    kind: PauseKind
    line: int
    seconds: float | None = None
    """Length of an exact pause; several exact pauses add up."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The border of a section, where a bumper may play and a chapter begins; or just the beginning of a chapter."""

    kind: Literal["section", "chapter"]
    line: int
    title: str | None = None
    """Title of the chapter that begins; None if the notation gives none."""
    url: str | None = None
    """URL of what the chapter is about, for example an article."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound between the words, played whole."""

    name: str
    """One of the ``sounds`` in voices.yaml."""
    line: int
    kind: Literal["sound"] = "sound"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something left out of a script that its author may want to know about."""

    message: str
    line: int


Item = Line | Pause | Cue | Sound


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script. Between two lines of a paragraph there is an implicit sentence pause."""

    path: Path
    """The file it was read from."""
    items: tuple[Item, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Only what is spoken."""
        return tuple(item for item in self.items if isinstance(item, Line))


@dataclass(frozen=True, slots=True)
class Source:
    """Text in some notation, and where it came from."""

    path: Path
    text: str
    first_line: int = 1
    """1-based line of the file at which ``text`` begins."""


@dataclass(frozen=True, slots=True)
class SpokenShortcode:
    """How a Hugo shortcode is spoken."""

    text: str | None = None
    """The attribute to speak; None if nothing is spoken."""
    speaker: str | None = None
    """The attribute that says who speaks: each of its values keeps one voice."""
    voices: tuple[str, ...] = ()
    """Who speaks; several voices are assigned in turn."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What is said around the articles of a post's body; ``{name}`` is a placeholder."""

    intro: str | None = None
    before_article: str | None = None
    outro: str | None = None
    title: str = ""
    """Title of the post."""
    date: str | None = None
    """Date of the post, as it is spoken."""


@dataclass(frozen=True, slots=True)
class Notation:
    """The settings that a reader of scripts needs."""

    speakers: frozenset[str] = field(default_factory=frozenset)
    """Names and aliases that are allowed before a colon."""
    longest: int = 120
    """Maximum number of characters in one utterance; engines slow down, and fail at 2,731."""
    sounds: frozenset[str] = field(default_factory=frozenset)
    """Names of sounds that may be placed between the words."""
    shortcodes: Mapping[str, SpokenShortcode] = field(default_factory=dict)
    """Which Hugo shortcodes are spoken, or known to be silent."""
    templates: Templates = Templates()
