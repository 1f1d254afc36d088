"""A change on the page is one line of the script or one take, and not one byte more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tts_render.ground.errors import ScriptError
from tts_render.run.journal import StaleError
from tts_render.studio.edits import change_line, source_line

if TYPE_CHECKING:
    from pathlib import Path

LINES = ["一行目。", "<ruby>二<rt>に</rt></ruby>行目。", "", "四行目。"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_one_line_is_replaced_whatever_the_lines_end_with(tmp_path: Path, end: str, mark: bytes, last: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(mark + (end.join(LINES) + last.replace("\n", end)).encode())
    for number, line in enumerate(LINES, 1):
        assert source_line(path, number) == line
        change = change_line(path, number, line, "新しい行。")
        wanted = [*LINES[: number - 1], "新しい行。", *LINES[number:]]
        assert change.before == path.read_bytes()
        assert change.after == mark + (end.join(wanted) + last.replace("\n", end)).encode()


def test_an_empty_text_takes_the_line_out_with_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("一。\r\n二。\r\n三。".encode())
    assert change_line(path, 2, "二。", "").after == "一。\r\n三。".encode()
    assert change_line(path, 3, "三。", "").after == "一。\r\n二。\r\n".encode()


def test_a_line_that_was_changed_meanwhile_is_told_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("一。\n二つ目。\n", encoding="utf-8")
    with pytest.raises(StaleError, match="reads now: 二つ目。"):
        change_line(path, 2, "二。", "新。")
    with pytest.raises(StaleError, match="has fewer lines now"):
        change_line(path, 9, "二。", "新。")


def test_one_line_cannot_become_several(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("一。\n", encoding="utf-8")
    for text in ("a\nb", "a\rb", "\n"):
        with pytest.raises(ScriptError, match="cannot become several"):
            change_line(path, 1, "一。", text)


def test_the_notes_of_a_deck_are_not_lines_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ScriptError, match="in the deck"):
        source_line(path, 1)


def test_a_script_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xff\n")
    with pytest.raises(ScriptError, match="not UTF-8"):
        source_line(path, 1)
