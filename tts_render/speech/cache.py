"""The cache: clips by what determines their sound, and accent phrases by what determines them.

There are three kinds of entries under one folder. ``clips`` holds sounds under a key of engine, version, style, scales
and accent phrases. ``phrases`` remembers which accent phrases an engine made of a text, under a key that includes the
digest of its user dictionary. So an unchanged dictionary costs no queries; a changed one costs one query per line, and
a synthesis only where the phrases changed. ``blobs`` holds other content under its own digest.

Every entry is verified on every read: a damaged one counts as missing. Behind the folder there may be a store that
several machines share: what the folder lacks is fetched from there, what is made goes to both.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tts_render.ground.errors import OutputError
from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said
from tts_render.ground.stores import FolderStore, prune
from tts_render.ground.units import Frames
from tts_render.sound.audio import Clip
from tts_render.speech.backing import Backing
from tts_render.speech.entries import (
    KINDS,
    blob_name,
    clip_name,
    decode_clip,
    decode_phrasing,
    encode_clip,
    encode_phrasing,
    intact,
    phrase_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tts_render.engine.base import Identity, MoraTime, Phrasing, Scales, Spoken, StyleId
    from tts_render.ground.stores import Store
    from tts_render.speech.entries import ClipEntry

__all__ = ["CacheInfo", "CachedClip", "UtteranceCache"]

_T = TypeVar("_T")

_SLACK = 2.0
"""Seconds by which the disk's clock may lag."""
_AT_ONCE = 16
"""Entries fetched from a store at the same time: most of the time of each is spent on the way."""


