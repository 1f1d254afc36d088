"""Collect what the program says, update the catalogues and compile them. Run: python -m tools.words.

A message is what Python gives to ``said`` and ``said_count``, the help of commands and options, and what JavaScript
gives to ``say``. What click says itself is taken from click. Translations are written into the ``.po`` by hand; the
rest of it, the ``.mo`` and the words of the studio's page follow from the code, and only this tool writes them.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LANGUAGES", "PAGE", "built", "collected", "files_of", "main", "read", "translations_of"]

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tts_render"
PAGE = "tts_render/studio/page"
LANGUAGES = {"ja": "nplurals=1; plural=0;"}

English: TypeAlias = "str | tuple[str, str]"
"""An English template, or two, for one and for many."""

_NEVER_SAID = ("_termui_impl", "_winconsole", "shell_completion", "termui", "utils")  # modules of click not used here


class _Catalogue(Catalog):
    """Without dates and names of tools, so that the same words give the same files."""

    @property  # type: ignore[misc]  # nobody sets it
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "tts_render"),
            ("Language", str(self.locale_identifier)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", LANGUAGES[str(self.locale_identifier)]),
        ]


def collected() -> dict[English, list[str]]:
    """Every message with the files that say it, in the order of files."""
    found: dict[English, list[str]] = {}
    for place, message in [*_python(), *_javascript(), *_click()]:
        places = found.setdefault(message, [])
        if place not in places:
            places.append(place)
    return found


def built(language: str, translations: Catalog) -> Catalog:
    """The catalogue of what is said now, with what ``translations`` has for it."""
    catalogue = _Catalogue(
        locale=language, fuzzy=False, header_comment="# Translate here; the rest is written by `make words`."
    )
    for message, places in collected().items():
        known = translations.get(message if isinstance(message, str) else message[0])
        catalogue.add(message, known.string if known else None, locations=[(place, 0) for place in places])
    return catalogue


def files_of(language: str, catalogue: Catalog) -> dict[Path, bytes]:
    """The files of a catalogue."""
    folder = PACKAGE / "locale" / language
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalogue, width=0, include_lineno=False, sort_by_file=True)
    write_mo(mo, catalogue)
    page = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalogue
        if any(place.startswith(PAGE) for place, _ in message.locations)
    }
    return {
        folder / "LC_MESSAGES" / "tts_render.po": po.getvalue(),
        folder / "LC_MESSAGES" / "tts_render.mo": mo.getvalue(),
        folder / "page.json": (json.dumps(page, ensure_ascii=False, indent=0, sort_keys=True) + "\n").encode(),
    }


def read(language: str) -> Catalog:
    """The catalogue as it is on disk."""
    path = PACKAGE / "locale" / language / "LC_MESSAGES" / "tts_render.po"
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def translations_of(message: Message) -> list[str]:
    """Its translation, or one for each plural form."""
    return [message.string or ""] if not isinstance(message.string, list | tuple) else [*message.string]


def main() -> int:
    """Write the files of every language, and name what is not translated yet."""
    missing = 0
    for language in LANGUAGES:
        catalogue = built(language, read(language))
        for path, content in files_of(language, catalogue).items():
            path.write_bytes(content)
        for message in catalogue:
            if not all(translations_of(message)):
                missing += 1
                print(f"{language}: not translated: {message.id}")
    return 1 if missing else 0


def _python() -> Iterator[tuple[str, English]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr | ast.stmt)]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            for message in _messages(node):
                yield place, message


def _messages(node: ast.AST) -> Iterator[English]:
    if isinstance(node, ast.FunctionDef):
        if any(_name(one) in ("command", "group") for one in node.decorator_list):
            yield inspect.cleandoc(ast.get_docstring(node) or "")
    elif isinstance(node, ast.Call):
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        match _name(node), texts:
            case "said", [text, *_]:
                yield text
            case "said_count", [one, many, *_]:
                yield one, many
            case "option" | "argument" | "version_option" | "Option", _:
                for keyword in node.keywords:
                    if keyword.arg in ("help", "metavar") and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def _name(node: ast.AST) -> str:
    """The last name of what is called."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _javascript() -> Iterator[tuple[str, English]]:
    for path in sorted(PACKAGE.rglob("*.js")):
        for message in _extracted(path, "javascript", {"say": None, "sayCount": (1, 2)}):
            yield path.relative_to(ROOT).as_posix(), message


def _click() -> Iterator[tuple[str, English]]:
    for path in sorted(Path(click.__file__).parent.glob("*.py")):
        if path.stem not in _NEVER_SAID:
            for message in _extracted(path, "python", {"_": None, "ngettext": (1, 2)}):
                yield f"click/{path.name}", message


def _extracted(path: Path, method: str, keywords: dict[str, tuple[int, int] | None]) -> Iterator[English]:
    with path.open("rb") as stream:
        options = {"encoding": "utf-8", "parse_template_string": True}
        for _, message, _, _ in extract(method, stream, keywords=keywords, options=options):
            yield message if isinstance(message, str) else (message[0], message[1])


if __name__ == "__main__":
    sys.exit(main())
