"""Posts: what they say is read, and their two values are written in the form of each generator."""

import datetime
import difflib
import shutil
import subprocess
import unicodedata
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from tts_render.ground.errors import PostError
from tts_render.ground.names import audio_name, find_audio_file
from tts_render.site.post import Post, PostEdit, edit_post, parse_date, read_post
from tts_render.site.presets import PRESETS, Preset

YATTECAST = PRESETS["yattecast"]
SHARED = Path(__file__).resolve().parents[3] / "shared"
JST = datetime.timezone(datetime.timedelta(hours=9))

POST = """\
---
actor_ids:
  - 若葉
  - こがね
audio_file_path: /audio/ぴかぴか☆ラジオA.I.放送局_20260706.mp3
audio_file_size: 0
date: 2026-07-06 00:00:00 +0900
description: 'きょうの話題  
  duration: "11:11"
  A &amp; B: つづき'
duration: "00:00"
layout: article
title: ぴかぴか☆ラジオ A.I. [第1回] ※7/6
---

## 見出し

---
duration: "22:22"
"""  # noqa: W291  # two spaces are a line break in Markdown


def write(folder: Path, text: str | bytes, name: str = "2026-07-06-1.md") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path, text: str | bytes, preset: Preset = YATTECAST) -> Post:
    return read_post(write(folder, text), preset)


def edit(
    folder: Path, text: str | bytes, preset: Preset = YATTECAST, *, size: int = 7123456, seconds: int = 445
) -> str:
    result = edit_post(read(folder, text, preset), size=size, seconds=seconds)
    assert isinstance(result, PostEdit)
    return result.after.decode()


def test_a_post_says_what_it_is_about(tmp_path: Path) -> None:
    post = read(tmp_path, POST)
    assert post.kind == "yaml"
    assert post.title == "ぴかぴか☆ラジオ A.I. [第1回] ※7/6"
    assert post.audio == "/audio/ぴかぴか☆ラジオA.I.放送局_20260706.mp3"
    assert post.actors == ("若葉", "こがね")
    assert post.date == datetime.datetime(2026, 7, 6, tzinfo=JST)
    assert post.description is not None
    assert post.description.endswith("A &amp; B: つづき")
    assert post.script is None
    assert post.permalink is None
    assert post.size is not None
    assert post.duration is not None
    assert (post.size.text, post.size.quoted, post.size.line) == ("0", False, 6)
    assert (post.duration.text, post.duration.quoted, post.duration.line) == ('"00:00"', True, 11)
    assert post.body.startswith("\n## 見出し\n")
    assert post.source.decode().splitlines()[post.body_line] == "## 見出し"
    assert post.line_of("title") == 13
    assert post.line_of(("actor_ids",)) == 2
    assert post.line_of("script") is None
    assert post.line_of(None) is None


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    post = read(tmp_path, POST)
    with pytest.raises(FrozenInstanceError):
        post.body = ""  # type: ignore[misc]
    with pytest.raises(TypeError):
        post.data["title"] = ""  # type: ignore[index]


def test_values_of_another_kind_count_as_missing(tmp_path: Path) -> None:
    post = read(
        tmp_path, "---\ntitle: [a]\naudio_file_path: {a: b}\ndate: soon\nactor_ids: {a: b}\nscript: true\n---\n"
    )
    assert (post.title, post.audio, post.date, post.actors, post.script) == (None, None, None, (), None)


def test_one_actor_may_stand_alone_and_numbers_are_names(tmp_path: Path) -> None:
    assert read(tmp_path, "---\nactor_ids: 若葉\n---\n").actors == ("若葉",)
    assert read(tmp_path, "---\nactor_ids: [1, 若葉, null]\ntitle: 2026\n---\n").actors == ("1", "若葉")
    assert read(tmp_path, "---\ntitle: 2026-07-06\n---\n").title == "2026-07-06"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-06 05:00:00 +0900", datetime.datetime(2026, 7, 6, 5, tzinfo=JST)),
        ("2026-07-06 05:00:00 +09:00", datetime.datetime(2026, 7, 6, 5, tzinfo=JST)),
        ("2026-07-06T05:00:00+09:00", datetime.datetime(2026, 7, 6, 5, tzinfo=JST)),
        ("2026-07-06T05:00:00.250Z", datetime.datetime(2026, 7, 6, 5, microsecond=250000, tzinfo=datetime.UTC)),
        ("'2026-07-06T05:00:00'", datetime.datetime(2026, 7, 6, 5)),
        ("2026-07-06 05:00", datetime.datetime(2026, 7, 6, 5)),
        ("2026-7-6 5:00 JST", datetime.datetime(2026, 7, 6, 5, tzinfo=JST)),
        ("2026-07-06", datetime.datetime(2026, 7, 6)),
        ("'2026-07-06'", datetime.datetime(2026, 7, 6)),
        ("2026-07-06 05:00:00 -0330", datetime.datetime(2026, 7, 6, 8, 30, tzinfo=datetime.UTC)),
        ("2026-13-45", None),
        ("2026-07-06 05:00:00 +9999", None),
        ("20260706", None),
        ("July 6", None),
    ],
)
def test_dates_have_a_zone_where_one_is_written(tmp_path: Path, text: str, expected: datetime.datetime | None) -> None:
    found = read(tmp_path, f"---\ndate: {text}\n---\n").date
    assert found == expected
    assert (found is None or found.tzinfo is None) == (expected is None or expected.tzinfo is None)


