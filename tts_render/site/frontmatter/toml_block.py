"""TOML front matter: tomllib says what the values are; a scanner over the valid text finds where they are.

The scanner need not validate, since tomllib has parsed the text before and parses the changed text again: the values of
all other keys must then be the same, including their types and the spelling of numbers and dates.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_render.ground.bounded import DEEPEST, load_toml
from tts_render.ground.errors import PostError
from tts_render.ground.messages import said
from tts_render.site.frontmatter.block import Style, Written, freeze, lookup, same_name, write_key, write_value

if TYPE_CHECKING:
    from tts_render.site.frontmatter.block import Source, Value
    from tts_render.site.presets import Key

__all__ = ["Entry", "Place", "Section", "TomlBlock", "parse_toml"]

Place = tuple[str | int, ...]
"""Names of tables and keys from the top; numbers are indices into arrays."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value, on a line of its own or in an inline table."""

    place: Place
    section: int
    """Index of the header above it; 0 if there is none."""
    key: int
    """Start of its key."""
    start: int
    """Start of its value."""
    end: int
    """End of its value."""


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the block below one table header."""

    place: Place
    end: int
    """End of the header."""


@dataclass(frozen=True, slots=True)
class TomlBlock:
    """Parsed TOML front matter."""

    source: Source
    data: Mapping[str, object]
    entries: tuple[Entry, ...]
    sections: tuple[Section, ...]
    """The first one is the part above all headers."""
    any_case: bool

    def find(self, key: Key) -> Written | None:
        """Return the value at ``key``, or None if the key is missing.

        Raises:
            PostError: the key occurs twice.
        """
        entry = self._entry(key)
        if entry is None:
            return None
        text = self.source.text[entry.start : entry.end]
        value = lookup(self.data, key, any_case=self.any_case)
        return Written(text, value, _style(text), self.source.line_at(entry.key))

    def with_value(self, key: Key, value: Value) -> TomlBlock:
        """Return the block with ``value`` at ``key``, and without any other change.

        Raises:
            PostError: it cannot be done without changing anything else.
        """
        entry = self._entry(key)
        changed = self._inserted(key, value) if entry is None else self._replaced(entry, value)
        if (after := self._proved(changed, key, value)) is None:
            raise self.source.error(
                said("{key} cannot be written without changing something else", key=".".join(key)),
                entry.start if entry else 0,
                said(
                    "Write {key} = {value} there yourself.",
                    key=write_key(key[-1]),
                    value=write_value(value, None),
                ),
            )
        return after

    def _proved(self, changed: Source, key: Key, value: Value) -> TomlBlock | None:
        """Parse ``changed`` and return it if it has ``value`` at ``key`` and is otherwise as before; else None."""
        try:
            after = parse_toml(changed, any_case=self.any_case)
            written = after.find(key)
        except PostError:
            return None
        if written is None or not written.says(value):
            return None
        before, now = (_without(block.data, key, any_case=self.any_case) for block in (self, after))
        return after if _identical(before, now) else None

    def _same(self, place: Place, other: Place) -> bool:
        return len(place) == len(other) and all(
            same_name(one, two, any_case=self.any_case) for one, two in zip(place, other, strict=True)
        )

    def _entry(self, place: Place) -> Entry | None:
        found = [entry for entry in self.entries if self._same(entry.place, place)]
        if len(found) > 1:
            first, second = (self.source.line_at(entry.key) for entry in found[:2])
            raise PostError(
                said(
                    "{place} occurs twice, in line {first} and in line {second}",
                    place=place[-1],
                    first=first,
                    second=second,
                ),
                path=self.source.path,
                line=second,
                remedy=said("Remove one of them."),
            )
        return found[0] if found else None

    def _replaced(self, entry: Entry, value: Value) -> Source:
        text = self.source.text[entry.start : entry.end]
        style = _style(text)
        if style == "collection":
            raise self.source.error(
                said("a single value belongs here, not a list or a table"),
                entry.start,
                said("Write {value} instead.", value=write_value(value, None)),
            )
        new = write_value(value, Written(text, None, style, 0))
        return self.source.spliced(entry.start, entry.end, new)

    def _inserted(self, key: Key, value: Value) -> Source:
        for length in range(len(key) - 1, 0, -1):
            entry = self._entry(key[:length])
            if entry is not None:
                return self._inserted_in_braces(entry, key[length:], value)
        group = key[:-1]
        section = next((n for n, section in enumerate(self.sections) if self._same(section.place, group)), None)
        if section is not None:
            return self._inserted_at(self._end_of(section), key[-1:], value)
        # A table defined only by dotted keys (``extra.season = 1``) gets another dotted key.
        dotted = [entry for entry in self.entries if self._same(entry.place[: len(group)], group)]
        dotted = [entry for entry in dotted if len(self.sections[entry.section].place) < len(group)]
        if dotted:
            depth = len(self.sections[dotted[-1].section].place)
            return self._inserted_at(self.source.line_end(dotted[-1].end), key[depth:], value)
        source = self.source
        space = source.eol if source.text.strip() and not source.text.endswith(source.eol * 2) else ""
        header = f"{space}[{'.'.join(map(write_key, group))}]{source.eol}"
        changed = source.spliced(len(source.text), len(source.text), header)
        return changed.spliced(len(changed.text), len(changed.text), _line(key[-1:], value, source.eol))

    def _inserted_at(self, at: int, names: Key, value: Value) -> Source:
        return self.source.spliced(at, at, _line(names, value, self.source.eol))

    def _inserted_in_braces(self, entry: Entry, names: Key, value: Value) -> Source:
        source = self.source
        if source.text[entry.start] != "{":
            raise source.error(
                said("{place} is not a table, so {names} cannot be added", place=entry.place[-1], names=names[0]),
                entry.start,
                said("Make it a [table]."),
            )
        inside = [other.end for other in self.entries if entry.start < other.start and other.end < entry.end]
        line = _line(names, value, "")
        if inside:
            return source.spliced(max(inside), max(inside), f", {line}")
        return source.spliced(entry.start + 1, entry.start + 1, f" {line} ")

    def _end_of(self, section: int) -> int:
        """Start of the line after the last key of a section; if it is the only section, the end of the block."""
        if len(self.sections) == 1:
            return len(self.source.text)
        ends = [entry.end for entry in self.entries if entry.section == section]
        if section == 0 and not ends:
            return 0
        return self.source.line_end(max([self.sections[section].end, *ends]))


def parse_toml(source: Source, *, any_case: bool = False) -> TomlBlock:
    """Parse a block of TOML.

    Raises:
        PostError: it is not valid TOML.
    """
    try:
        data = freeze(load_toml(source.text, source.too_deep))
        entries, sections = _Scanner(source.text).scan()
    except ValueError as error:  # TOMLDecodeError is one, and so is the error for an integer of thousands of digits
        found = re.fullmatch(r"(.*) \(at (?:line ([0-9]+), column [0-9]+|end of document)\)", str(error), re.DOTALL)
        reason = found[1] if found else str(error)
        line = source.line + int(found[2]) - 1 if found and found[2] else source.line_at(len(source.text))
        raise PostError(
            said("the front matter is not valid TOML: {reason}", reason=reason),
            path=source.path,
            line=line,
            remedy=said("Look at the quotes and equals signs there."),
        ) from error
    except RecursionError as error:
        raise source.too_deep(said("is nested too deeply"), 1) from error
    return TomlBlock(source, data, entries, sections, any_case)  # type: ignore[arg-type]  # it is a mapping


def _without(data: Mapping[str, object], key: Key, *, any_case: bool) -> dict[str, object]:
    """``data`` without ``key``, and without the tables that then hold nothing."""
    kept: dict[str, Any] = {}
    for name, value in data.items():
        if not same_name(name, key[0], any_case=any_case):
            kept[name] = value
        elif len(key) > 1 and isinstance(value, Mapping):
            rest = _without(value, key[1:], any_case=any_case)
            if rest:
                kept[name] = rest
    return kept


def _identical(one: Any, other: Any) -> bool:
    """Whether two values are equal in type, too: 1 is not 1.0 or true; times keep their zone, keys their order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(_identical(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_identical, one, other))
    if isinstance(one, float | datetime.datetime):
        return repr(one) == repr(other)
    return bool(one == other)


