"""Common English words: each one, alone and inside compounds, is said as a Japanese speaker would."""

from __future__ import annotations

import re

import pytest

from tests.kit.documents import ROOT
from tts_render.reading import Lexicon, read

_LINES = (ROOT / "tests" / "data" / "english_words.tsv").read_text(encoding="utf-8").splitlines()[1:]
_WORDS = dict(line.split("\t") for line in _LINES)
_PLAIN = {word: kana for word, kana in _WORDS.items() if word.isalpha()}
_NONE = Lexicon({})


def said(text: str) -> str:
    return read(text, _NONE).said.replace(" ", "")


def test_the_table_holds_two_and_a_half_thousand_words_once_each() -> None:
    assert len(_WORDS) == len(_LINES) >= 2500
    assert {word: kana for word, kana in _WORDS.items() if not re.fullmatch("[ァ-ヺー]+", kana)} == {}


def test_every_word_alone() -> None:
    assert {word: said(word) for word, kana in _WORDS.items() if said(word) != kana} == {}


def test_every_word_with_a_capital() -> None:
    written = {word: said(word.capitalize()) for word in _PLAIN}
    assert {word: heard for word, heard in written.items() if heard != _PLAIN[word]} == {}


@pytest.mark.parametrize(
    ("before", "behind", "first", "last"), [("multi-", "", "マルチ", ""), ("", "-based", "", "ベースド")]
)
def test_every_word_beside_a_hyphen(before: str, behind: str, first: str, last: str) -> None:
    heard = {word: said(before + word + behind) for word in _PLAIN}
    assert {word: kana for word, kana in heard.items() if kana != first + _PLAIN[word] + last} == {}


def test_every_word_in_camel_case() -> None:
    heard = {word: said("Multi" + word.capitalize()) for word in _PLAIN}
    assert {word: kana for word, kana in heard.items() if kana != "マルチ" + _PLAIN[word]} == {}


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("scaffolds", "スキャフォールズ"),
        ("wafers", "ウェハーズ"),
        ("scaffolded", "スキャフォールデッド"),
        ("simulators", "シミュレーターズ"),
        ("forecasting", "フォーキャスティング"),
        ("bundling", "バンドリング"),
    ],
)
def test_a_known_word_with_an_ending_is_made_from_its_stem(written: str, kana: str) -> None:
    assert said(written) == kana


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("C3", "シースリー"),
        ("F1", "エフワン"),
        ("i9", "アイナイン"),
        ("X1", "エックスワン"),
        ("M2", "エムツー"),
        ("A4用紙", "エーヨン用紙"),
        ("H100", "エイチヒャク"),
        ("V100", "ブイ100"),
        ("V2.1", "バージョン2.1"),
        ("Pixel 8a", "ピクセル8エー"),
        ("GPT-4o", "ジーピーティーフォーオー"),
        ("5G", "ファイブジー"),
        ("GNSSDO", "ジーエヌエスエスディーオー"),
    ],
)
def test_a_single_letter_beside_figures_is_its_name(written: str, kana: str) -> None:
    assert said(written) == kana


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("A gentle start", "アジェントルスタート"),
        ("News: A gentle start", "ニュース:アジェントルスタート"),
        ("Plan A is a start", "プランエーイズアスタート"),
        ("A is for all", "エーイズフォーオール"),
        ("Aランク", "エーランク"),
        ("WHO, who", "ダブリューエイチオー,フー"),
        ("LED, led", "エルイーディー,レッド"),
        ("IT, US, AI", "アイティー,ユーエス,エーアイ"),
        ("数百msと数十GB", "数百ミリ秒と数十ギガバイト"),
        ("5 days, 9:30 am", "5日間,午前9時30分"),
    ],
)
def test_what_looks_like_a_word_is_told_from_it(written: str, kana: str) -> None:
    assert said(written) == kana
