"""A YAML file as a tree that knows its lines, so that an error can point to where the mistake is.

It supports only what a settings file needs: mappings, lists, text, numbers and switches. Anchors and aliases are
refused: they have no use here, and a few lines of them can expand to more than fits in memory.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tts_render.ground.bounded import LOADER, parse_yaml_events
from tts_render.ground.errors import ConfigError, OutsideSiteError
from tts_render.ground.files import NAME_MAX
from tts_render.ground.messages import joined, listed, said
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Tree", "nearest", "parse_tree", "read_settings", "read_tree"]

_BREAK = re.compile(r"\r\n|\r|\n")
_LARGEST = 1_000_000  # bytes; a settings file of a megabyte is a mistake, not a setting


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``name`` was probably meant to be, or None."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Tree:
    """One value of the file, with its place."""

    path: Path
    node: yaml.Node
    name: str
    """Dotted name from the root, for messages; empty for the root."""

    @property
    def line(self) -> int:
        """1-based line where the value begins."""
        return int(self.node.start_mark.line) + 1

    def wrong(self, message: str, remedy: str | None = None) -> ConfigError:
        """Make an error that names this place."""
        return ConfigError(
            joined((self.name, ": ", message)) if self.name else message, path=self.path, line=self.line, remedy=remedy
        )

    @property
    def empty(self) -> bool:
        """Whether nothing is written here."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == "tag:yaml.org,2002:null"

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping of names to values."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.node, yaml.SequenceNode)

    def entries(self) -> dict[str, Tree]:
        """Return the mapping, in file order; an empty value counts as an empty mapping.

        Raises:
            ConfigError: it is not a mapping, a name is not text, or a name occurs twice.
        """
        if self.empty:
            return {}
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong(said("must be a mapping of names to values, not {kind}", kind=_kind(self.node)))
        found: dict[str, Tree] = {}
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.wrong(said("a name must be text"))
            if value.start_mark.index == value.end_mark.index:
                value.start_mark = key.start_mark  # the parser places an empty value where the next one begins
            child = Tree(self.path, value, f"{self.name}.{key.value}" if self.name else key.value)
            if key.value in found:
                raise ConfigError(
                    said("{name} occurs twice, here and in line {line}", name=child.name, line=found[key.value].line),
                    path=self.path,
                    line=key.start_mark.line + 1,
                )
            found[key.value] = child
        return found

    def fields(self, *known: str) -> dict[str, Tree]:
        """Like :meth:`entries`, for a mapping whose names are known in advance.

        Raises:
            ConfigError: a name is not in ``known``; the nearest one is suggested.
        """
        found = self.entries()
        for name, child in found.items():
            if name not in known:
                near = nearest(name, known)
                raise child.wrong(
                    said("is not a setting"),
                    said("Did you mean {near}?", near=near)
                    if near
                    else said("The settings here are: {known}.", known=listed(known)),
                )
        return found

    def items(self) -> tuple[Tree, ...]:
        """Return the list; a single value counts as a list of one, an empty value as an empty list.

        Raises:
            ConfigError: it is a mapping.
        """
        if self.empty:
            return ()
        if isinstance(self.node, yaml.SequenceNode):
            return tuple(Tree(self.path, node, f"{self.name}[{n}]") for n, node in enumerate(self.node.value, 1))
        if isinstance(self.node, yaml.ScalarNode):
            return (self,)
        raise self.wrong(said("must be a list"))

    def text(self) -> str:
        """Return the text, with surrounding white space removed.

        Raises:
            ConfigError: it is a mapping, a list, or empty.
        """
        if not isinstance(self.node, yaml.ScalarNode) or self.empty:
            raise self.wrong(said("must be text, not {kind}", kind=_kind(self.node)))
        text = str(self.node.value).strip()
        if not text:
            raise self.wrong(said("must not be empty"))
        return text

    def inside(self, root: Path | None) -> Path:
        """Return the path given here, relative to the folder of the settings, with links resolved.

        Args:
            root: the site's root; the path must lie in it or in the folder of the settings.

        Raises:
            ConfigError: it is not text, or not a possible file name.
            OutsideSiteError: it lies elsewhere.
        """
        text = self.text()
        folder = self.path.parent
        try:
            path = Path(os.path.realpath(folder / text))
            fits = all(len(os.fsencode(part)) <= NAME_MAX for part in path.parts)
        except ValueError:  # a character that no path can contain
            fits = False
        if not fits:
            raise self.wrong(said("is not a possible file name"))
        homes = [Path(os.path.realpath(home)) for home in (folder, root) if home is not None]
        if not any(path.is_relative_to(home) for home in homes):
            raise OutsideSiteError(
                said("{name}: {text} leaves the site", name=self.name, text=text),
                path=self.path,
                line=self.line,
                remedy=said("Copy the file into the site."),
            )
        return path

    def choice(self, choices: Iterable[str]) -> str:
        """Return the text, which must be one of ``choices``.

        Raises:
            ConfigError: it is not; the nearest choice is suggested.
        """
        names = tuple(choices)
        text = self.text()
        if text not in names:
            near = nearest(text, names)
            raise self.wrong(
                said("{text!r} is not known", text=text),
                said("Did you mean {near}?", near=near)
                if near
                else said("Choose one of: {names}.", names=listed(names)),
            )
        return text

    def number(self, least: float, most: float) -> float:
        """Return a finite number from ``least`` to ``most``.

        Raises:
            ConfigError: it is not one.
        """
        text = self.text()
        try:
            value = float(text)
        except ValueError:
            raise self.wrong(said("must be a number, not {text!r}", text=text)) from None
        if not math.isfinite(value) or not least <= value <= most:
            raise self.wrong(
                said("must be between {least:g} and {most:g}, not {text}", least=least, most=most, text=text)
            )
        return value

    def whole(self, least: int, most: int) -> int:
        """Return a whole number from ``least`` to ``most``.

        Raises:
            ConfigError: it is not one.
        """
        value = self.number(least, most)
        if value != int(value):
            raise self.wrong(said("must be a whole number, not {text}", text=self.text()))
        return int(value)

    def switch(self) -> bool:
        """Return True or False.

        Raises:
            ConfigError: it is neither.
        """
        return self.choice(("true", "false")) == "true"


