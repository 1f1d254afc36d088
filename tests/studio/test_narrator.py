"""The narrator: what somebody waits for is spoken, whatever else changes meanwhile."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tts_render.ground.errors import TtsRenderError
from tts_render.run.session import Session
from tts_render.speech.speaking import speak
from tts_render.studio.desk import Desk
from tts_render.studio.precedence import Precedence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine

EXAMPLE = Path(__file__).parents[2] / "examples" / "site"


def test_a_line_that_somebody_waits_for_is_spoken_though_the_episode_is_read_again(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    fake_engine.service = 0.2
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with Session(tmp_path / "cache", engines=(fake_engine.url,)) as session, Desk(root, session) as desk:
        path = desk.path("_posts/2025-10-10-3.md")
        before = desk.sheet(path)
        now = replace(before)
        assert now is not before
        pool = ThreadPoolExecutor(4)
        try:
            waited = [pool.submit(desk.narrator.clip, before, index) for index in range(4)]
            while not fake_engine.asked:
                pass
            desk.narrator.need(now, range(4), urgency=0)
            assert all(each.result(60).frames for each in waited)
        finally:
            pool.shutdown(wait=False)
    assert len(fake_engine.texts) == len(set(fake_engine.texts)), "nothing is spoken twice"


def test_who_waits_for_a_line_is_told_of_a_fault_that_nobody_has_foreseen_and_the_next_line_is_spoken(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = 0

    def once(*given: Any, **named: Any) -> Iterator[Any]:
        nonlocal called
        called += 1
        if called == 1:
            raise RuntimeError("such a day")
        return speak(*given, **named)

    monkeypatch.setattr("tts_render.studio.narrator.speak", once)
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with Session(tmp_path / "cache", engines=(fake_engine.url,)) as session, Desk(root, session) as desk:
        sheet = desk.sheet(desk.path("_posts/2025-10-10-3.md"))
        with ThreadPoolExecutor(1) as pool:
            with pytest.raises(TtsRenderError, match="such a day"):
                pool.submit(desk.narrator.clip, sheet, 0).result(30)
            assert pool.submit(desk.narrator.clip, sheet, 1).result(30).frames


def test_what_is_asked_while_the_studio_closes_is_no_fault_of_it(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts_render.studio.desk._SOON_MEASURED", 0)  # every episode takes long to measure
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with Session(tmp_path / "cache", engines=(fake_engine.url,)) as session:
        with Desk(root, session) as desk:
            path = desk.path("_posts/2025-10-10-3.md")
            sheet = desk.sheet(path)
            for index in range(len(sheet.ids)):
                desk.narrator.clip(sheet, index)
        assert None not in sheet.clips(desk.clips)
        assert desk.whole(path, sheet, sheet.clips(desk.clips)) is None
        desk.prepare(path)


def test_a_trial_for_which_nobody_waits_any_more_is_not_spoken(tmp_path: Path, fake_engine: FakeEngine) -> None:
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with Session(tmp_path / "cache", engines=(fake_engine.url,)) as session, Desk(root, session) as desk:
        sheet = desk.sheet(desk.path("_posts/2025-10-10-3.md"))
        with ThreadPoolExecutor(2) as pool:
            with fake_engine.held():
                first = pool.submit(desk.narrator.clip, sheet, 0)
                while not fake_engine.waiting:
                    pass
                with pytest.raises(TtsRenderError):
                    desk.narrator.clip(replace(sheet), 1, quiet=True, wanted=lambda: False)
                last = pool.submit(desk.narrator.clip, sheet, 2)
            assert first.result(30).frames
            assert last.result(30).frames
    assert fake_engine.texts == [sheet.utterances[index].reading for index in (0, 2)]


def test_pages_are_told_of_a_line_that_was_spoken_as_a_trial_in_the_meantime(
    tmp_path: Path, fake_engine: FakeEngine
) -> None:
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    events: list[dict[str, Any]] = []
    with Session(tmp_path / "cache", engines=(fake_engine.url,)) as session, Desk(root, session) as desk:
        sheet = desk.sheet(desk.path("_posts/2025-10-10-3.md"))
        with desk.told(events.append), ThreadPoolExecutor(1) as pool:
            with fake_engine.held():
                tried = pool.submit(desk.narrator.clip, replace(sheet), 1, quiet=True)
                while not fake_engine.waiting:
                    pass
                desk.narrator.need(sheet, (1,), urgency=0)
            assert tried.result(30).frames
            assert desk.narrator.clip(sheet, 2).frames
    lines = [(event["utterance"]["id"], event["utterance"]["state"]) for event in events]
    assert lines[:1] == [(sheet.ids[1], "spoken")]
    assert len(fake_engine.syntheses) == 2


def test_who_goes_first_is_waited_for_but_not_for_ever() -> None:
    precedence = Precedence()
    precedence.give_way(60)
    done: list[str] = []
    with precedence.first():
        precedence.give_way(0.01)

        def second() -> None:
            precedence.give_way(60)
            done.append("second")

        waiting = threading.Thread(target=second)
        waiting.start()
        done.append("first")
    waiting.join(30)
    assert done == ["first", "second"]
