"""What the rest of the program sees of an engine: styles by name, phrases of a text, sound of the phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tts_render.engine.moras import AccentPhrase
    from tts_render.ground.units import Frames, Seconds
    from tts_render.settings.lexicon import Entry

__all__ = ["KANA", "Engine", "Identity", "MoraTime", "Phrasing", "Scales", "Spoken", "Style", "StyleId"]

StyleId = NewType("StyleId", int)
"""The number by which an engine knows one style of one speaker."""


KANA = ("⟦", "⟧")
"""They enclose kana with accents in a text for an engine, as in ``⟦キョ'ウ⟧``, in VOICEVOX's notation."""


@dataclass(frozen=True, slots=True)
class Style:
    """One way of speaking of one speaker, as the engine lists it."""

    speaker: str
    """The speaker's name, for example 春日部つむぎ."""
    name: str
    """The style's name, for example ノーマル."""
    id: StyleId
    speaker_id: str = field(default="", compare=False)
    """The id of the speaker, as VOICEVOX's editor knows it; empty if the engine gives none."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Identity of an engine: it must be equal among the engines of one run, and is part of every cache key."""

    engine: str
    """Kind of engine: ``voicevox``, ``openjtalk`` or ``kokoro``."""
    version: str
    """Version that the engine reports."""
    dictionary: str
    """Digest of its user dictionary; empty for an engine without one."""
    styles: tuple[Style, ...]
    """Its styles, in its own order."""
    words: frozenset[Entry] = field(default=frozenset(), compare=False)
    """The lexicon's entries that its user dictionary holds unchanged. ``dictionary`` tells engines apart, not this."""
    id: str = field(default="", compare=False)
    """The id of the engine, as VOICEVOX's editor knows it; empty if it gives none."""


@dataclass(frozen=True, slots=True)
class Scales:
    """How a voice changes a style."""

    speed: float = 1.0
    """Greater than 1 is faster. Above 0, at most 10."""
    pitch: float = 0.0
    """-1 to 1; 0 is the speaker's own pitch. VOICEVOX multiplies the logarithm of the frequency by 2 to this power, so
    0.02 is more than a semitone up; an embedded engine takes 12 times this value as semitones."""
    intonation: float = 1.0
    """How far the pitch moves from its mean; 0 is flat. 0 to 10."""
    volume: float = 1.0
    """Linear gain. 0 to 10."""
    pause: float = 1.0
    """Factor for the pauses inside an utterance. 0 to 10."""


@dataclass(frozen=True, slots=True)
class MoraTime:
    """When one mora of an utterance sounds, in frames of its clip."""

    text: str
    """The mora in katakana; 、 for a pause."""
    start: Frames
    end: Frames


@dataclass(frozen=True, slots=True)
class Phrasing:
    """The accent phrases that an engine made of a text: all that determines the sound, except style and scales."""

    digest: str
    """Digest of moras, accents, pauses and questions, but not of lengths or pitches, which follow from them."""
    kana: str
    """The reading that the engine chose, for people."""
    moras: int
    """Number of moras; if it is 0, there is nothing to speak."""
    payload: object
    """What this engine needs to make the sound; opaque to everybody else."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """The sound of one utterance, without silence before and after."""

    samples: NDArray[np.int16] | NDArray[np.float32]
    """Shape ``(frames, 1)``. int16 as the engine gave it, or float32 where 1.0 is full scale and may be exceeded."""
    rate: int
    """Frames per second."""
    moras: tuple[MoraTime, ...]
    """In order and without gaps over the whole clip; empty if the engine does not report them."""


class Engine(Protocol):
    """One engine. Its methods may be called from at most ``workers`` threads at once."""

    label: str
    """Its URL, or the name of the embedded engine, for messages."""
    workers: int
    """How many utterances it can usefully speak at the same time."""

    def wait(self, seconds: Seconds) -> None:
        """Wait at most ``seconds`` for the engine to answer.

        Raises:
            EngineUnreachableError: it does not answer in time.
        """
        ...

    def identify(self) -> Identity:
        """Return its identity. Asked once at the start of a run, and again after the engine was away.

        Raises:
            EngineError: it cannot be reached, or is not such an engine.
        """
        ...

    def phrase(self, text: str, style: StyleId) -> Phrasing:
        """Return the accent phrases of ``text``.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot handle this text.
        """
        ...

    def follow(self, phrases: Sequence[AccentPhrase], style: StyleId) -> Phrasing:
        """Return ``phrases`` as this engine says them. What it cannot follow of them it warns of, once.

        Args:
            phrases: each with at least one mora.
            style: whose lengths and pitches are filled in where they are missing.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot handle these phrases.
        """
        ...

    def unfold(self, phrasing: Phrasing) -> tuple[AccentPhrase, ...]:
        """Return what ``phrasing``, which came from this engine, consists of; empty from an engine that cannot tell.

        Lengths and pitches are missing where the engine has none.
        """
        ...

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:
        """Speak ``phrasing``, which has at least one mora and came from an engine with the same identity.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot handle this text.
        """
        ...

    def aside(self) -> Engine | None:
        """A second way to the same engine, for asking about accent phrases while this one speaks.

        Each question is tried only once. None if the two could only take turns.
        """
        ...

    def close(self) -> None:
        """Release connections and memory."""
        ...
