"""The store behind the folder of a cache: it may fail at any moment, and no run fails with it.

What it gives is believed only when it is verified. When it fails, it is left alone for a while and the folder does
alone; that is said once. Reading and writing fail apart, for there are credentials that may only read.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from tts_render.ground.errors import StoreError
from tts_render.ground.messages import said
from tts_render.speech.entries import intact

if TYPE_CHECKING:
    from collections.abc import Callable

    from tts_render.ground.stores import Store
    from tts_render.ground.units import Seconds

__all__ = ["Backing"]

_REST = 300.0


class Backing:
    """A store that is asked as long as it answers. Several threads may use it at once.

    Args:
        store: the store.
        warn: told what its user should know, each thing once.
        rest: seconds for which it is left alone after a failure.
        clock: returns seconds that never go backwards.
    """

    def __init__(
        self,
        store: Store,
        *,
        warn: Callable[[str], None],
        rest: Seconds = _REST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.unsent = 0
        """Entries that should be there and are not, because it failed or was left alone."""
        self._warn = warn
        self._rest = rest
        self._clock = clock
        self._until = {"read": 0.0, "write": 0.0}
        self._told: set[str] = set()
        self._guard = threading.Lock()

    def fetch(self, name: str) -> bytes | None:
        """The verified content of an entry; None if it is missing or damaged, or the store fails."""
        if self._rests("read"):
            return None
        try:
            data = self.store.read(name)
        except StoreError as error:
            self._failed("read", error)
            return None
        if data is None or intact(name, data):
            return data
        self._once(
            "damaged",
            said(
                "{address}: what it gave for {name} is damaged and is not used; it will be spoken and written again",
                address=self.store.address,
                name=name,
            ),
        )
        return None

    def send(self, name: str, data: bytes) -> bytes | None:
        """Write an entry, unless a whole one is there already: the first one counts for everybody.

        Returns:
            The content that counts: ``data``, or what was there first. None if the store fails.
        """
        if self._rests("write"):
            self._count()
            return None
        try:
            for _ in range(3):  # another machine may write or remove it in between
                if self.store.create(name, data):
                    return data
                there = self.store.read(name)
                if there is None:
                    continue
                if there == data or intact(name, there):
                    return there
                if self.store.replace(name, there, data):
                    return data
        except StoreError as error:
            self._failed("write", error)
        self._count()
        return None

    def drop(self, *names: str) -> None:
        """Remove entries, if the store lets itself be asked."""
        try:
            self.store.remove(*names)
        except StoreError as error:
            self._failed("write", error)

    def leave_alone(self, error: StoreError) -> None:
        """Tell of a failure that was noticed elsewhere, and leave the store alone for a while."""
        self._failed("read", error)
        self._failed("write", error)

    def _rests(self, what: str) -> bool:
        return self._clock() < self._until[what]

    def _count(self) -> None:
        with self._guard:
            self.unsent += 1

    def _failed(self, what: str, error: StoreError) -> None:
        self._until[what] = self._clock() + self._rest
        self._once(
            "failed",
            said(
                "{address}: {message}; the clips are kept in the folder alone for now",
                address=self.store.address,
                message=error.message,
            ),
        )

    def _once(self, kind: str, message: str) -> None:
        with self._guard:
            if kind in self._told:
                return
            self._told.add(kind)
        self._warn(message)
