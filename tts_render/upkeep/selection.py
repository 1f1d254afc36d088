"""Selection: which episodes of a site a run takes, when none is named.

A site that has published for years has hundreds of posts that nobody means to speak now. What was rendered once is kept
up to date; of what never was, only what came after it is new.
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
    """What a run takes, and what it leaves alone."""

    taken: tuple[EpisodeStatus, ...]
    """New ones first, the oldest of them before the others, so that a run that was cut short finds the rest again; then
    those that are out of date, the newest first."""
    older: tuple[EpisodeStatus, ...]
    """What lacks its audio, or cannot be read, and is older than what was rendered last."""

    @property
    def speech(self) -> Seconds:
        """Speech in what is taken: guessed."""
        return sum(found.speech for found in self.taken)


def select(
    paths: Sequence[Path],
    session: Session,
    *,
    site: Path | None = None,
    voices: Path | None = None,
    everything: bool = False,
) -> Selection:
    """The episodes that are to be rendered.

    Args:
        paths: a post or script is taken unless it is as it should be; of a folder, those posts are looked at that its
            site publishes. Taken are: what was rendered once and is out of date; what could not be rendered when it
            was taken; and what lacks its audio and is no older than the newest that has any, or, where none has, the
            newest alone.
        session: knows where receipts lie; its engines are not asked.
        site: root of the site; None finds it.
        voices: the settings; None takes the site's, else the packaged ones.
        everything: take what is older as well.

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
    """Have the next run take an episode again, although a newer one has been rendered meanwhile.

    Raises:
        OutputError: the note cannot be written.
        InputError: the configuration of the site cannot be read, or the place of the note leaves it.
    """
    replace_bytes(session.failure(find_site(path, site), path), _NOTE.encode())


def forget_failure(path: Path, session: Session, *, site: Path | None = None) -> None:
    """Take back what `remember_failure` has noted, if anything.

    Raises:
        OSError: the note cannot be removed.
        InputError: the configuration of the site cannot be read, or the place of the note leaves it.
    """
    session.failure(find_site(path, site), path).unlink(missing_ok=True)


def _order(found: EpisodeStatus) -> tuple[float, str]:
    return in_order(found.path, found.date)


def _moment(found: EpisodeStatus) -> float:
    return _order(found)[0]
