"""The lines of an episode as one engine says them: its voices found, its dictionary heeded, its credits known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.run.digests import theirs
from tts_render.speech.casting import Cast, Direction, cast, direct_roles, held_by, stand_ins
from tts_render.speech.closing_words import add_closing
from tts_render.speech.credits import credits_of
from tts_render.speech.held_words import lost_words

if TYPE_CHECKING:
    from tts_render.engine.pool import Pool
    from tts_render.script import Script
    from tts_render.settings.config import Config, VoiceSettings
    from tts_render.speech.cache import UtteranceCache
    from tts_render.speech.casting import Role

__all__ = ["Lines", "direct_lines"]


@dataclass(frozen=True, slots=True)
class Lines:
    """What is said to an engine."""

    script: Cast
    """With the closing words."""
    directions: dict[Role, Direction]
    """What each voice is to the engine."""
    credits: tuple[str, ...]
    """What the terms of the voices ask to be said of them."""
    digests: dict[str, str]
    """Of what the engine decides, by name."""


def direct_lines(
    planned: Cast,
    script: Script,
    config: Config,
    voice: VoiceSettings,
    pool: Pool,
    cache: UtteranceCache,
    *,
    remember: bool = True,
) -> Lines:
    """What is said to an engine, now that it is known.

    Args:
        planned: the script as it was cast without an engine.
        script: what it was cast from; words that the engine's own dictionary holds are left to it, if it says them so.
        config: the settings.
        voice: who speaks lines without a speaker.
        pool: the engines.
        cache: remembers how they say those words.
        remember: whether new answers are kept there.

    Raises:
        EngineMismatchError: they do not have a voice.
        EngineError: they cannot be asked for words.
    """
    identity = pool.identity
    held = held_by(identity, config)
    said = cast(script, config, voice, held=stand_ins(held)) if held else planned
    lines = [utterance.reading for utterance in said.utterances]
    used = [entry for entry in held if any(entry.surface in line for line in lines)]
    if lost := lost_words(used, pool, cache, remember=remember):
        said = cast(script, config, voice, held=stand_ins(held, lost))
    directions = direct_roles(said.utterances, config, identity, said.path)
    names = credits_of(said.utterances, directions, config, identity.engine)
    return Lines(add_closing(said, config, names), directions, names, theirs(identity, directions, names))
