"""Whole files only: what is replaced is wholly old or wholly new, and a lock is held by one."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tts_render.ground.errors import BusyError, OutputError
from tts_render.ground.files import (
    Staged,
    commit,
    digest_file,
    locked,
    remove_leftover,
    remove_leftovers,
    replace_bytes,
    store_bytes,
    temporary_name,
)


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
        assert staged.path.read_bytes() == b""
        commit([staged.write(b"whole")])
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp3"]


@pytest.mark.parametrize("kind", ["symbolic", "hard", "dangling"])
def test_a_link_in_the_place_of_the_temporary_file_is_never_written_through(tmp_path: Path, kind: str) -> None:
    victim, target = tmp_path / "victim", tmp_path / "a.mp3"
    victim.write_bytes(b"precious")
    if kind == "hard":
        temporary_name(target).hardlink_to(victim)
    else:
        temporary_name(target).symlink_to(victim if kind == "symbolic" else tmp_path / "nowhere")
    replace_bytes(target, b"new")
    assert victim.read_bytes() == b"precious"
    assert target.read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp3", "victim"]


@pytest.mark.parametrize("name", ["a.mp3", ".a.mp3.tts-render-tmp"])
def test_a_folder_in_the_way_is_named_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match="Move this folder away") as caught, Staged(tmp_path / "a.mp3"):
        pytest.fail("it began")
    assert Path(str(caught.value.path)).name == name
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_two_processes_never_make_the_same_file_at_once(tmp_path: Path) -> None:
    target = tmp_path / "post.md"
    with Staged(target) as first:
        with pytest.raises(BusyError, match="another run"):
            replace_bytes(target, b"second")
        remove_leftover(target)
        commit([first.write(b"first")])
    replace_bytes(target, b"second")
    assert target.read_bytes() == b"second"


def test_who_is_done_does_not_remove_what_another_has_begun(tmp_path: Path) -> None:
    target = tmp_path / "post.md"
    with Staged(target) as first:
        commit([first.write(b"first")])
        second = Staged(target).__enter__()
    assert second.path.exists()
    second.__exit__(None, None, None)
    assert [p.name for p in tmp_path.iterdir()] == ["post.md"]


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
    store_bytes(tmp_path / "ab" / "entry", b"data", workshop=tmp_path / "incoming")
    assert [p.name for p in (tmp_path / "ab").iterdir()] == ["entry"]
    assert list((tmp_path / "incoming").iterdir()) == []
    assert len(digest_file(tmp_path / "ab" / "entry")) == 64


def test_what_killed_runs_left_half_stored_is_removed_and_what_is_alive_stays(tmp_path: Path) -> None:
    left, foreign = tmp_path / ".0123.tts-render-tmp", tmp_path / "notes.txt"
    left.write_bytes(b"half")
    foreign.write_bytes(b"mine")
    alive = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / ".4567.tts-render-tmp")],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
    with alive:
        assert alive.stdout is not None
        assert alive.stdout.readline() == b"holding\n"
        remove_leftovers(tmp_path)
        assert sorted(p.name for p in tmp_path.iterdir()) == [".4567.tts-render-tmp", "notes.txt"]
        alive.kill()
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
    remove_leftovers(tmp_path / "nowhere")


HOLDER = """
import sys
from pathlib import Path
from tts_render.ground import files
claim = files._claim(Path(sys.argv[1]))
print("holding", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_flush_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.fsync

    def fail_on_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(os, "fsync", fail_on_folders)
    replace_bytes(tmp_path / "post.md", b"new")
    assert (tmp_path / "post.md").read_bytes() == b"new"


def test_a_commit_that_fails_half_way_says_what_is_new_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    calls = 0

    def second_fails(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    monkeypatch.setattr(os, "replace", second_fails)
    with (
        pytest.raises(OutputError, match=r"one\.mp3 had already been written") as caught,
        Staged(tmp_path / "one.mp3") as one,
        Staged(tmp_path / "two.md") as two,
    ):
        commit([one.write(b"new"), two.write(b"new")])
    assert "Nothing was changed" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["one.mp3"]
