"""How well texts are read: kana errors after Open JTalk, beside Open JTalk alone and kanalizer on every Latin word.

    python -m benchmarks.reading [--errors]

The table is tests/data/reading.tsv: texts as they are written, and the kana that a listener expects. Every third row,
by the digest of its text, is *unseen*: it was never looked at while the lexicon and the rules were written, and
``--errors`` shows only the others. The titles of tests/data/unseen_titles.tsv were written with their kana before any
layer had read them; the errors of set 1 have been mended since, those of set 2 have not.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Row", "Score", "measure", "measure_titles", "open_table", "open_titles"]

_DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
TABLE = _DATA / "reading.tsv"
TITLES = _DATA / "unseen_titles.tsv"
_VOWELS = {
    "ア": "アカサタナハマヤラワガザダバパァャヮ",
    "イ": "イキシチニヒミリギジヂビピィ",
    "ウ": "ウクスツヌフムユルグズヅブプゥュヴ",
    "エ": "エケセテネヘメレゲゼデベペェ",
    "オ": "オコソトノホモヨロヲゴゾドボポォョ",
}
_VOWEL = {kana: vowel for vowel, row in _VOWELS.items() for kana in row}
_ALIKE = str.maketrans("ヲヅヂ", "オズジ")


@dataclass(frozen=True, slots=True)
class Row:
    """One text and how it should sound."""

    text: str
    expected: str
    unseen: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Kana errors of one way of reading."""

    name: str
    seen: float
    """Share of wrong, missing and surplus kana."""
    unseen: float
    wrong: tuple[tuple[Row, str], ...]
    """Rows that were not read as expected, with what was read."""


def open_table() -> tuple[Row, ...]:
    """The rows of the table."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()[1:]
    pairs = [line.split("\t") for line in lines]
    return tuple(Row(text, kana, hashlib.sha256(text.encode()).digest()[0] % 3 == 0) for text, kana in pairs)


def open_titles() -> tuple[Row, ...]:
    """The titles; unseen are those whose errors were not mended."""
    lines = TITLES.read_text(encoding="utf-8").splitlines()[1:]
    return tuple(Row(text, kana, number == "2") for number, text, kana in (line.split("\t") for line in lines))


def sounding(kana: str) -> str:
    """``kana`` with one spelling for each sound: long vowels as two, ヲ as オ, marks left out."""
    found: list[str] = []
    for character in re.sub("[^ァ-ヴー]", "", kana).translate(_ALIKE):
        before = _VOWEL.get(found[-1]) if found else None
        if (character == "ー" and before) or (character, before) in (("ウ", "オ"), ("イ", "エ")):
            found.append(before or character)
        else:
            found.append(character)
    return "".join(found)


def distance(one: str, other: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for at, character in enumerate(one, 1):
        last, row[0] = row[0], at
        for column, letter in enumerate(other, 1):
            last, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, last + (character != letter))
    return row[-1]


def score(name: str, rows: Sequence[Row], say: Callable[[str], str], hear: Callable[[str], str]) -> Score:
    """Kana errors of ``say``."""
    errors, kana = {False: 0, True: 0}, {False: 0, True: 0}
    wrong: list[tuple[Row, str]] = []
    for row in rows:
        heard, expected = sounding(hear(say(row.text))), sounding(row.expected)
        missed = distance(heard, expected)
        errors[row.unseen] += missed
        kana[row.unseen] += len(expected)
        if missed:
            wrong.append((row, heard))
    return Score(name, errors[False] / kana[False], errors[True] / kana[True], tuple(wrong))


def measure() -> tuple[Score, ...]:
    """Open JTalk alone, kanalizer on every Latin word, and all layers, on the same rows."""
    import kanalizer

    hear = _listener()

    def guess(text: str) -> str:
        return re.sub(
            "[A-Za-z]+", lambda found: str(kanalizer.convert(found.group().lower(), on_incomplete="ignore")), text
        )

    rows = open_table()
    return (
        score("Open JTalk alone", rows, lambda text: text, hear),
        score("kanalizer on every Latin word", rows, guess, hear),
        _ours(rows, hear),
    )


def measure_titles() -> Score:
    """All layers on the titles."""
    return _ours(open_titles(), _listener())


def _listener() -> Callable[[str], str]:
    """What Open JTalk makes of a text, in kana."""
    from tts_render.engine.embedded import import_openjtalk
    from tts_render.engine.embedded import read as parse

    openjtalk = import_openjtalk("openjtalk")
    return lambda text: "".join(word.kana for word in parse(openjtalk, text))


def _ours(rows: Sequence[Row], hear: Callable[[str], str]) -> Score:
    from tts_render.reading import Lexicon, read

    lexicon = Lexicon({})
    return score("tts-render", rows, lambda text: read(text, lexicon).said, hear)


def seconds_for(characters: int) -> float:
    """Processor time to read so many characters of the table's texts, utterance by utterance, when words are known."""
    from tts_render.reading import Lexicon, read

    lexicon = Lexicon({})
    texts = [row.text for row in open_table()]
    while sum(map(len, texts)) < characters:
        texts += texts
    for text in set(texts):
        read(text, lexicon)
    begin = time.process_time()
    done = 0
    for text in texts:
        read(text, lexicon)
        done += len(text)
        if done >= characters:
            break
    return time.process_time() - begin


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--errors", action="store_true", help="show what is read wrongly among the seen rows")
    options = parser.parse_args()
    rows = open_table()
    scores = measure()
    unseen = sum(row.unseen for row in rows)
    print(f"| kana errors | {len(rows) - unseen} seen rows | {unseen} unseen rows | texts read as expected |")
    print("|---|---|---|---|")
    for found in scores:
        right = len(rows) - len(found.wrong)
        print(f"| {found.name} | {found.seen:.1%} | {found.unseen:.1%} | {right} of {len(rows)} |")
    titles = measure_titles()
    print(f"\ntitles: {titles.seen:.1%} of set 1, {titles.unseen:.1%} of set 2")
    print(f"\n10,000 characters: {seconds_for(10_000):.2f} s")
    if options.errors:
        for row, heard in scores[-1].wrong:
            if not row.unseen:
                print(f"{row.text}\n  heard    {heard}\n  expected {sounding(row.expected)}")


if __name__ == "__main__":
    main()
