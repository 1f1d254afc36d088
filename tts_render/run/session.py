"""The session: engines, cache, locks and receipts of one call. Engines are asked for when they are first needed."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Self

from tts_render.engine import open_engine
from tts_render.engine.pool import Pool, connect
from tts_render.ground.errors import EngineError
from tts_render.ground.events import Warned
from tts_render.site.folder import confine
from tts_render.site.receipt import receipt_path
from tts_render.speech.cache import UtteranceCache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine.dispatch import EngineEvent
    from tts_render.episode.episode import Episode
    from tts_render.ground.events import Event, Tell
    from tts_render.ground.units import Seconds

__all__ = ["Session", "utterances_folder"]


def utterances_folder(cache: Path) -> Path:
    """Where the utterance cache lies in the cache folder."""
    return cache / "utterances"


class Session:
    """What several episodes of one call share. Use it as a context manager.

    Args:
        cache: folder of the utterance cache, the locks, and receipts that belong to no site.
        engines: addresses of engines, or ``openjtalk``, or ``kokoro``; empty takes those of the episode's settings.
        wait: seconds to wait for engines that are still starting.
        tell: takes the events of a run.
    """

    def __init__(
        self, cache: Path, *, engines: Sequence[str] = (), wait: Seconds = 0.0, tell: Tell = lambda _: None
    ) -> None:
        self.cache = UtteranceCache(utterances_folder(cache))
        self.folder = cache
        self.warned: list[str] = []
        """What was warned of so far."""
        self._tell = tell
        self._engines = tuple(engines)
        self._wait = wait
        self._pools: dict[tuple[str, ...], Pool | EngineError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            if isinstance(pool, Pool):
                pool.close()

    def tell(self, event: Event) -> None:
        """Pass an event on, and keep what it warns of."""
        if isinstance(event, Warned):
            self.warned.append(event.message)
        self._tell(event)

    def targets(self, episode: Episode) -> tuple[str, ...]:
        """The engines that speak an episode."""
        return self._engines or episode.config.engines

    def pool(self, episode: Episode) -> Pool:
        """The engines of an episode, connected.

        Raises:
            EngineError: they cannot be reached, or do not agree; the same again at every call.
        """
        return self.connected(self.targets(episode))

    def connected(self, targets: tuple[str, ...]) -> Pool:
        """The engines at ``targets``, or those that the call itself named, connected.

        Raises:
            EngineError: as for :meth:`pool`.
        """
        targets = self._engines or targets
        if targets not in self._pools:
            try:
                self._pools[targets] = connect(
                    [open_engine(target, cache_dir=self.folder, warn=self._warn) for target in targets],
                    wait=self._wait,
                    tell=self._report,
                )
            except EngineError as error:
                self._pools[targets] = error
        pool = self._pools[targets]
        if isinstance(pool, EngineError):
            raise pool
        return pool

    def lock(self, audio: Path) -> Path:
        """The lock file of the episode whose MP3 is ``audio``."""
        return self.folder / "locks" / f"{hashlib.sha256(os.fsencode(audio)).hexdigest()[:32]}.lock"

    def receipt(self, episode: Episode, audio: Path) -> Path:
        """Where the receipt of ``audio`` is stored: in the site, else in the cache folder.

        Raises:
            OutsideSiteError: the place in the site is a link that leaves it.
        """
        if episode.site.marked and audio.is_relative_to(episode.site.root):
            path = receipt_path(episode.site.root / ".tts-render" / "receipts", episode.relative(audio))
            return confine(episode.site, path, what="the place of the receipt", source=episode.path, line=None)
        return self.folder / "receipts" / f"{hashlib.sha256(os.fsencode(audio)).hexdigest()[:32]}.json"

    def _report(self, event: EngineEvent) -> None:
        self._warn(f"{event.label}: {event.kind}" + (f": {event.reason}" if event.reason else ""))

    def _warn(self, message: str) -> None:
        self.tell(Warned(message))
