"""Real schedulers and workers on the loopback interface, each a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Program", "children", "program_running", "render_on", "scheduler_running", "worker_running"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(eq=False)
class Program:
    """A program that runs, and what it has said so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self, stream: TextIO) -> None:
        """Take in what it says; in a thread."""
        for line in stream:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for(self, pattern: str, *, seconds: float = 60.0, times: int = 1) -> str:
        """The line that has a pattern in it, as soon as it was said so many times."""

        def found() -> list[str]:
            return [line for line in self.lines if re.search(pattern, line)]

        with self._changed:
            there = self._changed.wait_for(
                lambda: len(found()) >= times or self.process.poll() is not None, timeout=seconds
            )
        if len(found()) < times:
            why = f"it ended with {self.process.returncode}" if there else "it did not say so in time"
            raise AssertionError(f"{pattern}: {why}\n" + "\n".join(self.lines))
        return found()[times - 1]

    def ended(self, seconds: float = 60.0) -> int:
        """Its exit code."""
        return self.process.wait(seconds)


@contextlib.contextmanager
def program_running(
    arguments: Sequence[str], *, module: str = "tts_render", environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a module of Python in a process of its own, as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    program = Program(process)
    assert process.stderr is not None
    reader = threading.Thread(target=program.read, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        yield program
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        reader.join(20)
        process.stderr.close()


@contextlib.contextmanager
def scheduler_running(port: int = 0) -> Iterator[str]:
    """The address of a real scheduler of Dask, as long as the block lasts."""
    words = ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    with program_running(words, module="dask") as program:
        yield program.wait_for(r"Scheduler at: ").split()[-1]


@contextlib.contextmanager
def worker_running(
    address: str, cache: Path, *engines: str, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """A worker that has joined a scheduler, as long as the block lasts."""
    words = ["worker", address, "--cache-dir", str(cache)]
    for engine in engines:
        words += ["--engine", engine]
    with program_running(words, environment=environment) as program:
        program.wait_for("at work for ")
        yield program


def render_on(
    cluster: str, cache: Path, *arguments: str | Path, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Render on a cluster, in a process of its own."""
    words = ["render", *map(str, arguments), "--cluster", cluster, "--cache-dir", str(cache)]
    return subprocess.run(
        [sys.executable, "-m", "tts_render", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def children(pid: int) -> list[int]:
    """The processes that a process has started and that run."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(found) for thread in threads for found in thread.read_text(encoding="ascii").split()]
