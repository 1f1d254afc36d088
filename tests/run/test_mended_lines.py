"""What somebody has mended about a line is heard in the episode, and never by accident in another line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SCRIPT, SiteKit
from tts_render.engine.moras import AccentPhrase, Mora
from tts_render.episode.episode import open_episode
from tts_render.episode.takes import Take, encode_takes
from tts_render.speech.casting import cast
from tts_render.speech.fitting import utterance_ids

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tts_render.speech.casting import Utterance

KANA = AccentPhrase((Mora("カ", "k", "a", None, None, None), Mora("ギ", "g", "i", None, None, None)), 2, None, False)
LINE = "今日は鍵の話をします！"


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def takes_file(site: SiteKit) -> Path:
    return site.script.with_name(site.script.name.replace(".txt", ".takes.json"))


def said(site: SiteKit) -> tuple[Utterance, ...]:
    episode = open_episode(site.post)
    return cast(episode.script, episode.config, episode.voice).utterances


def take_of(site: SiteKit, text: str, **made: object) -> Take:
    utterances = said(site)
    number, utterance = next((n, u) for n, u in enumerate(utterances) if u.text == text)
    take = Take(utterance_ids(utterances)[number], utterance.line, text, utterance.reading, utterance.voice)
    return replace(take, **made)  # type: ignore[arg-type]


def mend(site: SiteKit, *takes: Take) -> None:
    takes_file(site).write_bytes(encode_takes(takes))


def test_the_line_is_spoken_again_as_it_was_mended_and_no_other(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    before = site.audio.read_bytes()
    fake_engine.syntheses.clear()
    fake_engine.queries.clear()
    mend(site, take_of(site, LINE, phrases=(KANA,)))
    assert [entry["why"] for entry in site.run("status", site.post, "--json").json] == ["script"]
    assert site.run("render", site.post).code == 0
    (made,) = fake_engine.syntheses
    assert ["".join(m["text"] for m in p["moras"]) for p in made.query["accent_phrases"]] == ["カギ"]
    assert fake_engine.queries == [], "only what lengths and pitches it has"
    assert site.audio.read_bytes() != before
    fake_engine.syntheses.clear()
    assert site.run("render", site.post, "--json").json[0]["changed"] is False
    takes_file(site).unlink()
    assert site.run("render", site.post).code == 0
    assert site.audio.read_bytes() == before
    assert fake_engine.syntheses == []


def test_pitches_and_lengths_of_a_take_reach_the_engine_as_they_are(site: SiteKit, fake_engine: FakeEngine) -> None:
    moras = tuple(replace(m, consonant_length=0.05, vowel_length=0.2, pitch=5.25) for m in KANA.moras)
    mend(site, take_of(site, LINE, phrases=(replace(KANA, moras=moras),)))
    assert site.run("render", site.post).code == 0
    (made,) = [s for s in fake_engine.syntheses if len(s.query["accent_phrases"]) == 1 and s.query["accent_phrases"][0]["moras"][0]["text"] == "カ"]  # fmt: skip
    assert [(m["vowel_length"], m["pitch"]) for m in made.query["accent_phrases"][0]["moras"]] == [(0.2, 5.25)] * 2


def test_the_intonation_of_a_take_is_that_of_its_line_alone(site: SiteKit, fake_engine: FakeEngine) -> None:
    mend(site, take_of(site, LINE, intonation=1.5))
    assert site.run("render", site.post).code == 0
    assert sorted(s.query["intonationScale"] for s in fake_engine.syntheses) == [1.0] * 5 + [1.5]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("鍵の話", "錠の話"), "its line was changed or taken out"),
        (lambda text: text.replace(LINE, f"ずんだもん：{LINE}"), "it was made of the voice 春日部つむぎ"),
        (
            lambda text: text.replace(LINE, LINE.replace("今日", "<sub alias='こんにち'>今日</sub>")),
            "it was made of the reading",
        ),
    ],
    ids=["another text", "another voice", "another reading"],
)
def test_a_take_of_a_line_that_changed_is_not_used_and_said_to_be_so(
    site: SiteKit, fake_engine: FakeEngine, change: object, why: str
) -> None:
    mend(site, take_of(site, LINE, phrases=(KANA,)))
    site.script.write_text(change(SCRIPT), encoding="utf-8")  # type: ignore[operator]
    for command in ("render", "plan"):
        result = site.run(command, site.post)
        assert result.code == 0
        assert f"warning: {site.script}:2: the take of 「{LINE}」 is not used: {why}" in result.err
    assert not any(s.query["accent_phrases"][0]["moras"][0]["text"] == "カ" for s in fake_engine.syntheses)
    found = {f["rule"]: f for f in site.run("check", site.post, "--json").json}["take-unused"]
    assert (found["level"], found["line"], why in found["message"]) == ("warning", 2, True)


def test_a_take_stays_with_its_line_when_others_come_and_go(site: SiteKit, fake_engine: FakeEngine) -> None:
    mend(site, take_of(site, LINE, phrases=(KANA,)))
    site.script.write_text(
        "新しい行です。\n\n" + SCRIPT.replace("「本当に？」と思いましたか。\n", ""), encoding="utf-8"
    )
    result = site.run("render", site.post)
    assert "is not used" not in result.err
    assert any(s.query["accent_phrases"][0]["moras"][0]["text"] == "カ" for s in fake_engine.syntheses)


def test_of_equal_lines_the_one_that_was_mended_is_meant(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.write_text("はい。\n\nはい。\n", encoding="utf-8")
    utterances = said(site)
    first, second = utterance_ids(utterances)
    assert first != second
    mend(site, Take(second, 3, "はい。", utterances[1].reading, utterances[1].voice, phrases=(KANA,)))
    assert site.run("render", site.post).code == 0
    assert sorted(s.query["accent_phrases"][0]["moras"][0]["text"] for s in fake_engine.syntheses) == ["カ", "ハ"]


def test_the_takes_of_a_post_that_is_spoken_itself_are_beside_its_audio(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.unlink()
    site.post.write_text(POST.partition("## 関連リンク")[0] + "鍵です。\n", encoding="utf-8")
    assert open_episode(site.post).takes_file == takes_file(site)
    mend(site, take_of(site, "鍵です。", phrases=(KANA,)))
    assert site.run("render", site.post).code == 0
    assert [s.query["accent_phrases"][0]["moras"][0]["text"] for s in fake_engine.syntheses] == ["カ"]


def test_takes_that_cannot_be_read_are_an_error_before_anything_is_spoken(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    takes_file(site).write_text("{", encoding="utf-8")
    result = site.run("render", site.post)
    assert result.code == 1
    assert f"{takes_file(site)}:1: is not valid JSON" in result.err
    assert fake_engine.syntheses == []


def test_a_link_under_the_name_of_the_takes_is_not_followed_out_of_the_site(site: SiteKit, tmp_path: Path) -> None:
    (tmp_path / "outside.json").write_bytes(encode_takes([]))
    takes_file(site).symlink_to(tmp_path / "outside.json")
    result = site.run("render", site.post)
    assert result.code == 1
    assert "the takes beside the script leaves the site" in result.err
