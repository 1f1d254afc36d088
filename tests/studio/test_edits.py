"""A change on the page is one line of the script or one take, and not one byte more."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_voice import from_notation
from tests.kit.site_kit import POST, SiteKit
from tts_render.engine.base import StyleId
from tts_render.engine.moras import read_phrases, to_kana
from tts_render.episode.episode import open_episode
from tts_render.episode.takes import Take, read_takes
from tts_render.ground.errors import ScriptError, TtsRenderError
from tts_render.run.journal import Journal, StaleError
from tts_render.run.rereading import Rewording, Silence
from tts_render.run.retuning import opened
from tts_render.run.session import Session
from tts_render.script import Manner
from tts_render.studio.edits import change_line, change_text, change_wording, find_again, say_line, source_line
from tts_render.studio.sheet import open_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.engine.moras import AccentPhrase
    from tts_render.studio.edits import Edit
    from tts_render.studio.sheet import Sheet

LINES = ["一行目。", "<ruby>二<rt>に</rt></ruby>行目。", "", "四行目。"]


@contextmanager
def opened_sheet(site: SiteKit, script: bytes | str | None = None) -> Iterator[tuple[Sheet, Session]]:
    if script is not None:
        site.script.write_bytes(script.encode() if isinstance(script, str) else script)
    with Session(site.cache, engines=site.engines) as session:
        yield open_sheet(open_episode(site.post), session), session


def index_of(sheet: Sheet, text: str, number: int = 1) -> int:
    return [at for at, said in enumerate(sheet.utterances) if said.text == text][number - 1]


def apply(edit: Edit) -> None:
    for change in edit.changes:
        assert (change.path.read_bytes() if change.path.exists() else None) == change.before
        if change.after is None:
            change.path.unlink(missing_ok=True)
        else:
            change.path.write_bytes(change.after)


def kana(notation: str) -> tuple[AccentPhrase, ...]:
    return opened(read_phrases({"accent_phrases": from_notation(notation, 3)}))


def heard(site: SiteKit, index: int) -> str:
    """How the engine says a line, from the files alone."""
    with opened_sheet(site) as (sheet, _):
        utterance, style = sheet.utterances[index], sheet.direction(sheet.utterances[index]).style
        from tts_render.speech.speaking import phrase

        ((_, said),) = sheet.pool.run(
            [utterance], lambda engine, one: to_kana(engine.unfold(phrase(engine, one, style)))
        )
        assert isinstance(said, str)
        return said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_one_line_is_replaced_whatever_the_lines_end_with(site: SiteKit, end: str, mark: bytes, last: str) -> None:
    script = mark + (end.join(LINES) + last.replace("\n", end)).encode()
    with opened_sheet(site, script) as (sheet, _):
        assert [source_line(sheet, at) for at in range(3)] == [LINES[0], LINES[1], LINES[3]]
        for number, line in enumerate(LINES, 1):
            (change,) = change_line(sheet, number, line, "新しい行。").changes
            wanted = [*LINES[: number - 1], "新しい行。", *LINES[number:]]
            assert change.before == script
            assert change.after == mark + (end.join(wanted) + last.replace("\n", end)).encode()


def test_an_empty_text_takes_the_line_out_with_its_end(site: SiteKit) -> None:
    with opened_sheet(site, "一。\r\n二。\r\n三。") as (sheet, _):
        assert change_line(sheet, 2, "二。", "").changes[0].after == "一。\r\n三。".encode()
        assert change_line(sheet, 3, "三。", "").changes[0].after == "一。\r\n二。\r\n".encode()


def test_a_line_of_a_body_is_one_of_the_post(site: SiteKit) -> None:
    site.script.unlink()
    site.post.write_bytes(POST.replace("\n", "\r\n").encode())
    line = POST.splitlines().index("鍵を二つに分けると、片方は配ってよくなります。") + 1
    with opened_sheet(site) as (sheet, _):
        index = index_of(sheet, "鍵を二つに分けると、片方は配ってよくなります。")
        assert source_line(sheet, index) == sheet.utterances[index].text
        (change,) = change_line(sheet, line, sheet.utterances[index].text, "鍵です。").changes
    assert change.after == POST.replace(sheet.utterances[index].text, "鍵です。").replace("\n", "\r\n").encode()


def test_a_line_that_was_moved_is_found_and_one_that_was_changed_is_refused(site: SiteKit) -> None:
    with opened_sheet(site, "零。\n一。\n二つ目。\n") as (sheet, _):
        assert change_line(sheet, 1, "二つ目。", "新。").changes[0].after == "零。\n一。\n新。\n".encode()
        with pytest.raises(StaleError, match="reads now: 二つ目。"):
            change_line(sheet, 3, "二。", "新。")
        with pytest.raises(StaleError, match="has fewer lines now"):
            change_line(sheet, 9, "二。", "新。")
        site.script.write_text("零。\n", encoding="utf-8")
        with pytest.raises(StaleError, match="was changed meanwhile"):
            change_line(sheet, 1, "零。", "新。")


def test_what_cannot_be_read_is_refused_before_it_is_written(site: SiteKit) -> None:
    with opened_sheet(site, "一。\n") as (sheet, _):
        for text in ("a\nb", "a\rb", "\n"):
            with pytest.raises(ScriptError, match="cannot become several"):
                change_line(sheet, 1, "一。", text)
        with pytest.raises(ScriptError, match="there is no voice"):
            change_line(sheet, 1, "一。", '<voice name="誰か">一。</voice>')
        with pytest.raises(ScriptError, match="nothing to say"):
            change_line(sheet, 1, "一。", "")


def test_the_notes_of_a_deck_are_changed_in_their_json(site: SiteKit) -> None:
    site.script.unlink()
    deck = site.script.with_suffix(".json")
    slides = [{"title": "一", "notes": "前です。\n箸です。"}, {"notes": "後。"}]
    deck.write_text(json.dumps(slides, ensure_ascii=False, indent=2), encoding="utf-8")
    with opened_sheet(site) as (sheet, session):
        index = index_of(sheet, "箸です。")
        assert source_line(sheet, index) == "箸です。"
        slides[0]["notes"] = "前です。\n橋です。"
        (change,) = change_text(sheet, index, "橋です。").changes
        assert change.after == json.dumps(slides, ensure_ascii=False, indent=2).encode()
        with pytest.raises(ScriptError, match="no markup"):
            change_wording(sheet, index, Rewording(0, out=True), "left out")
        edit = say_line(sheet, index, session, phrases=kana("ハラナ'ノ"), intonation=None)
        assert (edit.saved, [change.path for change in edit.changes if change.before != change.after]) == (
            "take", [sheet.episode.takes_file]
        )  # fmt: skip


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("前です。\nハラナノ。コレダ。\n", "前です。\n{}。コレダ。\n"),
        ("前です。\nつむぎ：ハラナノ。\n後です。\n", "前です。\nつむぎ：{}。\n後です。\n"),
        ('<prosody rate="120%">ハラナノ。</prosody>\n', '<prosody rate="120%">{}。</prosody>\n'),
    ],
)
@pytest.mark.parametrize("body", [False, True])
def test_accents_are_saved_as_markup_and_heard_from_it(site: SiteKit, script: str, wanted: str, body: bool) -> None:
    head = POST.partition("## 関連リンク")[0]
    if body:
        site.script.unlink()
        site.post.write_text(head + script, encoding="utf-8")
    files = site.files()
    with opened_sheet(site, None if body else script) as (sheet, session):
        index = index_of(sheet, "ハラナノ。")
        for notation in ("ハラナ'ノ", "ハ'ラナノ", "ハラ'/ナ'ノ", "ハ'ラ、ナ'ノ", "ハラ'ナノ"):
            edit = say_line(sheet, index, session, phrases=kana(notation), intonation=None)
            assert edit.saved == "script"
            apply(edit)
            sheet = open_sheet(open_episode(site.post), session)
            assert heard(site, index) == notation
            assert [name for name in site.files() if files.get(name) != site.files()[name]] == [
                site.post.relative_to(site.root).as_posix() if body else f"audio/{site.script.name}"
            ]
        told = (site.post if body else site.script).read_text(encoding="utf-8")
        assert told.removeprefix(head if body else "") == wanted.format(
            '<phoneme alphabet="x-voicevox-kana" ph="ハラ\'ナノ">ハラナノ</phoneme>'
        )
        edit = say_line(sheet, index, session, phrases=(), intonation=None)
        apply(edit)
    told = (site.post if body else site.script).read_text(encoding="utf-8")
    assert told.removeprefix(head if body else "") == script, "the engine's own is the text as it was"


def test_only_the_phrase_that_changes_is_marked(site: SiteKit) -> None:
    with opened_sheet(site, "コレハ、ハラナノ、アソコデス。\n") as (sheet, session):
        own = heard(site, 0).split("、")
        edit = say_line(sheet, 0, session, phrases=kana("、".join([own[0], "ハ'ラナノ", own[2]])), intonation=None)
        apply(edit)
    assert site.script.read_text(encoding="utf-8") == (
        'コレハ、<phoneme alphabet="x-voicevox-kana" ph="ハ\'ラナノ">ハラナノ</phoneme>、アソコデス。\n'
    )


def test_a_reading_that_people_see_is_not_hidden(site: SiteKit) -> None:
    with opened_sheet(site, "<ruby>颯<rt>はやて</rt></ruby>です。\n") as (sheet, session):
        edit = say_line(sheet, 0, session, phrases=kana("ハヤ'テデス"), intonation=None)
        assert edit.saved == "take"


def test_pitches_and_intonation_are_a_take_beside_what_the_text_says(site: SiteKit) -> None:
    with opened_sheet(site, "ハラナノ。\n") as (sheet, session):
        phrases = kana("ハ'ラナノ")
        tuned = (replace(phrases[0], moras=tuple(replace(mora, pitch=5.5) for mora in phrases[0].moras)),)
        edit = say_line(sheet, 0, session, phrases=tuned, intonation=None)
        assert edit.saved == "take"
        apply(edit)
        sheet = open_sheet(open_episode(site.post), session)
        assert sheet.utterances[0].take is not None
        edit = say_line(sheet, 0, session, phrases=None, intonation=1.5)
        apply(edit)
        sheet = open_sheet(open_episode(site.post), session)
        apply(say_line(sheet, 0, session, phrases=phrases, intonation=None))
        (take,) = open_episode(site.post).takes
        assert (take.phrases, take.intonation, take.reading) == ((), 1.5, "⟦ハ'ラナノ⟧"), (
            "what the text says is no take"
        )
        sheet = open_sheet(open_episode(site.post), session)
        assert (sheet.misfits, sheet.utterances[0].manner.intonation) == ((), 1.5)
        apply(say_line(sheet, 0, session, phrases=None, intonation=1.0))
    assert not open_episode(site.post).takes_file.exists()


def test_the_takes_of_equal_lines_stay_with_their_lines(site: SiteKit) -> None:
    with opened_sheet(site, "ハイ。\nウン。\nハイ。\n") as (sheet, session):
        apply(say_line(sheet, 2, session, phrases=None, intonation=1.5))
        sheet = open_sheet(open_episode(site.post), session)
        apply(change_wording(sheet, 0, Rewording(0, out=True), "left out"))
        sheet = open_sheet(open_episode(site.post), session)
        assert [(said.text, said.manner.intonation) for said in sheet.utterances] == [("ウン。", 1.0), ("ハイ。", 1.5)]
        assert sheet.misfits == ()


@pytest.mark.parametrize(
    ("row", "after", "tuned", "wanted", "lost"),
    [
        (1, "ソウ。", 2, [1.0, 1.0, 1.5], 0),  # it becomes the first of its text
        (1, "", 2, [1.0, 1.5], 0),
        (1, "ソウ。", 0, [1.0, 1.0, 1.0], 1),  # never that of the other line
        (1, "", 0, [1.0, 1.0], 1),
        (2, "ハイ。", 2, [1.0, 1.0, 1.5], 0),  # it becomes the third
        (1, '<prosody rate="120%">ハイ。</prosody>', 0, [1.5, 1.0, 1.0], 0),  # what it says is the same
        (2, "ウン。ハイ。", 2, [1.0, 1.0, 1.0, 1.5], 0),
    ],
)
def test_a_take_stays_with_its_line_when_equal_lines_become_more_or_fewer(
    site: SiteKit, row: int, after: str, tuned: int, wanted: list[float], lost: int
) -> None:
    with opened_sheet(site, "ハイ。\nウン。\nハイ。\n") as (sheet, session):
        apply(say_line(sheet, tuned, session, phrases=None, intonation=1.5))
        sheet = open_sheet(open_episode(site.post), session)
        apply(change_line(sheet, row, ["ハイ。", "ウン。"][row - 1], after))
        sheet = open_sheet(open_episode(site.post), session)
        assert [said.manner.intonation for said in sheet.utterances] == wanted
        assert len(sheet.misfits) == lost


def test_a_take_that_is_saved_in_the_same_moment_is_not_written_over(
    site: SiteKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_sheet(site, "ハイ。\nウン。\nハイ。\n") as (sheet, session):
        first = say_line(sheet, 0, session, phrases=None, intonation=1.2)
        path = sheet.episode.takes_file

        def slow(of: Path) -> tuple[Take, ...]:
            found = read_takes(of)
            if not of.exists():
                apply(first)
            return found

        monkeypatch.setattr("tts_render.studio.edits.read_takes", slow)
        late = say_line(sheet, 2, session, phrases=None, intonation=1.5)
        with pytest.raises(StaleError):
            Journal(site.cache, site.root).make("late", late.changes)
        assert [take.intonation for take in read_takes(path)] == [1.2]


def test_a_take_goes_with_its_line_to_another_voice_without_pitches(site: SiteKit) -> None:
    with opened_sheet(site, "ハラナノ。\n") as (sheet, session):
        phrases = kana("ハ'ラナノ")
        tuned = (replace(phrases[0], moras=tuple(replace(mora, pitch=5.5) for mora in phrases[0].moras)),)
        apply(say_line(sheet, 0, session, phrases=tuned, intonation=1.2))
        sheet = open_sheet(open_episode(site.post), session)
        apply(change_wording(sheet, 0, Rewording(0, voice=("ずんだもん", "あまあま")), "voice"))
        sheet = open_sheet(open_episode(site.post), session)
        said = sheet.utterances[0]
        assert (said.voice, said.style, said.manner.intonation, sheet.misfits) == ("ずんだもん", "あまあま", 1.2, ())
        assert said.take is not None
        assert said.take.phrases == opened(tuned)
    assert site.script.read_text(encoding="utf-8") == '<voice name="ずんだもん（あまあま）">ハラナノ。</voice>\n'


def test_what_the_script_cannot_say_is_refused_with_the_reason(site: SiteKit) -> None:
    site.script.unlink()
    site.post.write_text(POST.partition("## 関連リンク")[0] + "## 見出し\n\n本文です。\n", encoding="utf-8")
    with opened_sheet(site) as (sheet, _), pytest.raises(ScriptError, match="left out cannot be written"):
        change_wording(sheet, index_of(sheet, "見出し"), Rewording(0, out=True), "left out")


def test_a_line_is_found_again_in_a_script_that_was_changed(site: SiteKit) -> None:
    with opened_sheet(site, "ハイ。\nウン。\nハイ。\n末。\n") as (old, session):

        def after(script: str, index: int) -> int:
            site.script.write_text(script, encoding="utf-8")
            return find_again(old, index, open_sheet(open_episode(site.post), session))

        assert after("新。\nハイ。\nウン。\nハイ。\n末。\n", 2) == 3
        assert after("ハイ。\nハイ。\nウン。\nハイ。\n末。\n", 2) == 3, "it stands between the same lines"
        with pytest.raises(StaleError, match="is there 3 times now"):
            after("ハイ。\nウン。\nハイ。\n新。\nハイ。\n", 2)
        with pytest.raises(StaleError, match="「ウン。」 is not there any more; reads now: イヤ。"):
            after("ハイ。\nイヤ。\nハイ。\n末。\n", 1)


def test_speed_and_pauses_are_markup_of_their_line(site: SiteKit) -> None:
    with opened_sheet(site, "前。\r\n箸。\r\n後。") as (sheet, _):
        edit = change_wording(sheet, 1, Rewording(0, factor=Manner(speed=1.2)), "speed")
        assert edit.changes[0].after == '前。\r\n<prosody rate="120%">箸。</prosody>\r\n後。'.encode()
        edit = change_wording(sheet, 1, Rewording(0, before=Silence(0.5)), "pause before")
        assert edit.changes[0].after == '前。\r\n<break time="0.5s"/>箸。\r\n後。'.encode()


@pytest.mark.openjtalk
@pytest.mark.filterwarnings("ignore:Dictionary.create:DeprecationWarning")  # pyopenjtalk uses SudachiPy so
@pytest.mark.skipif(find_spec("pyopenjtalk") is None, reason="the extra openjtalk is not installed")
@pytest.mark.parametrize(
    ("text", "phrase", "accent", "wanted"),
    [
        ("箸を持って、橋を渡ります。", 2, 3, '箸を持って、<phoneme {}="ハシヲ\'">橋を</phoneme>渡ります。'),
        ("それから2025年のQ&Aを読みます！", 3, 1, None),
        ("今日はいい天気ですね？", 2, 2, '今日はいい<phoneme {}="テン\'キデ_スネ？">天気ですね</phoneme>？'),
    ],
)
def test_an_accent_is_written_around_its_words_and_heard_so_by_a_real_engine(
    site: SiteKit, text: str, phrase: int, accent: int, wanted: str | None
) -> None:
    site.engines = ("openjtalk",)
    with opened_sheet(site, f"{text}\n次です。\n") as (sheet, session):
        ((_, own),) = sheet.pool.run([text], lambda engine, one: engine.unfold(engine.phrase(one, StyleId(0))))
        assert not isinstance(own, TtsRenderError)
        moved = tuple(replace(one, accent=accent) if at == phrase else one for at, one in enumerate(own))
        edit = say_line(sheet, 0, session, phrases=moved, intonation=None)
        assert edit.saved == "script"
        apply(edit)
    assert heard(site, 0) == to_kana(moved)
    script = site.script.read_text(encoding="utf-8")
    assert script.endswith("\n次です。\n")
    if wanted:
        assert script.splitlines()[0] == wanted.format('alphabet="x-voicevox-kana" ph')
