"""The lines of a paragraph, a heading or a piece of HTML, as text: links, emphasis and code become what they say."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from tts_render.script.cleaning import CLOSING, ENDING, fold_space, strip_markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from markdown_it.token import Token

__all__ = ["Row", "html_rows", "join_rows", "rows_of"]

_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]")
_ITEM = re.compile(r"[・●■◆▼▶►◎※○①-⑳❶-❿]|[(（]?[0-9]{1,2}(?:[)）]|[.．]\s)")
_SETTLED = re.compile(rf"[{ENDING}:：][{re.escape(CLOSING)}\"'’…‥♪☆★]*$|^【[^【】]*】$")

_MUTE = frozenset([
    "script", "style", "iframe", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "pre", "svg", "video",
    "audio", "object", "canvas", "template", "noscript", "button", "select", "textarea", "nav", "head", "title",
    "rt", "rp", "figure", "map", "math",
])  # fmt: skip
"""Elements whose content is not spoken."""
_APART = frozenset([
    "address", "article", "aside", "blockquote", "br", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "section",
    "summary", "ul",
])  # fmt: skip
"""Elements before and after which a line ends."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the source, as it reads on the page."""

    text: str
    line: int
    """1-based line in the source."""
    stressed: bool = False
    """Whether all of it is emphasised, like a small heading."""
    linked: bool = False
    """Whether part of it is a link."""
    final: bool = False
    """Whether the page breaks the line after it."""


def rows_of(token: Token, line: int) -> tuple[list[Row], str | None]:
    """The rows of an inline token that begins on ``line``, and, if they are a single link, its target."""
    reader = _Rows(token.content, line)
    for child in token.children or ():
        reader.take(child)
    reader.end_row(final=True)
    return [row for row in reader.rows if row.text], reader.sole_link()


def html_rows(html: str, line: int) -> list[Row]:
    """The rows of a piece of HTML that begins on ``line``: its text, without purely visual elements."""
    reader = _Html(line)
    closed = html.rfind("-->") + 1  # beyond this no comment is closed, and the parser would look for the end of each
    reader.feed(html[:closed] + html[closed:].replace("<!--", ""))
    reader.close()
    reader.end_row()
    return [row for row in reader.rows if row.text]


def join_rows(rows: Iterable[Row]) -> list[list[tuple[str, int]]]:
    """Group rows into passages of (text, line): a row that continues in the next one belongs to the same passage."""
    passages: list[list[tuple[str, int]]] = []
    before: Row | None = None
    for row in rows:
        if before is None or before.final or before.stressed or _SETTLED.search(before.text) or _begins(row):
            passages.append([(row.text, row.line)])
        else:
            text, line = passages[-1].pop()
            passages[-1] += [(text + _joint(text[-1], row.text[0]), line), (row.text, row.line)]
        before = row
    return passages


def _begins(row: Row) -> bool:
    return row.stressed or _ITEM.match(row.text) is not None


def _joint(before: str, after: str) -> str:
    """What joins two lines that are one: nothing beside Japanese, a space between Latin words."""
    if before == ".":
        return " "  # it may end a sentence
    wide = unicodedata.east_asian_width(before) in "WF" or unicodedata.east_asian_width(after) in "WF"
    return "" if wide else " "


class _Rows:
    """Walks over the children of an inline token."""

    def __init__(self, content: str, line: int) -> None:
        self.rows: list[Row] = []
        self._content = content
        self._position = 0  # in the content; code was searched for up to here
        self._line = line
        self._began = line  # the line where this row began: code and tags may span several
        self._pieces: list[str] = []
        self._stress = 0
        self._plain = False  # whether something in this row is not emphasised
        self._linked = False
        self._mute: list[str] = []
        self._link: str | None = None  # target of the open link, if any
        self._links: list[str] = []  # targets of the links that have text
        self._outside = False  # whether there is text outside links

    def take(self, token: Token) -> None:
        match token.type:
            case "text":
                self._add(_FOOTNOTE.sub("", strip_markup(token.content)))
            case "code_inline":
                self._add(token.content)
                self._line += self._breaks_in_code(token.content)
            case "softbreak" | "hardbreak":
                self._line += 1
                self.end_row(final=token.type == "hardbreak")
            case "html_inline":
                self._take_html(token.content)
            case "strong_open" | "em_open":
                self._stress += 1
            case "strong_close" | "em_close":
                self._stress -= 1
            case "link_open":
                self._link = str(token.attrs.get("href", ""))
            case "link_close":
                self._link = None

    def end_row(self, *, final: bool) -> None:
        text = fold_space("".join(self._pieces))
        self.rows.append(Row(text, self._began, bool(text) and not self._plain, self._linked, final))
        self._began = self._line
        self._pieces = []
        self._plain = False
        self._linked = self._link is not None

    def sole_link(self) -> str | None:
        return self._links[0] if len(self._links) == 1 and not self._outside else None

    def _add(self, text: str) -> None:
        if self._mute:
            return
        self._pieces.append(text)
        if not text.strip():
            return
        self._plain = self._plain or not self._stress
        if self._link is None:
            self._outside = True
        else:
            self._linked = True
            if self._links[-1:] != [self._link]:
                self._links.append(self._link)

    def _take_html(self, html: str) -> None:
        self._line += html.count("\n")
        tag = _TAG.match(html)
        name = tag[2].lower() if tag else ""
        if tag and name in _MUTE and not html.endswith("/>"):
            if not tag[1]:
                self._mute.append(name)
            elif name in self._mute:
                self._mute.remove(name)
        elif name in _APART:
            self.end_row(final=True)

    def _breaks_in_code(self, code: str) -> int:
        """Count line breaks inside inline code, which become spaces there."""
        if "\n" not in self._content:
            return 0
        found = re.compile(r"\s".join(map(re.escape, code.split(" ")))).search(self._content, self._position)
        if found is None:
            return 0
        self._position = found.end()
        return found.group().count("\n")


class _Html(HTMLParser):
    """Collects the text of a piece of HTML, line by line."""

    def __init__(self, line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[Row] = []
        self._first = line
        self._began = line
        self._pieces: list[str] = []
        self._linked = False
        self._mute: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag in _MUTE:
            self._mute.append(tag)
        elif tag in _APART:
            self.end_row()
        elif tag == "a":
            self._linked = True

    def handle_startendtag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag in _APART:
            self.end_row()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._mute:
            self._mute.remove(tag)
        elif tag in _APART:
            self.end_row()

    def handle_data(self, data: str) -> None:
        if self._mute:
            return
        line = self._first + self.getpos()[0] - 1
        for index, text in enumerate(strip_markup(data).split("\n")):
            if index:
                self.end_row(final=False)
            if not self._pieces:
                self._began = line + index
            self._pieces.append(text)

    def end_row(self, *, final: bool = True) -> None:
        self.rows.append(Row(fold_space("".join(self._pieces)), self._began, linked=self._linked, final=final))
        self._pieces = []
        self._linked = False
