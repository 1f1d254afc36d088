"""The sound check: it takes in an episode of any length, and keeps next to nothing of it."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.kit.signals import tone
from tts_render.engine.base import Scales, StyleId
from tts_render.ground.units import Frames
from tts_render.mix.metering import check_sound
from tts_render.mix.timeline import Placement
from tts_render.script import Manner
from tts_render.settings.config import MasterSettings
from tts_render.sound.audio import Clip
from tts_render.speech.casting import Direction, Role, Utterance

if TYPE_CHECKING:
    from tts_render.sound.audio import Samples

RATE = 8000
PROFILE = 800
"""Bytes for each second."""


@dataclass(frozen=True)
class Held:
    """A source whose samples the test made."""

    samples: Samples
    rate: int = RATE

    @property
    def frames(self) -> Frames:
        return Frames(len(self.samples))

    def load(self) -> Clip:
        return Clip(self.samples, self.rate)


HEARD, SILENT = Held(tone(500, 10, RATE)), Held(np.zeros((10 * RATE, 1), np.float32))  # silence is quick to measure


def peak_of(minutes: int, voices: tuple[str, ...]) -> int:
    """Bytes that are held at most while so many minutes are taken in and their master is decided."""
    placements = []
    for number in range(6 * minutes):
        said = Utterance(number, "あ", "あ", voices[number % len(voices)], 1, end_of_sentence=True)
        sound = HEARD if number < len(voices) else SILENT
        placements.append(Placement(Frames(number * sound.frames), sound.frames, sound, utterance=said))
    directions = {Role(voice, None, Manner()): Direction("誰か", StyleId(1), Scales()) for voice in voices}
    tracemalloc.start()
    try:
        settings = MasterSettings(rate=RATE, channels=1)
        checked = check_sound(placements, directions, settings, main=voices[0])
        assert checked.master.gain_db
        kept, peak = tracemalloc.get_traced_memory()
        assert kept < 0.5 * minutes * 60 * PROFILE
        return peak
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("voices", [("一人",), ("一人", "もう一人")])
def test_no_more_than_one_profile_is_in_memory(voices: tuple[str, ...]) -> None:
    assert peak_of(30, voices) - peak_of(10, voices) < 1.3 * 20 * 60 * PROFILE
