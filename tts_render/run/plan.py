"""Planning: what rendering an episode would do. Nothing is spoken and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import EngineError, OutputError, TtsRenderError
from tts_render.ground.events import Warned
from tts_render.ground.messages import joined, said
from tts_render.ground.units import Frames, frames_to_seconds, seconds_to_frames
from tts_render.mix.timeline import Timeline, arrange
from tts_render.run.describe import chapters_of
from tts_render.run.lines import direct_lines
from tts_render.run.prepare import open_deck, open_jingles
from tts_render.run.running_order import running_order
from tts_render.speech.closing_words import add_closing
from tts_render.speech.credits import expected_credits
from tts_render.speech.fitting import cast_mended
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import look_up, phrase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine import Engine
    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.ground.units import Seconds
    from tts_render.mix.timeline import Jingles
    from tts_render.run.running_order import RunningItem
    from tts_render.run.session import Session
    from tts_render.sound.audio import Clip
    from tts_render.speech.cache import CachedClip, UtteranceCache
    from tts_render.speech.casting import Cast, Direction, Role, Utterance
    from tts_render.speech.speaking import Found

__all__ = ["SECONDS_PER_CHARACTER", "Plan", "PlannedUtterance", "expected_timeline", "plan"]

SECONDS_PER_CHARACTER = 0.13
"""Speed of speech without the pauses between utterances, measured on VOICEVOX voices at their own speed."""


@dataclass(frozen=True, slots=True)
class PlannedUtterance:
    """One utterance that would be said."""

    text: str
    """The display text."""
    reading: str
    """The text that the engine would be asked to say."""
    voice: str
    line: int
    """1-based line in its source."""
    cached: bool | None
    """Whether its sound is in the cache; None if no engine could be asked."""
    style: str | None = None
    """The engine's name of the style, if the script gives one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What rendering an episode would do."""

    episode: Path
    script: Path
    audio: Path | None
    utterances: tuple[PlannedUtterance, ...]
    items: tuple[RunningItem, ...]
    """Everything in order: utterances, sounds, pauses and chapters."""
    estimated_seconds: Seconds
    """Length of the episode: exact for what is cached, estimated from the number of characters for the rest."""
    engine_problem: EngineError | None
    """Why no engine could be asked, if none could."""


def plan(episode: Episode, session: Session) -> Plan:
    """Find out what would be spoken anew, what is cached, and how long it will be. Touches nothing.

    Raises:
        ScriptError: there is nothing to say, or the slide deck is not a slide deck.
        SoundError: a jingle is not a sound.
        EngineMismatchError: the engine lacks a voice.
    """
    script, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes)
    for misfit in misfits:
        session.tell(Warned(joined((f"{script.path}:{misfit.line}", misfit.whole), ": ")))
    problem: EngineError | None = None
    try:
        pool = session.pool(episode.config.engines)
    except EngineError as error:
        problem = error
        voices = dict.fromkeys(utterance.voice for utterance in script.utterances)
        script = add_closing(script, episode.config, expected_credits(voices, episode.config))
        clips: tuple[CachedClip | None, ...] = (None,) * len(script.utterances)
    else:
        speakers = EnginesHere(pool, session.cache)
        lines = direct_lines(script, episode.script, episode.config, episode.voice, speakers, remember=False)
        script = lines.script
        found = look_up(script.utterances, lines.directions, pool.identity, session.cache)
        clips = _settle(script, lines.directions, pool, session.cache, found)
    timeline = expected_timeline(script, clips, episode)
    return Plan(
        episode=episode.path,
        script=script.path,
        audio=episode.audio,
        utterances=tuple(
            PlannedUtterance(u.text, u.reading, u.voice, u.line, None if problem else clip is not None, u.style)
            for u, clip in zip(script.utterances, clips, strict=True)
        ),
        items=running_order(script.items, timeline, chapters_of(script.items, timeline, open_deck(episode))),
        estimated_seconds=round(frames_to_seconds(timeline.frames, timeline.rate), 1),
        engine_problem=problem,
    )


def expected_timeline(
    script: Cast, clips: Sequence[CachedClip | None], episode: Episode, jingles: Jingles | None = None
) -> Timeline:
    """Return the timeline of an episode that may not have been spoken yet.

    Args:
        script: the cast script.
        clips: the sound of each utterance; None where there is none, whose length is estimated.
        episode: its voices, jingles and pauses.
        jingles: its jingles, where they are open already.

    Raises:
        SoundError: a jingle is not a sound.
    """
    guessed = (_Guess(utterance, clip, episode) for utterance, clip in zip(script.utterances, clips, strict=True))
    rate = episode.config.master.rate
    placements = arrange(script.items, guessed, jingles or open_jingles(episode), episode.config.pacing, rate=rate)
    return Timeline(tuple(placements), rate)


def _settle(
    script: Cast, directions: dict[Role, Direction], pool: Pool, cache: UtteranceCache, found: Found
) -> tuple[CachedClip | None, ...]:
    """What is cached, after asking the engine for the accent phrases that are not remembered. Stores nothing."""
    unsettled = [script.utterances[index] for index in found.unsettled]

    def ask(engine: Engine, utterance: Utterance) -> CachedClip | None:
        direction = directions[utterance.role]
        phrasing = phrase(engine, utterance, direction.style)
        return cache.clip(pool.identity, direction.style, direction.scales, phrasing)

    answers: dict[tuple[str, Direction], CachedClip] = {}
    for index, answer in pool.run(unsettled, ask):
        if not isinstance(answer, TtsRenderError) and answer is not None:
            answers[unsettled[index].wording, directions[unsettled[index].role]] = answer
    return tuple(
        clip or answers.get((utterance.wording, directions[utterance.role]))
        for utterance, clip in zip(script.utterances, found.clips, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Guess:
    """An utterance whose sound may not exist yet, with its estimated length."""

    utterance: Utterance
    clip: CachedClip | None
    episode: Episode

    @property
    def source(self) -> _GuessedSource | CachedClip:
        if self.clip is not None:
            return self.clip
        speed = self.episode.config.voices[self.utterance.voice].speed * self.utterance.manner.speed
        seconds = len(self.utterance.reading) * SECONDS_PER_CHARACTER / speed
        return _GuessedSource(
            seconds_to_frames(seconds, self.episode.config.master.rate), self.episode.config.master.rate
        )


@dataclass(frozen=True, slots=True)
class _GuessedSource:
    frames: Frames
    rate: int

    def load(self) -> Clip:
        raise OutputError(said("an estimated sound cannot be played"))
