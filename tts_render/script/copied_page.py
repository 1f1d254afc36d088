"""The page of an episode, copied from a browser as plain text; its post is one whose body is spoken.

::

    朝の技術だより                                  nothing: the page title
    Description                                     nothing
    関連リンク                                      nothing
    鍵を二つに分けると、片方は配ってよくなります。  Line
    - 一つ目: 公開鍵                                Line
    引用元: https://example.com/keys                nothing; URL of the section
    次の記事です。                                  Cue("section", url=…), Line
    VOICEVOX:春日部つむぎ                           nothing

A line is a paragraph, and a line that begins with ``-`` is a list item. The titles of the articles are lost in the
copy, but their sources are not, and each source ends its section.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.script.base import Source
from tts_render.script.builder import ScriptBuilder
from tts_render.script.cleaning import ADDRESS, clean, fold_space, speakable, strip_markup
from tts_render.script.dialogue import find_label
from tts_render.script.furniture import is_credit, is_form, is_label, is_source
from tts_render.script.inserts import Inserts
from tts_render.script.markup import take_markup, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.script.base import Item, Notation, Remark

__all__ = ["is_rendered_page", "read_rendered"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_ITEM = re.compile(r"[-・*]\s+")
_LINK = re.compile(r"\[(?P<title>.+)\]\((?P<address>https?://\S+)\)")
_HEAD = 8  # number of lines in which the page's labels are looked for


def is_rendered_page(text: str) -> bool:
    """Whether ``text`` is such a page: a title, the page's labels below it, and sources or a credit."""
    lines = [line.strip() for line in _LINE_END.split(text) if line.strip()]
    head = [line.casefold() for line in lines[1:_HEAD]]
    if "description" not in head and not any(is_label(line) for line in head):
        return False
    return any(is_source(line, linked=False) for line in lines) or is_credit(lines[-1], listed=False)


def read_rendered(source: Source, notation: Notation) -> tuple[Item | Remark, ...]:
    """The items of a page.

    Raises:
        ScriptError: markup refers to something that does not exist.
    """
    inserts = Inserts()
    text = clean(_LINE_END.sub("\n", source.text))
    text = unescape(take_markup(Source(source.path, text, source.first_line), notation, inserts))
    script = ScriptBuilder(notation, inserts)
    for section in _sections(_rows(text, source.first_line)):
        script.section(section.rows[0][1], section.title, section.url)
        for row, line, item in section.rows:
            label = find_label(row, notation)
            if label:
                script.speaker(label.speaker, label.style)
            if not item:
                script.pause("paragraph", line)
            script.say((label.rest if label else row, line))
            if not item:
                script.pause("paragraph", line)
    return (*script.items(), *inserts.remarks)


@dataclass(frozen=True, slots=True)
class _Section:
    rows: list[tuple[str, int, bool]]
    """(text, line, whether it is a list item)."""
    title: str | None
    url: str | None


def _rows(text: str, first_line: int) -> Iterator[tuple[str, int, bool]]:
    """The lines of the page except its furniture; sources are kept, since they end sections."""
    titled = False
    for number, line in enumerate(text.split("\n"), first_line):
        item = _ITEM.match(line.strip())
        row = line.strip()[item.end() :] if item else line.strip()
        if not row:
            continue
        if not titled:
            titled = True
        elif row.casefold() == "description" or is_label(row) or is_credit(row, listed=item is not None):
            continue
        elif not is_form(row, row) or len(row) > 40:
            yield row, number, item is not None


def _sections(rows: Iterator[tuple[str, int, bool]]) -> Iterator[_Section]:
    kept: list[tuple[str, int, bool]] = []
    title: str | None = None
    url: str | None = None
    for row, line, item in rows:
        link = _LINK.fullmatch(row)
        if link:
            if any(speakable(text) for text, _, _ in kept):
                yield _Section(kept, title, url)
            title, url = link["title"], link["address"]
            kept = [(fold_space(strip_markup(title)), line, False)]
        elif is_source(row, linked=False):
            address = ADDRESS.search(row)
            if kept:
                yield _Section(kept, title, url or (address.group() if address else None))
            kept, title, url = [], None, None
        else:
            kept.append((fold_space(strip_markup(row)), line, item))
    if kept:
        yield _Section(kept, title, url)
