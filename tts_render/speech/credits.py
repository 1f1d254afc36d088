"""Credits: what a published episode must say of the voices in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.settings.embedded import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tts_render.settings.config import Config
    from tts_render.speech.casting import Direction, Role, Utterance

__all__ = ["credits_of", "expected_credits"]


def credits_of(
    utterances: Iterable[Utterance], directions: Mapping[Role, Direction], config: Config, engine: str
) -> tuple[str, ...]:
    """The credit lines of the voices that speak, in the order in which they are first heard, each once.

    For VOICEVOX it is ``VOICEVOX:`` and the engine's name of the speaker, as its terms of use ask, or what ``credit``
    in voices.yaml says; for an embedded voice what its licence asks.
    """
    found: dict[str, None] = {}
    speakers = {role.voice: direction.speaker for role, direction in directions.items()}
    for name in dict.fromkeys(utterance.voice for utterance in utterances):
        if engine in EMBEDDED:
            found[EMBEDDED[engine].attribution] = None
        else:
            found[config.voices[name].credit or f"VOICEVOX:{speakers[name]}"] = None
    return tuple(found)


def expected_credits(voices: Iterable[str], config: Config) -> tuple[str, ...]:
    """The credit lines that can be known without an engine: not those of voices that are named by number alone."""
    found: dict[str, None] = {}
    for name in voices:
        voice = config.voices[name]
        line = voice.credit or (voice.speaker and f"VOICEVOX:{voice.speaker}")
        if line:
            found[line] = None
    return tuple(found)
