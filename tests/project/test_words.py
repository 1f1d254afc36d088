"""Everything that is said to people is in the catalogues, and what is in them is said."""

from __future__ import annotations

import ast
import functools
import json
import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from tools import words
from tts_render.ground import errors, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from babel.messages.catalog import Message

PACKAGE = Path(messages.__file__).parent.parent

SOURCES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted(PACKAGE.rglob("*.js"))

TELLING = set(errors.__all__) | {
    "FaultError", "Finding", "LookupError", "Misfit", "Note", "Remark", "ShapeError", "UsageError", "Warned", "missing",
    "_LostError", "_leave_out", "_replaced", "_tell", "_warn", "_wrong", "complain", "echo", "leave",
    "leave_text", "note", "remark", "say", "tell", "too_deep", "wrong",
}  # fmt: skip
"""What is called with a message for people."""

SAYING = {"said", "said_count", "joined", "listed"}

PLAIN = {
    # mistakes of whoever calls a function, whom it is a programmer
    "a duration cannot be negative: {}",
    "a last try either returns or raises",
    "a placement at {} came after one at {}",
    "a report needs the facts of a run",
    "a size cannot be negative: {}",
    "a damaged step",
    "an utterance comes from a line",
    "the studio does not speak {}",
    "values that do not fit a template",
    "a step that leaves the site",
    "module {} has no attribute {}",
    "no engine to connect",
    "only lines can be changed",
    "only what is spoken has captions",
    "the script has more utterances than the timeline",
    # file contents
    "This episode could not be rendered. tts-render render --changed tries it again and then removes this file.\n",
    'HTS Voice "Mei", (c) 2009-2013 Nagoya Institute of Technology, CC BY 3.0',
    "Kokoro-82M by hexgrad, Apache License 2.0",
    "Open JTalk、HTS Voice Mei",
    "Apache License 2.0 https://www.apache.org/licenses/LICENSE-2.0",
    "Creative Commons Attribution 3.0 https://creativecommons.org/licenses/by/3.0/",
    "HTS Voice Mei",
    "tts-render utterance {}",
    ", accent: {}",
    ", class: {}",
    # not for reading
    "button, select, a, summary",
    "dim hint reasons",
    "draft {} {}",
    "input:enabled, button:enabled, select:enabled",
    "line v{} {}{}",
    "split {} {}",
    "state badge {}",
    "voice {} {}",
    (
        "default-src 'none'; script-src {}; style-src {}; media-src 'self' file:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    ),
    ": still here\n\n",
    ": the studio is here\n\n",
    # for a terminal
    "docker run --rm -p 127.0.0.1:50021:50021 voicevox/voicevox_engine:cpu-latest",
    "tts-render studio --engine openjtalk",
    # what is known to click and to libraries by this text
    "%(prog)s, version %(version)s",
    "Show this message and exit.",
    "while scanning a quoted",
}
"""Sentences in the package that are no messages."""

STRING = re.compile(
    r'//[^\n]*|/\*.*?\*/|/(?:[^/\\\n ]|\\.)+/[a-z]*|(?P<plain>"(?:[^"\\\n]|\\.)*")|`(?P<mixed>(?:[^`\\]|\\.)*)`',
    re.DOTALL,
)
"""A text in JavaScript, or what could be taken for one: a comment, a regular expression."""

SENTENCE = re.compile(r"(?:[^][ <>=|\\]+ ){2,}[^][ <>=|\\]+\s*")
"""Three words or more; neither markup nor types."""

LABEL = re.compile(r"[A-Z][a-z]+( [a-z]+)+")
"""What stands on a button."""

MESSAGES = {"error", "message", "note", "problem", "reason", "remark", "remedy", "summary", "whole", "why"}
"""How messages are called."""

FIRST = {"Finding": 4, "_wrong": 1}
"""Which argument is the first one that is a message, if it is not the first of all."""


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_message_is_translated_with_the_same_values(language: str) -> None:
    catalogue = words.built(language, words.read(language))
    assert len(list(catalogue)) > 700
    assert [message.id for message in catalogue if not all(words.translations_of(message))] == []
    assert [message.id for message in catalogue if message.id and not _fits(message)] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_files_of_a_catalogue_are_what_make_words_writes(language: str) -> None:
    for path, content in words.files_of(language, words.built(language, words.read(language))).items():
        assert path.read_bytes() == content, f"run: make words ({path.name})"


def test_a_message_without_translation_or_with_other_values_is_noticed() -> None:
    catalogue = words.built("ja", words.read("ja"))
    for text, translation, fits in (("{a} of {b}", "{b} の {a}", True), ("{a}", "{b}", False), ("{a}", "", False)):
        catalogue.add(text, translation)
        message = catalogue.get(text)
        assert message is not None
        assert (all(words.translations_of(message)) and _fits(message)) is fits


def _fits(message: Message) -> bool:
    wanted = _values(message.id if isinstance(message.id, str) else message.id[-1])  # the one that other numbers take
    return all(_values(translation) == wanted for translation in words.translations_of(message))


def _values(template: str) -> set[str]:
    percent = set(re.findall(r"%\((\w+)\)s", template))
    return percent or {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_people_read_is_said_and_not_written(path: Path) -> None:
    assert list(_written(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_people_read_on_a_page_is_said_and_not_written(path: Path) -> None:
    assert list(_written_in_script(path.read_text(encoding="utf-8"), set(_said_in(path)))) == []


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('say("this is said")', 0),
        ('say("this is not extracted")', 1),
        ("say(key)", 1),
        ('say(sure ? "this is said" : "yes")', 1),
        ('`${say("this is said")}: ${name}`', 0),
        ('make("p", {}, "this is only written")', 1),
        ('make("button", {}, "Try again")', 1),
        ("`${name} is only written`", 1),
        ('make("p", { class: "dim hint" }, say("this is said")) // "this is a comment"', 0),
    ],
)
def test_what_is_only_written_on_a_page_is_seen(script: str, found: int) -> None:
    assert len(list(_written_in_script(script, {"this is said"}))) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('raise ConfigError("is empty", path=path)', 1),
        ('raise ConfigError(said("is empty"), path=path)', 0),
        ('raise PostError(message, remedy=f"Write {it}.")', 1),
        ('say("done")', 1),
        ("say(error.whole)", 0),
        ('say(said("done") + more)', 1),
        ("tell(str(error))", 1),
        ('say(said("yes") if sure else "no")', 1),
        ('why = "there is no file"', 1),
        ('why = said("there is no file")', 0),
        ('text = f"{one} is not {other}"', 1),
        ('say(f"{path}: {error.message}")', 1),
        ('tell(f"{number:>5}  {path}")', 0),
        ('Finding("size-wrong", "error", path, None, said("is empty"))', 0),
        ('Finding("size-wrong", "error", path, None, "is empty")', 1),
    ],
)
def test_a_message_that_is_only_written_is_seen(code: str, found: int) -> None:
    assert len(list(_written(ast.parse(code)))) == found


