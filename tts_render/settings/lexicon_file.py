"""A word put into the lexicon or taken out of it: in voices.yaml or in a CSV file, with every other byte kept.

Where a word is known it is changed there. A new one goes to the first CSV file of the lexicon, since long lists are
kept there, else among the words of voices.yaml. What was made is read again, and stands only if that word alone is
another.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tts_render.ground.errors import ConfigError
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.ground.yamltree import parse_tree
from tts_render.settings.lexicon import Entry, named_file, read_csv, read_lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tts_render.ground.yamltree import Tree

__all__ = ["WordEdit", "find_word", "put_word"]

_MARK = "\ufeff"
_LINE_END = re.compile(r"\r\n|\r|\n")
_FIELDS = ("reading", "accent", "class")


@dataclass(frozen=True, slots=True)
class WordEdit:
    """A file of the lexicon with another word, not yet written."""

    path: Path
    before: bytes
    after: bytes
    entries: tuple[Entry, ...]
    """The whole lexicon then."""


def find_word(settings: Path, root: Path | None, surface: str) -> tuple[Entry, Path, int] | None:
    """An entry of the lexicon, its file and its line; None if there is none.

    Args:
        settings: the settings file.
        root: the site's root.
        surface: how the word is written.

    Raises:
        ConfigError: the settings cannot be read.
    """
    tree = parse_tree(settings, _text(settings)[1])
    wanted = _nfc(surface)
    for part in _parts(tree):
        if (file := named_file(part, root)) is not None:
            text = _text(file)[1]
            for entry in read_csv(file, text):
                if entry.surface == wanted:
                    row = next(row for row in _rows(text) if row.surface == wanted)
                    return entry, file, row.first + 1
            continue
        for entry in read_lexicon(part, root):
            if entry.surface == wanted:
                key, _ = _pair(part.node, wanted) or (part.node, None)
                return entry, settings, key.start_mark.line + 1
    return None


def put_word(settings: Path, root: Path | None, surface: str, entry: Entry | None) -> WordEdit:
    """The lexicon with a word.

    Args:
        settings: the settings file.
        root: the site's root.
        surface: how the word is written; the only one that changes.
        entry: what it becomes, with this very surface; None takes it out.

    Raises:
        ConfigError: the settings cannot be read, or this cannot be written into them.
    """
    mark, text = _text(settings)
    tree = parse_tree(settings, text)
    found = find_word(settings, root, surface)
    wanted = {known.surface: known for known in _entries(tree, root)}
    if entry is None:
        wanted.pop(_nfc(surface), None)
    else:
        wanted[entry.surface] = entry
    path = found[1] if found else next(_files(tree, root), settings) if entry else settings
    if path == settings:
        after = _in_yaml(tree, text, _nfc(surface), entry)
        try:
            new = parse_tree(settings, after)
            stands = _rest(new) == _rest(tree)
            entries = tuple(_entries(new, root)) if stands else ()
        except ConfigError:
            stands, entries = False, ()
    else:
        mark, text = _text(path)
        after = _in_csv(text, _nfc(surface), entry)
        entries = tuple(_entries(tree, root, {path: after}))
        stands = True
    if not stands or {known.surface: known for known in entries} != wanted:
        raise ConfigError(
            said("{surface} cannot be changed here without changing more", surface=surface),
            path=path,
            line=found[2] if found else None,
            remedy=said("Change it in an editor."),
        )
    return WordEdit(path, (mark + text).encode(), (mark + after).encode(), entries)


def _text(path: Path) -> tuple[str, str]:
    """The byte order mark of a file, if it has one, and its text."""
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = said("is not UTF-8") if isinstance(error, ValueError) else reason_of(error)
        raise ConfigError(said("cannot be read: {reason}", reason=why), path=path) from error
    mark = _MARK if text.startswith(_MARK) else ""
    return mark, text[len(mark) :]


def _parts(tree: Tree) -> tuple[Tree, ...]:
    lexicon = tree.entries().get("lexicon")
    return () if lexicon is None or lexicon.empty else lexicon.items() if lexicon.is_list else (lexicon,)


def _files(tree: Tree, root: Path | None) -> Iterator[Path]:
    return (file for part in _parts(tree) if (file := named_file(part, root)) is not None)


def _entries(tree: Tree, root: Path | None, contents: dict[Path, str] | None = None) -> Iterable[Entry]:
    """All words, the first of each; ``contents`` are those of files that are not written yet."""
    found: dict[str, Entry] = {}
    for part in _parts(tree):
        file = named_file(part, root)
        text = None if file is None or contents is None else contents.get(file)
        known = read_lexicon(part, root) if file is None or text is None else read_csv(file, text)
        for entry in known:
            found.setdefault(entry.surface, entry)
    return found.values()


def _rest(tree: Tree) -> object:
    """All settings but the lexicon."""
    return [(name, _plain(value.node)) for name, value in tree.entries().items() if name != "lexicon"]


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return node.tag, [(_plain(key), _plain(value)) for key, value in node.value]
    return node.tag, [_plain(one) for one in node.value] if isinstance(node, yaml.SequenceNode) else node.value


# YAML


def _in_yaml(tree: Tree, text: str, surface: str, entry: Entry | None) -> str:
    parts = [part.node for part in _parts(tree) if isinstance(part.node, yaml.MappingNode)]
    for node in parts:
        if (pair := _pair(node, surface)) is not None:
            return _without(text, node, pair) if entry is None else _changed(text, pair[1], entry)
    if entry is None:
        return text
    written = f"{_scalar(entry.surface)}: {_value(entry)}"
    end = _end_of(text)
    if parts:
        return _with_pair(text, parts[-1], written, end)
    lexicon = tree.entries().get("lexicon")
    if lexicon is None:
        return text + ("" if text.endswith(("\n", "\r")) else end) + f"lexicon:{end}  {written}{end}"
    key = next(key for key, value in tree.node.value if value is lexicon.node)
    if text[key.end_mark.index :].startswith(":") and lexicon.node.start_mark.index <= key.end_mark.index:
        return _insert(text, _line_end(text, key.end_mark.index), f"{end}  {written}")
    return _insert(text, lexicon.node.start_mark.index, f"{{{written}}}", lexicon.node.end_mark.index)


def _pair(node: yaml.Node, surface: str) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value of a word."""
    return next(((key, value) for key, value in node.value if _nfc(key.value) == surface), None)


