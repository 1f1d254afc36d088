"""Status: which episodes need rendering, and why; and rendering just those."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def states(site: SiteKit) -> dict[str, tuple[str, str]]:
    found = site.run("status", "--site", site.root, "--json").json
    return {entry["episode"].rpartition("/")[2]: (entry["state"], entry["why"]) for entry in found}


def test_an_episode_goes_from_missing_to_current(site: SiteKit) -> None:
    assert states(site)[site.post.name][0] == "missing"
    assert site.run("render", site.post).code == 0
    assert states(site)[site.post.name] == ("current", "")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [("between_sections: bumper, ", "", "sounds"), ("aliases: [つむぎ]", "speed: 1.1", "voices")],
)
def test_changed_settings_make_an_episode_out_of_date(site: SiteKit, old: str, new: str, why: str) -> None:
    assert site.run("render", site.post).code == 0
    assert old in VOICES
    (site.root / "voices.yaml").write_text(VOICES.replace(old, new), encoding="utf-8")
    assert states(site)[site.post.name] == ("changed", why)


def test_a_file_beside_the_mp3_that_is_not_right_is_named(site: SiteKit) -> None:
    assert site.run("render", site.post, "--also", "vtt,chapters").code == 0
    assert states(site)[site.post.name] == ("current", "")
    captions = site.audio.with_name(site.audio.name.replace(".mp3", ".vtt"))
    captions.write_text("WEBVTT", encoding="utf-8")
    state, why = states(site)[site.post.name]
    assert (state, captions.name in why, "chapters" in why) == ("disagrees", True, False)
    assert site.run("render", "--changed", "--site", site.root).code == 0
    assert states(site)[site.post.name] == ("current", "")


def test_a_changed_script_makes_an_episode_out_of_date(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    site.script.write_text(SCRIPT.replace("鍵の話", "錠の話"), encoding="utf-8")
    assert states(site)[site.post.name] == ("changed", "script")


def test_a_post_or_mp3_that_is_not_as_the_receipt_says_disagrees(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    good = site.post.read_bytes()
    site.post.write_text(POST, encoding="utf-8")
    assert states(site)[site.post.name][0] == "disagrees"
    site.post.write_bytes(good)
    site.audio.write_bytes(site.audio.read_bytes()[:-1])
    assert states(site)[site.post.name][0] == "disagrees"


def test_other_states_are_told_apart(site: SiteKit) -> None:
    posts = site.root / "_posts"
    (posts / "2026-01-01-1.md").write_text(
        POST.replace("/audio/朝の技術だより☆A.I._20261121.mp3", "https://example.com/old.mp3"), encoding="utf-8"
    )
    (posts / "2026-01-01-2.md").write_text(POST.replace("春日部つむぎ\naudio", "だれか\naudio"), encoding="utf-8")
    (posts / "2026-01-01-3.md").write_text(POST.replace("_20261121.mp3", "_3.mp3"), encoding="utf-8")
    (posts / "2026-01-01-4.md").write_text(
        "---\ntitle: お知らせ\nactor_ids: [だれか]\n---\n休みます。\n", encoding="utf-8"
    )
    assert site.run("render", site.post).code == 0
    (site.root / "audio" / "朝の技術だより☆A.I._3.mp3").write_bytes(site.audio.read_bytes())
    (site.root / "README.md").write_text("front matter なし\n", encoding="utf-8")
    found = states(site)
    assert {name: state for name, (state, _) in found.items()} == {
        "2026-01-01-1.md": "elsewhere",
        "2026-01-01-2.md": "broken",
        "2026-01-01-3.md": "unknown",
        "2026-01-01-4.md": "no-audio",
        site.post.name: "current",
    }


def test_of_many_in_one_state_the_newest_ten_are_listed_and_all_are_counted(site: SiteKit) -> None:
    posts = site.root / "_posts"
    for day in range(1, 21):
        (posts / f"2026-10-{day:02}-1.md").write_text(POST.replace("_20261121", f"_{day}"), encoding="utf-8")
    assert site.run("render", site.post).code == 0
    result = site.run("status", "--site", site.root)
    assert [line.split(":")[0].rpartition("/")[2] for line in result.out.splitlines()] == [
        f"2026-10-{day:02}-1.md" for day in range(20, 10, -1)
    ]
    assert result.err.splitlines() == [
        "     20  missing  (10 not shown; --state missing lists all)",
        "      1  current",
    ]
    assert len(site.run("status", "--site", site.root, "--state", "missing").out.splitlines()) == 20
    assert site.run("status", "--site", site.root, "--state", "current").out == f"current    {shown(site.post)}\n"
    assert site.run("status", "--site", site.root, "--state", "missin").code == 2


def shown(path: Path) -> str:
    """A path as seen from here, which is how the command names what it has found."""
    return os.path.relpath(path)


def test_the_status_changes_nothing_and_asks_no_engine(site: SiteKit, fake_engine: FakeEngine) -> None:
    before = site.files()
    assert site.run("status", "--site", site.root).code == 0
    assert site.files() == before
    assert fake_engine.requests == []
