"""Whole frames and the one rounding rule."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_render.ground.units import Frames, conform_frames, format_clock, frames_to_ms, half_up, seconds_to_frames


@pytest.mark.parametrize(
    ("value", "whole"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (2.4999, 2), (Fraction(5, 2), 3)]
)
def test_a_half_rounds_up(value: float | Fraction, whole: int) -> None:
    assert half_up(value) == whole


def test_a_decimal_means_what_it_prints_as() -> None:
    # In binary 0.35 is a little less, and 3.4999… would become 3.
    assert seconds_to_frames(0.35, 10) == 4
    assert seconds_to_frames(0.35, 44100) == 15435


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        seconds_to_frames(-0.1, 44100)


@given(st.integers(0, 10**9), st.sampled_from([22050, 24000, 44100, 48000]), st.sampled_from([24000, 44100, 48000]))
def test_conforming_is_never_half_a_frame_off(frames: int, rate: int, to_rate: int) -> None:
    assert abs(Fraction(conform_frames(Frames(frames), rate, to_rate), to_rate) - Fraction(frames, rate)) <= Fraction(
        1, 2 * to_rate
    )


@given(st.integers(0, 10**12), st.sampled_from([24000, 44100]))
def test_milliseconds_are_never_half_a_one_off(frames: int, rate: int) -> None:
    assert abs(Fraction(frames_to_ms(Frames(frames), rate)) - Fraction(frames * 1000, rate)) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (445, "07:25"), (3599, "59:59"), (3600, "01:00:00"), (36000, "10:00:00")]
)
def test_a_clock_shows_hours_from_one_hour(seconds: int, text: str) -> None:
    assert format_clock(seconds) == text
