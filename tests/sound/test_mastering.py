"""Mastering: the loudness that was asked for, no true peak above the ceiling, nothing else changed."""

from __future__ import annotations

import math
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.signals import in_blocks, speech_like, tone
from tts_render.sound.audio import amplitude
from tts_render.sound.loudness import Loudness, ProfileMeter, measure
from tts_render.sound.mastering import MOST_GAIN, MOST_PUSH, Master, correct, decide, gain_for, limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.sound.audio import Samples
    from tts_render.sound.loudness import Profile

RATE = 44100
RANDOM = np.random.default_rng(7)
TIME = np.arange(3 * RATE) / RATE

HARD = {
    "white noise": RANDOM.standard_normal(3 * RATE) * 1.5,
    "clipped noise": np.clip(RANDOM.standard_normal(3 * RATE) * 3, -1, 1),
    "peaks between samples": 2 * np.sin(np.pi / 2 * np.arange(3 * RATE) + np.pi / 4),
    "square wave": 1.4 * np.sign(np.sin(2 * np.pi * 150 * TIME)),
    "impulses": np.where(np.arange(3 * RATE) % 4410 == 0, 4.0, 0.0),
    "a burst out of silence": np.where(TIME % 1 < 0.5, 0.0, 3.0) * np.sin(2 * np.pi * 1000 * TIME),
    "a low tone": 3 * np.sin(2 * np.pi * 40 * TIME),
    "a peak on the first frame": np.where(np.arange(3 * RATE) == 0, 5.0, 0.0),
    "a peak on the last frame": np.where(np.arange(3 * RATE) == 3 * RATE - 1, 5.0, 0.0),
    "clipped speech": np.round(np.clip(speech_like(3.0)[:, 0] * 8, -1, 1) * 32767) / 32767,
}


def limited(sound: Samples, gain_db: float = 0.0, ceiling_db: float = -1.5, block: int = 1 << 16) -> Samples:
    return np.concatenate(list(limit(in_blocks(sound, block), rate=RATE, gain_db=gain_db, ceiling_db=ceiling_db)))


def profile(sound: Samples, rate: int = RATE) -> Profile:
    meter = ProfileMeter(rate, sound.shape[1])
    meter.add(sound)
    return meter.profile()


def seen_closer(sound: Samples) -> float:
    """True peak by eightfold oversampling through another filter than the limiter's and the meter's."""
    between = soxr.resample(sound, RATE, 8 * RATE, quality="VHQ")
    return float(20 * np.log10(np.abs(between).max()))


@pytest.mark.parametrize("name", HARD)
def test_the_true_peak_stays_under_the_ceiling(name: str) -> None:
    sound = HARD[name].astype(np.float32)[:, np.newaxis]
    assert measure([sound], RATE, 1).true_peak > 1
    assert -1.6 < measure([limited(sound)], RATE, 1).true_peak <= -1.5 + 0.05


@pytest.mark.parametrize("name", ["peaks between samples", "square wave", "a burst out of silence", "clipped speech"])
def test_a_closer_look_finds_no_higher_peak(name: str) -> None:
    """Without energy next to half the rate, where fourfold oversampling is known to read too low."""
    assert seen_closer(limited(HARD[name].astype(np.float32)[:, np.newaxis])) <= -1.5 + 0.05


def test_as_many_frames_come_out_as_went_in() -> None:
    for frames in (1, 2, 177, 16383, 16384, 16385, 16384 + 190, 40000):
        assert limited(np.full((frames, 2), 2.0, np.float32)).shape == (frames, 2)
    assert list(limit([], rate=RATE, gain_db=0.0, ceiling_db=-1.0)) == []


def test_what_stays_under_the_ceiling_is_only_multiplied() -> None:
    sound = speech_like(3.0) * np.float32(0.4)
    assert np.array_equal(limited(sound, gain_db=4.0), sound * np.float32(amplitude(4.0)))


def test_only_the_surroundings_of_a_peak_are_touched() -> None:
    sound = tone(500, 3.0, level=0.5)
    sound[RATE] = 2.0
    changed = np.flatnonzero(limited(sound) != sound)
    assert changed.min() >= RATE - round(0.005 * RATE)
    assert changed.max() <= RATE + round(0.7 * RATE)


def test_the_gain_moves_without_steps_and_returns_within_a_third_of_a_second() -> None:
    """No click at the attack, no pumping after it: the gain over a steady tone with one burst in it."""
    steady = np.full((2 * RATE, 1), 0.1, np.float32)
    steady[RATE : RATE + 400] = 3.0
    gain = (limited(steady) / steady)[:, 0]
    assert np.abs(np.diff(gain)).max() < 0.02
    assert gain[: RATE - round(0.005 * RATE)].min() == 1
    assert gain[RATE + round(0.33 * RATE) :].min() > 0.99


