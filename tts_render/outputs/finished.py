"""What is known about a finished episode: the input of everything that is published beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.files import digest_bytes
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tts_render.ground.units import Decibels, Lufs
    from tts_render.mix.bed import BedPlace
    from tts_render.mix.timeline import Chapter, Timeline
    from tts_render.outputs.captions import Caption
    from tts_render.script.deck import Deck
    from tts_render.sound.loudness import Profile
    from tts_render.speech.casting import CastItem

__all__ = ["About", "FinishedEpisode", "Run", "safe_link", "utterance_ids"]

_ID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Run:
    """How an episode was made, as shown in a report."""

    cached: tuple[bool, ...]
    """For each utterance, whether its sound was in the cache before."""
    profile: Profile
    """Profile of the decoded MP3."""
    loudness: Lufs | None
    """Integrated loudness of the decoded MP3; None for silence."""
    true_peak: Decibels | None
    """Of the decoded MP3, in dBTP; None for silence."""
    bytes: int
    """Size of the MP3."""
    engines: tuple[str, ...]
    """Names and versions."""
    encoder: str
    """Name and version."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What is published about an episode, apart from its words."""

    title: str
    show: str | None
    artist: str
    url: str | None
    """URL of its page."""
    audio: str
    """File name of the MP3."""
    speakers: tuple[str, ...]
    """All names and aliases that a line may begin with."""


@dataclass(frozen=True, slots=True)
class FinishedEpisode:
    """One finished episode."""

    title: str
    show: str | None
    artist: str
    url: str | None
    """URL of its page."""
    audio: str
    """File name of the MP3."""
    items: tuple[CastItem, ...]
    """What was said, in order, with the pauses and borders in between."""
    timeline: Timeline
    """Its utterances are those of ``items``."""
    captions: tuple[Caption, ...]
    chapters: tuple[Chapter, ...]
    """None if the episode has no sections."""
    credits: tuple[str, ...]
    bed: BedPlace | None = None
    """Where music plays under the words, if there is any."""
    deck: Deck | None = None
    """The slides shown with it, if there are any."""
    offset_ms: int = 0
    """How much later the audio begins in the slide video."""
    language: str = "ja"
    """Language of everything that is said, as a BCP 47 tag."""
    run: Run | None = None
    """How it was made; None if no output needs it."""

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Only what is spoken."""
        return tuple(item for item in self.items if isinstance(item, Utterance))


def utterance_ids(utterances: Iterable[Utterance]) -> tuple[str, ...]:
    """A name for each utterance that does not change when others are added, changed or removed.

    It is made from what is said and who says it; repetitions are numbered.
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for utterance in utterances:
        name = "u" + digest_bytes(f"{utterance.voice}\n{utterance.text}".encode())[:_ID_DIGITS]
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return tuple(ids)


def safe_link(url: str | None) -> str | None:
    """``url``, if it is one that a page may link to; otherwise None."""
    return url if url is not None and url.lower().startswith(("https://", "http://")) else None