def _line(names: Key, value: Value, eol: str) -> str:
    return f"{'.'.join(map(write_key, names))} = {write_value(value, None)}{eol}"


def _style(text: str) -> Style:
    if text.startswith(('"""', "'''")):
        return "block"
    return {'"': "double", "'": "single", "[": "collection", "{": "collection"}.get(text[:1], "plain")  # type: ignore[return-value]


_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*"|'[^']*'))[ \t]*""")
_STRING = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}'''  # up to two quotes may come before the closing three
    r"""|\'\'\'.*?\'{3,5}"""
    r'''|"(?:[^"\\]|\\.)*"'''
    r"""|'[^']*'""",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\r\n]*")


class _Scanner:
    """Scans a text that is known to be valid TOML once, and records the positions of keys, values and headers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.entries: list[Entry] = []
        self.sections = [Section((), 0)]
        self.arrays: dict[Place, int] = {}

    def scan(self) -> tuple[tuple[Entry, ...], tuple[Section, ...]]:
        """All entries and sections, in the order of the text."""
        self._skip_space()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                self._header()
            else:
                self._entry(self.sections[-1].place)
            self._skip_space()
        return tuple(self.entries), tuple(self.sections)

    def _skip_space(self) -> None:
        self.at = _matched(_SPACE, self.text, self.at).end()

    def _header(self) -> None:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        place: Place = ()
        names = self._names()
        for n, name in enumerate(names, 1):
            place = (*place, name)
            if array and n == len(names):
                self.arrays[place] = self.arrays.get(place, -1) + 1
            if place in self.arrays:
                place = (*place, self.arrays[place])
        self._check_depth(place)
        self.at += 2 if array else 1
        self.sections.append(Section(place, self.at))

    def _names(self) -> list[str]:
        names: list[str] = []
        while True:
            found = _matched(_KEY, self.text, self.at)
            names.append(found[1] or tomllib.loads(f"name = {found[2]}")["name"])
            self.at = found.end()
            if self.text[self.at] != ".":
                return names
            self.at += 1

    def _entry(self, table: Place) -> None:
        key = self.at
        place = (*table, *self._names())
        self.at += 1  # the equals sign
        self._skip_space()
        start = self.at
        number = len(self.entries)
        self._value(place)
        self.entries.insert(number, Entry(place, len(self.sections) - 1, key, start, self.at))

    def _value(self, place: Place) -> None:
        self._check_depth(place)
        opening = self.text[self.at]
        if opening in "\"'":
            self.at = _matched(_STRING, self.text, self.at).end()
        elif opening in "[{":
            self.at += 1
            self._skip_separators()
            n = 0
            while self.text[self.at] not in "]}":
                if opening == "{":
                    self._entry(place)
                else:
                    self._value((*place, n))
                n += 1
                self._skip_separators()
            self.at += 1
        else:
            self.at += len(_matched(_BARE, self.text, self.at)[0].rstrip())

    def _check_depth(self, place: Place) -> None:
        if len(place) > DEEPEST:
            raise RecursionError

    def _skip_separators(self) -> None:
        self._skip_space()
        while self.text.startswith(",", self.at):
            self.at += 1
            self._skip_space()


def _matched(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    if found is None:
        raise tomllib.TOMLDecodeError(said("cannot follow {text!r}", text=text[at : at + 20]))
    return found
