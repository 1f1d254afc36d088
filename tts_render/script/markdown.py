"""The body of a post, in Markdown.

::

    ## 今週の話題                        Cue("section", "今週の話題"), Line
    - [題名](https://example.com/a)      Cue("section", "題名", "https://example.com/a"), Line, Pause("paragraph")
    本文です。**強調**も読む。           Line, Line
    引用元: https://example.com/a        nothing
    - 一つ目                             Line
    - 二つ目                             Line

Headings, list items, paragraphs, quotations, links and inline code are spoken, and so is text in HTML. Not spoken are
purely visual elements (code blocks, tables, images, embedded players), elements of the page (sources, credits, the
form for letters, headings with nothing under them), and addresses. Headings of the first two levels begin sections,
and so does a list item that consists of a single link: the title of an article.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.base import Source
from tts_render.script.builder import ScriptBuilder
from tts_render.script.cleaning import ENDING, clean, speakable
from tts_render.script.dialogue import find_label
from tts_render.script.furniture import is_credit, is_form, is_label, is_source
from tts_render.script.inline import Row, html_rows, join_rows, rows_of
from tts_render.script.inserts import Inserts
from tts_render.script.markup import drop_references, take_markup
from tts_render.script.shortcodes import PLACEHOLDER, remove_shortcodes
from tts_render.script.templates import fill, holds_article
from tts_render.script.text import strip_bullet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from tts_render.script.base import Item, Notation, Remark

__all__ = ["read_markdown"]

_SECTION_LEVEL = 2  # headings down to this level begin sections; deeper ones structure a section
_DEEPEST = 100  # nesting of blocks; anything deeper would not be read
_LINE_END = re.compile(r"\r\n?")
_ATTRIBUTES = re.compile(r"^[ \t]*\{::?[^{}\n]*\}[ \t]*$|(?<=[)\]*_`>])\{:[^{}\n]*\}", re.MULTILINE)
_FOOTNOTE_LABEL = re.compile(r"^ {0,3}\[\^[^\]\n]{1,40}\]:[ \t]*", re.MULTILINE)
_LOOSE_LINK = re.compile(r"\[(?P<title>.+)\]\((?P<address>https?://\S+)\)")


@dataclass(frozen=True, slots=True)
class _Title:
    """A heading, or the title of an article."""

    level: int
    """1 to 6; 0 for the title of an article."""
    text: str
    line: int
    address: str | None = None
    underlined: bool = False
    """Whether a line of hyphens or equals signs makes it one, which may have been meant differently."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A paragraph or a list item."""

    passages: Sequence[Sequence[tuple[str, int]]]
    """(text, line) of the rows of each passage."""
    apart: bool
    """Whether it is a separate paragraph, not an item of a tight list."""


@dataclass(frozen=True, slots=True)
class _Break:
    """Something unspoken between paragraphs, or a section border."""

    line: int
    section: bool = False


_Block = _Title | _Text | _Break


def read_markdown(source: Source, notation: Notation) -> tuple[Item | Remark, ...]:
    """Yield the items of a post's body.

    Raises:
        ScriptError: it contains a shortcode with text, and nothing says how to speak it.
    """
    text = drop_references(clean(_LINE_END.sub("\n", source.text)))
    inserts = Inserts()
    text = remove_shortcodes(Source(source.path, text, source.first_line), notation, inserts)
    text = take_markup(Source(source.path, text, source.first_line), notation, inserts, markdown=True)
    text = _FOOTNOTE_LABEL.sub("", _ATTRIBUTES.sub("", text))
    parser = _parser()
    reader = _Reader(Source(source.path, text, source.first_line), parser, notation)
    script = ScriptBuilder(notation, inserts)
    blocks = _spoken(list(reader.blocks(parser.parse(text))))
    count = sum(isinstance(block, _Title) and not block.level for block in blocks)
    templates = notation.templates
    if templates.intro:
        script.say((fill(templates.intro, templates, source.path, count=count), source.first_line))
        script.pause("paragraph", source.first_line)
    n = 0
    for block in blocks:
        match block:
            case _Break(line, section):
                if section:
                    script.section(line)
                else:
                    script.pause("paragraph", line)
            case _Title(level, title, line, address):
                if level <= _SECTION_LEVEL or address:
                    script.section(line, title, address)
                else:
                    script.pause("paragraph", line)
                if not level and templates.before_article:
                    n += 1
                    said = fill(templates.before_article, templates, source.path, count=count, n=n, article=title)
                    script.say((said, line))
                if level or not templates.before_article or not holds_article(templates.before_article):
                    script.say((title, line))
                script.pause("paragraph", line)
            case _Text(passages, apart):
                if apart:
                    script.pause("paragraph", passages[0][0][1])
                for (text, line), *rest in passages:
                    if label := find_label(text, notation):
                        script.speaker(label.speaker, label.style)
                        text = label.rest
                    script.say((strip_bullet(text), line), *rest)
                if apart:
                    script.pause("paragraph", passages[-1][-1][1])
    if templates.outro:
        line = source.first_line + source.text.rstrip().count("\n")
        if count:
            script.section(line)
        script.pause("paragraph", line)
        script.say((fill(templates.outro, templates, source.path, count=count), line))
    return (*script.items(), *inserts.remarks)


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # imported only when there is Markdown to read

    return MarkdownIt("commonmark", {"html": True, "maxNesting": _DEEPEST}).enable(["table", "strikethrough"])


