"""What the embedded engines share: Open JTalk's reading of a text, installed packages, and unsupported features."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from tts_render.engine.base import KANA, Scales
from tts_render.ground.errors import EngineMissingError
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

__all__ = [
    "READING_PACKAGES",
    "Accents",
    "Ignored",
    "Takes",
    "Word",
    "import_openjtalk",
    "installed",
    "missing",
    "processors",
    "read",
]

READING_PACKAGES = ("pyopenjtalk-plus", "onnxruntime", "sudachidict-core")
"""Packages whose version can change a reading; onnxruntime chooses between なに and なん."""

_MORA = re.compile(r"[ァ-ヴ][ァィゥェォャュョヮ]?|ー")
_KANA = re.compile(f"{KANA[0]}([^{KANA[1]}]*){KANA[1]}")
_DEVOICED = "’"


@dataclass(frozen=True, slots=True)
class Word:
    """One word or mark of a text, as Open JTalk reads it."""

    surface: str
    """As written, except that figures have become kanji and half-width letters full-width."""
    kana: str
    """Its reading in katakana; empty for a mark."""
    moras: tuple[str, ...]
    feature: dict[str, Any]
    """The same word in Open JTalk's own form."""


def processors() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def installed(engine: str, packages: Sequence[str]) -> str:
    """Names and versions of ``packages``, found without importing them.

    Raises:
        EngineMissingError: a package is not installed.
    """
    try:
        return ", ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError as error:
        raise missing(engine, said("the package {name} is not installed", name=error.name)) from error


def missing(engine: str, why: str) -> EngineMissingError:
    """The error for an engine whose packages are missing or unusable."""
    return EngineMissingError(why, engine=engine, remedy=said('Run: pip install "tts-render[{engine}]"', engine=engine))


def import_openjtalk(engine: str) -> ModuleType:
    """Import pyopenjtalk.

    onnxruntime comes first: without it, pyopenjtalk prints to standard output and silently reads some words
    differently.

    Raises:
        EngineMissingError: either cannot be imported.
    """
    try:
        import_module("onnxruntime")
        return import_module("pyopenjtalk")
    except (ImportError, OSError) as error:
        raise missing(engine, said("its packages cannot be loaded: {error}", error=words_of(error))) from error


def read(openjtalk: ModuleType, text: str) -> tuple[Word, ...]:
    """Return the words and marks of ``text``; empty if nothing in it can be spoken.

    Marks before the first word, and a prolonged sound mark with nothing before it, are left out: they have no sound,
    and Open JTalk writes a warning to standard error for each.
    """
    words: list[Word] = []
    for feature in openjtalk.run_frontend(text):
        kana = feature["pron"].replace(_DEVOICED, "") if feature["mora_size"] else ""
        if kana and not (words and words[-1].kana):
            bare = kana.lstrip("ー")
            if bare != kana:
                count = feature["mora_size"] - (len(kana) - len(bare))
                feature = {**feature, "pron": feature["pron"].lstrip("ー" + _DEVOICED), "mora_size": count}
                if not bare:
                    continue
                kana = bare
        if kana or words:
            words.append(Word(feature["string"], kana, tuple(_MORA.findall(kana)), feature))
    return tuple(words) if any(word.kana for word in words) else ()


class Accents:
    """Warns once that an engine ignores the accents of readings. Thread-safe."""

    def __init__(self, engine: str, warn: Callable[[str], None]) -> None:
        self._engine = engine
        self._warn = warn
        self._lock = threading.Lock()
        self._warned = False

    def drop(self, text: str) -> str:
        """``text`` with the kana of its readings, but without their accents."""
        if KANA[0] not in text:
            return text
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            self._warn(
                said("{engine}: it follows the readings of <phoneme>, but not their accents", engine=self._engine)
            )
        return _KANA.sub(lambda found: re.sub("['/_]", "", found[1]), text)


class Takes:
    """Warns once that an engine cannot follow all of what a take asks for. Thread-safe."""

    def __init__(self, engine: str, warn: Callable[[str], None]) -> None:
        self._engine = engine
        self._warn = warn
        self._lock = threading.Lock()
        self._warned = False

    def leave_out(self, what: str) -> None:
        """Say that ``what`` has no effect."""
        with self._lock:
            warned, self._warned = self._warned, True
        if not warned:
            self._warn(said("{engine}: it does not follow the {what} of takes", engine=self._engine, what=what))


class Ignored:
    """Warns once for each scale that an engine cannot follow. Thread-safe."""

    def __init__(self, engine: str, scales: Sequence[str], warn: Callable[[str], None]) -> None:
        self._engine = engine
        self._defaults = {field.name: field.default for field in fields(Scales) if field.name in scales}
        self._warn = warn
        self._lock = threading.Lock()

    def check(self, scales: Scales) -> None:
        """Warn about scales that have no effect."""
        for name in [name for name, default in self._defaults.items() if getattr(scales, name) != default]:
            with self._lock:
                known = self._defaults.pop(name, None) is not None
            if known:
                self._warn(
                    said(
                        "{engine}: it does not support {name}; the value in voices.yaml has no effect",
                        engine=self._engine,
                        name=name,
                    )
                )
