"""Several engines as one: order, sharing, and what happens when some of them fail."""

from __future__ import annotations

import gc
import itertools
import threading
import time
import weakref
from typing import TYPE_CHECKING, Self

import numpy as np
import pytest

from tests.kit.fake_engine import SPEAKERS, FakeEngine, Fault
from tests.kit.puppet import ZUNDAMON, Puppet
from tts_render.engine.base import Scales
from tts_render.engine.pool import Pool, connect
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.engine.voicevox.http import Patience
from tts_render.ground.errors import (
    EngineMismatchError,
    EngineRefusedError,
    EngineReplyError,
    EngineUnreachableError,
    TtsRenderError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tts_render.engine.base import Engine
    from tts_render.engine.dispatch import EngineEvent

TEXTS = [f"{number}ばんめのぶんです。" for number in range(24)]
BRISK = Patience(tries=3, first_wait=0.001, longest_wait=0.002, query=5.0, synthesis=5.0)
NAMES = ("one", "two", "three", "four")


class Stage:
    """Pools that are closed again, and what they told."""

    def __init__(self) -> None:
        self.events: list[EngineEvent] = []
        self.pools: list[Pool] = []
        self.fakes: list[FakeEngine] = []

    def puppets(self, *engines: Puppet, absence: float = 0.0, clock: Callable[[], float] = time.monotonic) -> Pool:
        return self._keep(connect(engines, absence=absence, tell=self.events.append, clock=clock))

    def engines(
        self,
        *fakes: FakeEngine,
        absence: float = 0.0,
        wait: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> Pool:
        self.fakes += fakes
        opened = [VoicevoxEngine(fake.url, patience=BRISK) for fake in fakes]
        try:
            return self._keep(connect(opened, wait=wait, absence=absence, tell=self.events.append, clock=clock))
        except BaseException:
            for engine in opened:
                engine.close()
            raise

    def _keep(self, pool: Pool) -> Pool:
        self.pools.append(pool)
        return pool

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.label, event.kind) for event in self.events]


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    for pool in stage.pools:
        pool.close()


@pytest.fixture
def fakes() -> Iterator[list[FakeEngine]]:
    started = [FakeEngine() for _ in range(3)]
    for fake in started:
        fake.start()
    yield started
    for fake in started:
        fake.stop()


def say(engine: Engine, text: str) -> bytes:
    return engine.speak(engine.phrase(text, ZUNDAMON), ZUNDAMON, Scales()).samples.tobytes()


def outcome(results: Sequence[tuple[int, object]]) -> list[object]:
    """Results in order, errors as their class."""
    assert [index for index, _ in results] == list(range(len(results)))
    return [type(result) if isinstance(result, Exception) else result for _, result in results]


# Connecting


def test_engines_that_are_alike_are_one(stage: Stage, fakes: list[FakeEngine]) -> None:
    pool = stage.engines(*fakes)
    assert pool.labels == tuple(fake.url for fake in fakes)
    assert pool.identity.version == "0.25.2"
    assert pool.workers == 3


