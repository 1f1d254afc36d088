"""When it goes wrong: engines that die, refuse and change, disks that are full and hostile texts."""

from __future__ import annotations

import errno
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.kit.disk import Act, Kind, Shim
from tests.kit.site_kit import SCRIPT, SiteKit
from tests.kit.studio_kit import Page, open_studio, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

LINE = "今日は鍵の話をします！"


@pytest.fixture
def page(site: SiteKit) -> Iterator[Page]:
    with open_studio(site, attentive=True) as page:
        yield page


def until(events: Iterator[dict[str, Any]], fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(event for event in events if fits(event))


def test_an_engine_that_is_started_later_is_found_by_itself(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.stop()
    with open_studio(site, attentive=True) as page:
        episode = page.episode(site.post)
        assert episode["engine"] is None
        assert "Start the engine" in episode["no_engine"]["remedy"]
        change = {"line": 2, "before": LINE, "after": "今日は錠の話です。"}
        assert page.post(f"/api/line/{page.name(site.post)}", change).status_code == 200, "texts can be mended"
        with page.events() as events:
            fake_engine.start()
            told = until(events, lambda event: event["kind"] == "episode")["episode"]
            assert told["engine"] == {"kind": "voicevox", "version": "0.25.2"}
        line = told["utterances"][0]
        assert page.get(f"/api/sound/{page.name(site.post)}", utterance=line["id"]).status_code == 200


def test_an_engine_that_dies_in_the_middle_is_told_of_and_speaks_again_when_it_is_back(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    lines = page.episode(site.post)["utterances"]
    place = page.name(site.post)
    assert page.get(f"/api/sound/{place}", utterance=lines[0]["id"]).status_code == 200
    with page.events() as events:
        fake_engine.stop()
        failed = page.get(f"/api/sound/{place}", utterance=lines[1]["id"])
        assert failed.status_code == 503
        assert fake_engine.url in str(failed.json()["error"])
        assert until(events, lambda event: event["kind"] == "engine")["error"]["kind"] == "EngineUnreachableError"
        assert page.get(f"/api/sound/{place}", utterance=lines[0]["id"]).status_code == 200, "what is spoken is heard"
        fake_engine.start()
        assert until(events, lambda event: event["kind"] == "engine")["error"] is None
        assert page.get(f"/api/sound/{place}", utterance=lines[1]["id"]).status_code == 200


def test_an_engine_that_comes_back_as_another_version_makes_its_lines_new(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    lines = page.episode(site.post)["utterances"]
    place = page.name(site.post)
    assert page.get(f"/api/sound/{place}", utterance=lines[0]["id"]).status_code == 200
    with page.events() as events:
        fake_engine.version = "0.26.0"
        fake_engine.restart()
        told = until(events, lambda event: event["kind"] == "engine" and not event["error"])
        assert (told["was"]["version"], told["now"]["version"]) == ("0.25.2", "0.26.0")
    again = page.episode(site.post)
    assert again["engine"]["version"] == "0.26.0"
    assert {line["state"] for line in again["utterances"]} == {"new"}
    assert page.get(f"/api/sound/{place}", utterance=lines[0]["id"]).status_code == 200


def test_render_and_plan_beside_the_studio_are_as_two_renders(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    lines = page.episode(site.post)["utterances"]
    place = page.name(site.post)
    assert page.get(f"/api/sound/{place}", utterance=lines[2]["id"]).status_code == 200
    cached = [one["cached"] for one in site.run("plan", site.post, "--json").json[0]["utterances"]]
    assert cached == [index == 2 for index in range(len(lines))], "what the studio spoke is there for all"
    asking = threading.Thread(target=lambda: [page.get(f"/api/sound/{place}", utterance=one["id"]) for one in lines])
    asking.start()
    assert site.run("render", site.post).code == 0
    asking.join(60)
    assert {line["state"] for line in page.episode(site.post)["utterances"]} == {"spoken"}
    spoken = len(fake_engine.syntheses)
    assert spoken <= 2 * len(lines)
    assert site.run("render", site.post, "--force").code == 0
    assert len(fake_engine.syntheses) == spoken


def test_hostile_texts_are_texts(page: Page, site: SiteKit) -> None:
    long = "長い" * 20_000
    hostile = ["<script>alert(1)</script>です。", "\u202e逆さまです。", "ヌル\0です。", "&lt;です。", f"{long}。"]
    page.episode(site.post)
    with page.events() as events:
        site.script.write_text("\n".join(hostile), encoding="utf-8")
        told = until(events, lambda event: event["kind"] == "episode")["episode"]
    assert told["problem"] is None
    assert any("<script>" in line["text"] for line in told["utterances"]) or told["remarks"]
    said = "".join(line["text"] for line in told["utterances"])
    assert said.count("長い") == 20_000
    assert "\0" not in said
    place = page.name(site.post)
    for number, text in enumerate(hostile[:4], 1):
        answer = page.post(f"/api/line/{place}", {"line": number, "before": text, "after": f"{text}はい。"})
        assert answer.status_code == 200, answer.text
    assert site.script.read_text(encoding="utf-8").startswith("<script>alert(1)</script>です。はい。\n")


def test_of_fast_edits_of_one_line_none_is_lost_the_last_wins_and_only_the_newest_is_spoken(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    site.script.write_text("はじめ。\n一行目。\n", encoding="utf-8")
    page.episode(site.post)
    fake_engine.service = 0.3
    text = "はじめ。"
    place = page.name(site.post)
    count = 60
    for number in range(count):
        after = f"{number}番目の文です。"
        answer = page.post(f"/api/line/{place}", {"line": 1, "before": text, "after": after})
        assert answer.status_code == 200, answer.text
        text = after
        if number % 20 == 0:
            stale = page.post(f"/api/line/{place}", {"line": 1, "before": "はじめ。", "after": "遅れた文。"})
            assert stale.status_code == 409, "what was decided of an older text is refused"
    assert site.script.read_text(encoding="utf-8") == f"{text}\n一行目。\n"
    line = page.episode(site.post)["utterances"][0]
    assert line["text"] == text
    assert page.get(f"/api/sound/{place}", utterance=line["id"]).status_code == 200
    assert len(fake_engine.syntheses) < count / 2, "it does not speak what is overtaken"
    for _ in range(3):
        assert page.post("/api/undo").json()["name"]
    assert site.script.read_text(encoding="utf-8") == f"{count - 4}番目の文です。\n一行目。\n"


def test_changes_of_other_lines_in_the_same_moment_are_all_made(page: Page, site: SiteKit) -> None:
    count = 8
    site.script.write_text("".join(f"{n}番目の行です。\n" for n in range(count)), encoding="utf-8")
    place, lines = page.name(site.post), page.episode(site.post)["utterances"][:count]

    def change(number: int) -> int:
        if number % 2:
            text = lines[number]["text"]
            asked = {"line": number + 1, "before": text, "after": f"{number}番目の文でした。"}
            return page.post(f"/api/line/{place}", asked).status_code
        return page.post(f"/api/manner/{place}", {"speed": 1.2}, utterance=lines[number]["id"]).status_code

    with ThreadPoolExecutor(count) as pool:
        assert set(pool.map(change, range(count))) == {200}
    assert site.script.read_text(encoding="utf-8").splitlines() == [
        f"{n}番目の文でした。" if n % 2 else f'<prosody rate="120%">{n}番目の行です。</prosody>' for n in range(count)
    ]
    for _ in range(count):
        assert page.post("/api/undo").json()["name"]
    assert "でした" not in site.script.read_text(encoding="utf-8")


def test_who_closes_the_browser_leaves_nothing_behind_that_hangs(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    fake_engine.service = 0.1
    first = page.episode(site.post)["utterances"][0]
    stream = page.session.get(
        f"{page.address}/api/stream/{page.name(site.post)}",
        params={"utterance": first["id"], "play": "x"}, stream=True, timeout=60,
    )  # fmt: skip
    next(stream.iter_content(44))
    stream.close()
    last = page.episode(site.post)["utterances"][-1]
    assert page.get(f"/api/sound/{page.name(site.post)}", utterance=last["id"]).status_code == 200


def test_lines_that_somebody_has_passed_over_are_spoken_after_the_one_that_he_waits_for(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    site.script.write_text("".join(f"{n}番目の行です。\n" for n in range(9)), encoding="utf-8")
    lines, place = page.episode(site.post)["utterances"], f"{page.address}/api/sound/{page.name(site.post)}"
    fake_engine.service = 0.5
    for line in lines[:8]:
        with pytest.raises(requests.Timeout):
            page.session.get(place, params={"utterance": line["id"]}, timeout=0.05)
    assert page.get(f"/api/sound/{page.name(site.post)}", utterance=lines[8]["id"]).status_code == 200
    spoken = [synthesis.text for synthesis in fake_engine.syntheses]
    assert spoken.index(lines[8]["text"]) <= 3, "two or three may have been begun before"


def test_a_full_disk_is_told_when_saving_and_when_speaking_and_files_stay_whole(site: SiteKit, tmp_path: Path) -> None:
    shim = Shim.build(tmp_path)
    shim.arm(tmp_path, Act.COUNT, set())
    name = "_posts/" + site.post.name
    with served(site, shim.environment) as (_, page):
        lines = page.get(f"/api/episodes/{name}").json()["utterances"]
        shim.arm(site.root, Act.FILL, {Kind.WRITE, Kind.CREATE}, 1, errno.ENOSPC)
        answer = page.post(f"/api/line/{name}", {"line": 2, "before": LINE, "after": "今日は錠の話です。"})
        assert answer.status_code == 503
        assert "No space left" in answer.json()["error"]["message"]
        assert site.script.read_text(encoding="utf-8") == SCRIPT
        shim.arm(site.cache, Act.FILL, {Kind.WRITE, Kind.CREATE}, 1, errno.ENOSPC)
        failed = page.get(f"/api/sound/{name}", utterance=lines[0]["id"])
        assert failed.status_code == 503
        assert "No space left" in str(failed.json()["error"])
        shim.arm(tmp_path, Act.COUNT, set())
        assert page.get(f"/api/sound/{name}", utterance=lines[0]["id"]).status_code == 200
        answer = page.post(f"/api/line/{name}", {"line": 2, "before": LINE, "after": "今日は錠の話です。"})
        assert answer.status_code == 200


@pytest.mark.parametrize("seed", range(4))
def test_a_studio_that_is_killed_while_it_saves_leaves_every_file_old_or_new(site: SiteKit, seed: int) -> None:
    chance = random.Random(seed)
    name = "_posts/" + site.post.name
    with served(site) as (process, page):
        page.get(f"/api/episodes/{name}")
        texts = [LINE]

        def save() -> None:
            for number in range(1000):
                texts.append(f"{number}番目の文です。")
                try:
                    page.post(f"/api/line/{name}", {"line": 2, "before": texts[-2], "after": texts[-1]})
                except requests.ConnectionError:
                    return

        saving = threading.Thread(target=save)
        saving.start()
        time.sleep(0.2 + chance.random())  # at any moment: what is looked for may lie between any two
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        saving.join(60)
    now = site.script.read_text(encoding="utf-8")
    assert now in [SCRIPT.replace(LINE, text) for text in texts[-3:]]
    assert site.run("render", site.post).code == 0, "the next run tidies up"
    with open_studio(site) as page:
        answer = page.post("/api/undo")
        assert answer.status_code in (200, 409), "the journal is whole, and never undoes what it does not know"
        episode = page.episode(site.post)
        line = next(one for one in episode["utterances"] if one["line"] == 2)
        change = {"line": 2, "before": line["text"], "after": LINE}
        assert page.post(f"/api/line/{name}", change).status_code == 200
    left = [path.name for path in site.script.parent.iterdir() if path.name.endswith(".tts-render-tmp")]
    assert left == []
