"""Engines: they turn text into speech. Opened by :func:`open_engine` and used through the ``Engine`` protocol."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tts_render.engine.base import Engine, Identity, MoraTime, Phrasing, Scales, Spoken, Style, StyleId
from tts_render.settings.embedded import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from tts_render.engine.voicevox.http import Patience

__all__ = [
    "Engine",
    "Identity",
    "MoraTime",
    "Phrasing",
    "Scales",
    "Spoken",
    "Style",
    "StyleId",
    "load_engine",
    "open_engine",
]


def open_engine(
    target: str,
    *,
    cache_dir: Path,
    warn: Callable[[str], None] = lambda _: None,
    patience: Patience | None = None,
) -> Engine:
    """Open the engine that ``target`` names; no request is sent yet.

    Args:
        target: the name of an embedded engine, such as ``openjtalk``, or the URL of a VOICEVOX engine.
        cache_dir: where an embedded engine keeps its model.
        warn: called with messages about the engine that people should know but that are not errors.
        patience: for an engine that is asked over the network; None for the default.

    Raises:
        EngineError: ``target`` is neither.
        EngineMissingError: the engine's package is not installed.
    """
    if target in EMBEDDED:
        _, _, name = EMBEDDED[target].factory.partition(":")
        engine: Engine = getattr(load_engine(target), name)(cache_dir=cache_dir, warn=warn)
        return engine
    from tts_render.engine.voicevox.client import VoicevoxEngine

    return VoicevoxEngine(target, warn=warn, patience=patience)


def load_engine(target: str) -> ModuleType:
    """Load the code that speaks with the engine that ``target`` names; it takes a while the first time."""
    module = EMBEDDED[target].factory.partition(":")[0] if target in EMBEDDED else "voicevox.client"
    return import_module(f"{__name__}.{module}")
