"""Precedence: what somebody listens for is done first, and other work that would slow it down waits a moment."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.ground.units import Seconds

__all__ = ["Precedence"]


class Precedence:
    """Who goes first. It may be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._first = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Go first while the block runs."""
        with self._changed:
            self._first += 1
        try:
            yield
        finally:
            with self._changed:
                self._first -= 1
                self._changed.notify_all()

    def give_way(self, longest: Seconds) -> None:
        """Wait until nobody goes first, but at most ``longest``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._first, longest)