def _spoken(blocks: Sequence[_Block]) -> list[_Block]:
    """``blocks`` without labels and without headings that have nothing under them."""
    kept: list[_Block] = []
    speaks = dict.fromkeys(range(1, 7), False)  # whether something is said before the next heading of this level
    for block in reversed(blocks):
        if isinstance(block, _Title) and block.level and not block.address:
            under = speaks[block.level]
            speaks.update(dict.fromkeys(range(block.level, 7), False))
            if block.underlined and not under:
                block = _Text([[(block.text, block.line)]], apart=True)
                speaks = dict.fromkeys(speaks, True)
            elif not under or is_label(block.text):
                block = _Break(block.line)
        elif not isinstance(block, _Break):
            speaks = dict.fromkeys(speaks, True)
        kept.append(block)
    kept.reverse()
    return kept


class _Reader:
    """Walks over the tokens of a body."""

    def __init__(self, source: Source, parser: MarkdownIt, notation: Notation) -> None:
        self._notation = notation
        self._source = source
        self._parser = parser

    def blocks(self, tokens: Sequence[Token]) -> Iterator[_Block]:
        lists: list[bool] = []  # for each open list, whether its items may be titles of articles
        fresh = False  # at the beginning of a list item
        line = self._source.first_line
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.map:
                line = self._source.first_line + token.map[0]
            index += 1
            match token.type:
                case "bullet_list_open" | "ordered_list_open":
                    lists.append(token.level == 0 and _may_hold_titles(tokens, index))
                    if len(lists) == 1:
                        yield _Break(line)
                case "bullet_list_close" | "ordered_list_close":
                    lists.pop()
                    if not lists:
                        yield _Break(line)
                case "list_item_open":
                    fresh = True
                case "table_open":
                    while tokens[index].type != "table_close":
                        index += 1
                    yield _Break(line)
                case "hr":
                    yield _Break(line, section=True)
                case "fence" | "code_block":
                    yield _Break(line)
                case "html_block":
                    yield from self._text(html_rows(token.content, line), apart=True, listed=bool(lists))
                case "heading_open":
                    yield from self._heading(token, tokens[index], line)
                case "paragraph_open":
                    item = fresh and bool(lists)
                    fresh = False
                    yield from self._paragraph(
                        tokens[index], line, apart=not token.hidden, listed=bool(lists), title=item and lists[-1]
                    )

    def _heading(self, token: Token, inline: Token, line: int) -> Iterator[_Block]:
        rows, address = rows_of(inline, line)
        if not rows:
            return
        underlined = token.markup in ("-", "=")
        if underlined and (len(rows) > 1 or rows[-1].text[-1] in ENDING):
            # A line of hyphens under a paragraph was meant as a border, whatever Markdown makes of it.
            yield from self._text(rows, apart=True, listed=False)
            yield _Break(rows[-1].line + 1, section=token.markup == "-")
            return
        self._refuse_placeholders(rows)
        title = " ".join(row.text for row in rows)
        if speakable(title):
            yield _Title(int(token.tag[1]), title, line, address if address and "://" in address else None, underlined)

    def _paragraph(self, inline: Token, line: int, *, apart: bool, listed: bool, title: bool) -> Iterator[_Block]:
        rows, address = rows_of(inline, line)
        loose = _LOOSE_LINK.fullmatch(inline.content.strip()) if title and address is None else None
        if loose and "](" not in loose["title"]:
            # Markdown does not recognise a link whose title has unbalanced brackets.
            rows, _ = rows_of(self._parser.parseInline(loose["title"])[0], line)
            address = loose["address"]
        if address is not None:
            text = " ".join(row.text for row in rows)
            if is_form(text, address):
                yield _Break(line)
                return
            if title and not address.startswith(("#", "mailto:")) and speakable(text):
                self._refuse_placeholders(rows)
                yield _Title(0, text, line, address)
                return
        yield from self._text(rows, apart=apart, listed=listed)

    def _text(self, rows: Sequence[Row], *, apart: bool, listed: bool) -> Iterator[_Block]:
        self._refuse_placeholders(rows)
        part: list[Row] = []
        parts = [part]
        for row in rows:
            if is_source(row.text, linked=row.linked) or is_credit(row.text, listed=listed):
                parts.append(part := [])
            else:
                if part and find_label(row.text, self._notation):
                    parts.append(part := [])
                part.append(row)
        passages = [passage for part in parts for passage in join_rows(part)]
        if any(speakable(text) for passage in passages for text, _ in passage):
            yield _Text(passages, apart)
        elif rows:
            yield _Break(rows[0].line)

    def _refuse_placeholders(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if found := PLACEHOLDER.search(row.text):
                raise ScriptError(
                    said("contains {found}, which only the site generator can fill in", found=found.group()),
                    path=self._source.path,
                    line=row.line,
                    remedy=said("Write the text itself into the post, or give the episode a script of its own (.txt)."),
                )


def _may_hold_titles(tokens: Sequence[Token], index: int) -> bool:
    """Whether the list whose content begins at ``index`` has a single item, or empty lines between its items."""
    items = 0
    for token in tokens[index:]:
        if token.level == 0:
            break
        if token.level == 1 and token.type == "list_item_open":
            items += 1
        if token.level == 2 and token.type == "paragraph_open" and not token.hidden:
            return True
    return items == 1
