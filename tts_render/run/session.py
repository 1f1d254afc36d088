"""The session: engines, cache, locks and receipts of one call. Engines are connected when they are first needed."""

from __future__ import annotations

import copy
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tts_render.engine import open_engine
from tts_render.engine.pool import Pool, connect
from tts_render.ground.errors import EngineError
from tts_render.ground.events import Warned
from tts_render.ground.messages import joined, said
from tts_render.site.folder import confine
from tts_render.site.receipt import receipt_path
from tts_render.speech.cache import UtteranceCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tts_render.engine.base import Identity
    from tts_render.engine.dispatch import EngineEvent
    from tts_render.ground.events import Event, Tell
    from tts_render.ground.stores import Store
    from tts_render.ground.units import Seconds
    from tts_render.site.folder import Site

__all__ = ["Attended", "Session", "utterances_folder"]


def utterances_folder(cache: Path) -> Path:
    """Path of the utterance cache in the cache folder."""
    return cache / "utterances"


@dataclass(frozen=True, slots=True)
class Attended:
    """What was found when engines were asked again."""

    targets: tuple[str, ...]
    """Their URLs."""
    before: Pool | EngineError
    """How they are connected, or why they are not."""
    now: Identity | EngineError
    """What they are, or why they do not tell."""


class Session:
    """What several episodes of one call share. Use it as a context manager.

    Args:
        cache: folder of the utterance cache, the locks, and receipts that belong to no site.
        back: a store behind the folder, for what is in the utterance cache only; None for the folder alone.
        engines: URLs of engines, or ``openjtalk``, or ``kokoro``; if empty, those of the episode's settings are used.
        wait: seconds to wait for engines that are still starting.
        absence: seconds to wait for an engine that goes away in the middle.
        tell: takes the progress events of a run.
        turn: called before each utterance is spoken, in a thread of the engines; it may wait.
    """

    def __init__(
        self,
        cache: Path,
        *,
        back: Store | None = None,
        engines: Sequence[str] = (),
        wait: Seconds = 0.0,
        absence: Seconds = 60.0,
        tell: Tell = lambda _: None,
        turn: Callable[[], None] = lambda: None,
    ) -> None:
        self.cache = UtteranceCache(utterances_folder(cache), back, warn=self._warn)
        self.folder = cache
        self.warned: list[str] = []
        """All warnings so far."""
        self._back = back
        self._tell = tell
        self._turn = turn
        self._engines = tuple(engines)
        self._wait = wait
        self._absence = absence
        self._pools: dict[tuple[str, ...], Pool | EngineError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            if isinstance(pool, Pool):
                pool.close()

    def apart(self, *, tell: Tell, turn: Callable[[], None]) -> Session:
        """Another session with the same cache and engines, but connections of its own.

        Args:
            tell: takes the progress events of its run.
            turn: called before each utterance is spoken, in a thread of the engines; it may wait.
        """
        return Session(self.folder, back=self._back, engines=self._engines, wait=self._wait, tell=tell, turn=turn)

    def listening(self, tell: Tell) -> Session:
        """The same session, engines and cache among it, with warnings and progress of its own."""
        other = copy.copy(self)
        other.warned, other._tell = [], tell  # noqa: SLF001  # it is one of these
        return other

    def tell(self, event: Event) -> None:
        """Pass an event on, and record it if it is a warning."""
        if isinstance(event, Warned):
            self.warned.append(event.message)
        self._tell(event)

    def targets(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The engines that speak: those of the call, else those in the settings."""
        return self._engines or named

    def pool(self, named: tuple[str, ...]) -> Pool:
        """Connect the engines.

        Args:
            named: the engines in the settings; those of the call take precedence.

        Raises:
            EngineError: they cannot be reached, or differ; the same again at every call until :meth:`forget_failures`.
        """
        targets = self.targets(named)
        if targets not in self._pools:
            try:
                self._pools[targets] = connect(
                    [open_engine(target, cache_dir=self.folder, warn=self._warn) for target in targets],
                    wait=self._wait,
                    absence=self._absence,
                    tell=self._report,
                    turn=self._turn,
                )
            except EngineError as error:
                self._pools[targets] = error
        pool = self._pools[targets]
        if isinstance(pool, EngineError):
            raise pool
        return pool

    def forget_failures(self) -> None:
        """Let engines that could not be connected be tried again."""
        self._pools = {targets: pool for targets, pool in self._pools.items() if isinstance(pool, Pool)}

    def attend(self) -> tuple[Attended, ...]:
        """Ask engines whether they are there, and what they are now. How they are connected stays as it is.

        An embedded engine is always there, and always what it was.
        """
        return tuple(
            Attended(targets, pool, self._ask(targets))
            for targets, pool in list(self._pools.items())  # others may be connected meanwhile
            if all("://" in target for target in targets)
        )

    def _ask(self, targets: tuple[str, ...]) -> Identity | EngineError:
        try:
            with connect(
                [open_engine(target, cache_dir=self.folder, warn=lambda _: None) for target in targets]
            ) as pool:
                return pool.identity
        except EngineError as error:
            return error

    def forget(self, targets: tuple[str, ...]) -> None:
        """Let engines be connected anew that are not what they were."""
        pool = self._pools.pop(targets, None)
        if isinstance(pool, Pool):
            pool.close()

    def lock(self, audio: Path) -> Path:
        """The lock file of the episode whose MP3 is ``audio``."""
        return self.folder / "locks" / f"{hashlib.sha256(os.fsencode(audio)).hexdigest()[:32]}.lock"

    def receipt(self, site: Site, audio: Path, *, source: Path) -> Path:
        """Path of the receipt of ``audio``: in the site, else in the cache folder.

        Args:
            site: the site of the episode.
            audio: its MP3.
            source: the post or script, for messages.

        Raises:
            OutsideSiteError: its place in the site is a link that leaves it.
        """
        if site.marked and audio.is_relative_to(site.root):
            path = receipt_path(site.root / ".tts-render" / "receipts", site.relative(audio))
            return confine(site, path, what=said("the place of the receipt"), source=source, line=None)
        return self.folder / "receipts" / f"{hashlib.sha256(os.fsencode(audio)).hexdigest()[:32]}.json"

    def failure(self, site: Site, source: Path) -> Path:
        """Path of the note that an episode could not be rendered, so that it is tried again.

        Args:
            site: the site of the episode.
            source: its post or script.

        Raises:
            OutsideSiteError: its place in the site is a link that leaves it.
        """
        real = Path(os.path.realpath(source.parent)) / source.name
        if site.marked and real.is_relative_to(site.root):
            path = site.root / ".tts-render" / "failed" / f"{site.relative(real)}.txt"
            return confine(site, path, what=said("the place of its failure"), source=source, line=None)
        return self.folder / "failed" / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.txt"

    def _report(self, event: EngineEvent) -> None:
        what = {"away": said("away"), "back": said("back"), "left out": said("left out")}[event.kind]
        self._warn(joined((event.label, what, event.reason) if event.reason else (event.label, what), ": "))

    def _warn(self, message: str) -> None:
        self.tell(Warned(message))
