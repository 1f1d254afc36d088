"""Rendering on a cluster from the command line: which one, with which engines, and how it stands as a whole."""

from __future__ import annotations

import functools
import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tts_render.cli.places import cache_folder, open_cache
from tts_render.ground.errors import CommandLineError
from tts_render.ground.events import Spoke, Stage, Warned
from tts_render.ground.messages import joined, listed, said, said_count
from tts_render.script import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tts_render.cli.progress import Progress
    from tts_render.cluster.ensemble import Cluster, Where
    from tts_render.episode.episode import Episode
    from tts_render.ground.events import Event, Tell
    from tts_render.run.session import Session

__all__ = ["Whole", "address_asked", "clustered", "where_asked"]

_MOST_EPISODES = 64  # at once: each holds its words in memory
_EPISODES_A_SLOT = 4  # those that wait to be mixed must not keep others from being spoken


def where_asked(named: str | None, engines: Sequence[str]) -> Where | None:
    """The cluster that was asked for; None if none was.

    Args:
        named: what ``--cluster`` says.
        engines: what ``--engine`` says.

    Raises:
        CommandLineError: it is none, or its engines are named here although its workers have their own, or what Dask
            needs is not installed.
    """
    if not named:
        return None
    with _dask_for("--cluster"):
        from tts_render.cluster.ensemble import parse_where
    where = parse_where(named)
    if where.address is not None and engines:
        raise CommandLineError(
            said("--engine cannot be used with a scheduler that runs elsewhere: its workers have their own engines"),
            remedy=said("Name the engines where the workers are started: tts-render worker ADDRESS --engine URL"),
        )
    return where


def address_asked(named: str) -> str:
    """The address of the scheduler for which a worker was asked to work.

    Raises:
        CommandLineError: it is none, or what Dask needs is not installed.
    """
    with _dask_for("worker"):
        from tts_render.cluster.ensemble import parse_address
    return parse_address(named)


@contextmanager
def _dask_for(asked: str) -> Iterator[None]:
    """Say what to install, where an import fails that is needed for what was asked."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("tts_render"):
            raise
        raise CommandLineError(
            said("{asked}: {package} is not installed", asked=asked, package=error.name),
            remedy=said("pip install 'tts-render[cluster]'"),
        ) from error


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
        self._names = [str(episode.path) for episode in opened]
        self._foreseen = [sum(isinstance(item, Line) for item in episode.script.items) for episode in opened]
        self._spoken = [0] * len(opened)
        self._settled = 0
        self._guard = threading.Lock()
        self._began = self._latest = time.monotonic()

    def listener(self, index: int) -> Tell:
        """What takes the events of the episode with this index."""
        return functools.partial(self._tell, index)

    def settled(self, index: int) -> None:
        """An episode is done, or has failed: nothing of it will be spoken any more."""
        with self._guard:
            self._settled += 1
            self._foreseen[index] = self._spoken[index]
            self._show()

    def _tell(self, index: int, event: Event) -> None:
        match event:
            case Warned():
                self._progress.tell(event)
            case Spoke() | Stage():
                self._progress.detail(self._names[index], event)
        if isinstance(event, Spoke):
            with self._guard:
                self._latest = time.monotonic()
                self._spoken[index] += 1
                self._foreseen[index] = max(self._foreseen[index], self._spoken[index])
                self._show()

    def _show(self) -> None:
        self._progress.overall(self._line, sum(self._spoken), sum(self._foreseen))

    def _line(self) -> str:
        spoken, total, workers = sum(self._spoken), sum(self._foreseen), self._workers()
        facts = [
            said("{done} of {total} clips", done=spoken, total=total),
            said("{done} of {total} episodes", done=self._settled, total=len(self._names)),
        ]
        rate = spoken / max(0.001, self._latest - self._began)
        if 0 < spoken < total:
            left = math.ceil((total - spoken) / rate)
            facts += [
                said("{rate:.1f} clips a second", rate=rate),
                said("{minutes}:{seconds:02d} left", minutes=left // 60, seconds=left % 60),
            ]
        facts.append(said_count("{count} worker", "{count} workers", count=workers))
        return listed(facts)


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
