"""A sheet: one episode as the page shows it, cast for the engines, with the sound that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.run.describe import chapters_of
from tts_render.run.lines import direct_lines
from tts_render.run.plan import expected_timeline
from tts_render.run.prepare import open_bed, open_deck, open_jingles
from tts_render.run.running_order import running_order
from tts_render.speech.fitting import cast_mended, utterance_ids
from tts_render.speech.speaking import look_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.mix.bed import Music
    from tts_render.mix.timeline import Jingles
    from tts_render.run.lines import Lines
    from tts_render.run.running_order import RunningItem
    from tts_render.run.session import Session
    from tts_render.speech.cache import CachedClip
    from tts_render.speech.casting import Direction, Utterance
    from tts_render.speech.fitting import Misfit

__all__ = ["Sheet", "open_sheet"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One episode, cast for the engines of a session."""

    episode: Episode
    pool: Pool
    lines: Lines
    ids: tuple[str, ...]
    """The id of each utterance."""
    misfits: tuple[Misfit, ...]
    """Takes that fit none of its lines."""
    jingles: Jingles
    music: Music | None

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """All that is said."""
        return self.lines.script.utterances

    def direction(self, utterance: Utterance) -> Direction:
        """How the engines speak an utterance."""
        return self.lines.directions[utterance.role]

    def index(self, utterance_id: str) -> int | None:
        """Where an utterance stands; None where there is none of that id."""
        return self.ids.index(utterance_id) if utterance_id in self.ids else None

    def clips(self, session: Session) -> tuple[CachedClip | None, ...]:
        """The sound of each utterance, as far as it is there."""
        return self.clips_of(range(len(self.utterances)), session)

    def clips_of(self, indexes: Iterable[int], session: Session) -> tuple[CachedClip | None, ...]:
        """The sound of some utterances, as far as it is there."""
        some = tuple(self.utterances[index] for index in indexes)
        return look_up(some, self.lines.directions, self.pool.identity, session.cache).clips

    def order(self, clips: tuple[CachedClip | None, ...]) -> tuple[RunningItem, ...]:
        """Utterances, pauses, sounds and chapters in order; the length of what is not spoken is estimated."""
        timeline = expected_timeline(self.lines.script, clips, self.episode)
        chapters = chapters_of(self.lines.script.items, timeline, open_deck(self.episode))
        return running_order(self.lines.script.items, timeline, chapters)


def open_sheet(episode: Episode, session: Session) -> Sheet:
    """Cast an episode for the engines of a session.

    Args:
        episode: the episode.
        session: engines and cache.

    Raises:
        ScriptError: there is nothing to say.
        SoundError: a jingle is not a sound.
        EngineError: no engine answers, or it lacks a voice.
    """
    planned, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes)
    pool = session.pool(episode.config.engines)
    lines = direct_lines(planned, episode.script, episode.config, episode.voice, pool, session.cache)
    ids = utterance_ids(lines.script.utterances)
    return Sheet(episode, pool, lines, ids, misfits, open_jingles(episode), open_bed(episode))
