"""Names of audio files: one name in many spellings."""

import unicodedata
from pathlib import Path

import pytest

from tts_render.ground.names import audio_name, find_audio_file, normal_name, stem

STAR = "ぴかぴか☆ラジオA.I.放送局_20260706.mp3"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (f"/audio/{STAR}", STAR),
        (STAR, STAR),
        ("https://example.com/a/b/ep%201.mp3", "ep 1.mp3"),
        ("https://example.com/a/ep1.mp3?token=/x.mp3#t=10", "ep1.mp3"),
        ("https://example.com/v0/b/audio%2Fep1.mp3?alt=media", "ep1.mp3"),
        ("//cdn.example.com/ep1.mp3", "ep1.mp3"),
        ("/audio/what?#1.mp3", "what?#1.mp3"),
        ("/audio/100%.mp3", "100%.mp3"),
        ("/audio/%E3%81%82.mp3", "あ.mp3"),
        ("/audio/%FF.mp3", "%FF.mp3"),
    ],
)
def test_the_name_is_the_decoded_last_part_of_a_path_or_url(value: str, name: str) -> None:
    assert audio_name(value) == name


@pytest.mark.parametrize(
    "value",
    ["", "/audio/", "https://example.com", "https://example.com/", "/a/..", "/a/%2E%2E", "a%00.mp3", "a\x1b[2J.mp3", "http://[x/a.mp3"],
)  # fmt: skip
def test_what_is_no_usable_name_is_none(value: str) -> None:
    assert audio_name(value) is None


@pytest.mark.parametrize("value", ["/a/..%2F..%2Fetc%2Fx.mp3", "..%5C..%5Cx.mp3", "/a/%2e%2e%2fx.mp3"])
def test_an_encoded_slash_does_not_lead_out_of_the_folder(value: str) -> None:
    assert audio_name(value) == "x.mp3"


def test_a_name_in_pieces_is_put_together() -> None:
    apart = unicodedata.normalize("NFD", "/audio/が_ポッド.mp3")
    assert apart != "/audio/が_ポッド.mp3"
    assert audio_name(apart) == "が_ポッド.mp3"
    assert normal_name(apart) == "/audio/が_ポッド.mp3"


def test_a_file_is_found_whose_name_is_in_pieces_on_the_disk(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "が_ポッド.mp3")
    (tmp_path / apart).write_bytes(b"x")
    found = find_audio_file(tmp_path, "が_ポッド.mp3")
    assert found is not None
    assert found.read_bytes() == b"x"
    assert found.name in (apart, "が_ポッド.mp3")  # macOS opens either


def test_the_exact_name_wins_over_one_that_is_only_equal_in_form(tmp_path: Path) -> None:
    together = "が.mp3"
    (tmp_path / unicodedata.normalize("NFD", together)).write_bytes(b"apart")
    (tmp_path / together).write_bytes(b"together")
    found = find_audio_file(tmp_path, together)
    assert found is not None
    assert found.read_bytes() == b"together"


def test_a_folder_is_no_audio_file_and_no_folder_holds_none(tmp_path: Path) -> None:
    (tmp_path / "ep1.mp3").mkdir()
    assert find_audio_file(tmp_path, "ep1.mp3") is None
    assert find_audio_file(tmp_path / "nowhere", "ep1.mp3") is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (STAR, "ぴかぴか☆ラジオA.I.放送局_20260706"),
        ("A.I.放送局", "A.I.放送局"),
        ("ep.1.mp3", "ep.1"),
        ("ep1", "ep1"),
        (".mp3", ".mp3"),
        ("終わり。", "終わり。"),
    ],
)
def test_only_an_extension_is_cut_from_a_name(name: str, short: str) -> None:
    assert stem(name) == short
