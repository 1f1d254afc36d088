"""What both kinds of front matter share: positions in the text, the form of a value, and error messages."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from tts_render.ground.errors import PostError
from tts_render.ground.messages import said

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.site.presets import Key

__all__ = ["Block", "Source", "Style", "Value", "Written", "freeze", "lookup", "same_name", "write_key", "write_value"]

Style = Literal["plain", "single", "double", "block", "collection"]
"""How a value is written: bare, in ' or ", as a multi-line text, or as a list or group of keys."""

Value = int | str
"""Values that can be written back: an integer is written bare, a text in quotes."""

_BREAK = re.compile(r"\r\n|\r|\n")
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it is written in the file."""

    text: str
    """Its characters, quotes included; empty if the value is."""
    value: object
    """The parsed value."""
    style: Style
    line: int
    """1-based line of the key in the file."""

    @property
    def quoted(self) -> bool:
        """Whether it is in quotes, so that every parser reads it as text."""
        return self.style in ("single", "double")

    def says(self, value: Value) -> bool:
        """Whether this is already ``value``, in the form in which it would be written."""
        if isinstance(value, str):
            return self.quoted and self.value == value
        return self.style == "plain" and self.text == str(value)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a block, and its position in the file."""

    path: Path
    text: str
    line: int
    """1-based line of the file at which the text begins."""
    eol: str
    """The line ending to use for new lines."""

    def line_at(self, offset: int) -> int:
        """1-based line in the file of the character at ``offset``."""
        return self.line + len(_BREAK.findall(self.text, 0, offset))

    def line_start(self, offset: int) -> int:
        """Start of the line that contains ``offset``."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_end(self, offset: int) -> int:
        """Start of the line after the one that contains ``offset``."""
        found = _BREAK.search(self.text, offset)
        return found.end() if found else len(self.text)

    def spliced(self, start: int, end: int, text: str) -> Source:
        """Return the block with the characters from ``start`` to ``end`` replaced."""
        return replace(self, text=self.text[:start] + text + self.text[end:])

    def error(self, message: str, offset: int, remedy: str | None = None) -> PostError:
        """Make an error at the line of ``offset``."""
        return PostError(message, path=self.path, line=self.line_at(offset), remedy=remedy)

    def too_deep(self, message: str, line: int) -> PostError:
        """Make an error at the 1-based ``line`` of the text."""
        return PostError(
            said("the front matter {message}", message=message),
            path=self.path,
            line=self.line + line - 1,
            remedy=said("Use fewer levels of nested values."),
        )


class Block(Protocol):
    """Parsed front matter."""

    @property
    def source(self) -> Source:
        """Its text."""
        ...

    @property
    def data(self) -> Mapping[str, object]:
        """All its values, read-only."""
        ...

    def find(self, key: Key) -> Written | None:
        """Return the value at ``key``, or None if the key is missing.

        Raises:
            PostError: the key occurs twice.
        """
        ...

    def with_value(self, key: Key, value: Value) -> Self:
        """Return the block with ``value`` at ``key``, and without any other change.

        Raises:
            PostError: it cannot be done without changing anything else.
        """
        ...


def same_name(one: object, other: object, *, any_case: bool) -> bool:
    """Whether two names are the same key."""
    if one == other:
        return True
    return any_case and isinstance(one, str) and isinstance(other, str) and one.casefold() == other.casefold()


def lookup(data: object, key: Key, *, any_case: bool = False) -> object:
    """The value at ``key``; None if it is missing."""
    for name in key:
        if not isinstance(data, Mapping):
            return None
        if name in data:
            data = data[name]
        else:
            data = next((data[other] for other in data if same_name(other, name, any_case=any_case)), None)
    return data


def write_key(name: str) -> str:
    """``name`` as a key, bare if both YAML 1.1 and TOML read it as text."""
    bare = _BARE_KEY.fullmatch(name) and name.casefold() not in _WORDS
    return name if bare else json.dumps(name, ensure_ascii=False)


_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"})


def write_value(value: Value, like: Written | None) -> str:
    """``value`` in a form that both YAML and TOML read, in the quotes of the value that it replaces."""
    if isinstance(value, int):
        return str(value)
    if like is not None and like.style == "single" and value.isprintable() and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def freeze(value: object, seen: dict[int, object] | None = None) -> object:
    """``value`` with read-only mappings and tuples for dictionaries and lists; shared values stay shared."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    frozen = value
    if isinstance(value, dict):
        frozen = MappingProxyType({name: freeze(item, seen) for name, item in value.items()})
    elif isinstance(value, list):
        frozen = tuple(freeze(item, seen) for item in value)
    seen[id(value)] = frozen
    return frozen
