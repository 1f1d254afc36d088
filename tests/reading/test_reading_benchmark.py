"""The benchmark of readings: the table is what it says it is, and the layers are as good as the page tells."""

from __future__ import annotations

import re

import pytest

from benchmarks.reading import distance, measure, measure_titles, open_table, open_titles, seconds_for, sounding
from tests.kit.documents import ROOT, rows


def test_the_table_has_enough_rows_and_a_third_of_them_unseen() -> None:
    table = open_table()
    assert len(table) >= 300
    assert len({row.text for row in table}) == len(table)
    assert 0.25 < sum(row.unseen for row in table) / len(table) < 0.42
    assert [
        row.text for row in table if not re.fullmatch("[ァ-ヴー、。！？「」：／（）．・，!,“”]+", row.expected)
    ] == []


def test_there_are_eighty_titles_and_sixty_that_nothing_was_mended_against() -> None:
    titles = open_titles()
    assert sum(not row.unseen for row in titles) == 80
    assert sum(row.unseen for row in titles) == 60
    assert len({row.text for row in (*titles, *open_table())}) == len(titles) + len(open_table())
    assert [row.text for row in titles if not re.fullmatch("[ァ-ヴー]+", row.expected)] == []


@pytest.mark.parametrize(
    ("kana", "heard"),
    [
        ("コーシ、オウ", "コオシオオ"),
        ("セイ・セー", "セエセエ"),
        ("ヲヅ", "オズ"),
        ("ーア", "ーア"),
        ("ユーウ", "ユウウ"),
    ],
)
def test_kana_are_compared_by_sound(kana: str, heard: str) -> None:
    assert sounding(kana) == heard


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "アイ", 2), ("アイウ", "アウ", 1), ("アイ", "イア", 2), ("ア", "ア", 0)]
)
def test_the_distance_counts_edits(one: str, other: str, edits: int) -> None:
    assert distance(one, other) == distance(other, one) == edits


@pytest.mark.openjtalk
def test_readings_have_a_third_of_the_errors_of_the_better_baseline() -> None:
    pytest.importorskip("pyopenjtalk")
    pytest.importorskip("onnxruntime")
    *baselines, ours = measure()
    assert ours.unseen < min(baseline.unseen for baseline in baselines) / 3
    assert ours.unseen < 0.04
    assert ours.seen < 0.04
    told = rows(ROOT / "docs" / "reading.md", "kana errors", "104 unseen rows")
    assert [row.text("kana errors") for row in told] == [score.name for score in (*baselines, ours)]


@pytest.mark.openjtalk
def test_of_titles_that_nothing_was_mended_against_two_percent_of_the_kana_are_wrong_at_most() -> None:
    pytest.importorskip("pyopenjtalk")
    pytest.importorskip("onnxruntime")
    ours = measure_titles()
    assert ours.unseen < 0.018
    assert ours.seen < 0.007


def test_ten_thousand_characters_take_less_than_half_a_second() -> None:
    assert seconds_for(10_000) < 0.5
