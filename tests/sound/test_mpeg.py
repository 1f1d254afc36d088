"""The length of an MP3: exact whoever made it and whatever stands around the sound, and honest about damage."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from tests.kit.signals import needs_ffmpeg, needs_lame, tone
from tts_render.ground.errors import SoundError
from tts_render.sound.mpeg import read_length

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 123_457


def lame(folder: Path, *options: str) -> Path:
    source, target = folder / "source.wav", folder / "made.mp3"
    soundfile.write(source, tone(440, FRAMES / 44100), 44100)
    subprocess.run(["lame", "--quiet", *options, source, target], check=True)
    return target


def decoded_by_ffmpeg(path: Path) -> int:
    command = ["ffmpeg", "-v", "quiet", "-i", str(path), "-f", "s16le", "-ac", "1", "-"]
    return len(subprocess.run(command, capture_output=True, check=True).stdout) // 2


def made_by_library(path: Path, rate: int = 44100, frames: int = FRAMES, **options: object) -> Path:
    soundfile.write(path, np.zeros((frames, 1), np.float32), rate, format="MP3", **options)
    return path


def without_header(path: Path) -> bytearray:
    """Make the first frame one like the others."""
    sound = bytearray(path.read_bytes().replace(b"Xing", b"xxxx").replace(b"Info", b"xxxx"))
    path.write_bytes(sound)
    return sound


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 32000, 44100, 48000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_the_length_is_what_was_encoded_at_every_rate(tmp_path: Path, rate: int, mode: str) -> None:
    path = made_by_library(tmp_path / "a.mp3", rate, bitrate_mode=mode)
    assert read_length(path) == (FRAMES, rate)


@needs_lame
@pytest.mark.parametrize(
    "options",
    [
        ("-b", "128"),
        ("-V", "4"),
        ("--abr", "100"),
        ("-b", "320", "-m", "j"),
        ("--resample", "44.1", "-b", "64"),
        ("-p",),
    ],
)
def test_the_length_is_what_lame_encoded(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert read_length(lame(tmp_path, *options)) == (FRAMES, 44100)


@needs_ffmpeg
@pytest.mark.parametrize("options", [("-b:a", "128k"), ("-q:a", "4"), ("-ac", "2")])
def test_the_length_is_what_ffmpeg_encoded(tmp_path: Path, options: tuple[str, ...]) -> None:
    source, path = tmp_path / "source.wav", tmp_path / "made.mp3"
    soundfile.write(source, tone(440, FRAMES / 44100), 44100)
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, *options, path], check=True)
    assert read_length(path) == (FRAMES, 44100)


@needs_lame
@needs_ffmpeg
@pytest.mark.parametrize("options", [("-b", "128"), ("-V", "4")])
def test_without_a_header_frames_are_counted(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = lame(tmp_path, "-t", *options)
    assert read_length(path) == (decoded_by_ffmpeg(path), 44100)
    assert FRAMES <= read_length(path)[0] < FRAMES + 3 * 1152


def test_tags_before_and_after_the_sound_are_not_counted(tmp_path: Path) -> None:
    path = made_by_library(tmp_path / "a.mp3")
    sound = path.read_bytes()
    tag = b"ID3\x03\0\0" + bytes([0, 2, 0, 5]) + b"\xff\xfb\x90\0" * ((2 << 14 | 5) // 4) + b"\0"
    for before, after in [(tag, b""), (tag + tag, b"TAG" + bytes(125)), (b"", bytes(3000)), (b"\xff\xfb not yet", b"")]:
        path.write_bytes(before + sound + after)
        assert read_length(path) == (FRAMES, 44100)


def test_a_header_that_knows_nothing_of_what_follows_is_not_believed(tmp_path: Path) -> None:
    """As after joining two files byte by byte: players play both."""
    path = made_by_library(tmp_path / "a.mp3")
    path.write_bytes(path.read_bytes() * 2)
    assert 2 * FRAMES <= read_length(path)[0] <= 2 * FRAMES + 4 * 1152


def test_noise_amid_the_frames_is_stepped_over(tmp_path: Path) -> None:
    path = made_by_library(tmp_path / "a.mp3", bitrate_mode="CONSTANT")
    whole = read_length(path)[0]
    sound = without_header(path)
    counted = read_length(path)[0]
    assert whole < counted < whole + 4 * 1152
    sound[5000:5700] = b"\x55" * 700
    path.write_bytes(sound)
    assert counted - 10 * 1152 <= read_length(path)[0] < counted


def test_a_file_of_fraunhofers_header_is_counted_without_it(tmp_path: Path) -> None:
    path = made_by_library(tmp_path / "a.mp3", bitrate_mode="CONSTANT")
    sound = without_header(path)
    counted = read_length(path)[0]
    sound[36:40] = b"VBRI"
    path.write_bytes(sound)
    assert read_length(path)[0] == counted - 1152


def test_an_mp3_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = made_by_library(tmp_path / "a.mp3")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SoundError, match="ends early"):
        read_length(path)


@pytest.mark.parametrize(
    "content", [b"a letter", b"\xff\xfb\x90\0", b"\xff" * 5000, bytes(5000), b"ID3\x03\0\0\x7f\x7f\x7f\x7f", b"ID3"]
)
def test_what_is_no_mp3_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(SoundError, match="not an MP3") as caught:
        read_length(path)
    assert caught.value.path == path


def test_other_sound_is_no_mp3(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    samples = np.random.default_rng(0).integers(-32768, 32767, 200_000).astype(np.int16)
    soundfile.write(path, samples, 44100, format="WAV")
    with pytest.raises(SoundError, match="not an MP3"):
        read_length(path)


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").touch()
    with pytest.raises(SoundError, match="empty"):
        read_length(tmp_path / "a.mp3")
    with pytest.raises(SoundError, match="No such file"):
        read_length(tmp_path / "b.mp3")
    with pytest.raises(SoundError, match="cannot be read"):
        read_length(tmp_path)
