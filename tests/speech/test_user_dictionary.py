"""The project's lexicon and the user dictionaries of engines: they never cancel each other, and others' words stay."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import SiteKit
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.engine.voicevox.dictionary import held_words, own_words, read_word, to_word, word_id
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


def test_words_of_others_are_not_ours() -> None:
    theirs = {"6f9619ff-8b86-d011-b42d-00c04fc964ff": to_word(QWEN)}
    assert own_words(theirs) == {}
    assert held_words(theirs) == frozenset()


def test_a_word_is_held_only_if_nothing_else_is_written_like_it() -> None:
    words = {word_id("Qwen"): to_word(QWEN), word_id("Qiita"): to_word(QIITA)}
    assert held_words(words) == {QWEN, QIITA}
    words["6f9619ff-8b86-d011-b42d-00c04fc964ff"] = to_word(Entry("Qwen", "キューウェン", 1))
    assert held_words(words) == {QIITA}
    words[word_id("Qiita")] = to_word(QIITA) | {"priority": 9}
    assert held_words(words) == frozenset()


def test_a_push_adds_changes_and_removes_only_its_own_words() -> None:
    with FakeEngine() as fake, UserDictionary(fake.url) as dictionary:
        theirs = fake.add_word("ずんだ", "ズンダ")
        assert dictionary.push([QWEN, QIITA]).add == (QWEN, QIITA)
        assert set(fake.words) == {theirs, word_id("Qwen"), word_id("Qiita")}
        done = dictionary.push([Entry("Qwen", "クウェン", 0)])
        assert (done.add, done.change, list(done.remove.values())) == ((), (Entry("Qwen", "クウェン", 0),), ["Qiita"])
        assert set(fake.words) == {theirs, word_id("Qwen")}
        assert fake.words[word_id("Qwen")]["accent_type"] == 0
        before = len(fake.requests)
        assert not dictionary.push([Entry("Qwen", "クウェン", 0)])
        assert fake.requests[before:] == ["GET /user_dict"]
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
        assert engine.identify().words == {QWEN}
        engine.close()


def test_a_word_that_the_engine_holds_passes_through_every_layer_as_it_is_written() -> None:
    words = {"Qwen": "クウェン", "C++": "シープラ"}
    plain, kept = Lexicon(words), Lexicon(words, frozenset({"Qwen", "C++"}))
    assert read("Ｑｗｅｎ3とQwenのC++とGPT", plain).said == "クウェン3とクウェンのシープラとジーピーティー"
    reading = read("Ｑｗｅｎ3とQwenのC++とGPT", kept)
    assert reading.said == "Qwen3とQwenのC++とジーピーティー"
    assert dict(reading.steps)["words"] == reading.said
    assert read("QWEN", kept).said == "クウェン"  # a dictionary knows its words in one case only


def test_no_text_can_pass_for_a_word_that_is_kept() -> None:
    assert read("\U000f0000\U000f0001", Lexicon({"Qwen": "クウェン"}, frozenset({"Qwen"}))).said == ""


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
