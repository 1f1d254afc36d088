"""What a run reports while it is at work: progress leaves through one callable that takes these values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.ground.units import Seconds

__all__ = ["Began", "Event", "Finished", "Spoke", "Stage", "Tell", "Warned"]


@dataclass(frozen=True, slots=True)
class Began:
    """An episode is about to be spoken."""

    episode: Path
    utterances: int
    cached: int
    """How many of them are in the cache already."""


@dataclass(frozen=True, slots=True)
class Spoke:
    """The next utterance of the episode is ready."""

    index: int
    """0-based."""
    text: str
    seconds: Seconds
    """How long it lasts."""
    cached: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the work that follows the speaking."""

    name: Literal["mastering", "correcting", "writing"]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that the user should know but that does not stop the run."""

    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The episode is done."""

    episode: Path
    changed: bool


Event = Began | Spoke | Stage | Warned | Finished
Tell = Callable[[Event], None]
