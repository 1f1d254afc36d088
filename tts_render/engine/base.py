"""What every engine is to the rest of the program: styles by name, phrases of a text, sound of the phrases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NewType, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tts_render.ground.units import Frames, Seconds
    from tts_render.settings.lexicon import Entry

__all__ = ["KANA", "Engine", "Identity", "MoraTime", "Phrasing", "Scales", "Spoken", "Style", "StyleId"]

StyleId = NewType("StyleId", int)
"""The number under which an engine knows one style of one speaker."""


KANA = ("⟦", "⟧")
"""Between these a text for an engine holds kana with accents, ``⟦キョ'ウ⟧``, in the notation of VOICEVOX."""


@dataclass(frozen=True, slots=True)
class Style:
    """One way of speaking of one speaker, as the engine lists it."""

    speaker: str
    """The speaker's name, for example 春日部つむぎ."""
    name: str
    """The style's name, for example ノーマル."""
    id: StyleId


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an engine is: what must be equal between the engines of one run, and what keys the cache."""

    engine: str
    """Kind of engine: ``voicevox``, ``openjtalk`` or ``kokoro``."""
    version: str
    """Its version, as it reports it."""
    dictionary: str
    """Digest of its user dictionary; empty for an engine without one."""
    styles: tuple[Style, ...]
    """What it offers, in its own order."""
    words: frozenset[Entry] = field(default=frozenset(), compare=False)
    """The lexicon's entries that its user dictionary holds just so. ``dictionary`` tells engines apart, not this."""


@dataclass(frozen=True, slots=True)
class Scales:
    """How a style is bent for a voice."""

    speed: float = 1.0
    """Above 1 is faster. Above 0, at most 10."""
    pitch: float = 0.0
    """-1 to 1; 0 is the speaker's own. VOICEVOX multiplies the logarithm of the frequency by 2 to this power, so 0.02
    is more than a semitone up; an embedded engine takes 12 times this as semitones."""
    intonation: float = 1.0
    """Distance of the pitch from its mean; 0 is flat. 0 to 10."""
    volume: float = 1.0
    """Linear gain. 0 to 10."""
    pause: float = 1.0
    """Multiplies the pauses inside an utterance. 0 to 10."""


@dataclass(frozen=True, slots=True)
class MoraTime:
    """When one mora of an utterance sounds, in frames of its clip."""

    text: str
    """The mora in katakana; 、 for a pause."""
    start: Frames
    end: Frames


@dataclass(frozen=True, slots=True)
class Phrasing:
    """The accent phrases that an engine made of a text: what decides the sound, apart from style and scales."""

    digest: str
    """Digest of moras, accents, pauses and questions; not of lengths or pitches, which follow from them."""
    kana: str
    """The reading that the engine chose, for people."""
    moras: int
    """How many moras there are; with none there is nothing to speak."""
    payload: object
    """What this engine needs to make the sound; no business of others."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """The sound of one utterance, without silence before and after."""

    samples: NDArray[np.int16] | NDArray[np.float32]
    """Shape ``(frames, 1)``. int16 as the engine gave it, or float32 where 1.0 is full scale (and may be passed)."""
    rate: int
    """Frames a second."""
    moras: tuple[MoraTime, ...]
    """Ordered and gapless over the whole clip; empty where the engine does not tell."""


class Engine(Protocol):
    """One engine. Its methods may be called from ``workers`` threads at once, and no more."""

    label: str
    """Its URL, or the name of the embedded engine: what messages call it."""
    workers: int
    """How many utterances it can usefully speak at the same time."""

    def wait(self, seconds: Seconds) -> None:
        """Wait until the engine answers, at most ``seconds``.

        Raises:
            EngineUnreachableError: it does not.
        """
        ...

    def identify(self) -> Identity:
        """Who it is. Asked once at the start of a run, and again after the engine was gone.

        Raises:
            EngineError: it cannot be reached, or is no such engine.
        """
        ...

    def phrase(self, text: str, style: StyleId) -> Phrasing:
        """The accent phrases of ``text``.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot do this text.
        """
        ...

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:
        """The sound of ``phrasing``, which has at least one mora and came from an engine of the same identity.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot do this text.
        """
        ...

    def aside(self) -> Engine | None:
        """The same engine by another way, to be asked for accent phrases while this one speaks.

        Once each and without patience. None where both would only take turns.
        """
        ...

    def close(self) -> None:
        """Give back connections and memory."""
        ...
