"""Whole frames, and the single rounding rule.

Inside the program, time is counted in frames: whole sample positions at a stated rate. Seconds exist only in
voices.yaml, in the post and on screen. Wherever a time becomes a whole number, half rounds up (Python's ``round`` goes
to the even neighbour, so two halves would not always add up to the same).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NewType

__all__ = [
    "Decibels",
    "Frames",
    "Lufs",
    "Seconds",
    "conform_frames",
    "format_clock",
    "frames_to_ms",
    "frames_to_seconds",
    "half_up",
    "seconds_to_frames",
]

Frames = NewType("Frames", int)
"""A count of sample frames, or a position on a timeline, at a rate given by the context. Never negative."""

Seconds = float
"""A duration or position in seconds."""

Lufs = float
"""Loudness relative to full scale, as defined by ITU-R BS.1770-4."""

Decibels = float
"""A gain or level in decibels; a gain of 0 changes nothing."""


def half_up(value: Fraction | float) -> int:
    """Round to the nearest whole number; a half rounds up, away from zero.

    A float is taken as the decimal number it prints as, so that 0.35 s at 10 Hz is 3.5 frames and becomes 4.
    """
    if isinstance(value, Fraction):
        magnitude = (abs(value) * 2 + 1) // 2
        return -magnitude if value < 0 else magnitude
    return int(Decimal(repr(value)).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def seconds_to_frames(seconds: Seconds, rate: int) -> Frames:
    """Convert ``seconds`` to whole frames at ``rate`` Hz.

    Raises:
        ValueError: ``seconds`` is negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration cannot be negative: {seconds}")
    above, below = Decimal(repr(float(seconds))).as_integer_ratio()
    return Frames((2 * above * rate + below) // (2 * below))  # a Fraction would take ten times as long


def frames_to_seconds(frames: Frames, rate: int) -> Seconds:
    """Convert ``frames`` at ``rate`` Hz to seconds."""
    return frames / rate


def frames_to_ms(frames: Frames, rate: int) -> int:
    """Convert ``frames`` at ``rate`` Hz to milliseconds."""
    return (2 * frames * 1000 + rate) // (2 * rate)  # a Fraction would take ten times as long


def conform_frames(frames: Frames, rate: int, to_rate: int) -> Frames:
    """Return how many frames at ``to_rate`` last as long as ``frames`` at ``rate``."""
    return Frames((2 * frames * to_rate + rate) // (2 * rate))


def format_clock(seconds: int, *, hours: bool | None = None, minute_digits: int = 2) -> str:
    """Format whole seconds as a clock reading: ``MM:SS``, or ``HH:MM:SS`` from one hour.

    Args:
        seconds: whole seconds, not negative.
        hours: True or False forces the hours to be shown or hidden, whatever the length.
        minute_digits: minimum number of digits of the leading number.
    """
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    if hours if hours is not None else hour > 0:
        return f"{hour:0{minute_digits}d}:{minute:02d}:{second:02d}"
    return f"{minutes:0{minute_digits}d}:{second:02d}"
