"""The bytes of what the cache keeps, and under which names: written and verified here, without a disk.

Every entry carries what it takes to verify it wherever it comes from: clips and phrases the SHA-256 of their content
and the key that they belong to, blobs a name that is their SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tts_render.engine.base import MoraTime, Phrasing, Scales
from tts_render.ground.files import digest_bytes
from tts_render.ground.units import Frames

if TYPE_CHECKING:
    from tts_render.engine.base import Identity, Spoken, StyleId

__all__ = [
    "KINDS",
    "ClipEntry",
    "Kind",
    "blob_name",
    "clip_name",
    "decode_clip",
    "decode_phrasing",
    "encode_clip",
    "encode_phrasing",
    "intact",
    "phrase_name",
]

Kind = Literal["clips", "phrases", "blobs"]
KINDS: tuple[Kind, ...] = ("clips", "phrases", "blobs")
"""The folders of a cache; the first part of every name."""

_MAGIC = b"TTSRCLP1"
_DIGEST = 32
_LENGTH = struct.Struct("<I")
_FORMATS: dict[str, str] = {"s16": "<i2", "f32": "<f4"}
_TAG = "clip-1"
"""Part of every key; changed when this program would store or make a clip of the same inputs differently."""


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """A clip as it is stored, verified."""

    frames: Frames
    rate: int
    moras: tuple[MoraTime, ...]
    format: str
    content: memoryview

    def samples(self) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """The samples: float32, shape ``(frames, 1)``, full scale at 1.0."""
        data = np.frombuffer(self.content, dtype=_FORMATS[self.format])
        scale = np.float32(1 / 32768) if self.format == "s16" else np.float32(1)
        return (data.astype(np.float32) * scale).reshape(-1, 1)


def clip_name(identity: Identity, style: StyleId, scales: Scales, phrasing: Phrasing) -> str:
    """Name of the clip of these phrases: everything that can change its sound is in it."""
    key = _key(_TAG, identity.engine, identity.version, style, asdict(scales), phrasing.digest)
    return f"clips/{key[:2]}/{key}.clip"


def phrase_name(identity: Identity, style: StyleId, text: str) -> str:
    """Name under which the accent phrases of ``text`` are remembered: the dictionary is part of it."""
    key = _key("phrases-2", identity.engine, identity.version, identity.dictionary, style, text)
    return f"phrases/{key[:2]}/{key}.json"


def blob_name(digest: str) -> str:
    """Name of the blob with this SHA-256, in hexadecimal."""
    return f"blobs/{digest[:2]}/{digest}"


def encode_clip(name: str, spoken: Spoken) -> bytes:
    """The entry ``name`` for a spoken clip."""
    kind = "s16" if spoken.samples.dtype == np.int16 else "f32"
    header = json.dumps(
        {
            "key": _key_of(name),
            "format": kind,
            "rate": spoken.rate,
            "frames": len(spoken.samples),
            "moras": [(mora.text, mora.start, mora.end) for mora in spoken.moras],
        },
        ensure_ascii=False,
    ).encode()
    content = _LENGTH.pack(len(header)) + header + spoken.samples.astype(_FORMATS[kind]).tobytes()
    return _MAGIC + hashlib.sha256(content).digest() + content


def decode_clip(name: str, data: bytes) -> ClipEntry | None:
    """The clip in the entry ``name``; None if it is damaged, of another form, or belongs to another name."""
    start = len(_MAGIC) + _DIGEST
    content = memoryview(data)[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(content).digest() != data[len(_MAGIC) : start]:
        return None
    try:
        (length,) = _LENGTH.unpack_from(content)
        header = json.loads(bytes(content[_LENGTH.size : _LENGTH.size + length]))
        samples = content[_LENGTH.size + length :]
        size = np.dtype(_FORMATS[header["format"]]).itemsize
        rate = int(header["rate"])
        if header["key"] != _key_of(name) or header["frames"] * size != len(samples) or rate <= 0:
            return None
        moras = tuple(MoraTime(str(text), Frames(int(a)), Frames(int(b))) for text, a, b in header["moras"])
    except (ValueError, TypeError, LookupError, struct.error):  # undamaged, but from another version of this program
        return None
    return ClipEntry(Frames(len(samples) // size), rate, moras, header["format"], samples)


def encode_phrasing(name: str, phrasing: Phrasing) -> bytes:
    """The entry ``name`` for accent phrases, without their payload."""
    facts = {"key": _key_of(name), "digest": phrasing.digest, "kana": phrasing.kana, "moras": phrasing.moras}
    content = json.dumps(facts, ensure_ascii=False).encode()
    return digest_bytes(content).encode() + b"\n" + content


def decode_phrasing(name: str, data: bytes) -> Phrasing | None:
    """The accent phrases in the entry ``name``, without a payload; None as for :func:`decode_clip`.

    Entries of earlier versions do not say which name they belong to; they are believed.
    """
    digest, _, content = data.partition(b"\n")
    if digest_bytes(content).encode() != digest:
        return None
    try:
        facts = json.loads(content)
        if facts.get("key", _key_of(name)) != _key_of(name):
            return None
        return Phrasing(digest=str(facts["digest"]), kana=str(facts["kana"]), moras=int(facts["moras"]), payload=None)
    except (ValueError, TypeError, LookupError, AttributeError):  # undamaged, but from another version of this program
        return None


def intact(name: str, data: bytes) -> bool:
    """Whether ``data`` is a whole entry of this name, and says so itself, as earlier versions did not."""
    match name.partition("/")[0]:
        case "clips":
            return decode_clip(name, data) is not None
        case "phrases":
            return decode_phrasing(name, data) is not None and f'"key": "{_key_of(name)}"'.encode() in data
        case _:
            return digest_bytes(data) == _key_of(name)


def _key_of(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]


def _key(*facts: object) -> str:
    return digest_bytes(json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())
