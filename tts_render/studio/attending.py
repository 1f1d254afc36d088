"""Attending: asks the engines now and then whether they are there, and whether they are what they were."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Attendant"]


class Attendant:
    """Asks in a thread of its own. Use it as a context manager.

    Args:
        ask: asks; whether all is well.
        calm: seconds between two questions.
        alert: the same while an engine is not there.
    """

    def __init__(self, ask: Callable[[], bool], *, calm: float = 4.0, alert: float = 1.0) -> None:
        self._ask = ask
        self._calm, self._alert = calm, alert
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._attend, name="attendant", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _attend(self) -> None:
        pause = self._alert
        while not self._ended.wait(pause):
            try:
                pause = self._calm if self._ask() else self._alert
            except Exception:  # noqa: BLE001  # whatever it was, an engine that comes back must be noticed
                pause = self._alert