def test_the_same_words_in_another_order_are_the_same_dictionary(stage: Stage, fakes: list[FakeEngine]) -> None:
    for fake, words in zip(
        fakes, itertools.permutations([("晴", "ハレ"), ("雨", "アメ"), ("雪", "ユキ")]), strict=False
    ):
        for surface, reading in words:
            fake.add_word(surface, reading)
    stage.engines(*fakes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda fake: setattr(fake, "version", "0.24.1"), "has version 0.25.2, {two} 0.24.1"),
        (lambda fake: fake.add_word("晴", "ハレ"), "{one} and {two} have different user dictionaries"),
        (lambda fake: setattr(fake, "speakers", SPEAKERS[:3]), "only {one} has 春日部つむぎ/ノーマル (8)"),
        (
            lambda fake: setattr(fake, "speakers", (*SPEAKERS[:3], ("春日部つむぎ", "ノーマル", 9))),
            "only {two} has 春日部つむぎ/ノーマル (9)",
        ),
        (
            lambda fake: setattr(fake, "speakers", (*SPEAKERS, *(("歌", f"{n}", 100 + n) for n in range(3)))),
            "only {two} has 歌/0 (100), 歌/1 (101), 歌/2 (102)",
        ),
        (
            lambda fake: setattr(fake, "speakers", (*SPEAKERS, *(("歌", f"{n}", 100 + n) for n in range(5)))),
            "only {two} has 歌/0 (100), 歌/1 (101), 歌/2 (102) and 2 more",
        ),
    ],
)
def test_engines_that_differ_end_the_run_and_the_difference_is_named(
    stage: Stage, fakes: list[FakeEngine], change: Callable[[FakeEngine], object], told: str
) -> None:
    one, _, two = fakes
    change(two)
    with pytest.raises(EngineMismatchError) as caught:
        stage.engines(*fakes)
    assert told.format(one=one.url, two=two.url) in str(caught.value)
    assert ("more" in str(caught.value)) is ("more" in told)
    assert caught.value.exit_code == 3


def test_one_engine_named_twice_is_one_engine(stage: Stage, fake_engine: FakeEngine) -> None:
    twice = [VoicevoxEngine(fake_engine.url), VoicevoxEngine(fake_engine.url + "/")]
    pool = connect(twice)
    stage.pools.append(pool)
    assert pool.labels == (fake_engine.url,)
    for _ in pool.run(TEXTS[:6], say):
        pass
    assert fake_engine.at_once == 1


def test_engines_that_do_not_answer_are_all_named(stage: Stage) -> None:
    with pytest.raises(EngineUnreachableError) as caught:
        stage.puppets(Puppet("one"), Puppet("two", gone=True), Puppet("three", gone=True))
    assert "two: nothing answers there (nor three)" in str(caught.value)


def test_engines_that_start_late_are_waited_for(stage: Stage, fakes: list[FakeEngine]) -> None:
    for fake in fakes:
        fake.refuse = 2
    assert stage.engines(*fakes, wait=30).workers == 3


# Sharing


def test_results_come_in_order_and_equal_those_of_one_engine(
    stage: Stage, fakes: list[FakeEngine], fake_engine: FakeEngine
) -> None:
    alone = [result for _, result in stage.engines(fake_engine).run(TEXTS, say)]
    shared = outcome(list(stage.engines(*fakes).run(TEXTS, say)))
    assert shared == alone
    assert all(fake.at_once == 1 for fake in fakes)
    assert sum(len(fake.syntheses) for fake in fakes) == len(TEXTS)


def test_every_engine_has_a_part_and_a_slow_one_a_smaller_one(stage: Stage, fakes: list[FakeEngine]) -> None:
    slow, *fast = fakes
    for fake in fast:
        fake.service = 0.01
    slow.service = 0.15
    list(stage.engines(*fakes).run(TEXTS, say))
    assert 0 < len(slow.syntheses) < min(len(fake.syntheses) for fake in fast)


def test_an_engine_gets_as_many_jobs_at_once_as_it_has_workers(stage: Stage) -> None:
    together = threading.Barrier(5, timeout=10)  # 3 + 2: breaks unless five jobs are in work at the same time
    pool = stage.puppets(Puppet("one", workers=3), Puppet("two", workers=2))
    assert pool.workers == 5
    assert len(outcome(list(pool.run(range(10), lambda engine, job: together.wait())))) == 10


def test_a_result_comes_as_soon_as_it_and_those_before_are_ready(stage: Stage) -> None:
    later = threading.Event()

    def task(engine: Engine, job: int) -> int:
        if job == 2:
            later.wait(10)
        return job

    results = stage.puppets(Puppet("one"), Puppet("two")).run(range(6), task)
    assert [next(results), next(results)] == [(0, 0), (1, 1)]
    later.set()
    assert list(results) == [(number, number) for number in range(2, 6)]


