"""One run of jobs over several engines: each job goes to the next free engine, and failing engines are left out.

A run ends well even if an engine misbehaves:

- It goes away. Another engine does its job. Meanwhile it is asked for a while whether it is back, and continues if it
  is, unchanged. A job during which engines went away twice is given up, lest one text bring down engine after engine.
- It answers nonsense for one job. Another engine tries that job before it counts as failed.
- It repeatedly fails jobs that others then do. It is left out.
- It hangs. When no new jobs are left, an idle engine repeats the job, and whichever finishes first wins.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from tts_render.ground.errors import (
    EngineError,
    EngineMismatchError,
    EngineReplyError,
    EngineUnreachableError,
    TtsRenderError,
)
from tts_render.ground.messages import joined, listed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tts_render.engine.base import Engine, Identity, Style
    from tts_render.ground.units import Seconds

__all__ = ["GLANCE", "EngineEvent", "Member", "Run", "differences"]

J = TypeVar("J")
R = TypeVar("R")

_DEATHS_OF_A_JOB = 2
"""Number of times that engines may go away during one job before it is given up."""
_FAILURES_OF_AN_ENGINE = 3
"""Consecutive jobs that an engine may fail and others then do, before it is left out."""
_ABSENCES_OF_AN_ENGINE = 5
"""How often in a row an engine may go away and come back without finishing a job."""
GLANCE: Seconds = 0.25
"""How long an absent engine is asked at a time before checking whether it is still needed."""
_OVERDUE = 4.0
"""A job is repeated when it has taken this many times as long as the engines' pace suggests..."""
_PATIENCE: Seconds = 5.0
"""...but not before this time: loading a model takes time, and repeating a short job gains little."""
_FAREWELL: Seconds = 1.0
"""How long an interrupted run waits for jobs in flight."""


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Something that happened to one engine in the middle of a run."""

    label: str
    kind: Literal["away", "back", "left out"]
    reason: str
    """Why, in words; empty for ``back``."""


@dataclass(eq=False, slots=True)
class Member:
    """One engine, and how it has done so far."""

    engine: Engine
    slots: tuple[threading.Lock, ...]
    """One lock for each utterance that it may speak at a time; an interrupted run may still hold some."""
    state: Literal["here", "away", "out"] = "here"
    reason: str = ""
    streak: dict[int, bool] = field(default_factory=dict)
    """Jobs it failed since its last success, and whether another engine did them; excludes jobs that all fail."""
    absences: int = 0
    """How often it has gone away since its last success."""


@dataclass(eq=False, slots=True)
class _Underway:
    """A job in progress."""

    member: Member
    start: Seconds
    taken_over: bool = False
    """Whether a second engine is doing it too."""


@dataclass(eq=False)
class Run(Generic[J, R]):
    """The jobs and threads of one run. All mutable state is guarded by ``_changed``."""

    members: Sequence[Member]
    identity: Identity
    jobs: Sequence[J]
    task: Callable[[Engine, J], R]
    size: Callable[[J], float]
    absence: Seconds
    clock: Callable[[], float]
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _news: queue.SimpleQueue[tuple[int, R | TtsRenderError] | EngineEvent | BaseException] = field(
        default_factory=queue.SimpleQueue
    )
    _fresh: int = 0
    """Jobs before this one have been handed out."""
    _again: deque[int] = field(default_factory=deque)
    """Jobs that were handed out and must be done by another engine."""
    _refused: dict[int, dict[int, EngineReplyError]] = field(default_factory=dict)
    """For each job that failed somewhere: the error, by ``id`` of the member."""
    _deaths: dict[int, int] = field(default_factory=dict)
    """For each job during which an engine went away: how often."""
    _underway: dict[int, _Underway] = field(default_factory=dict)
    """Jobs in progress by index, except repeated ones."""
    _paces: dict[int, tuple[Seconds, float]] = field(default_factory=dict)
    """By ``id`` of the member: total time and total size of the jobs it has done."""
    _settled: bytearray = field(default_factory=bytearray)
    """1 for each job that has a result."""
    _left: int = 0
    """Number of jobs without a result."""
    _busy: int = 0
    """Number of jobs in progress."""
    _stopping: bool = False

    def start(self) -> None:
        """Start all engines."""
        self._left = len(self.jobs)
        self._settled = bytearray(len(self.jobs))
        with self._changed:
            self._settle_stranded()
        for member in self.members:
            member.streak.clear()
            for number, slot in enumerate(member.slots):
                thread = threading.Thread(
                    target=self._work, args=(member, slot), name=f"{member.engine.label} {number}", daemon=True
                )
                thread.start()

    def next_news(self) -> tuple[int, R | TtsRenderError] | EngineEvent | BaseException:
        """Return what happened next."""
        while True:
            try:
                return self._news.get(timeout=0.5)  # not forever: that could not be interrupted on Windows
            except queue.Empty:
                continue

    def late_events(self) -> Iterator[EngineEvent]:
        """Yield what happened to engines after the last job was settled."""
        while not self._news.empty():
            news = self._news.get()
            if isinstance(news, EngineEvent):
                yield news

    def stop(self) -> None:
        """Hand out no more jobs, and wait for those in flight, but not for long."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, timeout=_FAREWELL)

    def _work(self, member: Member, slot: threading.Lock) -> None:
        with slot:
            try:
                if member.state == "away" and slot is member.slots[0]:
                    self._look_out(member)
                while (index := self._take(member)) is not None:
                    try:
                        lost = self._do(member, index)
                    finally:
                        with self._changed:
                            if index in self._underway and self._underway[index].member is member:
                                del self._underway[index]
                            self._busy -= 1
                            self._changed.notify_all()
                    if lost:
                        self._look_out(member)
            except BaseException as error:  # noqa: BLE001  # the caller's thread raises it
                self._news.put(error)

    def _take(self, member: Member) -> int | None:
        """Return the next job for ``member``; None if there will be none."""
        with self._changed:
            while True:
                if self._stopping or not self._left or member.state == "out":
                    return None
                index, rest = self._choose(member) if member.state == "here" else (None, None)
                if index is not None:
                    self._busy += 1
                    self._underway.setdefault(index, _Underway(member, self.clock()))
                    return index
                self._changed.wait(None if rest is None else max(0.0, min(GLANCE, rest)))

    def _choose(self, member: Member) -> tuple[int | None, Seconds | None]:
        """Choose a job for ``member`` now, or return in how many seconds there may be one to take over."""
        for index in self._again:
            if id(member) not in self._refused.get(index, ()):
                self._again.remove(index)
                return index, None
        if self._fresh < len(self.jobs):
            if not self._trusted(member):
                return None, None
            self._fresh += 1
            return self._fresh - 1, None
        waits = {
            index: rest
            for index, job in self._underway.items()
            if not (job.taken_over or job.member is member or id(member) in self._refused.get(index, ()))
            and (rest := self._until_overdue(index, job)) is not None
        }
        if not waits or not self._trusted(member):
            return None, None
        index = min(waits, key=lambda one: waits[one])
        if waits[index] > 0:
            return None, waits[index]
        self._underway[index].taken_over = True
        return index, None

    def _until_overdue(self, index: int, job: _Underway) -> Seconds | None:
        """Seconds until the job counts as hanging; None while no pace is known."""
        own = self._paces.get(id(job.member))
        paces = [seconds / size for seconds, size in ([own] if own else self._paces.values())]
        if not paces:
            return None
        longest = max(_PATIENCE, _OVERDUE * max(paces) * self.size(self.jobs[index]))
        return job.start + longest - self.clock()

    def _trusted(self, member: Member) -> bool:
        """Whether ``member`` gets new jobs: not while it is unclear whether it or its jobs are to blame."""
        return len(member.streak) < _FAILURES_OF_AN_ENGINE

    def _do(self, member: Member, index: int) -> bool:
        """Do one job; return whether the engine has to be looked out for."""
        start = self.clock()
        try:
            result = self.task(member.engine, self.jobs[index])
        except EngineUnreachableError as error:
            return self._lost(member, index, error)
        except EngineMismatchError:
            raise
        except EngineReplyError as error:
            with self._changed:
                if self._settled[index]:
                    return False
                self._refused.setdefault(index, {})[id(member)] = error
                member.streak[index] = False
                if index not in self._again:
                    self._again.append(index)
                self._settle_stranded()
                self._changed.notify_all()
        except TtsRenderError as error:
            self._settle(index, error)
        else:
            with self._changed:
                member.streak.clear()
                member.absences = 0
                seconds, size = self._paces.get(id(member), (0.0, 0.0))
                self._paces[id(member)] = seconds + self.clock() - start, size + self.size(self.jobs[index])
            self._settle(index, result)
        return False

    def _settle(self, index: int, result: R | TtsRenderError) -> None:
        with self._changed:
            if self._settled[index]:
                return
            self._settled[index] = 1
            self._refused.pop(index, None)
            self._deaths.pop(index, None)
            if index in self._again:
                self._again.remove(index)
            self._left -= 1
            self._news.put((index, result))
            for member in self.members:
                if index in member.streak:
                    self._blame(member, index, done=not isinstance(result, TtsRenderError))
            self._changed.notify_all()

    def _blame(self, member: Member, index: int, *, done: bool) -> None:
        """Count a job that ``member`` failed against it if another engine did it."""
        if not done:
            del member.streak[index]
            return
        member.streak[index] = True
        outdone = sum(member.streak.values())
        if outdone >= _FAILURES_OF_AN_ENGINE and member.state == "here":
            self._leave_out(
                member, said("failed {outdone} utterances in a row that others could speak", outdone=outdone)
            )

    def _lost(self, member: Member, index: int, error: EngineUnreachableError) -> bool:
        """Give the job of an engine that went away to others; return whether nobody looks out for the engine yet."""
        with self._changed:
            poisonous = False
            if not self._settled[index]:
                self._deaths[index] = self._deaths.get(index, 0) + 1
                poisonous = self._deaths[index] >= _DEATHS_OF_A_JOB
                if not poisonous and index not in self._again:
                    self._again.appendleft(index)
            first = member.state == "here"
            if first:
                member.state, member.reason = "away", error.message
                member.absences += 1
                self._news.put(EngineEvent(member.engine.label, "away", error.message))
            self._changed.notify_all()
        if poisonous:
            self._settle(
                index,
                EngineUnreachableError(
                    said("an engine went away twice while speaking this: {message}", message=error.message),
                    engine=error.engine,
                    remedy=said("The text may crash the engine: change it, or split it."),
                ),
            )
        return first

    def _look_out(self, member: Member) -> None:
        """Ask an engine that went away until it is back, is not needed, or has been away too long."""
        end = self.clock() + self.absence
        while member.absences < _ABSENCES_OF_AN_ENGINE and self._needed():
            left = end - self.clock()
            try:
                member.engine.wait(max(0.0, min(GLANCE, left)))
                identity = member.engine.identify()
            except EngineMismatchError:
                raise
            except EngineError as error:
                member.reason = error.message
                if left <= 0:
                    break
                if isinstance(error, EngineReplyError):  # it answered, so no time has passed waiting
                    with self._changed:
                        self._changed.wait(GLANCE)
                continue
            changes = differences(self.identity, identity, said("the old one"), said("the new one"))
            if changes:
                raise EngineMismatchError(
                    said("came back as a different engine: {changes}", changes=joined(changes, "; ")),
                    engine=member.engine.label,
                    remedy=said("Try again."),
                )
            with self._changed:
                member.state = "here"
                self._news.put(EngineEvent(member.engine.label, "back", ""))
                self._changed.notify_all()
            return
        if self._needed():
            reason = member.reason
            if member.absences > 1:
                reason = said("went away {count} times in a row: {reason}", count=member.absences, reason=reason)
            with self._changed:
                self._leave_out(member, reason)

    def _needed(self) -> bool:
        with self._changed:
            return self._left > 0 and not self._stopping

    def _leave_out(self, member: Member, reason: str) -> None:
        member.state, member.reason = "out", reason
        self._news.put(EngineEvent(member.engine.label, "left out", reason))
        self._settle_stranded()
        self._changed.notify_all()

    def _settle_stranded(self) -> None:
        """Settle jobs that every engine still in the run has failed, and end a run that has no engine."""
        if not self._left:
            return
        remaining = [member for member in self.members if member.state != "out"]
        if not remaining:
            reasons = joined(dict.fromkeys(member.reason for member in self.members), "; ")
            self._news.put(
                EngineUnreachableError(
                    reasons
                    if len(self.jobs) == 1
                    else said(
                        "no engine is left, with {left} of {jobs} utterances still to be spoken: {reasons}",
                        left=self._left,
                        jobs=len(self.jobs),
                        reasons=reasons,
                    ),
                    engine=", ".join(member.engine.label for member in self.members),
                    remedy=said("Start the engine again, then try again; what has been spoken is kept."),
                )
            )
            return
        for index in [index for index in self._again if index in self._refused]:
            refusals = self._refused[index]
            if all(id(member) in refusals for member in remaining):
                self._again.remove(index)
                self._settle(index, next(iter(refusals.values())))


