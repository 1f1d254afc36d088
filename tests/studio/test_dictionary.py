"""A word for the dictionary: what it would change is shown and heard before anything is written, and then it is one line."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.site_kit import POST, VOICES, SiteKit
from tests.kit.studio_kit import Page, open_studio
from tests.kit.studio_page import tree
from tts_render.settings.config import packaged_config_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

WORD: dict[str, Any] = {"surface": "鍵", "reading": "キー", "accent": 1, "class": "common_noun"}
LEXICON = VOICES + "lexicon:   # 読み\n  LLM: エルエルエム\n"


@pytest.fixture
def site(site: SiteKit) -> SiteKit:
    (site.root / "voices.yaml").write_text(LEXICON, encoding="utf-8")
    for day, text in ((20, "鍵をかけました。鍵です。よし。\n"), (19, "何もありません。\n"), (22, "新しい鍵の話。\n")):
        post = site.root / "_posts" / f"2026-11-{day}-1.md"
        post.write_text(POST.replace("2026-11-21", f"2026-11-{day}").replace("_20261121", f"_{day}"), encoding="utf-8")
        site.script.with_name(f"朝の技術だより☆A.I._{day}.txt").write_text(text, encoding="utf-8")
    return site


def asked(page: Page, site: SiteKit, what: str = "word", **word: Any) -> Any:
    answer = page.post(f"/api/{what}/{page.name(site.post)}", {**WORD, **word})
    return answer.json() | {"status": answer.status_code}


def test_what_would_change_is_told_of_this_episode_and_of_others_and_nothing_is_written(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    before = tree(site.root)
    told = asked(page, site, "word-trial")
    assert [(one["text"], one["before"], one["after"]) for one in told["here"]["lines"]] == [
        ("今日は鍵の話をします！", "今日は鍵の話をします！", "今日はキーの話をします！"),
        (
            "鍵を二つに分けると、片方は配ってよくなります。",
            "鍵を二つに分けると、片方は配ってよくなります。",
            "キーを二つに分けると、片方は配ってよくなります。",
        ),
    ]
    assert [(one["path"], one["count"]) for one in told["others"]] == [
        ("_posts/2026-11-22-1.md", 1),
        ("_posts/2026-11-20-1.md", 2),
    ], "the newest first"
    assert (told["looked"], told["holding"], told["opened"], told["total"], told["changes"]) == (3, 2, 2, 3, True)
    assert fake_engine.syntheses == [], "nothing is spoken before somebody listens"
    assert tree(site.root) == before


def test_lines_are_heard_before_and_after_though_nothing_is_written(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    before = tree(site.root)
    told = asked(page, site, "word-trial")
    with page.events() as events:
        for place in (told["here"], told["others"][1]):
            sounds = [
                page.get(
                    f"/api/word-sound/{place['path']}",
                    trial=told["trial"],
                    utterance=place["lines"][0]["id"],
                    side=side,
                )
                for side in ("before", "after")
            ]
            assert [sound.status_code for sound in sounds] == [200, 200]
            assert sounds[0].content != sounds[1].content
        said = [synthesis.text for synthesis in fake_engine.syntheses]
        assert said == [
            "今日は鍵の話をします！",
            "今日はキーの話をします！",
            "鍵をかけました。",
            "キーをかけました。",
        ]
        page.desk.say({"kind": "probe"})
        assert next(events)["kind"] == "probe", "no page is told of lines that it does not show"
    assert tree(site.root) == before


def test_it_is_saved_as_one_line_heard_at_once_shown_in_every_open_episode_and_undone(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    other = site.root / "_posts" / "2026-11-20-1.md"
    page.episode(site.post)
    page.episode(other)
    before = tree(site.root)
    spoken = threading.Event()
    with page.events() as events:
        told = asked(page, site)
        assert told["status"] == 200, told
        assert told["undo"] == "鍵 = キー"
        assert {u["reading"] for u in told["utterances"] if "鍵" in u["text"]} == {
            "今日はキーの話をします！",
            "キーを二つに分けると、片方は配ってよくなります。",
        }
        names: set[str] = set()
        count = 0
        for event in events:
            if event["kind"] == "episode":
                names.add(event["path"])
            count += event["kind"] == "utterance" and event["utterance"]["state"] == "spoken"
            if count == 2 and len(names) == 2:
                spoken.set()
                break
        assert names == {page.name(site.post), page.name(other)}
    assert spoken.is_set()
    wanted = LEXICON + "  鍵: {reading: キー, accent: 1, class: common_noun}\n"
    assert tree(site.root) == {**before, "voices.yaml": wanted.encode()}
    known = page.get(f"/api/word/{page.name(site.post)}", utterance=told["utterances"][0]["id"], surface="鍵").json()
    assert known["entry"] == {"reading": "キー", "accent": 1, "class": "common_noun"}
    assert known["place"] == {"file": "voices.yaml", "line": wanted.count("\n")}
    assert page.post("/api/undo").json()["name"] == "鍵 = キー"
    assert tree(site.root) == before
    assert all("キー" not in u["reading"] for u in page.episode(other)["utterances"])


def test_an_entry_that_is_there_is_changed_and_can_be_taken_out(page: Page, site: SiteKit) -> None:
    path = site.root / "voices.yaml"
    assert (
        asked(page, site, surface="LLM", reading="エルエル", accent=None, **{"class": "proper_noun"})["status"] == 200
    )
    assert path.read_text(encoding="utf-8") == LEXICON.replace("エルエルエム", "エルエル")
    told = asked(page, site, "word-trial", surface="LLM", remove=True)
    assert (told["status"], told["changes"], told["here"]["count"]) == (200, True, 0)
    assert asked(page, site, surface="LLM", remove=True)["status"] == 200
    assert path.read_text(encoding="utf-8") == VOICES + "lexicon:   # 読み\n"


def test_words_kept_in_a_file_go_there_and_its_undo_is_seen(page: Page, site: SiteKit) -> None:
    (site.root / "voices.yaml").write_text(VOICES + "lexicon: {file: words.csv}\n", encoding="utf-8")
    words = site.root / "words.csv"
    words.write_bytes("surface,reading\r\nLLM,エルエルエム\r\n".encode())
    assert asked(page, site)["status"] == 200
    assert (
        words.read_bytes() == "surface,reading,accent,class\r\nLLM,エルエルエム\r\n鍵,キー,1,common_noun\r\n".encode()
    )
    page.post("/api/undo")
    assert words.read_bytes() == "surface,reading\r\nLLM,エルエルエム\r\n".encode()
    assert all("キー" not in u["reading"] for u in page.episode(site.post)["utterances"])


def test_a_site_that_uses_the_packaged_settings_gets_its_own(page: Page, site: SiteKit) -> None:
    path = site.root / "voices.yaml"
    path.unlink()
    packaged = packaged_config_path().read_bytes()
    assert asked(page, site)["status"] == 200
    assert packaged_config_path().read_bytes() == packaged
    entry = "  LLM: エルエルエム\n".encode()
    assert path.read_bytes() == packaged.replace(
        entry, entry + "  鍵: {reading: キー, accent: 1, class: common_noun}\n".encode()
    )
    page.post("/api/undo")
    assert not path.exists()


def test_settings_outside_of_the_site_are_not_touched(tmp_path: Path, site: SiteKit, fake_engine: FakeEngine) -> None:
    (site.root / "voices.yaml").write_text(VOICES + "lexicon: {file: words.csv}\n", encoding="utf-8")
    outside = tmp_path / "words.csv"
    outside.write_text("surface,reading\nLLM,エルエルエム\n", encoding="utf-8")
    (site.root / "words.csv").symlink_to(outside)
    with open_studio(site) as page:
        answer = page.post(f"/api/word/{page.name(site.post)}", WORD)
    assert answer.status_code == 422
    assert outside.read_text(encoding="utf-8") == "surface,reading\nLLM,エルエルエム\n"


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"surface": " "}, "surface", "needs a surface"),
        ({"reading": ""}, "reading", "needs a reading"),
        ({"reading": "漢字"}, "reading", "must be all kana"),
        ({"accent": 3}, "accent", "has 2 moras"),
        ({"surface": "鍵" * 101}, "surface", "at most 100"),
        ({"reading": "キ\nー"}, "reading", "printable"),
    ],
)
@pytest.mark.parametrize("what", ["word", "word-trial"])
def test_what_the_lexicon_cannot_have_is_told_at_the_field(
    page: Page, site: SiteKit, what: str, wrong: dict[str, Any], field: str, why: str
) -> None:
    before = tree(site.root)
    told = asked(page, site, what, **wrong)
    assert told["status"] == 422
    assert told["error"]["field"] == field
    assert why in told["error"]["message"]
    assert tree(site.root) == before


def test_a_word_is_looked_up_as_the_engine_says_it_now(page: Page, site: SiteKit) -> None:
    line = page.episode(site.post)["utterances"][1]["id"]
    told = page.get(f"/api/word/{page.name(site.post)}", utterance=line, surface="LLM").json()
    assert told["entry"] == {"reading": "エルエルエム", "accent": None, "class": "proper_noun"}
    assert told["reading"] == "エルエルエム"
    assert told["carries"] is True
    assert told["place"]["file"] == "voices.yaml"


def test_without_an_engine_the_changes_are_shown_all_the_same(
    page: Page, site: SiteKit, fake_engine: FakeEngine
) -> None:
    fake_engine.stop()
    told = asked(page, site, "word-trial")
    assert told["here"]["count"] == 2
    answer = page.get(
        f"/api/word-sound/{told['here']['path']}",
        trial=told["trial"],
        utterance=told["here"]["lines"][0]["id"],
        side="after",
    )
    assert answer.status_code == 503


def test_a_trial_that_is_forgotten_is_said_to_be(page: Page, site: SiteKit) -> None:
    answer = page.get(f"/api/word-sound/{page.name(site.post)}", trial="99", utterance="x", side="after")
    assert answer.status_code == 409
