"""The meters: what they read is what ITU-R BS.1770-4 and other meters say, however the sound arrives."""

from __future__ import annotations

import math
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.signals import ffmpeg_loudness, in_blocks, needs_ffmpeg, speech_like, tone
from tts_render.sound.loudness import LoudnessMeter, ProfileMeter, TruePeakMeter, measure

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.sound.audio import Samples

RATES = [24000, 44100, 48000]
TO_ONE_DECIMAL = 0.1  # what ffmpeg prints


def stereo(samples: Samples) -> Samples:
    """The left channel louder than the right, and not quite at the same time."""
    return np.concatenate([samples, 0.5 * np.roll(samples, 300, axis=0)], axis=1)


@pytest.mark.parametrize("rate", RATES)
def test_a_full_scale_sine_of_997_hz_reads_minus_3_01(rate: int) -> None:
    """The calibration that BS.1770-4 states, for 48 kHz; at 24 kHz its filters lie 0.03 LU higher."""
    near = 0.01 if rate > 24000 else 0.03
    assert measure([tone(997, 5.0, rate, level=1.0)], rate, 1).integrated == pytest.approx(-3.01, abs=near)
    assert measure([tone(997, 5.0, rate, level=1.0, channels=2)], rate, 2).integrated == pytest.approx(0.0, abs=near)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_loudness_is_that_of_pyloudnorm(rate: int, channels: int) -> None:
    sound = speech_like(20.0, rate) if channels == 1 else stereo(speech_like(20.0, rate))
    other = pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(sound.astype(np.float64))
    assert measure(in_blocks(sound), rate, channels).integrated == pytest.approx(other, abs=0.001)


@needs_ffmpeg
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("channels", [1, 2])
def test_loudness_and_true_peak_are_those_of_ffmpeg(tmp_path: Path, rate: int, channels: int) -> None:
    sound = speech_like(12.0, rate) if channels == 1 else stereo(speech_like(12.0, rate))
    soundfile.write(tmp_path / "a.wav", sound, rate, subtype="FLOAT")
    loudness, peak = ffmpeg_loudness(tmp_path / "a.wav")
    here = measure(in_blocks(sound), rate, channels)
    assert here.integrated == pytest.approx(loudness, abs=TO_ONE_DECIMAL)
    assert here.true_peak == pytest.approx(peak, abs=TO_ONE_DECIMAL)


def test_pauses_do_not_lower_the_loudness_of_speech() -> None:
    """Both gates: silence is left out at -70 LUFS, and what is 10 LU under the rest."""
    speech = tone(997, 10.0, level=0.1)
    alone = measure([speech], 44100, 1).integrated
    murmur = tone(997, 10.0, level=0.1 * 10 ** (-15 / 20))
    assert measure([speech, np.zeros_like(speech), murmur], 44100, 1).integrated == pytest.approx(alone, abs=0.1)


def test_a_constant_offset_is_not_heard_anywhere() -> None:
    """It would be, at every border where the filter forgot what came before."""
    quiet = tone(997, 10.0, level=0.01)
    fade = np.minimum(1, np.arange(len(quiet)) / RATES[1])[:, np.newaxis].astype(np.float32)
    alone = measure([quiet], 44100, 1).integrated
    assert measure([quiet + np.float32(0.5) * fade], 44100, 1).integrated == pytest.approx(alone, abs=0.05)


def test_silence_and_what_is_shorter_than_a_gating_block_have_no_loudness() -> None:
    assert measure([np.zeros((44100, 1), np.float32)], 44100, 1).integrated == -math.inf
    assert measure([np.zeros((44100, 1), np.float32)], 44100, 1).true_peak == -math.inf
    assert measure([tone(997, 0.39)], 44100, 1).integrated == -math.inf
    assert math.isfinite(measure([tone(997, 0.41)], 44100, 1).integrated)
    assert measure([], 44100, 1).integrated == -math.inf


