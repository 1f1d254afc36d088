"""The narrator: what somebody waits for is spoken, whatever else changes meanwhile."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tts_render.run.session import Session
from tts_render.studio.desk import Desk

if TYPE_CHECKING:
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
