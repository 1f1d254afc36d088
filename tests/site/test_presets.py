"""Presets: forms are written as each generator wants them, and read in all that players take."""

import datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_render.ground.errors import ConfigError
from tts_render.ground.yamltree import read_tree
from tts_render.site.presets import (
    PRESETS,
    DurationForm,
    Preset,
    SizeForm,
    customise,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


def change(folder: Path, text: str, preset: str = "yattecast") -> Preset:
    path = folder / "voices.yaml"
    path.write_text(text, encoding="utf-8")
    return customise(PRESETS[preset], read_tree(path).entries())


@pytest.mark.parametrize(
    ("form", "minutes", "hours"),
    [
        ("mm:ss", "07:25", "01:08:22"),
        ("m:ss", "7:25", "1:08:22"),
        ("hh:mm:ss", "00:07:25", "01:08:22"),
        ("h:mm:ss", "0:07:25", "1:08:22"),
        ("seconds", 445, 4102),
    ],
)
def test_a_duration_has_the_form_that_the_generator_wants(
    form: DurationForm, minutes: str | int, hours: str | int
) -> None:
    assert format_duration(form, 445) == minutes
    assert format_duration(form, 4102) == hours


def test_hours_appear_at_sixty_minutes_and_not_before() -> None:
    assert format_duration("mm:ss", 3599) == "59:59"
    assert format_duration("mm:ss", 3600) == "01:00:00"


def test_a_size_is_a_bare_integer_or_a_text() -> None:
    assert format_size("bytes", 7123456) == 7123456
    assert format_size("quoted-bytes", 7123456) == "7123456"


def test_nothing_is_smaller_than_nothing() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_size("bytes", -1)
    with pytest.raises(ValueError, match="negative"):
        format_duration("mm:ss", -1)


@given(st.sampled_from(get_args(DurationForm)), st.integers(0, 10**6))
def test_every_duration_that_is_written_is_read_back(form: DurationForm, seconds: int) -> None:
    assert parse_duration(format_duration(form, seconds)) == seconds


@given(st.sampled_from(get_args(SizeForm)), st.integers(0, 10**15))
def test_every_size_that_is_written_is_read_back(form: SizeForm, size: int) -> None:
    assert parse_size(format_size(form, size)) == size


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7:25", 445),
        ("75:10", 4510),
        ("29:37 ", 1777),
        ("0:03:13", 193),
        ("00:07:24.5", 445),
        ("445", 445),
        (445, 445),
        (444.5, 445),
        (datetime.time(0, 7, 25), 445),
        ("28:0", None),
        ("1:60:00", None),
        ("07:60", None),
        ("7分25秒", None),
        ("", None),
        (None, None),
        (True, None),
        (-1, None),
        (float("nan"), None),
        (["07:25"], None),
        ("٠٧:٢٥", None),
    ],
)
def test_durations_are_read_in_the_forms_that_players_take(value: object, seconds: int | None) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (7123456, 7123456),
        ("7123456", 7123456),
        (" 7123456 ", 7123456),
        ("54.6 MB", None),
        ("10M", None),
        ("٧", None),
        (True, None),
        (-1, None),
        (7.5, None),
        (None, None),
    ],
)
def test_sizes_are_whole_bytes_or_nothing(value: object, size: int | None) -> None:
    assert parse_size(value) == size


def test_the_presets_are_found_by_their_own_names() -> None:
    assert set(PRESETS) == {
        "yattecast", "castanet", "podcast-feed-hugo", "octopod", "11ty-podcaster", "simplepod",
    }  # fmt: skip
    assert all(preset.name == name for name, preset in PRESETS.items())


def test_a_key_and_its_form_can_be_changed(tmp_path: Path) -> None:
    preset = change(tmp_path, "duration: {key: itunes-duration, form: seconds}\nsize: enclosure-length\n")
    assert preset.duration.key == ("itunes-duration",)
    assert preset.duration.form == "seconds"
    assert preset.size.key == ("enclosure-length",)
    assert preset.size.form == "bytes"
    assert preset.audio == PRESETS["yattecast"].audio


def test_only_the_form_can_be_changed(tmp_path: Path) -> None:
    preset = change(tmp_path, "size: {form: quoted-bytes, optional: true}\n", "11ty-podcaster")
    assert preset.size.key == ("episode", "size")
    assert preset.size.form == "quoted-bytes"
    assert preset.size.optional


def test_dots_lead_into_groups_and_a_list_keeps_dots(tmp_path: Path) -> None:
    preset = change(tmp_path, "audio: extra.podcast.file\ntitle: [extra, a.b]\nbundle: true\naudio_root: media\n")
    assert preset.audio == ("extra", "podcast", "file")
    assert preset.title == ("extra", "a.b")
    assert preset.bundle
    assert preset.audio_root == "media"


def test_nothing_after_the_colon_takes_a_key_away(tmp_path: Path) -> None:
    assert change(tmp_path, "actors:\n").actors is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("audio: a\nduraton: b\n", 2, "Did you mean duration?"),
        ("duration: {form: mmss}\n", 1, "Did you mean mm:ss?"),
        ("size: {form: mm:ss}\n", 1, "bytes, quoted-bytes"),
        ("size: {klucz: x}\n", 1, "not a setting"),
        ("bundle: perhaps\n", 1, "perhaps"),
        ("audio: a..b\n", 1, "dots between the groups"),
        ("audio: []\n", 1, "dots between the groups"),
        ("audio:\n", 1, "nothing"),
        ("name: x\n", 1, "not a setting"),
    ],
)
def test_a_wrong_change_is_named_where_it_stands(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=r"voices\.yaml") as caught:
        change(tmp_path, text)
    assert caught.value.line == line
    assert message in str(caught.value)