def test_both_channels_come_down_together() -> None:
    left = np.where(np.arange(RATE) == RATE // 2, 4.0, 0.1)
    sound = np.stack([left, np.full(RATE, 0.1)], axis=1).astype(np.float32)
    out = limited(sound)
    quiet = slice(0, RATE // 2 - 1)
    assert np.array_equal(out[quiet, 0], out[quiet, 1])
    assert out[RATE // 2 - 20, 1] < 0.03


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8), st.floats(-6, 18))
def test_the_result_does_not_depend_on_blocks(sizes: list[int], gain: float) -> None:
    sound = np.random.default_rng(3).standard_normal((sum(sizes), 1)).astype(np.float32)
    sound *= (np.arange(len(sound)) % 20_000 < 9000)[:, np.newaxis]
    parts = np.split(sound, np.cumsum(sizes)[:-1])
    out = np.concatenate(list(limit(parts, rate=RATE, gain_db=gain, ceiling_db=-1.5)))
    assert np.array_equal(out, limited(sound, gain_db=gain))


def test_the_gain_is_the_distance_and_nothing_for_silence() -> None:
    assert gain_for(-23.456, -16.0) == 7.46
    assert gain_for(-10.0, -16.0) == -6.0
    assert gain_for(-70.0, -16.0) == MOST_GAIN
    assert gain_for(-math.inf, -16.0) == 0.0


@pytest.mark.parametrize("loudness", [-23.0, -19.0, -16.0, -14.0])
@pytest.mark.parametrize("level", [0.08, 0.3, 1.0])
def test_the_loudness_that_was_asked_for_comes_out_of_the_limiter(loudness: float, level: float) -> None:
    sound = speech_like(15.0) * np.float32(level)
    master = decide(profile(sound), loudness=loudness, true_peak=-1.0)
    out = limited(sound, master.gain_db, master.ceiling_db)
    found = measure([out], RATE, 1)
    assert found.integrated == pytest.approx(master.expected, abs=0.1)
    assert found.integrated == pytest.approx(loudness, abs=0.15)
    assert found.true_peak <= -1.5 + 0.05


def test_what_the_limiter_takes_is_made_up_for_by_3_db_at_most() -> None:
    clicks = np.where(np.arange(20 * RATE) % 8820 == 0, 1.0, 0.0001).astype(np.float32)[:, np.newaxis]
    heard = profile(clicks)
    master = decide(heard, loudness=-16.0, true_peak=-1.0)
    assert master.gain_db == pytest.approx(-16.0 - heard.integrated() + MOST_PUSH, abs=0.01)
    assert master.expected < -17


def test_silence_and_whispers_of_noise_are_not_blown_up() -> None:
    silent = decide(profile(np.zeros((RATE, 1), np.float32)), loudness=-16.0, true_peak=-1.0)
    assert silent == Master(0.0, -1.5, -math.inf)
    hiss = (RANDOM.standard_normal((5 * RATE, 1)) * amplitude(-66)).astype(np.float32)
    master = decide(profile(hiss), loudness=-16.0, true_peak=-1.0)
    assert master.gain_db == MOST_GAIN
    assert master.expected == pytest.approx(measure([hiss], RATE, 1).integrated + MOST_GAIN, abs=0.2)


def test_a_right_mp3_is_left_alone_and_a_wrong_one_corrected_in_what_is_wrong() -> None:
    master = Master(6.0, -1.5, -16.0)
    assert correct(master, Loudness(-16.25, -1.0), true_peak=-1.0) is None
    assert correct(master, Loudness(-16.4, -1.2), true_peak=-1.0) == Master(6.4, -1.5, -16.0)
    assert correct(master, Loudness(-15.9, -0.8), true_peak=-1.0) == Master(6.0, -1.8, -16.0)
    assert correct(Master(0.0, -1.5, -math.inf), Loudness(-math.inf, -math.inf), true_peak=-1.0) is None


def test_memory_does_not_grow_with_the_length() -> None:
    sound = speech_like(2.0)

    def endless(minutes: int) -> Iterator[Samples]:
        for _ in range(30 * minutes):
            yield sound

    def peak(minutes: int) -> int:
        tracemalloc.start()
        frames = sum(len(block) for block in limit(endless(minutes), rate=RATE, gain_db=6.0, ceiling_db=-1.5))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert frames == minutes * 60 * RATE
        return highest

    assert peak(5) < 1.2 * peak(1)
