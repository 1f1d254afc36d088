"""A thousand edits in one sitting, from two tabs: none is lost, undo knows the last 200, and little memory is kept."""

from __future__ import annotations

import json
import random
import sys
import threading
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.kit.studio_kit import Page, served
from tts_render.episode.takes import read_takes

if TYPE_CHECKING:
    from tests.kit.site_kit import SiteKit

EDITS = 1000
REMEMBERED = 200
LINES = 8
TUNED = 5
"""The line from which on intonation and speed are changed; those before are rewritten, and their accents moved."""
GROWTH = 32 * 2**20
"""Bytes that the studio may hold more after 900 more edits. Of each edit 4.4 KB of objects stayed where that was traced:
its step in the journal, its text and reading, its accent phrases, and where its sound is, each of them bounded. The
process itself grew by 16 MB, which is more than these; twice as much is taken for a leak."""


@dataclass
class Model:
    """What the files should be: each state as (script, takes), the last 200 of them."""

    now: tuple[bytes, bytes | None]
    done: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    undone: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def change(self, to: tuple[bytes, bytes | None]) -> None:
        self.done = [*self.done, self.now][-REMEMBERED:]
        self.undone = []
        self.now = to

    def undo(self) -> None:
        self.undone.append(self.now)
        self.now = self.done.pop()

    def redo(self) -> None:
        self.done.append(self.now)
        self.now = self.undone.pop()


class Tabs:
    """Two tabs that show one episode, each with what it is told, and what a person does in them by turns."""

    def __init__(self, page: Page, post: str, script: Path, takes: Path) -> None:
        self.tabs = [page, Page(page.address, page.desk)]
        self.tabs[1].session.trust_env = False
        self.tabs[1].session.cookies.update(page.session.cookies)
        self._post, self._script, self._takes = post, script, takes
        self._chance = random.Random(1)
        self._texts = count()
        self._lines: list[dict[str, Any]] | None = None
        self.told: list[list[dict[str, Any]]] = [[], []]
        for tab, told in zip(self.tabs, self.told, strict=True):
            threading.Thread(target=self._listen, args=(tab, told), daemon=True).start()

    def files(self) -> tuple[bytes, bytes | None]:
        return self._script.read_bytes(), self._takes.read_bytes() if self._takes.exists() else None

    def edit(self, number: int, model: Model) -> None:
        """Do one thing, in the tab whose turn it is, and see that the files are as they should be then."""
        tab = self.tabs[number % 2]
        chance = self._chance.random()
        if self._lines is None:
            self._lines = tab.get(f"/api/episodes/{self._post}").json()["utterances"][:LINES]
        if chance < 0.15 and model.done:
            assert tab.post("/api/undo").json()["passed"] == []
            model.undo()
            self._lines = None
        elif chance < 0.28 and model.undone:
            assert tab.post("/api/redo").json()["passed"] == []
            model.redo()
            self._lines = None
        else:
            # A take of a line that is rewritten stays in the file, as one that fits none: a few do.
            some = self._lines[:TUNED] if chance < 0.75 else self._lines[TUNED:]
            self._change(tab, self._chance.choice(some), chance)
            now = self.files()
            if now != model.now:  # a speed that it has already is no step
                model.change(now)
        assert self.files() == model.now

    def _change(self, tab: Page, line: dict[str, Any], chance: float) -> None:
        at = {"utterance": line["id"]}
        if chance < 0.55:
            source = tab.get(f"/api/source/{self._post}", **at).json()
            after = f"{next(self._texts)}番目の文を書きました。"
            answer = tab.post(
                f"/api/line/{self._post}", {"line": source["line"], "before": source["source"], "after": after}
            )
        elif chance < 0.75:
            answer = tab.post(f"/api/take/{self._post}", self._said_otherwise(tab, at), **at)
        elif chance < 0.85:
            answer = tab.post(f"/api/manner/{self._post}", {"intonation": round(self._chance.uniform(0.5, 2), 6)}, **at)
        else:
            answer = tab.post(f"/api/manner/{self._post}", {"speed": round(self._chance.uniform(0.5, 2), 2)}, **at)
        assert answer.status_code == 200, answer.text
        self._lines = answer.json()["utterances"][:LINES]

    def _said_otherwise(self, tab: Page, at: dict[str, str]) -> dict[str, Any]:
        """The line with the accent of one phrase moved."""
        phrases = tab.get(f"/api/phrases/{self._post}", **at).json()["accent_phrases"]
        phrase = self._chance.choice([one for one in phrases if len(one["moras"]) > 1])
        phrase["accent"] = phrase["accent"] % len(phrase["moras"]) + 1
        return {"accent_phrases": phrases}

    @staticmethod
    def _listen(tab: Page, told: list[dict[str, Any]]) -> None:
        try:
            with tab.session.get(f"{tab.address}/api/events", stream=True, timeout=60) as answer:
                for line in answer.iter_lines(decode_unicode=True):
                    if line.startswith("data: "):
                        told[:] = [*told[-20:], json.loads(line.removeprefix("data: "))]
        except requests.RequestException:
            pass  # the studio is closed


def resident(process_id: int) -> int:
    """Bytes of memory that a process holds."""
    for line in Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the process tells nothing")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.slow
def test_after_a_thousand_edits_from_two_tabs_all_is_as_it_should_be_and_little_memory_is_kept(site: SiteKit) -> None:
    site.script.write_text("".join(f"これは、{n}番目の、行です。\n" for n in range(LINES)), encoding="utf-8")
    name = "_posts/" + site.post.name
    takes = site.script.with_name(site.script.stem + ".takes.json")
    with served(site) as (process, page):
        tabs = Tabs(page, name, site.script, takes)
        model = Model(tabs.files())
        for number in range(EDITS):
            if number == 100:
                before = resident(process.pid)
            tabs.edit(number, model)
        grown = resident(process.pid) - before

        assert grown < GROWTH
        said = [
            [
                (line["text"], line["reading"], line["take"])
                for line in tab.get(f"/api/episodes/{name}").json()["utterances"]
            ]
            for tab in tabs.tabs
        ]
        assert said[0] == said[1]
        assert all(tabs.told), "both tabs have been told"
        facts = page.get(f"/api/episodes/{name}").json()
        used = sum(line["take"] for line in facts["utterances"])
        assert used + len(facts["misfits"]) == len(read_takes(takes)), "no take is lost, or used unasked"
        while model.done:
            assert page.post("/api/undo").json()["passed"] == []
            model.undo()
            assert tabs.files() == model.now
        assert len(model.undone) >= REMEMBERED
        assert page.post("/api/undo").json()["name"] is None, "no more is remembered than 200"
