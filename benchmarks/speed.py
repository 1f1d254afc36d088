"""How quick the renderer is, each figure beside its baseline in the same run. Run: make bench

Simulated engines stand in for VOICEVOX: one synthesis at a time, a tenth of a second of work for a second of sound. The
limit is the engines' own busy time; the baselines are a script written by hand with requests and pydub, and the lame
command on the same sound.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.changes import one_line, spoken_again, unchanged
from benchmarks.table import Row, page
from benchmarks.workshop import EPISODE, ROOT, SERVICE, Engine, Ran, Site, busy_seconds, engines, run

TARGET = ROOT / "docs" / "performance.md"


def speaking_share(running: list[Engine]) -> float:
    """The share of the time from the first to the last synthesis in which the engines worked, on average."""
    spans = [span for engine in running for span in engine.stats()["busy"]]
    whole = max(end for _, end in spans) - min(start for start, _ in spans)
    return busy_seconds(running) / float(whole * len(running))


def one_engine(folder: Path, encoder: str, limit: float) -> Row:
    site = Site(folder / f"one-{encoder}", EPISODE, encoder=encoder)
    with engines(1, SERVICE) as running:
        ran, _ = site.render([running[0].url])
        busy = busy_seconds(running)
    ratio = ran.seconds / busy
    return Row(
        f"one engine, {EPISODE} utterances, encoder {encoder}",
        f"{ran.seconds:.1f} s",
        f"engine busy {busy:.1f} s",
        f"{ratio:.2f}x",
        f"at most {limit:.2f}x",
        ratio <= limit,
    )


def four_engines(folder: Path) -> list[Row]:
    site = Site(folder / "four", EPISODE)
    with engines(4, SERVICE) as running:
        ran, _ = site.render([engine.url for engine in running])
        share = speaking_share(running)
    with engines(1, SERVICE) as (alone,):
        by_hand = run(
            [sys.executable, "-m", "benchmarks.by_hand", site.script, folder / "by_hand.mp3", alone.url], folder=ROOT
        )
    dying = Site(folder / "dying", EPISODE)
    with engines(4, SERVICE, die_at=EPISODE // 8) as running:
        died, receipt = dying.render([engine.url for engine in running])
    share_of_one = 1.25
    return [
        Row(
            "four engines",
            f"{ran.seconds:.1f} s",
            f"by hand, one engine {by_hand.seconds:.1f} s",
            f"{by_hand.seconds / ran.seconds:.1f}x faster",
            "at least 3.0x",
            by_hand.seconds / ran.seconds >= 3.0,
        ),
        Row(
            "four engines, speaking",
            f"busy {share:.1%}",
            "all the time",
            f"{share:.2f}",
            "at least 92 %",
            share >= 0.92,
        ),
        Row(
            "four engines, one dies in the middle",
            f"{died.seconds:.1f} s, {receipt['utterances']} utterances",
            f"all alive {ran.seconds:.1f} s",
            f"{died.seconds / ran.seconds:.2f}x",
            f"at most {share_of_one:.2f}x",
            died.seconds / ran.seconds <= share_of_one,
        ),
    ]


def start_up(folder: Path) -> list[Row]:
    helps = [run([sys.executable, "-m", "tts_render", "--help"], folder=ROOT).seconds for _ in range(9)]
    bare = [run([sys.executable, "-c", "pass"]).seconds for _ in range(9)]
    site = Site(folder / "many", EPISODE)
    unfilled = site.post.read_text(encoding="utf-8")
    with engines(1, 0.0) as running:
        site.render([running[0].url])
    posts = []
    for number in range(550):
        post = site.root / "_posts" / f"2026-01-01-{number}.md"
        post.write_text(unfilled.replace("/audio/a.mp3", f"/audio/{number}.mp3"), encoding="utf-8")
        os.link(site.audio, site.root / "audio" / f"{number}.mp3")
        posts.append(post)
    ran = run([sys.executable, "-m", "tts_render", "write-back", "-q", *posts], folder=ROOT)
    return [
        Row(
            "tts-render --help",
            f"{statistics.median(helps):.2f} s",
            f"python -c pass {statistics.median(bare):.2f} s",
            "-",
            "under 0.25 s",
            statistics.median(helps) < 0.25,
        ),
        Row(
            "write-back on 550 posts of five minutes", f"{ran.seconds:.1f} s", "-", "-", "under 10 s", ran.seconds < 10
        ),
    ]


@dataclass(frozen=True)
class Grown:
    """What an episode of some length costs with an engine that answers at once."""

    utterances: int
    length: datetime.timedelta
    cold: Ran
    warm: Ran

    def line(self) -> str:
        runs = " | ".join(f"{ran.seconds:.1f} s | {ran.peak_mib:.0f} MiB" for ran in (self.cold, self.warm))
        return f"| {self.utterances:,} | {self.length} | {runs} |"


def growth(folder: Path, sizes: tuple[int, ...]) -> list[Grown]:
    grown: list[Grown] = []
    for size in sizes:
        site = Site(folder / f"growth-{size}", size)
        with engines(1, 0.0) as running:
            cold, receipt = site.render([running[0].url])
            warm, _ = site.render([running[0].url], "--force")
        length = datetime.timedelta(seconds=round(receipt["duration_seconds"]))
        grown.append(Grown(size, length, cold, warm))
        print(grown[-1].line(), flush=True)
    return grown


def longest(grown: list[Grown]) -> Row:
    last = grown[-1]
    peak = max(last.cold.peak_mib, last.warm.peak_mib)
    return Row(
        f"an episode of {last.length}",
        f"{peak:.0f} MiB",
        f"{grown[0].length}: {grown[0].cold.peak_mib:.0f} MiB",
        f"{peak / grown[0].cold.peak_mib:.2f}x",
        "completes, under 125 MiB",
        peak < 125,
    )


def memory(folder: Path) -> Row:
    peaks = []
    for size in (EPISODE, 12 * EPISODE):
        site = Site(folder / f"memory-{size}", size)
        with engines(1, 0.0) as running:
            peaks.append(site.render([running[0].url])[0].peak_mib)
    ratio = peaks[1] / peaks[0]
    return Row(
        "memory, an episode twelve times as long",
        f"{peaks[1]:.0f} MiB",
        f"{peaks[0]:.0f} MiB",
        f"{ratio:.2f}x",
        "at most 1.25x and 220 MiB",
        ratio <= 1.25 and peaks[1] < 220,
    )


def open_jtalk(folder: Path) -> Row:
    site = Site(folder / "openjtalk", EPISODE)
    seconds = []
    for cores in ("0", "0,1"):
        words: list[str | Path] = ["taskset", "-c", cores, sys.executable, "-m", "benchmarks.speak_openjtalk"]
        # The best of three: what else the machine does can only make it slower.
        seconds.append(min(float(run([*words, site.script], folder=ROOT).output) for _ in range(3)))
    ratio = seconds[0] / seconds[1]
    return Row(
        "Open JTalk, two cores",
        f"{seconds[1]:.1f} s",
        f"one core {seconds[0]:.1f} s",
        f"{ratio:.2f}x",
        "at least 1.8x",
        ratio >= 1.8,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--quick", action="store_true", help="leave out the longest episodes")
    options = parser.parse_args()
    rows: list[Row] = []

    def show(row: Row) -> None:
        rows.append(row)
        print(
            f"{'ok ' if row.met else 'NOT'} {row.what}: {row.product}; {row.baseline}; {row.ratio} ({row.wanted})",
            flush=True,
        )

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show(one_engine(folder, "auto", 1.10))
        show(one_engine(folder, "soundfile", 1.30))
        for row in four_engines(folder):
            show(row)
        show(unchanged(folder))
        show(one_line(folder, "auto", 1.5))
        show(one_line(folder, "soundfile", 3.5))
        for row in (*spoken_again(folder), *start_up(folder)):
            show(row)
        show(memory(folder))
        show(open_jtalk(folder))
        grown = growth(folder, (10, 100, 1000) if options.quick else (10, 100, 1000, 5000))
        show(longest(grown))
    if options.write:
        lines = [each.line() for each in grown]
        before = TARGET.read_text(encoding="utf-8")
        text = page(rows, lines, before=before, utterances=EPISODE, seconds=time.monotonic() - began)
        TARGET.write_text(text, encoding="utf-8")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
