"""Undoing in a file that somebody has changed elsewhere: the lines of the change are put back, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_render.episode.takes import Take, encode_takes, read_takes
from tts_render.run.journal import Change, Journal, StaleError
from tts_render.run.laying import laid
from tts_render.run.steps import kept_of

_PATH = Path("a.txt")
LINES = st.sampled_from([b"a\n", b"b\n", b"c\n", b"ab\n", b"\n", b"b\r\n"])
THEIRS = st.sampled_from([b"x\n", b"y\n", b"xa\n"])


@given(st.data())
def test_what_is_changed_elsewhere_stays_and_only_the_line_is_put_back(data: st.DataObject) -> None:
    before = data.draw(st.lists(LINES, min_size=1, max_size=6))
    at = data.draw(st.integers(0, len(before) - 1))
    new = data.draw(st.sampled_from([b"", b"a\n", b"abc\n", b"a\nb\n", b"b\n"]))
    step = kept_of(_PATH, b"".join(before), b"".join([*before[:at], new, *before[at + 1 :]]))
    if step.patch is None or before[at] == new:
        return
    backward = data.draw(st.booleans())
    mine, other = (new, before[at]) if backward else (before[at], new)
    above, below = (
        [(line, data.draw(st.sampled_from(["keep", "keep", "drop", "add", "change"]))) for line in part]
        for part in (before[:at], before[at + 1 :])
    )
    theirs = [
        b"".join(_edited(line, how, data.draw(THEIRS)) for line, how in part) for part in (above, below)
    ]  # fmt: skip
    done = laid(step.patch.turned() if backward else step.patch, theirs[0] + mine + theirs[1])
    assert done in (None, theirs[0] + other + theirs[1])


@given(st.lists(st.text("あいう", min_size=1), min_size=3, unique=True), st.data())
def test_a_line_that_stands_there_once_is_always_put_back(texts: list[str], data: st.DataObject) -> None:
    lines = [f"{text}\n".encode() for text in texts]
    at = data.draw(st.integers(0, len(lines) - 1))
    step = kept_of(_PATH, b"".join(lines), b"".join([*lines[:at], b"mine\n", *lines[at + 1 :]]))
    assert step.patch is not None
    parts = [data.draw(st.lists(st.sampled_from([*lines, b"theirs\n"]))) for _ in range(2)]
    above, below = (b"".join(part) for part in parts)
    assert laid(step.patch.turned(), above + b"mine\n" + below) == above + lines[at] + below


def _edited(line: bytes, how: str, other: bytes) -> bytes:
    return {"keep": line, "drop": b"", "add": line + other, "change": other}[how]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


@pytest.fixture
def journal(site: Path) -> Journal:
    return Journal(site.parent / "cache", site)


def changed(journal: Journal, path: Path, before: str, after: str, name: str = "step") -> None:
    path.write_text(before, encoding="utf-8")
    journal.make(name, [Change(path, before.encode(), after.encode())])


@pytest.mark.parametrize(
    ("before", "after", "now", "undone"),
    [
        ("一\n二\n三\n", "一\nに\n三\n", "壱\nに\n三\n四\n", "壱\n二\n三\n四\n"),
        ("一\n二\n三\n", "一\n三\n", "零\n一\n三\n", "零\n一\n二\n三\n"),  # taken out
        ("一\n三\n", "一\n二\n三\n", "一\n二\n参\n", "一\n参\n"),  # put in
        ("一\n二", "一\nに", "壱\nに", "壱\n二"),  # the last without an end
        ("一\n一\n二\n一\n一\n", "一\n一\n一\n一\n一\n", "一\n一\n一\n一\n一\n後\n", None),
        ("一\n二\n三\n", "一\nに\n三\n", "に\n四\n一\nに\n三\n", "に\n四\n一\n二\n三\n"),  # a copy elsewhere
        ("壱\n二\n一\n三\n", "一\n二\n一\n三\n", "一\n二\n一\n三\n四\n", "壱\n二\n一\n三\n四\n"),
        ("壱\n二\n一\n三\n", "一\n二\n一\n三\n", "二\n一\n三\n", None),  # the other one is not taken for it
        # the neighbours have come together elsewhere
        ("a\nq\nb\na\ny\nL\nb\n", "a\nL\nb\na\ny\nL\nb\n", "a\nx\nL\nb\na\nL\nb\n", None),
    ],
)
def test_a_step_is_laid_onto_the_file_as_it_is_now(
    journal: Journal, site: Path, before: str, after: str, now: str, undone: str | None
) -> None:
    path = site / "a.txt"
    changed(journal, path, before, after)
    path.write_text(now, encoding="utf-8")
    journal = Journal(site.parent / "cache", site)
    if undone is None:
        with pytest.raises(StaleError):
            journal.undo()
        assert path.read_text(encoding="utf-8") == now
        return
    assert journal.undo() is not None
    assert path.read_text(encoding="utf-8") == undone
    assert journal.redo() is not None
    assert path.read_text(encoding="utf-8") == now


def test_a_refusal_names_the_file_and_what_stands_there(journal: Journal, site: Path) -> None:
    path = site / "a.txt"
    changed(journal, path, "一\n二\n三\n", "一\nに\n三\n")
    path.write_text("零\n一\nニ\n三\n", encoding="utf-8")
    with pytest.raises(StaleError, match=r"「に」 is not there any more; reads now: ニ") as caught:
        journal.undo()
    assert (caught.value.path, caught.value.line, caught.value.there) == (path, 3, "ニ")
    path.write_text("に\nに\n", encoding="utf-8")
    with pytest.raises(StaleError, match="「に」 is there 2 times now"):
        journal.undo()
    changed(journal, path, "一\n二\n三\n", "一\n三\n")
    path.write_text("一\nニ\n三\n", encoding="utf-8")
    with pytest.raises(StaleError, match="changed in the meantime; reads now: ニ"):
        journal.undo()


def test_a_step_of_another_file_is_undone_behind_one_that_cannot_be(journal: Journal, site: Path) -> None:
    a, b = site / "a.txt", site / "b.txt"
    changed(journal, b, "一\n", "二\n", "b")
    changed(journal, a, "一\n二\n", "壱\n二\n", "a 1")
    changed(journal, a, "壱\n二\n", "壱\n弐\n", "a 2")
    a.write_text("壱\nに\n", encoding="utf-8")
    assert journal.undoable == "b", "what undoing will do is said before"
    moved = journal.undo()
    assert moved is not None
    assert (moved.name, moved.paths, [name for name, _ in moved.passed]) == ("b", (b,), ["a 2"])
    assert (a.read_text(encoding="utf-8"), b.read_text(encoding="utf-8")) == ("壱\nに\n", "一\n")
    assert (journal.undoable, journal.redoable) == ("a 2", "b")
    with pytest.raises(StaleError):
        journal.undo()
    a.write_text("壱\n弐\n", encoding="utf-8")
    assert [getattr(journal.undo(), "name", None) for _ in range(3)] == ["a 2", "a 1", None], "nothing was lost"
    assert [getattr(journal.redo(), "name", None) for _ in range(3)] == ["a 1", "a 2", "b"]


def test_takes_are_put_back_where_the_file_can_be_read_then(journal: Journal, site: Path) -> None:
    path = site / "a.takes.json"
    one, two = (Take(str(n), n, f"{n}行目。", f"{n}行目。", "声", intonation=1 + n / 8) for n in (1, 2))
    changed(journal, path, encode_takes([one, two]).decode(), encode_takes([one]).decode())
    path.write_bytes(encode_takes([one, replace(two, intonation=2.0)]))
    theirs = path.read_bytes()
    with pytest.raises(StaleError):  # there would be two takes of one line
        journal.undo()
    assert path.read_bytes() == theirs
    path.write_bytes(encode_takes([replace(one, text="壱行目。")]))
    journal.undo()
    assert read_takes(path) == (replace(one, text="壱行目。"), two)


def test_json_that_could_not_be_read_is_not_made(journal: Journal, site: Path) -> None:
    path = site / "a.json"
    changed(journal, path, "[\n1,\n2\n]\n", "[\n1,\n]\n".replace("1,\n", "1\n"))
    path.write_text("[\n0,\n1\n]\n", encoding="utf-8")
    journal.undo()
    assert json.loads(path.read_text(encoding="utf-8")) == [0, 1, 2]
    changed(journal, path, "[\n1\n]\n", "[\n3\n]\n")
    path.write_text("[\n3\n", encoding="utf-8")
    with pytest.raises(StaleError):
        journal.undo()
