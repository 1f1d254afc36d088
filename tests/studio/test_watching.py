"""Beside other editors: what they do to the files of the site is shown, told once, and loses nothing."""

from __future__ import annotations

import itertools
import os
import queue
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit
from tests.kit.studio_kit import Page, open_studio
from tts_render.studio.attending import Attendant
from tts_render.studio.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.studio_page import Studio

LINE = "今日は鍵の話をします！"


@pytest.fixture
def page(site: SiteKit) -> Iterator[Page]:
    with open_studio(site, attentive=True) as page:
        yield page


def until(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["kind"] == kind)


def texts(episode: dict[str, Any]) -> list[str]:
    return [line["text"] for line in episode["utterances"]]


def in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def by_rename(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def anew(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("save", [in_place, by_rename, anew])
def test_a_script_changed_in_an_editor_is_shown_within_a_second(
    page: Page, site: SiteKit, save: Callable[[Path, str], None]
) -> None:
    before = page.episode(site.post)
    with page.events() as events:
        began = time.monotonic()
        save(site.script, SCRIPT.replace(LINE, "今日は錠の話をします！"))
        shown = next(event for event in events if event["kind"] == "episode" and not event["episode"]["problem"])
        assert time.monotonic() - began < 1
    episode = shown["episode"]
    assert "今日は錠の話をします！" in texts(episode)
    stays = {line["id"] for line in before["utterances"] if line["text"] != LINE}
    assert stays < {line["id"] for line in episode["utterances"]}, "unchanged lines are the same"


def test_what_was_mended_on_unchanged_lines_stays(page: Page, site: SiteKit) -> None:
    first = page.episode(site.post)["utterances"][0]
    phrases = page.get(f"/api/phrases/{page.name(site.post)}", utterance=first["id"]).json()["accent_phrases"]
    phrases[0]["accent"] = 1
    body = {"accent_phrases": phrases, "intonation": 1.2}
    assert page.post(f"/api/take/{page.name(site.post)}", body, utterance=first["id"]).status_code == 200
    with page.events() as events:
        site.script.write_text("はじめに一行。\n" + SCRIPT.replace(LINE, "別の行。"), encoding="utf-8")
        episode = next(e["episode"] for e in events if e["kind"] == "episode" and "別の行。" in texts(e["episode"]))
    assert [line["text"] for line in episode["utterances"] if line["take"]] == [first["text"]]
    assert episode["misfits"] == []


def test_the_writes_of_the_studio_are_not_told_twice(page: Page, site: SiteKit) -> None:
    page.episode(site.post)
    change = {"line": 2, "before": LINE, "after": "今日は錠の話をします！"}
    with page.events() as events:
        assert page.post(f"/api/line/{page.name(site.post)}", change).status_code == 200
        until(events, "files")  # the watcher has seen it
        site.script.with_name("end.txt").write_text("おわり。\n", encoding="utf-8")
        seen = [next(events) for _ in range(1)]
        while seen[-1]["kind"] != "files":
            seen.append(next(events))
    assert [event for event in seen if event["kind"] == "episode"] == []


def test_settings_lexicon_takes_and_posts_are_read_again_in_every_open_episode(page: Page, site: SiteKit) -> None:
    other = site.root / "_posts" / "2026-11-22-42.md"
    other.write_text(POST.replace("_20261121.mp3", "_20261122.mp3"), encoding="utf-8")
    (site.root / "audio" / "朝の技術だより☆A.I._20261122.txt").write_text("鍵です。\n", encoding="utf-8")
    for post in (site.post, other):
        page.episode(post)
    with page.events() as events:
        (site.root / "voices.yaml").write_text(VOICES + "lexicon: {file: words.csv}\n", encoding="utf-8")
        (site.root / "words.csv").write_text("surface,reading\n鍵,キー\n", encoding="utf-8")
        waiting = {page.name(site.post), page.name(other)}
        while waiting:
            event = until(events, "episode")
            if any("キー" in line["reading"] for line in event["episode"]["utterances"]):
                waiting.discard(event["path"])
        (site.root / "words.csv").write_text("surface,reading\n鍵,カギ\n", encoding="utf-8")
        episode = until(events, "episode")["episode"]
        assert any("カギ" in line["reading"] for line in episode["utterances"])
        site.post.write_text(POST.replace("[特別]", "[別題]"), encoding="utf-8")
        assert "[別題]" in next(e["episode"]["title"] for e in events if e.get("path") == page.name(site.post))


def test_a_script_that_cannot_be_read_any_more_is_said_and_goes_on_when_it_can(page: Page, site: SiteKit) -> None:
    before = page.episode(site.post)
    with page.events() as events:
        site.script.write_bytes("おはよう。\n".encode() + "鍵の話です。\n".encode("cp932"))
        broken = until(events, "episode")["episode"]
        assert broken["problem"]["path"] == str(site.script)
        assert broken["problem"]["line"] == 2
        assert broken["problem"]["remedy"] == "Save the file as UTF-8."
        assert texts(broken) == texts(before), "the rows stay as they were"
        again = page.episode(site.post)
        assert again["problem"] == broken["problem"]
        line = before["utterances"][0]
        assert page.get(f"/api/sound/{page.name(site.post)}", utterance=line["id"]).status_code == 200
        site.script.write_text("よみがえりました。\n", encoding="utf-8")
        mended = next(e["episode"] for e in events if e["kind"] == "episode" and not e["episode"]["problem"])
    assert texts(mended) == ["よみがえりました。"]


def test_an_episode_whose_script_appears_or_goes_is_what_render_would_say(page: Page, site: SiteKit) -> None:
    page.episode(site.post)
    with page.events() as events:
        site.script.rename(site.script.with_name("away.txt"))
        body = next(e["episode"] for e in events if e["kind"] == "episode")
        assert body["problem"] is None or "cannot be read" in body["problem"]["message"]
    assert page.episode(site.post)["script"] == page.name(site.post), "now its body is spoken"
    with page.events() as events:
        site.script.with_name("away.txt").rename(site.script)
        assert texts(until(events, "episode")["episode"])[0] == "おはようございます。"


def test_a_checkout_of_hundreds_of_files_is_taken_in_and_told_once(page: Page, site: SiteKit) -> None:
    def git(*words: str) -> None:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words]
        subprocess.run(command, cwd=site.root, check=True, capture_output=True)

    if shutil.which("git") is None:
        pytest.skip("needs git")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "many")
    for number in range(300):
        name = f"2026-10-{number % 28 + 1:02}-{number}.md"
        (site.root / "_posts" / name).write_text(POST.replace("_20261121", f"_{number}"), encoding="utf-8")
    site.script.write_text(SCRIPT.replace(LINE, "枝の行。"), encoding="utf-8")
    git("add", "-A")
    git("commit", "-q", "-m", "two")
    git("checkout", "-q", "-")
    before = page.episode(site.post)
    assert LINE in texts(before)
    assert len(page.get("/api/episodes").json()["episodes"]) == 1
    with page.events() as events:
        git("checkout", "-q", "many")
        shown = next(e for e in events if e["kind"] == "episode" and "枝の行。" in texts(e["episode"]))
        assert shown["path"] == page.name(site.post)
        until(events, "files")
    assert len(page.get("/api/episodes").json()["episodes"]) == 301


