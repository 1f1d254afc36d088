"""Figures, signs, and foreign words: what an engine is asked to say, and what Open JTalk makes of it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.growth import growth
from tts_render.reading import Lexicon, read
from tts_render.reading.dropped import dropped
from tts_render.reading.lexicon import Lexicon as Layer
from tts_render.reading.numbers import spell_numbers
from tts_render.reading.terms import shipped_terms
from tts_render.reading.words import spell_words

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = [
    ("12:00-13:00", "12時から13時", "ジューニジカラジューサンジ"),
    ("PM3:00", "午後3時", "ゴゴサンジ"),
    ("9:30 AM", "午前9時30分", "ゴゼンクジサンジュップン"),
    ("1stと10th", "ファーストと10番目", "ファーストトジューバンメ"),
    ("1990sの音", "1990年代の音", "センキューヒャクキュージューネンダイノオト"),
    ("10-20代", "10から20代", "ジューカラニジューダイ"),
    ("2.5-3倍", "2.5から3倍", "ニーテンゴカラサンバイ"),
    ("10:30に始まります。", "10時30分に始まります。", "ジュージサンジュップンニハジマリマス"),
    ("9:05〜17:00の予定", "9時5分から17時の予定", "クジゴフンカラジューシチジノヨテー"),
    ("1:02:03で完走", "1時2分3秒で完走", "イチジニフンサンビョーデカンソー"),
    ("16:9の画面", "16対9の画面", "ジューロクタイキューノガメン"),
    ("2025/12/31まで", "2025年12月31日まで", "ニセンニジューゴネンジューニガツサンジューイチニチマデ"),
    ("2025-12-31まで", "2025年12月31日まで", "ニセンニジューゴネンジューニガツサンジューイチニチマデ"),
    ("2026年7月1日", "2026年7月1日", "ニセンニジューロクネンシチガツツイタチ"),
    ("12/31までに", "12月31日までに", "ジューニガツサンジューイチニチマデニ"),
    ("7/1（水）から", "7月1日（水）から", "シチガツツイタチスイヨービカラ"),
    ("2025/12の記事", "2025年12月の記事", "ニセンニジューゴネンジューニガツノキジ"),
    ("3-2で勝った", "3対2で勝った", "サンタイニデカッタ"),
    ("3-2を見て", "3の2を見て", "サンノニヲミテ"),
    ("第3-2節", "第3の2節", "ダイサンノニセツ"),
    ("1/2の確率", "2分の1の確率", "ニブンノイチノカクリツ"),
    ("3/4が賛成", "4分の3が賛成", "ヨンブンノサンガサンセー"),
    ("-5度まで下がる", "マイナス5度まで下がる", "マイナスゴドマデサガル"),
    ("±3度", "プラスマイナス3度", "プラスマイナスサンド"),
    ("5〜10個", "5から10個", "ゴカラジュッコ"),
    ("5-10個", "5から10個", "ゴカラジュッコ"),
    ("8→3分に短縮", "8から3分に短縮", "ハチカラサンプンニタンシュク"),
    ("32GB→64GB", "32ギガバイトから64ギガバイト", "サンジューニギガバイトカラロクジューヨンギガバイト"),
    ("1,200円", "1,200円", "センニヒャクエン"),
    ("￥1,200", "1,200円", "センニヒャクエン"),
    ("$100の価値", "100ドルの価値", "ヒャクドルノカチ"),
    ("$1.5Mを調達", "1.5ミリオンドルを調達", "イッテンゴミリオンドルヲチョータツ"),
    ("€20と£5", "20ユーロと5ポンド", "ニジューユーロトゴポンド"),
    ("v1.2.3を公開", "バージョン1テン2テン3を公開", "バージョンイチテンニテンサンヲコーカイ"),
    ("v2.0が出た", "バージョン2.0が出た", "バージョンニーテンゼロガデタ"),
    ("C#とC++と.NET", "シーシャープとシープラスプラスとドットネット", "シーシャープトシープラスプラストドットネット"),
    ("GPT-5.6が登場", "ジーピーティー5.6が登場", "ジーピーティーゴーテンロクガトージョー"),
    ("RTX 3090で動く", "アールティーエックス 3090で動く", "アールティーエックスサンゼンキュージューデウゴク"),
    ("14.1GBのメモリ", "14.1ギガバイトのメモリ", "ジューヨンテンイチギガバイトノメモリ"),
    ("int4に量子化", "イントフォーに量子化", "イントフォーニリョーシカ"),
    ("50%OFF", "50%オフ", "ゴジュッパーセントオフ"),
    ("①準備と②実行", "1、準備と2実行", "イチジュンビトニジッコー"),
    ("㈱ずんだ", "株式会社ずんだ", "カブシキガイシャズンダ"),
    ("髙橋さんと山﨑さん", "高橋さんと山崎さん", "タカハシサントヤマザキサン"),
    ("すごい〜！", "すごいー！", "スゴイー"),
    ("東京〜大阪", "東京から大阪", "トーキョーカラオーサカ"),
    ("ちょっとwww", "ちょっとワラ", "チョットワラ"),
    ("やばいｗｗｗ。", "やばいワラ。", "ヤバイワラ"),
    ("それは草", "それは草", "ソレワクサ"),
    ("すごい（笑）", "すごい（笑）", "スゴイワライ"),
    ("できた🎉", "できた", "デキタ"),
    ("R&amp;D部門", "アールアンドディー部門", "アールアンドディーブモン"),
    ("ＡＰＩとＬＬＭ", "エーピーアイとエルエルエム", "エーピーアイトエルエルエム"),
    ("か゛くせい", "がくせい", "ガクセイ"),
    ("172.16.0.1に接続", "172テン16テンゼロテン1に接続", "ヒャクナナジューニテンジューロクテンゼロテンイチニセツゾク"),
    ("1e10回", "10の10乗回", "ジューノジュージョーカイ"),
    ("2^10は1024", "2の10乗は1024", "ニノジュージョーワセンニジューヨン"),
    ("100km/hで走る", "時速100キロメートルで走る", "ジソクヒャッキロメートルデハシル"),
    ("毎秒50トークン、10MB/s", "毎秒50トークン、毎秒10メガバイト", "マイビョーゴジュートークンマイビョージューメガバイト"),
    ("5Gと4K", "ファイブジーとフォーケー", "ファイブジートフォーケー"),
    ("3xの速さ", "3倍の速さ", "サンバイノハヤサ"),
    ("1920x1080", "1920かける1080", "センキューヒャクニジューカケルセンハチジュー"),
    ("No.1とVol.3", "ナンバーワンとボリューム3", "ナンバーワントボリュームサン"),
    ("#1の人気", "ナンバーワンの人気", "ナンバーワンノニンキ"),
    ("HTTP/2とIPv6", "エイチティーティーピーツーとアイピーブイシックス", "エイチティーティーピーツートアイピーブイシックス"),
    ("10㎡の部屋", "10平方メートルの部屋", "ジューヘーホーメートルノヘヤ"),
    ("m²とkm²", "平方メートルと平方キロメートル", "ヘーホーメートルトヘーホーキロメートル"),
    ("Ⅲ章", "3章", "サンショー"),
    ("A=B", "エーイコールビー", "エーイコールビー"),
    ("03-1234-5678", "ゼロサンのイチニーサンヨンのゴーロクナナハチ", "ゼロサンノイチニーサンヨンノゴーロクナナハチ"),
    ("αとβ", "アルファとベータ", "アルファトベータ"),
    ("100%と0.5ms", "100%と0.5ミリ秒", "ヒャクパーセントトレーテンゴミリビョー"),
    ("3.14", "3.14", "サンテンイチヨン"),
    ("-1から1", "マイナス1から1", "マイナスイチカライチ"),
]  # fmt: skip
"""Written, said, and the kana that Open JTalk makes of what is said."""


@pytest.fixture(scope="module")
def kana() -> Callable[[str], str]:
    pytest.importorskip("pyopenjtalk")
    pytest.importorskip("onnxruntime")
    from tts_render.engine.embedded import import_openjtalk
    from tts_render.engine.embedded import read as parse

    openjtalk = import_openjtalk("openjtalk")
    return lambda text: "".join(word.kana for word in parse(openjtalk, text))


@pytest.mark.parametrize(("written", "said", "_"), TABLE)
def test_it_is_said_as_a_listener_expects(written: str, said: str, _: str) -> None:
    assert read(written, {}).said == said


@pytest.mark.openjtalk
@pytest.mark.parametrize(("_", "said", "heard"), TABLE)
def test_open_jtalk_reads_it_right(kana: Callable[[str], str], _: str, said: str, heard: str) -> None:
    assert kana(said) == heard


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("LangChain", "ラングチェーン"),
        ("RTXs", "アールティーエックスズ"),
        ("open_source", "オープン ソース"),
        ("XYZ", "エックスワイゼット"),
        ("xbz-qrt", "エックスビーゼット キューアールティー"),
        ("K&W", "ケー アンド ダブリュー"),
        ("json", "ジェイソン"),
        ("IT, it", "アイティー, イット"),
        ("example.org", "イグザンプル ドット オーグ"),
        ("H200", "エイチ200"),
        ("rock'n'roll", "ロックンロール"),
    ],
)  # fmt: skip
def test_a_foreign_word_is_taken_apart_before_it_is_guessed(written: str, said: str) -> None:
    assert read(written, {}).said == said


def test_the_projects_lexicon_comes_before_the_shipped_one() -> None:
    assert shipped_terms()["GitHub"] == "ギットハブ"
    assert read("GitHubとGitLab", {"GitHub": "ジットハブ"}).said.startswith("ジットハブと")


def test_the_shipped_words_are_well_formed() -> None:
    words = shipped_terms()
    assert len(words) >= 200
    assert [surface for surface in words if not surface.strip() or surface != surface.strip()] == []
    assert {
        surface: words[surface] for surface in words if not re.fullmatch("[ぁ-ゖァ-ヺー・、々一-鿿]+", words[surface])
    } == {}


def test_the_shipped_words_are_read_from_disk_in_no_time() -> None:
    shipped_terms()
    shipped_terms.cache_clear()
    begin = time.process_time()
    shipped_terms()
    assert time.process_time() - begin < 0.2  # 20 ms on an idle machine


@pytest.mark.parametrize(
    ("links", "said"),
    [("", "詳しくは を見てね。 まで"), ("リンク", "詳しくはリンクを見てね。リンクまで")],
)  # fmt: skip
def test_an_address_is_passed_over_or_named(links: str, said: str) -> None:
    text = "詳しくはhttps://example.com/aを見てね。a@example.comまで"
    assert read(text, {}, links=links).said.replace(" ", "") == said.replace(" ", "")


def test_a_link_with_a_text_is_said_by_it() -> None:
    assert read("[題](https://example.com/)です", {}, links="リンク").said == "題です"


@given(st.text(st.sampled_from("0123456789.,:/-−〜~→±$￥%x#&=+^eEvkmMGBsh ()（）年月日個分時度ぁあアァー漢字")))
@settings(deadline=None, max_examples=500)
def test_any_figures_at_all_can_be_read(text: str) -> None:
    said = read(text, {}).said
    assert not re.search("[A-Za-z]", said)
    digits = re.sub(r"\D", "", text)
    assert len(re.sub(r"\D", "", said)) <= 3 * len(digits) + 4


@pytest.mark.parametrize(
    "unit", ["1-", "1.", "1:", "10/", "1〜", "a-", "AbC", "$1", "-1", "1 x ", "&amp;", "①", "w ", "Ab 1 "]
)
def test_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    words = Layer({})
    calls, seconds = growth(lambda length: read(unit * (length // len(unit)), words), 2_500)
    assert calls < 1.2
    assert seconds < 3


def test_quadratic_work_would_be_noticed() -> None:
    searched = re.compile("1+-")
    _, seconds = growth(lambda length: searched.sub("", "1" * length), 2_500)
    assert seconds > 3
    calls, _ = growth(lambda length: [abs(at) for end in range(length) for at in range(end)], 100)
    assert calls > 3


def test_ten_thousand_characters_are_read_in_half_a_second() -> None:
    text = "2026年7月1日、OpenAIがGPT-5.6を公開し、$100から利用できます。RTX 3090で14.1GB、10:30に開始です。"
    text = text * (10_000 // len(text) + 1)
    lexicon = Lexicon({})
    read(text[:100], lexicon)
    begin = time.process_time()
    for at in range(0, 10_000, 100):
        read(text[at : at + 100], lexicon)
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("今日わ、エーアイの話をするのだ！「ええっ？！」……☆", ""),
        ("한국の们とя", "한국们я"),
        ("髙橋さんと㈱と①と🎉", ""),
        ("∀と₩", "∀₩"),
        ("GPT-5.6は$100、50%OFF（笑）", ""),
    ],
)
def test_what_an_engine_would_leave_out_is_known(text: str, lost: str) -> None:
    assert "".join(dropped(read(text, {}).said)) == lost


def test_what_is_in_the_lexicon_is_not_left_out() -> None:
    assert dropped(read("한국", {"한국": "かんこく"}).said) == ()


def test_layers_leave_kana_alone() -> None:
    text = "今日わ、エーアイの話、すごーい！クロードコードが、3つ。"
    assert spell_words(spell_numbers(text)) == text


_FIGURES = ("", "1", "3", "05", "12", "2026", "0.5", "1,000")
_BESIDE = tuple("-.,:/−–－：／〜～~+＋=＝&＆$＄￥¥€#＃×✕x^eEvVsthdKMBgW%°μ→⇒ 時分秒年月日代人あかァー、（「")
_WORDS = ("エーエム", "バージョン", "No.", "pp.", "Vol.")


@settings(max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(_FIGURES), st.sampled_from(_BESIDE + _WORDS)), max_size=5))
def test_a_text_that_is_spared_the_rules_for_figures_is_as_they_would_leave_it(pieces: list[tuple[str, str]]) -> None:
    text = "".join(figure + beside for figure, beside in pieces)
    beside = "、\n="  # a sign takes the whole text through all rules, and here is none for it
    assert spell_numbers(text + beside) == spell_numbers(text) + beside
