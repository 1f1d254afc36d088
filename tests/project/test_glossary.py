"""docs/glossary.md: every term once, in order, in both languages."""

from __future__ import annotations

from tests.kit.documents import ROOT, rows

ENTRIES = rows(ROOT / "docs" / "glossary.md", "term", "日本語")


def test_every_term_stands_once_in_order_and_is_explained_in_both_languages() -> None:
    terms = [row.text("term") for row in ENTRIES]
    assert terms == sorted(set(terms), key=str.lower)
    assert [row.text("term") for row in ENTRIES if not all(row.text(column) for column in row.cells)] == []
    japanese = [row.text("日本語") for row in ENTRIES]
    assert len(set(japanese)) == len(japanese)
