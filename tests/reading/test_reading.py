"""Readings: what an engine is asked to say for what people read."""

from __future__ import annotations

import re
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.growth import growth
from tts_render.reading import Lexicon, read, speakable
from tts_render.reading.normalise import normalise
from tts_render.reading.tame import tame
from tts_render.script import Notation, read_script

SHARED = Path(__file__).parents[3] / "shared"
REAL = sorted([*SHARED.glob("site/audio/*.txt"), *SHARED.glob("site/_posts/*.md"), *SHARED.glob("seeds/00[04]*.txt")])

SPELLED = sorted(SHARED.glob("site/audio/*.txt"))

PIECES = st.lists(
    st.sampled_from(
        [
            "え", "ああ", "ー", "アア", "ア", "っ", "か\u3099", "か゛", "ｶﾞ", "ﾊ", "゚", "w", "ｗｗ", "W", "A", "aa", "草", "！", "。",
            "、", " ", "　", "\n", "*", "**", "_", "__", "`", "[あ](/b)", "[", "](", "~~", "https://e.com/a", "http", "://", "a@b.co",
            "@", "www.", "🎉", "👨\u200d👩", "3\ufe0f\u20e3", "\u200b", "\x1b[1m", "\x1b", "[", "é", "e\u0301", "７", "，", "．", "0", "☆",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


def said(text: str, lexicon: dict[str, str] | None = None) -> str:
    return read(text, lexicon or {}).said


def tidied(text: str, lexicon: dict[str, str] | None = None) -> str:
    """After the layers that this file is about; those for words and figures have files of their own."""
    return tame(Lexicon(lexicon or {}).apply(normalise(text)))


@pytest.mark.parametrize(
    "text",
    [
        "今日わ、エーアイの話をするのだ！",
        "「クロードコード」って、なんだろう？",
        "2026年7月1日、3.5倍の1,200円（税込み）：☆",
        "OpenAIのGPT-5とNode.js、C++とC#とR&D。",
        "すごーい！やっほー！ええっ？！うふふ……",
    ],
)
def test_what_is_already_spelled_for_the_machine_is_said_as_it_is(text: str) -> None:
    assert tidied(text) == text


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("ＡＩと２０２６年、５０％", "AIと2026年、50%"),
        ("３．５倍で１，２００円", "3.5倍で1,200円"),
        ("ｶﾞｷﾞ ﾊﾟﾋﾟ ｱｲｳ｡", "ガギ パピ アイウ。"),
        ("か\u3099くせい、は\u309aん、か゛くせい", "がくせい、ぱん、がくせい"),
        ("café à Zürich", "cafe a Zurich"),
        ("  一つ　　二つ\t三つ\n", "一つ 二つ 三つ"),
        ("\x1b[31mあか\x1b[0m\x00\u200bい\u2067う", "あかいう"),
        ("詳しくは https://example.com/a?b=c&d=(e) を見てね。", "詳しくは を見てね。"),
        ("www.example.com/xの話", "の話"),
        ("宛先はa.b+c@mail.example.co.jpです", "宛先は です"),
        ("**太字**と`code`と[題](https://e.com/)", "太字とcodeと題"),
        ("[外[内](/b)](https://e.com/)", "外内"),
        ("。、それで", "それで"),
    ],
)
def test_a_text_is_written_in_one_way(text: str, heard: str) -> None:
    assert tidied(text) == heard


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("できた🎉", "できた"),
        ("家族👨‍👩‍👧と犬🐶❤️", "家族、と犬"),
        ("ドラマ🚓🐾感想", "ドラマ、感想"),
        ("🎉おめでとう 🎊 ！", "おめでとう ！"),
        ("3️⃣つ", "3つ"),
        ("えええええええ！", "ええええ！"),
        ("うわあああああああー！", "うわああああ！"),
        ("ぎゃーーーーーーー！", "ぎゃーーー！"),
        ("はははははははは", "はははは"),
        ("っっっっっっ", "っっっっ"),
        ("ＡＡＡＡＡＡＡＡとzzzzzz", "AAAAとzzz"),
        ("草草草草草草草", "草草草"),
        ("やった！！！！！！！！", "やった！！！"),
        ("10000000円", "10000000円"),
        ("すごいwww", "すごいワラ"),
        ("やばい！ｗｗｗｗｗｗ", "やばい！ワラ"),
        ("なるほどｗ。", "なるほどワラ。"),
        ("それwwwwだよ", "それワラ、だよ"),
        ("www", "ワラ"),
        ("windowsとwww3とwav", "windowsとwww3とwav"),
    ],
)  # fmt: skip
def test_what_derails_an_engine_is_tamed(text: str, heard: str) -> None:
    assert tidied(text) == heard


