"""Questions asked beside the work: while an engine speaks one utterance, it is asked how it would say another one.

This only saves time. Whatever goes wrong here is simply asked again when its turn comes.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from tts_render.ground.errors import EngineUnreachableError, TtsRenderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tts_render.engine.base import Engine
    from tts_render.ground.units import Seconds

__all__ = ["Ahead", "Errand"]

Q = TypeVar("Q")
R = TypeVar("R")

_FAREWELL: Seconds = 0.5
"""How long the end of a run waits for a question whose answer is no longer needed."""


class Ahead(Generic[R]):
    """The questions of one run, and the answers that engines gave ahead of time. Use it as a context manager.

    Args:
        count: number of questions.
        ask: asks an engine a question, given its 0-based number in the order in which answers will be wanted.
        longest: seconds to wait for an answer that is wanted now; an engine may serve only one connection at a time.
    """

    def __init__(self, count: int, ask: Callable[[Engine, int], R], *, longest: Seconds = 5.0) -> None:
        self._count = count
        self._ask = ask
        self._longest = longest
        self._guard = threading.Lock()
        self._next = 0
        """All questions before this one have been answered or asked ahead."""
        self._asked: dict[int, tuple[Engine, Future[R]]] = {}
        self._errands: dict[Engine, Errand[int, R] | None] = {}
        self._given_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._given_up = True
        for errand in self._errands.values():
            if errand is not None:
                errand.close()

    def answer(self, engine: Engine, number: int) -> R:
        """Return the answer to a question: the one found ahead of time, else what ``engine`` answers now.

        Raises:
            TtsRenderError: whatever ``ask`` raises.
        """
        with self._guard:
            self._next = max(self._next, number + 1)
            asked = self._asked.pop(number, None)
        # Another engine may first have to finish a long utterance: asking again is quicker.
        if asked is not None and (asked[0] is engine or asked[1].done()):
            try:
                return asked[1].result(self._longest)
            except TimeoutError:
                self._given_up = True
            except TtsRenderError:
                pass
        return self._ask(engine, number)

    def go_on(self, engine: Engine) -> None:
        """Ask the next question that has not been asked; call this when ``engine`` is about to speak."""
        with self._guard:
            if self._given_up or self._next >= self._count:
                return
            if engine not in self._errands:
                aside = engine.aside()
                self._errands[engine] = None if aside is None else Errand(aside, self._put)
            errand = self._errands[engine]
            if errand is None or errand.busy:
                return
            number, self._next = self._next, self._next + 1
            self._asked[number] = engine, errand.send(number)

    def _put(self, aside: Engine, number: int) -> R:
        try:
            return self._ask(aside, number)
        except EngineUnreachableError:
            # A text that crashes the engine must do so in its own turn, or the utterance before it would be blamed.
            self._given_up = True
            raise


class Errand(Generic[Q, R]):
    """A thread that asks one engine, one question at a time.

    Args:
        aside: a second way to an engine, for nothing but this; it is closed with the errand.
        put: puts a question to it.
    """

    def __init__(self, aside: Engine, put: Callable[[Engine, Q], R]) -> None:
        self._aside = aside
        self._put = put
        self._orders: queue.SimpleQueue[tuple[Q, Future[R]] | None] = queue.SimpleQueue()
        self._latest: Future[R] | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether it has not answered yet."""
        return self._latest is not None and not self._latest.done()

    def send(self, question: Q) -> Future[R]:
        """Have a question asked after those before it; its answer, or what went wrong with it."""
        answer: Future[R] = Future()
        self._latest = answer
        self._orders.put((question, answer))
        return answer

    def close(self) -> None:
        """Ask nothing more, and close the way to the engine."""
        self._orders.put(None)
        self._thread.join(_FAREWELL)
        self._aside.close()

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            question, answer = order
            try:
                answer.set_result(self._put(self._aside, question))
            except BaseException as error:  # noqa: BLE001  # asked again in the ordinary way, which tells
                answer.set_exception(error)
