"""A slide deck as a script: a JSON list of slides, whose ``notes`` are spoken while the slide is shown.

A ``section`` slide begins a section and a chapter. Slides without notes are only shown.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of
from tts_render.script.builder import ScriptBuilder
from tts_render.script.cleaning import clean, fold_space

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.script.base import Item, Notation, Source

__all__ = ["Deck", "Slide", "parse_deck", "read_deck"]

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide, as far as timing is concerned."""

    number: int
    """1-based position in the deck."""
    line: int
    """1-based line of the file at which it begins."""
    kind: str
    title: str | None
    url: str | None
    notes: str
    """What is said; empty if nothing is."""
    raw_ms: int | None
    """Duration of a film or picture (``rawmedia``) that is not in the audio; None for other slides."""


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck: its slides, and the whole content of the file."""

    path: Path
    slides: tuple[Slide, ...]
    content: tuple[dict[str, Any], ...]
    """The slides as written, to be written again with other times."""
    indent: int | None
    """Number of spaces of the file's indentation; None if it has none."""


def parse_deck(path: Path, text: str) -> Deck:
    """Parse a deck.

    Raises:
        ScriptError: it is not a JSON list of objects, or a ``rawmedia`` slide does not give its duration; the error
            gives the line.
    """
    decoder = json.JSONDecoder()
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise ScriptError(said("is not a slide deck: a deck is a JSON list of slides"), path=path, line=1)
    slides: list[Slide] = []
    content: list[dict[str, Any]] = []
    position, counted, line = _skip(text, position + 1), 0, 1
    while text[position : position + 1] != "]":
        line += text.count("\n", counted, position)
        counted = position
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:  # ValueError: also for numbers with thousands of digits
            where = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise ScriptError(said("is not JSON: {error}", error=words_of(error)), path=path, line=where) from error
        if not isinstance(value, dict):
            raise ScriptError(said("a slide must be an object with type, title and notes"), path=path, line=line)
        content.append(value)
        slides.append(_slide(value, len(content), line, path))
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            raise ScriptError(
                said("is not JSON: a comma is missing"), path=path, line=text.count("\n", 0, position) + 1
            )
    if text[position + 1 :].strip():
        raise ScriptError(
            said("is not JSON: something follows the list"), path=path, line=text.count("\n", 0, position) + 1
        )
    indent = re.match(r"\[[ \t]*(?:\r\n|\n)( *)\{", text.lstrip())
    return Deck(path, tuple(slides), tuple(content), len(indent[1]) if indent else None)


def read_deck(source: Source, notation: Notation) -> tuple[Item, ...]:
    """Yield the items of a deck: its notes, slide by slide.

    Raises:
        ScriptError: as for :func:`parse_deck`.
    """
    script = ScriptBuilder(notation)
    for slide in parse_deck(source.path, source.text).slides:
        if slide.kind == "section":
            script.section(slide.line, slide.title, slide.url)
        else:
            script.pause("paragraph", slide.line)
        for text in _LINE_END.split(slide.notes):
            spoken = clean(text).strip()
            if spoken:
                script.say((spoken, slide.line))
    return script.items()


def _slide(value: dict[str, Any], number: int, line: int, path: Path) -> Slide:
    kind = str(value.get("type", ""))
    raw: int | None = None
    if kind == "rawmedia":
        start, end = value.get("start_ms"), value.get("end_ms")
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end):
            raise ScriptError(
                said(
                    "slide {number} is a film or picture (rawmedia), but its start_ms and end_ms do not say how long",
                    number=number,
                ),
                path=path,
                line=line,
            )
        raw = end - start
    notes, title, url = value.get("notes"), value.get("title"), value.get("url")
    return Slide(
        number,
        line,
        kind,
        fold_space(clean(title)) or None if isinstance(title, str) else None,
        clean(url).strip() or None if isinstance(url, str) else None,
        notes if isinstance(notes, str) and raw is None else "",
        raw,
    )


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
