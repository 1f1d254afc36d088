"""Rendering on a cluster from the command line: which one, with which engines, and how it stands as a whole."""

from __future__ import annotations

import functools
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tts_render.cli.places import cache_folder, open_cache
from tts_render.ground.errors import CommandLineError
from tts_render.ground.events import Finished, Spoke, Warned
from tts_render.ground.messages import joined, listed, said, said_count
from tts_render.script import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tts_render.cli.progress import Progress
    from tts_render.cluster.ensemble import Cluster, Where
    from tts_render.episode.episode import Episode
    from tts_render.ground.events import Event
    from tts_render.run.session import Session

__all__ = ["Whole", "clustered", "where_asked"]

_MOST_EPISODES = 64  # at once: each holds its words in memory
_EPISODES_A_SLOT = 4  # those that wait to be mixed must not keep others from being spoken


def where_asked(named: str | None, engines: Sequence[str], roles: Sequence[str] = ("client",)) -> Where | None:
    """The cluster that was asked for; None if none was.

    Args:
        named: what ``--cluster`` says.
        engines: what ``--engine`` says.
        roles: see :func:`tts_render.cluster.ensemble.parse_where`.

    Raises:
        CommandLineError: it is none, or its engines are named here although its workers have their own, or what Dask
            needs is not installed.
    """
    if not named:
        return None
    try:
        from tts_render.cluster.ensemble import parse_where
    except ImportError as error:
        if (error.name or "").startswith("tts_render"):
            raise
        raise CommandLineError(
            said("--cluster: {package} is not installed", package=error.name),
            remedy=said("pip install 'tts-render[cluster]'"),
        ) from error
    where = parse_where(named, roles)
    if where.address is not None and engines:
        raise CommandLineError(
            said("--engine cannot be used with a scheduler that runs elsewhere: its workers have their own engines"),
            remedy=said("Name the engines where the workers are started: tts-render worker ADDRESS --engine URL"),
        )
    return where


@contextmanager
def clustered(
    where: Where, session: Session, cache_dir: str | None, opened: Sequence[Episode], progress: Progress, wait: float
) -> Iterator[tuple[Cluster, int]]:
    """Open the cluster for these episodes, and say how many of them are worth having in hand at once.

    Raises:
        CommandLineError: the episodes name different engines.
        EngineError: the cluster cannot be used.
    """
    from tts_render.cluster.ensemble import open_cluster
    from tts_render.cluster.joining import Place

    place = Place(cache_folder(cache_dir), functools.partial(open_cache, cache_dir))
    targets = _targets(session, opened) if where.address is None else ()
    with open_cluster(where, session.cache, place, targets, wait=wait, absence=60.0, tell=session.tell) as cluster:
        progress.note(
            said_count(
                "{count} worker speaks, {slots} at a time",
                "{count} workers speak, {slots} at a time",
                count=cluster.workers(),
                slots=cluster.slots,
            )
        )
        if cluster.dashboard is not None:
            progress.note(said("dashboard: {url}", url=cluster.dashboard))
        yield cluster, min(_MOST_EPISODES, 4 + _EPISODES_A_SLOT * cluster.slots)


class Whole:
    """How a call stands as a whole: what comes from many episodes at once, in one line. It may be used by any thread.

    Args:
        progress: where it is shown.
        opened: the episodes.
        workers: says how many workers there are.
    """

    def __init__(self, progress: Progress, opened: Sequence[Episode], workers: Callable[[], int]) -> None:
        self._progress = progress
        self._workers = workers
        self._episodes = len(opened)
        self._clips = sum(isinstance(item, Line) for episode in opened for item in episode.script.items)
        self._guard = threading.Lock()
        self._began = time.monotonic()
        self._spoken = self._finished = 0

    def tell(self, event: Event) -> None:
        """Take an event of any episode."""
        if isinstance(event, Warned):
            self._progress.tell(event)
        elif isinstance(event, Spoke | Finished):
            with self._guard:
                self._spoken += isinstance(event, Spoke)
                self._finished += isinstance(event, Finished)
                self._progress.overall(self._line, self._spoken, max(self._clips, self._spoken))

    def _line(self) -> str:
        rate = self._spoken / max(0.001, time.monotonic() - self._began)
        facts = [
            said("{done} of {total} clips", done=self._spoken, total=max(self._clips, self._spoken)),
            said("{done} of {total} episodes", done=self._finished, total=self._episodes),
            said("{rate:.1f} clips a second", rate=rate),
        ]
        left = (self._clips - self._spoken) / rate if rate else 0.0
        if left > 0:
            facts.append(said("{minutes}:{seconds:02d} left", minutes=int(left) // 60, seconds=int(left) % 60))
        workers = self._workers()
        facts.append(said_count("{count} worker", "{count} workers", count=workers))
        return joined(facts, said(", "))


def _targets(session: Session, opened: Sequence[Episode]) -> tuple[str, ...]:
    """The engines that all episodes name."""
    named = dict.fromkeys(session.targets(episode.config.engines) for episode in opened)
    if len(named) > 1:
        raise CommandLineError(
            said(
                "--cluster: the episodes name different engines: {engines}",
                engines=listed(joined(one, " ") for one in named),
            ),
            remedy=said("Name the engines with --engine, or render the shows one by one."),
        )
    return next(iter(named), ())
