"""The crew of a run: who speaks and who makes the MP3s. Here it is this process; a cluster is another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tts_render.mix.metering import check_sound
from tts_render.mix.to_mp3 import Product, produce
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tts_render.ground.events import Tell
    from tts_render.mix.bed import Music
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.run.session import Session
    from tts_render.settings.config import MasterSettings
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.casting import Direction, Role, Utterance
    from tts_render.speech.orders import Speakers
    from tts_render.speech.speaking import Found

__all__ = ["Crew", "CrewHere", "MixPlan"]


@dataclass(frozen=True, slots=True)
class MixPlan:
    """What decides how the sounds of an episode are mixed and mastered, apart from the sounds and their places."""

    directions: Mapping[Role, Direction]
    """How the engine speaks each voice, for all voices of the episode."""
    settings: MasterSettings
    main: str
    """The voice that the others are levelled to."""
    levelled: frozenset[str]
    """Names of the jingles whose level follows the speech."""
    music: Music | None
    """The music under the words."""


class Crew(Protocol):
    """Who speaks and who makes the MP3s."""

    def targets(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The engines that will speak.

        Args:
            named: the engines in the settings.
        """
        ...

    def speakers(self, named: tuple[str, ...]) -> Speakers:
        """Connect the engines.

        Args:
            named: the engines in the settings.

        Raises:
            EngineError: they cannot be reached, or differ.
        """
        ...

    def look_up(
        self, utterances: Sequence[Utterance], directions: Mapping[Role, Direction], speakers: Speakers
    ) -> Found:
        """Find what is there already, as far as this is known without asking whoever speaks."""
        ...

    def make_mp3(
        self,
        placements: Iterable[Placement],
        plan: MixPlan,
        tags: Callable[[Timeline], Tags],
        path: Path,
        tell: Tell,
    ) -> Product:
        """Mix, master, encode and tag an episode.

        Args:
            placements: its sounds in order, each as soon as it is ready.
            plan: how they are mixed.
            tags: makes the tags, once it is known where everything is.
            path: the file to write.
            tell: takes the progress events.

        Raises:
            SoundError: a sound was changed in the meantime, or the music is silent.
            OutputError: the encoder is missing or fails, the disk is full, or the MP3 is not as long as the episode.
            TtsRenderError: whatever ``placements`` or ``tags`` raise.
        """
        ...


class CrewHere:
    """This process, with the engines of its session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def targets(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the call, else those in the settings."""
        return self._session.targets(named)

    def speakers(self, named: tuple[str, ...]) -> EnginesHere:
        """Those of the call, else those in the settings."""
        return EnginesHere(self._session.pool(named), self._session.cache)

    def look_up(
        self, utterances: Sequence[Utterance], directions: Mapping[Role, Direction], speakers: Speakers
    ) -> Found:
        """What the cache of the session holds."""
        return look_up(utterances, directions, speakers.identity, self._session.cache)

    def make_mp3(
        self,
        placements: Iterable[Placement],
        plan: MixPlan,
        tags: Callable[[Timeline], Tags],
        path: Path,
        tell: Tell,
    ) -> Product:
        """Meter the mix while the engine is still speaking, then encode it."""
        checked = check_sound(
            placements, plan.directions, plan.settings, main=plan.main, levelled=plan.levelled, music=plan.music
        )
        return produce(checked, plan.settings, tags(checked.timeline), path, tell)