def test_what_leads_nowhere_and_what_nobody_may_read_does_not_end_the_watching(page: Page, site: SiteKit) -> None:
    page.episode(site.post)
    (site.root / "nowhere").symlink_to(site.root / "there is no such file")
    (site.root / "closed").mkdir()
    (site.root / "closed").chmod(0)
    with page.events() as events:
        site.script.write_text("それでも見えます。\n", encoding="utf-8")
        assert texts(next(e["episode"] for e in events if e["kind"] == "episode")) == ["それでも見えます。"]
    os.chmod(site.root / "closed", 0o700)  # noqa: PTH101


def test_a_fault_that_nobody_has_foreseen_is_told_and_ends_neither_the_watching_nor_the_asking(tmp_path: Path) -> None:
    told, asked = queue.SimpleQueue[object](), queue.SimpleQueue[int]()
    calls = itertools.count()

    def changed(paths: frozenset[str]) -> None:
        if next(calls) == 0:
            raise RuntimeError("such a day")
        told.put({Path(path).name for path in paths})

    def ask() -> bool:
        asked.put(1)
        raise RuntimeError("such a day")

    with Watcher(tmp_path, (), changed, told.put), Attendant(ask, alert=0.01):
        assert told.get(timeout=30) == "RuntimeError: such a day"
        (tmp_path / "new.txt").write_bytes(b"x")
        assert told.get(timeout=30) == {"new.txt"}
        assert asked.get(timeout=30) == asked.get(timeout=30)