def test_progress_is_told_as_jobs_end_whatever_their_order(stage: Stage) -> None:
    first = threading.Event()
    done: list[int] = []

    def task(engine: Engine, job: int) -> int:
        if job == 0:
            first.wait(10)
        if job == 3:
            first.set()
        return job

    pool = stage.puppets(Puppet("one"), Puppet("two"))
    list(pool.run(range(4), task, done=done.append))
    assert sorted(done) == [0, 1, 2, 3]
    assert done.index(0) > done.index(2)


def test_a_hundred_thousand_jobs_are_no_trouble(stage: Stage) -> None:
    pool = stage.puppets(*(Puppet(name) for name in NAMES))
    start = time.process_time()
    total = sum(index for index, _ in pool.run(range(100_000), lambda engine, job: job))
    assert total == 100_000 * 99_999 // 2
    assert time.process_time() - start < 30


def test_a_result_that_was_taken_is_not_kept(stage: Stage) -> None:
    class Clip:
        pass

    alive: list[weakref.ref[Clip]] = []
    second, release = threading.Event(), threading.Event()

    def task(engine: Engine, job: int) -> Clip:
        if job:
            second.set()
            release.wait(10)
        clip = Clip()
        alive.append(weakref.ref(clip))
        return clip

    results = stage.puppets(Puppet("one")).run(range(3), task)
    next(results)
    second.wait(10)
    gc.collect()
    assert alive[0]() is None
    release.set()
    assert len(list(results)) == 2


def test_nothing_to_do_starts_nothing(stage: Stage) -> None:
    pool = stage.puppets(Puppet("one"))
    before = threading.active_count()
    assert list(pool.run([], lambda engine, job: job)) == []
    assert threading.active_count() == before


# Failures of jobs


def test_every_failure_is_reported_and_the_rest_is_done(stage: Stage) -> None:
    def task(engine: Engine, job: int) -> int:
        if job % 4 == 1:
            raise EngineRefusedError("no", engine=engine.label, status=422)
        return job

    results = list(stage.puppets(Puppet("one"), Puppet("two")).run(range(12), task))
    assert outcome(results) == [EngineRefusedError if job % 4 == 1 else job for job in range(12)]


def test_an_error_that_nobody_foresaw_ends_the_run(stage: Stage) -> None:
    def task(engine: Engine, job: int) -> int:
        return 1 // (3 - job)

    with pytest.raises(ZeroDivisionError):
        list(stage.puppets(Puppet("one"), Puppet("two")).run(range(12), task))


def test_what_one_engine_cannot_do_another_tries_before_it_counts_as_failed(stage: Stage) -> None:
    tried: list[tuple[str, int]] = []

    def task(engine: Engine, job: int) -> str:
        tried.append((engine.label, job))
        if job == 2 or (job == 4 and engine.label == "one"):
            raise EngineReplyError("nonsense", engine=engine.label)
        return "done"

    results = list(stage.puppets(Puppet("one"), Puppet("two")).run(range(6), task))
    assert outcome(results) == ["done", "done", EngineReplyError, "done", "done", "done"]
    assert sorted(label for label, job in tried if job == 2) == ["one", "two"]
    assert stage.events == []


def test_texts_that_no_engine_can_do_are_nobodys_fault(stage: Stage) -> None:
    def task(engine: Engine, job: int) -> str:
        if job < 20:
            raise EngineReplyError("nonsense", engine=engine.label)
        return "done"

    results = outcome(list(stage.puppets(*(Puppet(name) for name in NAMES)).run(range(30), task)))
    assert results == [EngineReplyError] * 20 + ["done"] * 10
    assert stage.events == []


def test_an_engine_is_not_blamed_for_what_nobody_has_done_yet(stage: Stage) -> None:
    failed: list[int] = []
    enough = threading.Event()

    def task(engine: Engine, job: int) -> str:
        if engine.label == "two":
            failed.append(job)
            if len(failed) == 3:
                enough.set()
            raise EngineReplyError("nonsense", engine=engine.label)
        enough.wait(10)
        if job in failed[1:]:
            raise EngineReplyError("nonsense", engine=engine.label)
        return "done"

    results = outcome(list(stage.puppets(Puppet("one"), Puppet("two")).run(range(4), task)))
    assert results.count("done") == 2
    assert stage.events == []


