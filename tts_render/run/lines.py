"""The lines of an episode as one engine says them, with its voices, its dictionary and its credits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.run.digests import theirs
from tts_render.speech.casting import Cast, Direction, cast, direct_roles, held_by, stand_ins
from tts_render.speech.closing_words import add_closing
from tts_render.speech.credits import credits_of
from tts_render.speech.fitting import with_takes
from tts_render.speech.held_words import lost_words

if TYPE_CHECKING:
    from tts_render.script import Script
    from tts_render.settings.config import Config, VoiceSettings
    from tts_render.speech.casting import Readings, Role
    from tts_render.speech.orders import Speakers

__all__ = ["Lines", "direct_lines"]


@dataclass(frozen=True, slots=True)
class Lines:
    """What one engine is asked to say."""

    script: Cast
    """The script with the closing words."""
    directions: dict[Role, Direction]
    """How the engine speaks each voice."""
    credits: tuple[str, ...]
    """The credits that the terms of the voices require."""
    digests: dict[str, str]
    """Digests, by name, of what the engine determines."""


def direct_lines(
    planned: Cast,
    script: Script,
    config: Config,
    voice: VoiceSettings,
    speakers: Speakers,
    *,
    remember: bool = True,
    readings: Readings | None = None,
) -> Lines:
    """Adapt the lines to the engine, now that it is known.

    Args:
        planned: the script as cast without an engine.
        script: the script it was cast from; words in the engine's own dictionary are left to it, if it says them as
            given.
        config: the settings.
        voice: the voice for lines without a speaker.
        speakers: the engines.
        remember: whether to keep new answers about those words.
        readings: what is known of earlier casts.

    Raises:
        EngineMismatchError: the engines lack a voice.
        EngineError: they cannot be asked about words.
    """
    identity = speakers.identity
    held = held_by(identity, config)
    takes = {utterance.index: utterance.take for utterance in planned.utterances if utterance.take is not None}
    said = with_takes(cast(script, config, voice, held=stand_ins(held), readings=readings), takes) if held else planned
    lines = [utterance.reading for utterance in said.utterances]
    used = [entry for entry in held if any(entry.surface in line for line in lines)]
    if lost := lost_words(used, speakers, remember=remember):
        said = with_takes(cast(script, config, voice, held=stand_ins(held, lost), readings=readings), takes)
    directions = direct_roles(said.utterances, config, identity, said.path)
    names = credits_of(said.utterances, directions, config, identity.engine)
    return Lines(add_closing(said, config, names), directions, names, theirs(identity, directions, names))
