"""How quickly the studio answers, in chromium, beside the engine's own time and an empty answer. Run: make bench

Everything is measured in the page, from what a person does to what that person sees or hears. A simulated engine stands
in for VOICEVOX: a tenth of a second of work for a second of sound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.table import Row
from benchmarks.workshop import ROOT, SERVICE, Engine, Site, engines
from tests.kit.node_packages import fetch_into

if TYPE_CHECKING:
    from collections.abc import Iterator

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHORT, LONG, POSTS = 57, 2000, 5000


@dataclass
class Measured:
    """What one task took, each time, in milliseconds."""

    taken: list[float]
    engine: list[float] = field(default_factory=list)
    """How long the engine worked for it."""

    @property
    def middle(self) -> float:
        return statistics.median(self.taken)


@contextlib.contextmanager
def studio(site: Site, engine: Engine) -> Iterator[str]:
    """The address of the studio of a site, while it runs."""
    words = [
        sys.executable,
        "-m",
        "tts_render",
        "studio",
        "--no-open",
        "--cache-dir",
        site.cache,
        "--engine",
        engine.url,
    ]
    with subprocess.Popen([*map(str, words), str(site.root)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def first_opening(site: Site, engine: Engine, times: int) -> Measured:
    """Opening an episode that the studio has never read: each time in another studio, with another browser."""
    taken: list[float] = []
    for _ in range(times):
        with studio(site, engine) as address:
            taken += measure(address, "open", 1, engine).taken
    return Measured(taken)


def measure(address: str, task: str, times: int, engine: Engine) -> Measured:
    """Do a task of the driver so many times."""
    playwright = fetch_into("browser", ROOT / "build" / "browser") / "playwright-core"
    chromium = next(found for name in BROWSERS if (found := shutil.which(name)))
    driver = Path(__file__).with_name("studio_driver.cjs")
    marks: list[float] = []
    with subprocess.Popen(
        ["node", str(driver), str(playwright), chromium, address, task, str(times)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as node:  # fmt: skip
        assert node.stdin is not None
        assert node.stdout is not None
        for line in node.stdout:
            facts = json.loads(line)
            if "milliseconds" in facts:
                own = [1000 * (after - before) for before, after in zip(marks[::2], marks[1::2], strict=True)]
                return Measured(facts["milliseconds"], own)
            marks.append(float(engine.stats()["busy_seconds"]))
            node.stdin.write("\n")
            node.stdin.flush()
    raise SystemExit(f"the browser did not do what {task} asks for")


def row(what: str, found: Measured, limit: float, baseline: str) -> Row:
    """A row about milliseconds that must not be more than ``limit``."""
    spread = f"{min(found.taken):.0f} to {max(found.taken):.0f}"
    return Row(
        what, f"{found.middle:.0f} ms ({spread})", baseline, "-", f"at most {limit:.0f} ms", found.middle <= limit
    )


def rows(folder: Path, times: int) -> Iterator[Row]:
    """All that is measured.

    Args:
        folder: an empty one.
        times: how often each thing is done.
    """
    short, long, many = Site(folder / "short", SHORT), Site(folder / "long", LONG), Site(folder / "many", 1)
    for number in range(POSTS - 1):
        text = (
            many.post.read_text(encoding="utf-8").replace("/a.mp3", f"/{number}.mp3").replace("計測", f"計測{number}")
        )
        many.post.with_name(f"2020-01-01-{number}.md").write_text(text, encoding="utf-8")
    with engines(1, SERVICE) as (engine,):
        short.render([engine.url])
        with studio(short, engine) as address:
            empty = measure(address, "empty", times, engine)
            beside = f"an empty answer {empty.middle:.0f} ms"
            yield row(f"{SHORT} lines on screen, answering", measure(address, "open", times, engine), 1000, beside)
            yield row("a spoken line sounds", measure(address, "line", times, engine), 100, beside)
            yield row("from here on, spoken", measure(address, "from", times, engine), 300, beside)
            accent = measure(address, "accent", times, engine)
            more = Measured([taken - own for taken, own in zip(accent.taken, accent.engine, strict=True)])
            own = f"engine {statistics.median(accent.engine):.0f} ms of {accent.middle:.0f}"
            yield row("a changed accent sounds, beyond the engine's time", more, 50, own)
    with engines(1, 0.0) as (engine,):
        yield row(f"{LONG} lines, never read before, on screen", first_opening(long, engine, times), 2000, beside)
    with engines(1, 0.0) as (engine,), studio(long, engine) as address:
        measure(address, "open", 1, engine)
        yield row(f"{LONG} lines, read before, on screen", measure(address, "open", times, engine), 2000, beside)
        yield row(f"a search over {LONG} lines", measure(address, "search", times, engine), 100, beside)
    with engines(1, 0.0) as (engine,), studio(many, engine) as address:
        yield row(f"a list of {POSTS} posts", measure(address, "list", times, engine), 2000, beside)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="how often each thing is done; the median counts")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory() as name:
        for found in rows(Path(name), options.times):
            met &= found.met
            print(
                f"{'ok ' if found.met else 'NOT'} {found.what}: {found.product}; {found.baseline} ({found.wanted})",
                flush=True,
            )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
