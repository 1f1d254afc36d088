"""docs/rules.md names every rule of the check, and no other, with its levels."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict

from tests.kit.documents import ROOT, rows
from tts_render.upkeep import checks
from tts_render.upkeep.fixes import FIXABLE

PAGE = ROOT / "docs" / "rules.md"


def rules_in_the_program() -> dict[str, set[str]]:
    """Each rule that the source of the checks can report, with the levels that it has there."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(ast.parse(inspect.getsource(checks))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id == "_finding":  # made of an error
            found[ast.literal_eval(node.args[0])].add("error")
        elif node.func.id == "Finding" and isinstance(node.args[1], ast.Constant | ast.IfExp):
            told = {str(leaf.value) for leaf in ast.walk(node.args[1]) if isinstance(leaf, ast.Constant)}
            for name in names(node.args[0]):
                found[name] |= told & {"error", "warning"}
    return dict(found)


def names(rule: ast.expr) -> list[str]:
    if isinstance(rule, ast.JoinedStr):  # f"{rule}-unset", of the size and of the duration
        text = ast.unparse(rule)
        return [re.sub(r"^f['\"]\{rule\}(.*)['\"]$", rf"{value}\1", text) for value in ("size", "duration")]
    return [ast.literal_eval(rule)] if isinstance(rule, ast.Constant) else []


def test_the_page_has_the_rules_of_the_program_with_their_levels() -> None:
    page = {row.code("rule")[0]: set(row.text("level").split(", ")) for row in rows(PAGE, "rule", "level")}
    assert page == rules_in_the_program()


def test_the_rules_that_can_be_asked_for_are_those_that_can_be_broken() -> None:
    assert sorted(checks.RULES) == sorted(rules_in_the_program())


def test_every_rule_says_what_to_do() -> None:
    assert [
        row.code("rule") for row in rows(PAGE, "rule") if not (row.text("what is wrong") and row.text("what to do"))
    ] == []


def test_the_page_says_what_can_be_mended() -> None:
    assert {row.code("rule")[0] for row in rows(PAGE, "rule", "--fix") if row.text("--fix") == "yes"} == FIXABLE
