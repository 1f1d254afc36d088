"""Questions asked ahead: only time may be gained by them."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_engine import FakeEngine
from tests.kit.puppet import Puppet
from tests.kit.site_kit import SiteKit
from tts_render import Session, open_episode, render
from tts_render.engine.ahead import Ahead
from tts_render.ground.errors import EngineReplyError, EngineUnreachableError, OutputError
from tts_render.speech.cache import CachedClip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_voice import Json
    from tts_render.engine.base import Engine
    from tts_render.sound.audio import Clip

LINES = ["朝の山です。", "昼の川です。", "夕方の海です。", "夜の星です。"]


class Questions:
    """What was asked of whom; each question may be held up."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.began = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.errors: dict[tuple[str, int], Exception] = {}

    def put(self, engine: Engine, number: int) -> str:
        self.asked.append((engine.label, number))
        self.began.set()
        assert self.go_on.wait(60)
        if error := self.errors.get((engine.label, number)):
            raise error
        return f"{number} by {engine.label}"


@pytest.fixture
def engine() -> Puppet:
    return Puppet("one", twin=Puppet("one aside"))


def test_the_next_question_is_answered_while_the_engine_speaks(engine: Puppet) -> None:
    questions = Questions()
    with Ahead(2, questions.put) as ahead:
        assert ahead.answer(engine, 0) == "0 by one"
        ahead.go_on(engine)
        assert ahead.answer(engine, 1) == "1 by one aside"
        ahead.go_on(engine)  # there is nothing left to ask
    assert questions.asked == [("one", 0), ("one aside", 1)]
    assert engine.twin is not None
    assert engine.twin.closed


def test_one_question_is_under_way_at_a_time(engine: Puppet) -> None:
    questions = Questions()
    with Ahead(3, questions.put) as ahead:
        questions.go_on.clear()
        ahead.go_on(engine)
        ahead.go_on(engine)
        questions.go_on.set()
        assert ahead.answer(engine, 0) == "0 by one aside"
    assert questions.asked == [("one aside", 0)]


@pytest.mark.parametrize("error", [EngineReplyError("no", engine="one"), EngineUnreachableError("gone", engine="one")])
def test_what_fails_ahead_is_asked_again_in_its_turn(engine: Puppet, error: Exception) -> None:
    questions = Questions()
    questions.errors["one aside", 0] = error
    with Ahead(3, questions.put) as ahead:
        ahead.go_on(engine)
        assert ahead.answer(engine, 0) == "0 by one"
        ahead.go_on(engine)
        gave_up = isinstance(error, EngineUnreachableError)
        assert ahead.answer(engine, 1) == ("1 by one" if gave_up else "1 by one aside")


def test_an_answer_that_another_engine_has_is_taken_but_not_waited_for(engine: Puppet) -> None:
    questions = Questions()
    other = Puppet("two", twin=Puppet("two aside"))
    with Ahead(3, questions.put) as ahead:
        ahead.go_on(engine)
        assert ahead.answer(engine, 0) == "0 by one aside"
        questions.began.clear()
        questions.go_on.clear()
        ahead.go_on(engine)
        assert questions.began.wait(60)
        threading.Thread(target=lambda: questions.go_on.set()).start()
        assert ahead.answer(other, 1) in ("1 by two", "1 by one aside")
        ahead.go_on(engine)
        assert ahead.answer(engine, 2) in ("2 by one aside", "2 by one")


def test_an_answer_that_does_not_come_is_asked_for_in_turn(engine: Puppet) -> None:
    questions = Questions()

    def put(asked: Engine, number: int) -> str:
        return questions.put(asked, number) if asked is engine.twin else f"{number} by {asked.label}"

    with Ahead(3, put, longest=0.01) as ahead:
        questions.go_on.clear()
        ahead.go_on(engine)
        assert ahead.answer(engine, 0) == "0 by one"
        questions.go_on.set()
        ahead.go_on(engine)
        assert ahead.answer(engine, 1) == "1 by one"
    assert questions.asked == [("one aside", 0)]