def test_toml_dates_are_read(tmp_path: Path) -> None:
    for text, expected in [
        ("2026-07-06T05:00:00+09:00", datetime.datetime(2026, 7, 6, 5, tzinfo=JST)),
        ("2026-07-06", datetime.datetime(2026, 7, 6)),
        ("'2026-07-06T00:00:00'", datetime.datetime(2026, 7, 6)),
    ]:
        assert read(tmp_path, f"+++\ndate = {text}\n+++\n").date == expected
    assert parse_date(datetime.time(5)) is None


def test_only_the_two_values_change(tmp_path: Path) -> None:
    after = POST.replace("audio_file_size: 0", "audio_file_size: 7123456").replace(
        'duration: "00:00"', 'duration: "07:25"'
    )
    assert edit(tmp_path, POST) == after
    assert edit(tmp_path, "\ufeff" + POST.replace("\n", "\r\n")) == "\ufeff" + after.replace("\n", "\r\n")


def test_an_edit_says_what_it_does(tmp_path: Path) -> None:
    path = write(tmp_path, POST)
    result = edit_post(read_post(path, YATTECAST), size=7123456, seconds=445)
    assert result.changed
    assert result.path == path
    assert result.before == POST.encode()
    assert result.summary == 'audio_file_size 0 -> 7123456, duration "00:00" -> "07:25"'
    assert path.read_bytes() == POST.encode()


def test_a_summary_is_one_short_line_without_control_characters(tmp_path: Path) -> None:
    post = read(tmp_path, "+++\nduration = '''\n\n\x9b31m" + "長" * 99 + "'''\n+++\n")
    result = edit_post(post, size=1, seconds=1)
    assert len(result.summary) < 120
    assert result.summary.isprintable()
    assert result.summary.startswith("audio_file_size (missing) -> 1, duration ")


def test_values_that_are_right_leave_the_file_as_it_is(tmp_path: Path) -> None:
    text = POST.replace("size: 0", "size: 7123456  # bytes").replace('"00:00"', "'07:25'")
    result = edit_post(read(tmp_path, text), size=7123456, seconds=445)
    assert not result.changed
    assert result.after is result.before
    assert result.summary == "unchanged"


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("duration", "07:25"),
        ("duration", "445"),
        ("duration", '"7:25"'),
        ("duration", '"07:25 "'),
        ("audio_file_size", '"7123456"'),
        ("audio_file_size", "7_123_456"),
        ("audio_file_size", "+7123456"),
        ("audio_file_size", "0x6cb200"),
    ],
)
def test_a_right_value_in_another_form_is_written_anew(tmp_path: Path, key: str, bad: str) -> None:
    good = {"audio_file_size": "7123456", "duration": '"07:25"'}
    text = "---\n" + "".join(f"{name}: {bad if name == key else value}\n" for name, value in good.items()) + "---\n"
    after = edit(tmp_path, text)
    assert after == '---\naudio_file_size: 7123456\nduration: "07:25"\n---\n'
    result = edit_post(read(tmp_path, after), size=7123456, seconds=445)
    assert not result.changed


def test_missing_keys_are_added_in_the_line_ending_of_the_file(tmp_path: Path) -> None:
    text = "---\r\ntitle: a\r\n---\r\nbody\r\n"
    assert edit(tmp_path, text) == '---\r\ntitle: a\r\naudio_file_size: 7123456\r\nduration: "07:25"\r\n---\r\nbody\r\n'


def test_an_hour_is_written_with_hours(tmp_path: Path) -> None:
    assert 'duration: "01:00:00"\n' in edit(tmp_path, POST, seconds=3600)
    assert 'duration: "59:59"\n' in edit(tmp_path, POST, seconds=3599)


