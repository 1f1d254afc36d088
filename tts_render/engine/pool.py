"""Several engines used as one: they are checked to be alike, and share the jobs of a run."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tts_render.engine.ahead import Errand
from tts_render.engine.dispatch import GLANCE, EngineEvent, Member, Run, differences
from tts_render.ground.errors import (
    EngineError,
    EngineMismatchError,
    EngineRefusedError,
    EngineUnreachableError,
    TtsRenderError,
)
from tts_render.ground.messages import joined, listed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from tts_render.engine.base import Engine, Identity
    from tts_render.ground.units import Seconds

__all__ = ["Pool", "connect"]

J = TypeVar("J")
R = TypeVar("R")

_ASIDE: Seconds = 5.0
"""How long an answer beside the work may take; an engine may serve only one connection at a time."""


def connect(
    engines: Sequence[Engine],
    *,
    wait: Seconds = 0.0,
    absence: Seconds = 60.0,
    tell: Callable[[EngineEvent], None] = lambda _: None,
    turn: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
) -> Pool:
    """Wait for all engines, and check that they are alike.

    Args:
        engines: at least one; a further one with the same label is closed and dropped.
        wait: seconds to wait for engines that are still starting.
        absence: seconds to wait for an engine that goes away during a run.
        tell: called with what happens to engines during a run, in the thread that takes the results.
        turn: called before each job, in a thread of the pool; it may wait until it is this pool's turn. What it raises,
            if it is no :class:`TtsRenderError`, ends the run.
        clock: returns seconds that never go backwards.

    Raises:
        EngineError: an engine does not answer, or is not an engine.
        EngineMismatchError: they differ in kind, version, user dictionary or styles.
    """
    chosen: dict[str, Engine] = {}
    for engine in engines:
        if chosen.setdefault(engine.label, engine) is not engine:
            engine.close()
    if not chosen:
        raise ValueError("no engine to connect")
    found: dict[str, Identity | BaseException] = {}

    def ask(engine: Engine) -> None:
        try:
            engine.wait(wait)
            found[engine.label] = engine.identify()
        except BaseException as error:  # noqa: BLE001  # raised again below, in the thread that waits
            found[engine.label] = error

    threads = [threading.Thread(target=ask, args=(engine,), daemon=True) for engine in chosen.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        _join(thread)
    errors = [found[label] for label in chosen if isinstance(found[label], BaseException)]
    if errors:
        raise _all_in_one([error for error in errors if isinstance(error, BaseException)])
    identities = {label: identity for label in chosen if not isinstance(identity := found[label], BaseException)}
    first = next(iter(identities))
    found_out = [
        line
        for label, identity in identities.items()
        for line in differences(identities[first], identity, first, label)
    ]
    if found_out:
        raise EngineMismatchError(
            said("the engines of one run must be alike, but {differences}", differences=joined(found_out, "; ")),
            engine=", ".join(identities),
            remedy=said("Give them the same version, user dictionary and voices, or name fewer engines."),
        )
    return Pool(tuple(chosen.values()), identities[first], absence=absence, tell=tell, turn=turn, clock=clock)


def _all_in_one(errors: Sequence[BaseException]) -> BaseException:
    """The first error, naming the engines of the others."""
    first, *others = errors
    if not others or not isinstance(first, EngineError):
        return first
    names = listed(other.engine if isinstance(other, EngineError) else repr(other) for other in others)
    message = said("{message} (nor {names})", message=first.message, names=names)
    more = type(first)(message, engine=first.engine, status=first.status, remedy=first.remedy)
    more.__cause__ = first
    return more


class Pool:
    """Engines that were found to be alike. There is one run at a time: another thread waits until it is its turn."""

    def __init__(
        self,
        engines: Sequence[Engine],
        identity: Identity,
        *,
        absence: Seconds,
        tell: Callable[[EngineEvent], None],
        turn: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.identity = identity
        self.labels = tuple(engine.label for engine in engines)
        self.workers = sum(engine.workers for engine in engines)
        """Maximum number of jobs done at the same time."""
        self._members = tuple(
            Member(engine, tuple(threading.Lock() for _ in range(engine.workers))) for engine in engines
        )
        self._running = threading.Lock()
        self._asking = threading.Lock()
        self._errand: Errand[Callable[[Engine], Any], Any] | None = None
        self._beside = True
        """Whether questions may be asked beside the work."""
        self._absence = absence
        self._tell = tell
        self._turn = turn
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all engines."""
        with self._asking:
            self._beside = False
            if self._errand is not None:
                self._errand.close()
        for member in self._members:
            # Give a thread that was interrupted, or that waits for an engine to return, a moment to end.
            held = [slot for slot in member.slots if slot.acquire(timeout=2 * GLANCE)]
            member.engine.close()
            for slot in held:
                slot.release()

    def compare_again(self) -> None:
        """Check that the engines still have the user dictionary that they had at the beginning.

        An engine that is gone is not asked; if it comes back, it is compared then.

        Raises:
            EngineMismatchError: an engine's user dictionary has changed.
        """
        if not self.identity.dictionary:
            return
        for member in self._members:
            try:
                with member.slots[0]:
                    now = member.engine.identify()
            except EngineUnreachableError:
                continue
            if now.dictionary != self.identity.dictionary:
                raise EngineMismatchError(
                    said("its user dictionary was changed during the run; nothing was published"),
                    engine=member.engine.label,
                    remedy=said("Run it again: only lines that the change affects are spoken again."),
                )

    def run(
        self,
        jobs: Sequence[J],
        task: Callable[[Engine, J], R],
        *,
        done: Callable[[int], None] = lambda _: None,
        size: Callable[[J], float] = lambda _: 1.0,
    ) -> Generator[tuple[int, R | TtsRenderError], None, None]:
        """Do all jobs, each on one engine. To end the run early, close the generator.

        Args:
            jobs: in the order in which results are wanted, which is the order in which they are handed out.
            task: does one job; called in threads of the pool. At the end of a run, two engines may do the same job, and
                only the first result counts.
            done: called with the index of each job as it is settled, in order of completion, in the caller's thread.
            size: the relative size of a job, in any unit above 0; a job that takes far too long for its size is
                repeated.

        Yields:
            Index and result of each job, in order, as soon as it and all before it are settled. The result of a failed
            job is its error.

        Raises:
            EngineUnreachableError: no engine is left.
            EngineMismatchError: an engine came back as a different one.
            Exception: anything else that ``task`` raises and that is not a :class:`TtsRenderError`.
        """
        if not jobs:
            return
        with self._running:
            yield from self._run(jobs, task, done, size)

    def ask(self, question: Callable[[Engine], R]) -> R:
        """What an engine answers to a question about accent phrases.

        Where the engine can be asked beside its work, neither waits for the other: no question for the utterance that
        is being spoken, and no utterance for a question.

        Args:
            question: asks an engine; called in another thread, and again if it went wrong.

        Raises:
            TtsRenderError: what ``question`` raises.
            EngineUnreachableError: no engine is left.
            EngineMismatchError: an engine came back as a different one.
        """
        answer = self._send(question)
        if answer is not None:
            try:
                return cast("R", answer.result(_ASIDE))
            except EngineRefusedError:
                raise
            except (TimeoutError, TtsRenderError):
                pass  # asked again in the ordinary way, which has more patience
        ((_, found),) = self.run([question], lambda engine, again: again(engine))
        if answer is not None and not answer.done():
            self._beside = False
        if isinstance(found, TtsRenderError):
            raise found
        return found

    def ask_all(self, jobs: Sequence[J], question: Callable[[Engine, J], R]) -> list[R | TtsRenderError]:
        """What engines answer to questions about accent phrases, each its error where it has no answer.

        A single one is asked beside the work, as by :meth:`ask`; all engines share several.

        Raises:
            EngineUnreachableError: no engine is left.
            EngineMismatchError: an engine came back as a different one.
        """
        if len(jobs) != 1:
            return [answer for _, answer in self.run(jobs, question)]
        try:
            return [self.ask(lambda engine: question(engine, jobs[0]))]
        except (EngineUnreachableError, EngineMismatchError):
            raise
        except TtsRenderError as error:
            return [error]

    def _send(self, question: Callable[[Engine], Any]) -> Future[Any] | None:
        """Have a question asked beside the work; None where it cannot be."""
        member = self._members[0]
        with self._asking:
            if not self._beside or member.state != "here":
                return None
            if self._errand is None:
                aside = member.engine.aside()
                if aside is None:
                    self._beside = False
                    return None
                self._errand = Errand(aside, lambda engine, asked: asked(engine))
            return self._errand.send(question)

    def _run(
        self,
        jobs: Sequence[J],
        task: Callable[[Engine, J], R],
        done: Callable[[int], None],
        size: Callable[[J], float],
    ) -> Generator[tuple[int, R | TtsRenderError], None, None]:
        def in_turn(engine: Engine, job: J) -> R:
            self._turn()
            return task(engine, job)

        run = Run(self._members, self.identity, jobs, in_turn, size, absence=self._absence, clock=self._clock)
        waiting: dict[int, R | TtsRenderError] = {}
        following = settled = 0
        try:
            run.start()
            while settled < len(jobs):
                news = run.next_news()
                if isinstance(news, EngineEvent):
                    self._tell(news)
                    continue
                if isinstance(news, BaseException):
                    raise news
                waiting[news[0]] = news[1]
                settled += 1
                done(news[0])
                del news  # otherwise the newest result would be kept alive while the caller works
                if settled == len(jobs):
                    break  # the threads end before the last results are yielded: nobody has to come back for them
                while following in waiting:
                    yield following, waiting.pop(following)
                    following += 1
        finally:
            run.stop()
        for event in run.late_events():
            self._tell(event)
        while following in waiting:
            yield following, waiting.pop(following)
            following += 1


def _join(thread: threading.Thread) -> None:
    """Wait for ``thread`` in short steps: on Windows an endless wait could not be interrupted."""
    while thread.is_alive():
        thread.join(0.5)
