"""Describes a finished episode for everything that is published beside its MP3."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.mix.bed import place_bed
from tts_render.mix.timeline import chapters
from tts_render.outputs.captions import captions
from tts_render.outputs.finished import FinishedEpisode, Run
from tts_render.outputs.registry import RECIPE
from tts_render.outputs.report import decode_profile
from tts_render.outputs.slide_times import deck_chapters, show_deck
from tts_render.site.receipt import digest_facts
from tts_render.speech.orders import ClipSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine import MoraTime
    from tts_render.mix.timeline import Chapter, Placement, Timeline
    from tts_render.outputs.finished import About
    from tts_render.script.deck import Deck
    from tts_render.settings.bed import BedSettings
    from tts_render.site.receipt import Receipt
    from tts_render.speech.casting import CastItem

__all__ = ["OPENING", "about_run", "chapters_of", "describe", "digest_texts"]

OPENING = "オープニング"
"""Title of the chapter before the first section."""


def describe(
    about: About,
    items: Sequence[CastItem],
    timeline: Timeline,
    credit_lines: Sequence[str],
    *,
    bed: BedSettings | None,
    deck: Deck | None,
    captioned: bool,
    offset_ms: int,
) -> FinishedEpisode:
    """Collect everything known about the finished episode.

    Args:
        about: title, show and other facts for its page.
        items: everything that is said, with the closing words.
        timeline: where everything is placed.
        credit_lines: the credits of the voices.
        bed: the music under it.
        deck: the slides shown with it.
        captioned: whether captions are wanted; making them takes a little time.
        offset_ms: how much later the audio begins in the slide video.
    """
    marks = chapters_of(items, timeline, deck)
    found = (
        captions(timeline, _moras, names=about.speakers, chapter_starts=[mark.start for mark in marks])
        if captioned
        else ()
    )
    return FinishedEpisode(
        title=about.title,
        show=about.show,
        artist=about.artist,
        url=about.url,
        audio=about.audio,
        items=tuple(items),
        timeline=timeline,
        captions=found,
        chapters=marks,
        credits=tuple(credit_lines),
        bed=None if bed is None else place_bed(bed, timeline),
        deck=deck,
        offset_ms=offset_ms,
    )


def chapters_of(items: Sequence[CastItem], timeline: Timeline, deck: Deck | None) -> tuple[Chapter, ...]:
    """The chapters of an episode: those of its slides, if any can be placed, else its sections."""
    marks = () if deck is None else deck_chapters(show_deck(deck, timeline), timeline, OPENING)
    return marks or chapters(items, timeline, OPENING)


def about_run(
    published: FinishedEpisode, receipt: Receipt, mp3: Path, cached: Sequence[bool], warnings: Sequence[str]
) -> FinishedEpisode:
    """Add the facts of the run to the episode, as the report shows them; this decodes the MP3.

    Raises:
        OutputError: the MP3 cannot be read.
    """
    run = Run(
        cached=tuple(cached),
        profile=decode_profile(mp3),
        loudness=receipt.loudness_lufs,
        true_peak=receipt.true_peak_dbtp,
        bytes=receipt.bytes,
        engines=tuple(f"{engine.name} {engine.version}" for engine in receipt.engines),
        encoder=receipt.encoder,
        warnings=tuple(warnings),
    )
    return replace(published, run=run)


def digest_texts(about: About, items: Sequence[CastItem], offset_ms: int) -> str:
    """Digest of what determines the files beside the MP3 but is not in the MP3 itself."""
    around = (about.title, about.show, about.artist, about.url, about.audio, about.speakers)
    return digest_facts((RECIPE, around, list(items), offset_ms))


def _moras(placement: Placement) -> tuple[MoraTime, ...]:
    return placement.source.moras() if isinstance(placement.source, ClipSource) else ()
