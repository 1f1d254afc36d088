"""Script, 台本: what is to be said, in order, with the pauses and cues between; the same for every notation."""

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
    """As people read it."""
    said: str | None = None
    """As it is said, whatever the layers of reading would make of it; None where they decide."""
    kana: bool = False
    """Whether ``said`` is kana with accents, in the notation of VOICEVOX."""


@dataclass(frozen=True, slots=True, order=True)
class Manner:
    """How a line is said, on top of how its voice speaks."""

    speed: float = 1.0
    """Multiplies the voice's; above 1 is faster."""
    pitch: float = 0.0
    """Added to the voice's, in octaves."""
    volume: float = 1.0
    """Multiplies the voice's; linear."""

    def __mul__(self, other: Manner) -> Manner:
        """One manner inside of another."""
        return Manner(self.speed * other.speed, self.pitch + other.pitch, self.volume * other.volume)


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
    """False where a sentence goes on in the next line: only a short pause follows."""
    style: str | None = None
    """The name of the speaker's style in brackets behind its name; None is that of the voice."""
    manner: Manner = Manner()
    spans: tuple[Span, ...] = ()
    """All of ``text`` in parts, where some of it is said in its own way; none otherwise."""
    quoted: bool = False
    """Whether it is somebody else's words that the speaker answers to."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence that the script asks for. Where several meet, the longest holds; where one is exact, just that."""

    kind: PauseKind
    line: int
    seconds: float | None = None
    """How long, where it is exact; several that are exact add up."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The border of a section, where a bumper may sound and a chapter begins; or the beginning of a chapter alone."""

    kind: Literal["section", "chapter"]
    line: int
    title: str | None = None
    """Display text of the chapter that begins; None where the notation gives none."""
    url: str | None = None
    """What the chapter is about, for example the article."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound between the words, played whole."""

    name: str
    """Among the ``sounds`` of voices.yaml."""
    line: int
    kind: Literal["sound"] = "sound"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a script that was left out, and that its author may want to know of."""

    message: str
    line: int


Item = Line | Pause | Cue | Sound


@dataclass(frozen=True, slots=True)
class Script:
    """All of a script. Between two lines of one paragraph a sentence pause is understood and not written down."""

    path: Path
    """Where it was read from."""
    items: tuple[Item, ...]
    remarks: tuple[Remark, ...] = ()

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
class SpokenShortcode:
    """How one of Hugo's shortcodes is spoken."""

    text: str | None = None
    """The attribute that is spoken; None where nothing is."""
    speaker: str | None = None
    """The attribute that says who speaks: each value keeps one voice."""
    voices: tuple[str, ...] = ()
    """Who speaks; where there are several speakers, each in turn."""


@dataclass(frozen=True, slots=True)
class Templates:
    """What is said around the articles of a post's body. ``{name}`` stands for what is filled in."""

    intro: str | None = None
    before_article: str | None = None
    outro: str | None = None
    title: str = ""
    """Of the post."""
    date: str | None = None
    """Of the post, as it is spoken."""


@dataclass(frozen=True, slots=True)
class Notation:
    """What a reader of scripts needs to know of the settings."""

    speakers: frozenset[str] = field(default_factory=frozenset)
    """Names and aliases that may stand before a colon."""
    longest: int = 120
    """Characters in one utterance at most; an engine slows down, and at 2,731 gives up."""
    sounds: frozenset[str] = field(default_factory=frozenset)
    """Names of sounds that may be placed between the words."""
    shortcodes: Mapping[str, SpokenShortcode] = field(default_factory=dict)
    """Which shortcodes of Hugo are spoken, or known to be silent."""
    templates: Templates = Templates()
