"""What can be published beside the MP3: each output by its name, with the files it makes.

A writer is a pure function of one value, so the same episode gives the same bytes everywhere. A new output is an entry
here, and its name in :data:`tts_render.settings.publication.OUTPUT_NAMES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.outputs.chapters import chapters_json, chapters_text
from tts_render.outputs.report import report_html
from tts_render.outputs.slide_times import show_deck, write_deck
from tts_render.outputs.timeline_file import timeline_json
from tts_render.outputs.transcript import transcript_html, transcript_srt, transcript_vtt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["OUTPUTS", "RECIPE", "Output", "deck_json"]

RECIPE = 1
"""Raised on purpose when a writer makes something else of the same episode."""


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that is published."""

    name: str
    files: tuple[tuple[str, Callable[[FinishedEpisode], bytes]], ...]
    """What follows the MP3's name without its ``.mp3``, and what makes the content."""


def deck_json(published: FinishedEpisode) -> bytes:
    """The slide deck with its times.

    Raises:
        ScriptError: the episode has no deck.
    """
    if published.deck is None:
        raise ScriptError(
            "there is no slide deck", path=published.audio, remedy="Put NAME.json beside the MP3, or leave deck out."
        )
    return write_deck(published.deck, show_deck(published.deck, published.timeline, offset_ms=published.offset_ms))


OUTPUTS: Mapping[str, Output] = MappingProxyType(
    {
        output.name: output
        for output in (
            Output("vtt", ((".vtt", transcript_vtt),)),
            Output("srt", ((".srt", transcript_srt),)),
            Output("chapters", ((".chapters.json", chapters_json), (".chapters.txt", chapters_text))),
            Output("timeline", ((".timeline.json", timeline_json),)),
            Output("transcript", ((".transcript.html", transcript_html),)),
            Output("deck", ((".deck.json", deck_json),)),
            Output("report", ((".report.html", report_html),)),
        )
    }
)
"""Every output by its name, in the order in which they are written."""
