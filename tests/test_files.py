"""Whole files only: what is replaced is wholly old or wholly new, and a lock is held by one."""

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from tts_render.errors import BusyError, OutputError
from tts_render.files import Staged, commit, digest_file, locked, replace_bytes, store_bytes, temporary_name


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "post.md"
    target.write_bytes(b"old")
    target.chmod(0o640)
    replace_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_bytes(b"old")
    link = tmp_path / "link.md"
    link.symlink_to(real)
    replace_bytes(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "a.mp3"
    temporary_name(target).write_bytes(b"half")
    with Staged(target) as staged:
        assert not staged.path.exists()
        commit([staged.write(b"whole")])
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp3"]


def test_what_is_not_committed_is_removed(tmp_path: Path) -> None:
    target = tmp_path / "a.mp3"
    with Staged(target) as staged:
        staged.write(b"half")
    assert list(tmp_path.iterdir()) == []


def test_a_name_as_long_as_the_disk_allows_can_be_staged(tmp_path: Path) -> None:
    target = tmp_path / ("あ" * 84 + ".md")
    assert len(os.fsencode(target.name)) == 255
    replace_bytes(target, b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "post.md"
    target.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OutputError, match="No space left") as caught:
        replace_bytes(target, b"new")
    assert caught.value.exit_code == 1
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_takes_its_place_before_everything_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"old")
    two.write_bytes(b"old")
    calls = 0
    real = os.fsync

    def second_fails(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", second_fails)
    with pytest.raises(OutputError), Staged(one) as a, Staged(two) as b:
        commit([a.write(b"new"), b.write(b"new")])
    assert one.read_bytes() == two.read_bytes() == b"old"


def test_a_lock_is_held_by_one_and_freed_at_the_end(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "episode.lock"
    with locked(lock, busy="busy"), pytest.raises(BusyError, match="busy"), locked(lock, busy="busy"):
        pytest.fail("two held it")
    with locked(lock, busy="busy"):
        pass


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    lock = tmp_path / "episode.lock"
    order: list[str] = []
    holding, waiting = threading.Event(), threading.Event()

    def first() -> None:
        with locked(lock, busy="busy"):
            holding.set()
            waiting.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    holding.wait(10)
    with locked(lock, busy="busy", patience=10, sleep=lambda _: waiting.set()):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_stored_file_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    store_bytes(tmp_path / "ab" / "entry", b"data")
    assert [p.name for p in (tmp_path / "ab").iterdir()] == ["entry"]
    assert len(digest_file(tmp_path / "ab" / "entry")) == 64
