"""Publishing: a rendered episode as its tags and everything beside the MP3 describe it."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.episode.cover import make_cover
from tts_render.episode.episode import read_text
from tts_render.ground.units import frames_to_ms
from tts_render.mix.timeline import chapters
from tts_render.outputs.captions import captions
from tts_render.outputs.finished import FinishedEpisode, Run
from tts_render.outputs.registry import RECIPE
from tts_render.outputs.report import decode_profile
from tts_render.outputs.slide_times import deck_chapters, show_deck
from tts_render.outputs.transcript import plain_text
from tts_render.script.deck import parse_deck
from tts_render.site.receipt import digest_facts
from tts_render.sound.mp3 import Tags
from tts_render.speech.cache import CachedClip
from tts_render.speech.closing_words import licence_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine import Identity, MoraTime
    from tts_render.episode.cover import Cover
    from tts_render.episode.episode import Episode
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.script.deck import Deck
    from tts_render.site.receipt import Receipt
    from tts_render.speech.casting import Cast

__all__ = ["OPENING", "about_run", "describe", "digest_texts", "early_tags", "finished_tags", "read_episode_deck"]

OPENING = "オープニング"
"""Title of the chapter before the first section."""


def early_tags(episode: Episode) -> Tags:
    """The tags that are known before the engine is asked."""
    post, disclosure = episode.post, episode.config.publication.disclosure
    number, season = (post.number, post.season) if post is not None else (None, None)
    extra = {
        "description": _description(episode),
        "ai_disclosure": disclosure.text if disclosure.tags else "",
    }
    return Tags(
        title=episode.title,
        artist=episode.artist,
        album=episode.album or "",
        date=episode.date.date() if episode.date else None,
        track=number if number is not None else episode.track,
        season=season if season is not None else episode.show.season,
        url=episode.url or "",
        extra=tuple((name, text) for name, text in extra.items() if text),
    )


def finished_tags(
    tags: Tags, published: FinishedEpisode, episode: Episode, identity: Identity, cover: Cover | None
) -> Tags:
    """The tags with what followed from the speaking.

    Raises:
        InputError: the cover is no picture.
    """
    publication, rate = episode.config.publication, published.timeline.rate
    comment = [" / ".join(published.credits), publication.disclosure.text if publication.disclosure.tags else ""]
    licence = licence_of(identity, published.credits)
    return replace(
        tags,
        comment="\n".join(filter(None, comment)),
        chapters=tuple(
            (frames_to_ms(mark.start, rate), frames_to_ms(mark.end, rate), mark.title, mark.url)
            for mark in published.chapters
        ),
        lyrics=plain_text(published.items) if publication.lyrics else "",
        picture=None if cover is None else make_cover(cover.path),
        extra=(*tags.extra, *((("voice_licence", licence),) if licence else ())),
    )


def describe(
    episode: Episode,
    script: Cast,
    timeline: Timeline,
    credit_lines: Sequence[str],
    audio: str,
    *,
    captioned: bool,
    offset_ms: int,
) -> FinishedEpisode:
    """All that is known of the finished episode.

    Args:
        episode: the episode.
        script: everything that is said, with what comes after the last words.
        timeline: where it sits.
        credit_lines: the credits of the voices.
        audio: file name of the MP3.
        captioned: whether captions are wanted; they cost a little time.
        offset_ms: how much later the audio begins in the video of the slides.
    """
    deck = read_episode_deck(episode)
    marks = () if deck is None else deck_chapters(show_deck(deck, timeline), timeline, OPENING)
    marks = marks or chapters(script.items, timeline, OPENING)
    found = (
        captions(timeline, _moras, names=episode.config.names(), chapter_starts=[mark.start for mark in marks])
        if captioned
        else ()
    )
    return FinishedEpisode(
        title=episode.title,
        show=episode.album,
        artist=episode.artist,
        url=episode.url,
        audio=audio,
        items=script.items,
        timeline=timeline,
        captions=found,
        chapters=marks,
        credits=tuple(credit_lines),
        deck=deck,
        offset_ms=offset_ms,
    )


def read_episode_deck(episode: Episode) -> Deck | None:
    """The slide deck of an episode, where it has one.

    Raises:
        ScriptError: it is no deck.
    """
    return None if episode.deck is None else parse_deck(episode.deck, read_text(episode.deck))


def about_run(
    published: FinishedEpisode, receipt: Receipt, mp3: Path, cached: Sequence[bool], warnings: Sequence[str]
) -> FinishedEpisode:
    """The episode, with what its report tells of the run that made it; decodes the MP3.

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


def digest_texts(episode: Episode, script: Cast, audio: str, offset_ms: int) -> str:
    """Digest of what decides the files beside the MP3 and is not in the MP3 itself."""
    around = (episode.title, episode.album, episode.artist, episode.url, audio, episode.config.names())
    return digest_facts((RECIPE, around, list(script.items), offset_ms))


def _moras(placement: Placement) -> tuple[MoraTime, ...]:
    return placement.source.moras() if isinstance(placement.source, CachedClip) else ()


def _description(episode: Episode) -> str:
    """The post's description as people read it."""
    post = episode.post
    if post is None or not post.description:
        return ""
    return html.unescape(post.description) if post.preset.description_is_xml else post.description
