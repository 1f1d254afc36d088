"""A bad engine, through the whole program: the episode comes out byte for byte as from a healthy one, or not at all."""

from __future__ import annotations

import functools
import random
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import tts_render.run.session
from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.forks import Forks
from tests.kit.site_kit import SiteKit
from tts_render.engine import open_engine
from tts_render.engine.pool import connect
from tts_render.engine.voicevox.http import Patience

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_http import Kind
    from tests.kit.fake_voice import Json

    Place = Callable[..., SiteKit]
    Property = Callable[[str, int], None]

SENTENCES = [
    f"{number}番目の文は、{word}の話です。" for number, word in enumerate("山川空海星雲風雨雪花鳥魚木草石土火水", 1)
]
SCRIPT = "\n".join(SENTENCES) + "\n"
MISHAPS: tuple[Kind, ...] = ("status", "drop", "short", "html", "cut", "garbage", "json", "empty")


@pytest.fixture(autouse=True)
def small_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual number of tries, at a pace for tests."""
    patience = Patience(first_wait=0.001, longest_wait=0.01, query=2.0, synthesis=2.0, synthesis_share=0.01)
    monkeypatch.setattr(tts_render.run.session, "open_engine", functools.partial(open_engine, patience=patience))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Sites that are alike but for their folders, each with a cache of its own."""
    names = iter("abcdefgh")

    def make(*engines: FakeEngine) -> SiteKit:
        folder = tmp_path / next(names)
        site = SiteKit(folder / "site", folder / "cache", tuple(engine.url for engine in engines)).make()
        site.script.write_text(SCRIPT, encoding="utf-8")
        return site

    return make


@pytest.fixture
def healthy(place: Place, fake_engine: FakeEngine) -> dict[str, bytes]:
    """The site as a healthy engine leaves it."""
    site = place(fake_engine)
    assert site.run("render", site.post).code == 0
    return site.files()


class Failing(FakeEngine):
    """Lets calls go wrong by a rule.

    Args:
        rule: from the number of the call, counted from 0, and its path to what befalls it.
    """

    def __init__(self, rule: Callable[[int, str], Kind | None]) -> None:
        super().__init__()
        self.rule = rule
        self.calls = 0
        self.befell: Counter[str] = Counter()
        self._calling = threading.Lock()

    def next_fault(self, path: str) -> Fault | None:
        with self._calling:
            number, self.calls = self.calls, self.calls + 1
            kind = self.rule(number, path)
            self.befell[kind or "nothing"] += 1
        return None if kind is None else Fault(kind)


@pytest.mark.parametrize("first", range(4))
def test_one_call_in_four_goes_wrong_in_every_way(
    place: Place, healthy: dict[str, bytes], first: int, record_property: Property
) -> None:
    kinds: tuple[Kind, ...] = (*MISHAPS, "hang")

    def rule(number: int, path: str) -> Kind | None:
        return kinds[number // 4 % len(kinds)] if number % 4 == first else None

    with Failing(rule) as fake:
        site = place(fake)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        assert set(fake.befell) == {*kinds, "nothing"}
        record_property("tried", sum(fake.befell.values()) - fake.befell["nothing"])
        assert sum(fake.befell.values()) >= 4 * (sum(fake.befell.values()) - fake.befell["nothing"]) - 4


@pytest.mark.parametrize("seed", range(3))
def test_calls_go_wrong_at_random_on_two_engines(
    place: Place, healthy: dict[str, bytes], seed: int, record_property: Property
) -> None:
    chance = random.Random(seed)

    def rule(number: int, path: str) -> Kind | None:
        spoken = path in ("/audio_query", "/synthesis")
        return chance.choice(MISHAPS) if spoken and chance.random() < 0.25 else None

    with Failing(rule) as one, Failing(rule) as two:
        site = place(one, two)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        befell = one.befell + two.befell
        record_property("tried", befell.total() - befell["nothing"])


def test_calls_that_hang_until_the_time_out_are_made_again(place: Place, healthy: dict[str, bytes]) -> None:
    hung: list[str] = []

    def rule(number: int, path: str) -> Kind | None:
        if number in (9, 30) and path in ("/audio_query", "/synthesis"):
            hung.append(path)
            return "hang"
        return None

    with Failing(rule) as fake:
        site = place(fake)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        assert len(hung) == 2


class Phoenix(FakeEngine):
    """Dies in the middle of a synthesis, and starts again at once."""

    deaths = 0

    def stop(self) -> None:
        super().stop()
        if self.die_at is not None:
            self.die_at = None
            self.deaths += 1
            self.start()


def test_an_engine_that_is_restarted_in_the_middle(place: Place, healthy: dict[str, bytes]) -> None:
    with Phoenix() as fake:
        fake.die_at = 7
        site = place(fake)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert fake.deaths == 1
        assert site.files() == healthy


def test_an_engine_that_is_restarted_as_another_version_ends_the_run(place: Place) -> None:
    class Updated(Phoenix):
        def start(self) -> None:
            super().start()
            if self.die_at is None and self.syntheses:
                self.version = "0.26.0"

    with Updated() as fake:
        fake.die_at = 7
        site = place(fake)
        before = site.files()
        result = site.run("render", site.post)
        assert result.code == 3
        assert "0.25.2" in result.err
        assert site.files() == before


def test_one_of_three_engines_dies_in_the_middle(place: Place, healthy: dict[str, bytes]) -> None:
    with FakeEngine() as one, FakeEngine() as two, FakeEngine() as three:
        two.die_at = 2
        site = place(one, two, three)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        spoken = one.texts + two.texts + three.texts
        assert sorted(spoken) == sorted(SENTENCES)


def test_the_last_engine_dies_and_what_was_spoken_is_kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tts_render.run.session, "connect", functools.partial(connect, absence=0.1))
    with FakeEngine() as fake:
        fake.die_at = 7
        site = place(fake)
        before = site.files()
        result = site.run("render", site.post, "--json")
        assert result.code == 3
        assert site.files() == before
        assert "error" in result.json[0]
        fake.die_at = None
        fake.start()
        assert site.run("render", site.post).code == 0
        assert sorted(fake.texts) == sorted(SENTENCES)


