"""Front matter: the block of YAML or TOML at the beginning of a post, read by a parser and edited in place.

::

    bytes ─ read_front_matter ─> FrontMatter ─ with_value ─> FrontMatter ─ encode ─> bytes

The result of ``encode`` differs from the input only in the characters of the values that were set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tts_render.ground.errors import PostError, TtsRenderError
from tts_render.ground.messages import said
from tts_render.site.frontmatter.block import Block, Source, Value, Written, lookup
from tts_render.site.frontmatter.toml_block import TomlBlock, parse_toml
from tts_render.site.frontmatter.yaml_block import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tts_render.site.presets import Key

__all__ = ["FrontMatter", "Value", "Written", "decode_post", "lookup", "peek", "read_front_matter"]

# Jekyll and Hugo allow space after a fence, Hugo and Zola blank lines before the first one. YAML may end with ``...``.
# (?>...) is atomic: otherwise \r\n could match as two line ends, and each of n blank lines would double the work.
_OPENING = re.compile(r"\ufeff?(?:[ \t]*(?>\r\n|\r|\n))*(---|\+\+\+)[ \t]*(\r\n|\r|\n)")
_CLOSING = {
    "---": re.compile(r"(?<![^\r\n])(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n|\Z)"),
    "+++": re.compile(r"(?<![^\r\n])\+\+\+[ \t]*(?:\r\n|\r|\n|\Z)"),
}
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A file that begins with front matter, in four pieces that together make up the file."""

    head: str
    """What comes before the block: a byte order mark, if any, and the first fence."""
    block: Block
    fence: str
    """The closing fence, with its line ending."""
    body: str
    """Everything after it, as in the file."""
    body_line: int
    """1-based line at which the body begins."""

    @property
    def kind(self) -> Literal["yaml", "toml"]:
        """The language of the block."""
        return "toml" if isinstance(self.block, TomlBlock) else "yaml"

    @property
    def data(self) -> Mapping[str, object]:
        """All values of the block, read-only."""
        return self.block.data

    def find(self, key: Key) -> Written | None:
        """Return the value at ``key``, or None if the key is missing.

        Raises:
            PostError: the key occurs twice.
        """
        return self.block.find(key)

    def with_value(self, key: Key, value: Value) -> FrontMatter:
        """Return the file with ``value`` at ``key``, and without any other change.

        An existing value is replaced; a missing key is added at the end of its group, and a missing group at the end of
        the block. The result has been parsed again and compared.

        Raises:
            PostError: it cannot be done without changing anything else.
        """
        block = self.block.with_value(key, value)
        added = _count_lines(block.source.text) - _count_lines(self.block.source.text)
        return replace(self, block=block, body_line=self.body_line + added)

    def encode(self) -> bytes:
        """The bytes of the file."""
        return (self.head + self.block.source.text + self.fence + self.body).encode("utf-8")


def decode_post(path: Path, source: bytes) -> str:
    """Decode the text of a post, keeping a byte order mark.

    Raises:
        PostError: it is empty or not UTF-8.
    """
    if not source.strip():
        raise PostError(
            said("is empty"), path=path, remedy=said("A post begins with front matter between two lines ---.")
        )
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _count_lines(source[: error.start].decode("utf-8")) + 1
        raise PostError(
            said("is not UTF-8: byte 0x{source:02X} at offset {start}", source=source[error.start], start=error.start),
            path=path,
            line=line,
            remedy=said("Save the file as UTF-8."),
        ) from error


def read_front_matter(path: Path, text: str, *, any_case: bool = False) -> FrontMatter | None:
    """Parse the front matter at the beginning of ``text``; None if there is none.

    Args:
        path: the file, for messages.
        text: the whole file.
        any_case: whether ``Title`` and ``title`` are the same key.

    Raises:
        PostError: the block is not closed, or is not valid YAML or TOML.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return None
    line = _count_lines(opening[0]) + 1
    closing = _CLOSING[opening[1]].search(text, opening.end())
    if closing is None:
        raise PostError(
            said("the front matter that begins here is not closed"),
            path=path,
            line=line - 1,
            remedy=said("Add a line {opening} below its last key.", opening=opening[1]),
        )
    source = Source(path, text[opening.end() : closing.start()], line, opening[2])
    parse = parse_yaml if opening[1] == "---" else parse_toml
    body = text[closing.end() :]
    return FrontMatter(
        head=opening[0],
        block=parse(source, any_case=any_case),
        fence=closing[0],
        body=body,
        body_line=line + _count_lines(source.text) + 1,
    )


def peek(path: Path, keys: Sequence[str]) -> Mapping[str, object]:
    """Read front matter cheaply: all values if any of ``keys`` may be among them, else none.

    A missing or broken file has no values.

    Args:
        path: the file.
        keys: in lower case; the file may have them in any case.
    """
    try:
        raw = path.read_bytes()
        if not any(key.encode() in raw.lower() for key in keys):
            return {}
        matter = read_front_matter(path, decode_post(path, raw))
    except (TtsRenderError, OSError):
        return {}
    return {} if matter is None else matter.data


def _count_lines(text: str) -> int:
    return len(_BREAK.findall(text))
