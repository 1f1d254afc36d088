"""Several episodes of one call: one after the other, or some at a time, each in a thread."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Several"]

R = TypeVar("R")

_GLANCE = 0.2  # seconds


class Several:
    """Does jobs. Use it as a context manager; its end waits for those that have begun.

    What ends them early must be entered later, so that it comes to its end before.
    """

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def results(self, jobs: Sequence[Callable[[], R]], at_once: int) -> Iterator[tuple[int, R | Exception]]:
        """Do jobs.

        Args:
            jobs: what is to be done.
            at_once: how many at most at the same time; with 1 each is done in the caller's own thread, when its result
                is asked for.

        Yields:
            The index of each and what became of it, as they are done.
        """
        if at_once == 1:
            for index, job in enumerate(jobs):
                yield index, _outcome(job)
            return
        self._threads = ThreadPoolExecutor(at_once)
        done: queue.SimpleQueue[tuple[int, R | Exception]] = queue.SimpleQueue()
        for index, job in enumerate(jobs):
            self._threads.submit(partial(_settle, done, index, job))
        for _ in jobs:
            while True:  # in short steps: a signal may reach another thread, and would not end one long wait
                with suppress(queue.Empty):
                    outcome = done.get(timeout=_GLANCE)
                    break
            yield outcome


def _settle(done: queue.SimpleQueue[tuple[int, R | Exception]], index: int, job: Callable[[], R]) -> None:
    done.put((index, _outcome(job)))


def _outcome(job: Callable[[], R]) -> R | Exception:
    try:
        return job()
    except Exception as error:  # noqa: BLE001  # whoever asked for it tells foreseen ones from others
        return error
