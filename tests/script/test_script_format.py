"""docs/script-format.md: every row is what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.documents import ROOT, Row, rows
from tts_render.ground.errors import ScriptError
from tts_render.reading import read
from tts_render.script import Cue, Line, Notation, Pause, Sound, SpokenShortcode, read_script

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGLISH = ROOT / "docs" / "script-format.md"
JAPANESE = ROOT / "docs" / "script-format.ja.md"

COLUMNS = {
    ENGLISH: ("written", "written, at most 20", "what comes out", "display text", "reading"),
    JAPANESE: ("書いたもの", "書いたもの（20字まで）", "出るもの", "表示の文", "読み"),
}
WORDS = {
    ENGLISH: {"pause": "pause", "section": "section", "error": "error", "title": "“{}”"},
    JAPANESE: {"pause": "間", "section": "区切り", "error": "エラー", "title": "「{}」"},
}


def expected(row: Row, column: str) -> list[str]:
    """What a cell says, in words of one kind: utterances in quotes, all else as it is."""
    said: list[str] = []
    for kind, text in row.cells[column]:
        if kind == "code":
            said.append(repr(text))
        else:
            said += [word for word in re.split(r"\s*·\s*|\s+", text.strip()) if word]
    return said


def actual(text: str, name: str, words: dict[str, str], longest: int) -> Iterator[str]:
    try:
        items = read_script(Path(name), text, Notation(longest=longest), first_line=9 if name == "post.md" else 1).items
    except ScriptError:
        yield words["error"]
        return
    for item in items:
        match item:
            case Line(text, _, _, end_of_sentence):
                yield repr(text)
                if not end_of_sentence:
                    yield "+"
            case Pause("paragraph"):
                yield words["pause"]
            case Cue(_, _, title, url):
                yield words["section"]
                if title:
                    yield words["title"].format(title)
                if url:
                    yield url
            case other:
                yield repr(other)


def examples(page: Path) -> list[tuple[str, str, Row, int]]:
    """Each row with what is written, the file that it would stand in, and how long an utterance may be."""
    written, short, comes_out, _, _ = COLUMNS[page]
    found: list[tuple[str, str, Row, int]] = []
    plain_text = True
    for row in rows(page, comes_out):
        column = short if short in row.cells else written
        (text,) = row.code(column)
        # The tables of plain text come first; the last of them is the one with short utterances.
        found.append(
            (text.replace("⏎", "\n"), "script.txt" if plain_text else "post.md", row, 20 if column == short else 120)
        )
        plain_text = plain_text and column != short
    return found


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_every_row_comes_out_as_it_says(page: Path) -> None:
    comes_out = COLUMNS[page][2]
    found = examples(page)
    assert len(found) > 40
    wrong = [
        (text, said, expected(row, comes_out))
        for text, name, row, longest in found
        if (said := list(actual(text, name, WORDS[page], longest))) != expected(row, comes_out)
    ]
    assert wrong == []


HEARD = {ENGLISH: ("script", "what is heard"), JAPANESE: ("台本", "聞こえるもの")}
NOTATION = Notation(
    speakers=frozenset({"ずんだもん", "つむぎ"}),
    sounds=frozenset({"bumper"}),
    shortcodes={"quote": SpokenShortcode("body", "user", ("つむぎ", "ずんだもん"))},
)


def heard(text: str) -> Iterator[str]:
    """What a script with voices, sounds and markup comes to, in the signs of the page."""
    name = "post.md" if "{{" in text else "script.txt"
    for item in read_script(Path(name), text, NOTATION, first_line=9 if name == "post.md" else 1).items:
        match item:
            case Line():
                who = f"{item.speaker}（{item.style}）" if item.style else item.speaker
                shown = "".join(f"{{{s.text}|{s.said}}}" if s.said else s.text for s in item.spans) or item.text
                bent = {
                    name: value
                    for name, value, plain in (
                        ("speed", item.manner.speed, 1),
                        ("pitch", item.manner.pitch, 0),
                        ("volume", item.manner.volume, 1),
                    )
                    if value != plain
                }
                yield (f"{who}: " if who else "") + shown + "".join(f" [{n} {v:g}]" for n, v in bent.items())
            case Pause("paragraph"):
                yield "[pause]"
            case Pause("exact", _, seconds):
                yield f"[{seconds:g} s]"
            case Sound(sound):
                yield f"[sound {sound}]"
            case Cue("chapter", _, title):
                yield f"[chapter {title}]"


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_voices_and_markup_are_heard_as_it_says(page: Path) -> None:
    written, comes_out = HEARD[page]
    found = [(row.code(written)[0], row.code(comes_out)) for row in rows(page, written, comes_out)]
    assert len(found) >= 20
    assert [(text, list(heard(text.replace("⏎", "\n")))) for text, _ in found] == found


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_every_reading_is_as_it_says(page: Path) -> None:
    display, reading = COLUMNS[page][3:]
    found = [(row.code(display)[0], row.code(reading)[0]) for row in rows(page, display, reading)]
    assert len(found) >= 7
    assert [(text, read(text, {"LLM": "エルエルエム"}).said) for text, _ in found] == found


def test_both_languages_have_the_same_examples() -> None:
    assert [(text, name) for text, name, _, _ in examples(ENGLISH)] == [(t, n) for t, n, _, _ in examples(JAPANESE)]
    spoken = [[(row.code(a)[0], row.code(b)) for row in rows(page, a, b)] for page, (a, b) in HEARD.items()]
    assert spoken[0] == spoken[1]
    english, japanese = (
        [row.code(display)[0] for row in rows(page, display)] for page, (*_, display, _) in COLUMNS.items()
    )
    assert english == japanese
