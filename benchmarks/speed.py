"""How quick the renderer is, each figure beside its baseline in the same run. Run: make bench

Simulated engines stand in for VOICEVOX: one synthesis at a time, a tenth of a second of work for a second of sound. The
limit is the engines' own busy time; the baselines are a script written by hand with requests and pydub, and the lame
command on the same sound.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workshop import ROOT, Engine, Site, engines, lame_seconds, run

SERVICE = 0.1
EPISODE = 42  # utterances; five minutes
TARGET = ROOT / "docs" / "performance.md"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    product: str
    baseline: str
    ratio: str
    wanted: str
    met: bool


def busy_seconds(running: list[Engine]) -> float:
    """How long the engines worked, all together."""
    return float(sum(engine.stats().get("busy_seconds", 0.0) for engine in running))


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
    # One of four engines is gone after half of its share: the others do what it would have done.
    share_of_one = 1 + 1 / 6
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
            f"at most {share_of_one + 0.1:.2f}x",
            died.seconds / ran.seconds <= share_of_one + 0.1,
        ),
    ]


def changes(folder: Path, encoder: str, limit: float) -> list[Row]:
    site = Site(folder / f"changes-{encoder}", EPISODE, encoder=encoder)
    rows: list[Row] = []
    with engines(1, SERVICE) as running:
        urls = [running[0].url]
        site.render(urls)
        if encoder == "auto":
            before = {path: path.stat().st_mtime_ns for path in (site.audio, site.post)}
            spoken = running[0].stats()["syntheses"]
            times = [site.render(urls)[0].seconds for _ in range(5)]
            kept = before == {path: path.stat().st_mtime_ns for path in before}
            asked = running[0].stats()["syntheses"] - spoken
            rows.append(
                Row(
                    "nothing changed",
                    f"{statistics.median(times):.2f} s, {asked} syntheses, files {'kept' if kept else 'CHANGED'}",
                    "-",
                    "-",
                    "under 1.0 s, none, kept",
                    statistics.median(times) < 1.0 and not asked and kept,
                )
            )
        lame = lame_seconds(site.audio, folder)
        found: list[float] = []
        for marker in range(3):
            site.change_a_line(marker)
            spoken, busy = running[0].stats()["syntheses"], busy_seconds(running)
            ran, _ = site.render(urls)
            if running[0].stats()["syntheses"] != spoken + 1:
                raise SystemExit("more than one synthesis for one changed line")
            found.append(ran.seconds - (busy_seconds(running) - busy))
        rest = statistics.median(found)
        rows.append(
            Row(
                f"one line changed, encoder {encoder}: one synthesis, and the rest",
                f"{rest:.2f} s",
                f"lame {lame:.2f} s",
                f"{(rest - 1.0) / lame:.2f}x + 1.0 s",
                f"at most {limit}x + 1.0 s",
                rest <= limit * lame + 1.0,
            )
        )
    return rows


def start_up(folder: Path) -> list[Row]:
    helps = [run([sys.executable, "-m", "tts_render", "--help"], folder=ROOT).seconds for _ in range(9)]
    bare = [run([sys.executable, "-c", "pass"]).seconds for _ in range(9)]
    site = Site(folder / "many", 12)
    with engines(1, 0.0) as running:
        site.render([running[0].url])
    posts = []
    for number in range(550):
        post = site.root / "_posts" / f"2026-01-01-{number}.md"
        post.write_text(
            site.post.read_text(encoding="utf-8").replace("title: 計測", f"title: 計測{number}"), encoding="utf-8"
        )
        audio = site.root / "audio" / f"{number}.mp3"
        shutil.copy(site.audio, audio)
        post.write_text(
            post.read_text(encoding="utf-8")
            .replace("/audio/a.mp3", f"/audio/{number}.mp3")
            .replace("duration: ", "duration: "),
            encoding="utf-8",
        )
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
        Row("write-back on 550 posts", f"{ran.seconds:.1f} s", "-", "-", "under 10 s", ran.seconds < 10),
    ]


def growth(folder: Path, sizes: tuple[int, ...]) -> list[str]:
    lines = ["| utterances | length | cold | memory | warm | memory |", "|---|---|---|---|---|---|"]
    for size in sizes:
        site = Site(folder / f"growth-{size}", size)
        with engines(1, 0.0) as running:
            cold, receipt = site.render([running[0].url])
            warm, _ = site.render([running[0].url], "--force")
        length = datetime.timedelta(seconds=round(receipt["duration_seconds"]))
        lines.append(
            f"| {size:,} | {length} | {cold.seconds:.1f} s | {cold.peak_mib:.0f} MiB "
            f"| {warm.seconds:.1f} s | {warm.peak_mib:.0f} MiB |"
        )
    return lines


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
        for row in (*four_engines(folder), *changes(folder, "auto", 1.5), *changes(folder, "soundfile", 3.5)):
            show(row)
        for row in start_up(folder):
            show(row)
        show(memory(folder))
        show(open_jtalk(folder))
        table = growth(folder, (10, 100, 1000) if options.quick else (10, 100, 1000, 5000))
        print("\n".join(table))
    if options.write:
        TARGET.write_text(page(rows, table, time.monotonic() - began), encoding="utf-8")
    return 0 if all(row.met for row in rows) else 1


def page(rows: list[Row], table: list[str], seconds: float) -> str:
    """docs/performance.md."""
    lines = [
        "# Performance",
        "",
        f"Written by `make bench` on {datetime.date.today().isoformat()} in {seconds / 60:.0f} minutes:",
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}. The product stands beside",
        "its baseline from the same run. Simulated engines take a tenth of a second for a second of sound, one at a",
        f"time, as VOICEVOX does. The episode has {EPISODE} utterances and lasts about five minutes.",
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
        *table,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