def test_no_run_of_katakana_is_long_enough_to_crash_an_engine() -> None:
    spoken = said("アイウエオ" * 200)
    assert max(map(len, re.findall("[ァ-ヺー]+", spoken))) < 345
    assert spoken.replace("、", "") == "アイウエオ" * 200


def test_the_longest_entry_that_fits_wins_from_left_to_right() -> None:
    words = {"深層": "シンソー", "深層学習": "しんそうがくしゅう", "学習器": "がくしゅうき"}
    assert said("深層学習器と深層", words) == "しんそうがくしゅう器とシンソー"


def test_what_was_put_in_is_not_looked_at_again() -> None:
    assert said("甲と乙", {"甲": "乙", "乙": "甲"}) == "乙と甲"


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("LLMの話とＬＬＭ。", "エルエルエムの話とエルエルエム。"),
        ("LLMsとvLLM", "LLMsとvLLM"),
        ("LLM2とLLM-2と_LLM_", "エルエルエム2とエルエルエム-2と_エルエルエム_"),
        ("GPT-4と4GPT-4B", "フォーと4フォーB"),
        ("GPT-4.1とGPT-40とGPT-4,000とGPT-4.", "GPT-4.1とGPT-40とGPT-4,000とフォー."),
        ("github, GITHUB, GitHub", "ギットハブ, ギットハブ, ギットハブ"),
        ("itとIT", "itとアイティー"),
        ("goとGO", "ゴーとゴーオー"),
        ("Claude Codeとclaude", "クロードコードとクロード"),
        ("C言語とABC言語", "シーげんごとABC言語"),
    ],
)
def test_latin_entries_fit_whole_words_and_exact_case_first(text: str, heard: str) -> None:
    words = {
        "LLM": "エルエルエム", "GPT-4": "フォー", "GitHub": "ギットハブ", "IT": "アイティー", "Go": "ゴー", "GO": "ゴーオー",
        "Claude": "クロード", "Claude Code": "クロードコード", "C言語": "シーげんご",
    }  # fmt: skip
    assert tidied(text, words) == heard


def test_entries_are_found_however_they_are_written() -> None:
    assert (
        said("ＱＷＥＮとｶﾞﾁｬと🍣と☆", {"Ｑｗｅｎ": "クウェン", "ガチャ": "がちゃ", "🍣": "すし", "☆": ""})
        == "クウェンとがちゃとすしと"
    )


def test_a_lexicon_is_a_mapping_and_empty_surfaces_do_no_harm() -> None:
    words = Lexicon({"": "無", "\u200b": "無", "ＡＢ": "エービー", "AB": "別"})
    assert dict(words) == {"AB": "エービー"}
    assert read("AB", words) == read("AB", {"AB": "エービー"})


def test_each_layer_shows_what_it_made() -> None:
    reading = read("**ＬＬＭ**と&amp;すごい🎉", {"LLM": "エルエルエム"})
    assert reading.display == "**ＬＬＭ**と&amp;すごい🎉"
    assert reading.changes == (
        ("characters", "**ＬＬＭ**と&すごい🎉"),
        ("normalise", "LLMと&すごい🎉"),
        ("lexicon", "エルエルエムと&すごい🎉"),
        ("numbers", "エルエルエムとアンドすごい🎉"),
        ("tame", "エルエルエムとアンドすごい"),
    )
    assert reading.said == reading.steps[-1][1] == "エルエルエムとアンドすごい"


@pytest.mark.parametrize(
    "text", ["", "……", "！？", "「」", "🎉🎊", "https://example.com/", "**", "ー", "\u200b", "a@b.example"]
)
def test_marks_alone_are_told_from_speech(text: str) -> None:
    assert not speakable(said(text))


