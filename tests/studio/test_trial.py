"""A change that is heard before it is saved: spoken once, whatever becomes of saving it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.kit.site_kit import SiteKit
from tests.kit.studio_kit import Page, journal_held, open_studio
from tts_render.ground.files import temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from tests.kit.fake_engine import FakeEngine

LINE = "今日は鍵の話をします！"


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.fixture
def page(site: SiteKit) -> Iterator[Page]:
    with open_studio(site) as page:
        yield page


class Line:
    """A line that is being mended."""

    def __init__(self, page: Page, site: SiteKit) -> None:
        self._page, self._place = page, page.name(site.post)
        self._post = site.post
        self.id = self.facts["id"]

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = next(u for u in self._page.episode(self._post)["utterances"] if u["text"] == LINE)
        return facts

    def phrases(self) -> list[dict[str, Any]]:
        """Its accent phrases, lengths and pitches left to the engine."""
        told = self._page.get(f"/api/phrases/{self._place}", utterance=self.id).json()
        assert told["tries"] is True
        for phrase in told["accent_phrases"]:
            for mora in filter(None, [*phrase["moras"], phrase["pause_mora"]]):
                mora.update(consonant_length=None, vowel_length=None, pitch=None)
        found: list[dict[str, Any]] = told["accent_phrases"]
        return found

    def moved(self) -> list[dict[str, Any]]:
        """The same with another accent."""
        first, *others = self.phrases()
        return [{**first, "accent": first["accent"] % len(first["moras"]) + 1}, *others]

    def send(self, what: str, phrases: list[dict[str, Any]], **more: str) -> requests.Response:
        query = {"utterance": self.id} | more
        return self._page.post(f"/api/{what}/{self._place}", {"accent_phrases": phrases}, **query)

    def sound(self) -> bytes:
        return self._page.get(f"/api/sound/{self._place}", utterance=self.id).content


def parts(answer: requests.Response) -> tuple[bytes, list[Any]]:
    """The sound and the moras of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    return answer.content, json.loads(answer.headers["x-moras"])


@pytest.mark.parametrize("tuned", [False, True], ids=["markup", "a take"])
def test_what_was_heard_is_what_is_saved_and_is_spoken_once(
    page: Page, site: SiteKit, fake_engine: FakeEngine, tuned: bool
) -> None:
    line = Line(page, site)
    phrases = line.moved()
    if tuned:
        phrases[0]["moras"][0]["pitch"] = 5.5
    before = site.files()
    sound, moras = parts(line.send("trial", phrases))
    assert [s.query["accent_phrases"][0]["accent"] for s in fake_engine.syntheses] == [phrases[0]["accent"]]
    assert [text for text, _, _ in moras] == [
        mora["text"] for phrase in phrases for mora in filter(None, [*phrase["moras"], phrase["pause_mora"]])
    ]
    assert np.frombuffer(sound[44:], "<i2").any()
    assert site.files() == before, "trying saves nothing"
    asked = len(fake_engine.queries)
    saved = line.send("take", phrases)
    assert (saved.status_code, saved.json()["saved"]) == (200, "take" if tuned else "script")
    answers = len(fake_engine.queries)
    assert line.facts["state"] == "spoken"
    assert line.sound() == sound, "the same clip"
    assert len(fake_engine.syntheses) == 1
    assert len(fake_engine.queries) == answers, "what was asked before it was saved is not asked again"
    assert answers >= asked
    assert page.post("/api/undo").status_code == 200
    assert site.files() == before


def test_a_change_that_is_saved_while_it_is_tried_is_spoken_once(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    line = Line(page, site)
    phrases = line.moved()
    fake_engine.service = 0.3
    with ThreadPoolExecutor(2) as pool:
        tried = pool.submit(line.send, "trial", phrases)
        saved = pool.submit(line.send, "take", phrases)
        sound, _ = parts(tried.result(60))
        assert saved.result(60).json()["saved"] == "script"
    assert line.sound() == sound
    assert len(fake_engine.syntheses) == 1


def test_a_trial_does_not_wait_for_a_change_that_cannot_be_written_yet(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    line = Line(page, site)
    first, second = line.moved(), line.phrases()
    second[-1]["is_interrogative"] = not second[-1]["is_interrogative"]
    before = site.files()
    with ThreadPoolExecutor(1) as pool:
        with journal_held(site.cache, page.desk.root):
            saved = pool.submit(line.send, "take", first)
            while not fake_engine.queries:
                pass
            parts(line.send("trial", second))
            assert site.files() == before
            assert not saved.done()
        assert saved.result(60).status_code == 200
    assert site.files() != before


def test_a_change_that_is_refused_leaves_nothing_but_a_clip_in_the_cache(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    line = Line(page, site)
    old = line.sound()
    phrases = line.moved()
    before = site.files()
    in_the_way = temporary_name(site.script)
    in_the_way.mkdir()
    parts(line.send("trial", phrases))
    refused = line.send("take", phrases)
    assert (refused.status_code, refused.json()["error"]["kind"]) == (503, "OutputError")
    in_the_way.rmdir()
    assert site.files() == before
    assert line.sound() == old
    assert len(fake_engine.syntheses) == 2, "as it was, and as it was to be"
    assert line.send("take", phrases).status_code == 200
    assert line.facts["state"] == "spoken"
    assert len(fake_engine.syntheses) == 2, "the clip is found"


def test_what_cannot_be_tried_says_why(page: Page, site: SiteKit, fake_engine: FakeEngine) -> None:
    line = Line(page, site)
    phrases = line.phrases()
    gone = line.send("trial", phrases, utterance="0123456789ab")
    assert (gone.status_code, gone.json()["error"]["kind"]) == (409, "StaleError")
    empty = line.send("trial", [{**phrases[0], "moras": None}])
    assert (empty.status_code, empty.json()["error"]["kind"]) == (422, "InputError")
    nothing = line.send("trial", [])
    assert (nothing.status_code, nothing.json()["error"]["kind"]) == (422, "InputError")
    moved = line.moved()
    fake_engine.stop()
    assert line.send("trial", moved).status_code == 503
    assert fake_engine.syntheses == []
