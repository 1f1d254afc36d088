"""What a cluster costs and how it grows, beside one machine in the same run. Run: python -m benchmarks.cluster PART...

Client, scheduler, workers and a store over HTTP are real processes, all on this machine, together with the simulated
engines: two cores carry what elsewhere has a machine each. Each engine belongs to one worker.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machines import Curve, Posts, call, machines
from benchmarks.table import Row
from benchmarks.workshop import SERVICE, engines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.workshop import Engine

LINES = 12
"""Utterances of an episode; the same sentences come again in each, so that all episodes are about equally long."""
EPISODES = 16
WORKERS = ((2, 0.9), (4, 0.9), (8, 0.8))
"""How many, and the share of perfect scaling that is wanted."""
SIZES = ((100, 2), (1_000, 18), (10_000, 178), (31_000, 551))
"""Utterances and episodes of the catalogues."""
MOST_A_CLIP, MOST_AN_EPISODE = 0.020, 1.0
"""Seconds of our own."""
MOST_MIB = 1024


def spoken_a_second(running: list[Engine]) -> float:
    """Clips a second, from the beginning of the first synthesis to the end of the last."""
    spans = [span for engine in running for span in engine.stats()["busy"]]
    return len(spans) / float(max(end for _, end in spans) - min(start for start, _ in spans))


def idle_a_clip(running: list[Engine]) -> float:
    """Seconds for which an engine waits between two clips: the median of all."""
    gaps = [
        after[0] - before[1]
        for engine in running
        for spans in [engine.stats()["busy"]]
        for before, after in itertools.pairwise(spans)
    ]
    return float(statistics.median(gaps))


def speaking(folder: Path, times: int) -> Iterator[Row]:
    """How much more is spoken with more workers; a machine alone is measured before each, and the medians count."""
    alone: list[tuple[float, float]] = []
    for count, wanted in WORKERS:
        rates: list[float] = []
        whole: list[float] = []
        idle: list[float] = []
        for number in range(times):
            alone.append(_alone(folder / f"alone-{count}-{number}"))
            with engines(count, SERVICE) as running, machines(folder / f"{count}-{number}", running) as cluster:
                posts = Posts(folder / f"{count}-{number}" / "posts", [LINES] * EPISODES)
                ran = call(["-q", *cluster.words(posts.paths)], cluster.environment)
                rates.append(spoken_a_second(running))
                whole.append(ran.seconds)
                idle.append(idle_a_clip(running))
        rate, one = statistics.median(rates), statistics.median(rate for rate, _ in alone)
        seconds, one_call = statistics.median(whole), statistics.median(seconds for _, seconds in alone)
        yield Row(
            f"{count} workers, {EPISODES} episodes of {LINES} utterances",
            f"{rate:.2f} clips a second ({_spread(rates)}), the call {seconds:.1f} s",
            f"{one:.2f} clips a second, four times the call {4 * one_call:.1f} s",
            f"{rate / one / count:.2f} of {count}, the call {4 * one_call / seconds / count:.2f};"
            f" an engine waits {1000 * statistics.median(idle):.0f} ms",
            f"speaking at least {wanted} of {count}",
            rate / one / count >= wanted,
        )


def _alone(folder: Path) -> tuple[float, float]:
    """One engine on one machine, with a quarter of the utterances in one episode: clips a second, and seconds."""
    posts = Posts(folder, [LINES * EPISODES // 4])
    with engines(1, SERVICE) as running:
        ran = call(["-q", *posts.paths, "--engine", running[0].url, "--cache-dir", folder / "cache"])
        return spoken_a_second(running), ran.seconds


def overhead(folder: Path, times: int) -> Iterator[Row]:
    """What a clip and an episode cost beyond the engine, and beyond mixing and encoding.

    An engine waits between two clips for whatever of ours it cannot be kept from. What client, scheduler and worker
    take of a core for a clip is measured with an engine that answers at once. What each further episode takes when
    everything is spoken already is mixing, encoding and our own; beside it stands one machine that mixes and encodes
    the same.
    """
    clips, few, many = 300, 2, 22
    waits: list[float] = []
    cores: list[float] = []
    far: list[float] = []
    here: list[float] = []
    for number in range(times):
        place = folder / f"{number}"
        with engines(1, SERVICE) as running, machines(place / "slow", running) as cluster:
            call(["-q", *cluster.words(Posts(place / "spoken", [40]).paths)], cluster.environment)
            waits.append(idle_a_clip(running))
        with engines(1, 0.0) as running, machines(place, running) as cluster:
            start = call(["-q", *cluster.words(Posts(place / "one", [1]).paths)], cluster.environment)
            before = cluster.cpu()
            ran = call(["-q", *cluster.words(Posts(place / "long", [clips]).paths)], cluster.environment)
            taken = {part: seconds - before[part] for part, seconds in cluster.cpu().items()}
            cores.append((taken["scheduler"] + taken["speakers"] + ran.cpu - start.cpu) / clips)
            posts = Posts(place / "many", [10] * many)
            call(["-q", *cluster.words(posts.paths)], cluster.environment)
            far.append(_an_episode(cluster.words, posts, few, cluster.environment))
            words = functools.partial(_here, running[0].url, place / "cache")
            call(["-q", *words(posts.paths)])
            here.append(_an_episode(words, posts, few, None))
    wait, core = statistics.median(waits), statistics.median(cores)
    episode, alone = statistics.median(far), statistics.median(here)
    most = f"at most {1000 * MOST_A_CLIP:.0f} ms"
    for what, seconds, each in (
        ("an engine waits between two clips, one worker", wait, waits),
        ("a clip takes of a core in client, scheduler and worker", core, cores),
    ):
        spread = _spread([1000 * one for one in each])
        yield Row(what, f"{1000 * seconds:.1f} ms ({spread})", "-", "-", most, seconds <= MOST_A_CLIP)
    yield Row(
        "an episode of 10 utterances, spoken already",
        f"{episode:.2f} s ({_spread(far)})",
        f"one machine mixes and encodes it in {alone:.2f} s",
        f"{episode - alone:+.2f} s",
        f"at most {MOST_AN_EPISODE:.0f} s more",
        episode - alone <= MOST_AN_EPISODE,
    )


def _here(url: str, cache: Path, posts: Sequence[Path]) -> list[str | Path]:
    return [*posts, "--engine", url, "--cache-dir", cache]


def _an_episode(
    words: Callable[[Sequence[Path]], list[str | Path]], posts: Posts, few: int, environment: dict[str, str] | None
) -> float:
    """What each further episode takes when all are rendered again."""
    some = call(["-q", "--force", *words(posts.paths[:few])], environment).seconds
    all_of_them = call(["-q", "--force", *words(posts.paths)], environment).seconds
    return (all_of_them - some) / (len(posts.paths) - few)


def catalogue(folder: Path, sizes: tuple[tuple[int, int], ...]) -> Iterator[Row]:
    """Whole catalogues with engines that answer at once, and short lines, so that the disk holds them."""
    for clips, episodes in sizes:
        each = [clips // episodes + (number < clips % episodes) for number in range(episodes)]
        place = folder / f"{clips}"
        with engines(2, 0.0) as running, machines(place, running) as cluster:
            posts = Posts(place / "posts", each, brief=True)
            curve = Curve(cluster, running)
            before = cluster.cpu()
            ran = call(["-q", *cluster.words(posts.paths)], cluster.environment, watch=curve.look)
            taken = {part: seconds - before[part] for part, seconds in cluster.cpu().items()}
        own = (taken["scheduler"] + taken["speakers"] + ran.cpu) / clips
        done = len(ran.receipts) == episodes and sum(one["utterances"] for one in ran.receipts) == clips
        peak = max(ran.peak_mib, curve.peaks["scheduler"])
        long = clips >= 10_000
        begin, end = (curve.between(0.02, 0.2), curve.between(0.8, 0.99)) if long else ((0.0, own), (0.0, own))
        yield Row(
            f"{clips:,} utterances of {episodes} episodes" + ("" if done else ", NOT complete"),
            f"{ran.seconds:.0f} s, {1000 * own:.1f} ms of a core a clip"
            f" (client {1000 * ran.cpu / clips:.1f}, scheduler {1000 * taken['scheduler'] / clips:.1f},"
            f" workers {1000 * taken['speakers'] / clips:.1f}; beside it mixing {1000 * taken['mixers'] / clips:.1f},"
            f" store {1000 * taken['store'] / clips:.1f})",
            f"the first fifth {_cost(*begin)}, the last {_cost(*end)}" if long else "-",
            f"client {ran.peak_mib:.0f} MiB, scheduler {curve.peaks['scheduler']:.0f} MiB, workers"
            f" {curve.peaks['speakers']:.0f} and {curve.peaks['mixers']:.0f} MiB",
            f"completes, under {MOST_MIB} MiB, no dearer",
            done and peak < MOST_MIB and end[1] <= 1.1 * begin[1],
        )


def _cost(wall: float, core: float) -> str:
    return f"{wall:.1f} ms a clip, {core:.1f} of a core"


def _spread(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="speaking, overhead, catalogue; all of them if none is named"
    )
    parser.add_argument("--times", type=int, default=3, help="how often each thing is done; the median counts")
    parser.add_argument("--quick", action="store_true", help="leave out the largest catalogue")
    parser.add_argument("--folder", type=Path, help="where everything is made; default: a temporary folder")
    options = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        parts: dict[str, Callable[[Path], Iterator[Row]]] = {
            "speaking": lambda folder: speaking(folder, options.times),
            "overhead": lambda folder: overhead(folder, options.times),
            "catalogue": lambda folder: catalogue(folder, SIZES[:-1] if options.quick else SIZES),
        }
        for part in options.parts or parts:
            began = time.monotonic()
            for found in parts[part](Path(name, part)):
                met &= found.met
                mark = "ok " if found.met else "NOT"
                print(
                    f"{mark} {found.what}: {found.product}; {found.baseline}; {found.ratio} ({found.wanted})",
                    flush=True,
                )
            load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
            print(f"    {part}: {(time.monotonic() - began) / 60:.0f} minutes; load {load}", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
