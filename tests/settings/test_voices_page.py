"""docs/voices.md says of every key of voices.yaml what the program does with it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.kit.documents import ROOT, Row, blocks, rows_by_heading
from tts_render.ground.errors import ConfigError, TtsRenderError
from tts_render.reading import Lexicon
from tts_render.settings.bed import BedSettings
from tts_render.settings.config import (
    Bend,
    Config,
    MasterSettings,
    Pacing,
    Show,
    SoundSettings,
    VoiceSettings,
    load_config,
)
from tts_render.settings.publication import OUTPUTS, Disclosure, Publication
from tts_render.site.presets import PRESETS, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Mapping

ENGLISH = ROOT / "docs" / "voices.md"
JAPANESE = ROOT / "docs" / "voices.ja.md"

VOICES: dict[str, Any] = {name: {"speaker": name} for name in ("ずんだもん", "春日部つむぎ")}


def inside(section: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A whole voices.yaml that holds ``settings`` at the place that a section of the page is about."""
    voice: dict[str, Any] = {"speaker": "ずんだもん"}
    sounds = {"jingle": "builtin:opening"}
    match section:
        case "Top level":
            return {"voices": VOICES, **settings}
        case "voices":
            base = {} if "style_id" in settings else voice
            return {"voices": {"ずんだもん": {**base, **settings}}}
        case "kokoro" | "openjtalk":
            return {"voices": {"ずんだもん": {**voice, section: settings}}}
        case "sounds":
            return {"voices": VOICES, "sounds": {"jingle": {"file": "builtin:opening", **settings}}}
        case "shows":
            return {"voices": VOICES, "sounds": sounds, "shows": [settings]}
        case "shortcodes":
            voices = {"voices": ["ずんだもん"]} if "speaker" in settings else {}
            return {"voices": VOICES, "shortcodes": {"box": {"text": "body", **voices, **settings}}}
        case "bed":
            return {"voices": VOICES, "sounds": sounds, "shows": [{"bed": {"sound": "jingle", **settings}}]}
        case "match":
            return {"voices": VOICES, "shows": [{"match": settings}]}
        case _:
            return {"voices": VOICES, section: settings}


SECTIONS = ["Top level", "engine", "voices", "kokoro", "openjtalk", "sounds", "shows", "bed", "match", "shortcodes", "pacing", "master", "tags", "credits", "disclosure", "post"]  # fmt: skip

DEFAULTS: dict[str, Any] = {
    "voices": VoiceSettings("", 1),
    "kokoro": Bend(),
    "openjtalk": Bend(),
    "sounds": SoundSettings("", 1, Path()),
    "shows": Show(),
    "match": Show(),
    "bed": BedSettings(""),
    "pacing": Pacing(),
    "master": MasterSettings(),
    "tags": Publication(),
    "disclosure": Disclosure(),
}

