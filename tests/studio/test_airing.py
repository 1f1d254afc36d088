"""Rendering from the page: the same files as the command line's, a post that waits for a word, and what goes wrong."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.fake_engine import Fault
from tests.kit.site_kit import SiteKit
from tests.kit.studio_kit import Page, open_studio
from tests.kit.studio_page import EXAMPLE, Studio, tree
from tts_render.ground.files import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.fake_engine import FakeEngine

OUTPUTS = ("vtt", "chapters", "report")


def rendered(page: Page, post: Path, **wish: Any) -> dict[str, Any]:
    """How a render ended."""
    with page.events() as events:
        begun = page.post(f"/api/render/{page.name(post)}", wish)
        assert begun.status_code == 200, begun.text
        return ended(events)


def ended(events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    states = ("done", "failed", "cancelled")
    return next(event["render"] for event in events if event["kind"] == "render" and event["render"]["state"] in states)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def looked(page: Page, post: Path) -> dict[str, Any]:
    answer = page.get(f"/api/publishing/{page.name(post)}")
    assert answer.status_code == 200, answer.text
    facts: dict[str, Any] = answer.json()
    return facts


def test_the_page_makes_the_very_files_that_the_command_line_makes(
    tmp_path: Path, site: SiteKit, page: Page, fake_engine: FakeEngine
) -> None:
    other = SiteKit(tmp_path / "other", tmp_path / "other cache", (fake_engine.url,)).make()
    assert other.run("render", other.post, "--also", ",".join(OUTPUTS)).code == 0
    told = rendered(page, site.post, outputs=list(OUTPUTS))
    assert (told["state"], told["ready"], told["cached"], told["changed"]) == ("done", 6, 0, True)
    edit = looked(page, site.post)["edit"]
    assert page.post(f"/api/write/{page.name(site.post)}", {"digest": edit["digest"]}).status_code == 200
    assert site.files() == other.files()
    assert site.run("render", site.post).err.count("unchanged") == 1


def test_the_post_waits_until_its_change_was_seen_and_confirmed_and_can_be_undone(page: Page, site: SiteKit) -> None:
    with_keys = site.post.read_text(encoding="utf-8").replace("layout:", "transcript_path:\nlayout:")
    append(site.root / "voices.yaml", "post: {preset: yattecast, transcript: transcript_path}\n")
    site.post.write_text(with_keys, encoding="utf-8")
    before = site.post.read_bytes()
    facts = looked(page, site.post)
    assert facts["edit"] is None, "nothing is there yet"
    assert [found["remedy"] for found in facts["findings"] if found["rule"] == "audio-missing"] == [
        "Use “Render” above."
    ]
    told = rendered(page, site.post, outputs=["vtt"])
    assert told["state"] == "done", told
    assert site.audio.is_file()
    assert site.post.read_bytes() == before
    facts = looked(page, site.post)
    size = site.audio.stat().st_size
    changed = [line for line in facts["edit"]["diff"] if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert changed[0] == "-audio_file_size: 0"
    assert changed[1] == f"+audio_file_size: {size}"
    assert '-duration: "00:00"' in changed
    assert any(line.startswith('+transcript_path: "/audio/') for line in changed)
    assert facts["state"] == "disagrees"
    (unset,) = [found for found in facts["findings"] if found["rule"] == "size-unset"]
    assert unset["remedy"] == "Use “Write to the post” above.", "no command, since the page does it"
    answer = page.post(f"/api/write/{page.name(site.post)}", {"digest": facts["edit"]["digest"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["edit"]["changed"]) == ("current", False)
    assert answer.json()["undo"].startswith("2026-11-21-41.md: audio_file_size 0 -> ")
    written = site.post.read_bytes()
    assert f"audio_file_size: {size}\n".encode() in written
    page.post("/api/undo")
    assert site.post.read_bytes() == before
    page.post("/api/redo")
    assert site.post.read_bytes() == written


def test_a_post_that_changed_after_it_was_seen_is_looked_at_again_first(page: Page, site: SiteKit) -> None:
    rendered(page, site.post)
    edit = looked(page, site.post)["edit"]
    theirs = site.post.read_text(encoding="utf-8").replace("layout: article", "layout: special")
    site.post.write_text(theirs, encoding="utf-8")
    answer = page.post(f"/api/write/{page.name(site.post)}", {"digest": edit["digest"]})
    assert answer.status_code == 409
    assert site.post.read_text(encoding="utf-8") == theirs
    again = looked(page, site.post)["edit"]
    assert page.post(f"/api/write/{page.name(site.post)}", {"digest": again["digest"]}).status_code == 200
    assert "layout: special" in site.post.read_text(encoding="utf-8")


def test_what_was_rendered_is_told_with_its_sound_over_time(page: Page, site: SiteKit) -> None:
    assert page.get(f"/api/plots/{page.name(site.post)}").status_code == 422
    rendered(page, site.post)
    made, receipt = looked(page, site.post)["made"], json.loads(site.receipt.read_bytes())
    assert (made["seconds"], made["bytes"]) == (receipt["duration_seconds"], site.audio.stat().st_size)
    assert (made["loudness"], made["peak"]) == (receipt["loudness_lufs"], receipt["true_peak_dbtp"])
    assert made["credits"] == ["VOICEVOX:春日部つむぎ"]
    plots = page.get(f"/api/plots/{page.name(site.post)}").json()
    (voice,) = plots["voices"]
    assert voice["voice"] == "春日部つむぎ"
    assert abs(voice["loudness"] - made["loudness"]) < 2
    assert sum(1 for _, _, who in plots["lane"] if who == "春日部つむぎ") == 6
    assert plots["loudness"].startswith("M0 ")
    site.script.write_text("別の話です。\n", encoding="utf-8")
    page.episode(site.post)
    assert page.get(f"/api/plots/{page.name(site.post)}").json()["lane"] == [], "the script says other things now"


def test_outputs_that_are_made_anyway_are_told_with_their_reason(page: Page, site: SiteKit) -> None:
    append(site.root / "voices.yaml", "outputs: [srt, deck]\n")
    assert site.run("render", site.post, "--also", "vtt").code == 0
    because = {one["name"]: one["because"] for one in looked(page, site.post)["outputs"]}
    assert because.pop("srt") == because.pop("deck") == "settings"
    assert because.pop("vtt") == "exists"
    assert set(because.values()) == {None}
    assert [one["name"] for one in looked(page, site.post)["outputs"] if not one["possible"]] == ["deck"]


def test_lines_that_cannot_be_spoken_are_named_and_nothing_changes(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    before = site.files()
    fake_engine.fail("/synthesis", None, Fault("status", status=400), None, Fault("status", status=400))
    told = rendered(page, site.post)
    assert told["state"] == "failed"
    assert [failure["line"] for failure in told["failures"]] == [1, 4]
    assert "nothing was published" in told["error"]["message"]
    assert site.files() == before
    assert rendered(page, site.post)["state"] == "done", "and it can be tried again"


def test_a_cancelled_render_leaves_everything_as_it_was(page: Page, site: SiteKit, fake_engine: FakeEngine) -> None:
    before = site.files()
    fake_engine.fail("/synthesis", None, Fault("hang", seconds=1.0))
    with page.events() as events:
        page.post(f"/api/render/{page.name(site.post)}", {})
        next(event for event in events if event["kind"] == "render" and event["render"]["ready"] == 1)
        assert page.post(f"/api/cancel/{page.name(site.post)}").json()["render"]["cancelling"] is True
        assert ended(events)["state"] == "cancelled"
    assert site.files() == before
    assert looked(page, site.post)["render"]["state"] == "cancelled"
    assert len(fake_engine.syntheses) < 6


def test_who_wants_to_hear_a_line_does_not_wait_for_the_render(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    last = page.episode(site.post)["utterances"][-1]
    fake_engine.service = 0.1
    with page.events() as events:
        page.post(f"/api/render/{page.name(site.post)}", {})
        next(event for event in events if event["kind"] == "render" and event["render"]["state"] == "speaking")
        assert page.get(f"/api/sound/{page.name(site.post)}", utterance=last["id"]).status_code == 200
        heard = fake_engine.texts.index(last["text"])
        fake_engine.service = 0.0
        assert ended(events)["state"] == "done"
    assert heard <= 2, "at most the lines in flight came before it"
    assert len(fake_engine.texts) == 6, "and no line was spoken twice"


def test_a_render_waits_for_another_programs_and_says_so(page: Page, site: SiteKit) -> None:
    lock = page.desk.session.lock(site.audio)
    with page.events() as events:
        with locked(lock, busy=""):
            page.post(f"/api/render/{page.name(site.post)}", {})
            busy = next(event["render"] for event in events if event.get("render", {}).get("state") == "busy")
            assert "another run is at work" in busy["error"]["message"]
        assert ended(events)["state"] == "done"


def test_an_episode_is_rendered_once_at_a_time_and_another_one_after_it(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    other = site.root / "_posts" / "2026-11-22-42.md"
    other.write_text(site.post.read_text(encoding="utf-8").replace("_20261121", "_b"), encoding="utf-8")
    site.script.with_name("朝の技術だより☆A.I._b.txt").write_text("二つ目です。\n", encoding="utf-8")
    fake_engine.fail("/synthesis", Fault("hang", seconds=0.5))
    with page.events() as events:
        page.post(f"/api/render/{page.name(site.post)}", {})
        next(event for event in events if event["kind"] == "render" and event["render"]["state"] == "speaking")
        again = page.post(f"/api/render/{page.name(site.post)}", {"force": True}).json()
        assert again["render"]["state"] == "speaking"
        assert page.post(f"/api/render/{page.name(other)}", {}).json()["render"]["state"] == "waiting"
        assert [ended(events)["state"] for _ in range(2)] == ["done", "done"]
    assert looked(page, other)["made"]["utterances"] == 1
    assert fake_engine.texts.count("二つ目です。") == 1


def test_a_render_that_cannot_write_says_so_and_leaves_nothing_half_written(page: Page, site: SiteKit) -> None:
    site.audio.mkdir()
    before = site.files()
    told = rendered(page, site.post)
    assert told["state"] == "failed"
    assert "cannot be written" in told["error"]["message"]
    assert site.files() == before


@pytest.mark.parametrize("wish", [{"outputs": ["mp4"]}, {"outputs": "vtt"}, {"force": 1}, {"post": None}])
def test_a_wish_that_makes_no_sense_is_refused(page: Page, site: SiteKit, wish: dict[str, Any]) -> None:
    assert page.post(f"/api/render/{page.name(site.post)}", wish).status_code == 422
    assert looked(page, site.post)["render"] is None


def test_the_end_of_the_studio_ends_a_render_with_nothing_written(site: SiteKit, fake_engine: FakeEngine) -> None:
    before = site.files()
    fake_engine.fail("/synthesis", Fault("hang", seconds=0.5))
    with open_studio(site) as page, page.events() as events:
        page.post(f"/api/render/{page.name(site.post)}", {})
        next(event for event in events if event["kind"] == "render" and event["render"]["state"] == "speaking")
    assert site.files() == before
    assert "press" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.chromium
@pytest.mark.slow
def test_an_episode_is_published_in_the_browser_as_on_the_command_line(
    studio: Studio, tmp_path: Path, fake_engine: FakeEngine
) -> None:
    kept: dict[str, dict[str, bytes]] = {"before": tree(studio.root)}

    def keep(name: str) -> Callable[[], None]:
        return lambda: kept.update({name: tree(studio.root)})

    told = studio.use(
        "publish",
        {
            "refuses": lambda: fake_engine.fail("/synthesis", None, Fault("status", status=400)),
            "works": keep("failed"),
            **{name: keep(name) for name in ("rendered", "written", "undone")},
        },
    )
    assert told["problems"] == []
    assert (told["fixed"], len(told["boxes"])) == (1, 9), "there are no slides; the rest is free"
    assert "houkago-server-3.txt:1" in told["failed"]
    assert told["elsewhere"] == "houkago-server-3.txt:1"
    assert told["led"] in (0, 1)
    assert kept["failed"] == kept["before"]

    post = "_posts/2025-10-10-3.md"
    assert kept["rendered"][post] == kept["before"][post]
    assert told["diff"][0] == "-audio_file_size: 0"
    assert told["diff"][1] == f"+audio_file_size: {len(kept['rendered']['audio/houkago-server-3.mp3'])}"
    assert "LUFS" in told["facts"]
    assert told["spoken"] == told["rows"], "what was rendered is spoken"
    assert told["clicked"] > 3

    other = SiteKit(Path(shutil.copytree(EXAMPLE, tmp_path / "other")), tmp_path / "other cache", (fake_engine.url,))
    assert other.run("render", other.root / post, "--also", "vtt,chapters").code == 0
    assert kept["written"] == other.files()
    assert kept["undone"] == kept["rendered"]
