"""What is changed in many lines at once, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.studio_page import Studio, tree

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = "_scripts/houkago-server-3.txt"
WORD, OTHER = "バックアップ", "控え"


@pytest.mark.chromium
@pytest.mark.slow
def test_a_text_is_found_marked_replaced_and_given_back(studio: Studio) -> None:
    before = tree(studio.root)
    script = before[SCRIPT].decode()
    ruby = "<ruby>紅茶<rt>こうちゃ</rt></ruby>は、紅茶ですのよ。\n"
    at: dict[str, dict[str, bytes]] = {}

    def keep(name: str) -> Callable[[], None]:
        return lambda: at.update({name: tree(studio.root)})

    def add_ruby() -> None:
        (studio.root / SCRIPT).write_text(ruby + script, encoding="utf-8")

    told = studio.use("replace", {**{name: keep(name) for name in ("one", "all", "undone")}, "ruby": add_ruby})
    assert told["problems"] == []
    count, lines = script.count(WORD), sum(WORD in line for line in told["before"])
    assert (count, lines) == (3, 2)
    assert told["alike"] == {"marks": [WORD] * 3, "lines": 2, "status": "2 of 16"}
    assert told["second"] == {"status": "2 of 16 · place 2 of 3", "current": [WORD], "typing": "search"}
    assert told["left"]["marks"] == []
    assert told["left"]["lines"] == 16
    assert WORD in told["left"]["back"], "the keys are for the line where one was"
    assert told["exactly"] == []
    assert told["places"] == "2 of 16 · places: 3"
    assert told["one"]["marks"] == [WORD] * 2
    assert told["one"]["current"] == 1
    assert told["all"]["said"] == [line.replace(WORD, OTHER) for line in told["before"]]
    assert told["all"]["visible"] == 16
    assert told["all"]["undo"] == f"Undo: {WORD} → {OTHER}"
    assert told["closed"] == 0
    assert told["undone"] == told["before"]
    first, second, third, fourth = script.split(WORD)  # where one was is where it begins
    assert at["one"] == {**before, SCRIPT: f"{first}{WORD}{second}{OTHER}{third}{WORD}{fourth}".encode()}
    assert at["all"] == {**before, SCRIPT: script.replace(WORD, OTHER).encode()}
    assert at["undone"] == before, "undone to the byte"
    assert "line 1: 紅茶は、緑茶ですのよ。" in told["named"]
    assert "緑茶ですのよ。" in told["there"]
    there = (studio.root / SCRIPT).read_text(encoding="utf-8")
    assert there == ruby.replace("、紅茶", "、緑茶") + script.replace("紅茶", "緑茶")