def test_an_engine_that_fails_again_and_again_what_others_do_is_left_out(stage: Stage) -> None:
    tries: list[int] = []
    begun = threading.Event()

    def task(engine: Engine, job: int) -> str:
        if engine.label == "two":
            tries.append(job)
            begun.set()
            raise EngineReplyError("nonsense", engine=engine.label)
        begun.wait(10)
        return "done"

    pool = stage.puppets(Puppet("one"), Puppet("two"))
    assert outcome(list(pool.run(range(50), task))) == ["done"] * 50
    assert len(tries) == 3
    assert stage.told == [("two", "left out")]
    assert "failed 3 utterances in a row that others could speak" in stage.events[0].reason
    assert outcome(list(pool.run(range(5), task))) == ["done"] * 5
    assert len(tries) == 3


def test_what_happens_with_the_very_last_job_is_told_too(stage: Stage) -> None:
    failed: list[int] = []
    enough = threading.Event()

    def task(engine: Engine, job: int) -> str:
        if engine.label == "two":
            failed.append(job)
            if len(failed) == 3:
                enough.set()
            raise EngineReplyError("nonsense", engine=engine.label)
        enough.wait(10)
        return "done"

    assert outcome(list(stage.puppets(Puppet("one"), Puppet("two")).run(range(4), task))) == ["done"] * 4
    assert stage.told == [("two", "left out")]


def test_an_engine_that_fails_now_and_then_is_kept(stage: Stage) -> None:
    calls: list[int] = []
    failed: set[int] = set()
    changed = threading.Condition()

    def task(engine: Engine, job: int) -> str:
        with changed:
            if engine.label == "two":
                calls.append(job)
                changed.notify_all()
                if len(calls) % 2:
                    failed.add(job)
                    raise EngineReplyError("nonsense", engine=engine.label)
            elif job not in failed:  # so that each gets its share
                own.append(job)
                changed.wait_for(lambda: len(calls) >= min(12, 2 * len(own)), 10)
        return "done"

    own: list[int] = []
    pool = stage.puppets(Puppet("one"), Puppet("two"))
    assert outcome(list(pool.run(range(60), task))) == ["done"] * 60
    assert len(failed) >= 6
    assert stage.events == []


# Engines that go away


def test_an_engine_that_dies_is_left_out_and_its_work_is_done_by_the_others(
    stage: Stage, fakes: list[FakeEngine], fake_engine: FakeEngine
) -> None:
    alone = [result for _, result in stage.engines(fake_engine).run(TEXTS, say)]
    fakes[1].die_at = 3
    pool = stage.engines(*fakes)
    assert outcome(list(pool.run(TEXTS, say))) == alone
    assert sum(len(fake.syntheses) for fake in fakes) == len(TEXTS)
    assert (fakes[1].url, "away") in stage.told
    assert stage.told.count((fakes[1].url, "left out")) <= 1
    assert outcome(list(pool.run(TEXTS, say))) == alone


def test_an_engine_that_died_for_good_is_reported_once(stage: Stage) -> None:
    two = Puppet("two")
    given_up = threading.Event()

    def task(engine: Engine, job: int) -> int:
        if engine is two:
            two.gone = True
            raise EngineUnreachableError("died", engine="two")
        given_up.wait(10)
        return job

    def watch(event: EngineEvent) -> None:
        stage.events.append(event)
        if event.kind == "left out":
            given_up.set()

    pool = stage.puppets(Puppet("one"), two, absence=0.05)
    pool._tell = watch
    assert outcome(list(pool.run(range(60), task))) == list(range(60))
    assert stage.told == [("two", "away"), ("two", "left out")]
    assert stage.events[-1].reason == "nothing answers there"


