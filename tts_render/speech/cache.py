"""The cache: clips by what determines their sound, and accent phrases by what determines them.

There are two stores in one folder. ``clips`` holds sounds under a key of engine, version, style, scales and accent
phrases. ``phrases`` remembers which accent phrases an engine made of a text, under a key that includes the digest of
its user dictionary. So an unchanged dictionary costs no queries; a changed one costs one query per line, and a
synthesis only where the phrases changed.

Every file carries the SHA-256 of its content and is verified on every read: a damaged file counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tts_render.engine.base import Identity, MoraTime, Phrasing, Scales, Spoken, StyleId
from tts_render.ground.errors import OutputError
from tts_render.ground.files import digest_bytes, remove_leftovers, store_bytes
from tts_render.ground.messages import said
from tts_render.ground.units import Frames
from tts_render.sound.audio import Clip

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CacheInfo", "CachedClip", "UtteranceCache"]

_INCOMING = "incoming"
_MAGIC = b"TTSRCLP1"
_DIGEST = 32
_LENGTH = struct.Struct("<I")
_FORMATS: dict[str, str] = {"s16": "<i2", "f32": "<f4"}
_TAG = "clip-1"
_SLACK = 2.0
"""Seconds by which the disk's clock may lag."""
"""Part of every key; changed when this program would store or make a clip of the same inputs differently."""


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

    def load(self) -> Clip:
        """Read the samples: float32, shape ``(frames, 1)``, full scale at 1.0.

        Raises:
            OutputError: the file was removed or damaged since it was found.
        """
        entry = _read(self.path)
        if entry is None or entry.clip != self:
            raise OutputError(
                said("the cached clip was removed or damaged while in use"),
                path=self.path,
                remedy=said("Run this again; what is missing will be spoken again."),
            )
        return Clip(entry.samples(), self.rate)

    def moras(self) -> tuple[MoraTime, ...]:
        """When each mora sounds; empty if the engine did not say, or the file is gone."""
        entry = _read(self.path)
        return () if entry is None else entry.moras


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What a cache folder holds."""

    path: Path
    clips: int
    phrases: int
    bytes: int
    """Bytes of clips and phrases together."""


class UtteranceCache:
    """The cache in one folder. Several processes and threads may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.remembered = False
        """Whether accent phrases were remembered since this cache was opened."""
        self._opened = time.time()

    def phrasing(self, identity: Identity, style: StyleId, text: str) -> Phrasing | None:
        """The remembered accent phrases of ``text``, without a payload; None if there are none."""
        try:
            digest, _, content = self._phrase_path(identity, style, text).read_bytes().partition(b"\n")
        except OSError:
            return None
        if digest_bytes(content).encode() != digest:
            return None
        try:
            facts = json.loads(content)
            return Phrasing(
                digest=str(facts["digest"]), kana=str(facts["kana"]), moras=int(facts["moras"]), payload=None
            )
        except (ValueError, TypeError, KeyError):  # undamaged, but from another version of this program
            return None

    def remember(self, identity: Identity, style: StyleId, text: str, phrasing: Phrasing) -> None:
        """Remember the accent phrases of ``text``.

        Raises:
            OutputError: the file cannot be written.
        """
        facts = {"digest": phrasing.digest, "kana": phrasing.kana, "moras": phrasing.moras}
        content = json.dumps(facts, ensure_ascii=False).encode()
        self.remembered = True
        self._store(self._phrase_path(identity, style, text), digest_bytes(content).encode() + b"\n" + content)

    def forget_new_phrases(self) -> None:
        """Forget what any process remembered since this cache was opened: the engine may have changed in between."""
        for path, _, changed in self._files("phrases"):
            if changed >= self._opened - _SLACK:
                path.unlink(missing_ok=True)

    def clip(self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing) -> CachedClip | None:
        """The clip spoken for these phrases; None if it is missing or damaged."""
        path = self._clip_path(identity, style, scales, phrasing)
        entry = _read(path)
        if entry is None:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # prune goes by last use
        return entry.clip

    def keep(
        self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing, spoken: Spoken
    ) -> CachedClip:
        """Store a spoken clip.

        Raises:
            OutputError: the file cannot be written.
        """
        path = self._clip_path(identity, style, scales, phrasing)
        kind = "s16" if spoken.samples.dtype == np.int16 else "f32"
        header = json.dumps(
            {
                "key": path.stem,
                "format": kind,
                "rate": spoken.rate,
                "frames": len(spoken.samples),
                "moras": [(mora.text, mora.start, mora.end) for mora in spoken.moras],
            },
            ensure_ascii=False,
        ).encode()
        content = _LENGTH.pack(len(header)) + header + spoken.samples.astype(_FORMATS[kind]).tobytes()
        self._store(path, _MAGIC + hashlib.sha256(content).digest() + content)
        return CachedClip(str(path), Frames(len(spoken.samples)), spoken.rate)

    def remove_leftovers(self) -> None:
        """Remove files that killed runs left half-written."""
        remove_leftovers(self.folder / _INCOMING)

    def info(self) -> CacheInfo:
        """Measure what the cache holds."""
        clips, phrases = list(self._files("clips")), list(self._files("phrases"))
        return CacheInfo(self.folder, len(clips), len(phrases), sum(size for _, size, _ in (*clips, *phrases)))

    def prune(
        self, *, max_bytes: int | None = None, max_age: float | None = None, now: float | None = None
    ) -> tuple[int, int]:
        """Remove the least recently used entries until both limits are met.

        Args:
            max_bytes: size that may remain; None for no limit.
            max_age: longest time in seconds since the last use; None for no limit.
            now: seconds since the epoch.

        Returns:
            The number of files removed, and their size in bytes.
        """
        now = time.time() if now is None else now
        files = sorted((*self._files("clips"), *self._files("phrases")), key=lambda file: file[2])
        total = sum(size for _, size, _ in files)
        removed = freed = 0
        for path, size, used in files:
            too_old = max_age is not None and now - used > max_age
            too_much = max_bytes is not None and total - freed > max_bytes
            if not (too_old or too_much):
                continue
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            removed += 1
            freed += size
        return removed, freed

    def _store(self, path: Path, data: bytes) -> None:
        store_bytes(path, data, workshop=self.folder / _INCOMING)

    def _files(self, store: str) -> Iterator[tuple[Path, int, float]]:
        for path in (self.folder / store).glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                facts = path.stat()
                yield path, facts.st_size, facts.st_mtime

    def _phrase_path(self, identity: Identity, style: StyleId, text: str) -> Path:
        key = _key("phrases-2", identity.engine, identity.version, identity.dictionary, style, text)
        return self.folder / "phrases" / key[:2] / f"{key}.json"

    def _clip_path(self, identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing) -> Path:
        key = _key(_TAG, identity.engine, identity.version, style, asdict(scales), phrasing.digest)
        return self.folder / "clips" / key[:2] / f"{key}.clip"


