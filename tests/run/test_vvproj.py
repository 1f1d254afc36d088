"""Projects of VOICEVOX's editor: read as they were written, and refused with their place where they are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tts_render.engine.base import Scales
from tts_render.engine.moras import AccentPhrase, Mora
from tts_render.ground.errors import InputError
from tts_render.run.vvproj import AudioItem, Query, item_key, read_project, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHRASE = AccentPhrase(
    (Mora("ハ", "h", "a", 0.06, 0.1, 5.5), Mora("イ", None, "i", None, 0.11, 5.25)),
    1,
    Mora("、", None, "pau", None, 0.3, 0.0),
    question=True,
)
SCALES = Scales(1.1, 0.02, 1.2, 0.9, 0.8)
ITEM = AudioItem(
    "a", "はい、？", "engine", "speaker", 8, Query((PHRASE,), SCALES, "ハ'イ？", 0.2, 0.3, 48000.0, stereo=True)
)
BARE = AudioItem("b", "いいえ。", "engine", "speaker", 3, None)


def test_a_project_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "x.vvproj"
    path.write_bytes(write_project([BARE, ITEM]))
    assert read_project(path) == (BARE, ITEM)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\n")
    assert read_project(path) == (BARE, ITEM)


def test_a_mora_has_just_what_the_editor_knows() -> None:
    query = json.loads(write_project([ITEM]))["talk"]["audioItems"]["a"]["query"]
    assert query["accentPhrases"] == [
        {
            "moras": [
                {
                    "text": "ハ",
                    "vowel": "a",
                    "vowelLength": 0.1,
                    "pitch": 5.5,
                    "consonant": "h",
                    "consonantLength": 0.06,
                },
                {"text": "イ", "vowel": "i", "vowelLength": 0.11, "pitch": 5.25},
            ],
            "accent": 1,
            "pauseMora": {"text": "、", "vowel": "pau", "vowelLength": 0.3, "pitch": 0.0},
            "isInterrogative": True,
        }
    ]


def test_the_key_of_an_audio_item_follows_from_the_utterance() -> None:
    assert item_key("0123456789ab") == item_key("0123456789ab") != item_key("ba9876543210")


def query_of(project: Any) -> Any:
    return project["talk"]["audioItems"]["a"]["query"]


def mora_of(project: Any) -> Any:
    return query_of(project)["accentPhrases"][0]["moras"][0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p["talk"]["audioItems"].pop("a"), "audio item 1: is listed but not there"),
        (lambda p: p["talk"]["audioKeys"].append("a"), "lists an audio item twice"),
        (lambda p: p["talk"]["audioKeys"].insert(0, ["a"]), "audio item 1: is listed but not there"),
        (lambda p: p["talk"]["audioKeys"].extend(["a"] * 20_000), "more than 20,000 audio items"),
        (lambda p: p["talk"].pop("audioKeys"), "no talk with audioKeys and audioItems"),
        (lambda p: p.update(audioKeys=p.pop("talk")), "saved by an editor older than 0.17"),
        (lambda p: p["talk"]["audioItems"]["a"].pop("voice"), "audio item 1: has no voice"),
        (lambda p: p["talk"]["audioItems"]["a"]["voice"].update(styleId="8"), "styleId must be a whole number"),
        (lambda p: p["talk"]["audioItems"]["a"].update(text="\ud800"), "audio item 1: text must be a text"),
        (lambda p: p["talk"]["audioItems"]["a"].update(query=[]), "audio item 1: query must be an object"),
        (lambda p: query_of(p).pop("speedScale"), "query.speedScale must be a number"),
        (lambda p: query_of(p).update(speedScale=0), "query.speedScale must be a number"),
        (lambda p: query_of(p).update(volumeScale=float("nan")), "query.volumeScale must be a number"),
        (lambda p: query_of(p).update(accentPhrases={}), "query.accentPhrases must be a list"),
        (lambda p: query_of(p).update(accentPhrases=[7]), "query.accentPhrases: an accent phrase without moras"),
        (lambda p: query_of(p)["accentPhrases"][0].update(accent=3), "an accent that is on none of its moras"),
        (lambda p: query_of(p)["accentPhrases"][0].update(moras=[]), "an accent that is on none of its moras"),
        (lambda p: mora_of(p).update(pitch=float("inf")), "a mora whose pitch is not a sensible number"),
        (lambda p: mora_of(p).update(vowelLength=-1), "a mora whose length is not a sensible number"),
        (lambda p: mora_of(p).pop("consonantLength"), "a consonant without length"),
        (lambda p: mora_of(p).update(text=None), "a mora without text or vowel"),
    ],
)
def test_a_broken_project_is_refused_and_the_place_is_named(
    tmp_path: Path, change: Callable[[Any], object], told: str
) -> None:
    project = json.loads(write_project([ITEM]))
    change(project)
    path = tmp_path / "x.vvproj"
    path.write_text(json.dumps(project), encoding="utf-8")
    with pytest.raises(InputError, match=told) as caught:
        read_project(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a VOICEVOX project"),
        (b"PK\x03\x04", "is not a VOICEVOX project"),
        (b"\xff\xfe{", "is not a VOICEVOX project"),
        (b"[" * 200_000, "is not a VOICEVOX project"),
        (b'{"talk": ' * 50_000, "is not a VOICEVOX project"),
        (b"[]", "no talk with audioKeys"),
        (b'{"talk": {"audioKeys": 1e999, "audioItems": {}}}', "no talk with audioKeys"),
        (b'{"talk": ' + b"9" * 5000 + b"}", "is not a VOICEVOX project"),
    ],
    ids=["empty", "zip", "UTF-16", "deep list", "deep object", "a list", "infinite", "huge number"],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "x.vvproj"
    path.write_bytes(content)
    with pytest.raises(InputError, match=told):
        read_project(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.vvproj"
    with path.open("wb") as stream:
        stream.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        read_project(path)


def test_a_missing_project_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "x.vvproj", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_project(path)
