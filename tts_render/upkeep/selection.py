"""Selection: which episodes of a site a run takes if none is given.

A site that has published for years has hundreds of posts that nobody wants spoken now. What was rendered once is kept
up to date; of what never was, only what came later is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.files import replace_bytes
from tts_render.site.folder import find_site
from tts_render.site.generator import find_posts, in_order
from tts_render.upkeep.status import TO_RENDER, EpisodeStatus, status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.ground.units import Seconds
    from tts_render.run.session import Session

__all__ = ["Selection", "forget_failure", "remember_failure", "select"]

_NOTE = "This episode could not be rendered. tts-render render --changed tries it again and then removes this file.\n"


@dataclass(frozen=True, slots=True)
class Selection:
    """The episodes that a run takes, and those that it leaves alone."""

    taken: tuple[EpisodeStatus, ...]
    """New ones first, the oldest of them first, so that a run after an interrupted one finds the rest again; then
    those that are out of date, the newest first."""
    older: tuple[EpisodeStatus, ...]
    """Episodes without audio, or unreadable, that are older than the last rendered one."""

    @property
    def speech(self) -> Seconds:
        """Estimated speech in the episodes taken."""
        return sum(found.speech for found in self.taken)


def select(
    paths: Sequence[Path],
    session: Session,
    *,
    site: Path | None = None,
    voices: Path | None = None,
    everything: bool = False,
) -> Selection:
    """Select the episodes to render.

    Args:
        paths: a post or script is taken unless it is up to date; of a folder, the posts that its site publishes are
            considered. Taken are those that were rendered once and are out of date; those that could not be rendered
            when they were taken; and those without audio that are no older than the newest with audio, or if there is
            none, only the newest.
        session: knows where receipts are; its engines are not asked.
        site: root of the site; None to find it.
        voices: the settings file; None for the site's, else the packaged one.
        everything: whether to take older ones as well.

    Raises:
        InputError: a folder or the configuration of its site cannot be read.
    """
    named = {path for path in paths if not path.is_dir()}
    found = [status(path, session, site=site, voices=voices) for path in find_posts(paths, site)]
    stale = [each for each in found if each.rendered and each.state in TO_RENDER]
    lacking = [each for each in found if not each.rendered and each.state in ("missing", "broken")]
    rendered = [_moment(each) for each in found if each.rendered]
    newest = max(rendered) if rendered else max((_moment(each) for each in lacking), default=0.0)
    fresh = [each for each in lacking if _moment(each) >= newest]
    if not rendered:
        fresh = sorted(fresh, key=_order)[-1:]
    tried = [each for each in lacking if each.failed or everything]
    asked = [each for each in found if each.path in named and each.state != "current"]
    taken = {each.path for each in (*asked, *stale, *fresh, *tried)}
    begun = sorted((each for each in found if each.path in taken and not each.rendered), key=_order)
    again = sorted((each for each in found if each.path in taken and each.rendered), key=_order, reverse=True)
    older = sorted((each for each in lacking if each.path not in taken), key=_order)
    return Selection((*begun, *again), tuple(older))


def remember_failure(path: Path, session: Session, *, site: Path | None = None) -> None:
    """Make the next run take an episode again, even if a newer one has been rendered by then.

    Raises:
        OutputError: the note cannot be written.
        InputError: the configuration of the site cannot be read, or the place of the note leaves it.
    """
    replace_bytes(session.failure(find_site(path, site), path), _NOTE.encode())


def forget_failure(path: Path, session: Session, *, site: Path | None = None) -> None:
    """Remove the note of :func:`remember_failure`, if there is one.

    Raises:
        OSError: the note cannot be removed.
        InputError: the configuration of the site cannot be read, or the place of the note leaves it.
    """
    session.failure(find_site(path, site), path).unlink(missing_ok=True)


def _order(found: EpisodeStatus) -> tuple[float, str]:
    return in_order(found.path, found.date)


def _moment(found: EpisodeStatus) -> float:
    return _order(found)[0]
