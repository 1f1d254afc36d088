"""Stores: whole entries under names, in a folder or in a bucket.

A name is ``folder/part/entry`` with slashes; an entry is whole or not there. What is read must be verified by whoever
knows what it should be: a disk or a network may give anything.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tts_render.ground.files import remove_leftovers, store_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FolderStore", "Store", "Stored", "prune"]

_INCOMING = "incoming"


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry in a store."""

    name: str
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since the epoch; a store that does not know says when it was last written."""


class Store(Protocol):
    """Where entries are. Several threads, processes and machines may use it at once."""

    @property
    def address(self) -> str:
        """Where it is, for people; without credentials."""

    def read(self, name: str) -> bytes | None:
        """The content of an entry as it came, not verified; None if there is none.

        Raises:
            StoreError: the store does not answer, or refuses.
        """

    def create(self, name: str, data: bytes) -> bool:
        """Write a new entry, whole or not at all. False if there is one, which stays, whatever its content is.

        Raises:
            StoreError: the store does not answer, or refuses.
            OutputError: the file cannot be written.
        """

    def replace(self, name: str, was: bytes, data: bytes) -> bool:
        """Write ``data`` where the content ``was``. False if something else is there by now, which stays.

        Raises:
            StoreError: the store does not answer, or refuses.
            OutputError: the file cannot be written.
        """

    def remove(self, *names: str) -> None:
        """Remove entries; those that are not there are as good as removed.

        Raises:
            StoreError: the store does not answer, or refuses.
        """

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The entries in the folder ``prefix``, in any order.

        Raises:
            StoreError: the store does not answer, or refuses.
        """


class FolderStore:
    """A store in a folder of this machine.

    Args:
        folder: it is made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.folder)

    def path(self, name: str) -> Path:
        """The file of an entry, whether it is there or not."""
        return self.folder / name

    def read(self, name: str) -> bytes | None:
        """See :meth:`Store.read`; what cannot be read is not there."""
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """Write an entry, whole or not at all, over whatever is there.

        Raises:
            OutputError: the file cannot be written.
        """
        store_bytes(self.path(name), data, workshop=self.folder / _INCOMING)

    def create(self, name: str, data: bytes) -> bool:
        """See :meth:`Store.create`."""
        return store_bytes(self.path(name), data, workshop=self.folder / _INCOMING, over=False)

    def replace(self, name: str, was: bytes, data: bytes) -> bool:
        """See :meth:`Store.replace`. Of two that replace the same content at once, the last one stays."""
        if self.read(name) != was:
            return False
        self.write(name, data)
        return True

    def remove(self, *names: str) -> None:
        """See :meth:`Store.remove`."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def listing(self, prefix: str) -> Iterator[Stored]:
        """See :meth:`Store.listing`."""
        for path in (self.folder / prefix).glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                yield Stored(f"{prefix}/{path.parent.name}/{path.name}", facts.st_size, facts.st_mtime)

    def touch(self, name: str) -> None:
        """Mark an entry as used now."""
        with contextlib.suppress(OSError):
            os.utime(self.path(name))

    def remove_leftovers(self) -> None:
        """Remove files that killed runs left half-written."""
        remove_leftovers(self.folder / _INCOMING)


def prune(
    store: Store,
    prefixes: tuple[str, ...],
    *,
    max_bytes: int | None = None,
    max_age: float | None = None,
    now: float | None = None,
) -> tuple[int, int]:
    """Remove the least recently used entries of a store until both limits are met.

    Args:
        store: the store.
        prefixes: the folders of it that count.
        max_bytes: size that may remain; None for no limit.
        max_age: longest time in seconds since the last use; None for no limit.
        now: seconds since the epoch.

    Returns:
        The number of entries removed, and their size in bytes.

    Raises:
        StoreError: the store does not answer, or refuses.
    """
    now = time.time() if now is None else now
    entries = sorted((entry for prefix in prefixes for entry in store.listing(prefix)), key=lambda entry: entry.used)
    total = sum(entry.size for entry in entries)
    freed = 0
    gone: list[str] = []
    for entry in entries:
        too_old = max_age is not None and now - entry.used > max_age
        too_much = max_bytes is not None and total - freed > max_bytes
        if too_old or too_much:
            gone.append(entry.name)
            freed += entry.size
    store.remove(*gone)
    return len(gone), freed
