"""A stand-in for VOICEVOX ENGINE on the loopback interface, which can be slow, refuse, cut off, lie and die.

In a test::

    with FakeEngine() as fake:
        fake.fail("/synthesis", Fault("drop"), None, Fault("status", status=500))
        engine = VoicevoxEngine(fake.url)

On its own, for benchmarks: ``python -m tests.kit.fake_engine --port 50021 --service 0.1``; ``GET /fake/stats`` tells what
it has done.
"""

from __future__ import annotations

import argparse
import contextlib
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from tests.kit.fake_http import DiedError, Fault, Server
from tests.kit.fake_voice import HOP, RATE, Json, synthesize, to_notation, to_phrases, to_wav, widen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SPEAKERS", "FakeEngine", "Fault", "Synthesis"]

SPEAKERS: tuple[tuple[str, str, int], ...] = (
    ("ずんだもん", "ノーマル", 3),
    ("ずんだもん", "あまあま", 1),
    ("四国めたん", "ノーマル", 2),
    ("春日部つむぎ", "ノーマル", 8),
)
"""Speaker, style, style id."""


@dataclass(frozen=True)
class Synthesis:
    """One sound that was made and sent whole."""

    text: str
    style: int
    seconds: float
    query: Json


class FakeEngine:
    """A server that starts when the block begins. Its attributes may be changed at any time.

    Args:
        port: 0 takes a free one, and keeps it over a restart.
        service: seconds of work for each second of sound; one synthesis at a time.
        query_service: seconds of work for each query.
    """

    _texts: ClassVar[dict[str, str]] = {}
    """By their phrases: one engine may speak what another was asked about."""

    def __init__(
        self,
        *,
        port: int = 0,
        service: float = 0.0,
        query_service: float = 0.0,
        version: str = "0.25.2",
        brand: str = "VOICEVOX",
        speakers: Sequence[tuple[str, str, int]] = SPEAKERS,
    ) -> None:
        self.port = port
        self.service = service
        self.query_service = query_service
        self.version = version
        self.brand = brand
        self.speakers = tuple(speakers)
        self.sings = False
        """Whether each speaker has a style for songs too."""
        self.lacks: set[str] = set()
        """Paths that it does not know."""
        self.words: dict[str, Json] = {}
        self.known: dict[str, int] = {}
        """Words that it knows itself, as its dictionary writes them, and the priority from which a user's word wins."""
        self.policies: dict[str, str] = {}
        """Terms of use by speaker."""
        self.lengths: Literal["true", "mock", "zero", "loose", "erratic", "unrounded"] = "true"
        """``mock``: those in the query are nonsense, scales are ignored, and a query without phrases kills the engine;
        ``zero``: the query has neither lengths nor pitches; ``loose``: the sound is a little off; ``erratic``: it is longer or shorter each
        time; ``unrounded``: lengths are not rounded to steps."""
        self.rate = RATE
        """Frames a second of its own sounds, as its manifest says."""
        self.omits: set[str] = set()
        """Fields that its queries do not have."""
        self.says_text = False
        """Whether ``kana`` in its queries is the text itself, marks are moras, and no sound is like another, as of AivisSpeech."""
        self.stretch = 1.0
        """What the lengths of a query are multiplied by before the sound is made."""
        self.die_at: int | None = None
        """The engine dies in the middle of the synthesis with this 0-based number."""
        self.poison: str | None = None
        """The engine dies of a text that holds this."""
        self.refuse = 0
        """So many connections are closed before a word is said, as a port does whose engine is still starting."""
        self.every = 0
        """Each so many-th synthesis meets the next of ``mishaps``."""
        self.mishaps: Sequence[Fault] = ()
        self.idle: float | None = 5.0
        """Seconds after which a connection without a request is closed."""
        self.curt = False
        """Whether it closes the connection after each reply, without having said so."""
        self.queries: list[tuple[str, int]] = []
        """Text and style of every request for accent phrases."""
        self.asked = 0
        """How many requests for synthesis arrived."""
        self.syntheses: list[Synthesis] = []
        self.busy: list[tuple[float, float]] = []
        """When it was at work, on the monotonic clock."""
        self.requests: list[str] = []
        """Every request, method and path."""
        self.connections = 0
        self.at_once = 0
        """Most requests for synthesis that were ever open together."""
        self.waiting = 0
        """How many requests wait while it is held."""
        self._open = 0
        self._plan: dict[str, deque[Fault | None]] = {}
        self._lock = threading.Lock()
        self._core = threading.Lock()
        self._released = threading.Event()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def texts(self) -> list[str]:
        """What was spoken, in order."""
        return [synthesis.text for synthesis in self.syntheses]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._released = threading.Event()
        self._server = Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name=f"fake engine {self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and close what is open, as a process that dies does."""
        server, self._server = self._server, None
        if server is None:
            return
        self._released.set()
        server.shutdown()
        server.server_close()
        server.hang_up()

    def restart(self) -> None:
        self.stop()
        self.start()

    def fail(self, path: str, *faults: Fault | None) -> None:
        """Let the next requests to ``path`` go wrong, one after the other; None goes well."""
        with self._lock:
            self._plan.setdefault(path, deque()).extend(faults)

    def add_word(self, surface: str, pronunciation: str, accent: int = 1, priority: int = 5) -> str:
        """Put a word into the user dictionary, and return its id."""
        number = str(uuid.uuid4())
        self.words[number] = {
            "surface": widen(surface),
            "priority": priority,
            "part_of_speech": "名詞",
            "part_of_speech_detail_1": "固有名詞",
            "pronunciation": pronunciation,
            "accent_type": accent,
        }
        return number

    def stats(self) -> Json:
        """What it has done, as ``GET /fake/stats`` tells it."""
        return {
            "queries": len(self.queries),
            "syntheses": len(self.syntheses),
            "sound_seconds": sum(synthesis.seconds for synthesis in self.syntheses),
            "busy_seconds": sum(end - start for start, end in self.busy),
            "busy": self.busy,
        }

    # What follows is called by the server's threads.

    def next_fault(self, path: str) -> Fault | None:
        with self._lock:
            if self._plan.get(path):
                return self._plan[path].popleft()
            if path == "/synthesis" and self.every and self.asked % self.every == 0 and self.mishaps:
                return self.mishaps[self.asked // self.every % len(self.mishaps)]
            return None

    @contextlib.contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._lock:
            self.waiting += 1
        with self._core:
            with self._lock:
                self.waiting -= 1
            yield

    def make_query(self, text: str, style: int) -> Json:
        with self._in_turn():
            start = time.monotonic()
            phrases = to_phrases(text, self.words, style, self.known)
            notation = to_notation(phrases)
            self._texts[notation] = text
            self._work(start, self.query_service)
        for mora in _all_moras(phrases):
            if self.lengths in ("mock", "zero"):
                mora["vowel_length"] = 0.0 if self.lengths == "zero" else 3.0 + ord(mora["text"][0]) % 7
                if mora["consonant"]:
                    mora["consonant_length"] = 0.0 if self.lengths == "zero" else 4.5
                if self.lengths == "zero":
                    mora["pitch"] = 0.0
        if self.says_text:
            for phrase in phrases:
                phrase["moras"] += [phrase["pause_mora"]] if phrase["pause_mora"] else []
                phrase["pause_mora"] = None
            self._texts[text] = text
        made = {
            "accent_phrases": phrases,
            "speedScale": 1.0,
            "pitchScale": 0.0,
            "intonationScale": 1.0,
            "volumeScale": 1.0,
            "prePhonemeLength": 0.1,
            "postPhonemeLength": 0.1,
            "pauseLength": None,
            "pauseLengthScale": 1.0,
            "outputSamplingRate": self.rate,
            "outputStereo": False,
            "kana": text if self.says_text else notation,
        }
        return {key: value for key, value in made.items() if key not in self.omits}

    def make_sound(self, query: Json, style: int, share: float = 1.0) -> bytes:
        """One at a time, like the real one."""
        text = self._texts.get(query.get("kana", ""), "")
        with self._in_turn():
            start = time.monotonic()
            number = len(self.syntheses)
            made = query
            if self.lengths in ("mock", "zero"):
                made = query | {
                    "accent_phrases": to_phrases(text, self.words, 0),
                    "speedScale": 1.0,
                    "prePhonemeLength": 0.0,
                    "postPhonemeLength": 0.0,
                }
            if self.stretch != 1.0:
                made = made | {"speedScale": made["speedScale"] / self.stretch}
            if self.says_text:
                made = made | {"speedScale": made["speedScale"] * (1 + 0.013 * (self.asked % 7))}
            samples = synthesize(made, style, whole_steps=self.lengths != "unrounded")
            if self.lengths == "loose":
                samples = np.concatenate([samples, samples[: 3 * HOP]])
            elif self.lengths == "erratic":
                samples = samples[: len(samples) * (40 + 7 * (self.asked % 5)) // 100]
            seconds = len(samples) / RATE
            rate = int(query["outputSamplingRate"])
            if rate != RATE:
                at = np.arange(len(samples) * rate // RATE) * (RATE / rate)
                samples = np.interp(at, np.arange(len(samples)), samples).astype(np.int16)
            samples = samples[: int(len(samples) * share)]
            self._work(start, self.service * seconds)
            if number == self.die_at or (self.poison is not None and self.poison in text):
                raise DiedError
            if share == 1.0:
                self.syntheses.append(Synthesis(text, style, seconds, query))
        return to_wav(samples, rate, stereo=bool(query["outputStereo"]))

    def _work(self, start: float, seconds: float) -> None:
        """Be busy for ``seconds`` since ``start``."""
        rest = start + seconds - time.monotonic()
        if rest > 0:
            self._released.wait(rest)
        if seconds:
            self.busy.append((start, time.monotonic()))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have it answer nothing about accents and speak nothing, as if it were at work, while the block runs."""
        with self._core:
            yield

    def released(self, seconds: float) -> bool:
        """Wait for ``seconds``; True at once when the engine stops."""
        return self._released.wait(seconds)

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        with self._lock:
            self.asked += 1
            self._open += 1
            self.at_once = max(self.at_once, self._open)
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1


def _all_moras(phrases: list[Json]) -> list[Json]:
    moras = [mora for phrase in phrases for mora in phrase["moras"]]
    return moras + [phrase["pause_mora"] for phrase in phrases if phrase["pause_mora"]]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.kit.fake_engine", description="A stand-in for VOICEVOX ENGINE."
    )
    parser.add_argument("--port", type=int, default=50021)
    parser.add_argument("--service", type=float, default=0.1, help="seconds of work for each second of sound")
    parser.add_argument("--query-service", type=float, default=0.0, help="seconds of work for each query")
    parser.add_argument("--version", default="0.25.2")
    parser.add_argument("--die-at", type=int, help="die in the middle of this synthesis, counted from 0")
    parser.add_argument("--start-after", type=float, default=0.0, help="seconds before it listens")
    parser.add_argument("--every", type=int, default=0, help="each so many-th synthesis goes wrong")
    options = parser.parse_args()
    time.sleep(options.start_after)
    fake = FakeEngine(
        port=options.port, service=options.service, query_service=options.query_service, version=options.version
    )
    fake.die_at = options.die_at
    fake.every = options.every
    fake.mishaps = (Fault("status"), Fault("drop"), Fault("short"), Fault("html"), Fault("cut"))
    with fake:
        print(fake.url, flush=True)  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            while fake._thread is not None and fake._thread.is_alive():
                time.sleep(0.1)


if __name__ == "__main__":
    main()
