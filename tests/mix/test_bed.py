"""Beds: music under the words, as loud as it is said to be, without clicks, and in little memory."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.kit.signals import in_blocks, speech_like, tone
from tests.kit.site_kit import VOICES, SiteKit
from tts_render.ground.errors import SoundError
from tts_render.ground.units import Frames
from tts_render.mix.bed import Bed, lay_bed, make_bed, open_music, place_bed
from tts_render.mix.metering import Checked, check_sound
from tts_render.mix.mixdown import mix
from tts_render.mix.timeline import Placement, Timeline
from tts_render.settings.bed import BedSettings
from tts_render.sound.audio import Clip, conform, decibels, open_sound
from tts_render.sound.loudness import measure
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine
    from tts_render.mix.bed import Music
    from tts_render.sound.audio import Samples

RATE = 44100
PLAIN = BedSettings("music", fade_in=0.5, fade_out=0.5, crossfade=0.5)


@dataclass(frozen=True)
class Held:
    """A source whose samples the test made."""

    samples: Samples

    @property
    def frames(self) -> Frames:
        return Frames(len(self.samples))

    @property
    def rate(self) -> int:
        return RATE

    def load(self) -> Clip:
        return Clip(self.samples, RATE)


def spoken(start: float, seconds: float, seed: int = 0) -> Placement:
    said = Utterance(0, "あ", "あ", "声", 1, end_of_sentence=True)
    source = Held(speech_like(seconds, seed=seed) * np.float32(0.4))
    return Placement(Frames(round(start * RATE)), source.frames, source, utterance=said)


def jingle(start: float, seconds: float) -> Placement:
    source = Held(tone(300, seconds))
    return Placement(Frames(round(start * RATE)), source.frames, source, sound="jingle")


def until(seconds: float) -> Placement:
    return Placement(Frames(round(seconds * RATE)), Frames(0), None)


def noise(seconds: float, channels: int = 1, rate: int = RATE) -> Samples:
    """Music that is the same everywhere."""
    random = np.random.default_rng(5).standard_normal((round(seconds * rate), channels))
    return (random * 0.05).astype(np.float32)


def music(folder: Path, samples: Samples, settings: BedSettings = PLAIN, rate: int = RATE) -> Music:
    path = folder / "music.wav"
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return open_music(path, settings)


def loudness(samples: Samples) -> float:
    return measure(in_blocks(samples), RATE, samples.shape[1]).integrated


def dry(timeline: Timeline, channels: int = 1) -> Samples:
    return np.concatenate(list(mix(timeline.placements, rate=RATE, channels=channels)))


def speech_of(timeline: Timeline, channels: int = 1) -> float:
    whole = dry(timeline, channels)
    return loudness(np.concatenate([whole[place.start : place.end] for place in timeline.speech]))


def bed_of(found: Music, timeline: Timeline, channels: int = 1) -> Bed:
    bed = make_bed(found, timeline, speech_of(timeline, channels), channels=channels)
    assert bed is not None
    return bed


def alone(bed: Bed, frames: int, channels: int = 1, block: int = 1 << 16) -> Samples:
    """What the bed adds."""
    silence = np.zeros((frames, channels), np.float32)
    return np.concatenate(list(lay_bed(in_blocks(silence, block), bed, rate=RATE, channels=channels)))


TALK = Timeline((spoken(1, 5, 1), spoken(9, 5, 2), until(15)), RATE)


@pytest.mark.parametrize("level", [-20.0, -14.0, -30.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_bed_is_as_far_under_the_speech_as_stated(tmp_path: Path, level: float, channels: int) -> None:
    bed = bed_of(music(tmp_path, noise(4, 2), replace(PLAIN, level=level)), TALK, channels)
    added = alone(bed, TALK.frames, channels)
    under = np.concatenate([added[place.start : place.end] for place in TALK.speech])
    assert loudness(under) - speech_of(TALK, channels) == pytest.approx(level, abs=0.5)


def test_the_level_is_measured_on_all_of_the_music(tmp_path: Path) -> None:
    samples = np.concatenate([noise(2) * np.float32(0.1), noise(6)])
    gain = bed_of(music(tmp_path, samples, replace(PLAIN, level=-14)), TALK).gain(0, TALK.frames)
    (first, _) = TALK.speech
    assert decibels(gain[first.start + RATE, 0]) == pytest.approx(speech_of(TALK) - 14 - loudness(samples), abs=0.01)


def test_it_rises_in_a_gap_by_what_it_was_ducked(tmp_path: Path) -> None:
    bed = bed_of(music(tmp_path, noise(4), replace(PLAIN, duck=9)), TALK)
    added = alone(bed, TALK.frames)
    between = added[round(6.7 * RATE) : round(8.6 * RATE)]
    assert loudness(between) - speech_of(TALK) == pytest.approx(-20 + 9, abs=0.5)
    gain = bed.gain(0, TALK.frames)[:, 0]
    first, second = TALK.speech
    assert decibels(gain[first.end + 26460] / gain[first.end]) == pytest.approx(9, abs=0.01)
    assert gain[second.start - 13230] == gain[first.end + 26460]
    assert np.ptp(gain[first.start : first.end]) == np.ptp(gain[second.start : second.end]) == 0


def test_it_stays_down_in_a_short_gap_and_under_a_jingle(tmp_path: Path) -> None:
    short = Timeline((spoken(1, 3), spoken(4.8, 3), until(9)), RATE)
    filled = Timeline((spoken(1, 3), jingle(4.2, 3), spoken(7.5, 3), until(12)), RATE)
    for timeline in (short, filled):
        bed = bed_of(music(tmp_path, noise(4)), timeline)
        first, *_, last = timeline.speech
        assert np.ptp(bed.gain(first.start, last.end)) == 0


def test_a_constant_bed_is_constant(tmp_path: Path) -> None:
    bed = bed_of(music(tmp_path, noise(4), replace(PLAIN, duck=0)), TALK)
    first, last = TALK.speech
    assert np.ptp(bed.gain(first.start, last.end)) == 0


def test_it_fades_in_before_the_words_and_out_after_them(tmp_path: Path) -> None:
    bed = bed_of(music(tmp_path, noise(4)), TALK)
    first, last = TALK.speech
    assert (bed.start, bed.end) == (first.start - RATE // 2, last.end + RATE // 2)
    added = alone(bed, TALK.frames)
    assert not added[: bed.start].any()
    assert not added[bed.end :].any()
    gain = bed.gain(bed.start, bed.end)[:, 0]
    assert np.all(np.diff(gain[: RATE // 2]) > 0)
    assert np.all(np.diff(gain[-RATE // 2 :]) < 0)


def test_without_room_it_fades_under_the_words(tmp_path: Path) -> None:
    tight = Timeline((spoken(0, 3), until(3)), RATE)
    bed = bed_of(music(tmp_path, noise(4)), tight)
    assert (bed.start, bed.end) == (0, tight.frames)
    gain = bed.gain(0, tight.frames)[:, 0]
    assert gain[0] == 0
    assert gain[-1] < 0.001 * gain[RATE]


@pytest.mark.parametrize("crossfade", [0.0, 0.5, 10.0])
def test_laps_join_without_a_click(tmp_path: Path, crossfade: float) -> None:
    wave = tone(220.3, 1.71)
    settings = replace(PLAIN, crossfade=crossfade, duck=0)
    bed = bed_of(music(tmp_path, wave, settings), TALK)
    added = alone(bed, TALK.frames)
    level = bed.gain(TALK.speech[0].start, TALK.speech[0].start + 1)[0, 0]
    jumps = np.abs(np.diff(added[:, 0])) / level
    # Two tones in quarter-sine fades add up to 1.41 of one at most; a fade of 5 ms adds its own slope.
    own = np.abs(np.diff(wave[:, 0])).max()
    assert jumps.max() < own * 1.5 + 0.5 * np.pi / 2 / (max(crossfade, 0.005) * RATE)
    assert jumps.max() < 0.5 / 10


def test_each_lap_is_the_music_again(tmp_path: Path) -> None:
    wave = noise(2)
    bed = bed_of(music(tmp_path, wave, replace(PLAIN, duck=0)), TALK)
    added = alone(bed, TALK.frames)[:, 0]
    lap, overlap = 2 * RATE - RATE // 2, RATE // 2
    level = bed.gain(TALK.speech[0].start, TALK.speech[0].start + 1)[0, 0]
    for number in range(1, 5):
        start = bed.start + number * lap + overlap
        assert np.allclose(added[start : start + lap - overlap], wave[overlap:lap, 0] * level, atol=1e-6)


@pytest.mark.parametrize("rate", [48000, 22050])
def test_it_is_resampled_as_any_other_sound_is(tmp_path: Path, rate: int) -> None:
    wave = noise(3, 2, rate)
    found = music(tmp_path, wave, replace(PLAIN, duck=0), rate)
    bed = bed_of(found, TALK)
    added = alone(bed, TALK.frames)
    whole = conform(open_sound(found.sound.path).load(), RATE, 1).samples
    level = bed.gain(TALK.speech[0].start, TALK.speech[0].start + 1)[0, 0]
    part = slice(RATE // 2, RATE * 2)
    heard = added[bed.start + part.start : bed.start + part.stop]
    assert np.abs(heard / level - whole[part]).max() < 1e-5


@pytest.mark.parametrize("seconds", [2, 70])
def test_the_sum_does_not_depend_on_blocks(tmp_path: Path, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts_render.mix.bed._KEPT_SECONDS", 3)
    bed = bed_of(music(tmp_path, noise(seconds, 2, 48000), rate=48000), TALK, 2)
    whole = alone(bed, TALK.frames, 2)
    for block in (997, 44100, 1 << 20):
        assert np.array_equal(alone(bed, TALK.frames, 2, block), whole)


def test_it_is_added_to_what_sounds_and_changes_nothing_it_was_given(tmp_path: Path) -> None:
    bed = bed_of(music(tmp_path, noise(4)), TALK)
    words = dry(TALK)
    before = words.copy()
    laid = np.concatenate(list(lay_bed(in_blocks(words), bed, rate=RATE, channels=1)))
    assert np.array_equal(words, before)
    assert np.allclose(laid, before + alone(bed, TALK.frames), atol=1e-6)


def test_ten_minutes_of_stereo_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    with soundfile.SoundFile(path, "w", 48000, 2) as file:
        file.write(noise(50, 2, 48000))
        for _ in range(55):
            file.write(np.zeros((480_000, 2), np.float32))
    timeline = Timeline((spoken(1, 5), spoken(30, 5), until(40)), RATE)
    tracemalloc.start()
    found = open_music(path, PLAIN)
    bed = bed_of(found, timeline, 2)
    for _ in lay_bed((np.zeros((1 << 16, 2), np.float32) for _ in range(40)), bed, rate=RATE, channels=2):
        pass
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.sound.frames == 600 * 48000
    assert highest < 60e6


@pytest.mark.parametrize(("late", "rises"), [(0, True), (1, False)])
def test_it_rises_before_the_first_words_only_where_that_gap_is_all_its_own(late: int, *, rises: bool) -> None:
    timeline = Timeline((jingle(0, 1), spoken(4 + late / RATE, 5), until(12)), RATE)
    place = place_bed(replace(PLAIN, fade_in=3, duck=9), timeline)
    assert place is not None
    assert place.start == RATE + late
    assert any(rise == 9 for _, rise in place.rises) is rises


def test_music_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="silent"):
        bed_of(music(tmp_path, np.zeros((RATE, 1), np.float32)), TALK)
    with pytest.raises(SoundError, match="empty"):
        music(tmp_path, np.zeros((0, 1), np.float32))
    with pytest.raises(SoundError, match="not numbers"):
        music(tmp_path, np.full((10, 1), np.nan, np.float32))
    with pytest.raises(SoundError, match="cannot be read:"):
        open_music(tmp_path / "missing.wav", PLAIN)
    (tmp_path / "text.ogg").write_text("no music", encoding="utf-8")
    with pytest.raises(SoundError, match="in pieces"):
        open_music(tmp_path / "text.ogg", PLAIN)


def test_music_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    bed = bed_of(music(tmp_path, noise(4)), TALK)
    music(tmp_path, noise(3))
    with pytest.raises(SoundError, match="changed"):
        alone(bed, TALK.frames)


def test_without_words_there_is_no_bed(tmp_path: Path) -> None:
    found = music(tmp_path, noise(4))
    assert make_bed(found, Timeline((jingle(0, 1),), RATE), -20.0, channels=1) is None
    assert make_bed(found, TALK, -np.inf, channels=1) is None


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def with_bed(site: SiteKit, bed: str) -> None:
    settings = VOICES.partition("sounds:")[0] + f"sounds: {{music: music.wav}}\nshows:\n  - bed: {bed}\n"
    (site.root / "voices.yaml").write_text(settings, encoding="utf-8")


def test_the_mp3_has_the_bed_at_its_level(site: SiteKit) -> None:
    with_bed(site, "")
    assert site.run("render", site.post).code == 0
    words, _ = soundfile.read(site.audio, dtype="float32", always_2d=True)
    soundfile.write(site.root / "music.wav", tone(440, 3), RATE, subtype="FLOAT")  # a low pass takes nothing from it
    with_bed(site, "{sound: music, level: -20, duck: 0, crossfade: 0}")
    result = site.run("render", site.post)
    assert result.code == 0, result.err
    both, _ = soundfile.read(site.audio, dtype="float32", always_2d=True)
    loud = np.abs(words[:, 0]) > 10 ** (-50 / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]]))).reshape(-1, 2)
    gaps = [(end, start) for (_, end), (start, _) in itertools.pairwise(edges) if start - end > RATE // 4]
    margin = RATE // 50
    between = np.concatenate([both[end + margin : start - margin] for end, start in gaps])
    speech = np.concatenate([words[gap[1] : following[0]] for gap, following in itertools.pairwise(gaps)])
    assert loudness(between) - loudness(speech) == pytest.approx(-20, abs=0.5)


def test_the_timeline_file_has_the_bed_as_it_sounds(site: SiteKit, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(site.root / "music.wav", noise(3), RATE)
    with_bed(site, "{sound: music, fade_in: 0.2, fade_out: 0.7, attack: 0.1, release: 0.2}")
    seen: list[Checked] = []

    def watched(*args: Any, **named: Any) -> Checked:
        seen.append(check_sound(*args, **named))
        return seen[-1]

    monkeypatch.setattr("tts_render.run.crew.check_sound", watched)
    assert site.run("render", site.post, "--also", "timeline").code == 0
    made = site.audio.with_suffix(".timeline.json").read_bytes()
    told = json.loads(made)["bed"]
    bed = seen[0].bed
    assert bed is not None
    assert (told["name"], told["start_frame"], told["end_frame"]) == ("music", bed.start, bed.end)
    at = np.arange(bed.start, bed.end)
    frames, levels = zip(*((point["frame"], point["level"]) for point in told["levels"]), strict=True)
    gain = np.interp(at, frames, 10 ** (np.array(levels) / 20))
    for fade, corners in (("fade_in", (0, 1)), ("fade_out", (1, 0))):
        gain *= np.interp(at, (told[fade]["start_frame"], told[fade]["end_frame"]), corners)
    heard = bed.gain(bed.start, bed.end)[:, 0]
    assert np.abs(gain - heard * (gain.max() / heard.max())).max() < 1e-6
    assert len(set(levels)) == 2
    site.audio.with_suffix(".timeline.json").unlink()  # made again without a look at the sound
    assert site.run("render", site.post, "--also", "timeline").code == 0
    assert site.audio.with_suffix(".timeline.json").read_bytes() == made
    assert len(seen) == 1


def test_a_changed_bed_is_a_new_episode_and_the_same_one_is_not(site: SiteKit) -> None:
    soundfile.write(site.root / "music.wav", noise(3), RATE)
    with_bed(site, "music")
    assert site.run("render", site.post, "--json").json[0]["changed"]
    assert not site.run("render", site.post, "--json").json[0]["changed"]
    with_bed(site, "{sound: music, level: -21}")
    assert site.run("render", site.post, "--json").json[0]["changed"]
    soundfile.write(site.root / "music.wav", noise(2), RATE)
    assert site.run("render", site.post, "--json").json[0]["changed"]


def test_a_bed_of_an_unknown_sound_is_named_with_its_line(site: SiteKit) -> None:
    with_bed(site, "{sound: musik}")
    result = site.run("render", site.post)
    assert result.code != 0
    assert "voices.yaml:8" in result.err
    assert "Did you mean music?" in result.err


def test_overlaps_are_rendered_and_a_changed_one_is_a_new_episode(site: SiteKit) -> None:
    def length(overlaps: str) -> float:
        settings = VOICES.replace("ending: ending}", "ending: ending" + overlaps + "}")
        (site.root / "voices.yaml").write_text(settings, encoding="utf-8")
        (receipt,) = site.run("render", site.post, "--json").json
        assert receipt["changed"]
        return float(receipt["duration_seconds"])

    apart = length("")
    assert length(", opening_overlap: 1.5") == pytest.approx(apart - 0.7 - 1.5, abs=0.001)
    assert length(", opening_overlap: 1.5, ending_overlap: 0.5") == pytest.approx(apart - 1.4 - 2, abs=0.001)


def test_a_sound_on_a_word_keeps_the_bed_down(site: SiteKit) -> None:
    settings = VOICES.partition("shows:")[0].replace("sounds:\n", "sounds:\n  music: music.wav\n")
    (site.root / "voices.yaml").write_text(settings + "shows:\n  - {bed: music}\n", encoding="utf-8")
    soundfile.write(site.root / "music.wav", noise(3), RATE)
    site.script.write_text(
        '前の話です。<audio src="bumper"/>次の話です。\nつむぎ：はい、そうです。\n', encoding="utf-8"
    )
    seen: list[Checked] = []

    def watched(*args: Any, **named: Any) -> Checked:
        seen.append(check_sound(*args, **named))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tts_render.run.crew.check_sound", watched)
        result = site.run("render", site.post)
    assert result.code == 0, result.err
    ((timeline, bed),) = [(checked.timeline, checked.bed) for checked in seen]
    assert bed is not None
    assert [place.sound for place in timeline.placements] == [None, "bumper", None, None, None]
    first, *_, last = timeline.speech
    assert np.ptp(bed.gain(first.start + RATE, last.end)) == 0  # it fades in during the first second
