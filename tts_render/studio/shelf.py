"""The shelf: the episodes of a site, as quickly as they can be listed, and how each one stands, when it is asked for.

Thousands of posts are listed piece by piece, the newest first, from their front matter alone. How an episode stands
takes its script, its MP3 and its settings, and is looked at afterwards, for what somebody sees first.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.episode import audio_target, open_config
from tts_render.ground.errors import TtsRenderError
from tts_render.site.folder import find_site
from tts_render.site.generator import find_posts, in_order
from tts_render.site.post import read_post
from tts_render.site.receipt import read_receipt
from tts_render.upkeep.checks import check
from tts_render.upkeep.status import status

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tts_render.run.session import Session
    from tts_render.settings.config import Config
    from tts_render.site.folder import Site
    from tts_render.speech.casting import Readings
    from tts_render.upkeep.status import State

__all__ = ["Listed", "Shelf", "Standing"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One episode in the list."""

    path: Path
    title: str
    date: datetime.datetime | None
    show: str | None
    order: tuple[float, str]
    """What the list is sorted by, the largest first."""
    problem: str | None = None
    """Why the post cannot be read."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an episode stands, as ``status`` and ``check`` say it."""

    path: Path
    state: State
    why: str
    seconds: float | None
    """Length of what was rendered; None where nothing was."""
    errors: int
    """Findings of the check."""
    warnings: int


class Shelf:
    """The episodes of a site. It may be used from any thread.

    Args:
        root: root of the site.
        session: knows where receipts lie; its engines are not asked.
        voices: the settings; None takes the site's, else the packaged ones.
        readings: what is known of earlier casts; open episodes share it, since who sees one in the list may open it.
    """

    def __init__(self, root: Path, session: Session, voices: Path | None, readings: Readings) -> None:
        self._root = root
        self._session = session
        self._voices = voices
        self._readings = readings
        self._looking = threading.Lock()
        self._posts: tuple[Path, ...] = ()
        self._known: dict[Path, tuple[tuple[int, int, int], Listed | None]] = {}
        self._config: Config | None = None

    def some(self, start: int = 0, most: int | None = None) -> tuple[tuple[Listed, ...], int | None]:
        """Some episodes, the newest first by the names of their posts. Scripts are not read.

        Args:
            start: how many posts to pass over; 0 looks which there are now.
            most: how many posts to read; None reads all.

        Returns:
            The episodes among these posts, and where the next piece starts; None if there is none.

        Raises:
            InputError: the site or its settings cannot be read.
        """
        with self._looking:
            site = find_site(self._root / "_", self._root)
            config = open_config(site, self._voices)
            if start == 0:
                found = find_posts([self._root], self._root)
                self._posts = tuple(sorted(found, key=lambda path: in_order(path, None), reverse=True))
            if config != self._config:
                self._config = config
                self._known.clear()
            end = len(self._posts) if most is None else min(start + most, len(self._posts))
            read = [self._listed(path, config) for path in self._posts[start:end]]
            return tuple(each for each in read if each is not None), end if end < len(self._posts) else None

    def seconds(self, listed: Listed) -> float | None:
        """Length of what was rendered of an episode; None where nothing was, or nobody knows."""
        try:
            site = find_site(self._root / "_", self._root)
            return _seconds(listed.path, site, open_config(site, self._voices), self._session)
        except TtsRenderError:
            return None

    def stand(self, paths: Sequence[Path], *, wanted: Callable[[], bool] = lambda: True) -> Iterator[Standing]:
        """How episodes stand. No engine is asked, nothing is changed.

        Args:
            paths: their posts.
            wanted: asked before each one; where it says no, the rest is not looked at.

        Raises:
            InputError: the site or its settings cannot be read.
        """
        site = find_site(self._root / "_", self._root)
        config = open_config(site, self._voices)
        for path in paths:
            if not wanted():
                return
            yield self._stand(path, site, config)

    def _stand(self, path: Path, site: Site, config: Config) -> Standing:
        found = status(path, self._session, site=self._root, voices=self._voices, config=config)
        checked = check(path, site=self._root, voices=self._voices, config=config, readings=self._readings)
        findings = Counter(each.level for each in checked)
        try:
            seconds = _seconds(path, site, config, self._session)
        except TtsRenderError:
            seconds = None
        return Standing(path, found.state, found.why, seconds, findings["error"], findings["warning"])

    def _listed(self, path: Path, config: Config) -> Listed | None:
        """A post in the list, read again only if it is another one now; None if it is no episode."""
        try:
            facts = path.stat()
        except OSError:
            return None
        stamp = facts.st_mtime_ns, facts.st_size, facts.st_ino
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, _read(path, config)
        return known[1]


def _read(path: Path, config: Config) -> Listed | None:
    try:
        post = read_post(path, config.preset)
    except TtsRenderError as error:
        if error.path == path:
            error.path = path.name  # where all of them are, need not be said at each
        return Listed(path, path.name, None, None, in_order(path, None), error.whole)
    if post.audio is None:
        return None
    show = config.show(actor=post.actors[0] if post.actors else None, title=post.title, file=path.name)
    return Listed(path, post.title or path.stem, post.date, show.name, in_order(path, post.date))


def _seconds(path: Path, site: Site, config: Config, session: Session) -> float | None:
    audio = audio_target(read_post(path, config.preset), site)
    receipt = None if audio is None else read_receipt(session.receipt(site, audio, source=path))
    return None if receipt is None else receipt.duration_seconds
