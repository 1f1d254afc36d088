"""Each page is answered in its own language, whatever another one speaks; files and kinds of errors are the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

import tts_render.studio
from tests.kit.fake_engine import Fault
from tests.kit.studio_kit import Page, open_studio
from tts_render.studio.language import language_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.site_kit import SiteKit

LINE = "今日は鍵の話をします！"
JAPANESE = "ja,en-US;q=0.9,en;q=0.8"


@pytest.fixture
def pages(site: SiteKit) -> Iterator[tuple[Page, Page]]:
    """One in English and one in Japanese, of one studio."""
    with open_studio(site) as english, requests.Session() as session:
        session.trust_env = False
        session.cookies.update(english.session.cookies)
        session.headers["Accept-Language"] = JAPANESE
        yield english, Page(english.address, english.desk, session)


def said(answer: requests.Response) -> tuple[str, str | None]:
    error: dict[str, Any] = answer.json()["error"]
    return error["message"], error["remedy"]


def test_an_error_is_told_in_the_language_of_each_page(pages: tuple[Page, Page], site: SiteKit) -> None:
    english, japanese = pages
    asked = {"line": 1, "before": "おはよう？", "after": "おはよう！"}
    answers = [page.post(f"/api/line/{page.name(site.post)}", asked) for page in pages]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert {answer.json()["error"]["kind"] for answer in answers} == {"StaleError"}
    told = [said(answer) for answer in answers]
    assert told[0][1] == "Your text is kept; look at both, and save again."
    assert told[1][1] == "入力した内容は残っています。両方を確認して、もう一度保存してください。"
    assert told[0][0].startswith("reads now: ")
    assert told[1][0].startswith("現在の内容：")
    for page, message in ((english, "is not there"), (japanese, "見つかりません")):
        assert said(page.get("/api/episodes/nowhere.md"))[0] == message


def test_what_happens_is_told_in_the_language_of_each_page(
    pages: tuple[Page, Page], site: SiteKit, fake_engine: FakeEngine
) -> None:
    english, japanese = pages
    name = english.name(site.post)
    line = next(one for one in english.episode(site.post)["utterances"] if one["text"] == LINE)
    fake_engine.fail("/synthesis", Fault("status", status=400))
    with english.events() as one, japanese.events() as other:
        failed = japanese.get(f"/api/sound/{name}", utterance=line["id"])
        told = [
            next(event["utterance"]["error"] for event in events if event.get("utterance", {}).get("state") == "failed")
            for events in (one, other)
        ]
    assert failed.json()["error"] == told[1]
    assert "answered 400" in told[0]["message"]
    assert "answered" not in told[1]["message"]
    assert told[1]["message"].startswith(f"「{LINE}」: ")
    assert told[0]["kind"] == told[1]["kind"]


def test_what_can_be_undone_is_named_in_the_language_of_each_page_also_by_a_studio_started_later(
    pages: tuple[Page, Page], site: SiteKit
) -> None:
    english, japanese = pages
    name, line = english.name(site.post), english.episode(site.post)["utterances"][1]
    asked = {"line": line["line"], "before": LINE, "after": "今日は傘の話をします！"}
    script = site.script.read_text(encoding="utf-8").splitlines()
    asked["line"], asked["before"] = next((at, row) for at, row in enumerate(script, 1) if LINE in row)
    asked["after"] = asked["before"].replace("鍵", "傘")
    done = japanese.post(f"/api/line/{name}", asked)
    assert done.status_code == 200, done.text
    names = (
        f"change of text, line {asked['line']}: {asked['before']}",
        f"{asked['line']} 行目のテキストの変更「{asked['before']}」",
    )
    assert done.json()["undo"] == names[1]
    assert english.get(f"/api/episodes/{name}").json()["undo"] == names[0]
    with open_studio(site) as again:
        again.session.headers["Accept-Language"] = "ja"
        assert again.post("/api/undo").json()["name"] == names[1]
        again.session.headers["Accept-Language"] = "en"
        assert again.get(f"/api/episodes/{name}").json()["redo"] == names[0]


def test_the_page_says_in_which_language_it_is_and_a_refusal_too(pages: tuple[Page, Page]) -> None:
    english, japanese = pages
    assert '<html lang="en">' in english.get("/").text
    assert '<html lang="ja">' in japanese.get("/").text
    refused = requests.get(japanese.address, headers={"Accept-Language": "ja"}, timeout=60)
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")
    assert refused.content.decode() == "受け付けられません: tts-render studio が表示したアドレスを開いてください。\n"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("ja", "ja"),
        ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
        ("en-GB, ja;q=0.9", "en"),
        ("fr-CH, ja;q=0.9, en;q=0.8, *;q=0.5", "ja"),
        ("en;q=0.2,JA ; q = 0.3", "ja"),
        ("de", "en"),
        ("ja;q=0", "en"),
        ("", "en"),
        ("ja;q=x,,;;,java", "en"),
    ],
)
def test_the_language_is_the_one_of_ours_that_the_browser_likes_best(accepted: str, language: str) -> None:
    assert language_for(accepted, None) == language
    assert language_for(accepted, "ja") == "ja", "the command was told one"


def test_there_is_one_way_to_answer_with_facts() -> None:
    folder = Path(tts_render.studio.__file__).parent
    assert [path.name for path in folder.glob("*.py") if "JSONResponse(" in path.read_text("utf-8")] == ["asking.py"]