@dataclass(frozen=True, slots=True)
class CachedClip:
    """A clip in the cache: a handle, never samples. The mixdown uses it as a source of sound."""

    file: str
    """Where it is. Not as a path, which would take three times the memory: a long episode has many clips."""
    frames: Frames
    rate: int

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.file)

    @property
    def name(self) -> str:
        """Its name in every cache that has it."""
        return "/".join(self.path.parts[-3:])

    def load(self) -> Clip:
        """Read the samples: float32, shape ``(frames, 1)``, full scale at 1.0.

        Raises:
            OutputError: the file was removed or damaged since it was found.
        """
        entry = self._entry()
        if entry is None or (entry.frames, entry.rate) != (self.frames, self.rate):
            raise OutputError(
                said("the cached clip was removed or damaged while in use"),
                path=self.path,
                remedy=said("Try again; what is missing will be spoken again."),
            )
        return Clip(entry.samples(), self.rate)

    def moras(self) -> tuple[MoraTime, ...]:
        """When each mora sounds; empty if the engine did not say, or the file is gone."""
        entry = self._entry()
        return () if entry is None else entry.moras

    def _entry(self) -> ClipEntry | None:
        try:
            return decode_clip(self.path.name, self.path.read_bytes())
        except OSError:
            return None


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache holds, in its folder or in the store behind it."""

    address: str
    """The folder, or the address of the store."""
    clips: int
    phrases: int
    blobs: int
    bytes: int
    """Bytes of all of them together."""


class UtteranceCache:
    """The cache in one folder. Several processes and threads may use it at once.

    Args:
        folder: the folder; it is made when something is kept.
        back: a store behind it that others may share. It is read when the folder lacks something, and written with
            whatever is made; if it fails, the folder does alone. None for a folder alone.
        warn: told what the user should know about the store, each thing once.
    """

    def __init__(
        self, folder: Path, back: Store | None = None, *, warn: Callable[[str], None] = lambda _: None
    ) -> None:
        self.folder = folder
        self.remembered = False
        """Whether accent phrases were remembered since this cache was opened."""
        self.backing = None if back is None else Backing(back, warn=warn)
        """How the store behind the folder does."""
        self._front = FolderStore(folder)
        self._new: set[str] = set()
        self._opened = time.time()

    def near(self) -> UtteranceCache:
        """The same folder alone."""
        return UtteranceCache(self.folder)

    def phrasing(self, identity: Identity, style: StyleId, text: str) -> Phrasing | None:
        """The remembered accent phrases of ``text``, without a payload; None if there are none."""
        return self.phrasings(identity, [(style, text)])[0]

    def phrasings(self, identity: Identity, wanted: Sequence[tuple[StyleId, str]]) -> list[Phrasing | None]:
        """The same for many texts, each with its style; what is not in the folder is fetched at the same time."""
        return self._all([phrase_name(identity, style, text) for style, text in wanted], self._phrasing)

    def remember(self, identity: Identity, style: StyleId, text: str, phrasing: Phrasing) -> None:
        """Remember the accent phrases of ``text``.

        Raises:
            OutputError: the file cannot be written.
        """
        name = phrase_name(identity, style, text)
        self.remembered = True
        self._new.add(name)
        self._keep(name, encode_phrasing(name, phrasing))

    def forget_new_phrases(self) -> None:
        """Forget what any process remembered since this cache was opened: the engine may have changed in between.

        In the store behind the folder, only what this process remembered is forgotten.
        """
        self._front.remove(
            *[entry.name for entry in self._front.listing("phrases") if entry.used >= self._opened - _SLACK]
        )
        if self.backing is not None:
            self.backing.drop(*self._new)
        self._new.clear()

    def clip(self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing) -> CachedClip | None:
        """The clip spoken for these phrases; None if it is missing or damaged."""
        return self.clips(identity, [(style, scales, phrasing)])[0]

    def bring_near(self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing) -> None:
        """Fetch the clip of these phrases from the store behind the folder, while an engine is busy with another."""
        if self.backing is not None:
            self.clip(identity, style, scales, phrasing)

    def clips(self, identity: Identity, wanted: Sequence[tuple[StyleId, Scales, Phrasing]]) -> list[CachedClip | None]:
        """The same for many; what is not in the folder is fetched at the same time."""
        return self._all([clip_name(identity, *one) for one in wanted], self._clip)

    def keep(
        self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing, spoken: Spoken
    ) -> CachedClip:
        """Store a spoken clip.

        Returns:
            The clip; if another machine has brought one of the same name to the store before, that one, so that all use
            the same.

        Raises:
            OutputError: the file cannot be written.
        """
        name = clip_name(identity, style, scales, phrasing)
        ours = encode_clip(name, spoken)
        counts = self._keep(name, ours)
        theirs = None if counts == ours else decode_clip(name, counts)
        if theirs is not None:
            return CachedClip(str(self._front.path(name)), theirs.frames, theirs.rate)
        return CachedClip(str(self._front.path(name)), Frames(len(spoken.samples)), spoken.rate)

    def named(self, names: Sequence[str]) -> list[CachedClip | None]:
        """The clips of these names, as :attr:`CachedClip.name` gives them; None where one is missing or damaged."""
        return self._all(names, self._clip)

    def share(self, name: str) -> bool:
        """Bring a clip of the folder to the store behind it once more; whether it is there then."""
        data = self._front.read(name)
        return data is not None and (self.backing is None or self.backing.send(name, data) is not None)

    def blob(self, digest: str) -> Path | None:
        """The file with the content that has this SHA-256, in hexadecimal; None if it is missing or damaged."""
        name = blob_name(digest)
        for _ in range(2):
            data = self._front.read(name)
            if data is not None and intact(name, data):
                self._front.touch(name)
                return self._front.path(name)
            if not self._fetch(name):
                break
        return None

    def keep_blob(self, data: bytes) -> str:
        """Store content under its SHA-256, in hexadecimal, which is returned.

        Raises:
            OutputError: the file cannot be written.
        """
        digest = digest_bytes(data)
        self._keep(blob_name(digest), data)
        return digest

    def drop_blob(self, digest: str) -> None:
        """Remove content that nobody needs any more."""
        self._front.remove(blob_name(digest))
        if self.backing is not None:
            self.backing.drop(blob_name(digest))

    def remove_leftovers(self) -> None:
        """Remove files that killed runs left half-written."""
        self._front.remove_leftovers()

    def info(self) -> CacheInfo:
        """Measure what the folder holds."""
        return _measure(self._front)

    def back_info(self) -> CacheInfo | None:
        """Measure what the store behind the folder holds; None if there is none.

        Raises:
            StoreError: it does not answer, or refuses.
        """
        return None if self.backing is None else _measure(self.backing.store)

    def prune(
        self, *, max_bytes: int | None = None, max_age: float | None = None, now: float | None = None
    ) -> tuple[int, int]:
        """Remove the least recently used entries of the folder until both limits are met.

        Args:
            max_bytes: size that may remain; None for no limit.
            max_age: longest time in seconds since the last use; None for no limit.
            now: seconds since the epoch.

        Returns:
            The number of files removed, and their size in bytes.
        """
        return prune(self._front, KINDS, max_bytes=max_bytes, max_age=max_age, now=now)

    def prune_back(
        self, *, max_bytes: int | None = None, max_age: float | None = None, now: float | None = None
    ) -> tuple[int, int]:
        """Like :meth:`prune`, for the store behind the folder; nothing is removed if there is none.

        Raises:
            StoreError: it does not answer, or refuses.
        """
        if self.backing is None:
            return 0, 0
        return prune(self.backing.store, KINDS, max_bytes=max_bytes, max_age=max_age, now=now)

    def _all(self, names: Sequence[str], read: Callable[[str], _T | None]) -> list[_T | None]:
        found = [read(name) for name in names]
        missing = [number for number, one in enumerate(found) if one is None]
        if self.backing is not None and len(missing) == 1:  # most often; a thread would take longer than the rest
            (number,) = missing
            if self._fetch(names[number]):
                found[number] = read(names[number])
        elif self.backing is not None and missing:
            with ThreadPoolExecutor(min(_AT_ONCE, len(missing))) as threads:
                fetched = list(threads.map(self._fetch, [names[number] for number in missing]))
            for number, there in zip(missing, fetched, strict=True):
                if there:
                    found[number] = read(names[number])
        return found

    def _phrasing(self, name: str) -> Phrasing | None:
        data = self._front.read(name)
        return None if data is None else decode_phrasing(name, data)

    def _clip(self, name: str) -> CachedClip | None:
        data = self._front.read(name)
        entry = None if data is None else decode_clip(name, data)
        if entry is None:
            return None
        self._front.touch(name)  # prune goes by last use
        return CachedClip(str(self._front.path(name)), entry.frames, entry.rate)

    def _fetch(self, name: str) -> bool:
        """Bring an entry from the store into the folder; False if it is not there, or cannot be kept."""
        data = None if self.backing is None else self.backing.fetch(name)
        if data is None:
            return False
        self._front.write(name, data)
        return True

    def _keep(self, name: str, data: bytes) -> bytes:
        """Keep an entry in the folder and in the store; return what counts."""
        self._front.write(name, data)
        counts = None if self.backing is None else self.backing.send(name, data)
        if counts is not None and counts != data:
            self._front.write(name, counts)
        return data if counts is None else counts


def _measure(store: Store) -> CacheInfo:
    found = {kind: list(store.listing(kind)) for kind in KINDS}
    size = sum(entry.size for entries in found.values() for entry in entries)
    return CacheInfo(store.address, len(found["clips"]), len(found["phrases"]), len(found["blobs"]), size)
