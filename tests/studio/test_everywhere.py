"""What is changed in many lines at once, in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.studio_page import Studio, tree
from tts_render.settings.config import packaged_config_path

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = "_scripts/houkago-server-3.txt"
OTHER_SCRIPT = "audio/asaichi-commit-2.txt"
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
    assert told["places"] == "2 of 16 · 3 places"
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


@pytest.mark.chromium
@pytest.mark.slow
def test_a_word_is_tried_heard_put_into_the_dictionary_and_given_back(studio: Studio) -> None:
    settings = packaged_config_path().read_text(encoding="utf-8")
    (studio.root / "voices.yaml").write_text(settings, encoding="utf-8")
    with (studio.root / OTHER_SCRIPT).open("a", encoding="utf-8") as script:
        script.write("バックアップもしましょう。\n")
    before = tree(studio.root)
    at: dict[str, dict[str, bytes]] = {}
    told = studio.use(
        "word",
        {"tried": lambda: at.update(tried=tree(studio.root)), "saved": lambda: at.update(saved=tree(studio.root))},
    )
    assert all("422" in problem for problem in told["problems"])
    assert told["prefilled"] == {"surface": WORD, "choices": 0}
    assert "must be all kana" in told["wrong"]
    assert told["refused"]
    assert told["readings"][0] == "本日のお題は、バックアップですの。 → 本日のお題は、ヨビですの。"
    assert told["episodes"][0].startswith("This episode")
    assert len(told["episodes"]) == 2
    assert "In other episodes: 1" in told["status"]
    assert "Looked at 2 of 2 other episodes" in told["status"]
    assert told["accent"] == "falls after ヨ"
    assert told["heard"] == [
        ["2025-10-10-3.md", "before", 200],
        ["2025-10-10-3.md", "after", 200],
        ["2025-10-08-2.md", "after", 200],
    ]
    assert at["tried"] == before, "nothing is written before it is saved"
    lexicon = "  LLM: エルエルエム\n"
    entry = f"{lexicon}  {WORD}: {{reading: ヨビ, accent: 1}}\n"
    assert at["saved"] == {**before, "voices.yaml": settings.replace(lexicon, entry).encode()}
    assert "ですの" in told["back"]
    assert (told["known"]["surface"], told["known"]["reading"]) == (WORD, "ヨビ")
    assert "voices.yaml, line" in told["known"]["place"]
    assert told["removing"]["says"] == "Take out of the dictionary"
    assert told["removing"]["readings"][0] == "本日のお題は、ヨビですの。 → 本日のお題は、バックアップですの。"
    assert told["again"] == told["back"]
    assert told["hurried"] == ["Put into the dictionary", "ひかえ"]
    assert tree(studio.root) == before, "undone to the byte"
