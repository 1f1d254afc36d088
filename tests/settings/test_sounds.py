"""The packaged jingles: made by the committed program, small, short, of one loudness, in tune and without clicks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tts_render
from tests.kit.documents import ROOT
from tools.make_sounds import write_all
from tts_render.sound.audio import decibels, open_sound
from tts_render.sound.loudness import measure

PAGES = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("voices.md", "voices.ja.md")]
FOLDER = Path(tts_render.__file__).parent / "settings" / "sounds"
SECONDS = {"opening": 3.4, "bumper": 1.4, "ending": 4.4}
F_MAJOR = {5, 7, 9, 10, 0, 2, 4}


@pytest.mark.parametrize("name", SECONDS)
def test_the_program_makes_the_very_sounds_that_are_packaged(name: str, tmp_path: Path) -> None:
    write_all(tmp_path)
    made, packaged = (soundfile.read(folder / f"{name}.flac", dtype="int16")[0] for folder in (tmp_path, FOLDER))
    assert made.shape == packaged.shape
    last_bit = 1  # what another processor's sine may differ by
    assert np.abs(made.astype(int) - packaged).max() <= last_bit


@pytest.mark.parametrize("name", SECONDS)
def test_a_jingle_is_as_long_as_its_page_says_mono_and_at_minus_20_lufs(name: str) -> None:
    sound = open_sound(FOLDER / f"{name}.flac")
    assert sound.frames / sound.rate == pytest.approx(SECONDS[name], abs=0.001)
    assert (sound.rate, sound.channels) == (44100, 1)
    for page in PAGES:
        assert re.search(rf"`builtin:{name}`[(（]{SECONDS[name]} (s|秒)[)）]", page.replace("` (", "`("))
    loud = measure([sound.load().samples], sound.rate, sound.channels)
    assert loud.integrated == pytest.approx(-20, abs=0.1)
    assert loud.true_peak < -6


@pytest.mark.parametrize("name", SECONDS)
def test_a_jingle_begins_and_ends_in_silence_and_has_no_click(name: str) -> None:
    samples = open_sound(FOLDER / f"{name}.flac").load().samples[:, 0]
    assert samples[0] == samples[-1] == 0
    assert decibels(float(np.abs(samples[-441:]).max())) < -50
    assert np.abs(samples[:44]).max() < 0.05, "the first millisecond"
    second_difference = np.abs(np.diff(samples, 2)).max()
    assert second_difference < 0.02, "a click is a corner; that of the highest partials at this level is 0.012"


@pytest.mark.parametrize("name", SECONDS)
def test_a_jingle_dies_away_and_is_not_cut_off(name: str) -> None:
    samples = open_sound(FOLDER / f"{name}.flac").load().samples[:, 0]
    tenths = samples[: len(samples) // 4410 * 4410].reshape(-1, 4410)
    levels = np.sqrt(np.square(tenths).mean(axis=1))
    assert (np.diff(levels[-6:]) < 0).all()
    assert decibels(float(levels[-1] / levels.max())) < -40


@pytest.mark.parametrize("name", SECONDS)
def test_its_notes_are_those_of_f_major(name: str) -> None:
    samples = open_sound(FOLDER / f"{name}.flac").load().samples[:, 0]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 19))
    frequencies = np.fft.rfftfreq(1 << 19, 1 / 44100)
    for _ in range(6):
        loudest = int(spectrum.argmax())
        note = 69 + 12 * np.log2(frequencies[loudest] / 440)
        assert abs(note - round(note)) < 0.25
        assert round(note) % 12 in F_MAJOR
        spectrum[np.abs(frequencies - frequencies[loudest]) < 12] = 0


def test_all_jingles_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.flac")) < 200_000
