"""The command line in a process of its own that tells what it used: memory, addresses, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_PROGRAM = """
import json, os, resource, sys
told, report = {"connect": [], "resolve": [], "write": []}, sys.argv[1]
def hook(event, arguments):
    if event == "socket.connect":
        told["connect"].append(arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        told["resolve"].append(str(arguments[0]))
    elif event == "open" and arguments[0] != report:
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            told["write"].append(os.path.abspath(os.fsdecode(path)))
    elif event in ("os.rename", "os.mkdir", "os.symlink", "os.link", "shutil.move"):
        told["write"].append(os.path.abspath(os.fsdecode(arguments[1 if event != "os.mkdir" else 0])))
sys.addaudithook(hook)
from tts_render.cli import main
code = main(sys.argv[2:])
sys.stdout.flush(); sys.stderr.flush()
try:  # what resource tells of a child on Linux begins with what its parent had
    with open("/proc/self/status") as status:
        told["peak"] = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
except OSError:
    told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
told["seconds"] = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
with open(report, "w") as stream:
    json.dump(told, stream)
sys.exit(code)
"""


@dataclass(frozen=True)
class Measured:
    """What one call of the command line did."""

    code: int
    out: str
    err: str
    peak: float
    """MiB of memory at most, without its children."""
    seconds: float
    """Of processor time, without its children."""
    connected: list[tuple[str, int]]
    """Where it connected to."""
    resolved: list[str]
    """Names that it asked the addresses of."""
    written: list[str]
    """Files and folders that it opened for writing or made, by their full path."""


def measure(*arguments: str | Path, environment: dict[str, str] | None = None, limit: float = 600.0) -> Measured:
    """Run the command line.

    Args:
        arguments: its arguments.
        environment: what is added to its environment.
        limit: seconds after which it is ended, and the test fails.
    """
    with (
        tempfile.TemporaryFile("w+") as report,  # no pipe: it holds 64 kB only, and is read when the process has ended
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, _reopened(report.fileno()), *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
            pass_fds=(report.fileno(),),
        ) as process,
    ):
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        report.seek(0)
        told = json.loads(report.read() or "{}")
    assert told, err
    return Measured(
        code=process.returncode,
        out=out,
        err=err,
        peak=told["peak"] / 2**20,
        seconds=told["seconds"],
        connected=[tuple(address[:2]) for address in told["connect"]],
        resolved=told["resolve"],
        written=told["write"],
    )


def _reopened(handle: int) -> str:
    """The path by which a process opens a file that it was handed."""
    return f"/proc/self/fd/{handle}" if sys.platform == "linux" else f"/dev/fd/{handle}"