def test_when_the_run_is_over_nobody_is_asked_any_more(engine: Puppet) -> None:
    questions = Questions()
    threads = threading.active_count()
    with Ahead(2, questions.put) as ahead:
        pass
    ahead.go_on(engine)  # of a thread that an interrupted run left behind
    assert questions.asked == []
    assert threading.active_count() == threads


def test_the_other_way_is_closed_only_once_the_question_under_way_has_its_answer(engine: Puppet) -> None:
    closed = threading.Event()
    early: list[bool] = []
    began = threading.Event()

    class Twin(Puppet):
        def close(self) -> None:
            closed.set()

    def put(_: Engine, number: int) -> int:
        began.set()
        early.append(closed.wait(0.1))
        return number

    engine.twin = Twin("one aside")
    with Ahead(2, put) as ahead:
        ahead.go_on(engine)
        assert began.wait(60)
    assert closed.is_set()
    assert early == [False]


def test_an_engine_with_no_other_way_is_asked_in_turn() -> None:
    questions = Questions()
    alone = Puppet("alone")
    with Ahead(2, questions.put) as ahead:
        ahead.go_on(alone)
        assert [ahead.answer(alone, number) for number in (0, 1)] == ["0 by alone", "1 by alone"]


@pytest.fixture
def place(tmp_path: Path) -> Callable[[FakeEngine], SiteKit]:
    def make(fake: FakeEngine) -> SiteKit:
        site = SiteKit(tmp_path / "site", tmp_path / "cache", (fake.url,)).make()
        site.script.write_text("\n".join(LINES) + "\n", encoding="utf-8")
        return site

    return make


def test_a_real_run_asks_for_each_line_once_and_ahead(place: Callable[[FakeEngine], SiteKit]) -> None:
    class Watching(FakeEngine):
        """Does not finish a sound before it was asked how it would say the next."""

        def __init__(self) -> None:
            super().__init__()
            self.heard = threading.Condition()

        def make_query(self, text: str, style: int) -> Json:
            query = super().make_query(text, style)
            with self.heard:
                self.said = [*getattr(self, "said", ()), text]
                self.heard.notify_all()
            return query

        def make_sound(self, query: Json, style: int, share: float = 1.0) -> bytes:
            with self.heard:
                assert self.heard.wait_for(lambda: len(self.said) > min(len(self.texts) + 1, len(LINES) - 1), 60)
            return super().make_sound(query, style, share)

    with Watching() as fake:
        site = place(fake)
        assert site.run("render", site.post).code == 0
        assert Counter(text for text, _ in fake.queries) == Counter(LINES)
        assert fake.texts == LINES


def test_after_an_error_that_somebody_keeps_nothing_more_is_spoken(
    place: Callable[[FakeEngine], SiteKit], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Waiting(FakeEngine):
        """Speaks three lines, and the others when it is let go on."""

        go_on = threading.Event()

        def make_sound(self, query: Json, style: int, share: float = 1.0) -> bytes:
            assert len(self.syntheses) < 3 or self.go_on.wait(60)
            return super().make_sound(query, style, share)

    def fail(clip: CachedClip) -> Clip:
        raise OutputError("is gone", path=clip.path)

    with Waiting() as fake:
        site = place(fake)
        lines = [f"{number}番目の文です。" for number in range(12)]
        site.script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        another = site.root / "another.txt"
        another.write_text("別の文です。\n", encoding="utf-8")
        with Session(site.cache, engines=site.engines) as session:
            with monkeypatch.context() as patch:
                patch.setattr(CachedClip, "load", fail)
                with pytest.raises(OutputError, match="is gone") as kept:
                    render(open_episode(site.post), session)
            fake.go_on.set()
            assert render(open_episode(another), session).synthesized == 1
        assert kept.traceback
        assert len(fake.texts) <= 5
