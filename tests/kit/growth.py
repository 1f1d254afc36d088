"""How work grows with what it is given: counted in calls, which are the same on every run, and in processor time.

Calls tell of Python code. They do not tell what a regular expression does inside one call, so processor time is taken
too: the least of several runs, for what else a machine does only adds to it, at two lengths so far apart that
quadratic work is eight times beyond linear work.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES_LONGER = 8
_RUNS = 4
_SHORTEST = 0.002
"""Seconds; below it a clock tells nothing."""


def growth(work: Callable[[int], object], length: int) -> tuple[float, float]:
    """How many times more calls, and processor time, ``work`` needs for :data:`TIMES_LONGER` times ``length``.

    1.0 is none more for each unit of length: linear work gives about 1, quadratic work :data:`TIMES_LONGER`.
    """
    work(length)
    work(TIMES_LONGER * length)
    calls = _calls(work, TIMES_LONGER * length) / _calls(work, length)
    short = min(_seconds(work, length) for _ in range(_RUNS))
    long = min(_seconds(work, TIMES_LONGER * length) for _ in range(_RUNS))
    return calls / TIMES_LONGER, long / max(short, _SHORTEST) / TIMES_LONGER


def _calls(work: Callable[[int], object], length: int) -> int:
    made = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work(length)
    finally:
        sys.setprofile(before)
    return made


def _seconds(work: Callable[[int], object], length: int) -> float:
    begin = time.process_time()
    work(length)
    return time.process_time() - begin
