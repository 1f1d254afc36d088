"""Each generator reads its own keys in its own form, and gets just that."""

from dataclasses import replace
from pathlib import Path

import pytest

from tts_render.ground.names import audio_name
from tts_render.site.post import Post, edit_post, read_post
from tts_render.site.presets import PRESETS, Field, Key, Preset, parse_duration, parse_size

POSTS = {
    "yattecast": """\
---
audio_file_path: /audio/a.mp3
audio_file_size: 0
duration: "00:00"
actor_ids: [若葉]
---
""",
    "castanet": """\
+++
Description = "x"
podcast_file = "a.mp3"
podcast_duration = ""
podcast_bytes = ''
hosts = ["若葉"]
+++
""",
    "podcast-feed-hugo": """\
---
audio: "/podcast/a.mp3"
audio_duration: 4:20
audio_size: 142011 # bytes
authors: ["若葉"]
---
""",
    "octopod": """\
---
author: 若葉
duration: '0:00:01'
audio:
  mp3: a.mp3
  ogg: a.ogg
filesize:
  ogg: 5
chapters:
- 00:00:00.000 x
---
""",
    "11ty-podcaster": """\
---
date: 2020-01-01
episode:
  filename: 'a.mp3'
  hosts: 若葉
tags: [a]
---
""",
    "simplepod": """\
+++
title = "x"
[extra]
audio_file = "a.mp3"
itunes_author = "若葉"

[taxonomies]
tags = []
+++
""",
}

CHANGES = {
    "yattecast": [("audio_file_size: 0", "audio_file_size: 7123456"), ('"00:00"', '"07:25"')],
    "castanet": [("bytes = ''", "bytes = '7123456'"), ('duration = ""', 'duration = "7:25"')],
    "podcast-feed-hugo": [("142011", "7123456"), ("4:20", '"00:07:25"')],
    "octopod": [("  ogg: 5\n", "  ogg: 5\n  mp3: 7123456\n"), ("'0:00:01'", "'0:07:25'")],
    "11ty-podcaster": [("  hosts: 若葉\n", "  hosts: 若葉\n  size: 7123456\n  duration: 445\n")],
    "simplepod": [('"若葉"\n', '"若葉"\naudio_length = "7123456"\nduration = "07:25"\n')],
}
"""What an MP3 of 7,123,456 bytes and 445 seconds changes."""

HOUR = {
    "yattecast": "01:08:22",
    "castanet": "1:08:22",
    "podcast-feed-hugo": "01:08:22",
    "octopod": "1:08:22",
    "11ty-podcaster": 4102,
    "simplepod": "01:08:22",
}


def read(folder: Path, text: str, preset: Preset) -> Post:
    path = folder / "post.md"
    path.write_text(text, encoding="utf-8", newline="")
    return read_post(path, preset)


def edit(folder: Path, text: str, preset: Preset, *, seconds: int = 445) -> str:
    return edit_post(read(folder, text, preset), size=7123456, seconds=seconds).after.decode()


@pytest.mark.parametrize("name", PRESETS)
def test_each_generator_gets_its_own_form(tmp_path: Path, name: str) -> None:
    after = POSTS[name]
    for old, new in CHANGES[name]:
        assert after.count(old) == 1
        after = after.replace(old, new)
    assert edit(tmp_path, POSTS[name], PRESETS[name]) == after


@pytest.mark.parametrize("name", PRESETS)
def test_what_was_written_is_read_and_left_alone(tmp_path: Path, name: str) -> None:
    preset = PRESETS[name]
    post = read(tmp_path, edit(tmp_path, POSTS[name], preset), preset)
    assert post.audio is not None
    assert audio_name(post.audio) == "a.mp3"
    assert post.actors == ("若葉",)
    assert parse_size(post.size and post.size.value) == 7123456
    assert parse_duration(post.duration and post.duration.value) == 445
    assert not edit_post(post, size=7123456, seconds=445).changed


@pytest.mark.parametrize("name", PRESETS)
def test_more_than_an_hour_has_its_own_form(tmp_path: Path, name: str) -> None:
    preset = PRESETS[name]
    duration = read(tmp_path, edit(tmp_path, POSTS[name], preset, seconds=4102), preset).duration
    assert duration is not None
    assert duration.value == HOUR[name]
    assert duration.quoted == isinstance(HOUR[name], str)


