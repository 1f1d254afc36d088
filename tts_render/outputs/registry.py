"""The writers of what is published beside the MP3, found by the names that the settings give them.

A writer is a pure function of one value, so the same episode gives the same bytes everywhere.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from tts_render.settings.publication import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["RECIPE", "writers"]

RECIPE = 2
"""Raised on purpose when a writer makes something else of the same episode."""


def writers(output: str) -> tuple[tuple[str, Callable[[FinishedEpisode], bytes]], ...]:
    """The files of an output: what follows the MP3's name without its ``.mp3``, and what makes the content."""
    found: list[tuple[str, Callable[[FinishedEpisode], bytes]]] = []
    for suffix, reference in OUTPUTS[output]:
        module, _, name = reference.partition(":")
        found.append((suffix, getattr(import_module(f"tts_render.outputs.{module}"), name)))
    return tuple(found)