WITHOUT_A_VALUE = {"none", "any", "required"}
"""Defaults that stand for None."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, settings: Mapping[str, Any] | str) -> Config:
    path = folder / "voices.yaml"
    text = settings if isinstance(settings, str) else yaml.safe_dump(dict(settings), allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    return load_config(path, root=folder)


def documented(section: str, page: Path = ENGLISH) -> list[Row]:
    return [row for heading, row in rows_by_heading(page, "key") if heading == section]


def known_to_the_program(folder: Path, section: str) -> set[str]:
    """The keys that the message about an unknown one lists."""
    with pytest.raises(ConfigError) as caught:
        load(folder, inside(section, {"0": 1}))
    remedy = caught.value.remedy or ""
    return set(remedy.partition(": ")[2].rstrip(".").split(", "))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_has_the_keys_of_the_program_and_no_other(folder: Path, section: str) -> None:
    keys = [row.code("key")[0] for row in documented(section)]
    assert set(keys) - {"preset"} == known_to_the_program(folder, section) - {"preset"}
    assert len(set(keys)) == len(keys)


def numbers() -> list[tuple[str, str, float, float, bool]]:
    found = []
    for section in SECTIONS:
        for row in documented(section):
            said = re.search(r"\b(whole )?number (\S+) to (\S+)", row.text("value"))
            if said:
                found.append((section, row.code("key")[0], float(said[2]), float(said[3]), bool(said[1])))
    return found


@pytest.mark.parametrize(("section", "key", "least", "most", "whole"), numbers())
def test_a_number_may_be_as_small_and_as_large_as_the_page_says(
    folder: Path, section: str, key: str, least: float, most: float, whole: bool
) -> None:
    step = 1 if whole else (most - least) / 1000
    for value in (least, most):
        load(folder, inside(section, {key: int(value) if whole else value}))
    for value in (least - step, most + step):
        with pytest.raises(ConfigError, match="must be between"):
            load(folder, inside(section, {key: int(value) if whole else value}))


def choices() -> list[tuple[str, str, list[str]]]:
    return [
        (section, row.code("key")[0], row.text("value").removeprefix("one of ").split(", "))
        for section in SECTIONS
        for row in documented(section)
        if row.text("value").startswith("one of ")
    ]


@pytest.mark.parametrize(("section", "key", "values"), choices())
def test_a_choice_is_among_those_of_the_page(folder: Path, section: str, key: str, values: list[str]) -> None:
    for value in values:
        load(folder, inside(section, {key: yaml.safe_load(value)}))
    other = "999" if values[0].isdigit() else "zzz"
    with pytest.raises(ConfigError) as caught:
        load(folder, inside(section, {key: other}))
    listed = re.search(r"(?:one of:? )([^.]*?)(?:, not|\.$|$)", f"{caught.value.message} {caught.value.remedy or ''}")
    assert listed
    assert listed[1].strip().split(", ") == values


@pytest.mark.parametrize("section", DEFAULTS)
def test_the_defaults_are_those_of_the_program(section: str) -> None:
    fields = {field.name for field in dataclasses.fields(DEFAULTS[section])}
    compared = 0
    for row in documented(section):
        key = row.code("key")[0]
        said = row.text("default")
        if key not in fields or key == "match" or said == "required":
            continue
        default = getattr(DEFAULTS[section], key)
        if isinstance(default, bool):
            assert said == str(default).lower(), key
        elif isinstance(default, int | float):
            assert float(said) == default, key
        elif isinstance(default, str):
            assert said == default, key
        elif said in WITHOUT_A_VALUE:
            assert not default, key
        else:
            assert default in (None, Bend()), key
        compared += 1
    assert compared


def test_what_is_required_is() -> None:
    required = [(s, row.code("key")[0]) for s in SECTIONS for row in documented(s) if "default" in row.cells and "required" in row.text("default")]  # fmt: skip
    assert required == [
        ("Top level", "voices"),
        ("voices", "speaker"),
        ("sounds", "file"),
        ("bed", "sound"),
        ("shortcodes", "text"),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"default": "ずんだもん"},
        {"voices": {"ずんだもん": {"style": "ノーマル"}}},
        {"voices": VOICES, "sounds": {"jingle": {"gain": 1}}},
        {"voices": VOICES, "shows": [{"bed": {"level": -20}}]},
    ],
    ids=["voices", "speaker", "file", "bed"],
)
def test_a_file_without_what_is_required_is_refused(folder: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        load(folder, settings)


def test_a_file_that_says_only_the_least_has_the_defaults_of_the_page(folder: Path) -> None:
    config = load(folder, {"voices": VOICES})
    said = {row.code("key")[0]: row.text("default") for row in documented("Top level")}
    assert said["default"] == "the first one"
    assert config.default == next(iter(VOICES))
    assert config.engines == (said["engine"],)
    assert config.preset.name == said["post"]
    assert (config.sounds, config.shows, config.lexicon) == ({}, (), {})
    assert [said[key] for key in ("sounds", "shows", "lexicon")] == ["none"] * 3
    assert (config.pacing, config.master) == (Pacing(), MasterSettings())
    assert (config.publication, said["outputs"]) == (Publication(), "none")
    (spoken,) = documented("credits")
    assert (spoken.code("key"), spoken.text("default")) == (["spoken"], str(Publication().spoken_credits).lower())


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_the_table_of_outputs_is_the_one_of_the_program(page: Path) -> None:
    column = "files" if page is ENGLISH else "ファイル"
    table = {row.text("name"): row.code(column) for _, row in rows_by_heading(page, "name", column)}
    assert list(table) == list(OUTPUTS)
    assert table == {name: [f"NAME{suffix}" for suffix, _ in files] for name, files in OUTPUTS.items()}


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_the_table_of_presets_is_the_one_of_the_program(page: Path) -> None:
    table = [[row.text(column) for column in row.cells] for _, row in rows_by_heading(page, "preset")]
    assert table == [
        [
            preset.name,
            ".".join(preset.audio),
            ".".join(preset.size.key),
            preset.size.form,
            ".".join(preset.duration.key),
            preset.duration.form,
            ".".join(preset.actors or ()),
            preset.audio_root,
        ]
        for preset in PRESETS.values()
    ]


def test_the_forms_are_written_as_the_page_says(folder: Path) -> None:
    said = {row.code("form")[0]: row.code("written")[0] for _, row in rows_by_heading(ENGLISH, "form", "written")}
    made = {form: format_size(form, 7_123_456) for form in ("bytes", "quoted-bytes")}
    for form in ("mm:ss", "m:ss", "hh:mm:ss", "h:mm:ss", "seconds"):
        made[form] = format_duration(form, 7 * 60 + 25)
    assert said == {form: f'"{value}"' if isinstance(value, str) else str(value) for form, value in made.items()}


@pytest.mark.parametrize("page", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_every_snippet_loads(folder: Path, page: Path) -> None:
    found = blocks(page, "yaml")
    assert len(found) >= 9
    for block in found:
        text = (
            block.text
            if "\nvoices:" in f"\n{block.text}"
            else yaml.safe_dump({"voices": VOICES}, allow_unicode=True) + block.text
        )
        try:
            load(folder, text)
        except TtsRenderError as error:
            pytest.fail(f"{page.name}:{block.line}: {error}")


NUMBER = re.compile(r"-?[0-9][0-9.]*")


def test_both_languages_say_the_same() -> None:
    english, japanese = (blocks(page, "yaml") for page in (ENGLISH, JAPANESE))
    assert [block.text for block in english] == [block.text for block in japanese]
    for column in ("key", "preset", "form"):
        pairs = zip(rows_by_heading(ENGLISH, column), rows_by_heading(JAPANESE, column), strict=True)
        for (_, ours), (_, theirs) in pairs:
            assert ours.code(column) == theirs.code(column)
            for name, its_name in {"value": "値", "default": "既定値"}.items():
                if name in ours.cells:
                    assert NUMBER.findall(ours.text(name)) == NUMBER.findall(theirs.text(its_name)), ours


def test_an_entry_of_the_lexicon_fits_what_the_page_says() -> None:
    words = Lexicon({"LLM": "エルエルエム", "GitHub": "ギットハブ", "LLM鍋": "なべ"})
    kept, read = (
        ["LLMs", "vLLM"],
        {"LLM2": "エルエルエム2", "LLMの": "エルエルエムの", "github": "ギットハブ", "LLM鍋": "なべ"},
    )
    assert [words.apply(text) for text in kept] == kept
    assert {text: words.apply(text) for text in read} == read
    page = ENGLISH.read_text(encoding="utf-8")
    assert all(f"`{text}`" in page for text in ("LLMs", "vLLM", "LLM2", "LLMの"))
