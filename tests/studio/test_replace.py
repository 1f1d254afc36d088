"""Replacing a text in the lines of an episode: one step in the journal, and only in what lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import SCRIPT, SiteKit
from tests.kit.studio_kit import Page, open_studio

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.fixture
def page(site: SiteKit) -> Iterator[Page]:
    with open_studio(site) as page:
        yield page


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


def test_a_script_that_changed_meanwhile_is_not_written_over(page: Page, site: SiteKit) -> None:
    page.episode(site.post)
    site.script.write_text("鍵だけ。\n", encoding="utf-8")
    answer = page.post(place(page, site), {"find": "鍵", "replace": "錠前"})
    assert answer.status_code == 409
    assert site.script.read_text(encoding="utf-8") == "鍵だけ。\n"
