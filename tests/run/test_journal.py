"""The journal: what the studio has changed can be undone and done again, and never over what somebody else has written."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest

from tts_render.ground.errors import OutputError
from tts_render.ground.messages import said, translate
from tts_render.run.journal import Change, Journal, Moved, StaleError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_bytes(b"one")
    return Journal(tmp_path / "cache", tmp_path / "site")


def test_a_change_is_undone_and_done_again(journal: Journal, tmp_path: Path) -> None:
    a, b = tmp_path / "site" / "a.txt", tmp_path / "site" / "b.json"
    journal.make("first", [Change(a, b"one", b"two"), Change(b, None, b"{}")])
    assert (a.read_bytes(), b.read_bytes(), journal.undoable, journal.redoable) == (b"two", b"{}", "first", None)
    assert journal.undo() == Moved("first", (a, b))
    assert (a.read_bytes(), b.exists(), journal.undoable, journal.redoable) == (b"one", False, None, "first")
    assert journal.redo() == Moved("first", (a, b))
    assert (a.read_bytes(), b.read_bytes()) == (b"two", b"{}")
    assert journal.redo() is None


def test_it_is_remembered_when_the_studio_is_opened_again(journal: Journal, tmp_path: Path) -> None:
    a = tmp_path / "site" / "a.txt"
    journal.make("first", [Change(a, b"one", b"two")])
    journal.make("second", [Change(a, b"two", b"three")])
    journal.undo()
    again = Journal(tmp_path / "cache", tmp_path / "site")
    assert (again.undoable, again.redoable) == ("first", "second")
    again.undo()
    assert a.read_bytes() == b"one"
    assert Journal(tmp_path / "cache", tmp_path / "other").undoable is None, "another site"


def test_a_new_change_ends_what_could_be_done_again(journal: Journal, tmp_path: Path) -> None:
    a = tmp_path / "site" / "a.txt"
    journal.make("first", [Change(a, b"one", b"two")])
    journal.undo()
    journal.make("other", [Change(a, b"one", b"three")])
    assert journal.redo() is None


def test_what_changes_nothing_is_no_change(journal: Journal, tmp_path: Path) -> None:
    journal.make("nothing", [Change(tmp_path / "site" / "a.txt", b"one", b"one")])
    assert journal.undoable is None


def test_what_somebody_else_has_written_is_kept(journal: Journal, tmp_path: Path) -> None:
    a, b = tmp_path / "site" / "a.txt", tmp_path / "site" / "b.txt"
    b.write_bytes(b"x")
    with pytest.raises(StaleError, match="changed in the meantime"):
        journal.make("late", [Change(b, b"x", b"y"), Change(a, b"zero", b"two")])
    assert (a.read_bytes(), b.read_bytes()) == (b"one", b"x"), "all or none"
    journal.make("first", [Change(a, b"one", b"two")])
    a.write_bytes(b"theirs")
    with pytest.raises(StaleError):
        journal.undo()
    assert a.read_bytes() == b"theirs"
    assert journal.undoable == "first"


@pytest.mark.parametrize(
    "damage",
    [lambda text: text[:-5], lambda text: text.replace("b25l", "dHdv"), lambda text: text.replace("a.txt", "../a.txt")],
)
def test_a_damaged_memory_is_forgotten(journal: Journal, tmp_path: Path, damage: object) -> None:
    journal.make("first", [Change(tmp_path / "site" / "a.txt", b"one", b"two")])
    (file,) = (tmp_path / "cache" / "studio").glob("*.json")
    file.write_text(damage(file.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    assert Journal(tmp_path / "cache", tmp_path / "site").undoable is None


def test_what_cannot_be_remembered_is_not_changed(journal: Journal, tmp_path: Path) -> None:
    a = tmp_path / "site" / "a.txt"
    journal.make("first", [Change(a, b"one", b"two")])
    (file,) = (tmp_path / "cache" / "studio").glob("*.json")
    memory = file.read_bytes()
    file.unlink()
    file.mkdir()  # whatever keeps it from being written
    with pytest.raises(OutputError, match="Nothing was changed"):
        journal.make("second", [Change(a, b"two", b"three")])
    assert a.read_bytes() == b"two"
    file.rmdir()
    file.write_bytes(memory)
    with pytest.raises(ValueError, match="subpath"):
        journal.make("elsewhere", [Change(a, b"two", b"three"), Change(tmp_path / "b.txt", None, b"x")])
    assert (a.read_bytes(), (tmp_path / "b.txt").exists(), journal.undoable) == (b"two", False, "first")
    assert journal.undo() == Moved("first", (a,))


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_disk_that_fails_between_two_files_leaves_all_of_them_as_they_were(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    a, b, c = (tmp_path / "site" / name for name in ("a.txt", "b.txt", "c.txt"))
    c.write_bytes(b"x")
    replace, calls = os.replace, 0

    def once(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == failing + 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        replace(source, target)

    changes = [Change(a, b"one", b"two"), Change(b, None, b"new"), Change(c, b"x", None)]
    monkeypatch.setattr(os, "replace", once)
    with pytest.raises(OutputError, match="Nothing was changed"):
        journal.make("first", changes)
    monkeypatch.undo()
    assert (a.read_bytes(), b.exists(), c.read_bytes(), journal.undoable) == (b"one", False, b"x", None)
    assert sorted(path.name for path in (tmp_path / "site").iterdir()) == ["a.txt", "c.txt"]


def test_two_programs_share_one_journal(journal: Journal, tmp_path: Path) -> None:
    a, b = tmp_path / "site" / "a.txt", tmp_path / "site" / "b.txt"
    other = Journal(tmp_path / "cache", tmp_path / "site")
    journal.make("first", [Change(a, b"one", b"two")])
    assert other.undoable == "first"
    other.make("second", [Change(b, None, b"x")])
    assert journal.undoable == "second"
    assert journal.undo() == Moved("second", (b,))
    assert other.redoable == "second"
    assert other.undo() == Moved("first", (a,))
    assert (a.read_bytes(), b.exists(), journal.redoable) == (b"one", False, "first")


def test_a_change_of_one_line_is_remembered_as_that_line(journal: Journal, tmp_path: Path) -> None:
    a = tmp_path / "site" / "a.txt"
    lines = [f"line {number}\n".encode() * 20 for number in range(200)]
    a.write_bytes(b"".join(lines))
    for new in (b"other\n", b"", b"line 100\n" * 21):
        before = a.read_bytes()
        after = before.replace(lines[100], new)
        journal.make("line", [Change(a, before, after)])
        journal.undo()
        assert a.read_bytes() == before
        journal.redo()
        assert a.read_bytes() == after
        journal.undo()
    (file,) = (tmp_path / "cache" / "studio").glob("*.json")
    assert file.stat().st_size < 2000


def test_the_name_of_a_change_is_a_message_again_when_it_is_read_again(journal: Journal, tmp_path: Path) -> None:
    a = tmp_path / "site" / "a.txt"
    journal.make(said("import of {name}", name="雨.vvproj"), [Change(a, b"one", b"two")])
    name = Journal(tmp_path / "cache", tmp_path / "site").undoable
    assert (name, translate(name or "", "ja")) == ("import of 雨.vvproj", "雨.vvproj の取り込み")


@pytest.mark.parametrize(
    "written", ["nothing", "other", 7, {"template": "{a.b}", "values": {"a": "x"}}, {"parts": [1]}]
)
def test_a_change_has_its_name_where_no_message_is_kept_of_it(
    journal: Journal, tmp_path: Path, written: object
) -> None:
    a = tmp_path / "site" / "a.txt"
    journal.make(said("import of {name}", name="雨.vvproj"), [Change(a, b"one", b"two")])
    (file,) = (tmp_path / "cache" / "studio").glob("*.json")
    facts = json.loads(file.read_bytes())
    facts["done"][0]["said"] = written
    if written == "nothing":
        del facts["done"][0]["said"]
    file.write_text(json.dumps(facts), encoding="utf-8")
    again = Journal(tmp_path / "cache", tmp_path / "site")
    assert translate(again.undoable or "", "ja") == "import of 雨.vvproj"
    assert again.undo() == Moved("import of 雨.vvproj", (a,))
