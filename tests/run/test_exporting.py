"""To VOICEVOX's editor: an episode as a project, as it would be spoken."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.kit.editor import bring_back, edit, export, item_of, items_of, spoken
from tests.kit.site_kit import VOICES, SiteKit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def test_the_project_has_an_audio_item_for_each_utterance_as_it_would_be_spoken(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    project = json.loads(export(site).read_text(encoding="utf-8"))
    items = [project["talk"]["audioItems"][key] for key in project["talk"]["audioKeys"]]
    queries = spoken(site, fake_engine)
    assert [item["text"] for item in items] == [u["text"] for u in site.run("plan", site.post, "--json").json[0]["utterances"]]  # fmt: skip
    assert {item["voice"]["styleId"] for item in items} == {8}
    assert {item["voice"]["engineId"] for item in items} == {"074fc39e-678b-4c13-8916-ffca8d505d1d"}
    assert {item["voice"]["speakerId"] for item in items} == {str(uuid.UUID(int=2))}
    for item, query in zip(items, queries, strict=True):
        assert [m["pitch"] for p in item["query"]["accentPhrases"] for m in p["moras"]] == [
            m["pitch"] for p in query["accent_phrases"] for m in p["moras"]
        ]
        assert item["query"]["speedScale"] == query["speedScale"]
    assert project["song"]["trackOrder"] == list(project["song"]["tracks"])


def test_the_same_episode_gives_the_same_project(site: SiteKit) -> None:
    content = export(site).read_bytes()
    assert export(site).read_bytes() == content


def test_the_project_is_beside_the_script_and_never_replaced_unasked(site: SiteKit) -> None:
    beside = site.script.with_suffix(".vvproj")
    assert site.run("export", site.post).code == 0
    assert site.run("export", site.post).code == 0, "the same again is no harm"
    edit(beside, lambda items: item_of(items).update(text="直しかけです。"))
    worked_on = beside.read_bytes()
    result = site.run("export", site.post)
    assert (result.code, beside.read_bytes()) == (1, worked_on)
    assert "is there already, and not the same" in result.err
    assert site.run("export", site.post, "--force").code == 0
    assert beside.read_bytes() != worked_on


def test_spoken_credits_are_no_lines_of_the_editor(site: SiteKit) -> None:
    voices = site.root / "voices.yaml"
    voices.write_text(voices.read_text(encoding="utf-8") + "credits: {spoken: true}\n", encoding="utf-8")
    assert len(items_of(export(site))) == 6
    bring_back(site, export(site))


def test_an_embedded_engine_is_refused_with_the_reason(site: SiteKit) -> None:
    site.engines = ("openjtalk",)
    result = site.run("export", site.post)
    assert result.code == 3
    assert "VOICEVOX's editor does not know its voices" in result.err


def test_an_engine_without_ids_is_refused(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.lacks.add("/engine_manifest")
    result = site.run("export", site.post)
    assert result.code == 3
    assert "does not give the ids" in result.err


def test_the_voice_with_its_own_scales_is_exported_and_nothing_comes_back_of_them(site: SiteKit) -> None:
    (site.root / "voices.yaml").write_text(VOICES.replace("春日部つむぎ, style: ノーマル", "春日部つむぎ, style: ノーマル, speed: 1.1"), encoding="utf-8")  # fmt: skip
    project = export(site)
    assert {item["query"]["speedScale"] for item in items_of(project)} == {1.1}
    before = site.files()
    bring_back(site, project)
    assert site.files() == before