@settings(deadline=None, max_examples=25)
@given(sizes=st.lists(st.integers(0, 9000), min_size=1, max_size=12), channels=st.integers(1, 2))
def test_a_reading_does_not_depend_on_how_the_sound_arrives(sizes: list[int], channels: int) -> None:
    sound = np.random.default_rng(4).standard_normal((sum(sizes), channels)).astype(np.float32)
    edges = np.cumsum(sizes)[:-1]
    assert measure(np.split(sound, edges), 24000, channels) == measure([sound], 24000, channels)


def test_the_loudness_can_be_read_on_the_way() -> None:
    sound = speech_like(3.3)
    meter = LoudnessMeter(44100, 1)
    for block in in_blocks(sound, 11111):
        meter.add(block)
        meter.integrated()
    assert meter.integrated() == measure([sound], 44100, 1).integrated


def test_the_profile_tells_energy_and_peak_of_every_10_ms() -> None:
    sound = np.concatenate([np.zeros((4410, 1), np.float32), tone(997, 0.5, level=0.25)])
    meter = ProfileMeter(44100, 1)
    meter.add(sound)
    profile = meter.profile()
    assert len(profile.energies) == len(profile.peaks) == 60
    assert profile.energies[:10].max() < 1e-12
    assert profile.peaks[12:] == pytest.approx(0.25, abs=0.001)
    assert 10 * np.log10(profile.energies[20:].mean()) - 0.691 == pytest.approx(-3.01 - 12.04, abs=0.02)


@pytest.mark.parametrize(("meter", "bytes_a_second"), [(LoudnessMeter, 80), (ProfileMeter, 800)])
def test_a_meter_keeps_no_more_than_it_says(meter: type[LoudnessMeter | ProfileMeter], bytes_a_second: int) -> None:
    minute = np.zeros((60 * 8000, 1), np.float32)
    measuring = meter(8000, 1)
    measuring.add(tone(500, 60, 8000))
    tracemalloc.start()
    try:
        for _ in range(20):
            measuring.add(minute)
        kept, _ = tracemalloc.get_traced_memory()
        assert kept < 1.15 * 20 * 60 * bytes_a_second
        tracemalloc.reset_peak()
        if isinstance(measuring, ProfileMeter):
            assert sum(len(piece.peaks) for piece in measuring.profile().pieces) == 21 * 60 * 100
            assert tracemalloc.get_traced_memory()[1] < kept + 100_000  # no copy
        else:
            assert math.isfinite(measuring.integrated())
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rate", RATES)
def test_a_peak_between_the_samples_is_found(rate: int) -> None:
    """A sine at a quarter of the rate, sampled 45 degrees off its peaks: the samples stay 3 dB under it."""
    frames = np.arange(rate)
    sound = np.sin(np.pi / 2 * frames + np.pi / 4).astype(np.float32)[:, np.newaxis] * np.hanning(rate)[:, np.newaxis]
    meter = TruePeakMeter(rate, 1)
    meter.add(sound.astype(np.float32))
    assert np.abs(sound).max() == pytest.approx(math.sqrt(0.5), abs=0.001)
    assert meter.peak_db() == pytest.approx(0.0, abs=0.02)
    assert meter.peak_db() == meter.peak_db()


def test_a_peak_at_the_very_end_is_found() -> None:
    sound = np.zeros((RATES[1], 1), np.float32)
    sound[-200:] = np.sin(np.pi / 2 * np.arange(200) + np.pi / 4)[:, np.newaxis] * np.hanning(200)[:, np.newaxis]
    assert measure([sound], 44100, 1).true_peak == pytest.approx(0.0, abs=0.05)


def test_the_true_peak_is_that_of_the_louder_channel() -> None:
    sound = stereo(tone(440, 1.0, level=0.8))
    assert measure([sound], 44100, 2).true_peak == pytest.approx(20 * math.log10(0.8), abs=0.05)
