"""The project's lexicon: words in voices.yaml, and in CSV files beside it.

A CSV file has the columns ``surface`` and ``reading``, and may have ``accent`` and ``class``; its first line names
them. An entry with an accent can be put into an engine's user dictionary; until then, its reading is used as usual.
"""

from __future__ import annotations

import csv
import io
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tts_render.ground.errors import ConfigError, InputError
from tts_render.ground.messages import listed, said
from tts_render.ground.reasons import words_of
from tts_render.ground.yamltree import nearest, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.ground.yamltree import Tree

__all__ = [
    "WORD_CLASSES",
    "Entry",
    "EntryError",
    "WordClass",
    "count_moras",
    "lexicon_files",
    "make_entry",
    "named_file",
    "read_csv",
    "read_lexicon",
    "to_katakana",
]

WordClass = Literal["proper_noun", "common_noun", "verb", "adjective", "suffix"]
WORD_CLASSES: tuple[WordClass, ...] = get_args(WordClass)

_COLUMNS = ("surface", "reading", "accent", "class")
_LARGEST = 4_000_000  # bytes
_KATAKANA = re.compile("[ァ-ヴー]+")
_MORA = re.compile("[ァ-ヴー][ァィゥェォャュョヮ]?")
_HIRAGANA = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゔ") + 1)}


class EntryError(InputError):
    """Something in an entry is wrong.

    Args:
        message: what.
        field: which of its fields: ``surface``, ``reading`` or ``accent``.
    """

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Entry:
    """How one word is read."""

    surface: str
    reading: str
    """In katakana if there is an accent."""
    accent: int | None = None
    """The mora after which the pitch falls; 0 if it does not fall. None leaves it to the engine."""
    word_class: WordClass = "proper_noun"


def to_katakana(text: str) -> str:
    """``text`` with hiragana converted to katakana."""
    return text.translate(_HIRAGANA)


def count_moras(kana: str) -> int:
    """Number of moras in a katakana word."""
    return len(_MORA.findall(kana))


def read_lexicon(tree: Tree, root: Path | None) -> tuple[Entry, ...]:
    """All words of a ``lexicon:`` setting; if a word occurs in several places, the first one counts.

    Args:
        tree: a mapping of words to readings, or ``file:`` with the name of a CSV file, or a list of both.
        root: the site's root; files must lie in it or in the folder of the settings.

    Raises:
        ConfigError: something in it is wrong; the error gives file and line.
        OutsideSiteError: a file lies elsewhere.
    """
    found: dict[str, Entry] = {}
    for part in tree.items() if tree.is_list else (tree,):
        for entry in _part(part, root):
            found.setdefault(entry.surface, entry)
    return tuple(found.values())


def lexicon_files(tree: Tree, root: Path | None) -> tuple[Path, ...]:
    """The CSV files of such a setting.

    Raises:
        ConfigError: one is not there.
        OutsideSiteError: one lies elsewhere.
    """
    parts = tree.items() if tree.is_list else (tree,)
    return tuple(file for part in parts if (file := named_file(part, root)) is not None)


def named_file(part: Tree, root: Path | None) -> Path | None:
    """The CSV file that a part of such a setting names; None where it has the words itself.

    Raises:
        ConfigError: it is not there.
        OutsideSiteError: it lies elsewhere.
    """
    entries = part.entries()
    file = entries["file"] if list(entries) == ["file"] else None
    named = file is not None and not file.is_mapping and file.text().endswith(".csv")
    return _inside(file, root) if file is not None and named else None


def _part(tree: Tree, root: Path | None) -> Iterator[Entry]:
    if (file := named_file(tree, root)) is not None:
        yield from read_csv(file, read_settings(file, most=_LARGEST))
        return
    entries = tree.entries()
    for surface, value in entries.items():
        if not value.is_mapping:
            yield Entry(_nfc(surface), _nfc(value.text()))
            continue
        fields = value.fields("reading", "accent", "class")
        if "reading" not in fields:
            raise value.wrong(said("needs reading:"))
        accent = fields["accent"].whole(0, 99) if "accent" in fields else None
        chosen = fields["class"].choice(WORD_CLASSES) if "class" in fields else "proper_noun"
        try:
            yield make_entry(surface, fields["reading"].text(), accent, chosen)
        except EntryError as error:
            raise value.wrong(error.message) from error


