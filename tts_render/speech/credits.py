"""Credits: what a published episode must say about its voices."""

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
    """The credit lines of the voices that speak, in the order they are first heard, without duplicates.

    For VOICEVOX it is ``VOICEVOX:`` and the engine's name of the speaker, as its terms of use require, or ``credit``
    from voices.yaml; for an embedded voice it is what its licence requires.
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
    """The credit lines that are known without an engine; those of voices given only by number are not."""
    found: dict[str, None] = {}
    for name in voices:
        voice = config.voices[name]
        line = voice.credit or (voice.speaker and f"VOICEVOX:{voice.speaker}")
        if line:
            found[line] = None
    return tuple(found)
