"""What stands in the documents: code blocks, tables, links and headings, as Markdown itself sees them."""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("scripts/README.md"), *ROOT.glob("examples/**/README.md")]
)  # fmt: skip
"""Every document that people read."""


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    line: int
    """1-based line of the document on which its text begins."""


Piece = tuple[str, str]
"""A part of a table's cell: ("code" or "text", what it says)."""


@dataclass(frozen=True)
class Row:
    """A row of a table, by the names of its columns."""

    cells: dict[str, tuple[Piece, ...]]

    def code(self, column: str) -> list[str]:
        """The code spans of a cell."""
        return [text for kind, text in self.cells[column] if kind == "code"]

    def text(self, column: str) -> str:
        """All of a cell."""
        return "".join(text for _, text in self.cells[column])


def tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path: Path, *languages: str) -> list[Block]:
    """The fenced blocks in one of these languages, or all of them."""
    return [
        Block(token.info.strip(), token.content, token.map[0] + 2)
        for token in tokens(path)
        if token.type == "fence" and token.map and (not languages or token.info.strip() in languages)
    ]


def rows(path: Path, *columns: str) -> list[Row]:
    """The rows of all tables that have at least these columns."""
    return [row for _, row in rows_by_heading(path, *columns)]


def rows_by_heading(path: Path, *columns: str) -> list[tuple[str, Row]]:
    """The same, each with the heading that its table stands under."""
    found: list[tuple[str, Row]] = []
    heading = ""
    names: list[str] = []
    cells: list[tuple[Piece, ...]] = []
    stream = iter(tokens(path))
    for token in stream:
        if token.type == "heading_open":
            heading = plain(next(stream))
        elif token.type in ("th_open", "td_open"):
            cells.append(tuple(pieces(next(stream))))
        elif token.type == "tr_close":
            if not names:
                names = ["".join(text for _, text in cell) for cell in cells]
            elif set(columns) <= set(names):
                found.append((heading, Row(dict(zip(names, cells, strict=True)))))
            cells = []
        elif token.type == "table_close":
            names = []
    return found


def pieces(inline: Token) -> Iterator[Piece]:
    for child in inline.children or ():
        if child.type == "code_inline":
            yield "code", child.content
        elif child.type == "text" and child.content:
            yield "text", child.content
        elif child.type == "softbreak":
            yield "text", " "


def plain(inline: Token) -> str:
    return "".join(text for _, text in pieces(inline))


def links(path: Path) -> list[str]:
    """Where links and images lead."""
    return [
        str(child.attrs["href" if child.type == "link_open" else "src"])
        for token in tokens(path)
        for child in token.children or ()
        if child.type in ("link_open", "image")
    ]


def anchors(path: Path) -> set[str]:
    """What a link to a heading of the document may end with, as GitHub makes it of the heading."""
    found: set[str] = set()
    stream = iter(tokens(path))
    for token in stream:
        if token.type == "heading_open":
            text = plain(next(stream)).lower()
            kept = "".join(c for c in text if c in " -_" or unicodedata.category(c)[0] in "LNM")
            slug = kept.replace(" ", "-")
            number = 0
            while (name := slug if not number else f"{slug}-{number}") in found:
                number += 1
            found.add(name)
    return found


def commands(path: Path) -> list[list[str]]:
    """The commands of the shell blocks, as words; comments are left out and continued lines joined."""
    found: list[list[str]] = []
    for block in blocks(path, "sh"):
        for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
            words = shlex.split(line, comments=True)
            if words:
                found.append(words)
    return found
