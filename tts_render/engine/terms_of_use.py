"""Terms of use: an engine's own statement about the use of its voices. It is prose for people, and never parsed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.settings.embedded import EMBEDDED

if TYPE_CHECKING:
    from tts_render.engine.base import Engine

__all__ = ["terms_of"]


def terms_of(engine: Engine, speaker: str) -> str:
    """Return what ``engine`` says about the use of a speaker; empty if it says nothing.

    Raises:
        EngineError: it cannot be asked.
    """
    if isinstance(engine, VoicevoxEngine):
        return engine.terms(speaker)
    return EMBEDDED[engine.label].attribution
