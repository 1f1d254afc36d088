"""YAML and TOML from untrusted files, with their depth limited before any value is built.

YAML parsing time grows with the square of the number of open brackets, and builders of nested values are recursive:
libyaml's kills the whole process on a few kilobytes nested a hundred thousand levels deep. Python's TOML parser keeps
every prefix of a dotted key, so a single key of 40 kB takes 1.5 GB.
"""

from __future__ import annotations

import re
import tomllib
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tts_render.ground.errors import InputError

__all__ = ["DEEPEST", "LOADER", "Wrong", "load_toml", "parse_yaml_events"]

Wrong: TypeAlias = "Callable[[str, int], InputError]"
"""Makes an error from a message and a 1-based line of the text."""

DEEPEST = 50
"""Levels of nested values; ten times more than anybody writes."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The faster of PyYAML's safe loaders that are installed."""

_TOO_DEEP = said("is nested too deeply")
_MOST_BRACKETS = 5_000  # opening brackets in one text; which of them are closed is not known yet
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}""")


def parse_yaml_events(text: str, wrong: Wrong) -> Iterator[Any]:
    """Yield the events of PyYAML's parser.

    Once a text has been parsed to its end, it can be composed and loaded without overflowing the stack.

    Args:
        text: the whole text.
        wrong: makes the error to raise.

    Raises:
        InputError: the text is nested too deeply, or holds more than 5,000 opening brackets.
        yaml.YAMLError: the text is not valid YAML.
    """
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        opening = (index for index, character in enumerate(text) if character in "[{")
        raise wrong(_TOO_DEEP, _line_at(text, next(islice(opening, _MOST_BRACKETS, None))))
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise wrong(_TOO_DEEP, _line_at(text, event.start_mark.index if event.start_mark else 0))
        yield event


def load_toml(text: str, wrong: Wrong) -> dict[str, Any]:
    """Return the values of a TOML text.

    Args:
        text: the whole text.
        wrong: makes the error to raise.

    Raises:
        InputError: a key has too many parts, or values are nested too deeply.
        ValueError: the text is not valid TOML, or holds a number with thousands of digits.
    """
    if found := _LONG_KEY.search(text):
        raise wrong(_TOO_DEEP, _line_at(text, found.start()))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise wrong(_TOO_DEEP, 1) from error


def _line_at(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1