def _changed(text: str, value: yaml.Node, entry: Entry) -> str:
    """The text with another value of a word, as little changed as can be."""
    if not isinstance(value, yaml.MappingNode):
        end = value.end_mark.index
        tail = _LINE_END.search(text[value.start_mark.index : end][-2:])  # of a text in rows of its own
        return _insert(text, value.start_mark.index, _value(entry) + (tail[0] if tail else ""), end)
    fields = {name.value: (name, given) for name, given in value.value}
    wanted = {"reading": _scalar(entry.reading)}
    if entry.accent is not None:
        wanted["accent"] = str(entry.accent)
    if "class" in fields or entry.word_class != "proper_noun":
        wanted["class"] = entry.word_class
    edits: list[tuple[int, int, str]] = []
    at = _end(value.value[-1][1])
    at = at if value.flow_style else _line_end(text, at)
    between = ", " if value.flow_style else _end_of(text) + " " * value.value[0][0].start_mark.column
    more = ""
    for name in _FIELDS:
        if name in fields and name in wanted:
            given = fields[name][1]
            now = "" if given.value == (entry.reading if name == "reading" else wanted[name]) else wanted[name]
            if now:
                edits.append((given.start_mark.index, given.end_mark.index, now))
        elif name in wanted:
            more += f"{between}{name}: {wanted[name]}"
        elif name in fields:
            edits.append((*_span(text, value, fields[name]), ""))
    edits.append((at, at, more))
    for start, end, new in sorted(edits, reverse=True):
        text = _insert(text, start, new, end)
    return text


def _without(text: str, node: yaml.MappingNode, pair: tuple[yaml.Node, yaml.Node]) -> str:
    if len(node.value) == 1 and not node.flow_style and text[: pair[0].start_mark.index].rstrip(" ").endswith("-"):
        return _insert(text, pair[0].start_mark.index, "{}", _end(pair[1]))
    start, end = _span(text, node, pair)
    return _insert(text, start, "", end)


def _span(text: str, node: yaml.MappingNode, pair: tuple[yaml.Node, yaml.Node]) -> tuple[int, int]:
    """What is to be taken out of the text for a key and its value."""
    key, value = pair
    place = next(at for at, (name, _) in enumerate(node.value) if name is key)
    if node.flow_style:
        if place:
            return _end(node.value[place - 1][1]), _end(value)
        return key.start_mark.index, node.value[1][0].start_mark.index if len(node.value) > 1 else _end(value)
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip() and place + 1 < len(node.value):  # behind the "-" of a list
        return key.start_mark.index, node.value[place + 1][0].start_mark.index
    end = _line_end(text, _end(value))
    ending = _LINE_END.match(text, end)
    return start, ending.end() if ending else end


