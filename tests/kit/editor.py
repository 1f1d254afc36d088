"""VOICEVOX's editor, as far as a test needs one: it opens what is exported, and saves what an import reads."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from tests.kit.fake_voice import to_phrases, with_mora_data

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.site_kit import SiteKit

__all__ = [
    "LINE",
    "Json",
    "bring_back",
    "edit",
    "editor_form",
    "export",
    "item_of",
    "items_of",
    "move_accent",
    "reword",
    "spoken",
    "takes",
]

Json = dict[str, Any]

LINE = "今日は鍵の話をします！"
"""The line of the site kit's script that is changed unless another is named."""


def export(site: SiteKit, *arguments: str | Path) -> Path:
    project = site.root.parent / "p.vvproj"
    result = site.run("export", site.post, "-o", project, "--force", *arguments)
    assert result.code == 0, result.err
    return project


def items_of(project: Path) -> list[Json]:
    talk = json.loads(project.read_text(encoding="utf-8"))["talk"]
    return [talk["audioItems"][key] for key in talk["audioKeys"]]


def edit(project: Path, change: Callable[[list[Json]], object]) -> None:
    """Open a project in the editor, change audio items, and save it: all keys are new then, as in the real one."""
    facts = json.loads(project.read_text(encoding="utf-8"))
    items = items_of(project)
    change(items)
    keys = [str(uuid.uuid4()) for _ in items]
    facts["appVersion"] = "0.25.0"
    facts["talk"] = {"audioKeys": keys, "audioItems": dict(zip(keys, items, strict=True))}
    project.write_text(json.dumps(facts), encoding="utf-8")


def item_of(items: list[Json], text: str = LINE) -> Json:
    return next(item for item in items if item["text"] == text)


def _engine_form(phrases: list[Json]) -> list[Json]:
    """Accent phrases of the editor as it sends them to an engine."""

    def mora(value: Json) -> Json:
        return {"text": value["text"], "consonant": value.get("consonant"), "vowel": value["vowel"]}

    return [
        {
            "moras": [mora(value) for value in phrase["moras"]],
            "accent": phrase["accent"],
            "pause_mora": phrase.get("pauseMora") and mora(phrase["pauseMora"]),
            "is_interrogative": phrase.get("isInterrogative", False),
        }
        for phrase in phrases
    ]


def editor_form(phrases: list[Json]) -> list[Json]:
    """Accent phrases of an engine as the editor keeps them."""
    names = {"consonant": "consonant", "consonant_length": "consonantLength", "vowel_length": "vowelLength"}

    def mora(value: Json) -> Json:
        return {names.get(name, name): part for name, part in value.items() if part is not None}

    return [
        {
            "moras": [mora(value) for value in phrase["moras"]],
            "accent": phrase["accent"],
            "isInterrogative": phrase["is_interrogative"],
        }
        | ({"pauseMora": mora(phrase["pause_mora"])} if phrase["pause_mora"] else {})
        for phrase in phrases
    ]


def reword(item: Json, text: str) -> None:
    """What the editor does when a text is changed: it asks the engine, which knows no lexicon of ours, how it is read."""
    item["text"] = text
    item["query"]["accentPhrases"] = editor_form(to_phrases(text, {}, item["voice"]["styleId"]))


def move_accent(item: Json, number: int, accent: int) -> None:
    """What the editor does when an accent is moved: the engine gives this phrase its lengths and pitches anew."""
    phrases = item["query"]["accentPhrases"]
    phrases[number]["accent"] = accent
    told = with_mora_data(_engine_form(phrases), item["voice"]["styleId"])[number]
    for mora, new in zip(phrases[number]["moras"], told["moras"], strict=True):
        mora["vowelLength"], mora["pitch"] = new["vowel_length"], new["pitch"]
        if new["consonant"]:
            mora["consonantLength"] = new["consonant_length"]


def bring_back(site: SiteKit, project: Path, *, left: int = 0) -> str:
    """Import, and see that a second import has nothing to do; return what was said."""
    result = site.run("import", site.post, project)
    assert result.code == 0, result.err
    assert f", {left} not brought back" in result.err, result.err
    before = site.files()
    again = site.run("import", site.post, project)
    assert "0 changes" in again.err, again.out
    assert site.files() == before
    return result.out + result.err


def takes(site: SiteKit) -> list[Json]:
    path = site.script.with_name(site.script.name.replace(".txt", ".takes.json"))
    return json.loads(path.read_text(encoding="utf-8"))["takes"] if path.is_file() else []


def spoken(site: SiteKit, fake_engine: FakeEngine) -> list[Json]:
    """Render, and return the queries of what was spoken."""
    fake_engine.syntheses.clear()
    result = site.run("render", site.post)
    assert result.code == 0, result.err
    assert "is not used" not in result.err
    return [synthesis.query for synthesis in fake_engine.syntheses]
