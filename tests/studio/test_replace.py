"""Replacing a text in the lines of an episode: one step in the journal, and only in what lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.site_kit import SCRIPT, SiteKit
from tts_render.episode.episode import open_episode
from tts_render.run.session import Session
from tts_render.studio.sheet import open_sheet

if TYPE_CHECKING:
    from tests.kit.studio_kit import Page


def place(page: Page, site: SiteKit) -> str:
    return f"/api/replace/{page.name(site.post)}"


def test_everything_is_replaced_in_one_step_that_is_undone_at_once(page: Page, site: SiteKit) -> None:
    before = site.script.read_bytes()
    told = page.post(place(page, site), {"find": "鍵", "replace": "錠前"}).json()
    assert (told["replaced"], told["left"], told["undo"]) == (2, [], "鍵 → 錠前")
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace("鍵", "錠前")
    assert [u["text"] for u in told["utterances"] if "錠前" in u["text"]] == [
        "今日は錠前の話をします！",
        "錠前を二つに分けると、片方は配ってよくなります。",
    ]
    assert page.post("/api/undo").json()["name"] == "鍵 → 錠前"
    assert site.script.read_bytes() == before
    assert page.post("/api/redo").json()["name"] == "鍵 → 錠前"
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace("鍵", "錠前")


def test_one_place_of_one_line_is_replaced(page: Page, site: SiteKit) -> None:
    line = next(u for u in page.episode(site.post)["utterances"] if u["text"].startswith("鍵を二つに"))
    told = page.post(place(page, site), {"find": "つ", "replace": "個", "nth": 0}, utterance=line["id"]).json()
    assert told["replaced"] == 1
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace("二つ", "二個")


def test_what_cannot_be_replaced_is_named_with_its_line(page: Page, site: SiteKit) -> None:
    source = SCRIPT + "<ruby>鍵<rt>かぎ</rt></ruby>でした。\n"
    site.script.write_text(source, encoding="utf-8")
    told = page.post(place(page, site), {"find": "鍵", "replace": "錠前"}).json()
    assert told["replaced"] == 2
    assert told["left"] == [{"line": 8, "text": "鍵でした。"}]
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace("鍵", "錠前") + source.removeprefix(SCRIPT)


def test_nothing_found_changes_nothing_and_is_no_step(page: Page, site: SiteKit) -> None:
    before = site.script.read_bytes()
    told = page.post(place(page, site), {"find": "存在しない", "replace": "x"}).json()
    assert (told["replaced"], told["left"], told["undo"]) == (0, [], None)
    assert site.script.read_bytes() == before


@pytest.mark.parametrize(
    "asked",
    [
        {"find": "", "replace": "x"},
        {"find": "鍵"},
        {"find": "鍵", "replace": "a\nb"},
        {"find": "鍵" * 1001, "replace": ""},
    ],
)
def test_what_is_asked_is_checked(page: Page, site: SiteKit, asked: dict[str, str]) -> None:
    before = site.script.read_bytes()
    answer = page.post(place(page, site), asked)
    assert answer.status_code == 422, answer.text
    assert site.script.read_bytes() == before


SAME = "同じ行です。"


def intonations(site: SiteKit) -> list[tuple[str, float]]:
    """What each line says and how much it moves, as a fresh reading of the files has it."""
    with Session(site.cache, engines=site.engines) as session:
        utterances = open_sheet(open_episode(site.post), session).utterances
    return [(one.text, 1.0 if one.take is None else one.take.intonation) for one in utterances]


def with_intonation(page: Page, site: SiteKit, script: str, index: int) -> list[dict[str, Any]]:
    site.script.write_text(script, encoding="utf-8")
    lines: list[dict[str, Any]] = page.episode(site.post)["utterances"]
    answer = page.post(f"/api/manner/{page.name(site.post)}", {"intonation": 1.5}, utterance=lines[index]["id"])
    assert answer.json()["saved"] == "take", answer.text
    return lines


@pytest.mark.parametrize(("mended", "after"), [(0, [1.0, 1.0]), (1, [1.0, 1.5])])
def test_a_take_stays_with_its_line_when_an_equal_one_is_replaced(
    page: Page, site: SiteKit, mended: int, after: list[float]
) -> None:
    lines = with_intonation(page, site, f"{SAME}\n{SAME}\n", mended)
    takes = open_episode(site.post).takes_file
    before = takes.read_bytes()
    asked = {"find": "同じ", "replace": "違う", "nth": 0}
    assert page.post(place(page, site), asked, utterance=lines[0]["id"]).json()["replaced"] == 1
    assert [number for _, number in intonations(site)][:2] == after
    page.post("/api/undo")
    assert (site.script.read_text(encoding="utf-8"), takes.read_bytes()) == (f"{SAME}\n{SAME}\n", before), "one step"
    page.post("/api/redo")
    assert [number for _, number in intonations(site)][:2] == after


def test_takes_stay_with_their_lines_when_others_become_equal_to_them(page: Page, site: SiteKit) -> None:
    with_intonation(page, site, "鍵だ。\n錠だ。\n鍵だ、一。二。\n錠だ。\n", 1)
    assert page.post(place(page, site), {"find": "鍵だ", "replace": "錠だ"}).json()["replaced"] == 2
    assert intonations(site)[:3] == [("錠だ。", 1.0), ("錠だ。", 1.5), ("錠だ、一。", 1.0)]
    assert [one for one in intonations(site)[3:] if one[1] != 1.0] == []


def test_what_becomes_the_same_text_keeps_its_take(page: Page, site: SiteKit) -> None:
    with_intonation(page, site, f"{SAME}\n{SAME}\n", 0)
    assert page.post(place(page, site), {"find": "同じ", "replace": "同じ"}).status_code == 200
    assert intonations(site)[:2] == [(SAME, 1.5), (SAME, 1.0)]


def test_what_was_changed_meanwhile_is_replaced_as_it_is_now(page: Page, site: SiteKit) -> None:
    lines = page.episode(site.post)["utterances"]
    site.script.write_text("初めに。\n" + SCRIPT, encoding="utf-8")
    line = next(one for one in lines if one["text"].startswith("鍵を二つに"))
    told = page.post(place(page, site), {"find": "つ", "replace": "個", "nth": 0}, utterance=line["id"])
    assert told.json()["replaced"] == 1, told.text
    assert site.script.read_text(encoding="utf-8") == "初めに。\n" + SCRIPT.replace("二つ", "二個")
    site.script.write_text("鍵だけ。\n", encoding="utf-8")
    assert page.post(place(page, site), {"find": "鍵", "replace": "錠前"}).json()["replaced"] == 1
    assert site.script.read_text(encoding="utf-8") == "錠前だけ。\n"
    site.script.write_text("もうない。\n", encoding="utf-8")
    gone = page.post(place(page, site), {"find": "本当", "replace": "x", "nth": 0}, utterance=lines[-2]["id"])
    assert gone.status_code == 409
    assert site.script.read_text(encoding="utf-8") == "もうない。\n"
