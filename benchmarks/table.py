"""The table that ``make bench`` writes."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass

MEMORY = """\
## What memory holds

Measured by itself on 2026-11-27, on a busy machine, with everything in the cache:

| episode | beside the MP3 | peak |
|---|---|---|
| 10:46:03, 5,000 utterances | captions, timeline | 122 MiB (212 MiB before) |
| 6:31:13, 100,000 utterances, 20,000 of them different | captions, timeline, transcript | 263 MiB (169 MiB to encode) |

- 60 MiB are Python, numpy, the sound libraries and the words of the readings, whatever the episode is.
- 2.9 MB an hour are the one loudness profile that is in memory at a time. What the limiter will take away has to be
  predicted from all of it before the first frame is encoded. It is released before encoding.
- 1 to 2 kB an utterance are its display text, its reading, its place, its caption, and its lines in the files beside
  the MP3, which stay in memory until all files take their places together.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    product: str
    baseline: str
    ratio: str
    wanted: str
    met: bool


def page(rows: list[Row], growth: list[str], *, utterances: int, seconds: float) -> str:
    """docs/performance.md.

    Args:
        rows: the table.
        growth: lines of the table of how cost grows.
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
        MEMORY,
    ]
    return "\n".join(lines)
