"""Plain text: a line is an utterance, an empty line ends a paragraph, ``----`` ends a section.

::

    台本 .txt                              Script
    こんにちは。今日の話題です。       ->   Line, Line
                                       ->   Pause("paragraph")
    一つ目はこちら。                   ->   Line
    ----                               ->   Cue("section")
    ----二つ目。                       ->   Cue("section"), Line
    ……                                 ->   Pause("paragraph")

Scripts come from people and from language models, so leftovers of Markdown are removed: headings, list marks, stars,
backticks and fences (the text between two fences is spoken).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.base import Source
from tts_render.script.builder import ScriptBuilder
from tts_render.script.cleaning import clean, fold_space, strip_markup
from tts_render.script.dialogue import find_label
from tts_render.script.inserts import Inserts
from tts_render.script.markup import take_markup, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.script.base import Item, Notation, Remark

__all__ = ["decode_script", "read_text", "strip_bullet"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_RULE = re.compile(r"[-－‐‑‒–—―─━═=＝_＿ー]{3,}|(?:[-*＊_]\s*){3,}")
# A rule that is attached to text is told from a dash by its characters, or by its length.
_GLUED_BEFORE = re.compile(r"(?:[-－]{3,}|[─━═]{3,}|[—―]{4,})\s*(?=[^\s|>])")
_GLUED_AFTER = re.compile(r"(?<=[^\s|－─━═—―-])\s{0,16}(?:[-－]{3,}|[─━═]{3,}|[—―]{4,})$")
_GLUED_BETWEEN = re.compile(r"(?<=[。！？!?」』）)☆♪])\s{0,16}(?:[-－]{4,}|[─━═]{4,})\s*(?=[^\s|-])")
_FENCE = re.compile(r"(?:`{3,}|~{3,})[\w+#.-]*$")
_PREFIX = re.compile(r"(?:#{1,6}\s+|[-*+•]\s+|>\s*)+")
_BULLET = re.compile(r"[・●■◆▼▶►]\s*(?=[^\s・●■◆▼▶►])")


def decode_script(path: Path, data: bytes) -> str:
    """Decode a script file, which is UTF-8 with or without a byte order mark.

    Raises:
        ScriptError: it is something else; the error gives the line, the byte and the likely encoding.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScriptError(
            said(
                "is not UTF-8: byte 0x{data:02X} at offset {start}{likely}",
                data=data[error.start],
                start=error.start,
                likely=_likely(data),
            ),
            path=path,
            line=data.count(b"\n", 0, error.start) + 1,
            remedy=said("Save the file as UTF-8."),
        ) from error


def read_text(source: Source, notation: Notation) -> tuple[Item | Remark, ...]:
    """Return the items of a plain text, and remarks.

    Raises:
        ScriptError: markup refers to something that does not exist.
    """
    inserts = Inserts()
    text = clean(_LINE_END.sub("\n", source.text))
    text = unescape(take_markup(Source(source.path, text, source.first_line), notation, inserts))
    script = ScriptBuilder(notation, inserts)
    for number, line in enumerate(text.split("\n"), source.first_line):
        for piece in _pieces(line.strip()):
            if piece is None:
                script.section(number)
            elif piece and (label := find_label(piece, notation)):
                script.speaker(label.speaker, label.style)
                if label.rest:
                    script.say((label.rest, number))
            elif piece:
                script.say((piece, number))
            else:
                script.pause("paragraph", number)
    return (*script.items(), *inserts.remarks)


def strip_bullet(text: str) -> str:
    """Remove the mark that makes ``text`` a list item: ``・`` and the like, but not ``・・・``."""
    return _BULLET.sub("", text, count=1) if _BULLET.match(text) else text


def _pieces(line: str) -> Iterator[str | None]:
    """What a line says: texts, and None for a section border. An empty text ends the paragraph."""
    if _RULE.fullmatch(line):
        yield None
        return
    if _FENCE.fullmatch(line):
        return
    if before := _GLUED_BEFORE.match(line):
        yield None
        line = line[before.end() :]
    after = _GLUED_AFTER.search(line)
    if after:
        line = line[: after.start()]
    for index, text in enumerate(_GLUED_BETWEEN.split(line)):
        if index:
            yield None
        yield fold_space(strip_bullet(strip_markup(_PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text)))
    if after:
        yield None


def _likely(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return said("; it seems to be UTF-16")
    for encoding, name in (("euc_jp", "EUC-JP"), ("cp932", "Shift_JIS")):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return said("; it seems to be {name}", name=name)
    return ""