def test_an_engine_that_closes_idle_connections_at_once(place: Place, healthy: dict[str, bytes]) -> None:
    with FakeEngine() as fake:
        fake.idle = 0.02
        fake.service = 0.01
        site = place(fake)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        assert len(fake.texts) == len(SENTENCES)


def test_an_engine_that_drops_the_connection_after_every_reply(place: Place, healthy: dict[str, bytes]) -> None:
    with FakeEngine() as fake:
        fake.curt = True
        site = place(fake)
        result = site.run("render", site.post)
        assert result.code == 0, result.err
        assert site.files() == healthy
        assert fake.connections >= len(fake.requests)
        assert len(fake.texts) == len(SENTENCES)


def test_an_engine_at_its_limit_serves_four_runs_one_after_the_other(place: Place, healthy: dict[str, bytes]) -> None:
    """It speaks one utterance at a time; what comes meanwhile waits in its queue."""
    with Forks() as one, Forks() as two, Forks() as three, Forks() as four, FakeEngine() as fake:
        all_forks = (one, two, three, four)
        sites = [place(fake) for _ in all_forks]
        gate = threading.Barrier(len(all_forks) + 1, timeout=60)
        real = fake.make_sound

        def queue(query: Json, style: int, share: float = 1.0) -> bytes:
            if fake.asked <= len(all_forks):
                gate.wait()
            return real(query, style, share)

        fake.make_sound = queue  # type: ignore[method-assign]
        runs = [
            forks.start("render", site.post, "--cache-dir", site.cache, "--engine", fake.url)
            for forks, site in zip(all_forks, sites, strict=True)
        ]
        gate.wait()  # all four of them are waiting at this moment
        assert [run.wait() for run in runs] == [0, 0, 0, 0]
        assert all(site.files() == healthy for site in sites)
        assert fake.at_once == len(all_forks)


@pytest.mark.parametrize("kind", ["status", "drop", "html", "cut", "garbage", "json", "empty", "huge"])
def test_an_engine_that_is_always_bad_publishes_nothing_and_says_why(place: Place, kind: Kind) -> None:
    with Failing(lambda _, path: kind if path == "/synthesis" else None) as fake:
        site = place(fake)
        site.script.write_text("一つ。\n二つ。\n", encoding="utf-8")
        before = site.files()
        result = site.run("render", site.post)
        assert result.code == 3
        assert site.files() == before
        assert "2 utterances could not be spoken" in result.err
        assert "Traceback" not in result.err
        assert len(result.err.splitlines()) < 12


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/speakers", b"[" + b"[]," * 8_000_000 + b"[]]"),
        ("/user_dict", b"{" + b",".join(b'"%d":{}' % n for n in range(2_000_000)) + b"}"),
        ("/audio_query", b'{"accent_phrases":[' + b"0.5," * 8_000_000 + b"0]}"),
        ("/audio_query", b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
        ("/synthesis", b"x" * 33 * 2**20),
        ("/version", b'"' + b"v" * 31 * 2**20 + b'"'),
        ("/engine_manifest", b'{"brand_name":"' + b"B" * 31 * 2**20 + b'"}'),
    ],
    ids=["speakers", "dictionary", "phrases", "depth", "sound", "version", "brand"],
)
@pytest.mark.slow
def test_a_reply_of_absurd_size_costs_no_more_memory_than_an_episode(place: Place, path: str, body: bytes) -> None:
    from tests.kit.measured import measure

    class Bomb(FakeEngine):
        def next_fault(self, asked: str) -> Fault | None:
            return Fault("reply", status=200, body=body) if asked == path else None

    with Bomb() as fake:
        site = place(fake)
        site.script.write_text("一つ。\n", encoding="utf-8")
        before = site.files()
        run = measure("render", site.post, "--cache-dir", site.cache, "--engine", fake.url)
        assert run.code in (0, 3)
        assert run.code or path in ("/version", "/engine_manifest")
        assert run.code == 0 or site.files() == before
        assert run.peak < 220, f"{run.peak:.0f} MiB"
        assert len(run.err) < 3000
