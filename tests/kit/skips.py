"""Which tests may be skipped where CI runs, by the reason that they give, and how many of them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALLOWED", "faults", "table"]

ALLOWED = {
    r"needs the folder of real posts": 30,
    r"needs root and setpriv": 3,
    r"no Python 3\.11 that every user can run": 1,
    r"needs atheris": 10,
}
"""Reasons, as expressions that match the whole of one, and how many tests at most may give them.

The real posts are not ours to publish; GitHub's machines do not run as root, and their Python lies where only one user
reaches it; there are no wheels of atheris for the newest Python.
"""


def faults(reasons: Iterable[str]) -> list[str]:
    """What is wrong with a run whose tests were skipped for these reasons: nothing, or a sentence for each fault."""
    counted = Counter(_rule(reason) or reason for reason in reasons)
    return [
        f"{count} skipped, of which at most {ALLOWED[name]} may be: {name}"
        if name in ALLOWED
        else f"{count} skipped for a reason that tests/kit/skips.py does not allow: {name}"
        for name, count in sorted(counted.items())
        if count > ALLOWED.get(name, 0)
    ]


def table(reasons: Iterable[str]) -> list[str]:
    """A line for each reason, with how many gave it, the most frequent first."""
    return [f"{count:5} {reason}" for reason, count in Counter(reasons).most_common()]


def _rule(reason: str) -> str | None:
    return next((rule for rule in ALLOWED if re.fullmatch(rule, reason)), None)