def test_an_engine_that_comes_back_works_on(stage: Stage) -> None:
    two = Puppet("two")
    died, worked_on = threading.Event(), threading.Event()

    def task(engine: Engine, job: int) -> int:
        if engine is two:
            if died.is_set():
                worked_on.set()
                return job
            two.gone = True
            died.set()
            raise EngineUnreachableError("died", engine="two")
        died.wait(10)
        two.gone = False
        worked_on.wait(10)
        return job

    pool = stage.puppets(Puppet("one"), two, absence=30)
    assert outcome(list(pool.run(range(40), task))) == list(range(40))
    assert worked_on.is_set()
    assert stage.told == [("two", "away"), ("two", "back")]


def test_a_single_engine_that_is_restarted_in_the_middle_loses_nothing(stage: Stage, fake_engine: FakeEngine) -> None:
    fake_engine.die_at = 5
    pool = stage.engines(fake_engine, absence=30)

    def watch(event: EngineEvent) -> None:
        stage.events.append(event)
        if event.kind == "away":
            fake_engine.die_at = None
            fake_engine.stop()
            fake_engine.start()

    pool._tell = watch
    results = list(pool.run(TEXTS, say))
    assert not any(isinstance(result, TtsRenderError) for _, result in results)
    assert fake_engine.texts == TEXTS
    assert stage.told == [(fake_engine.url, "away"), (fake_engine.url, "back")]


def test_an_engine_that_comes_back_as_another_ends_the_run(stage: Stage) -> None:
    two = Puppet("two")

    died = threading.Event()

    def task(engine: Engine, job: int) -> int:
        if engine is two:
            two.version = "2"
            died.set()
            raise EngineUnreachableError("died", engine="two")
        died.wait(10)
        time.sleep(0.005)
        return job

    with pytest.raises(
        EngineMismatchError, match="came back as a different engine: the old one has version 1, the new one 2"
    ):
        list(stage.puppets(Puppet("one"), two, absence=30).run(range(1000), task))


def test_without_any_engine_left_the_run_ends_and_says_how_much_is_undone(
    stage: Stage, fakes: list[FakeEngine]
) -> None:
    for fake in fakes:
        fake.die_at = 2
    taken: list[object] = []
    with pytest.raises(
        EngineUnreachableError, match=r"no engine is left, with 1[78] of 24 utterances still to be spoken"
    ) as caught:
        taken.extend(stage.engines(*fakes).run(TEXTS, say))
    assert caught.value.exit_code == 3
    assert all(fake.url in str(caught.value) for fake in fakes)
    assert sorted(stage.told) == sorted((fake.url, kind) for fake in fakes for kind in ("away", "left out"))


def test_a_pool_whose_engines_are_all_gone_says_so_again(stage: Stage) -> None:
    one = Puppet("one")

    def task(engine: Engine, job: int) -> int:
        one.gone = True
        raise EngineUnreachableError("died", engine="one")

    pool = stage.puppets(one)
    for _ in range(2):
        with pytest.raises(EngineUnreachableError, match="5 of 5"):
            list(pool.run(range(5), task))


def test_a_text_that_brings_engines_down_is_given_up_after_two(stage: Stage) -> None:
    deaths: list[str] = []

    def task(engine: Engine, job: int) -> int:
        if job == 3:
            deaths.append(engine.label)
            raise EngineUnreachableError("died", engine=engine.label)
        return job

    pool = stage.puppets(*(Puppet(name) for name in NAMES), absence=30)
    results = list(pool.run(range(40), task))
    assert outcome(results) == [EngineUnreachableError if job == 3 else job for job in range(40)]
    assert len(deaths) == 2
    assert "went away twice while speaking this" in str(results[3][1])
    assert "left out" not in [kind for _, kind in stage.told]


def test_an_engine_that_only_ever_comes_back_to_die_is_left_out(stage: Stage) -> None:
    deaths: list[int] = []

    def task(engine: Engine, job: int) -> int:
        deaths.append(job)
        raise EngineUnreachableError("died", engine=engine.label)

    with pytest.raises(EngineUnreachableError, match="went away 5 times in a row"):
        list(stage.puppets(Puppet("one"), absence=30).run(range(40), task))
    assert len(deaths) == 5


