"""What the page looks for all the time is not asked of a bucket all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.speech.test_backing import Shared
from tests.speech.test_cache import IDENTITY, PHRASING, STYLE, keep
from tts_render.engine.base import Scales
from tts_render.ground.stores import FolderStore
from tts_render.speech.cache import UtteranceCache
from tts_render.speech.casting import Direction, Utterance
from tts_render.studio.known_clips import KnownClips

if TYPE_CHECKING:
    from pathlib import Path

LINE = Utterance(0, "亜", "亜", "声", 1, end_of_sentence=True)
DIRECTIONS = {LINE.role: Direction("声", STYLE, Scales())}


def test_what_a_bucket_did_not_have_is_asked_for_again_after_a_while(tmp_path: Path) -> None:
    shared = Shared(FolderStore(tmp_path / "shared"))
    now = 1000.0
    cache = UtteranceCache(tmp_path / "here", shared)
    known = KnownClips(cache, clock=lambda: now)
    assert known.find([LINE], DIRECTIONS, IDENTITY) == (None,)
    assert len(shared.asked) == 1

    there = UtteranceCache(tmp_path / "there", shared)
    there.remember(IDENTITY, STYLE, "亜", PHRASING)
    keep(there)
    shared.asked.clear()
    now += 19
    assert known.find([LINE], DIRECTIONS, IDENTITY) == (None,)
    assert shared.asked == []
    now += 1
    (clip,) = known.find([LINE], DIRECTIONS, IDENTITY)
    assert clip is not None
    assert clip.path.is_relative_to(tmp_path / "here")


def test_what_was_spoken_here_is_found_at_once(tmp_path: Path) -> None:
    shared = Shared(FolderStore(tmp_path / "shared"))
    cache = UtteranceCache(tmp_path / "here", shared)
    known = KnownClips(cache, clock=lambda: 1000.0)
    assert known.find([LINE], DIRECTIONS, IDENTITY) == (None,)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    kept = keep(cache)
    assert known.find([LINE], DIRECTIONS, IDENTITY) == (kept,)