def differences(one: Identity, other: Identity, one_label: str, other_label: str) -> list[str]:
    """List the differences between two engines, one per line; empty if they can work together."""
    lines: list[str] = []
    labels = {"one": one_label, "other": other_label}
    if one.engine != other.engine:
        kinds = {"kind": one.engine, "kind_of_other": other.engine}
        lines.append(said("{one} has kind {kind}, {other} {kind_of_other}", **labels, **kinds))
    if one.version != other.version:
        versions = {"version": one.version, "version_of_other": other.version}
        lines.append(said("{one} has version {version}, {other} {version_of_other}", **labels, **versions))
    if one.dictionary != other.dictionary:
        lines.append(said("{one} and {other} have different user dictionaries", **labels))
    for label, extra in (
        (one_label, set(one.styles) - set(other.styles)),
        (other_label, set(other.styles) - set(one.styles)),
    ):
        if extra:
            lines.append(said("only {label} has {styles}", label=label, styles=_list_styles(extra)))
    return lines


def _list_styles(styles: set[Style]) -> str:
    names = [f"{style.speaker}/{style.name} ({style.id})" for style in sorted(styles, key=lambda style: style.id)]
    if len(names) <= 3:
        return listed(names)
    return said("{names} and {count} more", names=listed(names[:3]), count=len(names) - 3)
