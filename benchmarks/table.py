"""The table that ``make bench`` writes."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass

BY_ITSELF = "## What memory holds"
"""The first of the sections that are measured by themselves; they stay as they are."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    product: str
    baseline: str
    ratio: str
    wanted: str
    met: bool


def page(rows: list[Row], growth: list[str], *, before: str, utterances: int, seconds: float) -> str:
    """docs/performance.md.

    Args:
        rows: the table.
        growth: lines of the table of how cost grows.
        before: the page as it was.
        utterances: of the episode that the rows are about.
        seconds: how long all of it took.
    """
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {datetime.date.today().isoformat()} in {seconds / 60:.0f} minutes:",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}. The product stands beside",
        "its baseline from the same run. Simulated engines take a tenth of a second for a second of sound, one at a",
        f"time, as VOICEVOX does. The episode has {utterances} utterances and lasts about five minutes.",
        "",
        "| what | product | baseline | ratio | wanted | met |",
        "|---|---|---|---|---|---|",
        *(
            f"| {r.what} | {r.product} | {r.baseline} | {r.ratio} | {r.wanted} | {'yes' if r.met else 'no'} |"
            for r in rows
        ),
        "",
        "## How cost grows",
        "",
        "An engine that answers at once, so this is the renderer's own share: cold speaks everything, warm renders",
        "again from the cache.",
        "",
        "| utterances | length | cold | memory | warm | memory |",
        "|---|---|---|---|---|---|",
        *growth,
        "",
        before[before.index(BY_ITSELF) :],
    ]
    return "\n".join(lines)
