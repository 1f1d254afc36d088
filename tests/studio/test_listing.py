"""The list of all episodes: in pieces, and how each one stands, as status and check say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.site_kit import POST, SCRIPT, SiteKit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.studio_kit import Page
    from tests.kit.studio_page import Studio


def add(site: SiteKit, number: int, front: str = POST) -> Path:
    """Another post of the site, with a script of its own."""
    post = site.root / "_posts" / f"2026-11-{number:02d}-{number}.md"
    front = front.replace("2026-11-21", f"2026-11-{number:02d}").replace("朝の技術だより☆A.I._20261121", f"ep{number}")
    post.write_text(front, encoding="utf-8")
    (site.root / "audio" / f"ep{number}.txt").write_text(SCRIPT, encoding="utf-8")
    return post


def standings(page: Page, *posts: Path) -> dict[str, dict[str, Any]]:
    answer = page.post("/api/standings", {"paths": [page.name(post) for post in posts]})
    assert answer.status_code == 200, answer.text
    return {one.pop("path"): one for one in answer.json()["standings"]}


def test_a_long_list_comes_in_pieces_the_newest_first(page: Page, site: SiteKit) -> None:
    for number in range(1, 8):
        add(site, number)
    (site.root / "_posts" / "2026-11-04-notice.md").write_text("---\ntitle: お知らせ\n---\n", encoding="utf-8")
    pieces: list[list[str]] = []
    start: int | None = 0
    while start is not None:
        told = page.get("/api/episodes", start=str(start), most="3").json()
        pieces.append([one["path"] for one in told["episodes"]])
        start = told["next"]
    assert [len(piece) for piece in pieces] == [3, 2, 3], "a notice is none"
    assert [path for piece in pieces for path in piece] == [
        one["path"] for one in page.get("/api/episodes").json()["episodes"]
    ]
    assert page.get("/api/episodes", start="x", most="3").status_code == 422
    (site.root / "_posts" / "2026-11-07-7.md").write_text(POST.replace("朝の", "夜の"), encoding="utf-8")
    assert page.get("/api/episodes", start="0", most="3").json()["episodes"][1]["title"].startswith("夜の")


def test_each_episode_stands_as_status_and_check_say(page: Page, site: SiteKit) -> None:
    missing, changed, other, broken = (add(site, number) for number in (1, 2, 3, 4))
    for post in (site.post, changed, other):
        assert site.run("render", post).code == 0
    (site.root / "audio" / "ep2.txt").write_text("別の話です。\n", encoding="utf-8")
    other.write_text(
        other.read_text(encoding="utf-8").replace("audio_file_size: ", "audio_file_size: 9"), encoding="utf-8"
    )
    broken.write_text(POST.replace("春日部つむぎ\n", "だれか\n", 1), encoding="utf-8")
    told = standings(page, site.post, missing, changed, other, broken)
    assert {name[-5:]: (one["state"], one["errors"]) for name, one in told.items()} == {
        "41.md": ("current", 0),
        "-1.md": ("missing", 0),
        "-2.md": ("changed", 0),
        "-3.md": ("disagrees", 1),
        "-4.md": ("broken", 1),
    }
    assert told["_posts/2026-11-02-2.md"]["why"] == "script"
    assert told["_posts/2026-11-21-41.md"]["seconds"] > 5
    assert told["_posts/2026-11-04-4.md"]["why"].startswith("_posts/2026-11-04-4.md:"), "no path of this machine"
    lines = site.run("status", site.root, "--json").json
    states = {one["episode"].rpartition("/")[2]: one["state"] for one in lines}
    assert {name.rpartition("/")[2]: one["state"] for name, one in told.items()} == states


def test_who_goes_on_to_an_episode_does_not_have_the_rest_of_the_list_looked_at(page: Page, site: SiteKit) -> None:
    posts = [add(site, number) for number in range(1, 5)]
    found = page.desk.shelf.stand(posts, wanted=iter((True, True, False)).__next__)
    assert [standing.path for standing in found] == posts[:2]


def test_what_is_gone_or_lies_elsewhere_has_no_standing(page: Page, site: SiteKit, tmp_path: Path) -> None:
    (tmp_path / "foreign.md").write_text(POST, encoding="utf-8")
    asked = {"paths": ["_posts/nothing.md", "../foreign.md", page.name(site.post)]}
    found = page.post("/api/standings", asked).json()["standings"]
    assert [one["path"] for one in found] == [page.name(site.post)]
    assert page.post("/api/standings", {"paths": "x"}).status_code == 422
    assert page.post("/api/standings", {"paths": ["x"] * 201}).status_code == 422


@pytest.mark.chromium
@pytest.mark.slow
def test_episodes_are_found_by_how_they_stand(studio: Studio, tmp_path: Path, fake_engine: FakeEngine) -> None:
    site = SiteKit(studio.root, tmp_path / "cache", (fake_engine.url,))
    published, _, old = sorted((studio.root / "_posts").glob("*.md"))

    def prepare() -> None:
        assert site.run("render", published, old).code == 0
        script = studio.root / "_scripts" / "houkago-server-3.txt"
        script.write_text(script.read_text(encoding="utf-8") + "\n追記です。\n", encoding="utf-8")
        (studio.root / "_posts" / "2026-01-01-broken.md").write_text("---\na: [\n---\n", encoding="utf-8")

    told = studio.use("standings", {"prepare": prepare})
    assert told["problems"] == []
    assert told["before"] == ["All 3", "No audio 3", "Out of date 0", "Published 0", "With errors 0"]
    assert told["after"] == ["All 4", "No audio 1", "Out of date 1", "Published 1", "With errors 1"]
    assert told["old"][0].count("Changed since: script") == 1
    assert "2026-01-01-broken.md" in told["wrong"][0]
    assert "published" not in told["published"][0]
    assert (len(told["old"]), len(told["wrong"]), len(told["published"])) == (1, 1, 1)
    assert told["both"] == 0, "what is typed and the state hold together"
    assert told["keyboard"] == "#_posts/2026-01-01-broken.md"
