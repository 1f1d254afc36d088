"""YAML and TOML from untrusted files, limited in depth before any value is built.

A parser of YAML takes time that grows with the square of the brackets that are open, and builders of nested values call
themselves: libyaml's ends the whole process where a few kilobytes are nested a hundred thousand times. Python's parser
of TOML keeps every beginning of a dotted key, so that 40 kB of one key take 1.5 GB.
"""

from __future__ import annotations

import re
import tomllib
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tts_render.ground.errors import InputError

__all__ = ["DEEPEST", "LOADER", "Wrong", "load_toml", "parse_yaml_events"]

Wrong: TypeAlias = "Callable[[str, int], InputError]"
"""Makes an error out of a message and a 1-based line of the text."""

DEEPEST = 50
"""Levels of nested values; ten times what anybody writes."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quicker of PyYAML's safe loaders that is installed."""

_TOO_DEEP = "is nested too deeply"
_MOST_BRACKETS = 5_000  # opening ones, in one text: it is not known yet which of them are closed
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?>[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEPEST}}}""")


def parse_yaml_events(text: str, wrong: Wrong) -> Iterator[Any]:
    """The events of PyYAML's parser.

    A text that was parsed to its end can be composed and loaded without harm to the stack.

    Args:
        text: the whole of it.
        wrong: makes the error.

    Raises:
        InputError: it is nested too deeply, or holds more than 5,000 opening brackets.
        yaml.YAMLError: it is no YAML.
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
    """The values of a TOML text.

    Args:
        text: the whole of it.
        wrong: makes the error.

    Raises:
        InputError: a key has too many parts, or values are nested too deeply.
        ValueError: it is no TOML, or holds a number of thousands of digits.
    """
    if found := _LONG_KEY.search(text):
        raise wrong(_TOO_DEEP, _line_at(text, found.start()))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise wrong(_TOO_DEEP, 1) from error


def _line_at(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1
