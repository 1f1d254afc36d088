"""The receipt: what was made, from what, and with what. Only the write-back and the next run read it.

A stored receipt depends only on inputs and result, so the same episode made elsewhere has the same receipt: paths are
relative to the site, engines are given by name and version, and there is no clock time and no URL.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = [
    "SCHEMA",
    "ChapterRecord",
    "EngineRecord",
    "Receipt",
    "SidecarRecord",
    "digest_facts",
    "read_receipt",
    "receipt_path",
]

SCHEMA = 1
_LARGEST = 16 * 1024 * 1024  # bytes
_MOST = 1e12  # upper limit of any number


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """An engine, as far as it affects the sound."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ChapterRecord:
    """A chapter of the finished episode."""

    start_seconds: float
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SidecarRecord:
    """A file that was published beside the MP3."""

    output: str
    """The output that it belongs to, for example ``chapters``."""
    path: str
    """Path relative to the site."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One rendered episode."""

    episode: str
    """The post or script, relative to the site."""
    audio: str
    """The MP3, relative to the site."""
    bytes: int
    sha256: str
    duration_seconds: float
    """Decoded samples divided by rate."""
    duration: str
    """As written back to the post, or as it would be."""
    utterances: int
    engines: tuple[EngineRecord, ...]
    credits: tuple[str, ...]
    loudness_lufs: float | None
    """Loudness of the decoded MP3; None for silence."""
    true_peak_dbtp: float | None
    """True peak of the decoded MP3; None for silence."""
    chapters: tuple[ChapterRecord, ...]
    ours: Mapping[str, str]
    """Digests, by name, of what determines the result and is known without an engine."""
    theirs: Mapping[str, str]
    """Digests, by name, of what the engine determines."""
    encoder: str
    sidecars: tuple[SidecarRecord, ...] = ()
    texts: str = ""
    """Digest of what determines the sidecars but not the MP3: display texts, their lines, names."""
    offset_ms: int = 0
    """How much later the audio begins in the slide video."""
    schema: int = SCHEMA

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        facts = dataclasses.asdict(self)
        return {"schema": facts.pop("schema"), **facts}

    def encode(self) -> builtins.bytes:
        """As it is stored."""
        return (json.dumps(self.to_json(), ensure_ascii=False, indent=2) + "\n").encode(errors="backslashreplace")


def receipt_path(folder: Path, audio: str) -> Path:
    """Path in ``folder`` of the receipt for the MP3 ``audio``, whose path is relative to the site."""
    return folder / f"{audio}.json"


def read_receipt(path: Path) -> Receipt | None:
    """Read a stored receipt; None if there is none that this version understands."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        facts = json.loads(path.read_bytes())
        if facts.get("schema") != SCHEMA:
            return None
        facts["engines"] = tuple(EngineRecord(**engine) for engine in facts["engines"])
        facts["chapters"] = tuple(ChapterRecord(**chapter) for chapter in facts["chapters"])
        facts["credits"] = tuple(facts["credits"])
        facts["sidecars"] = tuple(SidecarRecord(**sidecar) for sidecar in facts.get("sidecars", ()))
        receipt = Receipt(**facts)
        return receipt if _is_sound(receipt) else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _is_sound(receipt: Receipt) -> bool:
    """Whether every value has the right type: the file is part of the site, where anybody may have edited it."""
    texts: list[object] = [
        receipt.episode,
        receipt.audio,
        receipt.sha256,
        receipt.duration,
        receipt.encoder,
        receipt.texts,
    ]
    texts += [*receipt.credits, *receipt.ours.items(), *receipt.theirs.items()]
    texts += [dataclasses.astuple(record) for record in receipt.engines]
    texts += [dataclasses.astuple(record) for record in receipt.sidecars]
    for chapter in receipt.chapters:
        texts += [chapter.title, "" if chapter.url is None else chapter.url]
    numbers: list[object] = [receipt.duration_seconds, *(chapter.start_seconds for chapter in receipt.chapters)]
    numbers += [level for level in (receipt.loudness_lufs, receipt.true_peak_dbtp) if level is not None]
    counts = (receipt.bytes, receipt.utterances, receipt.offset_ms)
    return (
        all(isinstance(text, str) for text in _flat(texts))
        and all(type(number) in (int, float) and abs(number) < _MOST for number in numbers)  # type: ignore[arg-type]
        and all(type(count) is int and abs(count) < _MOST for count in counts)
        and receipt.duration_seconds >= 0
    )


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        else:
            yield value


def digest_facts(facts: object) -> str:
    """A short digest of plain values and dataclasses, the same on every machine."""
    digest = hashlib.sha256()
    for piece in _json_pieces(facts, depth=2):
        digest.update(piece.encode(errors="backslashreplace"))
    return digest.hexdigest()[:32]


def _json_pieces(facts: object, depth: int) -> Iterator[str]:
    """``facts`` as JSON, piece by piece: a long list at one of the first levels is never one text."""

    def plain(value: object) -> object:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return dataclasses.asdict(value)
        return str(value)

    if depth and isinstance(facts, (list, tuple)):
        yield "["
        for number, fact in enumerate(facts):
            if number:
                yield ","
            yield from _json_pieces(fact, depth - 1)
        yield "]"
    else:
        yield json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=plain)
