"""A sheet: one episode as the page shows it, cast for the engines, with the sound that is there.

Where no engine answers, there is a sheet all the same: it can be read and mended, and has no sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.episode import DECK_SUFFIX
from tts_render.ground.errors import EngineError
from tts_render.run.describe import chapters_of
from tts_render.run.lines import Lines, direct_lines
from tts_render.run.plan import expected_timeline
from tts_render.run.prepare import open_bed, open_deck, open_jingles
from tts_render.run.running_order import running_order
from tts_render.script import Sound
from tts_render.speech.closing_words import add_closing
from tts_render.speech.credits import expected_credits
from tts_render.speech.fitting import cast_mended, utterance_ids
from tts_render.speech.orders import EnginesHere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.mix.bed import Music
    from tts_render.mix.timeline import Jingles, Timeline
    from tts_render.run.running_order import RunningItem
    from tts_render.run.session import Session
    from tts_render.script.deck import Deck
    from tts_render.speech.cache import CachedClip
    from tts_render.speech.casting import Cast, Direction, Readings, Utterance
    from tts_render.speech.fitting import Misfit
    from tts_render.studio.known_clips import KnownClips

__all__ = ["Sheet", "open_sheet"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One episode, cast for the engines of a session."""

    episode: Episode
    engines: Pool | EngineError
    """The engines, or why there are none."""
    lines: Lines
    utterances: tuple[Utterance, ...]
    """All that is said."""
    ids: tuple[str, ...]
    """The id of each utterance."""
    misfits: tuple[Misfit, ...]
    """Takes that fit none of its lines."""
    jingles: Jingles
    music: Music | None
    deck: Deck | None

    @property
    def pool(self) -> Pool:
        """The engines.

        Raises:
            EngineError: none answers.
        """
        if isinstance(self.engines, EngineError):
            raise self.engines
        return self.engines

    @property
    def is_deck(self) -> bool:
        """Whether the script is a slide deck: it has no markup, and its lines are not those of its file."""
        return self.episode.script.path.suffix.lower() == DECK_SUFFIX

    def direction(self, utterance: Utterance) -> Direction:
        """How the engines speak an utterance.

        Raises:
            EngineError: none answers.
        """
        if isinstance(self.engines, EngineError):
            raise self.engines
        return self.lines.directions[utterance.role]

    def index(self, utterance_id: str) -> int | None:
        """Where an utterance stands; None where there is none of that id."""
        return self.ids.index(utterance_id) if utterance_id in self.ids else None

    def place(self, index: int) -> int | None:
        """Where an utterance's line stands among the items of the script; None for what the settings say."""
        utterance = self.utterances[index]
        place = next(at for at, item in enumerate(self.lines.script.items) if item is utterance)
        return place if place < len(self.episode.script.items) else None

    def clips(self, known: KnownClips) -> tuple[CachedClip | None, ...]:
        """The sound of each utterance, as far as it is there."""
        return self.clips_of(range(len(self.utterances)), known)

    def clips_of(self, indexes: Iterable[int], known: KnownClips) -> tuple[CachedClip | None, ...]:
        """The sound of some utterances, as far as it is there."""
        some = [self.utterances[index] for index in indexes]
        if isinstance(self.engines, EngineError):
            return (None,) * len(some)
        return known.find(some, self.lines.directions, self.engines.identity)

    def timeline(self, clips: tuple[CachedClip | None, ...]) -> Timeline:
        """Where everything is placed; the length of what is not spoken is estimated."""
        return expected_timeline(self.lines.script, clips, self.episode, self.jingles)

    def order(self, timeline: Timeline) -> tuple[RunningItem, ...]:
        """Utterances, pauses, sounds and chapters in order."""
        items = self.lines.script.items
        return running_order(items, timeline, chapters_of(items, timeline, self.deck))


def open_sheet(
    episode: Episode, session: Session, *, readings: Readings | None = None, before: Sheet | None = None
) -> Sheet:
    """Cast an episode for the engines of a session.

    Args:
        episode: the episode.
        session: engines and cache.
        readings: what is known of earlier casts.
        before: the sheet that it had, if the files of its sounds and slides are still the same.

    Raises:
        ScriptError: there is nothing to say.
        SoundError: a jingle is not a sound.
        EngineMismatchError: the engine lacks a voice.
    """
    planned, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes, readings=readings)
    engines: Pool | EngineError
    try:
        engines = pool = session.pool(episode.config.engines)
    except EngineError as error:
        engines = error
        lines = _unheard(planned, episode)
    else:
        lines = direct_lines(
            planned,
            episode.script,
            episode.config,
            episode.voice,
            EnginesHere(pool, session.cache),
            readings=readings,
        )
    utterances = lines.script.utterances
    same = before is not None and _around(before.episode) == _around(episode)
    return Sheet(
        episode=episode,
        engines=engines,
        lines=lines,
        utterances=utterances,
        ids=utterance_ids(utterances),
        misfits=misfits,
        jingles=before.jingles if same and before else open_jingles(episode),
        music=before.music if same and before else open_bed(episode),
        deck=before.deck if same and before else open_deck(episode),
    )


def _unheard(planned: Cast, episode: Episode) -> Lines:
    """The lines as far as they are known without an engine."""
    voices = dict.fromkeys(utterance.voice for utterance in planned.utterances)
    names = expected_credits(voices, episode.config)
    return Lines(add_closing(planned, episode.config, names), {}, names, {})


def _around(episode: Episode) -> tuple[object, ...]:
    """What decides which sounds and slides go with an episode."""
    placed = [item.name for item in episode.script.items if isinstance(item, Sound)]
    return episode.show, dict(episode.config.sounds), episode.config.master.rate, placed, episode.deck
