"""The studio's page, used in a browser on a copy of the example site: what one sees, hears and mends."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.kit.fake_engine import Fault
from tests.kit.studio_kit import journal_held
from tests.kit.studio_page import Studio, tree
from tts_render.ground.files import temporary_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

SCRIPT = "_scripts/houkago-server-3.txt"
TAKES = "_scripts/houkago-server-3.takes.json"


@pytest.mark.chromium
@pytest.mark.slow
def test_episodes_are_found_by_typing_and_their_address_stays(studio: Studio) -> None:
    told = studio.use("list")
    assert told["problems"] == []
    assert told["key"] is False, "the secret is not in the address that is shown"
    assert len(told["all"]) == told["back"] == 3
    assert all("no audio" in line for line in told["all"])
    (title,) = told["found"]
    assert title in told["title"]
    assert told["hash"] == "#_posts/2025-10-10-3.md"
    assert told["said"] == told["reloaded"]
    assert told["said"][:2] == ["皆さま、ごきげんよう。", "お嬢様ずんだもんですわ。"]


@pytest.mark.chromium
@pytest.mark.slow
def test_a_line_plays_alone_and_a_stream_marks_what_sounds(studio: Studio) -> None:
    before = tree(studio.root)
    told = studio.use("play")
    assert told["problems"] == []
    assert told["alone"] == 200
    assert told["current"] == ["紅茶の用意はよろしくて？"]
    assert told["state"] == "ready"
    assert told["stream"] == ["お嬢様ずんだもんですわ。"]
    assert len(told["mora"]) in (1, 2)
    assert told["next"] == told["paused"] == ["紅茶の用意はよろしくて？"]
    assert told["skipped"] == ["「放課後サーバー室」のお時間ですわよ。"]
    assert told["stopped"] == []
    assert tree(studio.root) == before, "who listens changes nothing"


@pytest.mark.chromium
@pytest.mark.slow
def test_a_changed_text_changes_one_line_of_the_script_and_nothing_else(studio: Studio) -> None:
    before = tree(studio.root)
    saved: list[dict[str, bytes]] = []
    told = studio.use(
        "text", {"saved": lambda: saved.append(tree(studio.root)), "undone": lambda: saved.append(tree(studio.root))}
    )
    assert told["problems"] == []
    assert told["source"] == "皆さま、ごきげんよう。お嬢様ずんだもんですわ。"
    changed = before[SCRIPT].replace("ずんだもんですわ。".encode(), "ずんだもんでしてよ。".encode(), 1)
    assert saved[0] == {**before, SCRIPT: changed}
    assert saved[1] == before, "undone to the byte"
    assert tree(studio.root) == saved[0], "and done again"
    assert told["gone"] == ["お嬢様ずんだもんですわ。"]
    assert told["changed"] == ["お嬢様ずんだもんでしてよ。"]
    assert told["undone"] == told["before"]
    assert told["open"] == "皆さま、ごきげんよう。お嬢様ずんだもんでしてよ。"
    assert told["undo"].startswith("Undo: change of text, line 1: 皆さま、")
    assert "utterance=" in told["spoken"]


@pytest.mark.chromium
@pytest.mark.slow
def test_what_is_typed_outlasts_the_changes_of_others(studio: Studio) -> None:
    script = studio.root / SCRIPT
    first = "皆さま、ごきげんよう。お嬢様ずんだもんですわ。"

    def edit() -> None:
        content = script.read_text(encoding="utf-8")
        assert content.startswith(first)
        script.write_text(content.replace(first, "編集者の文。", 1), encoding="utf-8")

    at_conflict: list[str] = []
    told = studio.use(
        "meanwhile", {"edit": edit, "conflict": lambda: at_conflict.append(script.read_text(encoding="utf-8"))}
    )
    assert told["kept"] == told["mine"] == "わたしの文。"
    assert "よそで変わった行。" in told["said"]
    assert told["again"] == told["anew"] == "まだ保存していない文。"
    assert told["given"] == told["saved"]
    assert told["theirs"] == "編集者の文。"
    assert at_conflict[0].startswith("編集者の文。\n"), "nothing is overwritten before somebody has chosen"
    assert script.read_text(encoding="utf-8").startswith("わたしの文。\n")
    assert all("409" in problem for problem in told["problems"])


@pytest.mark.chromium
@pytest.mark.slow
def test_undo_tells_what_it_has_undone_and_which_step_it_had_to_pass_over_and_why(studio: Studio) -> None:
    script = studio.root / "audio" / "asaichi-commit-2.txt"

    def edit() -> None:
        content = script.read_text(encoding="utf-8")
        script.write_text(content.replace("あとで変えた行。", "よその行。", 1), encoding="utf-8")

    told = studio.use("passed", {"edit": edit})
    undone, why, step, reason, remedy = told["passed"]
    assert undone.startswith("Undone: change of text, line 1: 皆さま、")
    assert why == "Not undone, since somebody else has changed the same text:"
    assert step.startswith("change of text, line 1: おはようなのだ")
    assert reason == "asaichi-commit-2.txt line 1: 「あとで変えた行。」 is not there any more; reads now: よその行。"
    assert remedy == "Look at the new text, and change that."
    assert told["steps"] == 1
    assert told["left"] == f"Undo: {step}"
    assert told["refused"] == [why.replace("Not undone", "Nothing was undone"), step, reason, remedy]
    assert told["notices"] == 1, "the newest takes the place of the one before"
    assert all("409" in problem for problem in told["problems"])
    assert "皆さま、ごきげんよう。" in studio.read(SCRIPT).decode()


@pytest.mark.chromium
@pytest.mark.slow
def test_accents_are_moved_parted_joined_spelled_raised_and_given_back(studio: Studio, fake_engine: FakeEngine) -> None:
    before = tree(studio.root)
    files: dict[str, dict[str, bytes]] = {}
    spoken: dict[str, dict[str, Any]] = {}

    def keep(name: str) -> Callable[[], None]:
        def kept() -> None:
            files[name] = tree(studio.root)
            spoken[name] = fake_engine.syntheses[-1].query

        return kept

    told = studio.use("accent", {name: keep(name) for name in ("moved", "split", "raised", "spelled")})
    assert told["problems"] == []
    assert told["is"] == told["was"] - 1
    assert told["said"].startswith("falls after ")
    assert told["spoken"] == 200
    assert "accent" in told["focused"].split(), "the cursor stays where it was"
    assert told["compared"] == "before"
    assert spoken["moved"]["accent_phrases"][0]["accent"] == told["is"]
    count = len(told["phrases"])
    assert (len(told["split"]), len(told["joined"])) == (count + 1, count)
    assert len(spoken["split"]["accent_phrases"]) == count + 1
    for name in ("moved", "split", "spelled"):
        (line,) = changed_lines(before[SCRIPT], files[name][SCRIPT])
        assert '<phoneme alphabet="x-voicevox-kana" ph="' in line, "what text can say is in the script"
    assert files["moved"].keys() == before.keys()
    (take,) = json.loads(files["raised"][TAKES])["takes"]
    raised = [mora for phrase in phrases(take) for mora in phrase["moras"] if mora["pitch"] is not None]
    assert [mora["pitch"] for mora in raised] == [pytest.approx(told["pitch"], abs=0.011)]
    spelled = spoken["spelled"]["accent_phrases"][0]
    assert ("".join(mora["text"] for mora in spelled["moras"]), spelled["accent"]) == ("ザリガニ", 1)
    assert told["reset"] == told["phrases"]
    assert tree(studio.root) == before, "without a take there is no file of takes, and the text is as it was"


@pytest.mark.chromium
@pytest.mark.slow
def test_a_changed_accent_sounds_while_it_is_saved_and_is_spoken_once(
    studio: Studio, fake_engine: FakeEngine, tmp_path: Path
) -> None:
    before = tree(studio.root)
    spoken: dict[str, list[int]] = {}
    files: dict[str, dict[str, bytes]] = {}
    obstacle = temporary_name(studio.root / SCRIPT)

    def note(name: str) -> None:
        spoken[name] = [synthesis.query["accent_phrases"][0]["accent"] for synthesis in fake_engine.syntheses]
        files[name] = tree(studio.root)

    with ExitStack() as journal, ExitStack() as engine:

        def heard() -> None:
            note("heard")
            journal.close()

        def clear() -> None:
            obstacle.rmdir()

        told = studio.use(
            "tried",
            {
                "hold": lambda: journal.enter_context(journal_held(tmp_path / "cache", studio.root)),
                "heard": heard,
                "saved": lambda: note("saved"),
                "obstruct": obstacle.mkdir,
                "clear": clear,
                "refused": lambda: note("refused"),
                "busy": lambda: engine.enter_context(fake_engine.held()),
                "free": engine.close,
                "several": lambda: note("several"),
                "undone": lambda: note("undone"),
            },
        )
    is_ = told["is"]
    assert (told["saving"], told["moras"], told["current"]) == ("Saving…", True, "true")
    assert (spoken["heard"][1:], files["heard"]) == ([is_], before), "it sounds, and nothing is saved yet"
    assert spoken["saved"] == spoken["heard"], "what is saved has been spoken already"
    (line,) = changed_lines(before[SCRIPT], files["saved"][SCRIPT])
    assert '<phoneme alphabet="x-voicevox-kana" ph="' in line
    assert "cannot be written" in told["refused"]
    assert told["silent"] is None, "what could not be saved does not go on sounding"
    assert files["refused"] == files["saved"]
    assert len(spoken["refused"]) <= len(spoken["saved"]) + 1, "the line as it is has not been spoken again"
    assert (len(told["tried"]), told["last"]) == (3, told["tried"][-1])
    assert told["last"] == is_ - 1
    assert spoken["undone"] == spoken["several"], "nothing is spoken to undo"
    assert files["undone"] == before
    assert all("503" in problem for problem in told["problems"])


def changed_lines(before: bytes, after: bytes) -> list[str]:
    """The lines of a script that are not as they were."""
    old, new = before.splitlines(), after.splitlines()
    assert len(old) == len(new)
    return [line.decode() for was, line in zip(old, new, strict=True) if was != line]


@pytest.mark.chromium
@pytest.mark.slow
def test_speed_voice_and_pauses_of_a_line_are_written_into_the_script_one_by_one(studio: Studio) -> None:
    before = tree(studio.root)
    line = before[SCRIPT].decode().splitlines()[0]
    seen: list[tuple[str, list[str], set[str]]] = []

    def keep(name: str) -> Callable[[], None]:
        def kept() -> None:
            now = tree(studio.root)
            seen.append((name, changed_lines(before[SCRIPT], now[SCRIPT]), now.keys() - before.keys()))

        return kept

    steps = ("speed", "pitch", "intonation", "pitchBack", "voice", "before", "after", "afterBack", "out", "back")
    told = studio.use("manner", {name: keep(name) for name in steps})
    assert told["problems"] == []
    said = "お嬢様ずんだもんですわ。"
    wanted = {
        "speed": '<prosody rate="105%">{}</prosody>',
        "pitchBack": '<prosody rate="105%">{}</prosody>',
        "voice": '<voice name="{voice}"><prosody rate="105%">{}</prosody></voice>',
    }
    for name, lines, made in seen:
        assert made == (set() if name in ("speed", "pitch", "out") else {TAKES}), name
        assert len(lines) == 1, name
        if name in ("speed", "pitchBack"):
            assert lines == [line.replace(said, wanted[name].format(said))]
    texts = {name: lines[0] for name, lines, _ in seen}
    assert '<prosody rate="105%" pitch="+' in texts["pitch"]
    assert '<voice name="' in texts["voice"]
    assert '<break time="0.5s"/>' in texts["before"]
    assert '<break time="1.25s"/>' in texts["after"]
    assert texts["afterBack"] == texts["before"] == texts["back"]
    assert "<!-- " in texts["out"]
    assert told["saved"][:3] == ["Saved in the script", "Saved in the script", "Saved as a take"]
    assert (told["focused"], told["compared"], told["after"]) == ("speed", "before", "")
    assert told["undo"].startswith("Undo: leaving out, line 1: ")
    assert told["next"] == told["out"], "the keys go on with the next line"


def phrases(take: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = take["accent_phrases"]
    return found


@pytest.mark.chromium
@pytest.mark.slow
def test_an_episode_is_mended_with_the_keyboard_alone(studio: Studio) -> None:
    told = studio.use("keyboard")
    assert told.pop("problems") == []
    assert told.pop("hosts")
    assert told.pop("found") == 1
    assert told.pop("added") == ["よくてよ。"]
    assert told == dict.fromkeys(("first", "moved", "help", "back", "stopped", "closed", "slower"), True)
    assert not (studio.root / TAKES).exists()


@pytest.mark.chromium
@pytest.mark.slow
def test_what_is_wrong_is_said_where_it_is_and_can_be_tried_again(studio: Studio, fake_engine: FakeEngine) -> None:
    def refuse() -> None:
        fake_engine.lacks.add("/synthesis")

    told = studio.use(
        "engine", {"gone": fake_engine.stop, "back": fake_engine.start, "refuses": refuse, "stop": studio.stop}
    )
    assert fake_engine.url in told["help"]
    assert "docker run" in told["help"]
    assert told["engineless"] > 10, "the script is read without an engine"
    assert "/synthesis answered 404" in told["failed"]
    assert told["others"] == 1
    assert told["silent"] == []
    assert "does not answer" in told["gone"]


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.parametrize(("locale", "heading"), [("ja-JP", "エピソード"), ("en-US", "Episodes")])
def test_nothing_is_fetched_from_elsewhere_and_the_page_fits_a_telephone(
    studio: Studio, locale: str, heading: str
) -> None:
    told = studio.use("look", locale=locale)
    assert told.pop("problems") == []
    assert (told.pop("language"), told.pop("heading")) == (locale[:2], heading)
    assert set(told.pop("hosts")) <= {urlsplit(unquote(studio.address)).netloc, "blob"}
    assert {name: value for name, value in told.items() if value} == {}


@pytest.mark.chromium
@pytest.mark.slow
def test_axe_finds_no_barrier_in_any_view(studio: Studio) -> None:
    told = studio.use("barriers")
    assert told["found"] == []
    views = "list episode replace word text accent kana manner publish keys trouble"
    assert told["views"] == views.split()


@pytest.mark.chromium
@pytest.mark.slow
def test_each_page_says_everything_in_its_own_language_at_the_same_time(
    studio: Studio, fake_engine: FakeEngine
) -> None:
    def refuse() -> None:
        fake_engine.fail("/synthesis", Fault("status", status=400))

    told = studio.use("languages", {"refuses": refuse}, locale="ja-JP")
    assert told["titles"] == ["‹ エピソード一覧", "‹ All episodes"]
    japanese, english = told["failed"]
    assert "/synthesis answered 400" in english
    assert "/synthesis が 400 を返しました" in japanese
    assert [name.split("：")[0] for name in told["undo"]] == ["元に戻す", told["undo"][1]]
    assert told["undo"][1].startswith("Undo: speed, line 1: ")
    assert {view: said for view, said in told["said"].items() if said} == {}


def test_the_page_uses_nothing_that_browsers_have_on_their_own_machine_only() -> None:
    """With --host it is at an address that is no secure context."""
    secure = re.compile(r"randomUUID|crypto\.subtle|navigator\.(clipboard|serviceWorker|wakeLock|locks)|\bcaches\b")
    for file in (files("tts_render.studio") / "page").iterdir():
        if file.name.endswith(".js"):
            assert not secure.search(file.read_text(encoding="utf-8")), file.name


def test_texts_are_legible_on_what_they_stand_on_in_the_light_and_in_the_dark() -> None:
    sheet = (files("tts_render.studio") / "page" / "studio.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)[:2]
    pairs = (("text", "page"), ("text", "card"), ("text", "now"), ("dim", "page"), ("dim", "card"), ("dim", "now"),
        ("link", "page"), ("link", "card"), ("on-link", "link"), ("new", "new-back"), ("warn", "warn-back"),
        ("fail", "fail-back"), ("fail", "card"), ("fail", "now"), ("curve", "page"))  # fmt: skip
    for tokens in (light, light + dark):
        colours = dict(re.findall(r"--([\w-]+): (#\w+)", tokens))
        assert {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs
            if contrast(colours[pair[0]], colours[pair[1]]) < 4.5} == {}  # fmt: skip
        assert contrast(colours["edge"], colours["card"]) >= 3
        assert contrast(colours["edge"], colours["page"]) >= 3


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
