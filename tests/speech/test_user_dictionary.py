"""The project's lexicon and the user dictionaries of engines: they never cancel each other, and others' words stay."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.site_kit import SiteKit
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.engine.voicevox.dictionary import held_words, is_said, own_words, read_word, to_word, word_id
from tts_render.reading import Lexicon, read
from tts_render.settings.lexicon import Entry
from tts_render.speech.user_dictionary import UserDictionary, compare

if TYPE_CHECKING:
    from pathlib import Path

QWEN = Entry("Qwen", "クウェン", 2)
QIITA = Entry("Qiita", "キータ", 1, "common_noun")
LEXICON = """
lexicon:
  - Qwen: {reading: クウェン, accent: 2}
    Zenn: ゼン
"""


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    site = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    site.engines = (fake_engine.url,)
    settings = site.root / "voices.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + LEXICON, encoding="utf-8")
    return site


def test_an_id_follows_from_the_surface_however_it_is_written() -> None:
    assert word_id("Qwen") == word_id("Ｑｗｅｎ") != word_id("qwen")


@pytest.mark.parametrize(
    "entry", [QWEN, QIITA, Entry("草", "クサ", 0, "suffix"), Entry("C++", "シープラプラ", 6, "verb")]
)
def test_an_entry_comes_back_from_the_dictionary_as_it_was(entry: Entry) -> None:
    assert read_word(to_word(entry)) == entry


def test_words_of_others_are_not_ours_but_may_be_said_too() -> None:
    theirs = {"6f9619ff-8b86-d011-b42d-00c04fc964ff": to_word(QWEN)}
    assert own_words(theirs) == {}
    assert held_words(theirs) == {QWEN}


@pytest.mark.parametrize(
    ("entry", "alone", "framed", "said"),
    [
        (Entry("最中", "モナカ", 1), "モ'ナカ", "モ'ナカガ", True),
        (Entry("最中", "モナカ", 1), "サイ'チュウ", "サイ'チュウガ", False),
        (Entry("最中", "モナカ", 1), "モ'ナカ", "サイ'チュウガ", False),
        (Entry("枝豆", "エダマメ", 2), "エダ'マメ", "エダマメ'ガ", False),
        (Entry("桜", "サクラ", 0), "サクラ'", "サクラガ'", True),
        (Entry("男", "オトコ", 3), "オトコ'", "オトコガ'", False),
        (Entry("男", "オトコ", 3), "オトコ'", "オトコ'ガ", True),
        (Entry("今日", "キョー", 1), "キョ'オ", "キョ'オガ", True),
        (Entry("草", "クサ", 2), "_クサ'", "_クサ'/ガ'", True),
        (Entry("生成", "ナマナリ", 2), "ナマ'/ナリ'", "ナマ'ナリガ", False),
    ],
)
def test_a_word_is_said_so_only_alone_and_with_a_particle(entry: Entry, alone: str, framed: str, said: bool) -> None:
    assert is_said(entry, alone, framed) is said


def test_a_word_that_loses_is_pushed_higher_until_it_wins_and_the_last_is_named() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        fake.known = {"最中": 8, "枝豆": 10, "今日": 11}
        words = [Entry("最中", "モナカ", 1), Entry("枝豆", "エダマメ", 2), Entry("今日", "コンニチ", 1), QWEN]
        pushed = dictionary.push(words)
        assert pushed.raised == {"最中": 8, "枝豆": 10, "今日": 10}
        assert pushed.lost == (words[2],)
        assert [fake.words[word_id(word.surface)]["priority"] for word in words] == [8, 10, 10, 5]
        again = dictionary.push(words)
        assert (bool(again.done), again.raised, again.lost) == (False, {}, (words[2],))


def test_an_engine_of_one_style_is_asked_how_it_says_a_word() -> None:
    with FakeEngine(speakers=[("ずんだもん", "ノーマル", 3)]) as fake, UserDictionary(fake.url) as dictionary:
        fake.known = {"最中": 11}
        assert dictionary.push([Entry("最中", "モナカ", 1)]).lost == (Entry("最中", "モナカ", 1),)


def test_a_word_that_tells_no_priority_is_pushed_from_the_lowest() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        word = Entry("最中", "モナカ", 1)
        dictionary.push([word])
        del fake.words[word_id("最中")]["priority"]
        fake.known = {"最中": 8}
        assert dictionary.push([word]).raised == {"最中": 8}


def test_a_word_that_loses_is_sent_as_kana_and_an_unchanged_run_asks_nothing(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    fake_engine.known = {"最中": 11, "桜": 11}
    settings = site.root / "voices.yaml"
    words = "  - 最中: {reading: モナカ, accent: 1}\n    桜: {reading: サクラ, accent: 0}\n"
    settings.write_text(settings.read_text(encoding="utf-8") + words, encoding="utf-8")
    site.script.write_text("最中は甘い。\n桜が咲く。\n桜餅はどう。\nQwenの話。\n", encoding="utf-8")
    told = site.run("lexicon", "push", "--site", site.root).out
    assert "! 最中 モナカ 1 is said differently" in told
    assert "! 桜 サクラ 0 is said differently" in site.run("lexicon", "diff", "--site", site.root).out
    assert site.run("render", site.post).code == 0
    said = {"".join(m["text"] for p in s.query["accent_phrases"] for m in p["moras"]) for s in fake_engine.syntheses}
    first = {s.query["accent_phrases"][0]["accent"] for s in fake_engine.syntheses if s.query["accent_phrases"]}
    assert any(line.startswith("モナカワ") for line in said)
    assert any(line.startswith("サクラガ") for line in said)
    assert {1, 3, 4} <= first
    fake_engine.queries.clear()
    assert site.run("render", site.post).code == 0
    assert fake_engine.queries == []


def test_a_dictionary_that_is_edited_in_the_middle_of_a_run_publishes_nothing(
    site: SiteKit, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.script.write_text("一つ目。\nずんだの話。\n", encoding="utf-8")
    before = site.post.read_bytes()
    make = fake_engine.make_sound
    edited: list[str] = []

    def make_and_edit(query: dict[str, object], style: int, share: float = 1.0) -> bytes:
        if not edited:
            edited.append(fake_engine.add_word("ずんだ", "ズンダ", 2))
        return make(query, style, share)

    monkeypatch.setattr(fake_engine, "make_sound", make_and_edit)
    result = site.run("render", site.post)
    assert result.code == 3
    assert "user dictionary was changed during the run" in result.err
    assert site.post.read_bytes() == before
    assert list(site.root.rglob("*.mp3")) == []
    fake_engine.words.clear()
    fake_engine.queries.clear()
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.queries) == 2  # what the other dictionary may have answered is not believed


def test_a_dictionary_that_is_edited_in_a_run_that_fails_is_not_remembered_either(
    site: SiteKit, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.script.write_text("一つ目。\nずんだの話。\n", encoding="utf-8")
    make = fake_engine.make_sound

    def make_and_edit(query: dict[str, object], style: int, share: float = 1.0) -> bytes:
        if not fake_engine.words:
            fake_engine.add_word("ずんだ", "ズンダ", 2)
        return make(query, style, share)

    monkeypatch.setattr(fake_engine, "make_sound", make_and_edit)
    fake_engine.fail("/synthesis", Fault("status", status=400))
    result = site.run("render", site.post)
    assert "1 utterance could not be spoken" in result.err
    assert "user dictionary" not in result.err
    fake_engine.words.clear()
    fake_engine.queries.clear()
    monkeypatch.undo()
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.queries) == 2


def test_a_push_adds_changes_and_removes_only_its_own_words() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        theirs = fake.add_word("ずんだ", "ズンダ")
        assert dictionary.push([QWEN, QIITA]).done.add == (QWEN, QIITA)
        assert set(fake.words) == {theirs, word_id("Qwen"), word_id("Qiita")}
        done = dictionary.push([Entry("Qwen", "クウェン", 0)]).done
        assert (done.add, done.change, list(done.remove.values())) == ((), (Entry("Qwen", "クウェン", 0),), ["Qiita"])
        assert set(fake.words) == {theirs, word_id("Qwen")}
        assert fake.words[word_id("Qwen")]["accent_type"] == 0
        before = len(fake.requests)
        assert not dictionary.push([Entry("Qwen", "クウェン", 0)]).done
        assert {request.split()[0] for request in fake.requests[before:] if "audio_query" not in request} == {"GET"}
        dictionary.push([])
        assert set(fake.words) == {theirs}


def test_a_push_and_a_comparison_agree() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        dictionary.push([QWEN])
        assert not compare([QWEN], dictionary.words())
        found = compare([QIITA], dictionary.words())
        assert (found.add, found.change, list(found.remove.values())) == ((QIITA,), (), ["Qwen"])


def test_an_engine_tells_which_of_our_words_it_holds() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        engine = VoicevoxEngine(fake.url)
        assert engine.identify().words == frozenset()
        dictionary.push([QWEN])
        fake.add_word("ずんだ", "ズンダ")
        assert engine.identify().words == {QWEN, Entry("ずんだ", "ズンダ", 1)}
        engine.close()


def test_a_word_that_the_engine_holds_passes_through_every_layer_as_it_is_written() -> None:
    words = {"Qwen": "クウェン", "C++": "シープラ"}
    plain, kept = Lexicon(words), Lexicon(words, {"Qwen": "Qwen", "C++": "C++"})
    assert read("Ｑｗｅｎ3とQwenのC++とGPT", plain).said == "クウェン3とクウェンのシープラとジーピーティー"
    reading = read("Ｑｗｅｎ3とQwenのC++とGPT", kept)
    assert reading.said == "Qwen3とQwenのC++とジーピーティー"
    assert dict(reading.steps)["words"] == reading.said
    assert read("QWEN", kept).said == "クウェン"  # a dictionary knows its words in one case only


def test_no_text_can_pass_for_a_word_that_is_kept() -> None:
    assert read("\U000f0000\U000f0001", Lexicon({"Qwen": "クウェン"}, {"Qwen": "Qwen"})).said == ""


def test_lexicon_and_dictionary_do_not_cancel_each_other(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.write_text("Qwenの話。\nZennの話。\n", encoding="utf-8")
    assert site.run("render", site.post).code == 0
    assert [text for text, _ in fake_engine.queries] == ["クウェンの話。", "ゼンの話。"]
    fake_engine.queries.clear()
    assert site.run("lexicon", "push", "--site", site.root).code == 0
    assert site.run("render", site.post).code == 0
    assert "Qwenの話。" in [text for text, _ in fake_engine.queries]
    assert "クウェンの話。" not in [text for text, _ in fake_engine.queries]
    fake_engine.words[word_id("Qwen")]["accent_type"] = 1
    fake_engine.queries.clear()
    assert site.run("render", site.post).code == 0
    assert "クウェンの話。" in [text for text, _ in fake_engine.queries]


def test_the_command_works_over_several_engines(site: SiteKit, fake_engine: FakeEngine) -> None:
    with FakeEngine() as second:
        site.engines = (fake_engine.url, second.url)
        result = site.run("lexicon", "diff", "--site", site.root)
        assert result.code == 1
        assert result.out.splitlines()[:2] == [f"{fake_engine.url}: differs", "  + Qwen クウェン 2 proper_noun"]
        result = site.run("lexicon", "push", "--site", site.root)
        assert result.out.splitlines() == [
            f"{url}: 1 added, 0 changed, 0 removed" for url in (fake_engine.url, second.url)
        ]
        assert fake_engine.words == second.words != {}
        result = site.run("lexicon", "diff", "--site", site.root)
        assert (result.code, result.out.splitlines()) == (
            0,
            [f"{fake_engine.url}: the same", f"{second.url}: the same"],
        )


def test_a_pull_prints_a_file_for_the_lexicon(site: SiteKit, fake_engine: FakeEngine, tmp_path: Path) -> None:
    fake_engine.add_word("ずんだ餅", "ズンダモチ", 3)
    site.run("lexicon", "push", "--site", site.root)
    printed = site.run("lexicon", "pull", "--site", site.root).out
    assert list(csv.reader(io.StringIO(printed))) == [
        ["surface", "reading", "accent", "class"],
        ["ずんだ餅", "ズンダモチ", "3", "proper_noun"],
    ]


def test_an_engine_that_takes_no_words_says_so(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.lacks.add("/import_user_dict")
    result = site.run("lexicon", "push", "--site", site.root)
    assert result.code == 3
    assert "--disable_mutable_api" in result.err
    fake_engine.lacks.add("/user_dict")
    result = site.run("lexicon", "diff", "--site", site.root)
    assert result.code == 3
    assert "has no user dictionary" in result.err


def test_an_embedded_engine_has_no_dictionary(site: SiteKit) -> None:
    site.engines = ("openjtalk",)
    result = site.run("lexicon", "push", "--site", site.root)
    assert result.code == 2
    assert "openjtalk has no user dictionary" in result.err
