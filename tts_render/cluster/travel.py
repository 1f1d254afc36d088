"""What travels between client and workers: values that name sounds by what they are, never by where they lie.

A clip goes by its name in the cache that all share, a jingle or bed by the digest of its content, under which the
client has put it there. Everything else is a frozen value already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from tts_render.ground.errors import OutputError, TtsRenderError
from tts_render.ground.messages import said, said_count
from tts_render.mix.bed import Music
from tts_render.run.crew import MixPlan
from tts_render.sound.audio import SoundFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tts_render.engine.base import MoraTime, StyleId
    from tts_render.ground.events import Event
    from tts_render.ground.units import Frames
    from tts_render.mix.timeline import Placement
    from tts_render.settings.bed import BedSettings
    from tts_render.settings.config import MasterSettings
    from tts_render.sound.audio import Clip
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.cache import UtteranceCache
    from tts_render.speech.casting import Direction, Role
    from tts_render.speech.orders import Order

__all__ = [
    "AskKana", "ClipRef", "LostClipsError", "Mixed", "Mixing", "Outcome", "PackedPlan", "SoundRef", "Speak", "Spoken",
    "Work", "pack", "packed_plan", "unpack", "unpacked_plan",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speak:
    """Have an order carried out."""

    order: Order
    again: bool = False
    """Whether its clip was made before, and was lost on its way."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sound of an order is in the cache."""

    clip: ClipRef
    moras: tuple[MoraTime, ...]
    cached: bool
    """Whether it was there before."""
    remembered: bool
    """Whether the worker has remembered an answer of its engine since it was compared last."""


@dataclass(frozen=True, slots=True)
class AskKana:
    """Ask how texts are read."""

    texts: tuple[str, ...]
    style: StyleId
    remember: bool


@dataclass(frozen=True, slots=True)
class ClipRef:
    """A clip in the cache that all share."""

    name: str
    frames: Frames
    rate: int

    def load(self) -> Clip:
        """A name has no samples: whoever mixes takes the clip of that name first."""
        raise OutputError(said("the sound of a clip is not here"), path=self.name)


@dataclass(frozen=True, slots=True)
class SoundRef:
    """A sound file, as content in the cache that all share."""

    digest: str
    """SHA-256 of the content, in hexadecimal."""
    frames: Frames
    rate: int
    channels: int

    def load(self) -> Clip:
        """A digest has no samples: whoever mixes takes the content of that digest first."""
        raise OutputError(said("the sound of a clip is not here"), path=self.digest)


@dataclass(frozen=True, slots=True)
class PackedPlan:
    """A :class:`MixPlan` whose music is content."""

    directions: tuple[tuple[Role, Direction], ...]
    settings: MasterSettings
    main: str
    levelled: frozenset[str]
    music: tuple[BedSettings, SoundRef] | None


@dataclass(frozen=True, slots=True)
class Mixing:
    """Mix, master, encode and tag an episode."""

    placements: tuple[Placement, ...]
    """Their sources are :class:`ClipRef` and :class:`SoundRef`."""
    plan: PackedPlan
    tags: Tags


@dataclass(frozen=True, slots=True)
class Mixed:
    """A finished MP3, as content in the cache that all share."""

    digest: str
    """SHA-256 of the file, in hexadecimal."""
    product: object
    """A :class:`tts_render.mix.to_mp3.Product`; its path means nothing elsewhere."""
    told: tuple[Event, ...]
    """What was told on the way."""


Work: TypeAlias = Speak | AskKana | Mixing


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a piece of work."""

    result: object
    """What it asks for, or the :class:`TtsRenderError` that kept it from being made."""
    worker: str
    """Address of the worker."""


class LostClipsError(TtsRenderError):
    """Sounds that were in the cache are not there any more; ``names`` are clips, or digests of content."""

    def __init__(self, names: Sequence[str]) -> None:
        message = said_count(
            "{count} sound is not in the cache any more",
            "{count} sounds are not in the cache any more",
            count=len(names),
        )
        super().__init__(message, remedy=said("Look whether client and workers name the same cache."))
        self.names = tuple(names)


def pack(placements: Iterable[Placement], put: Callable[[SoundFile], None]) -> tuple[Placement, ...]:
    """Placements whose sources can travel.

    Args:
        placements: as they are arranged.
        put: brings the content of a sound file to where workers find it.
    """

    def packed(placement: Placement) -> Placement:
        source = placement.source
        if isinstance(source, SoundFile):
            put(source)
            return replace(placement, source=_sound(source))
        return placement

    return tuple(map(packed, placements))


def packed_plan(plan: MixPlan, put: Callable[[SoundFile], None]) -> PackedPlan:
    """A plan that can travel."""
    music = None
    if plan.music is not None:
        put(plan.music.sound)
        music = plan.music.settings, _sound(plan.music.sound)
    return PackedPlan(tuple(plan.directions.items()), plan.settings, plan.main, plan.levelled, music)


def unpack(placements: Sequence[Placement], cache: UtteranceCache) -> tuple[Placement, ...]:
    """Placements whose sources are in the folder of this machine's cache.

    Raises:
        LostClipsError: some of them are not.
    """
    names = list(dict.fromkeys(one.source.name for one in placements if isinstance(one.source, ClipRef)))
    digests = dict.fromkeys(one.source.digest for one in placements if isinstance(one.source, SoundRef))
    clips = dict(zip(names, cache.named(names), strict=True))
    files = {digest: cache.blob(digest) for digest in digests}
    lost = [name for name, found in {**clips, **files}.items() if found is None]
    if lost:
        raise LostClipsError(lost)

    def unpacked(placement: Placement) -> Placement:
        source = placement.source
        if isinstance(source, ClipRef):
            return replace(placement, source=clips[source.name])
        if isinstance(source, SoundRef):
            return replace(placement, source=_file(source, files[source.digest]))
        return placement

    return tuple(map(unpacked, placements))


def unpacked_plan(plan: PackedPlan, cache: UtteranceCache) -> MixPlan:
    """The plan with its music in the folder of this machine's cache.

    Raises:
        LostClipsError: it is not there.
    """
    music = None
    if plan.music is not None:
        settings, sound = plan.music
        path = cache.blob(sound.digest)
        if path is None:
            raise LostClipsError([sound.digest])
        music = Music(settings, _file(sound, path))
    return MixPlan(dict(plan.directions), plan.settings, plan.main, plan.levelled, music)


def _sound(sound: SoundFile) -> SoundRef:
    return SoundRef(sound.digest, sound.frames, sound.rate, sound.channels)


def _file(sound: SoundRef, path: Path | None) -> SoundFile:
    if path is None:
        raise LostClipsError([sound.digest])
    return SoundFile(path, sound.frames, sound.rate, sound.channels, sound.digest)
