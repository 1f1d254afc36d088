"""What the benchmarks share: episodes of any length, simulated engines, and commands that are timed as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SERVICE = 0.1  # seconds of an engine's work for a second of sound
EPISODE = 42  # utterances; five minutes

SENTENCES = (
    "おはようございます、朝の技術だよりの時間です。",
    "今日は、小さな計算機で動く言語モデルの話をします。",
    "重みを四ビットに丸めると、必要な記憶はおよそ四分の一になります。",
    "ただし、丸め方をまちがえると、答えの質が目に見えて落ちてしまいます。",
    "そこで、訓練の途中から丸めたものとして扱う方法が考えられました。",
    "「それなら最初から小さく作ればいいのでは？」と思うかもしれません。",
    "ところが、大きく学んでから小さくするほうが、たいていはうまくいくのです。",
    "次の話題は、壊れない書き込みについてです。",
    "ファイルを上書きしている途中で電源が落ちると、何が残るでしょうか。",
    "古いものでも新しいものでもない、半分だけの何かが残ります。",
    "だから、となりに新しく書いてから、名前だけを入れ替えます。",
    "それでは、また明日の朝にお会いしましょう！",
)


def script(utterances: int) -> str:
    """A script of so many different utterances, about five seconds each, in paragraphs and sections."""
    lines: list[str] = []
    for number in range(utterances):
        lines.append(
            f"{number + 1}番、{SENTENCES[number % len(SENTENCES)]}" if number >= len(SENTENCES) else SENTENCES[number]
        )
        if number % 12 == 11:
            lines.append("----")
        elif number % 4 == 3:
            lines.append("")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Ran:
    """One command that ran."""

    seconds: float
    """From start to exit."""
    peak_mib: float
    """Most memory it held, children not counted."""
    output: str


def run(arguments: list[str | Path], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> Ran:
    """Run a command and time it from start to exit, with compiled modules, as an installation has them."""
    with tempfile.NamedTemporaryFile() as report:
        began = time.monotonic()
        done = subprocess.run(
            ["/usr/bin/time", "-f", "%M", "-o", report.name, *map(str, arguments)],
            env={**{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}, **(environment or {})},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stderr}")
        return Ran(seconds, int(Path(report.name).read_text(encoding="ascii").split()[-1]) / 1024, done.stdout)


class Engine:
    """A simulated engine in a process of its own: one synthesis at a time, so many seconds for a second of sound."""

    def __init__(self, service: float, *, die_at: int | None = None, version: str = "0.25.2") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        more = ["--version", version] + ([] if die_at is None else ["--die-at", str(die_at)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.fake_engine", "--port", str(self.port), "--service", str(service), *more],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def stats(self) -> dict[str, Any]:
        """What it has done so far; empty if it is dead."""
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/fake/stats", timeout=10) as reply:
            facts: dict[str, Any] = json.load(reply)
            return facts
        return {}

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextlib.contextmanager
def engines(count: int, service: float, *, die_at: int | None = None) -> Iterator[list[Engine]]:
    """So many simulated engines; the first one may die in the middle of a synthesis."""
    running = [Engine(service, die_at=die_at if number == 0 else None) for number in range(count)]
    try:
        yield running
    finally:
        for engine in running:
            engine.close()


class Site:
    """A site of one post in a temporary folder."""

    def __init__(self, folder: Path, utterances: int, *, encoder: str = "auto") -> None:
        self.root, self.cache = folder / "site", folder / "cache"
        self.post = self.root / "_posts" / "2026-11-21-1.md"
        self.script, self.audio = self.root / "audio" / "a.txt", self.root / "audio" / "a.mp3"
        for path in (self.post, self.script):
            path.parent.mkdir(parents=True, exist_ok=True)
        (self.root / "_config.yml").write_text("title: 計測\n", encoding="utf-8")
        settings = (ROOT / "voices.yaml").read_text(encoding="utf-8").replace("encoder: auto", f"encoder: {encoder}")
        (self.root / "voices.yaml").write_text(settings, encoding="utf-8")
        self.post.write_text(
            "---\nactor_ids: [ずんだもん]\naudio_file_path: /audio/a.mp3\naudio_file_size: 0\n"
            'duration: "00:00"\ndate: 2026-11-21 05:00:00 +0900\ntitle: 計測\n---\n',
            encoding="utf-8",
        )
        self.script.write_text(script(utterances), encoding="utf-8")

    def render(self, urls: list[str], *more: str) -> tuple[Ran, dict[str, Any]]:
        """Render the post, as the command line does it."""
        words: list[str | Path] = [sys.executable, "-m", "tts_render", "render", self.post, "--cache-dir", self.cache]
        for url in urls:
            words += ["--engine", url]
        ran = run([*words, "--json", "-q", *more], folder=ROOT)
        return ran, json.loads(ran.output)[0]

    def change_a_line(self, marker: int) -> None:
        """Change one line in the middle of the script."""
        lines = self.script.read_text(encoding="utf-8").split("\n")
        middle = next(n for n in range(len(lines) // 2, len(lines)) if lines[n] not in ("", "----"))
        lines[middle] = f"ここだけを{marker}回目に書きかえました。"
        self.script.write_text("\n".join(lines), encoding="utf-8")


def busy_seconds(running: list[Engine]) -> float:
    """How long the engines worked, all together."""
    return float(sum(engine.stats().get("busy_seconds", 0.0) for engine in running))


def lame_seconds(mp3: Path, folder: Path, *more: str) -> float:
    """How long the lame command takes for the sound of ``mp3``, at the same bitrate; ``more`` are options of it."""
    import soundfile

    wav = folder / "same.wav"
    samples, rate = soundfile.read(mp3, dtype="int16")
    soundfile.write(wav, samples, rate)
    words = ["lame", "--quiet", "--cbr", "-b", "128", "-m", "m", *more, str(wav), str(folder / "same.mp3")]
    began = time.monotonic()
    subprocess.run(words, check=True)
    return time.monotonic() - began
