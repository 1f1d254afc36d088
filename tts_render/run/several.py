"""Several episodes of one call: one after the other, or some at a time, each in a thread."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Several"]

R = TypeVar("R")


class Several:
    """Does jobs, at most so many at once. Use it as a context manager; its end waits for those that have begun.

    Args:
        at_once: how many; with 1 each is done in the caller's own thread, when its result is asked for.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._threads = ThreadPoolExecutor(at_once) if at_once > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)

    def results(self, jobs: Sequence[Callable[[], R]]) -> Iterator[tuple[int, R | Exception]]:
        """Do jobs.

        Yields:
            The index of each and what became of it, as they are done.
        """
        if self._threads is None:
            for index, job in enumerate(jobs):
                yield index, _outcome(job)
            return
        done: queue.SimpleQueue[tuple[int, R | Exception]] = queue.SimpleQueue()
        for index, job in enumerate(jobs):
            self._threads.submit(partial(_settle, done, index, job))
        for _ in jobs:
            yield done.get()


def _settle(done: queue.SimpleQueue[tuple[int, R | Exception]], index: int, job: Callable[[], R]) -> None:
    done.put((index, _outcome(job)))


def _outcome(job: Callable[[], R]) -> R | Exception:
    try:
        return job()
    except Exception as error:  # noqa: BLE001  # whoever asked for it tells foreseen ones from others
        return error
