"""The mutation tool: what it breaks, what it leaves alone, and which tests it runs for it."""

from __future__ import annotations

import ast

import pytest

from tools.mutate import Map, Mutant, mutants_of, pick


def changes(source: str) -> list[tuple[str, str]]:
    return [(mutant.before, mutant.after) for mutant in mutants_of("a.py", source.encode())]


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("a = b < c", "b < c", "(b <= c)"),
        ("a = b is None", "b is None", "(b is not None)"),
        ("a = b and c", "b and c", "(b or c)"),
        ("a = not b", "not b", "(b)"),
        ("a = b + c", "b + c", "(b - c)"),
        ("a = 7", "7", "(8)"),
        ("a = 7", "7", "(7 - 1)"),
        ("a = True", "True", "(False)"),
        ("a = b if c else d", "b if c else d", "(d if c else b)"),
        ("def f():\n    return a", "return a", "return None"),
        ("def f():\n    raise E('音')", "raise E('音')", "pass"),
        ("'音'; f(1)", "f(1)", "pass"),
    ],
)
def test_each_kind_of_change_is_made(source: str, before: str, after: str) -> None:
    assert (before, after) in changes(source)


def test_what_is_not_run_is_left_alone() -> None:
    assert (
        changes(
            "if TYPE_CHECKING:\n    a = 1 < 2\n@d(1)\ndef f(a: b[1]) -> c[2]:\n    '''1 < 2'''\n    g = f'{1 < 2}'\n"
        )
        == []
    )


def test_every_mutant_can_be_parsed_and_differs() -> None:
    source = "音 = (1\n  if '、' in x and not y\n  else -2)\nfor i in range(3):\n    if i: continue\n    f(i, k=0)\n".encode()
    found = mutants_of("a.py", source)
    assert len(found) > 8
    for mutant in found:
        changed = source[: mutant.begin] + mutant.after.encode() + source[mutant.end :]
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))


def test_the_nearest_and_quickest_tests_that_reach_the_line_are_run_first() -> None:
    known: Map = {
        "seconds": {"tests/run/a": 0.1, "tests/mix/b": 0.5, "tests/mix/c": 0.2, "tests/mix/d": 60.0},
        "lines": {"tts_render/mix/x.py": {"": ["1"], "4": ["tests/run/a", "tests/mix/b"], "5": ["tests/mix/c", "tests/mix/d"]}},
    }  # fmt: skip

    def at(line: int, statement: int) -> list[str]:
        return pick(Mutant("tts_render/mix/x.py", line, statement, 0, 1, "", "", ""), known)

    assert at(4, 4) == ["tests/mix/b", "tests/run/a"]
    assert at(6, 5) == ["tests/mix/c"]
    assert at(1, 1) == ["tests/mix/c", "tests/mix/b", "tests/run/a"]
    assert at(9, 9) == []
