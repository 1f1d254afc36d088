"""Mutation testing: change one small thing of the code, run the tests that reach it, see whether one notices.

``python -m tools.mutate`` (or ``make mutate``) works on copies of the checkout. It runs the tests once to learn which
of them reach which line, and how long each takes; then it breaks a seeded sample of places, one after the other, and
runs for each just those tests, nearest and quickest first, up to the first that fails. A mutant that no test notices is
a survivor, which somebody has to look at: either it changes nothing that matters, or a test is missing.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import coverage
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ROOT = Path(__file__).parents[1]
WINGS = ("run", "mix", "speech", "site", "engine")
TESTS = ("site", "mix", "speech", "engine", "run", "settings", "outputs", "upkeep", "sound", "ground", "episode", "cli")
WANTED = "not slow and not kokoro and not chromium and not shared"
LONGEST_TEST = 2.0
"""Seconds of this processor, so that a busy machine does not matter. A test that takes longer is left out."""
LONGEST_MUTANT = 3.0
"""Seconds of tests, by the map, that one mutant may cost; the nearest and quickest are taken."""
PATIENCE = 60.0
"""Seconds by the clock, on top of ten times what the tests take by the map: whoever takes longer hangs."""

# What takes long to import and is never mutated: loaded once, before the process forks.
PRELOADED = (
    "PIL.Image", "budoux", "click", "hypothesis.strategies", "jsonschema", "kanalizer", "markdown_it", "mutagen",
    "numpy", "pydub", "requests", "rich.console", "soundfile", "soxr", "srt", "webvtt", "yaml",
)  # fmt: skip

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One place of one file, written differently."""

    file: str
    """Relative to the checkout."""
    line: int
    statement: int
    """The line on which its statement begins, under which the coverage of lines knows it at times."""
    begin: int
    """Of the bytes of the file that are replaced."""
    end: int
    kind: str
    before: str
    after: str


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    mutant: Mutant
    outcome: str
    """``killed``, ``hung``, ``survived``, ``unreached`` where no test comes to the line, or ``unsure`` where the test
    that noticed it fails without it as well."""
    tests: int
    """How many were picked for it."""
    seconds: float
    noticed: str = ""
    """The test that failed, or its file where that cannot even be imported."""


Map = dict[str, Any]
"""``seconds``: test to what it takes; ``lines``: file to line to tests that reach it."""