def read_settings(path: Path, *, most: int) -> str:
    """Read the text of a settings file, without its byte order mark.

    Args:
        path: the file.
        most: its maximum size in bytes.

    Raises:
        ConfigError: it cannot be read, is not UTF-8, or is too large.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise ConfigError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error
    if len(data) > most:
        raise ConfigError(said("is larger than {most:,} bytes", most=most), path=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(said("is not UTF-8"), path=path, line=line, remedy=said("Save the file as UTF-8.")) from error


def read_tree(path: Path) -> Tree:
    """Load the settings file at ``path``.

    Raises:
        ConfigError: it cannot be read, is not UTF-8 or not valid YAML, is too large, or uses anchors.
    """
    return parse_tree(path, read_settings(path, most=_LARGEST))


def parse_tree(path: Path, text: str) -> Tree:
    """Load the text of a settings file.

    Args:
        path: the file, for messages.
        text: its content, without a byte order mark.

    Raises:
        ConfigError: it is not valid YAML, or uses anchors.
    """
    try:
        for event in parse_yaml_events(text, lambda message, line: ConfigError(message, path=path, line=line)):
            if event.start_mark is not None and (isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None)):
                raise ConfigError(
                    said("anchors (&) and aliases (*) are not supported here"),
                    path=path,
                    line=event.start_mark.line + 1,
                    remedy=said("Write the value out, or put it in quotes if & or * begins a text."),
                )
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(
            said("is not valid YAML: {problem}", problem=error.problem or error.context),
            path=path,
            line=_line_at(text, mark.index if mark else 0),
        ) from error
    except yaml.YAMLError as error:
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        message = said("contains a character that YAML does not allow")
        if found:
            message = said("{message}: U+{code:04X}", message=message, code=ord(found[0]))
        raise ConfigError(
            message,
            path=path,
            line=_line_at(text, found.start() if found else 0),
            remedy=said("Remove it."),
        ) from error
    if node is None:
        raise ConfigError(said("is empty"), path=path)
    return Tree(path, node, "")


def _line_at(text: str, offset: int) -> int:
    """1-based line of a character. (The parser counts one more at the end of a file without a final line end.)"""
    return len(_BREAK.findall(text, 0, offset)) + 1


def _kind(node: yaml.Node) -> str:
    kinds: Mapping[type[yaml.Node], str] = {yaml.MappingNode: said("a mapping"), yaml.SequenceNode: said("a list")}
    return kinds.get(type(node), said("nothing") if node.tag == "tag:yaml.org,2002:null" else said("text"))
