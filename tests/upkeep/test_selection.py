"""Which episodes ``render --changed`` takes: what is out of date and what is new, and nobody's whole archive."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SCRIPT, Result, SiteKit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    """A site whose post is of 2026-11-21."""
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def add(site: SiteKit, date: str, name: str = "", text: str = "短い回です。") -> str:
    """Another episode, spoken from its body; gives its name."""
    post = site.root / "_posts" / f"{date}-{name or 'x'}.md"
    head = POST.replace("朝の技術だより☆A.I._20261121.mp3", f"{post.stem}.mp3").replace(
        "2026-11-21 05:00", f"{date} 05:00"
    )
    post.write_text(head.partition("## 関連リンク")[0] + text + "\n", encoding="utf-8")
    return post.name


def take(site: SiteKit, *arguments: str) -> Result:
    return site.run("render", "--site", site.root, "--json", *(arguments or ("--changed",)))


def taken(site: SiteKit, *arguments: str) -> list[str]:
    return [entry["episode"].rpartition("/")[2] for entry in take(site, *arguments).json]


def test_where_nothing_was_ever_rendered_the_newest_post_alone_is_taken(site: SiteKit) -> None:
    old = [add(site, f"2026-11-{day:02}") for day in range(1, 20)]
    first = take(site)
    assert [entry["episode"] for entry in first.json] == [f"_posts/{site.post.name}"]
    assert "1 episode to render, about 1 minute of speech" in first.err
    assert "19 older ones without audio are left alone; --all takes them, or give the episodes you want" in first.err
    assert taken(site) == [], "the older ones stay old"
    assert taken(site, "--all") == old


def test_what_is_new_since_the_newest_that_was_rendered_is_taken_the_oldest_first(site: SiteKit) -> None:
    add(site, "2026-11-20")
    assert site.run("render", site.post).code == 0
    later = [add(site, "2026-11-23"), add(site, "2026-11-22")]
    assert taken(site) == later[::-1]


def test_two_posts_of_one_moment_are_both_taken_whichever_came_first(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    assert taken(site) == []
    same = add(site, "2026-11-21", name="1-before-in-the-alphabet")
    assert taken(site) == [same]


def test_what_is_out_of_date_is_taken_however_old_it_is_and_after_what_is_new(site: SiteKit) -> None:
    old, older = add(site, "2026-10-02"), add(site, "2026-10-01")
    assert site.run("render", site.post, *(site.root / "_posts" / name for name in (old, older))).code == 0
    site.script.write_text(SCRIPT.replace("鍵の話", "錠の話"), encoding="utf-8")
    for name in (old, older):
        (site.root / "_posts" / name).write_text(
            (site.root / "_posts" / name).read_text(encoding="utf-8").replace("短い回", "別の回"), encoding="utf-8"
        )
    new = add(site, "2026-11-22")
    receipts = take(site).json
    assert [receipt["episode"].rpartition("/")[2] for receipt in receipts] == [new, site.post.name, old, older]
    assert receipts[1]["synthesized"] == 1
    assert taken(site) == []


def test_an_mp3_that_is_gone_is_made_again(site: SiteKit) -> None:
    old = add(site, "2026-10-01")
    assert site.run("render", site.post, site.root / "_posts" / old).code == 0
    (site.root / "audio" / old.replace(".md", ".mp3")).unlink()
    assert taken(site) == [old]


def test_an_mp3_that_another_program_made_counts_as_rendered_and_is_left_alone(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    shutil.rmtree(site.root / ".tts-render")
    add(site, "2026-11-20")
    assert taken(site) == []
    assert taken(site) == []
    new = add(site, "2026-11-22")
    assert taken(site) == [new]


def test_a_name_takes_an_older_one_and_what_is_as_it_should_be_needs_no_engine(site: SiteKit) -> None:
    old = add(site, "2026-11-01")
    assert site.run("render", site.post).code == 0
    path = site.root / "_posts" / old
    assert taken(site, "--changed", str(path)) == [old]
    site.engines = ("http://127.0.0.1:9",)
    assert taken(site, "--changed", str(path), str(site.root)) == []


@pytest.mark.parametrize("new", ["audio_file_path: [broken", "actor_ids: [だれか]\naudio_file_path: /audio/x.mp3"])
def test_an_episode_that_failed_is_taken_again_until_it_is_there(site: SiteKit, new: str) -> None:
    assert site.run("render", site.post).code == 0
    bad, good = add(site, "2026-11-22"), add(site, "2026-11-23")
    path = site.root / "_posts" / bad
    whole = path.read_text(encoding="utf-8")
    path.write_text(f"---\n{new}\ndate: 2026-11-22 05:00:00 +0900\n---\n短い回です。\n", encoding="utf-8")
    first = take(site)
    assert first.code == 1
    assert "error" in first.json[0]
    assert first.json[1]["episode"] == f"_posts/{good}"
    notes = site.root / ".tts-render" / "failed" / "_posts"
    assert [note.name for note in notes.iterdir()] == [f"{bad}.txt"]
    path.write_text(whole, encoding="utf-8")
    assert taken(site) == [bad], "although a newer one has been rendered"
    assert list(notes.iterdir()) == []
    assert taken(site) == []


def test_a_named_episode_that_fails_leaves_nothing_in_the_site(site: SiteKit) -> None:
    site.engines = ("http://127.0.0.1:9",)
    before = site.files()
    assert site.run("render", site.post).code == 3
    assert site.files() == before


def test_an_old_post_that_cannot_be_read_is_told_and_left_alone(site: SiteKit) -> None:
    (site.root / "_posts" / "2026-10-01-1.md").write_text("---\na: [\n---\n", encoding="utf-8")
    assert site.run("render", site.post).code == 0
    again = take(site)
    assert (again.code, again.json) == (0, [])
    assert "1 older post cannot be read; tts-render status says why" in again.err
    assert "nothing is new or out of date" in again.err


def test_a_post_without_audio_is_no_episode(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    (site.root / "_posts" / "2026-12-01-1.md").write_text("---\ntitle: お知らせ\n---\n休みます。\n", encoding="utf-8")
    assert (take(site).code, taken(site, "--all")) == (0, [])


def test_the_length_of_a_large_run_is_said_in_hours(site: SiteKit) -> None:
    add(site, "2026-11-22", text="長い文を読みます。" * 7000)
    site.engines = ("http://127.0.0.1:9",)
    assert "1 episode to render, about 2.3 hours of speech" in take(site).err