@dataclass(frozen=True, slots=True)
class _Entry:
    clip: CachedClip
    format: str
    moras: tuple[MoraTime, ...]
    content: memoryview

    def samples(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        data = np.frombuffer(self.content, dtype=_FORMATS[self.format])
        scale = np.float32(1 / 32768) if self.format == "s16" else np.float32(1)
        return (data.astype(np.float32) * scale).reshape(-1, 1)


def _read(path: Path) -> _Entry | None:
    """Read the entry at ``path``; None if it is missing, damaged, of another form, or belongs to another key."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    start = len(_MAGIC) + _DIGEST
    content = memoryview(data)[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(content).digest() != data[len(_MAGIC) : start]:
        return None
    try:
        (length,) = _LENGTH.unpack_from(content)
        header = json.loads(bytes(content[_LENGTH.size : _LENGTH.size + length]))
        samples = content[_LENGTH.size + length :]
        size = np.dtype(_FORMATS[header["format"]]).itemsize
        clip = CachedClip(str(path), Frames(len(samples) // size), int(header["rate"]))
        if header["key"] != path.stem or header["frames"] * size != len(samples) or clip.rate <= 0:
            return None
        moras = tuple(MoraTime(str(text), Frames(int(a)), Frames(int(b))) for text, a, b in header["moras"])
    except (ValueError, TypeError, LookupError, struct.error):  # undamaged, but from another version of this program
        return None
    return _Entry(clip, header["format"], moras, samples)


def _key(*facts: object) -> str:
    return digest_bytes(json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
