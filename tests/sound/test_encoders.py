"""Encoders: chosen as asked, exact in length and level, the same bytes again, and nothing left behind when they fail."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from tests.kit.signals import in_blocks, needs_ffmpeg, needs_lame, speech_like, tone
from tts_render.ground.errors import OutputError, SoundError
from tts_render.sound import encoders
from tts_render.sound.audio import decibels
from tts_render.sound.encoders import Encoder, EncoderName, choose_encoder, encode
from tts_render.sound.mpeg import read_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.sound.audio import Samples

RATE = 44100
EACH = [
    "soundfile",
    pytest.param("lame", marks=[pytest.mark.lame, pytest.mark.skipif(not shutil.which("lame"), reason="needs lame")]),
    pytest.param(
        "ffmpeg", marks=[pytest.mark.ffmpeg, pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs ffmpeg")]
    ),
]


def made(
    sound: Samples, path: Path, name: EncoderName, *, rate: int = RATE, bitrate: int = 128, block: int = 65536
) -> int:
    encoder = choose_encoder(name)
    channels = sound.shape[1]
    return encode(in_blocks(sound, block), path, rate=rate, channels=channels, bitrate=bitrate, encoder=encoder)


def program(folder: Path, name: str, script: str) -> None:
    """Put a program called ``name`` into ``folder``."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(
    ("rate", "channels", "bitrate"), [(44100, 1, 128), (48000, 2, 192), (48000, 2, 96), (24000, 1, 96), (44100, 2, 320)]
)
def test_the_mp3_is_as_long_and_as_loud_as_what_went_in(
    tmp_path: Path, name: EncoderName, rate: int, channels: int, bitrate: int
) -> None:
    sound = tone(700, 3.2109, rate, level=0.5, channels=channels)
    path = tmp_path / "音.mp3"
    assert made(sound, path, name, rate=rate, bitrate=bitrate) == len(sound)
    assert read_length(path) == (len(sound), rate)
    decoded = soundfile.read(path, always_2d=True)[0]
    assert decoded.shape == sound.shape
    middle = slice(rate, 2 * rate)
    level = np.sqrt(np.mean(decoded[middle] ** 2)) / np.sqrt(np.mean(sound[middle] ** 2))
    assert decibels(level) == pytest.approx(0, abs=0.02)
    assert np.abs(decoded[middle] - sound[middle]).max() < 0.01


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("bitrate", [96, 112, 128, 160, 192, 224, 256, 320])
def test_the_bitrate_is_constant_and_the_one_asked_for(tmp_path: Path, name: EncoderName, bitrate: int) -> None:
    seconds = 4
    path = tmp_path / "a.mp3"
    made(speech_like(float(seconds)), path, name, bitrate=bitrate)
    assert path.stat().st_size * 8 / seconds / 1000 == pytest.approx(bitrate, rel=0.03)
    assert b"Info" in path.read_bytes()[:64], "Xing would announce a variable bitrate"
    about = soundfile.info(path)
    assert (about.samplerate, about.channels) == (RATE, 1)


@pytest.mark.parametrize("name", EACH)
def test_the_same_samples_give_the_same_bytes_however_they_arrive(tmp_path: Path, name: EncoderName) -> None:
    sound = speech_like(4.0)
    made(sound, tmp_path / "a.mp3", name)
    made(sound, tmp_path / "b.mp3", name, block=1777)
    assert (tmp_path / "a.mp3").read_bytes() == (tmp_path / "b.mp3").read_bytes()


@pytest.mark.parametrize("name", EACH)
def test_the_file_has_no_tags_of_the_encoders_own(tmp_path: Path, name: EncoderName) -> None:
    made(tone(440, 1.0), tmp_path / "a.mp3", name)
    content = (tmp_path / "a.mp3").read_bytes()
    assert content[:2] == b"\xff\xfb"
    assert b"TAG" not in content[-128:]


def test_the_encoder_says_what_it_is() -> None:
    library = choose_encoder("soundfile")
    assert library == Encoder("soundfile", f"libsndfile {soundfile.__libsndfile_version__}", None)


@needs_lame
def test_lame_says_its_version() -> None:
    assert choose_encoder("lame").id.startswith("lame 3.")
    assert choose_encoder("auto").name == "lame"


@needs_ffmpeg
def test_ffmpeg_says_its_version() -> None:
    assert choose_encoder("ffmpeg").id.startswith("ffmpeg ")


def test_auto_takes_lame_then_ffmpeg_then_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert choose_encoder("auto").name == "soundfile"
    program(tmp_path, "ffmpeg", 'echo "ffmpeg version 9.1 Copyright"; echo " A..... libmp3lame"')
    assert choose_encoder("auto") == Encoder("ffmpeg", "ffmpeg 9.1", os.fspath(tmp_path / "ffmpeg"))
    program(tmp_path, "lame", 'echo "LAME 64bits version 4.0 (http://lame.sf.net)"')
    assert choose_encoder("auto") == Encoder("lame", "lame 4.0", os.fspath(tmp_path / "lame"))