def test_an_engine_that_dies_again_and_again_is_left_out_whatever_it_did_before(stage: Stage) -> None:
    deaths: list[int] = []

    def task(engine: Engine, job: int) -> int:
        if (job == 1 and job not in deaths) or job >= 9:
            deaths.append(job)
            raise EngineUnreachableError("died", engine=engine.label)
        return job

    with pytest.raises(EngineUnreachableError, match="went away 5 times in a row"):
        list(stage.puppets(Puppet("one"), absence=30).run(range(40), task))
    assert len([job for job in deaths if job >= 9]) == 5


def test_an_engine_that_does_some_work_between_its_absences_is_kept(stage: Stage) -> None:
    died: set[int] = set()

    def task(engine: Engine, job: int) -> int:
        if job % 3 == 0 and job not in died:
            died.add(job)
            raise EngineUnreachableError("died", engine=engine.label)
        return job

    assert outcome(list(stage.puppets(Puppet("one"), absence=30).run(range(40), task))) == list(range(40))
    assert len(died) == 14


def test_an_engine_away_at_the_end_of_one_run_is_asked_again_in_the_next(stage: Stage) -> None:
    two = Puppet("two")
    hold = threading.Event()
    used: set[str] = set()

    def task(engine: Engine, job: int) -> int:
        if engine is two and not hold.is_set():
            two.gone = True
            hold.set()
            raise EngineUnreachableError("died", engine="two")
        hold.wait(10)
        return job

    pool = stage.puppets(Puppet("one"), two, absence=30)
    assert outcome(list(pool.run(range(6), task))) == list(range(6))
    two.gone = False
    both = threading.Barrier(2, timeout=10)

    def meet(engine: Engine, job: int) -> int:
        used.add(engine.label)
        both.wait()
        return job

    assert outcome(list(pool.run(range(2), meet))) == [0, 1]
    assert used == {"one", "two"}


# Engines that hang


class Hanging:
    """The first job hangs on the engine that takes it first, until ``release``; job 1 to 5 take 5 to 1 ``seconds``.

    Once they are done, each look at the clock finds it two seconds later.
    """

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.waiting = False
        self.begun: list[tuple[str, float]] = []
        self.hangs, self.release = threading.Event(), threading.Event()
        self._guard = threading.Lock()

    def clock(self) -> float:
        with self._guard:
            self.now += 2.0 * self.waiting
            return self.now

    def task(self, engine: Engine, job: int) -> str:
        if job == 0:
            self.begun.append((engine.label, self.now))
            if len(self.begun) == 1:
                self.hangs.set()
                self.release.wait(20)
            return engine.label
        self.hangs.wait(20)
        with self._guard:
            self.now += self.seconds * (6 - job)
        return "done"


@pytest.mark.parametrize(("seconds", "expected"), [(0.01, 5.0), (3.0, 4 * 3.0 * 6)])
def test_an_idle_engine_does_what_hangs_elsewhere_once_that_takes_far_longer_than_the_others_did(
    stage: Stage, seconds: float, expected: float
) -> None:
    hanging = Hanging(seconds=seconds)
    pool = stage.puppets(Puppet("one"), Puppet("two"), clock=hanging.clock)
    done: list[int] = []

    def settled(job: int) -> None:
        done.append(job)
        hanging.waiting = len(done) == 5

    results = outcome(list(pool.run(range(6), hanging.task, done=settled, size=lambda job: 6 - job)))
    (first, start), (second, later) = hanging.begun
    assert first != second
    assert results == [second] + ["done"] * 5
    assert expected <= later - start <= expected + 15 * 0.01 + 8
    hanging.release.set()


