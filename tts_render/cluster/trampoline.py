"""The functions that Dask calls. They travel as code, so that a scheduler needs nothing of this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Scheduler

__all__ = ["carry_out", "offered"]


def carry_out(work: bytes) -> bytes:
    """Do a piece of work on a worker; see :func:`tts_render.cluster.booth.answer`."""
    from tts_render.cluster.booth import answer

    return answer(work)


def offered(dask_scheduler: Scheduler) -> dict[str, str]:
    """The resource that each worker offers, by address, as Dask asks its scheduler.

    What a scheduler tells about its workers of its own accord has their whole cards in it: 14 kB for 120 styles, so
    27 MB a second for a thousand workers.
    """
    return {address: name for address, worker in dask_scheduler.workers.items() for name in worker.resources}
