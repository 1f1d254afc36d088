"""A disk that fails at every single operation, one after the other, while a whole episode is rendered.

What must hold each time stands in ``tests/kit/disk.py``: every file is wholly old or wholly new, in the order MP3, files
beside it, receipt, post; the cache has no half entry; the run that fails says so and leaves nothing under construction;
and the next run ends as if nothing had happened.
"""

from __future__ import annotations

import errno
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.kit.disk import Act, Change, Kind, Scene, Shim, some
from tests.kit.fake_engine import FakeEngine
from tests.kit.forks import Forks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Build = Callable[..., Scene]

pytestmark = pytest.mark.slow

ENCODERS = ("soundfile", "lame", "ffmpeg")
ERRORS = {
    Kind.WRITE: errno.ENOSPC,
    Kind.FSYNC: errno.EIO,
    Kind.RENAME: errno.EACCES,
    Kind.CREATE: errno.EMFILE,
    Kind.MKDIR: errno.EROFS,
    Kind.CHMOD: errno.EPERM,
}
"""How each kind of operation is wont to fail."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    return Shim.build(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    with FakeEngine() as fake:
        yield fake.url


@pytest.fixture(scope="module")
def forks(shim: Shim) -> Iterator[Forks]:
    with Forks(**shim.environment) as forks:
        yield forks


@pytest.fixture
def build(
    tmp_path: Path, forks: Forks, shim: Shim, engine: str, record_property: Callable[[str, int], None]
) -> Iterator[Build]:
    scenes: list[Scene] = []

    def make(change: Change, encoder: str = "soundfile") -> Scene:
        if encoder != "soundfile" and shutil.which(encoder) is None:
            pytest.skip(f"{encoder} is not installed")
        scenes.append(Scene.make(tmp_path / "scene", forks, shim, engine, encoder=encoder, change=change))
        return scenes[-1]

    yield make
    record_property("tried", sum(scene.tried for scene in scenes))


@pytest.mark.parametrize("change", ["script", "first"])
@pytest.mark.parametrize("kind", list(ERRORS), ids=lambda kind: kind.name)
def test_whichever_operation_fails_everything_is_old_or_new(build: Build, change: Change, kind: Kind) -> None:
    scene = build(change)
    total = scene.count({kind})
    assert total > 0
    every = change == "script" and kind in (Kind.WRITE, Kind.FSYNC, Kind.RENAME)
    for number in some(range(1, total + 1), total if every else 4):
        scene.restore()
        scene.arm(Act.FAIL, {kind}, number, ERRORS[kind])
        scene.check(scene.start().wait())


@pytest.mark.parametrize("encoder", ["lame", "ffmpeg"])
def test_whichever_write_of_an_encoder_program_fails_everything_is_old_or_new(build: Build, encoder: str) -> None:
    scene = build("pacing", encoder)
    for number in some(range(1, scene.count({Kind.WRITE}) + 1), 6):
        scene.restore()
        scene.arm(Act.FAIL, {Kind.WRITE}, number, errno.ENOSPC)
        scene.check(scene.start().wait())


def test_a_disk_that_is_full_from_any_write_on_changes_nothing_half(build: Build) -> None:
    scene = build("script")
    for number in some(range(1, scene.count({Kind.WRITE}) + 1), 6):
        scene.restore()
        scene.arm(Act.FILL, {Kind.WRITE}, number, errno.ENOSPC)
        code = scene.start().wait()
        assert code == 1
        assert "No space left" in scene.said
        assert scene.check(code) == scene.old


def test_a_write_that_takes_only_half_is_gone_on_with(build: Build) -> None:
    scene = build("script")
    for number in some(range(1, scene.count({Kind.WRITE}) + 1), 6):
        scene.restore()
        scene.arm(Act.SHORTEN, {Kind.WRITE}, number)
        assert scene.start().wait() == 0, scene.said
        scene.check(0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_no_room_for_the_whole_mp3_leaves_the_old_one(build: Build, encoder: str) -> None:
    scene = build("pacing", encoder)
    size = len(scene.new[scene.in_order()[0]])
    # The messages need a kilobyte themselves.
    for largest in (*some(range(1024, size, 1024), 5), size - 1):
        scene.restore()
        scene.disarm()
        code = scene.start(largest=largest).wait()
        assert code == 1, largest
        assert scene.check(code) == scene.old
    scene.restore()
    scene.check(scene.start(largest=size).wait())