def _with_pair(text: str, node: yaml.MappingNode, written: str, end: str) -> str:
    if not node.value:
        return _insert(text, node.start_mark.index, f"{{{written}}}", node.end_mark.index)
    last = _end(node.value[-1][1])
    if node.flow_style:
        return _insert(text, last, f", {written}")
    at = _line_end(text, last)
    return _insert(text, at, f"{end}{' ' * node.value[0][0].start_mark.column}{written}")


def _end(node: yaml.Node) -> int:
    """Where a value ends; for what is written in rows, the parser says where the next one begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def _insert(text: str, start: int, new: str, end: int | None = None) -> str:
    return text[:start] + new + text[start if end is None else end :]


def _line_end(text: str, at: int) -> int:
    found = _LINE_END.search(text, at)
    return found.start() if found else len(text)


def _end_of(text: str) -> str:
    """How the lines of a text end."""
    found = _LINE_END.search(text)
    return found[0] if found else "\n"


def _value(entry: Entry) -> str:
    reading = _scalar(entry.reading)
    fields = {"reading": reading}
    if entry.accent is not None:
        fields["accent"] = str(entry.accent)
    if entry.word_class != "proper_noun":
        fields["class"] = entry.word_class
    return reading if len(fields) == 1 else "{" + ", ".join(f"{name}: {value}" for name, value in fields.items()) + "}"


def _scalar(text: str) -> str:
    """A text as YAML, without quotes where it needs none."""
    try:
        if yaml.safe_load(f"{{{text}: {text}}}") == {text: text} and isinstance(yaml.safe_load(text), str):
            return text
    except (yaml.YAMLError, ValueError, TypeError):
        pass
    return json.dumps(text, ensure_ascii=False)


# CSV


@dataclass(frozen=True, slots=True)
class _Row:
    cells: list[str]
    surface: str
    first: int
    """0-based, its first line."""
    end: int
    """The line after its last."""


def _rows(text: str) -> list[_Row]:
    """The rows of a file, the one that names the columns included."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[_Row] = []
    at = 0
    for cells in rows:
        place = [name.strip() for name in found[0].cells].index("surface") if found else -1
        surface = _nfc(cells[place].strip()) if 0 <= place < len(cells) else ""
        found.append(_Row(cells, surface, at, rows.line_num))
        at = rows.line_num
    return found


def _in_csv(text: str, surface: str, entry: Entry | None) -> str:
    lines = list(io.StringIO(text, newline=""))
    head, *rows = _rows(text)
    known = next((row for row in rows if row.surface == surface), None)
    if entry is None:
        return text if known is None else "".join(lines[: known.first] + lines[known.end :])
    columns = [name.strip() for name in head.cells]
    values = {
        "surface": entry.surface,
        "reading": entry.reading,
        "accent": "" if entry.accent is None else str(entry.accent),
        "class": "" if entry.word_class == "proper_noun" and not _given(known, columns, "class") else entry.word_class,
    }
    more = [name for name in ("accent", "class") if values[name] and name not in columns]
    end = _end_of(text)
    if more:
        first = "".join(lines[: head.end])
        ended = len(first.rstrip("\r\n"))
        lines[: head.end] = [first[:ended] + "".join(f",{name}" for name in more) + first[ended:]] + [""] * (
            head.end - 1
        )
    out = io.StringIO(newline="")
    cells = [values[name] for name in [*columns, *more]]
    while len(cells) > 2 and not cells[-1] and (known is None or len(cells) > len(known.cells)):
        cells.pop()
    csv.writer(out, lineterminator="").writerow(cells)
    if known is not None:
        old = "".join(lines[known.first : known.end])
        lines[known.first : known.end] = [out.getvalue() + old[len(old.rstrip("\r\n")) :]]
        return "".join(lines)
    body = "".join(lines)
    return body + ("" if body.endswith(("\n", "\r")) else end) + out.getvalue() + end


def _given(row: _Row | None, columns: Sequence[str], name: str) -> bool:
    """Whether a row has a value in a column."""
    if row is None or name not in columns:
        return False
    place = columns.index(name)
    return place < len(row.cells) and bool(row.cells[place].strip())


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