@pytest.mark.chromium
@pytest.mark.slow
def test_a_page_shows_what_an_editor_saves_within_a_second_and_keeps_what_is_typed(studio: Studio) -> None:
    script = studio.root / "_scripts" / "houkago-server-3.txt"
    text = script.read_text(encoding="utf-8")

    def edit() -> None:
        by_rename(script, text.replace("紅茶の用意はよろしくて？", "よその編集。"))

    def post() -> None:
        sample = (studio.root / "_posts" / "2025-10-10-3.md").read_text(encoding="utf-8")
        lines = ["title: あたらしい回" if line.startswith("title:") else line for line in sample.splitlines()]
        (studio.root / "_posts" / "2025-10-13-4.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

    told = studio.use(
        "beside",
        {"edit": edit, "break": lambda: script.write_bytes(b"\x83\x65\n"), "mend": edit, "post": post},
    )
    assert all("422" in problem for problem in told["problems"])
    assert told["milliseconds"] < 1000
    assert told["typed"] == told["kept"] == "まだ保存していない文。"
    assert "source" in told["focused"], "the cursor stays where it is"
    assert "houkago-server-3.txt" in told["failing"]
    assert "line 1" in told["failing"]
    assert "Save the file as UTF-8." in told["failing"]
    assert told["rows"], "what was read last is still shown"
    assert "Save the file as UTF-8." in told["unpublished"], "and why there is nothing to publish"
    assert told["troubles"] == 0, "which is said once"
    assert told["listed"] == 4


@pytest.mark.chromium
@pytest.mark.slow
def test_what_was_changed_is_heard_when_it_comes_and_another_engine_is_told_of(
    studio: Studio, fake_engine: FakeEngine
) -> None:
    script = studio.root / "_scripts" / "houkago-server-3.txt"
    text = script.read_text(encoding="utf-8")

    def edit() -> None:
        by_rename(script, text.replace("「放課後サーバー室」のお時間ですわよ。", "途中で変わった行。"))

    def other() -> None:
        fake_engine.version = "0.26.0"
        fake_engine.start()

    def word() -> None:
        fake_engine.add_word("バックアップ", "ヒカエ")

    def swap() -> None:
        fake_engine.version = "0.27.0"
        fake_engine.restart()

    asked = {"edit": edit, "dies": fake_engine.stop, "other": other, "word": word, "swap": swap}
    told = studio.use("turning", asked)
    assert all("503" in problem for problem in told["problems"])
    assert told["heard"] == [told["now"]] == ["途中で変わった行。"]
    assert len(told["mora"]) in (1, 2)
    assert fake_engine.url in told["trouble"]
    for trouble in (told["trouble"], told["accents"]):
        assert "Start the engine; the page notices when it answers." in trouble, "no word of the command line"
    assert told["troubles"] == 1, "that an engine is gone is told once"
    (replaced,) = told["other"]
    assert replaced.startswith("The engine was VOICEVOX 0.25.2 and is VOICEVOX 0.26.0 now. Lines that sound otherwise")
    assert told["swapped"] == 1, "so is that it is another one, who ever has noticed it first"
    assert told["states"] == 0, "with another version every line is new"
