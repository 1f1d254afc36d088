"""Sound files: read whatever they are, conformed to the frame, shaped and trimmed."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.signals import in_blocks, needs_ffmpeg, needs_lame, tone
from tts_render.ground.errors import SoundError
from tts_render.ground.files import digest_file
from tts_render.ground.units import Frames, conform_frames
from tts_render.sound import audio
from tts_render.sound.audio import Clip, amplitude, conform, decibels, feed, open_sound, reblock, shape, trim_silence

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "ogg", "mp3"])
def test_a_sound_is_described_and_loaded_whatever_its_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"効果音.{suffix}"
    samples = tone(440, 1.2345, 48000, channels=2)
    soundfile.write(path, samples, 48000)
    sound = open_sound(path)
    assert (sound.frames, sound.rate, sound.channels) == (len(samples), 48000, 2)
    assert sound.digest == digest_file(path)
    loaded = sound.load()
    assert loaded.samples.dtype == np.float32
    assert loaded.samples.shape == samples.shape
    middle = slice(4800, -4800)
    assert np.sqrt(np.mean((loaded.samples[middle] - samples[middle]) ** 2)) < (0.02 if suffix == "mp3" else 0.005)


@needs_ffmpeg
@pytest.mark.parametrize("suffix", ["m4a", "wma", "aac"])
def test_what_only_ffmpeg_can_read_is_read_through_it(tmp_path: Path, suffix: str) -> None:
    source, path = tmp_path / "a.wav", tmp_path / f"a.{suffix}"
    soundfile.write(source, tone(440, 2.0, 44100, channels=2), 44100)
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, path], check=True)
    sound = open_sound(path)
    assert (sound.rate, sound.channels) == (44100, 2)
    assert abs(sound.frames - 88200) < 4410  # these formats are as long as their blocks
    assert np.sqrt(np.mean(sound.load().samples[8820:-8820] ** 2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@needs_ffmpeg
@needs_lame
def test_an_mp3_of_variable_bitrate_without_header_is_read_to_its_end(tmp_path: Path) -> None:
    quiet_then_loud = np.concatenate(
        [np.zeros((44100 * 4, 1), np.float32), np.random.default_rng(1).uniform(-1, 1, (44100 * 4, 1))]
    )
    source, path = tmp_path / "a.wav", tmp_path / "a.mp3"
    soundfile.write(source, quiet_then_loud[::-1], 44100)
    subprocess.run(["lame", "--quiet", "-t", "-V", "4", source, path], check=True)
    assert soundfile.info(path).frames < 44100 * 6, "libsndfile guesses the length; without that this proves nothing"
    assert open_sound(path).frames >= 44100 * 8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is a letter", "not a sound file that can be read"),
        (b"", "not a sound file that can be read"),
        (b"RIFF\0\0\0\0WAVE", "not a sound file"),
    ],
)
@needs_ffmpeg
def test_what_is_no_sound_is_refused_with_its_path(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "jingle.wav"
    path.write_bytes(content)
    with pytest.raises(SoundError, match=message) as caught:
        open_sound(path)
    assert caught.value.path == path
    assert caught.value.remedy


@needs_ffmpeg
def test_a_film_without_sound_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    picture = ["-f", "lavfi", "-i", "color=c=red:s=64x64:d=0.2"]
    subprocess.run(["ffmpeg", "-v", "error", *picture, path], check=True)
    with pytest.raises(SoundError, match="not a sound file"):
        open_sound(path)


def test_without_ffmpeg_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jingle.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A ")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(SoundError, match="ffmpeg") as caught:
        open_sound(path)
    assert "Install ffmpeg" in str(caught.value)


def test_missing_empty_endless_and_broken_sounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="No such file"):
        open_sound(tmp_path / "none.wav")
    with pytest.raises(SoundError, match="cannot be read"):
        open_sound(tmp_path)
    soundfile.write(tmp_path / "empty.wav", np.zeros((0, 1)), 44100)
    with pytest.raises(SoundError, match="empty"):
        open_sound(tmp_path / "empty.wav")
    soundfile.write(tmp_path / "nan.wav", np.array([0.0, np.nan, 0.0], np.float32), 44100, subtype="FLOAT")
    with pytest.raises(SoundError, match="not numbers"):
        open_sound(tmp_path / "nan.wav")
    soundfile.write(tmp_path / "long.flac", np.zeros(8000 * 60 * 31, np.int16), 8000)
    with pytest.raises(SoundError, match="31 minutes"):
        open_sound(tmp_path / "long.flac")


def test_a_sound_that_changed_while_in_use_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 1.0), 44100)
    sound = open_sound(path)
    soundfile.write(path, tone(440, 0.9), 44100)
    with pytest.raises(SoundError, match="changed"):
        sound.load()
    path.unlink()
    with pytest.raises(SoundError, match="No such file"):
        replace(sound).load()


@settings(deadline=None, max_examples=60)
@given(
    frames=st.integers(1, 30_000),
    rate=st.sampled_from([8000, 16000, 22050, 24000, 44100, 48000]),
    to_rate=st.sampled_from([24000, 32000, 44100, 48000]),
    channels=st.integers(1, 3),
    to_channels=st.integers(1, 2),
)
def test_a_conformed_clip_is_exactly_as_long_as_the_timeline_reckons(
    frames: int, rate: int, to_rate: int, channels: int, to_channels: int
) -> None:
    clip = Clip(np.ones((frames, channels), np.float32), rate)
    conformed = conform(clip, to_rate, to_channels)
    assert conformed.rate == to_rate
    assert conformed.samples.shape == (conform_frames(Frames(frames), rate, to_rate), to_channels)
    assert conformed.samples.dtype == np.float32


def test_what_a_resampler_gives_too_little_or_too_much_is_made_even() -> None:
    ones = np.ones((10, 2), np.float32)
    assert np.array_equal(audio._fit(ones, Frames(9)), ones[:9])
    assert np.array_equal(audio._fit(ones, Frames(12)), np.concatenate([ones, np.zeros((2, 2), np.float32)]))


def test_conforming_keeps_a_tone_and_adds_no_other() -> None:
    conformed = conform(Clip(tone(11000, 2.0, 24000), 24000), 44100, 1).samples[22050:-22050, 0]
    window = np.blackman(len(conformed))
    spectrum = np.abs(np.fft.rfft(conformed * window)) / window.sum() * 2
    frequencies = np.fft.rfftfreq(len(conformed), 1 / 44100)
    near = np.abs(frequencies - 11000) < 20
    assert decibels(spectrum[near].max() / 0.5) == pytest.approx(0, abs=0.05)
    assert decibels(spectrum[~near].max()) < -100


def test_stereo_becomes_mono_by_average_and_mono_becomes_stereo_by_copy() -> None:
    left, right = tone(400, 0.1), tone(900, 0.1)
    both = np.concatenate([left, right], axis=1)
    assert np.allclose(conform(Clip(both, 44100), 44100, 1).samples, (left + right) / 2, atol=1e-7)
    assert np.array_equal(conform(Clip(left, 44100), 44100, 2).samples, np.repeat(left, 2, axis=1))
    assert np.array_equal(conform(Clip(both, 44100), 44100, 2).samples, both)


def test_gain_and_fades_are_exact_and_leave_the_original_alone() -> None:
    original = np.ones((1000, 2), np.float32)
    shaped = shape(original, gain=0.5, fade_in=100, fade_out=200)
    assert (original == 1).all()
    assert (shaped[100:800] == 0.5).all()
    assert (np.diff(shaped[:100, 0]) > 0).all()
    assert (np.diff(shaped[800:, 0]) < 0).all()
    assert shaped[0, 0] < 0.005
    assert shaped[-1, 0] < 0.005


def test_what_fades_out_and_what_fades_in_have_equal_power_together() -> None:
    ones = np.ones((512, 1), np.float32)
    assert np.allclose(shape(ones, fade_in=512) ** 2 + shape(ones, fade_out=512) ** 2, 1, atol=1e-6)


def test_a_fade_longer_than_the_sound_is_cut() -> None:
    ones = np.ones((10, 1), np.float32)
    assert np.array_equal(shape(ones, fade_in=40), shape(np.ones((40, 1), np.float32), fade_in=40)[:10])
    assert np.array_equal(shape(ones, fade_out=40), shape(np.ones((40, 1), np.float32), fade_out=40)[-10:])


def padded(sound: np.ndarray, rate: int, noise: float = 0.0) -> np.ndarray:
    silence = np.random.default_rng(5).standard_normal((rate, 1)) * noise
    return np.concatenate([silence, sound, silence]).astype(np.float32)


@pytest.mark.parametrize("level", [0.9, 0.02])
def test_silence_is_trimmed_to_20_ms_around_loud_and_whispered_sound(level: float) -> None:
    rate = 24000
    trimmed = trim_silence(padded(tone(300, 0.5, rate, level=level), rate), rate)
    assert abs(len(trimmed) - round(0.54 * rate)) <= round(0.010 * rate)
    assert np.abs(trimmed[: round(0.014 * rate)]).max() == 0
    assert np.abs(trimmed[-round(0.014 * rate) :]).max() == 0


def test_a_soft_s_before_a_vowel_stays() -> None:
    rate = 24000
    hiss = np.random.default_rng(2).standard_normal((2400, 1)) * 0.5 * amplitude(-45)
    trimmed = trim_silence(padded(np.concatenate([hiss, tone(300, 0.5, rate)]), rate), rate)
    assert len(trimmed) >= round(0.64 * rate)


def test_the_noise_floor_of_a_vocoder_counts_as_silence() -> None:
    rate = 48000
    trimmed = trim_silence(padded(tone(300, 0.5, rate), rate, noise=0.5 * amplitude(-65)), rate)
    assert abs(len(trimmed) - round(0.54 * rate)) <= round(0.010 * rate)


def test_trimming_takes_nothing_from_sound_without_silence_and_all_from_silence() -> None:
    sound = tone(300, 0.3331, 24000)
    assert np.array_equal(trim_silence(sound, 24000), sound)
    assert len(trim_silence(np.zeros((24000, 1), np.float32), 24000)) == 0
    assert len(trim_silence(np.zeros((0, 1), np.float32), 24000)) == 0


@given(sizes=st.lists(st.integers(0, 50), max_size=20), frames=st.integers(1, 37))
def test_reblocking_changes_only_where_blocks_end(sizes: list[int], frames: int) -> None:
    whole = np.arange(sum(sizes), dtype=np.float32)[:, np.newaxis]
    edges = np.cumsum([0, *sizes])
    blocks = list(reblock((whole[a:b] for a, b in pairwise(edges)), frames))
    assert [len(block) for block in blocks[:-1]] == [frames] * (len(blocks) - 1)
    assert all(0 < len(block) <= frames for block in blocks)
    assert np.array_equal(np.concatenate([*blocks, whole[:0]]), whole)


def test_every_consumer_is_fed_every_block_in_order() -> None:
    sound = tone(50, 1.0)
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    assert feed(in_blocks(sound, 1000), first.append, second.append) == len(sound)
    assert np.array_equal(np.concatenate(first), sound)
    assert np.array_equal(np.concatenate(second), sound)


def test_what_a_consumer_or_the_source_raises_is_raised() -> None:
    def full(_: object) -> None:
        raise OSError("disk full")

    def broken() -> object:
        yield tone(50, 0.1)
        raise SoundError("gone")

    with pytest.raises(OSError, match="disk full"):
        feed(in_blocks(tone(50, 1.0), 1000), full)
    with pytest.raises(SoundError, match="gone"):
        feed(broken(), len)  # type: ignore[arg-type]


def test_decibels_and_amplitude_undo_each_other() -> None:
    assert amplitude(-6.0) == pytest.approx(0.501187, abs=1e-6)
    assert decibels(amplitude(-31.7)) == pytest.approx(-31.7)
    assert decibels(0.0) == -np.inf
