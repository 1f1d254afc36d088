"""The command line in processes of its own, by the hundred: they are forked from one that has imported everything.

In a test::

    with Forks() as forks:
        run = forks.start("render", post, "--engine", fake.url)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    from typing import IO

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Run:
    """One process."""

    pid: int
    forks: Forks
    code: int | None = None
    """What it ended with; negative for the signal that killed it."""

    def wait(self) -> int:
        """Wait for its end."""
        if self.code is None:
            self.code = int(self.forks.read()["code"])
        return self.code


class Forks:
    """A process that forks, one at a time.

    Args:
        environment: what is added to its environment, such as ``LD_PRELOAD``.
    """

    def __init__(self, **environment: str) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.forks"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} | self._environment,
        )
        assert self.read() == {"ready": True}
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            cast("IO[bytes]", stream).close()

    def start(
        self,
        *arguments: str | Path,
        output: Path | None = None,
        largest: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> Run:
        """Run the command line.

        Args:
            arguments: of the command line.
            output: where its standard output and error go.
            largest: bytes that a file may have, as on a disk that has no room for more.
            environment: what is added to its environment.
        """
        order = {
            "arguments": [str(argument) for argument in arguments],
            "output": None if output is None else str(output),
            "largest": largest,
            "environment": environment or {},
        }
        stdin = cast("IO[bytes]", self._process.stdin)
        stdin.write(json.dumps(order).encode() + b"\n")
        stdin.flush()
        return Run(int(self.read()["pid"]), self)

    def read(self) -> dict[str, Any]:
        line = cast("IO[bytes]", self._process.stdout).readline()
        assert line, "the forking process died"
        answer: dict[str, Any] = json.loads(line)
        return answer


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_RDWR)
    orders = os.fdopen(os.dup(0), "r")
    os.dup2(nowhere, 0)

    def answer(value: object) -> None:
        print(json.dumps(value), file=answers, flush=True)

    import tts_render.cli.render
    import tts_render.engine.voicevox.client
    import tts_render.run.render
    import tts_render.upkeep.status  # noqa: F401

    answer({"ready": True})
    for line in iter(orders.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _run(order, nowhere)
        answer({"pid": pid})
        _, status = os.waitpid(pid, 0)
        answer({"code": os.waitstatus_to_exitcode(status)})


def _run(order: dict[str, Any], nowhere: int) -> None:
    """Be the command line; does not return."""
    import resource

    from tts_render.cli import main

    code = 99
    try:
        output = order["output"]
        target = nowhere if output is None else os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.environ.update(order["environment"])
        if "DISK_SHIM" in os.environ:
            with Path(os.environ["DISK_SHIM"]).open("r+b") as plan:
                plan.seek(4 * struct.calcsize("q"))
                plan.write(struct.pack("q", os.getpid()))
        if order["largest"] is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], resource.RLIM_INFINITY))
        code = main(order["arguments"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
