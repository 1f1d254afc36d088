"""The shipped lexicon as a file: in order, each word once, readings that every engine knows."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from importlib.resources import files

from tts_render.reading.normalise import normalise
from tts_render.reading.terms import shipped_terms

_TEXT = (files("tts_render.reading") / "terms.csv").read_text(encoding="utf-8")
_HEADER, *_ROWS = csv.reader(_TEXT.splitlines())
_SURFACES = [row[0] for row in _ROWS]


def test_the_file_has_two_columns_throughout() -> None:
    assert _HEADER == ["surface", "reading"]
    assert [row for row in _ROWS if len(row) != 2] == []


def test_there_are_at_least_1400_words() -> None:
    assert len(_ROWS) >= 1400


def test_words_stand_in_order_whatever_their_case() -> None:
    assert sorted(_SURFACES, key=lambda surface: (surface.casefold(), surface)) == _SURFACES


def test_no_word_stands_twice() -> None:
    counted = Counter(normalise(surface) for surface in _SURFACES)
    assert [surface for surface, count in counted.items() if count > 1] == []


def test_readings_are_katakana_only() -> None:
    assert [row for row in _ROWS if not re.fullmatch("[ァ-ヺー]+", row[1])] == []


def test_a_reading_neither_begins_with_a_small_kana_nor_lengthens_nothing() -> None:
    assert [row for row in _ROWS if re.search("^[ァィゥェォッャュョヮー]|ーー|ッー|ンー", row[1])] == []


def test_surfaces_are_composed_and_half_width() -> None:
    assert [surface for surface in _SURFACES if unicodedata.normalize("NFKC", surface) != surface] == []


def test_surfaces_have_no_space_around_them() -> None:
    assert [surface for surface in _SURFACES if surface != surface.strip() or "  " in surface] == []


def test_every_word_is_read_as_its_row_says() -> None:
    terms = shipped_terms()
    wrong = [(surface, reading) for surface, reading in _ROWS if terms.apply(normalise(surface)) != reading]
    assert wrong == []
