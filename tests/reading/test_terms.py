"""Terms of use: shown as the engine has them, for the speakers that are used, and nothing read into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "# 春日部つむぎの利用規約\n\nクレジットに「VOICEVOX:春日部つむぎ」と書けば、商用でも使えます。\n"


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    fake_engine.policies = {"春日部つむぎ": POLICY, "ずんだもん": "ずんだもんの規約", "四国めたん": "使っていない"}
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def test_the_terms_of_the_speakers_in_use_are_shown(site: SiteKit) -> None:
    result = site.run("voices", "--terms", "--site", site.root)
    assert result.code == 0, result.err
    assert POLICY.strip() in result.out
    assert "ずんだもんの規約" in result.out
    assert "使っていない" not in result.out
    assert result.err == ""


def test_they_are_in_the_json_too(site: SiteKit) -> None:
    told = site.run("voices", "--terms", "--json", "--site", site.root).json
    assert told["terms"] == {"ずんだもん": "ずんだもんの規約", "春日部つむぎ": POLICY.strip()}
    assert "terms" not in site.run("voices", "--json", "--site", site.root).json


def test_a_speaker_without_terms_costs_a_warning(site: SiteKit, fake_engine: FakeEngine) -> None:
    del fake_engine.policies["ずんだもん"]
    result = site.run("voices", "--terms", "--site", site.root)
    assert result.code == 0
    assert "warning: the engine has no terms of use for ずんだもん" in result.err
    assert POLICY.strip() in result.out


@pytest.mark.parametrize("fault", [Fault("status", status=404), Fault("status", status=422), Fault("json")])
def test_an_engine_that_does_not_know_the_question_has_none(
    site: SiteKit, fake_engine: FakeEngine, fault: Fault
) -> None:
    fake_engine.fail("/speaker_info", fault, fault)
    result = site.run("voices", "--terms", "--site", site.root)
    assert result.code == 0, result.err
    assert result.err.count("warning:") == 2


def test_pictures_are_not_fetched(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.policies["ずんだもん"] = "x" * 100
    assert "ppp" not in site.run("voices", "--terms", "--json", "--site", site.root).out
    assert fake_engine.requests.count("GET /speaker_info") == 2


def test_an_engine_that_has_gone_is_an_error(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.stop()
    assert site.run("voices", "--terms", "--site", site.root).code == 3


@pytest.mark.openjtalk
def test_an_embedded_voice_says_its_licence(site: SiteKit) -> None:
    pytest.importorskip("pyopenjtalk")
    site.engines = ("openjtalk",)
    told = site.run("voices", "--terms", "--json", "--site", site.root).json["terms"]
    assert list(told) == ["Mei"]
    assert "CC BY 3.0" in told["Mei"]