def test_of_two_answers_the_first_counts_and_the_other_is_dropped(stage: Stage) -> None:
    hanging = Hanging(seconds=0.01)
    taken = threading.Event()

    def task(engine: Engine, job: int) -> str:
        if job == 0 and hanging.begun:
            hanging.release.set()
            taken.wait(20)
        return hanging.task(engine, job)

    pool = stage.puppets(Puppet("one"), Puppet("two"), clock=hanging.clock)
    done: list[int] = []

    def settled(job: int) -> None:
        done.append(job)
        hanging.waiting = len(done) == 5
        if job == 0:
            taken.set()

    results = outcome(list(pool.run(range(6), task, done=settled)))
    assert results[0] == hanging.begun[0][0]
    assert sorted(done) == list(range(6))
    assert outcome(list(pool.run(range(6), lambda engine, job: job))) == list(range(6))


@pytest.mark.parametrize("error", [EngineUnreachableError, EngineReplyError, EngineRefusedError])
def test_an_engine_that_fails_at_last_what_was_taken_over_fails_nothing(
    stage: Stage, error: type[EngineUnreachableError | EngineReplyError]
) -> None:
    hanging = Hanging(seconds=0.01)

    def task(engine: Engine, job: int) -> str:
        said = hanging.task(engine, job)
        if job == 0 and engine.label == hanging.begun[0][0]:
            raise error("gave up", engine=engine.label)
        return said

    pool = stage.puppets(Puppet("one"), Puppet("two"), absence=30, clock=hanging.clock)
    done: list[int] = []

    def settled(job: int) -> None:
        done.append(job)
        hanging.waiting = len(done) == 5
        if job == 0:
            hanging.release.set()

    assert outcome(list(pool.run(range(6), task, done=settled))) == [hanging.begun[1][0]] + ["done"] * 5
    assert sorted(done) == list(range(6))
    assert outcome(list(pool.run(range(6), lambda engine, job: job))) == list(range(6))


def test_a_synthesis_that_hangs_ends_as_the_same_bytes_from_another_engine(
    stage: Stage, fakes: list[FakeEngine], fake_engine: FakeEngine
) -> None:
    alone = [result for _, result in stage.engines(fake_engine).run(TEXTS, say)]
    fakes[1].fail("/synthesis", None, Fault("hang"))
    start = time.monotonic()
    pool = stage.engines(*fakes, clock=lambda: 20 * (time.monotonic() - start))
    assert outcome(list(pool.run(TEXTS, say, size=len))) == alone
    assert fakes[1].asked == 2
    assert len(TEXTS) + 1 <= sum(fake.asked for fake in fakes) <= len(TEXTS) + 3
    assert stage.events == []


# Ending early


def test_closing_early_hands_out_nothing_more_and_leaves_no_thread(stage: Stage) -> None:
    begun: list[int] = []
    ended: list[int] = []
    pool = stage.puppets(Puppet("one"), Puppet("two"))
    before = threading.active_count()

    def task(engine: Engine, job: int) -> int:
        begun.append(job)
        time.sleep(0.002)
        ended.append(job)
        return job

    results = pool.run(range(10_000), task)
    next(results)
    results.close()
    count = len(begun)
    assert sorted(ended) == sorted(begun)
    for thread in threading.enumerate():
        if thread.name.startswith(("one ", "two ")):
            thread.join(10)
    assert threading.active_count() == before
    assert len(begun) == count < 1000


def test_a_run_after_an_interrupted_one_waits_for_what_is_still_in_flight(stage: Stage) -> None:
    release, at_work = threading.Event(), threading.Event()
    inside: list[int] = []
    most: list[int] = []

    def task(engine: Engine, job: int) -> int:
        inside.append(job)
        most.append(len(inside))
        at_work.set()
        if job == 1:
            release.wait(10)
        inside.remove(job)
        return job

    pool = stage.puppets(Puppet("one"))
    results = pool.run(range(3), task)
    next(results)
    at_work.wait(10)
    results.close()
    again = pool.run([7], task)
    threading.Timer(0.05, release.set).start()
    assert list(again) == [(0, 7)]
    assert max(most) == 1


# Questions beside the work


