"""Precedence: what somebody listens for is done first, and other work that would slow it down waits a moment."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.ground.units import Seconds

__all__ = ["Precedence"]

_LINGERING = 0.1  # seconds in which an answer is sent, and a browser on the same machine begins with the sound


class Precedence:
    """Who goes first. It may be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._first = 0
        self._until = 0.0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Go first while the block runs, and for a moment afterwards."""
        with self._changed:
            self._first += 1
        try:
            yield
        finally:
            with self._changed:
                self._first -= 1
                self._until = time.monotonic() + _LINGERING
                self._changed.notify_all()

    def give_way(self, longest: Seconds) -> None:
        """Wait until nobody goes first, but at most ``longest``."""
        end = time.monotonic() + longest
        with self._changed:
            while (now := time.monotonic()) < end and (self._first or now < self._until):
                self._changed.wait(min(end, end if self._first else self._until) - now)
