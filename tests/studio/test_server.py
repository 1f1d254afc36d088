"""What the page asks for: episodes, lines as sound, changes in files, and what happens meanwhile."""

from __future__ import annotations

import io
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.kit.fake_engine import Fault
from tests.kit.site_kit import POST, SCRIPT, SiteKit
from tests.kit.studio_kit import Page, open_studio
from tts_render.episode.episode import open_episode
from tts_render.run.session import Session
from tts_render.studio.known_clips import KnownClips
from tts_render.studio.sheet import open_sheet
from tts_render.studio.stream import check_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

    from tests.kit.fake_engine import FakeEngine

LINE = "今日は鍵の話をします！"


def samples(answer: requests.Response) -> np.ndarray:
    """The sound of an answer whose WAV does not say how long it is."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "audio/wav"
    return np.frombuffer(answer.content[44:], "<i2").astype(np.float32) / 32768


def line_of(page: Page, post: Path, text: str) -> dict[str, Any]:
    return next(u for u in page.episode(post)["utterances"] if u["text"] == text)


def test_the_list_has_every_episode_the_newest_first(page: Page, site: SiteKit) -> None:
    old = site.root / "_posts" / "2026-11-20-40.md"
    old.write_text(POST.replace("2026-11-21", "2026-11-20").replace("_20261121", "_b"), encoding="utf-8")
    (site.root / "_posts" / "2026-11-22-1.md").write_text("---\na: [\n---\n", encoding="utf-8")
    (site.root / "_posts" / "2026-11-23-1.md").write_text("---\ntitle: お知らせ\n---\n休みます。\n", encoding="utf-8")
    assert site.run("render", site.post).code == 0
    listed = page.get("/api/episodes").json()["episodes"]
    assert [one["path"] for one in listed] == [f"_posts/2026-11-2{day}.md" for day in ("2-1", "1-41", "0-40")]
    broken, rendered, missing = listed
    assert broken["problem"].startswith("2026-11-22-1.md:"), "without the folders, which are the same for all"
    assert (rendered["title"], missing["seconds"]) == ("朝の技術だより☆A.I. 20261121 [特別]", None)
    assert rendered["seconds"] == pytest.approx(json.loads(site.receipt.read_bytes())["duration_seconds"])


def test_an_episode_has_its_lines_and_what_is_between_them(page: Page, site: SiteKit, fake_engine: FakeEngine) -> None:
    episode = page.episode(site.post)
    assert [u["text"] for u in episode["utterances"]][:2] == ["おはようございます。", "朝の技術だよりの時間です。"]
    assert {u["state"] for u in episode["utterances"]} == {"new"}
    kinds = [item["kind"] for item in episode["items"]]
    assert kinds.count("utterance") == len(episode["utterances"])
    assert [item["name"] for item in episode["items"] if item["kind"] == "sound"] == ["opening", "bumper", "ending"]
    assert fake_engine.syntheses == [], "looking speaks nothing"
    assert site.run("render", site.post).code == 0
    assert {u["state"] for u in page.episode(site.post)["utterances"]} == {"spoken"}


def test_a_line_is_spoken_when_it_is_asked_for_and_then_never_again(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    place = f"/api/sound/{page.name(site.post)}"
    line = line_of(page, site.post, LINE)
    first = page.get(place, utterance=line["id"])
    sound, rate = soundfile.read(io.BytesIO(first.content[:4] + b"\0\0\0\0" + first.content[8:]))
    assert (rate, len(sound) > 20_000, np.abs(sound).max() > 0.01) == (44_100, True, True)
    assert len(fake_engine.syntheses) == 1
    assert page.get(place, utterance=line["id"]).content == first.content
    assert len(fake_engine.syntheses) == 1
    assert line_of(page, site.post, LINE)["state"] == "spoken"


def test_a_line_of_the_script_is_changed_and_not_one_byte_more(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    before = site.files()
    line = line_of(page, site.post, LINE)
    place = page.name(site.post)
    source = page.get(f"/api/source/{place}", utterance=line["id"]).json()
    assert source == {"line": 2, "source": LINE}
    with page.events() as events:
        answer = page.post(f"/api/line/{place}", {"line": 2, "before": LINE, "after": "今日は錠の話をします！"})
        assert answer.status_code == 200
        assert answer.json()["undo"] is not None
        told = [next(events) for _ in range(3)]
    states = [event["utterance"]["state"] for event in told if event["kind"] == "utterance"]
    assert states == ["speaking", "spoken"]
    (shown,) = [event["episode"] for event in told if event["kind"] == "episode"]
    assert "今日は錠の話をします！" in [line["text"] for line in shown["utterances"]]
    assert [s.text for s in fake_engine.syntheses] == ["今日は錠の話をします！"], "what was changed is spoken at once"
    after = site.files()
    assert {name for name in after if after[name] != before[name]} == {f"audio/{site.script.name}"}
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace("鍵の話", "錠の話")
    assert page.post("/api/undo").json()["undo"] is None
    assert site.files() == before
    assert page.post("/api/redo").json()["redo"] is None
    assert site.files() == after


def test_what_an_editor_has_changed_elsewhere_is_kept_when_a_line_is_undone(page: Page, site: SiteKit) -> None:
    script, new = site.script, "今日は錠の話です。"
    page.post(f"/api/line/{page.name(site.post)}", {"line": 2, "before": LINE, "after": new})
    theirs = "初めに。\n" + script.read_text(encoding="utf-8").replace("また明日", "また来週")
    script.write_text(theirs, encoding="utf-8")
    assert page.post("/api/undo").json()["passed"] == []
    assert script.read_text(encoding="utf-8") == theirs.replace(new, LINE)
    assert page.post("/api/redo").json()["undo"] is not None
    assert script.read_text(encoding="utf-8") == theirs


def test_what_cannot_be_undone_is_passed_over_with_its_reason(page: Page, site: SiteKit) -> None:
    words = "今日は錠の話です。"
    line = line_of(page, site.post, LINE)
    made = page.post(f"/api/manner/{page.name(site.post)}", {"intonation": 1.5}, utterance=line["id"]).json()
    assert made["saved"] == "take"
    changed = site.script.read_text(encoding="utf-8").splitlines()[0]
    own = page.post(f"/api/line/{page.name(site.post)}", {"line": 1, "before": changed, "after": words}).json()["undo"]
    site.script.write_text(SCRIPT.replace(changed, "やあ。"), encoding="utf-8")
    done = page.post("/api/undo").json()
    assert done["name"] == made["undo"], "it is of another file"
    ((name, error),) = [(one["name"], one["error"]) for one in done["passed"]]
    assert (name, error["line"], error["there"]) == (own, 1, "やあ。")
    assert error["message"] == f"「{words}」 is not there any more; reads now: やあ。"
    assert (done["undo"], page.post("/api/undo").status_code) == (own, 409)
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(changed, "やあ。")


def test_a_line_that_somebody_changed_meanwhile_is_refused_with_both_versions(page: Page, site: SiteKit) -> None:
    line_of(page, site.post, LINE)
    theirs = SCRIPT.replace("鍵の話", "扉の話")
    site.script.write_text(theirs, encoding="utf-8")
    answer = page.post(f"/api/line/{page.name(site.post)}", {"line": 2, "before": LINE, "after": "私の版。"})
    assert answer.status_code == 409
    assert "今日は扉の話をします！" in answer.json()["error"]["message"]
    assert site.script.read_text(encoding="utf-8") == theirs


def test_an_accent_is_moved_heard_and_the_same_on_the_command_line(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    phrases = page.get(f"/api/phrases/{place}", utterance=line["id"]).json()
    assert set(phrases["follows"].values()) == {None}, "VOICEVOX follows everything"
    accents = phrases["accent_phrases"]
    accents[0]["accent"] = 1 + accents[0]["accent"] % len(accents[0]["moras"])
    for mora in accents[0]["moras"]:
        mora["pitch"] = 5.0
    before = page.get(f"/api/sound/{place}", utterance=line["id"]).content
    answer = page.post(f"/api/take/{place}", {"accent_phrases": accents}, utterance=line["id"])
    assert answer.status_code == 200
    assert line_of(page, site.post, LINE)["take"] is True
    assert page.get(f"/api/sound/{place}", utterance=line["id"]).content != before
    spoken = len(fake_engine.syntheses)
    takes = open_episode(site.post).takes
    assert [take.text for take in takes] == [LINE]
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.syntheses) == spoken + 5, "what the page has spoken is not spoken again"
    page.post(f"/api/take/{place}", {"accent_phrases": []}, utterance=line["id"])
    assert not open_episode(site.post).takes_file.exists(), "a take that changes nothing is none"
    assert page.get(f"/api/sound/{place}", utterance=line["id"]).content == before


def test_kana_become_accent_phrases(page: Page, site: SiteKit) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    found = page.post(f"/api/kana/{place}", {"kana": "カギ'/ノ'"}, utterance=line["id"]).json()["accent_phrases"]
    assert [["".join(m["text"] for m in p["moras"]), p["accent"]] for p in found] == [["カギ", 2], ["ノ", 1]]
    refused = page.post(f"/api/kana/{place}", {"kana": "鍵"}, utterance=line["id"])
    assert (refused.status_code, refused.json()["error"]["kind"]) == (422, "InputError"), "not a trouble of the engine"
    assert "鍵" in refused.json()["error"]["message"], "it says why"


@pytest.mark.parametrize(
    ("kana", "wrong"),
    [("カギ'/ノ'ハ'コ", "ノ'ハ'コ"), ("カギ'/'ノ", "'ノ"), ("カギ", "カギ"), ("カギ'//ノ'", "カギ'//ノ'")],
)
def test_kana_that_are_wrong_are_told_by_their_phrase_and_not_in_the_words_of_an_engine(
    page: Page, site: SiteKit, fake_engine: FakeEngine, kana: str, wrong: str
) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    asked = len(fake_engine.requests)
    error = page.post(f"/api/kana/{place}", {"kana": kana}, utterance=line["id"]).json()["error"]
    assert error["message"].startswith(f"「{wrong}」: in each accent phrase, exactly one '")
    assert (error["path"], len(fake_engine.requests)) == (None, asked)


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("take", {"accent_phrases": [{"moras": [{"text": 1}]}]}),
        ("take", {}),
        ("manner", {"intonation": 99}),
        ("manner", {"speed": 0}),
        ("manner", {"speed": 1, "pitch": 0}),
        ("manner", {"voice": "誰か", "style": None}),
        ("manner", {"before": -1}),
        ("manner", {"after": "0.5"}),
        ("manner", {}),
        ("line", {"line": "2", "before": "", "after": ""}),
        ("line", {"line": 2, "before": LINE, "after": "half a character: \ud842"}),
        ("line", [1]),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(page: Page, site: SiteKit, place: str, body: object) -> None:
    before = site.files()
    line = line_of(page, site.post, LINE)
    answer = page.post(f"/api/{place}/{page.name(site.post)}", body, utterance=line["id"])
    assert answer.status_code == 422, answer.text
    assert site.files() == before


def test_who_is_told_more_than_he_can_take_gets_the_newest_of_each_episode(page: Page, site: SiteKit) -> None:
    with page.events() as events:
        for number in range(2000):
            for path in "ab":
                page.desk.say({"kind": "episode", "path": path, "number": number, "episode": "長い" * 10_000})
        told: list[dict[str, Any]] = []
        while not told or (told[-1]["path"], told[-1]["number"]) != ("b", 1999):
            told.append(next(events))
    assert {event["kind"] for event in told} == {"episode"}, "none is told to look anew"
    assert told[-2]["number"] == 1999
    assert len(told) < 1000


def test_a_line_that_is_gone_is_told(page: Page, site: SiteKit) -> None:
    page.episode(site.post)
    answer = page.get(f"/api/sound/{page.name(site.post)}", utterance="0123456789ab")
    assert answer.status_code == 409
    assert "not there any more" in answer.json()["error"]["message"]


def test_a_line_that_cannot_be_spoken_is_told_with_its_reason(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    line = line_of(page, site.post, LINE)
    fake_engine.fail("/synthesis", Fault("status", status=400))
    with page.events() as events:
        answer = page.get(f"/api/sound/{page.name(site.post)}", utterance=line["id"])
        assert answer.status_code >= 400
        assert answer.json()["error"]["line"] == 2
        assert [next(events)["utterance"]["state"] for _ in range(2)] == ["speaking", "failed"]
    assert page.get(f"/api/sound/{page.name(site.post)}", utterance=line["id"]).status_code == 200, (
        "it can be tried again"
    )


def test_without_an_engine_the_page_is_told_what_to_do(site: SiteKit) -> None:
    site.engines = ("http://127.0.0.1:9",)
    with open_studio(site) as page:
        episode = page.episode(site.post)
        assert "Start the engine" in episode["no_engine"]["remedy"]
        assert [u["text"] for u in episode["utterances"]][:1] == ["おはようございます。"], "it can be read"
        line = episode["utterances"][0]
        answer = page.get(f"/api/sound/{page.name(site.post)}", utterance=line["id"])
        assert answer.status_code == 503
        assert "Start the engine" in answer.json()["error"]["remedy"]
        assert page.get("/api/episodes").status_code == 200, "the list needs none"


def test_from_a_line_on_it_sounds_exactly_as_in_the_mp3_once_all_is_spoken(page: Page, site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    episode = page.episode(site.post)
    with Session(site.cache, engines=site.engines) as session:
        sheet = open_sheet(open_episode(site.post), session)
        clips = sheet.clips(KnownClips(session.cache))
        whole = check_whole(sheet, [clip for clip in clips if clip is not None])
    mastered = mastered_samples(whole, sheet)
    starts = {p.utterance.index: p.start for p in whole.timeline.placements if p.utterance is not None}
    for index in (0, 3, 5):
        line = episode["utterances"][index]
        with page.events() as events:
            heard = samples(page.get(f"/api/stream/{page.name(site.post)}", utterance=line["id"], play="x"))
            first = next(events)
        assert (first["kind"], first["utterance"], first["start"], first["play"]) == ("heard", index, 0.0, "x")
        assert first["moras"][0][1] == 0.0
        wanted = mastered[starts[index] :]
        assert len(heard) == len(wanted)
        assert np.abs(heard - wanted).max() < 1.5 / 32768, f"from line {index}"
    query = {"utterance": episode["utterances"][0]["id"], "play": "x", "opening": "1"}
    heard = samples(page.get(f"/api/stream/{page.name(site.post)}", **query))
    assert len(heard) == len(mastered) > len(mastered[starts[0] :])
    assert np.abs(heard - mastered).max() < 1.5 / 32768, "from the very beginning"


def test_the_opening_is_heard_before_the_first_line_though_the_rest_is_not_spoken(page: Page, site: SiteKit) -> None:
    query = {"utterance": page.episode(site.post)["utterances"][0]["id"], "play": "x"}
    place = f"/api/stream/{page.name(site.post)}"
    with page.events() as events:
        whole = samples(page.get(place, **query, opening="1"))
        heard = [event for event in events_until_end(events) if event["kind"] == "heard"]
    assert "jingle" in heard[0]
    assert heard[1]["utterance"] == 0
    without = samples(page.get(place, **query))
    assert len(whole) - len(without) == round(heard[1]["start"] * 44_100)


def events_until_end(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return itertools.takewhile(lambda event: event["kind"] != "end", events)


def test_a_changed_pause_is_heard_though_every_sound_is_what_it_was(page: Page, site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    place, first = page.name(site.post), page.episode(site.post)["utterances"][0]
    before = samples(page.get(f"/api/stream/{place}", utterance=first["id"], play="x"))
    assert page.get(f"/api/plots/{place}").json()["lane"]
    line = line_of(page, site.post, LINE)
    assert page.post(f"/api/manner/{place}", {"after": 3}, utterance=line["id"]).status_code == 200
    after = samples(page.get(f"/api/stream/{place}", utterance=first["id"], play="y"))
    assert len(after) - len(before) > 2 * 44_100
    assert page.get(f"/api/plots/{place}").json()["lane"] == [], "the script is not what the MP3 was made of"


def mastered_samples(whole: Any, sheet: Any) -> np.ndarray:
    from tts_render.sound.mastering import limit

    blocks = limit(
        whole.mixed(), rate=whole.timeline.rate, gain_db=whole.master.gain_db, ceiling_db=whole.master.ceiling_db
    )
    return np.concatenate(list(blocks))[:, 0]


def test_what_is_needed_next_is_spoken_first_and_the_stream_begins_before_the_rest_is(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    episode = page.episode(site.post)
    texts = [u["text"] for u in episode["utterances"]]
    heard = samples(page.get(f"/api/stream/{page.name(site.post)}", utterance=episode["utterances"][3]["id"], play="y"))
    assert len(heard) > 44_100
    assert [s.text for s in fake_engine.syntheses] == texts[3:]


def test_a_line_that_fails_ends_the_stream_and_says_so(page: Page, site: SiteKit, fake_engine: FakeEngine) -> None:
    episode = page.episode(site.post)
    fake_engine.fail("/synthesis", None, *[Fault("status", status=400)] * 20)
    with page.events() as events:
        page.get(f"/api/stream/{page.name(site.post)}", utterance=episode["utterances"][3]["id"], play="z")
        told = next(event for event in events if event["kind"] == "stopped")
    assert told["error"]["line"] == episode["utterances"][4]["line"]


MANNERS: list[tuple[dict[str, Any], str, str]] = [
    ({"speed": 1.2}, f'<prosody rate="120%">{LINE}</prosody>', "speed"),
    ({"pitch": -2}, f'<prosody pitch="-2st">{LINE}</prosody>', "pitch"),
    ({"volume": 0.5}, f'<prosody volume="50%">{LINE}</prosody>', "volume"),
    ({"before": 0.5}, f'<break time="0.5s"/>{LINE}', "pause before"),
    ({"after": 0}, f'{LINE}<break time="0s"/>', "pause after"),
    ({"voice": "ずんだもん", "style": "あまあま"}, f'<voice name="ずんだもん（あまあま）">{LINE}</voice>', "voice"),
    ({"voice": "お嬢様ずんだもん", "style": None}, f'<voice name="お嬢様ずんだもん">{LINE}</voice>', "voice"),
    ({"out": True}, f"<!-- {LINE} -->", "leaving out"),
]


@pytest.mark.parametrize(("asked", "written", "named"), MANNERS)
def test_how_a_line_is_said_is_one_line_of_the_script_and_undone_by_name(
    page: Page, site: SiteKit, fake_engine: FakeEngine, asked: dict[str, Any], written: str, named: str
) -> None:
    place, line, before = page.name(site.post), line_of(page, site.post, LINE), site.files()
    answer = page.post(f"/api/manner/{place}", asked, utterance=line["id"])
    assert answer.status_code == 200, answer.text
    assert (answer.json()["saved"], answer.json()["undo"]) == ("script", f"{named}, line 2: {LINE}")
    after = site.files()
    assert [name for name in after if after[name] != before.get(name)] == [f"audio/{site.script.name}"]
    assert site.script.read_text(encoding="utf-8") == SCRIPT.replace(LINE, written)
    if "out" in asked:
        assert LINE not in [said["text"] for said in page.episode(site.post)["utterances"]]
    else:
        facts = page.get(f"/api/manner/{place}", utterance=line_of(page, site.post, LINE)["id"]).json()
        assert {name: facts[name] for name in asked} == pytest.approx(asked)
        page.get(f"/api/sound/{place}", utterance=line["id"])
        assert LINE in fake_engine.texts, "it is heard at once"
    page.post("/api/undo")
    assert site.files() == before


def test_what_can_be_chosen_for_a_line_is_told(page: Page, site: SiteKit) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    facts = page.get(f"/api/manner/{place}", utterance=line["id"]).json()
    assert (facts["speed"], facts["before"], facts["voice"], facts["style"]) == (1.0, None, "春日部つむぎ", None)
    assert set(facts["why"].values()) == {None}
    assert {"name": "ずんだもん", "own": "ノーマル", "styles": ["あまあま"]} in facts["voices"]


def test_of_a_deck_all_that_needs_markup_is_told_to_be_impossible_and_its_text_is_changed(
    page: Page, site: SiteKit
) -> None:
    site.script.unlink()
    deck = site.script.with_suffix(".json")
    deck.write_text(json.dumps([{"notes": f"前です。\n{LINE}"}], ensure_ascii=False, indent=1), encoding="utf-8")
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    facts = page.get(f"/api/manner/{place}", utterance=line["id"]).json()
    reason = "A slide deck has no markup, so only accents and intonation can be changed."
    assert facts["why"] == {**dict.fromkeys(facts["why"], reason), "intonation": None, "styles": None}
    answer = page.post(f"/api/manner/{place}", {"speed": 1.2}, utterance=line["id"])
    assert (answer.status_code, "no markup" in answer.json()["error"]["message"]) == (422, True)
    answer = page.post(f"/api/manner/{place}", {"intonation": 1.2}, utterance=line["id"])
    assert (answer.status_code, answer.json()["saved"]) == (200, "take")
    source = page.get(f"/api/source/{place}", utterance=line["id"]).json()
    body = {"line": source["line"], "before": source["source"], "after": "「錠」です。"}
    assert page.post(f"/api/line/{place}", body, utterance=line["id"]).status_code == 200
    assert json.loads(deck.read_text(encoding="utf-8")) == [{"notes": "前です。\n「錠」です。"}]


@pytest.mark.parametrize(
    ("kind", "asked"), [("manner", {"speed": 1.2}), ("manner", {"intonation": 1.2}), ("manner", {"before": 1})]
)
def test_a_change_is_laid_onto_a_script_that_has_changed_meanwhile(
    page: Page, site: SiteKit, kind: str, asked: dict[str, Any]
) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    site.script.write_text("新しい行です。\n" + SCRIPT, encoding="utf-8")
    answer = page.post(f"/api/{kind}/{place}", asked, utterance=line["id"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["undo"].endswith(f"line 3: {LINE}")
    site.script.write_text(SCRIPT.replace(LINE, "別の行です。"), encoding="utf-8")
    before = site.files()
    answer = page.post(f"/api/{kind}/{place}", asked, utterance=line["id"])
    assert answer.status_code == 409
    message = answer.json()["error"]["message"]
    assert (LINE in message, "別の行です。" in message) == (True, True), "both versions are told"
    assert site.files() == before


def test_moved_accents_are_markup_and_a_take_that_is_not_needed_any_more_goes_in_the_same_step(
    page: Page, site: SiteKit
) -> None:
    place, line = page.name(site.post), line_of(page, site.post, LINE)
    accents = page.get(f"/api/phrases/{place}", utterance=line["id"]).json()["accent_phrases"]
    accents[0]["accent"] = 1 + accents[0]["accent"] % len(accents[0]["moras"])
    assert page.post(f"/api/take/{place}", {"accent_phrases": accents}, utterance=line["id"]).json()["saved"] == "take"
    for phrase in accents:
        for mora in [*phrase["moras"], *([phrase["pause_mora"]] if phrase["pause_mora"] else [])]:
            mora.update(consonant_length=None, vowel_length=None, pitch=None)
    answer = page.post(f"/api/take/{place}", {"accent_phrases": accents}, utterance=line["id"]).json()
    assert (answer["saved"], answer["undo"]) == ("script", f"accents, line 2: {LINE}")
    assert not open_episode(site.post).takes_file.exists()
    assert "<phoneme" in site.script.read_text(encoding="utf-8")
    told = page.get(f"/api/phrases/{place}", utterance=line["id"]).json()
    assert (told["accent_phrases"][0]["accent"], told["given"], told["marked"]) == (accents[0]["accent"], [], True)
    page.post("/api/undo")
    assert (len(open_episode(site.post).takes), "<phoneme" in site.script.read_text(encoding="utf-8")) == (1, False)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-99", slice(0, 100)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-50", slice(-50, None)),
        ("bytes=10-999999999", slice(10, None)),
    ],
)
def test_a_part_of_a_sound_is_what_was_asked_for(page: Page, site: SiteKit, asked: str, part: slice) -> None:
    line = page.episode(site.post)["utterances"][0]["id"]
    place = f"/api/sound/{page.name(site.post)}"
    sound = page.get(place, utterance=line)
    assert sound.headers["Accept-Ranges"] == "bytes"
    page.session.headers["Range"] = asked
    answer = page.get(place, utterance=line)
    assert answer.status_code == 206
    assert answer.content == sound.content[part]
    first, end, _ = part.indices(len(sound.content))
    assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(sound.content)}"


@pytest.mark.parametrize(("asked", "status"), [("bytes=99999999-", 416), ("bytes=-", 200), ("lines=1-2", 200)])
def test_a_part_that_is_not_there_is_said_so_and_other_units_get_all(
    page: Page, site: SiteKit, asked: str, status: int
) -> None:
    line = page.episode(site.post)["utterances"][0]["id"]
    page.session.headers["Range"] = asked
    assert page.get(f"/api/sound/{page.name(site.post)}", utterance=line).status_code == status
