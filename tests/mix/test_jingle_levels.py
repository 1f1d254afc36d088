"""Jingles are 2 LU under the speech of their episode, whatever their files are, and as their settings ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.kit.signals import ffmpeg_loudness, needs_ffmpeg, tone
from tests.kit.site_kit import VOICES, SiteKit
from tts_render.ground.units import Frames
from tts_render.mix.levelling import level_jingles
from tts_render.mix.metering import Checked, check_sound
from tts_render.mix.timeline import Placement, Timeline
from tts_render.sound.audio import amplitude, decibels, open_sound
from tts_render.sound.loudness import measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tts_render.sound.audio import Samples

RATE = 44100
UNDER = -2.0  # LU
SHORT = 0.2  # seconds

SCRIPT = """\
おはようございます。朝の技術だよりの時間です。
今日は鍵の話をします！<audio src="placed"/>
鍵を二つに分けると、片方は配ってよくなります。
----
それでは、また明日お会いしましょう。
"""


def chord(seconds: float, loudness: float) -> Samples:
    """Three notes that fade in and out, at an exact loudness; over full scale where it has to be."""
    sound = np.sum([tone(hertz, seconds, level=0.2) for hertz in (523.25, 659.26, 783.99)], axis=0)
    edge = np.minimum(1.0, np.arange(len(sound)) / 2205)[:, np.newaxis]
    shaped = np.asarray(sound * edge * edge[::-1], dtype=np.float32)
    return shaped * np.float32(amplitude(loudness - measure([shaped], RATE, 1).integrated))


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def rendered(site: SiteKit, sounds: dict[str, Samples], settings: str = "", master: str = "") -> Timeline:
    """Where everything sits in the MP3 that was made with these four sounds."""
    entries = ""
    for name, samples in sounds.items():
        soundfile.write(site.root / f"{name}.wav", samples, RATE, subtype="FLOAT")
        entries += f"  {name}: {{file: {name}.wav{settings}}}\n"
    top = VOICES.partition("sounds:")[0] + f"sounds:\n{entries}"
    show = "shows:\n  - {opening: opening, between_sections: bumper, ending: ending}\n"
    (site.root / "voices.yaml").write_text(top + show + master, encoding="utf-8")
    site.script.write_text(SCRIPT, encoding="utf-8")
    seen: list[Checked] = []

    def watched(*args: Any, **named: Any) -> Checked:
        seen.append(check_sound(*args, **named))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts_render.run.crew.check_sound", watched)
        result = site.run("render", site.post, "--force")
    assert result.code == 0, result.err
    (checked,) = seen
    return checked.timeline


def heard(site: SiteKit, parts: Sequence[Placement]) -> float:
    """What ffmpeg measures in these parts of the MP3, one after the other; with silence where they are too short."""
    samples, rate = soundfile.read(site.audio, dtype="float32", always_2d=True)
    cut = [samples[part.start : part.end] for part in parts]
    file = site.root / "heard.wav"
    missing = max(0, rate * 2 // 5 - sum(map(len, cut)))
    soundfile.write(file, np.concatenate([*cut, np.zeros((missing, samples.shape[1]))]), rate, subtype="FLOAT")
    return ffmpeg_loudness(file)[0]


def under_speech(site: SiteKit, timeline: Timeline) -> dict[str, float]:
    """For each jingle, how much louder than the speech it is in the MP3."""
    speech = heard(site, timeline.speech)
    jingles = [placement for placement in timeline.placements if placement.sound is not None]
    return {str(jingle.sound): heard(site, [jingle]) - speech for jingle in jingles}


@needs_ffmpeg
@pytest.mark.parametrize("level", [-40, -12, -3])
def test_a_jingle_is_two_lu_under_the_speech_whatever_its_file(site: SiteKit, level: float) -> None:
    names = ("opening", "placed", "bumper", "ending")
    sounds = {name: chord(seconds, level) for name, seconds in zip(names, (3.0, 1.0, 1.2, 4.0), strict=True)}
    timeline = rendered(site, sounds)
    assert under_speech(site, timeline) == pytest.approx(dict.fromkeys(names, UNDER), abs=0.5)
    integrated, peak = ffmpeg_loudness(site.audio)
    assert integrated == pytest.approx(-16, abs=0.2)
    assert peak <= -1


@needs_ffmpeg
def test_in_stereo_the_same_holds(site: SiteKit) -> None:
    left = np.hstack([chord(3.0, -25), np.zeros((3 * RATE, 1), np.float32)])
    both = np.repeat(chord(3.0, -25), 2, axis=1)
    sounds = {"opening": left, "placed": both, "bumper": chord(1.0, -25), "ending": both}
    timeline = rendered(site, sounds, master="master: {channels: 2}\n")
    assert under_speech(site, timeline) == pytest.approx(dict.fromkeys(sounds, UNDER), abs=0.5)


@needs_ffmpeg
def test_a_jingle_too_short_for_an_integrated_loudness_is_taken_by_the_400_ms_that_hold_it(site: SiteKit) -> None:
    short = chord(1.0, -30)[: round(SHORT * RATE)]
    names = ("opening", "placed", "bumper", "ending")
    timeline = rendered(site, dict.fromkeys(names, short))
    assert under_speech(site, timeline) == pytest.approx(dict.fromkeys(names, UNDER), abs=0.5)


@needs_ffmpeg
def test_its_gain_comes_on_top(site: SiteKit) -> None:
    names = ("opening", "placed", "bumper", "ending")
    timeline = rendered(site, {name: chord(1.5, -9) for name in names}, ", gain: -6")
    assert under_speech(site, timeline) == pytest.approx(dict.fromkeys(names, UNDER - 6), abs=0.5)


@needs_ffmpeg
def test_as_is_leaves_the_level_of_the_file_beside_that_of_the_speech_as_it_was_spoken(site: SiteKit) -> None:
    sounds = {name: chord(1.5, level) for name, level in (("opening", -30), ("placed", -30), ("bumper", -24))}
    timeline = rendered(site, sounds | {"ending": chord(1.5, -24)}, ", level: as-is")
    assert {placement.gain for placement in timeline.placements if placement.sound} == {1.0}
    spoken = [placement.source.load().samples for placement in timeline.speech if placement.source]
    speech = measure(spoken, 24000, 1).integrated
    expected = {"opening": -30 - speech, "placed": -30 - speech, "bumper": -24 - speech, "ending": -24 - speech}
    assert under_speech(site, timeline) == pytest.approx(expected, abs=0.5)


def test_another_level_is_a_new_episode(site: SiteKit) -> None:
    def changed(settings: str) -> bool:
        text = VOICES.replace("opening: builtin:opening", f"opening: {{file: builtin:opening{settings}}}")
        (site.root / "voices.yaml").write_text(text, encoding="utf-8")
        return bool(site.run("render", site.post, "--json").json[0]["changed"])

    assert changed("")
    assert not changed(", level: speech")
    assert changed(", level: as-is")


def place(path: Path, samples: Samples) -> Placement:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    sound = open_sound(path)
    return Placement(Frames(0), sound.frames, sound, 0.5, sound="x")


def test_silence_is_not_raised_and_nothing_is_where_nobody_speaks(tmp_path: Path) -> None:
    silence = place(tmp_path / "silence.wav", np.zeros((RATE, 1), np.float32))
    noise = place(tmp_path / "hiss.wav", chord(1.0, -75))
    sound = place(tmp_path / "sound.wav", chord(1.0, -20))

    def gain(placement: Placement, speech: float) -> float:
        (levelled,) = level_jingles(Timeline((placement,), RATE), {"x"}, speech, 1).placements
        return levelled.gain

    assert gain(silence, -20.0) == gain(noise, -20.0) == 0.5
    assert gain(sound, -np.inf) == gain(silence, -np.inf) == 0.5
    assert decibels(gain(sound, -23.0) / 0.5) == pytest.approx(-5.0, abs=0.02)


def test_a_sound_is_as_loud_wherever_it_is_cut_or_fades(tmp_path: Path) -> None:
    sound = place(tmp_path / "sound.wav", chord(3.0, -30))
    faded = Placement(sound.start, sound.frames, sound.source, 0.5, fade_out=sound.frames, sound="x")
    levelled = level_jingles(Timeline((sound, faded), RATE), {"x"}, -20.0, 1).placements
    assert levelled[0].gain == levelled[1].gain