def _inside(tree: Tree, root: Path | None) -> Path:
    path = tree.inside(root)
    if not os.path.isfile(path):  # noqa: PTH113  # a path may be too long to be asked for
        raise tree.wrong(said("there is no {text}", text=tree.text()))
    return path


def read_csv(path: Path, text: str) -> Iterator[Entry]:
    """The words of a CSV file, in its order.

    Args:
        path: the file, for messages.
        text: its content, without a byte order mark.

    Raises:
        ConfigError: something in it is wrong; the error gives file and line.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
        _check_columns(columns, path)
        lines: dict[str, int] = {}
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            line = rows.line_num
            if len(row) > len(columns):
                raise ConfigError(
                    said(
                        "has {fields} fields, but the first line names {columns} columns",
                        fields=len(row),
                        columns=len(columns),
                    ),
                    path=path,
                    line=line,
                    remedy=said("Put a field with a comma in it in double quotes."),
                )
            entry = _row({name: cell.strip() for name, cell in zip(columns, row, strict=False)}, path, line)
            if entry.surface in lines:
                raise ConfigError(
                    said(
                        "{surface} occurs twice, here and in line {line}",
                        surface=entry.surface,
                        line=lines[entry.surface],
                    ),
                    path=path,
                    line=line,
                )
            lines[entry.surface] = line
            yield entry
    except csv.Error as error:
        raise ConfigError(
            said("is not valid CSV: {error}", error=words_of(error)), path=path, line=rows.line_num
        ) from error


def _check_columns(columns: list[str], path: Path) -> None:
    for name in columns:
        if name not in _COLUMNS:
            near = nearest(name, _COLUMNS)
            raise ConfigError(
                said("{name!r} is not a column", name=name),
                path=path,
                line=1,
                remedy=said("Did you mean {near}?", near=near)
                if near
                else said("The first line names the columns: {columns}.", columns=",".join(_COLUMNS)),
            )
    if not {"surface", "reading"} <= set(columns) or len(set(columns)) < len(columns):
        raise ConfigError(
            said("does not name its columns"),
            path=path,
            line=1,
            remedy=said("The first line is surface,reading or {columns}.", columns=",".join(_COLUMNS)),
        )


def _row(row: dict[str, str], path: Path, line: int) -> Entry:
    accent, chosen = row.get("accent", ""), row.get("class") or "proper_noun"
    try:
        if accent and not re.fullmatch("[0-9]{1,2}", accent):
            raise ValueError(said("the accent must be a whole number, not {accent!r}", accent=accent))  # noqa: TRY301
        if chosen not in WORD_CLASSES:
            classes = listed(WORD_CLASSES)
            raise ValueError(said("the class must be one of {classes}, not {chosen!r}", classes=classes, chosen=chosen))  # noqa: TRY301
        return make_entry(row["surface"], row.get("reading", ""), int(accent) if accent else None, chosen)
    except EntryError as error:
        raise ConfigError(error.message, path=path, line=line) from error
    except ValueError as error:
        raise ConfigError(words_of(error), path=path, line=line) from error


def make_entry(surface: str, reading: str, accent: int | None, word_class: str) -> Entry:
    """An entry, checked.

    Args:
        surface: how the word is written.
        reading: how it is read; all kana if there is an accent.
        accent: the mora after which the pitch falls, 0 if it does not fall, None to leave it to the engine.
        word_class: one of ``WORD_CLASSES``.

    Raises:
        EntryError: something in it is wrong.
    """
    chosen = next(name for name in WORD_CLASSES if name == word_class)
    if not surface:
        raise EntryError(said("an entry needs a surface"), "surface")
    if not reading:
        raise EntryError(said("{surface} needs a reading", surface=surface), "reading")
    if accent is None:
        return Entry(_nfc(surface), _nfc(reading), None, chosen)
    kana = to_katakana(_nfc(reading))
    if not _KATAKANA.fullmatch(kana):
        raise EntryError(
            said(
                "{surface}: a reading with an accent must be all kana, not {reading!r}",
                surface=surface,
                reading=reading,
            ),
            "reading",
        )
    moras = count_moras(kana)
    if accent > moras:
        raise EntryError(
            said(
                "{surface}: the accent is {accent}, but {kana} has {moras} moras",
                surface=surface,
                accent=accent,
                kana=kana,
                moras=moras,
            ),
            "accent",
        )
    return Entry(_nfc(surface), kana, accent, chosen)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
