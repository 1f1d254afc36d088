"""The mutation tool: what it breaks, what it leaves alone, and which tests it runs for it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.documents import ROOT
from tools.mutate import Map, Mutant, mutants_of, pick

if TYPE_CHECKING:
    from pathlib import Path


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
        "lines": {
            "tts_render/mix/x.py": {"": ["1"], "4": ["tests/run/a", "tests/mix/b"], "5": ["tests/mix/c", "tests/mix/d"]},
            "tts_render/mix/y.py": {"": ["1"]},
        },
    }  # fmt: skip

    def at(line: int, statement: int, file: str = "x.py") -> list[str]:
        return pick(Mutant(f"tts_render/mix/{file}", line, statement, 0, 1, "", "", ""), known)

    assert at(4, 4) == ["tests/mix/b", "tests/run/a"]
    assert at(6, 5) == ["tests/mix/c"]
    assert at(1, 1) == ["tests/mix/c", "tests/mix/b", "tests/run/a"]
    assert at(9, 9) == []
    assert at(1, 1, "y.py") == ["tests/mix/c", "tests/mix/b"]
    assert at(2, 2, "y.py") == []


@pytest.mark.parametrize(
    ("all_of_them", "told"), [(False, ["test_a.py::test_2"]), (True, ["test_a.py::test_2", "test_a.py::test_1"])]
)
def test_the_tests_that_fail_are_named(tmp_path: Path, *, all_of_them: bool, told: list[str]) -> None:
    (tmp_path / "test_a.py").write_text("".join(f"def test_{n}():\n    assert not {n}\n" for n in range(3)))
    tests = [f"test_a.py::test_{n}" for n in (0, 2, 1)]
    run = "import sys; from pathlib import Path; from tools.mutate import _run_tests\n"
    run += f"_run_tests({tests}, Path('told.json'), all_of_them={all_of_them})"
    subprocess.run([sys.executable, "-c", run], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert json.loads((tmp_path / "told.json").read_text()) == told
