"""A cluster to measure: a store over HTTP, a scheduler and workers, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil  # comes with Dask

from benchmarks.workshop import ROOT, SENTENCES
from tests.kit.buckets import KEY, S3, SECRET
from tests.kit.clusters import Program, program_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.workshop import Engine

__all__ = ["Call", "Curve", "Machines", "Posts", "call", "machines"]


class Posts:
    """A site of many posts, no two lines of which are alike.

    Args:
        folder: an empty one.
        sizes: number of utterances of each post.
        brief: whether the lines are short: about a second of sound instead of five.
    """

    def __init__(self, folder: Path, sizes: Sequence[int], *, brief: bool = False) -> None:
        self.root = folder / "site"
        for name in ("_posts", "audio"):
            (self.root / name).mkdir(parents=True)
        (self.root / "_config.yml").write_text("title: 計測\n", encoding="utf-8")
        self.paths: list[Path] = []
        for number, size in enumerate(sizes):
            post = self.root / "_posts" / f"2026-11-21-{number}.md"
            post.write_text(
                f"---\nactor_ids: [ずんだもん]\naudio_file_path: /audio/{number}.mp3\naudio_file_size: 0\n"
                f'duration: "00:00"\ndate: 2026-11-21 05:00:00 +0900\ntitle: 計測{number}\n---\n',
                encoding="utf-8",
            )
            lines = [
                f"{number}の{line}。" if brief else f"{number}の{line}、{SENTENCES[line % len(SENTENCES)]}"
                for line in range(size)
            ]
            (self.root / "audio" / f"{number}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            self.paths.append(post)


@dataclass
class Call:
    """One call of the command line, as it went."""

    seconds: float
    """From start to exit."""
    cpu: float
    """Seconds of a core that it took, its children among them."""
    peak_mib: float
    """Most memory it held, children not counted."""
    receipts: list[dict[str, Any]]


def call(
    words: Sequence[str | Path],
    environment: dict[str, str] | None = None,
    *,
    watch: Callable[[int], None] = lambda _: None,
) -> Call:
    """Run ``tts-render render`` with these words; ``watch`` is called about once a second with its process id."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "tts_render", "render", "--json", *map(str, words)],
        cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    printed: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: printed.append(process.stdout.read()))  # type: ignore[union-attr]
    reader.start()
    while reader.is_alive():
        reader.join(1.0)
        if reader.is_alive():
            watch(process.pid)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"render ended with {process.returncode}")
    return Call(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, json.loads(printed[0]))


@dataclass
class Machines:
    """A cluster that is there."""

    address: str
    """Of the scheduler."""
    environment: dict[str, str]
    """What reaches the store."""
    bucket: str
    store: int
    """Process id of the store."""
    scheduler: int
    """Process id of the scheduler."""
    programs: list[Program] = field(default_factory=list)
    """The workers, each with its two processes."""

    def words(self, posts: Sequence[Path]) -> list[str | Path]:
        """What to render on it."""
        return [*posts, "--cluster", self.address, "--cache-dir", f"s3://{self.bucket}", "--wait", "60"]

    def cpu(self) -> dict[str, float]:
        """Seconds of a core that each part has taken so far: ``store``, ``scheduler``, ``speakers``, ``mixers``."""
        taken = defaultdict(float, {"store": _cpu(self.store), "scheduler": _cpu(self.scheduler)})
        for program in self.programs:
            for trade, process in _trades(program.process.pid).items():
                taken[trade] += _cpu(process.pid)
        return taken

    def memory(self) -> dict[str, float]:
        """MiB that the largest process of each part holds now."""
        held: dict[str, float] = {"scheduler": _mib(self.scheduler)}
        for program in self.programs:
            for trade, process in _trades(program.process.pid).items():
                held[trade] = max(held.get(trade, 0.0), _mib(process.pid))
        return held


@contextlib.contextmanager
def machines(folder: Path, engines: Sequence[Engine]) -> Iterator[Machines]:
    """A cluster with a worker for each engine, each with a cache folder of its own in front of the same bucket."""
    with contextlib.ExitStack() as stack:
        s3 = stack.enter_context(S3())
        environment = {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3.port}",
            "AWS_REGION": "us-east-1",
            "TTS_RENDER_CACHE_FOLDER": str(folder / "client"),
        }
        bucket = s3.bucket()
        scheduler = stack.enter_context(
            program_running(["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"], module="dask")
        )
        address = scheduler.wait_for(r"Scheduler at: ").split()[-1]
        found = Machines(address, environment, bucket, s3.pid, scheduler.process.pid)
        for number, engine in enumerate(engines):
            own = {**environment, "TTS_RENDER_CACHE_FOLDER": str(folder / f"worker-{number}")}
            words = ["worker", address, "--engine", engine.url, "--cache-dir", f"s3://{bucket}", "--name", f"w{number}"]
            found.programs.append(stack.enter_context(program_running(words, environment=own)))
        for program in found.programs:
            program.wait_for("at work for", seconds=120)
        yield found


class Curve:
    """How a long call goes, looked at once a second.

    Args:
        cluster: where it runs.
        engines: they tell how many clips there are.
    """

    def __init__(self, cluster: Machines, engines: Sequence[Engine]) -> None:
        self._cluster = cluster
        self._engines = engines
        self._began = time.monotonic()
        self.points: list[tuple[float, int, float]] = []
        """Seconds, clips, and seconds of a core of scheduler, speakers and client so far."""
        self.peaks: dict[str, float] = {}
        """Most MiB that each part has held."""

    def look(self, client: int) -> None:
        """Take down how it stands."""
        with contextlib.suppress(psutil.Error):
            cpu = self._cluster.cpu()
            own = cpu["scheduler"] + cpu["speakers"] + _cpu(client)
            clips = sum(engine.stats().get("syntheses", 0) for engine in self._engines)
            self.points.append((time.monotonic() - self._began, clips, own))
            for part, mib in {**self._cluster.memory(), "client": _mib(client)}.items():
                self.peaks[part] = max(self.peaks.get(part, 0.0), mib)

    def between(self, low: float, high: float) -> tuple[float, float]:
        """Milliseconds of wall clock and of a core for each clip, between two shares of all clips."""
        total = self.points[-1][1]
        inside = [point for point in self.points if low * total <= point[1] <= high * total]
        (began, first, before), (ended, last, after) = inside[0], inside[-1]
        clips = max(1, last - first)
        return 1000 * (ended - began) / clips, 1000 * (after - before) / clips


def _trades(pid: int) -> dict[str, psutil.Process]:
    """The two processes of a worker: the one that speaks is started first."""
    children = sorted(psutil.Process(pid).children(), key=lambda child: child.create_time())
    working = [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
    return dict(zip(("speakers", "mixers"), working, strict=False))


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 2**20)
