"""A bucket that fails in every way: nothing is lost, nothing is half, the sound is the same, and no secret is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.buckets import KEY, SECRET, Fault
from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import SiteKit
from tts_render.ground.bucket import BucketStore
from tts_render.ground.stores import FolderStore
from tts_render.speech.entries import KINDS, intact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.buckets import S3, Way
    from tests.kit.site_kit import Result
    from tts_render.ground.stores import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = BucketStore.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "patience", 0.4)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteKit]:
    """A site rendered with a folder alone: how everything should sound."""
    folder = tmp_path_factory.mktemp("alone")
    with FakeEngine() as engine:
        site = SiteKit(folder / "site", folder / "cache", (engine.url,)).make()
        assert site.run("render", site.post).code == 0
        yield site


def machine(tmp_path: Path, name: str, alone: SiteKit, way: Way, bucket: str) -> SiteKit:
    """The same site on another machine, whose clips are in a bucket."""
    address = f"s3://{bucket}/clips"
    return SiteKit(tmp_path / name, tmp_path / f"{name} cache", alone.engines, way.environment(), address).make()


def entries(store: Store) -> dict[str, bytes]:
    return {entry.name: store.read(entry.name) or b"" for kind in KINDS for entry in store.listing(kind)}


def assert_whole(store: Store) -> None:
    assert [name for name, data in entries(store).items() if not intact(name, data)] == []


def assert_no_secret(site: SiteKit, result: Result) -> None:
    seen = [result.out, result.err]
    for root in (site.root, site.cache):
        seen += [path.read_bytes().decode("utf-8", "replace") for path in root.rglob("*") if path.is_file()]
    assert all(SECRET not in text and KEY not in text and "t0p" not in text for text in seen)


def utterances(site: SiteKit) -> FolderStore:
    return FolderStore(site.cache / "utterances")


def filled(s3: S3, way: Way, alone: SiteKit) -> str:
    """A bucket with everything that the episode needs."""
    bucket = s3.bucket()
    store = way.store(bucket, "clips", patience=10)
    for name, data in entries(utterances(alone)).items():
        assert store.create(name, data)
    return bucket


def now_and_then(fault: Fault) -> Callable[[str, str], Fault | None]:
    number = count()
    return lambda method, path: fault if next(number) % 3 == 1 else None


def when(method: str, fault: Fault) -> Callable[[str, str], Fault | None]:
    """A fault of one method, once the bucket was found to be there."""
    return lambda asked, path: fault if asked == method and "/clips/" in path else None


FAULTS: dict[str, Callable[[str, str], Fault | None]] = {
    "fails always": lambda method, path: Fault("status", 503),
    "breaks off always": lambda method, path: Fault("reset"),
    "fails at times": now_and_then(Fault("status", 503)),
    "breaks off at times": now_and_then(Fault("reset")),
    "refuses to be read": when("GET", Fault("status", 403)),
    "refuses to be written": when("PUT", Fault("status", 403)),
    "cuts what it gives": when("GET", Fault("cut")),
    "damages what it gives": when("GET", Fault("damage")),
    "gives another's": when("GET", Fault("other")),
    "gives nonsense": when("GET", Fault("nonsense")),
    "answers writing with nonsense": when("PUT", Fault("nonsense")),
    "loses what it confirmed": when("PUT", Fault("lose")),
    "does not confirm": when("PUT", Fault("unanswered")),
    "hangs": when("PUT", Fault("hang", seconds=1.5)),
    "is slow": now_and_then(Fault("slow", seconds=0.05)),
}


@pytest.mark.parametrize("what", FAULTS)
def test_whatever_the_bucket_does_the_sound_is_the_same(
    tmp_path: Path, alone: SiteKit, s3: S3, way: Way, what: str
) -> None:
    stored = entries(utterances(alone))
    for name, there in (("reads", filled(s3, way, alone)), ("writes", s3.bucket())):
        way.other = f"/{there}/clips/{next(iter(stored))}"
        bad = machine(tmp_path, name, alone, way, there)
        way.fault = FAULTS[what]
        result = bad.run("render", "-vv", bad.post, "--json")
        again = bad.run("plan", "--json", bad.post)
        way.fault = lambda method, path: None
        assert result.code == 0, result.err
        assert bad.audio.read_bytes() == alone.audio.read_bytes()
        assert bad.receipt.read_bytes() == alone.receipt.read_bytes()
        assert again.code == 0
        assert all(utterance["cached"] for utterance in again.json[0]["utterances"])
        assert result.err.count("warning: s3://") <= 2, "each thing is said once"
        assert_no_secret(bad, result)
        assert_no_secret(bad, again)
        assert_whole(utterances(bad))
        assert_whole(way.store(there, "clips"))
        assert entries(utterances(bad)).keys() == entries(utterances(alone)).keys()

        healed = machine(tmp_path, f"{name} healed", alone, way, there)
        assert healed.run("render", healed.post).code == 0
        assert healed.audio.read_bytes() == alone.audio.read_bytes()
        assert entries(way.store(there, "clips")) == stored


def test_what_is_damaged_in_the_bucket_is_spoken_and_written_again(
    tmp_path: Path, alone: SiteKit, s3: S3, way: Way
) -> None:
    bucket = filled(s3, way, alone)
    store = way.store(bucket, "clips")
    stored = entries(store)
    for name, data in stored.items():
        assert store.replace(name, data, data[:-1])
    other = machine(tmp_path, "other", alone, way, bucket)
    result = other.run("render", other.post)
    assert result.code == 0
    assert result.err.count("is damaged") == 1
    assert entries(store) == stored
    assert other.audio.read_bytes() == alone.audio.read_bytes()


@pytest.mark.parametrize("command", ["render", "plan", "status", "voices", "cache"])
@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_are_an_error_before_anything_is_spoken(
    tmp_path: Path, alone: SiteKit, s3: S3, way: Way, command: str, status: int
) -> None:
    site = machine(tmp_path, "site", alone, way, s3.bucket())
    way.fault = lambda method, path: Fault("status", status)
    before = site.files()
    words = {"cache": ("cache", "info"), "voices": ("voices",), "status": ("status", site.root)}
    result = site.run(*words.get(command, (command, "-vv", site.post)))
    assert result.code == 1
    assert "the bucket refuses these credentials" in result.err
    assert "AWS_ACCESS_KEY_ID" in result.err
    assert site.files() == before
    assert_no_secret(site, result)


def test_an_address_with_a_password_is_not_repeated(tmp_path: Path, alone: SiteKit) -> None:
    site = SiteKit(tmp_path / "site", tmp_path / "cache", alone.engines, {}, f"s3://{KEY}:{SECRET}@bucket").make()
    for words in (("render", "-vv", site.post), ("cache", "info"), ("plan", "--json", site.post)):
        result = site.run(*words)
        assert result.code == 2
        assert_no_secret(site, result)


def test_two_machines_at_once_speak_the_same_episode(tmp_path: Path, alone: SiteKit, s3: S3, way: Way) -> None:
    bucket = s3.bucket()
    sites = [machine(tmp_path, f"machine {number}", alone, way, bucket) for number in range(2)]
    runs = [_start(site, way) for site in sites]
    told = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert all("warning" not in text for text in told)
    for site in sites:
        assert site.audio.read_bytes() == alone.audio.read_bytes()
        assert entries(utterances(site)) == entries(way.store(bucket, "clips"))
    assert entries(way.store(bucket, "clips")) == entries(utterances(alone))


@pytest.mark.parametrize("arrives", [False, True], ids=["before", "after"])
def test_a_run_killed_while_it_writes_leaves_whole_entries(
    tmp_path: Path, alone: SiteKit, s3: S3, way: Way, arrives: bool
) -> None:
    bucket = s3.bucket()
    store = way.store(bucket, "clips")
    writes = len(entries(utterances(alone)))
    for nth in range(1, writes + 1, 3):
        site = machine(tmp_path, f"machine {nth}", alone, way, bucket)
        store.remove(*entries(store))
        run = _start(site, way)
        left = nth

        def kill(method: str, path: str, run: subprocess.Popen[str] = run) -> Fault | None:
            nonlocal left
            left -= method == "PUT"
            if left or method != "PUT":
                return None
            run.kill()
            return Fault("unanswered" if arrives else "reset")

        way.fault = kill
        run.communicate(timeout=120)
        way.fault = lambda method, path: None
        assert run.returncode == -signal.SIGKILL
        assert_whole(utterances(site))
        assert_whole(store)
        assert site.run("render", site.post).code == 0
        assert site.audio.read_bytes() == alone.audio.read_bytes()
        assert entries(store).items() <= entries(utterances(alone)).items()


def _start(site: SiteKit, way: Way) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tts_render", "render", "--engine", site.engines[0], "--cache-dir"]
    return subprocess.Popen(
        [*words, site.address, str(site.post)],
        cwd=ROOT,
        env={**_plain(), **way.environment(), "TTS_RENDER_CACHE_FOLDER": str(site.cache)},
        stderr=subprocess.PIPE,
        text=True,
    )


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TTS_RENDER_"))}


def test_both_levels_are_shown_and_pruned(tmp_path: Path, alone: SiteKit, s3: S3, way: Way) -> None:
    site = machine(tmp_path, "site", alone, way, s3.bucket())
    assert site.run("render", site.post).code == 0
    facts = site.run("cache", "info", "--json").json
    assert facts["path"] == str(site.cache / "utterances")
    counts = {name: facts[name] for name in ("clips", "phrases", "blobs", "bytes")}
    assert facts["store"] == {"address": site.address, **counts}
    assert counts["clips"] > 0
    assert json.loads(alone.run("cache", "info", "--json").out)["store"] is None
    told = site.run("cache", "info").out.splitlines()
    assert told[0] == str(site.cache / "utterances")
    assert told[2] == site.address
    assert told[1] == told[3]
    pruned = site.run("cache", "prune", "--max-size", "0").out.splitlines()
    assert pruned[1] == site.address
    assert pruned[0] == pruned[2]
    assert site.run("cache", "info", "--json").json["store"]["bytes"] == 0
