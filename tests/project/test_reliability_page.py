"""docs/reliability.md names tests that exist, and every promise has one."""

from __future__ import annotations

import ast
import re

from tests.kit.documents import ROOT, rows

PAGE = ROOT / "docs" / "reliability.md"
COLUMNS = ("promise", "fault", "tried", "lost", "test")


def existing(file: str) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_promise_names_tests_that_exist() -> None:
    found = rows(PAGE, *COLUMNS)
    assert len(found) > 40
    for row in found:
        named = row.code("test")
        assert named, row.text("promise")
        for test in named:
            file, _, name = test.partition("::")
            assert name in existing(file), test


def test_every_promise_says_how_often_it_was_tried_and_what_was_lost() -> None:
    for row in rows(PAGE, *COLUMNS):
        number = re.match(r"[\d,]+ \w", row.text("tried"))
        assert number, row.text("tried")
        assert int(number[0][:-2].replace(",", "")) > 0
        assert row.text("lost") == "0"


def test_every_test_of_survival_stands_on_the_page() -> None:
    named = {test for row in rows(PAGE, *COLUMNS) for test in row.code("test")}
    written = {
        f"{file}::{name}"
        for file in ("faults/test_bad_disk.py", "faults/test_bad_moment.py")
        for name in existing(file)
    }
    assert written <= named
