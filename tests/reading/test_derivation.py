"""Words made of known ones: each rule on words that the shipped lexicon does not hold."""

from __future__ import annotations

import pytest

from tts_render.reading import Lexicon, read
from tts_render.reading.derivation import derive, pluralise
from tts_render.reading.terms import shipped_terms

_KNOWN = {
    "audit": "オーディット",
    "submit": "サブミット",
    "thread": "スレッド",
    "embed": "エンベッド",
    "box": "ボックス",
    "cache": "キャッシュ",
    "service": "サービス",
    "badge": "バッジ",
    "flow": "フロー",
    "holding": "ホールディング",
    "photo": "フォト",
    "dynamic": "ダイナミック",
    "study": "スタディ",
    "library": "ライブラリ",
    "compiler": "コンパイラ",
    "order": "オーダー",
    "star": "スター",
    "far": "ファー",
    "fare": "フェア",
    "play": "プレイ",
    "cross": "クロス",
    "delegate": "デリゲート",
    "virtualize": "バーチャライズ",
    "able": "エイブル",
    "port": "ポート",
    "multi": "マルチ",
    "platform": "プラットフォーム",
    "build": "ビルド",
    "read": "リード",
    "automatic": "オートマチック",
    "simple": "シンプル",
    "local": "ローカル",
    "happy": "ハッピー",
    "pack": "パック",
    "use": "ユーズ",
}


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("threads", "スレッズ"),
        ("audits", "オーディッツ"),
        ("packs", "パックス"),
        ("flows", "フローズ"),
        ("holdings", "ホールディングス"),
        ("photos", "フォトズ"),
        ("dynamics", "ダイナミクス"),
        ("boxes", "ボクシズ"),
        ("caches", "キャッシズ"),
        ("services", "サービシズ"),
        ("badges", "バッジズ"),
        ("studies", "スタディーズ"),
        ("libraries", "ライブラリーズ"),
        ("compilers", "コンパイラーズ"),
    ],
)
def test_an_s_is_voiced_as_what_stands_before_it(word: str, kana: str) -> None:
    assert derive(word, _KNOWN.get) == kana


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("audited", "オーディテッド"),
        ("submitted", "サブミッテッド"),
        ("embedded", "エンベデッド"),
        ("threaded", "スレッデッド"),
        ("packed", "パックト"),
        ("flowed", "フロード"),
        ("studied", "スタディード"),
        ("fared", "フェアド"),
        ("crossed", "クロスト"),
        ("boxed", "ボックスト"),
        ("played", "プレイド"),
    ],
)
def test_an_ed_is_voiced_as_what_stands_before_it(word: str, kana: str) -> None:
    assert derive(word, _KNOWN.get) == kana


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("auditing", "オーディティング"),
        ("submitting", "サブミッティング"),
        ("threading", "スレッディング"),
        ("embedding", "エンベディング"),
        ("boxing", "ボクシング"),
        ("ordering", "オーダリング"),
        ("starring", "スターリング"),
        ("playing", "プレイング"),
        ("crossing", "クロッシング"),
        ("player", "プレイヤー"),
        ("packer", "パッカー"),
        ("readable", "リーダブル"),
        ("readability", "リーダビリティ"),
        ("delegation", "デリゲーション"),
        ("delegators", "デリゲーターズ"),
        ("virtualization", "バーチャライゼーション"),
    ],
)
def test_an_ending_with_a_vowel_takes_up_the_last_consonant(word: str, kana: str) -> None:
    assert derive(word, _KNOWN.get) == kana


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("automatically", "オートマチカリー"),
        ("simply", "シンプリー"),
        ("locally", "ローカリー"),
        ("happily", "ハッピリー"),
        ("happiness", "ハッピネス"),
        ("happiest", "ハッピエスト"),
        ("useless", "ユーズレス"),
    ],
)
def test_other_endings_stand_behind_the_stem(word: str, kana: str) -> None:
    assert derive(word, _KNOWN.get) == kana


@pytest.mark.parametrize(
    ("word", "kana"),
    [
        ("multiplatform", "マルチプラットフォーム"),
        ("multithreading", "マルチスレッディング"),
        ("rebuild", "リビルド"),
        ("rebuilds", "リビルズ"),
        ("unpacked", "アンパックト"),
    ],
)
def test_prefixes_and_halves_are_read_one_after_the_other(word: str, kana: str) -> None:
    assert derive(word, _KNOWN.get) == kana


@pytest.mark.parametrize(
    "word", ["portrate", "passages", "string", "red", "is", "virus", "thing", "ing", "s", "ed", "eed", "eing", ""]
)
def test_what_only_looks_like_it_is_not_taken_apart(word: str) -> None:
    known = {**_KNOWN, "the": "ザ", "pass": "パス", "ages": "エイジズ", "viru": "ビル"}
    assert derive(word, known.get) is None


def test_a_plural_needs_no_spelling() -> None:
    assert [pluralise(said) for said in ("ブイエム", "リスト", "ワード", "ループ")] == [
        "ブイエムズ",
        "リスツ",
        "ワーズ",
        "ループス",
    ]


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("MultiThreads", "マルチスレッズ"),
        ("WorkerThreads", "ワーカースレッズ"),
        ("threads", "スレッズ"),
        ("Threads", "スレッズ"),
        ("Audited", "オーディテッド"),
        ("VMs", "ブイエムズ"),
        ("LoRAs", "ローラズ"),
        ("gpus", "ジーピーユーズ"),
        ("cpu", "シーピーユー"),
        ("udp", "ユーディーピー"),
        ("GPT-3.5T", "ジーピーティー3.5ティー"),
        ("iPhone 5sの話", "アイフォーンファイブエスの話"),
        ("timeout 5s", "タイムアウト5秒"),
        ("V8", "ブイエイト"),
        ("V2.1", "バージョン2.1"),
        ("Foo-V2.1", "フーブイ2.1"),
        ("a16z", "エーシックスティーンゼット"),
        ("Moonshot 2を試す", "ムーンショットツーを試す"),
        ("Rust 3年目", "ラスト3年目"),
        ("Go 3か月", "ゴー3か月"),
        ("O(n^2)", "オー(エヌの2乗)"),
    ],
)
def test_it_is_so_in_a_title(written: str, kana: str) -> None:
    assert read(written, Lexicon({})).said.replace(" ", "") == kana


def test_no_plural_of_the_shipped_lexicon_is_said_as_its_singular() -> None:
    terms = shipped_terms()
    same = {word for word in terms if word.endswith("s") and terms.get(word[:-1]) == terms[word]}
    assert same == set()