def test_a_url_as_audio_path_stays_and_names_its_file(tmp_path: Path) -> None:
    url = "https://storage.example.com/radio/%E3%81%8C_1.mp3?x=1"
    post = read(tmp_path, f"---\naudio_file_path: {url}\naudio_file_size: 0\nduration: '00:00'\n---\n")
    assert post.audio == url
    (tmp_path / unicodedata.normalize("NFD", "が_1.mp3")).write_bytes(b"12345")
    name = audio_name(url)
    assert name == "が_1.mp3"
    found = find_audio_file(tmp_path, name)
    assert found is not None
    after = edit_post(post, size=found.stat().st_size, seconds=445).after.decode()
    assert after == f"---\naudio_file_path: {url}\naudio_file_size: 5\nduration: '07:25'\n---\n"


@pytest.mark.parametrize("key", ["audio_file_path", "audio_file_size", "duration"])
def test_a_key_that_stands_twice_is_named_when_the_post_is_read(tmp_path: Path, key: str) -> None:
    with pytest.raises(PostError, match="in line 2 and in line 4") as caught:
        read(tmp_path, f"---\n{key}: 1\ntitle: a\n{key}: 2\n---\n")
    assert caught.value.line == 4
    assert caught.value.path == tmp_path / "2026-07-06-1.md"


def test_text_without_front_matter_is_a_post_only_where_that_will_do(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffただの文。\n")
    with pytest.raises(PostError, match="no front matter"):
        read_post(path, YATTECAST)
    post = read_post(path, YATTECAST, bare=True)
    assert (post.kind, post.body, post.body_line, dict(post.data)) == ("none", "ただの文。\n", 1, {})
    assert (post.title, post.audio, post.date, post.actors, post.size, post.line_of("title")) == (
        None, None, None, (), None, None,
    )  # fmt: skip
    with pytest.raises(PostError, match="no front matter") as caught:
        edit_post(post, size=1, seconds=1)
    assert caught.value.remedy


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(PostError, match=r"gone\.md: cannot be read: No such file"):
        read_post(tmp_path / "gone.md", YATTECAST)
    with pytest.raises(PostError, match="cannot be read"):
        read_post(tmp_path, YATTECAST)


def test_a_value_that_cannot_be_changed_alone_changes_nothing(tmp_path: Path) -> None:
    post = read(tmp_path, "---\naudio_file_size: 0\nduration: |\n  00:00\n---\n")
    with pytest.raises(PostError, match="multi-line") as caught:
        edit_post(post, size=1, seconds=1)
    assert caught.value.line == 3


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the folder of real posts")
@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
def test_the_diff_of_every_real_post_is_two_lines(eol: bytes, tmp_path: Path) -> None:
    paths = [*SHARED.glob("site/_posts/*.md"), *SHARED.glob("seeds/*.txt")]
    kinds: dict[str, int] = {"yaml": 0, "toml": 0, "none": 0}
    for path in paths:
        post = read(tmp_path, path.read_bytes().replace(b"\n", eol), YATTECAST) if _fenced(path) else None
        if post is None:
            kinds["none"] += 1
            continue
        kinds[post.kind] += 1
        result = edit_post(post, size=7123456, seconds=445)
        before, after = (text.decode().splitlines(keepends=True) for text in (result.before, result.after))
        diff = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
        new = ["+ audio_file_size: 7123456", '+ duration: "07:25"']
        old = ["- audio_file_size: 0", '- duration: "00:00"']
        if post.kind == "toml":
            new, old = ["+ audio_file_size = 7123456", '+ duration = "07:25"'], []
        assert sorted(diff) == sorted(line + eol.decode() for line in (*new, *old)), path
    assert kinds["yaml"] >= 7
    assert kinds["toml"] >= 2


def _fenced(path: Path) -> bool:
    return path.read_bytes()[:3] in (b"---", b"+++")


@pytest.mark.jekyll
@pytest.mark.skipif(shutil.which("ruby") is None, reason="ruby is not installed")
@pytest.mark.parametrize("old", ['"00:00"', "12:34", "", "~", "!!str 1"])
def test_the_parser_of_jekyll_reads_what_was_written(tmp_path: Path, old: str) -> None:
    after = edit(tmp_path, f"---\naudio_file_size: {old}\nduration: {old} # c\n---\n")
    block = after.removeprefix("---\n").removesuffix("---\n")
    program = "require 'yaml'; p YAML.safe_load(STDIN.read).values"
    done = subprocess.run(["ruby", "-e", program], input=block, capture_output=True, text=True, check=True)
    assert done.stdout == '[7123456, "07:25"]\n'