def _written(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Places where text is told that is no message, and sentences that are none, each with its line."""
    known: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            known.add(node.value)  # a docstring
        elif isinstance(node, ast.JoinedStr):
            known.update(ast.walk(node))
            known.discard(node)
        elif isinstance(node, ast.Call):
            name = _name(node.func)
            if name in SAYING:
                known.update(node.args[:2])
            elif name in ("option", "argument", "version_option", "Option"):
                known.update(keyword.value for keyword in node.keywords if keyword.arg in ("help", "metavar"))
            elif name in TELLING:
                told = node.args[FIRST.get(name, 0) :] + [
                    k.value for k in node.keywords if k.arg in ("message", "remedy", "why")
                ]
                for part in (part for one in told for part in _parts(one)):
                    known.add(part)
                    yield part.lineno, ast.unparse(part)
    for node in ast.walk(tree):
        if node not in known and isinstance(node, ast.Constant | ast.JoinedStr):
            text = _text(node)
            if _is_sentence(text):
                yield node.lineno, text


_collected = functools.cache(words.collected)


def _said_in(path: Path) -> Iterator[str]:
    """What is collected of a script."""
    place = path.relative_to(PACKAGE.parent).as_posix()
    for message, places in _collected().items():
        if place in places:
            yield from (message,) if isinstance(message, str) else message


def _written_in_script(script: str, said: set[str]) -> Iterator[str]:
    """Calls that say what cannot be collected or is not, and sentences that nobody says."""
    yield from re.findall(r"\bsay(?:Count)?\((?!\").*", script)
    for found in STRING.finditer(script):
        if found["plain"] is not None:
            text = json.loads(found["plain"])
            begins = re.search(r"\bsay(?:Count)?\($", script[: found.start()]) is not None
            if text not in said and (begins or _is_sentence(text)):
                yield text
        elif found["mixed"] is not None:
            yield from _written_in_script(" ".join(re.findall(r"\$\{(.*?)\}", found["mixed"])), said)
            text = re.sub(r"\$\{.*?\}", "{}", found["mixed"])
            if _is_sentence(text):
                yield text


def _is_sentence(text: str) -> bool:
    return bool(
        (SENTENCE.fullmatch(text) or LABEL.fullmatch(text)) and re.search("[a-z]{2}", text) and text not in PLAIN
    )


def _parts(value: ast.expr) -> Iterator[ast.expr]:
    """What in ``value`` makes plain text of a message, or is plain text."""
    match value:
        case ast.IfExp():
            yield from _parts(value.body)
            yield from _parts(value.orelse)
        case ast.BoolOp():
            for one in value.values:
                yield from _parts(one)
        case ast.BinOp():
            yield value
        case ast.JoinedStr() | ast.Constant():
            inside = [_name(one.value) for one in ast.walk(value) if isinstance(one, ast.FormattedValue)]
            if re.search("[A-Za-z]{2}", _text(value)) or MESSAGES.intersection(inside):
                yield value
        case ast.Call() if _name(value.func) == "str":
            yield value


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join("{}" if isinstance(one, ast.FormattedValue) else _text(one) for one in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
