"""The writers of what is published beside the MP3, found by the names in the settings.

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
"""Increased when a writer's output for the same episode changes."""


def writers(output: str) -> tuple[tuple[str, Callable[[FinishedEpisode], bytes]], ...]:
    """The files of an output: each by what replaces ``.mp3`` in the MP3's name, with its writer."""
    found: list[tuple[str, Callable[[FinishedEpisode], bytes]]] = []
    for suffix, reference in OUTPUTS[output]:
        module, _, name = reference.partition(":")
        found.append((suffix, getattr(import_module(f"tts_render.outputs.{module}"), name)))
    return tuple(found)
