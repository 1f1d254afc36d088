"""The window: work goes out to the cluster through it, only so much at a time, and what comes back is handed out.

The memory of client and scheduler therefore does not grow with the work. Whatever Dask loses, a scheduler that starts
again among it, is sent once more.
"""

from __future__ import annotations

import itertools
import pickle
import queue
import threading
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from distributed import KilledWorker

from tts_render.cluster.trampoline import carry_out
from tts_render.ground.errors import EngineUnreachableError, TtsRenderError
from tts_render.ground.messages import said, said_count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from distributed import Client

    from tts_render.cluster.card import Card
    from tts_render.cluster.travel import Outcome, Work
    from tts_render.ground.units import Seconds

__all__ = ["Window"]

_GLANCE: Seconds = 0.5
"""How often it is looked whether the cluster is still there."""


@dataclass(eq=False, slots=True)
class _Errand:
    """A piece of work on its way."""

    work: bytes
    card: Card
    priority: int
    avoid: frozenset[str]
    answer: Future[Outcome] = field(default_factory=Future)
    future: Any = None
    """Dask's own."""


class Window:
    """Sends work to a cluster. It may be used from any thread. Use it as a context manager.

    Args:
        client: Dask's.
        most: pieces of work that may be on their way at once.
        workers: says which resource each worker offers, by address; asked again and again.
        absence: seconds without scheduler or fitting worker after which what waits for them fails.
        clock: returns seconds that never go backwards.
    """

    def __init__(
        self,
        client: Client,
        *,
        most: int,
        workers: Callable[[], Mapping[str, str]],
        absence: Seconds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._workers = workers
        self._absence = absence
        self._clock = clock
        self._room = threading.BoundedSemaphore(most)
        self._numbers = itertools.count()
        self._guard = threading.Lock()
        self._out: dict[str, _Errand] = {}
        self._returned: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._collect, name="window", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._end()  # at once: what waits for the answers must not go on while the thread comes to its end
        self._returned.put(None)
        self._thread.join()
        self._end()

    def send(self, work: Work, card: Card, *, priority: int = 0, avoid: Collection[str] = ()) -> Future[Outcome]:
        """Send a piece of work, as soon as there is room.

        Args:
            work: what is to be done.
            card: of the workers that may do it.
            priority: work with a higher one is done first.
            avoid: addresses of workers that are not to do it.

        Returns:
            What becomes of it. It fails with an EngineUnreachableError where nobody is left to do it, and with a
            TtsRenderError where it has killed workers.
        """
        errand = _Errand(pickle.dumps(work), card, priority, frozenset(avoid))
        while not self._room.acquire(timeout=_GLANCE):
            if self._closed:
                break
        if self._closed:
            errand.answer.set_exception(TtsRenderError(said("the work was ended")))
            return errand.answer
        self._submit(errand)
        return errand.answer

    def _end(self) -> None:
        with self._guard:
            out = list(self._out.values())
        self._fail(out, TtsRenderError(said("the work was ended")))

    def _submit(self, errand: _Errand) -> None:
        key = f"{errand.card.trade}-{next(self._numbers)}-{id(self):x}"
        with self._guard:
            self._out[key] = errand
        try:
            errand.future = self._client.submit(
                carry_out,
                errand.work,
                key=key,
                pure=False,
                priority=errand.priority,
                resources={errand.card.resource: 1},
                workers=self._others(errand),
            )
            errand.future.add_done_callback(lambda _: self._returned.put(key))
        except Exception:  # noqa: BLE001  # the connection is lost; it is sent again when there is one
            errand.future = None

    def _others(self, errand: _Errand) -> list[str] | None:
        if not errand.avoid:
            return None
        fitting = (address for address, offer in self._workers().items() if offer == errand.card.resource)
        return [address for address in fitting if address not in errand.avoid] or None

    def _collect(self) -> None:
        since: dict[str, float] = {}
        looked = self._clock()
        while not self._closed:
            keys: list[str] = []
            with suppress(queue.Empty):
                first = self._returned.get(timeout=_GLANCE)
                keys = [] if first is None else [first]
                while True:
                    more = self._returned.get_nowait()
                    keys += [] if more is None else [more]
            self._hand_out(keys)
            if self._clock() - looked >= _GLANCE:
                looked = self._clock()
                self._look_after(since, looked)

    def _hand_out(self, keys: list[str]) -> None:
        with self._guard:
            back = {key: errand for key in keys if (errand := self._out.get(key)) is not None}
        done = {key: errand for key, errand in back.items() if errand.future.status == "finished"}
        found: dict[str, bytes] = {}
        if done:
            with suppress(Exception):  # lost on the way; what is missing is sent again
                values = self._client.gather({key: errand.future for key, errand in done.items()}, errors="skip")
                found = dict(values)
        for key, errand in back.items():
            with self._guard:
                del self._out[key]
            if key in found:
                errand.future = None
                self._room.release()
                with suppress(InvalidStateError):  # the work was ended meanwhile
                    errand.answer.set_result(pickle.loads(found[key]))  # noqa: S301  # from a worker of ours
            elif errand.future.status == "error" and (error := self._error(errand)) is not None:
                errand.future = None
                self._room.release()
                self._fail([errand], error)
            else:
                self._submit(errand)

    def _error(self, errand: _Errand) -> Exception | None:
        """Why a piece of work failed; None if it is to be sent again."""
        try:
            error = errand.future.exception(timeout=10)
        except Exception:  # noqa: BLE001  # lost meanwhile
            return None
        if isinstance(error, KilledWorker):
            return TtsRenderError(
                said("every worker that was given it died over it"),
                remedy=said("Look at the logs of the workers; they may need more memory."),
            )
        return error if isinstance(error, Exception) else None

    def _look_after(self, since: dict[str, float], now: float) -> None:
        """Send again what was lost with the connection, and give up what nobody is left to do."""
        with self._guard:
            out = dict(self._out)
        if not out:
            since.clear()
            return
        connected = self._client.status == "running"
        there: set[str] = set()
        if connected:
            with suppress(Exception):  # it is asked again in a moment
                there = set(self._workers().values())
            for key, errand in out.items():
                if errand.future is None or errand.future.status in {"cancelled", "lost"}:
                    with self._guard:
                        if self._out.pop(key, None) is None:
                            continue
                    self._submit(errand)
        for resource in {errand.card.resource for errand in out.values()}:
            if resource in there:
                since.pop(resource, None)
                continue
            if now - since.setdefault(resource, now) < self._absence:
                continue
            with self._guard:
                left = {key: errand for key, errand in self._out.items() if errand.card.resource == resource}
                for key in left:
                    del self._out[key]
            for errand in left.values():
                errand.future = None
                self._room.release()
            self._fail(list(left.values()), self._nobody(next(iter(left.values()), None)))

    def _nobody(self, errand: _Errand | None) -> EngineUnreachableError:
        seconds = round(self._absence)
        return EngineUnreachableError(
            said_count(
                "for {count} second there was no worker to speak",
                "for {count} seconds there was no worker to speak",
                count=seconds,
            )
            if errand is None or errand.card.trade == "speak"
            else said_count(
                "for {count} second there was no worker to mix",
                "for {count} seconds there was no worker to mix",
                count=seconds,
            ),
            engine=said("cluster"),
            remedy=said("Look at the scheduler and at the logs of the workers, and run this again."),
        )

    @staticmethod
    def _fail(errands: list[_Errand], error: Exception) -> None:
        for errand in errands:
            with suppress(InvalidStateError):  # it has its answer
                errand.answer.set_exception(error)
