"""Mixdown: every sound at its frame, summed, as soon as it can be, and in little memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.signals import tone
from tts_render.ground.errors import SoundError
from tts_render.ground.units import Frames, conform_frames
from tts_render.mix import mixdown
from tts_render.mix.mixdown import mix
from tts_render.mix.timeline import Placement
from tts_render.sound.audio import BLOCK_FRAMES, Clip, SoundFile, conform, open_sound, shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.sound.audio import Samples

RATE = 44100


@dataclass(frozen=True)
class Held:
    """A source whose samples the test made."""

    samples: Samples
    rate: int = RATE

    @property
    def frames(self) -> Frames:
        return Frames(len(self.samples))

    def load(self) -> Clip:
        return Clip(self.samples, self.rate)


def place(start: int, samples: Samples, rate: int = RATE, *, gain: float = 1.0, fade: int = 0) -> Placement:
    frames = conform_frames(Frames(len(samples)), rate, RATE)
    return Placement(Frames(start), frames, Held(samples, rate), gain, Frames(fade), Frames(fade))


def until(start: int) -> Placement:
    return Placement(Frames(start), Frames(0), None)


def mixed(*placements: Placement, channels: int = 1) -> Samples:
    return np.concatenate([*mix(placements, rate=RATE, channels=channels), np.zeros((0, channels), np.float32)])


def noise(frames: int, seed: int) -> Samples:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, 1)).astype(np.float32)


def test_each_sound_stands_at_its_frame_with_silence_between() -> None:
    first, second = noise(1000, 1), noise(500, 2)
    whole = mixed(place(300, first), place(2000, second), until(4000))
    assert whole.shape == (4000, 1)
    assert np.array_equal(whole[300:1300], first)
    assert np.array_equal(whole[2000:2500], second)
    assert not whole[:300].any()
    assert not whole[1300:2000].any()
    assert not whole[2500:].any()


def test_sounds_that_overlap_are_added() -> None:
    first, second = noise(1000, 1), noise(1000, 2)
    whole = mixed(place(0, first), place(400, second))
    assert whole.shape == (1400, 1)
    assert np.array_equal(whole[400:1000], first[400:] + second[:600])


def test_gain_and_fades_are_applied_after_conforming() -> None:
    ones = np.ones((2400, 1), np.float32)
    whole = mixed(place(0, ones, 24000, gain=0.25, fade=441))
    assert np.array_equal(
        whole, shape(conform(Clip(ones, 24000), RATE, 1).samples, gain=0.25, fade_in=441, fade_out=441)
    )
    assert len(whole) == 4410


def test_a_mono_clip_fills_both_channels_of_a_stereo_mix() -> None:
    sound = noise(1000, 1)
    assert np.array_equal(mixed(place(0, sound), channels=2), np.repeat(sound, 2, axis=1))


def test_nothing_gives_nothing_and_a_mark_alone_gives_silence() -> None:
    assert len(mixed()) == 0
    assert mixed(until(100)).shape == (100, 1)


def test_everything_before_a_placement_is_there_before_the_next_is_asked_for() -> None:
    asked: list[int] = []

    def slowly() -> Iterator[Placement]:
        for index in range(3):
            asked.append(index)
            yield place(index * 1000, noise(1000, index))

    heard = 0
    for block in mix(slowly(), rate=RATE, channels=1):
        heard += len(block)
        if heard == 1000:
            assert asked == [0, 1]
    assert heard == 3000


PLACEMENTS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 900), st.sampled_from([24000, RATE])), max_size=12)


@settings(deadline=None, max_examples=40)
@given(PLACEMENTS, st.integers(1, 700), st.integers(1, 2))
def test_the_sum_does_not_depend_on_blocks(sounds: list[tuple[int, int, int]], block: int, channels: int) -> None:
    start = 0
    placements = []
    for index, (gap, frames, rate) in enumerate(sounds):
        start += gap
        placements.append(place(start, noise(frames, index), rate))
    whole = mixed(*placements, channels=channels)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixdown, "BLOCK_FRAMES", block)
        blocks = list(mix(placements, rate=RATE, channels=channels))
    assert all(0 < len(part) <= block for part in blocks)
    assert np.array_equal(np.concatenate([*blocks, whole[:0]]), whole)


def test_blocks_are_bounded_whatever_stands_between_two_sounds() -> None:
    blocks = list(mix([place(10 * RATE, noise(10, 0)), until(60 * RATE)], rate=RATE, channels=1))
    assert max(map(len, blocks)) <= BLOCK_FRAMES
    assert sum(map(len, blocks)) == 60 * RATE


def test_placements_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="came after"):
        mixed(place(1000, noise(10, 0)), place(999, noise(10, 0)))


def test_a_sound_that_does_not_fit_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440, 0.5), RATE)
    with pytest.raises(SoundError, match="does not fit") as caught:
        mixed(Placement(Frames(0), Frames(100), open_sound(path)))
    assert caught.value.path == path


def test_a_bumper_is_read_once_and_sounds_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bumper.wav"
    soundfile.write(path, tone(440, 0.5, 48000), 48000)
    bumper = open_sound(path)
    frames = conform_frames(bumper.frames, bumper.rate, RATE)
    reads: list[Path] = []
    load = SoundFile.load

    def counted(self: SoundFile) -> Clip:
        reads.append(self.path)
        return load(self)

    monkeypatch.setattr(SoundFile, "load", counted)
    places = [Placement(Frames(n * 50_000), frames, bumper, 0.5, Frames(100), Frames(100)) for n in range(3)]
    whole = mixed(*places)
    assert reads == [path]
    assert whole[:frames].any()
    assert np.array_equal(whole[:frames], whole[50_000 : 50_000 + frames])
    assert np.array_equal(whole[:frames], whole[100_000 : 100_000 + frames])


def test_memory_does_not_grow_with_the_length() -> None:
    speech = noise(24000 * 3, 0)

    def episode(minutes: int) -> Iterator[Placement]:
        for index in range(minutes * 20):
            yield place(index * 3 * RATE, speech, 24000)

    def peak(minutes: int) -> int:
        tracemalloc.start()
        frames = sum(len(block) for block in mix(episode(minutes), rate=RATE, channels=1))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert frames == minutes * 60 * RATE
        return highest

    assert peak(20) < 1.1 * peak(2)


def cut(samples: Samples, start: int, *, sound: str | None) -> Placement:
    return Placement(Frames(start), Frames(len(samples)), Held(samples), sound=sound)


def steepest(whole: Samples) -> float:
    return float(np.abs(np.diff(whole[:, 0], prepend=0, append=0)).max())


def test_a_jingle_that_was_cut_out_of_something_does_not_click() -> None:
    wave = np.roll(tone(300, 0.5), 37, axis=0)  # begins and ends in the middle of a cycle
    own = float(np.abs(np.diff(wave[1000:2000, 0])).max())
    assert abs(wave[0, 0]) > 0.3
    assert steepest(mixed(cut(wave, 100, sound=None), until(30_000))) > 10 * own
    faded = mixed(cut(wave, 100, sound="jingle"), until(30_000))
    assert steepest(faded) < 1.3 * own
    edge = round(0.005 * RATE) + 1
    assert np.array_equal(faded[100 + edge : 100 + len(wave) - edge], wave[edge:-edge])


def test_a_jingle_that_begins_and_ends_in_silence_is_left_alone() -> None:
    wave = shape(tone(300, 0.5), fade_in=2000, fade_out=2000)
    assert np.array_equal(mixed(cut(wave, 0, sound="jingle")), wave)


def test_a_jingle_may_end_under_the_words_and_another_begin_there() -> None:
    opening, words, ending = noise(3000, 1), noise(4000, 2), noise(2000, 3)
    places = [cut(opening, 0, sound=None), cut(words, 2000, sound=None), cut(ending, 5000, sound=None)]
    whole = mixed(*places)
    assert np.array_equal(whole[2000:3000], opening[2000:] + words[:1000])
    assert np.array_equal(whole[5000:6000], words[3000:] + ending[:1000])
