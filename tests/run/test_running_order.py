"""The running order: what sounds, each silence once, and each chapter before what begins with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.mix.test_timeline import RATE, place, say
from tts_render.ground.units import Frames
from tts_render.mix.timeline import Chapter, Placement, Timeline
from tts_render.run.running_order import RunningItem, running_order
from tts_render.script import Cue, Pause, Sound

if TYPE_CHECKING:
    from tts_render.speech.casting import CastItem


def sounding(*spans: tuple[float, float], end: float) -> Timeline:
    """Utterances from and to these seconds."""
    placed = [
        Placement(Frames(round(start * RATE)), Frames(round((stop - start) * RATE)), None, utterance=say(index))
        for index, (start, stop) in enumerate(spans)
    ]
    return Timeline((*placed, Placement(Frames(round(end * RATE)), Frames(0), None)), RATE)


def test_each_silence_is_told_once_with_its_length() -> None:
    timeline = sounding((0.5, 1.5), (2.0, 3.0), (3.0, 4.0), end=5.0)
    order = running_order([say(0), Pause("paragraph", 1), say(1), say(2)], timeline, ())
    assert order == (
        RunningItem("pause", 0.0, 0.5),
        RunningItem("utterance", 0.5, 1.0, utterance=0),
        RunningItem("pause", 1.5, 0.5),
        RunningItem("utterance", 2.0, 1.0, utterance=1),
        RunningItem("utterance", 3.0, 1.0, utterance=2),
        RunningItem("pause", 4.0, 1.0),
    )


@pytest.mark.parametrize(
    ("items", "ordinary"), [([say(0), say(1)], True), ([say(0), Pause("exact", 1, 0.5), say(1)], False)]
)
def test_a_pause_is_ordinary_where_the_script_asks_for_none(items: list[CastItem], *, ordinary: bool) -> None:
    pauses = [item for item in running_order(items, place(items), ()) if item.kind == "pause"]
    assert [pause.ordinary for pause in pauses] == [False, ordinary, False]


def test_there_is_no_silence_before_what_begins_at_once_nor_under_what_still_sounds() -> None:
    timeline = sounding((0.0, 3.0), (1.0, 2.0), (2.5, 4.0), end=4.0)
    assert [item.kind for item in running_order([say(0), say(1), say(2)], timeline, ())] == ["utterance"] * 3


def test_a_chapter_comes_before_what_begins_with_it_and_a_sound_has_its_name() -> None:
    timeline = sounding((0.0, 1.0), (1.0, 2.0), end=2.0)
    first, second, end = timeline.placements
    timeline = Timeline((replace(first, utterance=None, sound="bell"), second, end), RATE)
    marks = [Chapter(Frames(0), Frames(RATE), "一", None), Chapter(Frames(RATE), Frames(2 * RATE), "二", None)]
    assert running_order([Sound("bell", 1), Cue("chapter", 2, "二"), say(1)], timeline, marks) == (
        RunningItem("chapter", 0.0, 1.0, name="一"),
        RunningItem("sound", 0.0, 1.0, name="bell"),
        RunningItem("chapter", 1.0, 1.0, name="二"),
        RunningItem("utterance", 1.0, 1.0, utterance=1),
    )
