"""The project's lexicon: words in voices.yaml and in CSV files, each mistake named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tts_render.ground.errors import ConfigError, OutsideSiteError
from tts_render.reading import read
from tts_render.settings.config import Config, load_config
from tts_render.settings.lexicon import Entry

VOICES = "voices: {a: {speaker: a}}\n"


def load(folder: Path, lexicon: str, **files: str) -> Config:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    path = folder / "voices.yaml"
    path.write_text(VOICES + lexicon, encoding="utf-8")
    return load_config(path)


def test_words_may_stand_in_the_settings_and_in_files(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "lexicon:\n  - {LLM: エルエルエム, 甲: こう}\n  - file: more.csv\n",
        more='surface,reading\r\n"a,b",エーとビー\r\n\r\n甲,きのえ\r\n',
    )
    assert config.lexicon == {"LLM": "エルエルエム", "甲": "こう", "a,b": "エーとビー"}
    assert config.words == ()


@pytest.mark.parametrize("lexicon", ["lexicon: {file: l.csv}", "lexicon: [{file: l.csv}]"])
def test_a_file_alone_may_be_named(tmp_path: Path, lexicon: str) -> None:
    assert load(tmp_path, lexicon, l="\ufeffsurface,reading\nLLM,エルエルエム\n").lexicon == {"LLM": "エルエルエム"}


def test_the_word_file_can_have_a_reading_too(tmp_path: Path) -> None:
    assert load(tmp_path, "lexicon: {file: ファイル}").lexicon == {"file": "ファイル"}


def test_an_entry_may_have_an_accent_and_a_class(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        "lexicon:\n  - Qwen: {reading: くうぇん, accent: 2}\n  - file: l.csv\n",
        l="surface,reading,accent,class\nQiita,キータ,1,common_noun\nLLM,エルエルエム,,\n",
    )
    assert config.words == (Entry("Qwen", "クウェン", 2, "proper_noun"), Entry("Qiita", "キータ", 1, "common_noun"))
    assert config.lexicon == {"Qwen": "クウェン", "Qiita": "キータ", "LLM": "エルエルエム"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "does not name its columns"),
        ("word,reading\n", 1, "'word' is not a column"),
        ("surface,readings\n", 1, "Did you mean reading?"),
        ("surface,reading\nLLM,\n", 2, "LLM needs a reading"),
        ("surface,reading\n,エー\n", 2, "needs a surface"),
        ("surface,reading\nLLM\n", 2, "LLM needs a reading"),
        ("surface,reading\na,b,c\n", 2, "has 3 fields"),
        ("surface,reading\nA,エー\nB,ビー\nA,アー\n", 4, "A occurs twice, here and in line 2"),
        ("surface,reading,accent\nA,エー,x\n", 2, "whole number, not 'x'"),
        ("surface,reading,accent\nA,エー,3\n", 2, "the accent is 3, but エー has 2 moras"),
        ("surface,reading,accent\n甲,こう乙,1\n", 2, "must be all kana"),
        ("surface,reading,class\nA,エー,noun\n", 2, "must be one of proper_noun, common_noun"),
        ('surface,reading\n"A,エー\n', 2, "not valid CSV"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, "lexicon: {file: l.csv}", l=text)
    assert message in str(caught.value)
    assert caught.value.path is not None
    assert (Path(caught.value.path).name, caught.value.line) == ("l.csv", line)


@pytest.mark.parametrize(
    ("lexicon", "line", "message"),
    [
        ("lexicon: {file: none.csv}", 2, "there is no none.csv"),
        ("lexicon:\n  - A: {accent: 1}", 3, "needs reading:"),
        ("lexicon:\n  A: {reading: エー, accent: 9}", 3, "has 2 moras"),
        ("lexicon:\n  A: {reading: エー, class: noun}", 3, "Did you mean"),
        ("lexicon: 3", 2, "must be a mapping"),
    ],
)
def test_a_mistake_in_the_settings_is_named_with_its_line(
    tmp_path: Path, lexicon: str, line: int, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, lexicon)
    assert message in str(caught.value)
    assert caught.value.line == line


def test_a_file_cannot_lie_outside_the_site(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("surface,reading\n", encoding="utf-8")
    (tmp_path / "site").mkdir()
    with pytest.raises(OutsideSiteError):
        load(tmp_path / "site", "lexicon: {file: ../out.csv}")


@pytest.mark.parametrize(
    ("setting", "said"), [("", ""), ("reading: {links: skip}", ""), ("reading: {links: リンク}", "リンク")]
)
def test_what_is_said_for_an_address_is_a_setting(tmp_path: Path, setting: str, said: str) -> None:
    assert load(tmp_path, setting).links == said


def test_what_is_no_text_in_a_reading_never_reaches_an_engine(tmp_path: Path) -> None:
    config = load(tmp_path, 'lexicon: {LLM: "エル\\e[1mエル\\u202eエム\\U000f0000\\nだ"}')
    assert read("LLM。", config.lexicon).said == "エルエルエム だ。"