def test_an_optional_value_is_written_only_where_its_group_is(tmp_path: Path) -> None:
    octopod = PRESETS["octopod"]
    assert edit(tmp_path, "---\naudio: {mp3: a.mp3}\n---\n", octopod) == (
        '---\naudio: {mp3: a.mp3}\nduration: "0:07:25"\n---\n'
    )
    assert edit(tmp_path, "---\nfilesize: {mp3: 1}\n---\n", octopod) == (
        '---\nfilesize: {mp3: 7123456}\nduration: "0:07:25"\n---\n'
    )
    plain = replace(PRESETS["yattecast"], size=Field(("audio_file_size",), "bytes", optional=True))
    assert edit(tmp_path, "---\ntitle: a\n---\n", plain) == '---\ntitle: a\nduration: "07:25"\n---\n'


def test_a_changed_preset_changes_what_is_written(tmp_path: Path) -> None:
    preset = replace(PRESETS["yattecast"], duration=Field(("itunes-duration",), "seconds"))
    assert edit(tmp_path, "---\naudio_file_size: 1\n---\n", preset) == (
        "---\naudio_file_size: 7123456\nitunes-duration: 445\n---\n"
    )


def test_hugo_reads_keys_in_any_case(tmp_path: Path) -> None:
    text = '+++\nTitle = "x"\nPodcast_Bytes = "1"\npodcast_duration = "0:01"\n+++\n'
    assert read(tmp_path, text, PRESETS["castanet"]).title == "x"
    assert edit(tmp_path, text, PRESETS["castanet"]) == text.replace('"1"', '"7123456"').replace("0:01", "7:25")
    text = "---\nTitle: x\nAudio_Size: 1\nAUDIO_DURATION: 00:00:01\n---\n"
    assert read(tmp_path, text, PRESETS["podcast-feed-hugo"]).title == "x"
    assert edit(tmp_path, text, PRESETS["podcast-feed-hugo"]) == (
        '---\nTitle: x\nAudio_Size: 7123456\nAUDIO_DURATION: "00:07:25"\n---\n'
    )


BESIDE: dict[Key, str] = {("transcript",): "/podcast/a.vtt", ("chapters",): "/podcast/a.chapters.json"}


def edited(folder: Path, lines: str) -> list[str]:
    """The lines of a Hugo post with ``lines`` in it that paths of sidecars have changed."""
    path = folder / "a.md"
    text = f'---\naudio: "/podcast/a.mp3"\naudio_duration: "00:01:00"\naudio_size: 5\n{lines}---\nbody\n'
    path.write_text(text, encoding="utf-8")
    post = read_post(path, PRESETS["podcast-feed-hugo"])
    after = edit_post(post, size=5, seconds=60, beside=BESIDE).after.decode()
    return [new for new in after.splitlines() if new not in text.splitlines()]


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ("", []),
        ('transcript: ""\n', ['transcript: "/podcast/a.vtt"']),
        ("transcript:\nchapters: ''\n", ['transcript: "/podcast/a.vtt"', "chapters: '/podcast/a.chapters.json'"]),
        ('transcript: "/old/a.vtt"\n', ['transcript: "/podcast/a.vtt"']),
        ("transcript: /podcast/a.vtt\n", []),
        ('transcript: "/by-hand.txt"\n', []),
        ("chapters:\n  - {startTime: 0, title: x}\n", []),
    ],
    ids=["missing", "empty", "nothing", "moved", "right", "another", "a list"],
)
def test_a_path_of_a_sidecar_is_set_only_where_its_key_waits_for_it(
    tmp_path: Path, lines: str, changed: list[str]
) -> None:
    assert edited(tmp_path, lines) == changed


@pytest.mark.parametrize(
    ("preset", "lines", "images", "season", "number"),
    [
        ("yattecast", "image_url: /a.png\nthumbnail_url: /b.png\n", ("/a.png", "/b.png"), None, None),
        ("yattecast", "thumbnail_url: /b.png\n", ("/b.png",), None, None),
        ("castanet", 'episode_image: img/a.png\nepisode: "12"\n', ("img/a.png",), None, 12),
        ("podcast-feed-hugo", 'image: /a.png\nseason: "2"\nnumber: 7\n', ("/a.png",), 2, 7),
        ("octopod", "image: /a.png\n", ("/a.png",), None, None),
        ("11ty-podcaster", "episode: {image: a.png, seasonNumber: 1, episodeNumber: 3}\n", ("a.png",), 1, 3),
        ("simplepod", "extra: {season: 4, episode_number: 5}\n", (), 4, 5),
        ("podcast-feed-hugo", "season: second\nnumber: -1\n", (), None, None),
    ],
)
def test_pictures_and_numbers_are_read(
    tmp_path: Path, preset: str, lines: str, images: tuple[str, ...], season: int | None, number: int | None
) -> None:
    path = tmp_path / "a.md"
    path.write_text(f"---\ntitle: x\n{lines}---\nbody\n", encoding="utf-8")
    post = read_post(path, PRESETS[preset])
    assert (post.images, post.season, post.number) == (images, season, number)
