"""The shelf: the episodes of a site, as quickly as they can be listed. How each one stands is looked at afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.episode import audio_target, open_config
from tts_render.ground.errors import TtsRenderError
from tts_render.site.folder import find_site
from tts_render.site.generator import find_posts, in_order
from tts_render.site.post import read_post
from tts_render.site.receipt import read_receipt

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from tts_render.run.session import Session

__all__ = ["Listed", "list_episodes"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One episode in the list."""

    path: Path
    title: str
    date: datetime.datetime | None
    show: str | None
    seconds: float | None
    """Length of what was rendered; None where nothing was."""
    problem: str | None = None
    """Why the post cannot be read."""


def list_episodes(root: Path, session: Session, *, voices: Path | None = None) -> tuple[Listed, ...]:
    """The episodes of a site, the newest first. Scripts are not read.

    Args:
        root: root of the site.
        session: knows where receipts lie.
        voices: the settings; None takes the site's, else the packaged ones.

    Raises:
        InputError: the site or its settings cannot be read.
    """
    site = find_site(root / "_", root)
    config = open_config(site, voices)
    found: list[tuple[tuple[float, str], Listed]] = []
    for path in find_posts([root], root):
        try:
            post = read_post(path, config.preset)
            if post.audio is None:
                continue
            audio = audio_target(post, site)
        except TtsRenderError as error:
            found.append((in_order(path, None), Listed(path, path.name, None, None, None, error.whole)))
            continue
        receipt = None if audio is None else read_receipt(session.receipt(site, audio, source=path))
        show = config.show(actor=post.actors[0] if post.actors else None, title=post.title, file=path.name)
        seconds = None if receipt is None else receipt.duration_seconds
        title = post.title or path.stem
        found.append((in_order(path, post.date), Listed(path, title, post.date, show.name, seconds)))
    return tuple(listed for _, listed in sorted(found, key=lambda pair: pair[0], reverse=True))