@given(PIECES | st.text(st.characters(exclude_categories=())))
@settings(deadline=None, max_examples=500)
@example("ﾊ゚")
@example("*a* *b*")
@example("ああ🎉あああ")
def test_a_layer_leaves_alone_what_it_made(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert tame(tame(once)) == tame(once)


@given(PIECES | st.text(st.characters(exclude_categories=())))
@settings(deadline=None, max_examples=500)
def test_what_reaches_an_engine_is_clean(text: str) -> None:
    spoken = said(text)
    assert unicodedata.is_normalized("NFC", spoken)
    assert not re.search(
        "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufe00-\ufe0f\ud800-\udfff]", spoken
    )
    assert not re.search(r"([^\s0-9])\1{4}|[０-９Ａ-Ｚａ-ｚｦ-ﾟ]|  ", spoken)
    assert spoken == spoken.strip()


@given(st.text("あいカキ漢字abXY12。、！「」 "))
@settings(deadline=None)
def test_no_word_is_lost(text: str) -> None:
    words = re.compile(r"\w+")
    shortened = re.sub(r"([^\W0-9])\1{2,}", r"\1\1", tidied(text))
    assert words.findall(shortened) == words.findall(re.sub(r"([^\W0-9])\1{2,}", r"\1\1", text))


@pytest.mark.parametrize("unit", ["ア", "w", "🎉あ", "*", "a@", "か゛", "[a](/", "あー", "é ", "\x1b["])
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    words = Lexicon({f"語{number}": "ご" for number in range(1_500)})
    calls, seconds = growth(lambda length: read(unit * (length // len(unit)), words), 5_000)
    assert calls < 1.2
    assert seconds < 3


def test_a_lexicon_of_thousands_is_quick() -> None:
    words = Lexicon(
        {f"word{number}": "ワード" for number in range(3_000)} | {f"用語{n}": "ようご" for n in range(3_000)}
    )
    begin = time.process_time()
    assert "ワード" in read("これはword17と用語2999の話です。" * 500, words).said
    assert time.process_time() - begin < 0.5


@pytest.mark.shared
@pytest.mark.parametrize(
    "path", SPELLED or [pytest.param(None, marks=pytest.mark.skip("needs the folder of real posts"))], ids=str
)
def test_scripts_spelled_by_hand_are_said_as_they_stand(path: Path) -> None:
    lines = read_script(path, path.read_text(encoding="utf-8"), Notation()).lines
    for line in lines:
        reading = read(line.text, {}).said
        assert re.findall("[ぁ-ゖァ-ヺー一-鿿]+", reading.replace("エーアイ", "AI")) == re.findall(
            "[ぁ-ゖァ-ヺー一-鿿]+", line.text.replace("エーアイ", "AI")
        )
    assert all(speakable(line.text) for line in lines)


@pytest.mark.shared
@pytest.mark.openjtalk
@pytest.mark.parametrize(
    "path", SPELLED or [pytest.param(None, marks=pytest.mark.skip("needs the folder of real posts"))], ids=str
)
def test_scripts_spelled_by_hand_sound_as_they_did(path: Path) -> None:
    pytest.importorskip("pyopenjtalk")
    pytest.importorskip("onnxruntime")
    from tts_render.engine.embedded import import_openjtalk
    from tts_render.engine.embedded import read as parse

    openjtalk = import_openjtalk("openjtalk")

    def kana(text: str) -> str:
        return "".join(word.kana for word in parse(openjtalk, text))

    lines = read_script(path, path.read_text(encoding="utf-8"), Notation()).lines
    assert [line.text for line in lines if kana(line.text) != kana(read(line.text, {}).said)] == []


@pytest.mark.shared
@pytest.mark.parametrize(
    "path", REAL or [pytest.param(None, marks=pytest.mark.skip("needs the folder of real posts"))], ids=str
)
def test_no_latin_letter_of_a_real_text_is_left_for_an_engine(path: Path) -> None:
    lines = read_script(path, path.read_text(encoding="utf-8"), Notation()).lines
    assert [line.text for line in lines if re.search("[A-Za-z]", read(line.text, {}).said)] == []