class Speaking:
    """A job that is under way until it is let end."""

    def __init__(self, pool: Pool) -> None:
        self._began, self._end = threading.Event(), threading.Event()
        self._results = pool.run([0], self._speak)
        self._thread = threading.Thread(target=lambda: list(self._results))

    def _speak(self, engine: Engine, job: int) -> None:
        self._began.set()
        assert self._end.wait(60)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._began.wait(60)
        return self

    def end(self) -> None:
        self._end.set()

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(60)


def test_a_question_is_answered_while_the_engine_speaks(stage: Stage) -> None:
    pool = stage.puppets(Puppet("one", twin=Puppet("one aside")))
    with Speaking(pool):
        assert [pool.ask(lambda engine: engine.label) for _ in range(2)] == ["one aside"] * 2


def test_an_engine_that_can_only_take_turns_is_asked_when_it_has_spoken(stage: Stage) -> None:
    pool = stage.puppets(Puppet("one"))
    assert pool.ask(lambda engine: engine.label) == "one"
    told: list[str] = []
    with Speaking(pool) as speaking:
        asking = threading.Thread(target=lambda: told.append(pool.ask(lambda engine: engine.label)))
        asking.start()
        assert told == []
        speaking.end()
        asking.join(60)
    assert told == ["one"]


def test_a_question_that_fails_beside_the_work_is_asked_again_in_its_turn(stage: Stage) -> None:
    pool = stage.puppets(Puppet("one", twin=Puppet("one aside")))
    asked: list[str] = []

    def question(engine: Engine) -> str:
        asked.append(engine.label)
        if engine.label == "one aside":
            raise EngineReplyError("no", engine=engine.label)
        return engine.label

    assert pool.ask(question) == "one"
    assert asked == ["one aside", "one"]


def test_a_question_that_an_engine_refuses_is_not_asked_again(stage: Stage) -> None:
    pool = stage.puppets(Puppet("one", twin=Puppet("one aside")))
    asked: list[str] = []

    def question(engine: Engine) -> None:
        asked.append(engine.label)
        raise EngineRefusedError("no such kana", engine=engine.label)

    with pytest.raises(EngineRefusedError, match="no such kana"):
        pool.ask(question)
    assert asked == ["one aside"]


def test_an_engine_that_never_answers_beside_its_work_is_not_asked_so_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts_render.engine.pool._ASIDE", 0.05)
    pool = stage.puppets(Puppet("one", twin=Puppet("one aside")))
    never = threading.Event()

    def question(engine: Engine) -> str:
        if engine.label == "one aside":
            assert never.wait(60)
        return engine.label

    assert pool.ask(question) == "one"
    assert pool.ask(lambda engine: engine.label) == "one"
    never.set()


def test_closing_the_pool_closes_the_second_way_to_an_engine(stage: Stage) -> None:
    twin = Puppet("one aside")
    with stage.puppets(Puppet("one", twin=twin)) as pool:
        assert pool.ask(lambda engine: engine.label) == "one aside"
    assert twin.closed


def test_closing_the_pool_closes_the_engines(stage: Stage) -> None:
    engines = [Puppet("one"), Puppet("two")]
    with stage.puppets(*engines):
        pass
    assert all(engine.closed for engine in engines)


# Everything at once


def test_engines_that_fail_one_call_in_four_give_the_same_sounds(
    stage: Stage, fakes: list[FakeEngine], fake_engine: FakeEngine
) -> None:
    alone = [result for _, result in stage.engines(fake_engine).run(TEXTS, say)]
    for fake in fakes:
        fake.every = 4
        fake.mishaps = [Fault("status"), Fault("drop"), Fault("short"), Fault("html"), Fault("cut", share=0.9)]
    assert outcome(list(stage.engines(*fakes).run(TEXTS, say))) == alone
    assert sum(fake.asked for fake in fakes) > len(TEXTS)
    assert all(isinstance(sound, bytes) and np.frombuffer(sound, np.int16).any() for sound in alone)
