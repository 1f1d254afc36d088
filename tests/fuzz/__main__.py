"""Fuzzes one input for a while: ``python -m tests.fuzz post|script|voices [--seconds N]``.

The fuzzer runs in a process of its own, which it ends as it likes; its corpus is gone afterwards. A case that breaks a
promise is kept in ``build/fuzz``, and ``--replay FILE`` tries it again, without the fuzzer.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fuzz.seeds import mutate, seeds, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("post", "script", "voices")
KEPT = Path(__file__).resolve().parents[2] / "build" / "fuzz"

_LARGEST = 8192  # bytes of a case
_SLOWEST = 10  # seconds that one may take
_MEMORY = 1024  # MiB that the process may hold


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz or replay; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Break what is promised of an input.")
    parser.add_argument("target", choices=NAMES)
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers; 0 takes another each time")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try one case again and fuzz nothing")
    parser.add_argument(
        "--keep", type=Path, default=KEPT, metavar="FOLDER", help="where findings go (default: build/fuzz)"
    )
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.replay:
        return replay(options.target, options.replay)
    if options.corpus:
        fuzz(options.target, options.corpus, options.keep, options.seconds, options.seed)
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write("atheris is not installed: there are wheels of it for CPython on x86-64 Linux.\n")
        return 2
    return run(options.target, options.keep.resolve(), options.seconds, options.seed)


def replay(target: str, case: Path) -> int:
    """Try one case; what it breaks is raised."""
    from tests.fuzz.targets import TARGETS

    with tempfile.TemporaryDirectory() as folder:
        TARGETS[target](case.read_bytes(), Path(folder))
    sys.stdout.write(f"{case}: every promise is kept\n")
    return 0


def run(target: str, keep: Path, seconds: int, seed: int) -> int:
    """Fuzz in another process, and tell of what it found."""
    keep.mkdir(parents=True, exist_ok=True)
    before = set(keep.iterdir())
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed_case in enumerate(seeds(target)):
            (Path(corpus) / f"seed-{number}").write_bytes(seed_case)
        command = [sys.executable, "-m", "tests.fuzz", target, "--corpus", corpus, "--keep", str(keep)]
        ended = subprocess.run([*command, "--seconds", str(seconds), "--seed", str(seed)], check=False)
    found = sorted(set(keep.iterdir()) - before)
    for case in found:
        again = f"{sys.executable} -m tests.fuzz {target} --replay {case}"
        sys.stdout.write(f"\nA promise about the {target} is broken. Try it again with\n  {again}\n")
    return 1 if found or ended.returncode else 0


def fuzz(target: str, corpus: Path, keep: Path, seconds: int, seed: int) -> None:
    """Fuzz in this process, which ends with it."""
    import atheris

    # What only computes, however its input looks, is left quick.
    with atheris.instrument_imports(
        include=["tts_render"], exclude=["tts_render.outputs.alignment", "tts_render.ground.units"]
    ):
        from tests.fuzz.targets import TARGETS

    attempt = TARGETS[target]

    def change(data: bytes, largest: int, number: int) -> bytes:
        """Half of the changes are the fuzzer's own, the others know what the input is made of."""
        source = random.Random(number)
        if source.random() < 0.5:
            return bytes(atheris.Mutate(data, len(data)))
        return mutate(data, target, source)[:largest]

    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.dict"
        words.write_text("\n".join(f'"{_escaped(token)}"' for token in tokens(target)), encoding="ascii")
        options = {
            "max_total_time": seconds,
            "max_len": _LARGEST,
            "timeout": _SLOWEST,
            "rss_limit_mb": _MEMORY,
            "dict": words,
            "artifact_prefix": f"{keep}/{target}-",
            "seed": seed,
            "mutate_depth": 2,
            "print_final_stats": 1,
        }
        atheris.Setup(
            [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(corpus)],
            lambda data: attempt(data, Path(folder)),
            custom_mutator=change,
        )
        atheris.Fuzz()


def _escaped(token: str) -> str:
    return "".join(f"\\x{byte:02X}" for byte in token.encode())


if __name__ == "__main__":
    sys.exit(main())