def test_an_ffmpeg_without_lame_and_a_lame_that_cannot_run_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    program(tmp_path, "ffmpeg", 'echo "ffmpeg version 9.1 Copyright"')
    (tmp_path / "lame").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "lame").chmod(0o755)
    assert choose_encoder("auto").name == "soundfile"
    for name in ("lame", "ffmpeg"):
        with pytest.raises(OutputError, match=f"{name} is not installed") as caught:
            choose_encoder(name)
        assert "encoder: auto" in str(caught.value)


@pytest.mark.parametrize(
    ("rate", "channels", "bitrate"), [(44100, 1, 100), (24000, 1, 192), (12345, 1, 128), (44100, 3, 128)]
)
def test_what_is_no_mp3_is_refused_before_anything_is_written(
    tmp_path: Path, rate: int, channels: int, bitrate: int
) -> None:
    path = tmp_path / "a.mp3"
    encoder = choose_encoder("soundfile")
    with pytest.raises(OutputError, match="there is no MP3 of") as caught:
        encode([], path, rate=rate, channels=channels, bitrate=bitrate, encoder=encoder)
    assert "Possible:" in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("name", EACH)
def test_a_mix_that_fails_leaves_no_file(tmp_path: Path, name: EncoderName) -> None:
    def failing() -> Iterator[Samples]:
        yield tone(440, 5.0)
        raise SoundError("the bumper is gone")

    path = tmp_path / "a.mp3"
    with pytest.raises(SoundError, match="bumper"):
        encode(failing(), path, rate=RATE, channels=1, bitrate=128, encoder=choose_encoder(name))
    assert not path.exists()


@pytest.mark.parametrize("name", EACH)
def test_a_folder_that_is_not_there_is_told(tmp_path: Path, name: EncoderName) -> None:
    with pytest.raises(OutputError) as caught:
        made(tone(440, 2.0), tmp_path / "none" / "a.mp3", name)
    assert caught.value.remedy


@pytest.mark.parametrize("name", EACH)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path, name: EncoderName) -> None:
    path = tmp_path / "a.mp3"
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError) as caught:
        made(speech_like(30.0), path, name)
    assert caught.value.path == path
    assert not path.is_symlink()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'cannot do this' >&2; exit 3", "ended with 3: cannot do this"),
        ("exec 0<&-; exit 0", "ended with 0"),
        ("kill -9 $$", "ended with -9: no message"),
    ],
)
def test_an_encoder_that_dies_is_an_error_with_its_last_words(tmp_path: Path, script: str, message: str) -> None:
    program(tmp_path, "lame", script)
    encoder = Encoder("lame", "lame 0", os.fspath(tmp_path / "lame"))
    path = tmp_path / "a.mp3"
    path.write_bytes(b"half")
    with pytest.raises(OutputError, match=message):
        encode(in_blocks(tone(440, 20.0)), path, rate=RATE, channels=1, bitrate=128, encoder=encoder)
    assert not path.exists()


def test_an_encoder_is_not_waited_for_when_the_mix_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[Samples]:
        yield tone(440, 0.01)
        raise SoundError("the bumper is gone")

    program(tmp_path, "lame", "exec sleep 60")
    encoder = Encoder("lame", "lame 0", os.fspath(tmp_path / "lame"))
    began = time.monotonic()
    with pytest.raises(SoundError, match="bumper"):
        encode(failing(), tmp_path / "a.mp3", rate=RATE, channels=1, bitrate=128, encoder=encoder)
    assert time.monotonic() - began < 30


def test_an_encoder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    encoder = Encoder("lame", "lame 0", os.fspath(tmp_path / "lame"))
    with pytest.raises(OutputError, match="cannot be run"):
        encode([tone(440, 1.0)], tmp_path / "a.mp3", rate=RATE, channels=1, bitrate=128, encoder=encoder)


def test_samples_are_clipped_never_wrapped() -> None:
    whole = np.frombuffer(encoders._as_int32(np.array([[0.0], [1.0], [1.5], [-1.0], [-9.0]], np.float32)), "<i4")
    assert whole.tolist() == [0, 0x7FFFFF00, 0x7FFFFF00, -0x7FFFFF00, -0x7FFFFF00]


MEASURE_MEMORY = """
import resource, sys
import numpy as np
from pathlib import Path
from tts_render.sound.encoders import choose_encoder, encode

def sound(minutes):
    block = np.random.default_rng(0).uniform(-0.3, 0.3, (48000, 1)).astype(np.float32)
    for _ in range(20 * minutes):
        yield block[:16000 * 3]

encode(sound(int(sys.argv[1])), Path(sys.argv[2]), rate=16000, channels=1, bitrate=96, encoder=choose_encoder("soundfile"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak(minutes: int) -> int:
        command = [sys.executable, "-c", MEASURE_MEMORY, str(minutes), str(tmp_path / "a.mp3")]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert peak(4) < 1.1 * peak(1)
