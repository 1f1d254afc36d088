"""``kill -9`` at any moment of a run: after every single operation on the disk, and at moments spread over its length.

What must hold each time stands in ``tests/kit/disk.py``. A killed run may leave its dot-named temporary file, until the next
run on that episode.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.kit.disk import TORTURE, Act, Kind, Scene, Shim, some
from tests.kit.fake_engine import FakeEngine
from tests.kit.forks import Forks
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.fake_voice import Json

    Property = Callable[[str, int], None]

MOMENTS = 200 if TORTURE else 20


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with FakeEngine() as fake:
        yield fake.url


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["soundfile", "lame"])
def test_killed_after_any_operation_on_the_disk(
    tmp_path: Path, engine: str, encoder: str, record_property: Property
) -> None:
    shim = Shim.build(tmp_path)
    with Forks(**shim.environment) as forks:
        scene = Scene.make(tmp_path / "scene", forks, shim, engine, encoder=encoder)
        kinds = set(Kind)
        for number in some(range(1, scene.count(kinds) + 1), 20):
            scene.restore()
            scene.arm(Act.KILL_AFTER, kinds, number)
            code = scene.start().wait()
            assert code == -signal.SIGKILL
            scene.check(code)
        record_property("tried", scene.tried)


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path, engine: str, record_property: Property) -> None:
    with Forks() as forks:
        scene = Scene.make(tmp_path / "scene", forks, None, engine)
        scene.restore()
        begun = time.perf_counter()
        assert scene.start().wait() == 0
        length = time.perf_counter() - begun
        moments = random.Random(20261122)
        codes = []
        for _ in range(MOMENTS):
            scene.restore()
            run = scene.start()
            time.sleep(moments.uniform(0, length))
            with contextlib.suppress(ProcessLookupError):  # it was done before
                os.kill(run.pid, signal.SIGKILL)
            codes.append(run.wait())
            scene.check(codes[-1])
        assert set(codes) <= {0, -signal.SIGKILL}
        assert codes.count(-signal.SIGKILL) > MOMENTS / 4, "the run is too short for these moments"
        record_property("tried", scene.tried)


@pytest.mark.slow
def test_what_a_killed_run_left_goes_even_where_the_next_has_nothing_to_do(
    tmp_path: Path, engine: str, record_property: Property
) -> None:
    shim = Shim.build(tmp_path)
    with Forks(**shim.environment) as forks:
        scene = Scene.make(tmp_path / "scene", forks, shim, engine, change="nothing")
        kinds = {Kind.WRITE, Kind.CREATE}
        scene.arm(Act.COUNT, kinds)
        assert scene.start("--force").wait() == 0
        for number in some(range(1, sum(shim.counted().values()) + 1), 4):
            scene.restore()
            scene.arm(Act.KILL_AFTER, kinds, number)
            code = scene.start("--force").wait()
            assert code == -signal.SIGKILL
            scene.check(code)
        record_property("tried", scene.tried)


class SlowEngine(FakeEngine):
    """Waits in the middle of a synthesis until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work, self.go_on = threading.Event(), threading.Event()

    def make_sound(self, query: Json, style: int, share: float = 1.0) -> bytes:
        self.at_work.set()
        assert self.go_on.wait(60)
        return super().make_sound(query, style, share)


def test_two_runs_that_share_no_lock_never_write_the_same_file(tmp_path: Path) -> None:
    with Forks() as forks, SlowEngine() as fake:
        site = SiteKit(tmp_path / "site", tmp_path / "cache", (fake.url,)).make()
        before = site.files()
        first = forks.start(
            "render",
            site.post,
            "--cache-dir",
            tmp_path / "another cache",
            "--engine",
            fake.url,
            output=tmp_path / "said",
        )
        assert fake.at_work.wait(60)
        second = site.run("render", site.post)
        assert second.code == 1
        assert "another run" in second.err
        assert {path: data for path, data in site.files().items() if "tmp" not in path} == before
        fake.go_on.set()
        assert first.wait() == 0, (tmp_path / "said").read_text()
        done = site.files()
        assert not any("tmp" in path for path in done)
        assert site.run("render", site.post).code == 0
        assert site.files() == done


def test_two_runs_that_share_a_cache_speak_the_same_lines_at_once(tmp_path: Path) -> None:
    with Forks() as one, Forks() as two, FakeEngine() as fake:
        sites = [SiteKit(tmp_path / name / "site", tmp_path / "cache", (fake.url,)).make() for name in ("a", "b")]
        runs = [
            forks.start("render", site.post, "--cache-dir", site.cache, "--engine", fake.url)
            for forks, site in zip((one, two), sites, strict=True)
        ]
        assert [run.wait() for run in runs] == [0, 0]
        assert sites[0].files() == sites[1].files()
        utterances = tmp_path / "cache" / "utterances"
        assert len(list(utterances.glob("clips/*/*.clip"))) == 6
        assert list((utterances / "incoming").iterdir()) == []
