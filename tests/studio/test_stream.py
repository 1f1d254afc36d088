"""The stream takes up what is changed in lines to come, and what it plays can be told from what is to be heard."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.kit.site_kit import SCRIPT, SiteKit
from tts_render.studio.course import next_line
from tts_render.studio.ruby import ruby
from tts_render.studio.shapes import peaks

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine
    from tests.kit.studio_kit import Page


def test_a_stream_takes_up_lines_that_are_changed_taken_out_and_put_in_before_it_gets_there(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    fake_engine.service = 0.02
    first = page.episode(site.post)["utterances"][0]
    held = threading.Event()
    make = fake_engine.make_sound

    def slowly(query: Any, style: int, share: float = 1.0) -> bytes:
        if len(fake_engine.syntheses) == 1:  # the second line waits until the script is another one
            assert held.wait(30)
        return make(query, style, share)

    fake_engine.make_sound = slowly  # type: ignore[method-assign]
    texts: list[str] = []
    with page.events() as events:
        place = f"/api/stream/{page.name(site.post)}"
        listening = threading.Thread(target=page.get, args=(place,), kwargs={"utterance": first["id"], "play": "x"})
        listening.start()
        for event in events:
            if event["kind"] == "utterance" and event["utterance"]["index"] == 1:
                break
        changed = SCRIPT.replace("今日は鍵の話をします！", "今日は錠の話です。").replace(
            "「本当に？」と思いましたか。", "新しい行です。\nもう一つ新しい行です。"
        )
        site.script.write_text(changed, encoding="utf-8")
        page.episode(site.post)  # somebody looks
        held.set()
        for event in events:
            if event["kind"] == "heard" and "id" in event:
                lines = {line["id"]: line for line in page.episode(site.post)["utterances"]}
                texts.append(lines[event["id"]]["text"])
                assert event["sound"] == lines[event["id"]]["sound"]
            if event["kind"] == "end":
                break
        listening.join(60)
    assert texts == [line["text"] for line in page.episode(site.post)["utterances"]]
    assert "今日は鍵の話をします！" not in fake_engine.texts, "what is not to be heard is not spoken"


@pytest.mark.parametrize(
    ("before", "spoken", "now", "following"),
    [
        ("abcd", 1, "abcd", 2),
        ("abcd", 1, "abXd", 2),  # changed further on
        ("abcd", 1, "abd", 2),  # taken out
        ("abcd", 1, "abXcd", 2),  # put in
        ("abcd", 1, "aXcd", 2),  # the line that sounds was changed
        ("abcd", 1, "acd", 1),  # it was taken out
        ("abcd", 1, "Xabcd", 3),  # put in before it
        ("abcd", 3, "abcd", 4),
        ("abcd", 3, "ab", 2),
        ("abcd", 2, "WXYZ", 3),  # all is another
        ("abcd", 3, "W", 1),
    ],
)
def test_where_a_stream_goes_on_in_an_episode_that_was_changed(
    before: str, spoken: int, now: str, following: int
) -> None:
    assert next_line(tuple(before), spoken, tuple(now)) == following


def test_lines_that_are_spoken_have_a_shape_and_moras(page: Page, site: SiteKit) -> None:
    first, second = page.episode(site.post)["utterances"][:2]
    place = page.name(site.post)
    assert page.get(f"/api/sound/{place}", utterance=first["id"]).status_code == 200
    told = page.get(f"/api/shapes/{place}", lines=f"{first['id']},{second['id']},nothing").json()
    assert list(told) == [first["id"]], "of what is not spoken there is none"
    shown = page.episode(site.post)["utterances"][0]
    assert told[first["id"]]["sound"] == shown["sound"]
    moras = told[first["id"]]["moras"]
    assert moras[0][1] == 0
    assert moras[-1][2] == pytest.approx(shown["seconds"], abs=0.01)
    assert len("".join(mora[0] for mora in moras)) >= 8


def test_peaks_are_those_of_the_sound_and_few() -> None:
    samples = np.zeros((16_000, 1), np.float32)
    samples[8_000] = -0.5
    found = peaks(samples)
    assert len(found) == 160
    assert [at for at, level in enumerate(found) if level] == [80]
    assert found[80] == 128
    assert len(peaks(samples[:3])) == 3
    assert peaks(samples[:0]) == b"\0"


@pytest.mark.parametrize(
    ("text", "reading", "parts"),
    [
        ("朝のGitHubです。", "朝のギットハブです。", (("朝の", None), ("GitHub", "ギットハブ"), ("です。", None))),
        ("ＡＢＣ！", "ABC!", (("ＡＢＣ！", None),)),
        ("はい（笑）。", "はい。", (("はい（笑）。", None),)),
        ("★です", "ほしです", ()),
        ("<b>&", "びー", (("<b>&", "びー"),)),
    ],
)
def test_the_reading_stands_over_what_is_read_otherwise(
    text: str, reading: str, parts: tuple[tuple[str, str | None], ...]
) -> None:
    assert ruby(text, reading) == parts
    assert not parts or "".join(part for part, _ in parts) == text
