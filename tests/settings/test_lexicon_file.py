"""A word is put into the lexicon and taken out again, and no other byte of any file changes."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tts_render.ground.errors import ConfigError
from tts_render.settings.config import load_config
from tts_render.settings.lexicon import WORD_CLASSES, Entry, EntryError, make_entry
from tts_render.settings.lexicon_file import find_word, put_word

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "# 設定\nvoices: {a: {speaker: a}}   # 声\n"
TAIL = "pacing:   # 間\n  head: 0.5\n"
PLAIN = Entry("Qwen", "クウェン")
ACCENTED = Entry("Qwen", "クウェン", 2)
VERB = Entry("Qwen", "クウェン", 0, "verb")


def put(folder: Path, text: str, surface: str, entry: Entry | None, **files: str) -> str:
    """What becomes of the file that changes."""
    for name, content in files.items():
        (folder / f"{name}.csv").write_bytes(content.encode())
    path = folder / "voices.yaml"
    path.write_bytes(text.encode())
    before = load_config(path)
    edit = put_word(path, folder, surface, entry)
    assert edit.before == edit.path.read_bytes()
    edit.path.write_bytes(edit.after)
    after = load_config(path)
    assert {word.surface: word.reading for word in edit.entries} == after.lexicon
    assert tuple(word for word in edit.entries if word.accent is not None) == after.words
    known = {**before.lexicon}
    known.pop(surface, None)
    assert after.lexicon == (known if entry is None else {**known, entry.surface: entry.reading})
    return edit.after.decode()


@pytest.mark.parametrize(
    ("before", "entry", "after"),
    [
        # a new one
        ("", PLAIN, "lexicon:\n  Qwen: クウェン\n"),
        ("lexicon:\n", PLAIN, "lexicon:\n  Qwen: クウェン\n"),
        ("lexicon:   # 読み\n", PLAIN, "lexicon:   # 読み\n  Qwen: クウェン\n"),
        ("lexicon: {}\n", PLAIN, "lexicon: {Qwen: クウェン}\n"),
        ("lexicon: ~\n", PLAIN, "lexicon: {Qwen: クウェン}\n"),
        ("lexicon: {A: b}\n", ACCENTED, "lexicon: {A: b, Qwen: {reading: クウェン, accent: 2}}\n"),
        ("lexicon: {A: b,\n  C: d,\n}\n", PLAIN, "lexicon: {A: b,\n  C: d, Qwen: クウェン,\n}\n"),
        (
            "lexicon:\n    A: b   # あ\n\n# 次\n",
            VERB,
            "lexicon:\n    A: b   # あ\n    Qwen: {reading: クウェン, accent: 0, class: verb}\n\n# 次\n",
        ),
        ("lexicon:\n  A:\n    reading: b\n", PLAIN, "lexicon:\n  A:\n    reading: b\n  Qwen: クウェン\n"),
        ("lexicon:\n  - A: b\n    C: d\n", PLAIN, "lexicon:\n  - A: b\n    C: d\n    Qwen: クウェン\n"),
        ("lexicon: [{A: b}, {C: d}]\n", PLAIN, "lexicon: [{A: b}, {C: d, Qwen: クウェン}]\n"),
        # one that is there
        ("lexicon:\n  Qwen: くえん  # か\n  A: b\n", PLAIN, "lexicon:\n  Qwen: クウェン  # か\n  A: b\n"),
        (
            "lexicon: {Qwen: 'くえん', A: b}\n",
            VERB,
            "lexicon: {Qwen: {reading: クウェン, accent: 0, class: verb}, A: b}\n",
        ),
        (
            "lexicon:\n  Qwen:\n    reading: くえん   # 読み\n    accent: 1   # 高さ\n",
            ACCENTED,
            "lexicon:\n  Qwen:\n    reading: クウェン   # 読み\n    accent: 2   # 高さ\n",
        ),
        (
            "lexicon:\n  Qwen:\n    reading: クウェン   # 読み\n  A: b\n",
            VERB,
            "lexicon:\n  Qwen:\n    reading: クウェン   # 読み\n    accent: 0\n    class: verb\n  A: b\n",
        ),
        (
            "lexicon:\n  Qwen:\n    accent: 1   # 高さ\n    reading: くえん\n  A: b\n",
            PLAIN,
            "lexicon:\n  Qwen:\n    reading: クウェン\n  A: b\n",
        ),
        (
            "lexicon: {Qwen: {accent: 1, reading: くえん, class: verb}}\n",
            PLAIN,
            "lexicon: {Qwen: {reading: クウェン, class: proper_noun}}\n",
        ),
        ("lexicon:\n  Qwen: |\n    くえん\n  A: b\n", PLAIN, "lexicon:\n  Qwen: クウェン\n  A: b\n"),
        # one that goes
        ("lexicon:\n  A: b\n  Qwen: クウェン  # か\n  # 次\n  C: d\n", None, "lexicon:\n  A: b\n  # 次\n  C: d\n"),
        ("lexicon:\n  Qwen:\n    reading: ビー\n    accent: 0\n  C: d\n", None, "lexicon:\n  C: d\n"),
        ("lexicon:\n  Qwen: b\n", None, "lexicon:\n"),
        ("lexicon: {A: b, Qwen: c, D: e}\n", None, "lexicon: {A: b, D: e}\n"),
        ("lexicon: {Qwen: c, D: e}\n", None, "lexicon: {D: e}\n"),
        ("lexicon: {Qwen: c}\n", None, "lexicon: {}\n"),
        ("lexicon:\n  - Qwen: b\n    C: d\n", None, "lexicon:\n  - C: d\n"),
        ("lexicon:\n  - Qwen: b\n  - C: d\n", None, "lexicon:\n  - {}\n  - C: d\n"),
        ("lexicon:\n  A: b\n", None, "lexicon:\n  A: b\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_word_in_the_settings_is_changed_and_nothing_else(
    tmp_path: Path, before: str, entry: Entry | None, after: str, end: str, mark: str
) -> None:
    made = put(tmp_path, (mark + HEAD + before + TAIL).replace("\n", end), "Qwen", entry)
    if before:
        assert made == (mark + HEAD + after + TAIL).replace("\n", end)
    else:
        assert made == (mark + HEAD + TAIL + after).replace("\n", end)


@pytest.mark.parametrize(
    ("before", "entry", "after"),
    [
        ("surface,reading\nA,b\n", PLAIN, "surface,reading\nA,b\nQwen,クウェン\n"),
        ("surface,reading\nA,b", PLAIN, "surface,reading\nA,b\nQwen,クウェン\n"),
        ("surface,reading\nA,b\n", ACCENTED, "surface,reading,accent\nA,b\nQwen,クウェン,2\n"),
        ("reading, surface\nb,A\n", VERB, "reading, surface,accent,class\nb,A\nクウェン,Qwen,0,verb\n"),
        ("surface,reading,accent,class\nA,b\n", PLAIN, "surface,reading,accent,class\nA,b\nQwen,クウェン\n"),
        (
            'surface,reading,accent\n"a,b",エー,\nQwen,くえん,1\n\nC,d\n',
            ACCENTED,
            'surface,reading,accent\n"a,b",エー,\nQwen,クウェン,2\n\nC,d\n',
        ),
        ("surface,reading,accent\nQwen,くえん,1\n", PLAIN, "surface,reading,accent\nQwen,クウェン,\n"),
        ('surface,reading\n"a\nb",エー\nQwen,c\nD,e\n', None, 'surface,reading\n"a\nb",エー\nD,e\n'),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_word_in_a_file_is_changed_and_nothing_else(
    tmp_path: Path, before: str, entry: Entry | None, after: str, end: str, mark: str
) -> None:
    settings = HEAD + "lexicon:\n  - file: l.csv\n  - X: y\n"
    made = put(tmp_path, settings, "Qwen", entry, l=(mark + before).replace("\n", end))
    assert made == (mark + after).replace("\n", end)
    assert (tmp_path / "voices.yaml").read_text(encoding="utf-8") == settings


def test_a_word_is_changed_where_it_is_first_and_known_with_its_place(tmp_path: Path) -> None:
    text = HEAD + "lexicon:\n  - Qwen: くえん\n  - file: l.csv\n"
    made = put(tmp_path, text, "Qwen", PLAIN, l="surface,reading\nA,b\nC,d\n")
    assert made == text.replace("くえん", "クウェン")
    path = tmp_path / "voices.yaml"
    assert find_word(path, tmp_path, "Qwen") == (PLAIN, path, 4)
    assert find_word(path, tmp_path, "C") == (Entry("C", "d"), tmp_path / "l.csv", 3)
    assert find_word(path, tmp_path, "D") is None


def test_what_would_change_more_is_refused(tmp_path: Path) -> None:
    for text, entry in (
        ("{voices: {a: {speaker: a}}}", PLAIN),  # a setting cannot be put behind it
        (HEAD + "lexicon:\n  - Qwen: b\n  - Qwen: c\n", None),  # the second would count then
        (HEAD + "lexicon: {}\n", Entry("file", "a.csv")),  # which names a file
    ):
        path = tmp_path / "voices.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=r"cannot be changed here|there is no a\.csv"):
            put_word(path, tmp_path, "Qwen" if entry is None else entry.surface, entry)


WORDS = st.text(st.sampled_from(string.printable.strip() + " 語ごゴ：、。'\"#-?[]{}&*!|>%@`"), min_size=1, max_size=8)
SPACED = WORDS.map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    surface=SPACED,
    reading=SPACED,
    form=st.sampled_from(["", "lexicon:\n  A: b\n", "lexicon: {A: b}\n", "lexicon: [{file: l.csv}]\n"]),
)
def test_whatever_is_typed_is_read_again_as_it_was_typed(tmp_path: Path, surface: str, reading: str, form: str) -> None:
    entry = make_entry(surface, reading, None, "proper_noun")
    if surface in ("A", "file"):
        return
    before = HEAD + form + TAIL
    added = put(tmp_path, before, entry.surface, entry, l="surface,reading\nA,b\n")
    path = tmp_path / "voices.yaml"
    removed = put_word(path, tmp_path, entry.surface, None)
    assert removed.before.decode() == added
    assert removed.entries == tuple(word for word in (Entry("A", "b"),) if form)


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        (("", "b", None), "surface"),
        (("A", "", None), "reading"),
        (("A", "漢字", 1), "reading"),
        (("A", "かな", 3), "accent"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_with_its_field(given_: tuple[str, str, int | None], field: str) -> None:
    with pytest.raises(EntryError) as raised:
        make_entry(*given_, WORD_CLASSES[0])
    assert raised.value.field == field
