"""A skipped test in CI is told with its reason, and only the reasons that are written down are taken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import skips

ROOT = Path(__file__).resolve().parents[2]

TESTS = """\
import pytest

def test_that_runs():
    pass

@pytest.mark.parametrize("n", range({count}))
def test_that_does_not(n):
    pytest.skip({reason!r})
"""


def run(folder: Path, reason: str, count: int, ci: str) -> subprocess.CompletedProcess[str]:
    """pytest as our conftest makes it, on tests of which some are skipped."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(TESTS.format(reason=reason, count=count), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reason_that_nobody_allowed_fails_the_run_and_is_listed(tmp_path: Path) -> None:
    done = run(tmp_path, "needs the moon", 2, "true")
    assert done.returncode == 1, done.stdout
    assert re.search(r"^ +2 needs the moon$", done.stdout, re.MULTILINE)
    assert "2 skipped for a reason that tests/kit/skips.py does not allow: needs the moon" in done.stdout


def test_outside_of_ci_nobody_minds(tmp_path: Path) -> None:
    done = run(tmp_path, "needs the moon", 2, "")
    assert done.returncode == 0, done.stdout
    assert "what was skipped" not in done.stdout


def test_an_allowed_reason_is_listed_and_taken(tmp_path: Path) -> None:
    done = run(tmp_path, "needs root and setpriv", 2, "true")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ +2 needs root and setpriv$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("rule", skips.ALLOWED)
def test_more_than_the_limit_is_a_fault(rule: str) -> None:
    reason, limit = rule.replace("\\", "").split("|")[0], skips.ALLOWED[rule]
    assert skips.faults([reason] * limit) == []
    assert len(skips.faults([reason] * (limit + 1))) == 1
    assert skips.faults([f"{reason}, and more"] * limit) != []
