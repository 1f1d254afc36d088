"""The tags of an episode's MP3: what is known before it is spoken, and what depends on the speaking."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.episode.cover import make_cover
from tts_render.ground.units import frames_to_ms
from tts_render.outputs.transcript import plain_text
from tts_render.sound.mp3 import Tags
from tts_render.speech.closing_words import licence_of

if TYPE_CHECKING:
    from tts_render.engine import Identity
    from tts_render.episode.cover import Cover
    from tts_render.episode.episode import Episode
    from tts_render.outputs.finished import FinishedEpisode
    from tts_render.settings.publication import Publication

__all__ = ["early_tags", "finished_tags"]


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
    tags: Tags, published: FinishedEpisode, publication: Publication, identity: Identity, cover: Cover | None
) -> Tags:
    """Complete the tags with what depends on the speaking.

    Raises:
        InputError: the cover is not a picture.
    """
    rate = published.timeline.rate
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


def _description(episode: Episode) -> str:
    """The post's description as plain text."""
    post = episode.post
    if post is None or not post.description:
        return ""
    return html.unescape(post.description) if post.preset.description_is_xml else post.description