def mutants_of(file: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file, in order."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: list[Mutant] = []
    tree = ast.parse(source)
    for node, kind, after, statement in _changes(tree, tree):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        before = " ".join(source[begin:end].decode().split())
        found.append(Mutant(file, node.lineno, statement, begin, end, kind, before, after))
    return sorted(found, key=lambda mutant: (mutant.begin, mutant.end, mutant.after))


def _changes(node: ast.AST, statement: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, str, int]]:
    """What is replaced, the kind of change, the text instead, the line of its statement; of a node and all below."""
    if isinstance(node, ast.stmt):
        statement = node
    if isinstance(node, ast.stmt | ast.expr):
        for kind, changed in _of_one(node):
            text = ast.unparse(changed)
            line = statement.lineno if isinstance(statement, ast.stmt) else node.lineno
            yield node, kind, text if isinstance(node, ast.stmt) else f"({text})", line
    for name, value in ast.iter_fields(node):
        if name in ("decorator_list", "annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_left_out(child):
                yield from _changes(child, statement)


def _is_left_out(node: ast.AST) -> bool:
    """What is not run, or has no place of its own: imports for types, names that are exported, pieces of f-strings."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    return isinstance(node, ast.JoinedStr)


def _of_one(node: ast.stmt | ast.expr) -> Iterator[tuple[str, ast.AST]]:
    """The changes of this very node."""
    match node:
        case ast.Compare(left, ops, comparators):
            for at, op in enumerate(ops):
                changed = [*ops[:at], _COMPARED[type(op)](), *ops[at + 1 :]]
                yield "comparison", ast.Compare(left, changed, comparators)
        case ast.Constant(bool() as value):
            yield "constant", ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield "constant", ast.Constant(value + 1)
            yield "constant", ast.BinOp(ast.Constant(value), ast.Sub(), ast.Constant(1))
        case ast.BoolOp(op, values):
            yield "and/or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield "not", operand
        case ast.IfExp(test, body, orelse):
            yield "branches", ast.IfExp(test, orelse, body)
        case ast.BinOp(left, op, right) if type(op) in _COUNTED:
            yield "arithmetic", ast.BinOp(left, _COUNTED[type(op)](), right)
        case ast.Return(value) if value is not None and ast.unparse(value) != "None":
            yield "return None", ast.Return(ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Expr(ast.Call()):
            yield "statement removed", ast.Pass()


def pick(mutant: Mutant, known: Map) -> list[str]:
    """The tests for a mutant: of its own wing first, quickest first, as many as the time allows."""
    _, wing, *_ = Path(mutant.file).parts
    seconds: dict[str, float] = known["seconds"]
    lines: dict[str, list[str]] = known["lines"].get(mutant.file, {})
    reached = lines.get(str(mutant.line)) or lines.get(str(mutant.statement), [])
    if not reached and str(mutant.statement) in lines.get("", ()):  # run at import: whoever comes to the file
        reached = sorted({test for line, tests in lines.items() if line for test in tests})
        reached = reached or [test for test in seconds if test.startswith(f"tests/{wing}/")]  # nothing in it is called
    ordered = sorted(reached, key=lambda test: (not test.startswith(f"tests/{wing}/"), seconds[test], test))
    picked: list[str] = []
    spent = 0.0
    for test in ordered:
        if spent + seconds[test] <= LONGEST_MUTANT or not picked:
            picked.append(test)
            spent += seconds[test]
    return picked


class _Watch:
    """A plugin of pytest: which test is running, how long it takes, and whether it passes."""

    def __init__(self, cover: coverage.Coverage) -> None:
        self.cover = cover
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.cover.switch_context(item.nodeid)
        signal.signal(signal.SIGPROF, _too_long)
        signal.setitimer(signal.ITIMER_PROF, LONGEST_TEST)
        began = _spent()
        self.seconds[item.nodeid] = 0.0
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            if item.nodeid in self.seconds:
                self.seconds[item.nodeid] = round(_spent() - began, 3)
            self.cover.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.seconds.pop(report.nodeid, None)


class _Only:
    """A plugin of pytest: just these tests, in this order, and which of them fail."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: at for at, test in enumerate(tests)}
        self.failed: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _spent() -> float:
    """Seconds of the processor so far, of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def _too_long(*_: object) -> None:
    raise TimeoutError("takes too long to be run for every mutant")


def _map_here(files: Sequence[str], wings: Sequence[str], target: Path) -> None:
    """In the copy, which is where this process is: run the tests of ``files``, write which line each comes to."""
    source = [f"tts_render/{wing}" for wing in wings]
    cover = coverage.Coverage(data_file=None, source=source, config_file=False, concurrency=["thread"])
    watch = _Watch(cover)
    cover.start()
    pytest.main(["-q", "-p", "no:cacheprovider", "-m", WANTED, *files], plugins=[watch])
    cover.stop()
    data = cover.get_data()
    lines: dict[str, dict[str, Any]] = {}
    here = Path.cwd()
    for file in sorted(data.measured_files()):
        of_file: dict[str, Any] = {"": []}
        for line, contexts in data.contexts_by_lineno(file).items():
            tests = sorted(test for test in contexts if test in watch.seconds)
            if tests:
                of_file[str(line)] = tests
            elif "" in contexts:
                of_file[""].append(str(line))
        lines[Path(file).relative_to(here).as_posix()] = of_file
    target.write_text(json.dumps({"seconds": watch.seconds, "lines": lines}), encoding="utf-8")


def make_map(copy: Path, files: Sequence[str], wings: Sequence[str], workers: int) -> Map:
    """Run the test files in ``copy``, in as many groups as there are workers, and put together what was learnt."""

    def learn(group: int) -> Map:
        target = copy / f"map-{group}.json"
        command = [sys.executable, "-m", "tools.mutate", "--map-here", str(target), "--wings", *wings, "--tests"]
        quiet = subprocess.DEVNULL
        subprocess.run(
            [*command, *files[group::workers]], cwd=copy, env=_environment(copy), stdout=quiet, stderr=quiet, check=True
        )
        learnt: Map = json.loads(target.read_text(encoding="utf-8"))
        return learnt

    with ThreadPoolExecutor(workers) as pool:
        return join_maps(list(pool.map(learn, range(min(workers, len(files))))))


def join_maps(maps: Sequence[Map]) -> Map:
    """What was learnt of different tests, as one."""
    whole: Map = {"seconds": {}, "lines": {}}
    for learnt in maps:
        whole["seconds"] |= learnt["seconds"]
        for source, lines in learnt["lines"].items():
            known = whole["lines"].setdefault(source, {})
            for line, tests in lines.items():
                known[line] = sorted({*known.get(line, ()), *tests})
    return whole


def _environment(copy: Path) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(copy),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }


def copy_checkout(target: Path) -> Path:
    """The checkout as it is now, but for what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def _serve() -> None:
    """In a copy: for each line of JSON on standard input run tests in a fork, answer with a line."""
    import importlib

    sys.dont_write_bytecode = True
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for text in sys.stdin:
        asked = json.loads(text)
        told = Path(f"failed-{os.getpid()}.json")
        told.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            _run_tests(asked["tests"], told.absolute(), all_of_them=asked["all"])
        outcome = _await(child, asked["limit"])
        failed = json.loads(told.read_text(encoding="utf-8")) if told.exists() else []
        print(json.dumps({"outcome": outcome, "failed": failed}), flush=True)


def _run_tests(tests: Sequence[str], told: Path, *, all_of_them: bool) -> None:
    """Never returns. Which tests failed stands in ``told`` then; the first of them only, but for ``all_of_them``."""
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    from hypothesis import Phase, settings

    # Which example is the smallest that fails is of no interest here.
    settings.register_profile("mutate", phases=[Phase.explicit, Phase.generate], database=None, derandomize=True)
    settings.load_profile("mutate")
    code = 3
    with contextlib.suppress(BaseException):
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        stop = [] if all_of_them else ["-x"]
        only = _Only(tests)
        code = int(pytest.main([*stop, "-q", "-p", "no:cacheprovider", *files], plugins=[only]))
        told.write_text(json.dumps(only.failed), encoding="utf-8")
    os._exit(code)


def _await(child: int, limit: float) -> str:
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return {0: "survived", int(pytest.ExitCode.NO_TESTS_COLLECTED): "unreached"}.get(code, "killed")
        time.sleep(0.05)
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


class _Worker:
    """A copy of the checkout, and the process that runs tests in it."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        command = [sys.executable, "-m", "tools.mutate", "--serve"]
        self.process = subprocess.Popen(
            command, cwd=copy, env=_environment(copy), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def judge(self, mutant: Mutant, known: Map) -> Verdict:
        tests = pick(mutant, known)
        if not tests:
            return Verdict(mutant, "unreached", 0, 0.0)
        path = self.copy / mutant.file
        source = path.read_bytes()
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()
        path.write_bytes(source[: mutant.begin] + mutant.after.encode() + source[mutant.end :])
        began = time.monotonic()
        try:
            outcome, failed = self.ask(tests, known)
        finally:
            path.write_bytes(source)
        return Verdict(mutant, outcome, len(tests), round(time.monotonic() - began, 1), "".join(failed[:1]))

    def ask(self, tests: Sequence[str], known: Map, *, all_of_them: bool = False) -> tuple[str, list[str]]:
        """What becomes of the tests, and which failed: the first of them only, but for ``all_of_them``."""
        limit = PATIENCE + 10 * sum(known["seconds"][test] for test in tests)
        assert self.process.stdin is not None  # noqa: S101  # by its making
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(json.dumps({"tests": tests, "limit": limit, "all": all_of_them}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["outcome"], answer["failed"]

    def close(self) -> None:
        assert self.process.stdin is not None  # noqa: S101
        self.process.stdin.close()
        self.process.wait()


def control(verdicts: Sequence[Verdict], known: Map, worker: _Worker) -> list[Verdict]:
    """The verdicts, ``unsure`` where the test that noticed the mutant fails where nothing is broken, too."""
    noticing = sorted({verdict.noticed for verdict in verdicts} & known["seconds"].keys())
    outcome, failed = worker.ask(noticing, known, all_of_them=True) if noticing else ("survived", [])
    if outcome != "survived" and not failed:
        sys.exit("The tests that notice mutants cannot be run where nothing is broken.")
    return [replace(v, outcome="unsure") if v.noticed in failed else v for v in verdicts]


def judge_all(sample: Sequence[Mutant], known: Map, workers: Sequence[_Worker]) -> Iterator[Verdict]:
    """Every mutant of the sample, in order."""
    free: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def one(mutant: Mutant) -> Verdict:
        worker = free.get()
        try:
            return worker.judge(mutant, known)
        finally:
            free.put(worker)

    with ThreadPoolExecutor(len(workers)) as pool:
        yield from pool.map(one, sample)


def write_table(path: Path, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Each verdict as soon as it is there; returns them."""
    written: list[Verdict] = []
    with path.open("w", encoding="utf-8") as file:
        print("outcome", "seconds", "tests", "place", "kind", "before", "after", "noticed by", sep="\t", file=file)
        for verdict in verdicts:
            written.append(verdict)
            m = verdict.mutant
            print(verdict.outcome, verdict.seconds, verdict.tests, f"{m.file}:{m.line}", m.kind, m.before,
                  " ".join(m.after.split()), verdict.noticed, sep="\t", file=file, flush=True)  # fmt: skip
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="which sample is taken")
    parser.add_argument("--count", type=int, default=300, help="how many mutants")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--wings", nargs="+", default=WINGS, help="folders of tts_render that are broken")
    parser.add_argument("--tests", nargs="+", help="test files; by default the quick ones beside the wings")
    parser.add_argument("--map", type=Path, help="keeps what was learnt of the tests; read where it is there")
    parser.add_argument("--table", type=Path, default=ROOT / "build" / "mutants.tsv")
    parser.add_argument("--map-here", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        _serve()
        return
    if asked.map_here:
        _map_here(asked.tests, asked.wings, asked.map_here)
        return
    files = asked.tests or [
        path.relative_to(ROOT).as_posix()
        for wing in TESTS
        for path in sorted((ROOT / "tests" / wing).glob("test_*.py"))
    ]
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copies = [copy_checkout(Path(folder) / str(number)) for number in range(asked.workers)]
        if asked.map and asked.map.is_file():
            known: Map = json.loads(asked.map.read_text(encoding="utf-8"))
        else:
            known = make_map(copies[0], files, asked.wings, asked.workers)
            if asked.map:
                asked.map.write_text(json.dumps(known), encoding="utf-8")
        all_of_them = [
            mutant
            for wing in asked.wings
            for path in sorted((copies[0] / "tts_render" / wing).rglob("*.py"))
            for mutant in mutants_of(path.relative_to(copies[0]).as_posix(), path.read_bytes())
        ]
        sample = random.Random(asked.seed).sample(all_of_them, min(asked.count, len(all_of_them)))  # noqa: S311
        asked.table.parent.mkdir(parents=True, exist_ok=True)
        workers = [_Worker(copy) for copy in copies]
        try:
            verdicts = write_table(asked.table, judge_all(sample, known, workers))
            verdicts = write_table(asked.table, control(verdicts, known, workers[0]))
        finally:
            for worker in workers:
                worker.close()
    counts = Counter(verdict.outcome for verdict in verdicts)
    print(f"{len(verdicts)} of {len(all_of_them)} mutants:", ", ".join(f"{n} {name}" for name, n in counts.items()))
    print(f"Each of them stands in {asked.table}.")


if __name__ == "__main__":
    main()
