"""Levelling: speakers who are not equally loud by themselves are so in the episode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.kit import fake_engine
from tests.kit.fake_voice import synthesize
from tests.kit.signals import in_blocks, speech_like
from tests.kit.site_kit import VOICES, SiteKit
from tts_render.ground.units import Frames
from tts_render.mix.levelling import MOST_LEVELLING, VoiceMeters, even_out
from tts_render.mix.metering import check_sound
from tts_render.mix.timeline import Placement, Timeline
from tts_render.sound.audio import Clip, decibels
from tts_render.sound.loudness import LoudnessMeter, measure
from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.kit.fake_engine import FakeEngine
    from tts_render.sound.audio import Samples

RATE = 24000


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


def spoken(level: float, seed: int, seconds: float = 4.0) -> Samples:
    return speech_like(seconds, RATE, seed=seed) * np.float32(level)


def fed(*parts: tuple[str, float, Samples]) -> VoiceMeters:
    meters = VoiceMeters()
    for voice, volume, samples in parts:
        meters.add(voice, volume, Clip(samples, RATE))
    return meters


def loudness(*parts: Samples) -> float:
    return measure(in_blocks(np.concatenate(parts)), RATE, 1).integrated


def test_voices_become_as_loud_as_the_main_one() -> None:
    loud, quiet, third = (
        [spoken(level, seed + n) for n in range(3)] for seed, level in ((0, 0.8), (10, 0.1), (20, 0.3))
    )
    clips = [
        (voice, 1.0, clip)
        for trio in zip(loud, quiet, third, strict=True)
        for voice, clip in zip("abc", trio, strict=True)
    ]
    gains = fed(*clips).gains("b")
    assert gains["b"] == 1.0
    levels = [
        loudness(*(c * np.float32(gains[v]) for c in own)) for v, own in zip("abc", (loud, quiet, third), strict=True)
    ]
    assert levels == pytest.approx([loudness(*quiet)] * 3, abs=0.05)


def test_a_volume_that_was_set_still_holds() -> None:
    whole = spoken(0.3, 1)
    half, quarter = whole * np.float32(0.5), whole * np.float32(0.25)
    gains = fed(("a", 1.0, whole), ("b", 0.5, half), ("b", 0.25, quarter)).gains("a")
    assert gains["a"] == 1.0
    assert decibels(gains["b"]) == pytest.approx(0, abs=0.1)


def test_where_the_main_voice_is_silent_the_first_one_counts() -> None:
    gains = fed(("b", 1.0, spoken(0.4, 1)), ("c", 1.0, spoken(0.2, 1))).gains("a")
    assert gains["b"] == 1.0
    assert decibels(gains["c"]) == pytest.approx(6.02, abs=0.01)


def test_what_cannot_be_measured_is_left_alone() -> None:
    silence = np.zeros((RATE, 1), np.float32)
    short = spoken(0.5, 3)[: RATE // 4]
    gains = fed(("a", 1.0, spoken(0.4, 1)), ("b", 1.0, silence), ("c", 1.0, short)).gains("a")
    assert gains == {"a": 1.0, "b": 1.0, "c": 1.0}
    assert fed(("a", 1.0, silence), ("b", 1.0, silence)).gains("a") == {"a": 1.0, "b": 1.0}
    assert VoiceMeters().gains("a") == {}


def test_hiss_is_not_raised_without_end() -> None:
    gains = fed(("a", 1.0, spoken(0.5, 1)), ("b", 1.0, spoken(0.004, 2))).gains("a")
    assert decibels(gains["b"]) == pytest.approx(MOST_LEVELLING)


def test_the_loudness_of_all_speech_is_that_of_the_levelled_voices() -> None:
    first, second = spoken(0.6, 1), spoken(0.06, 2)
    meters = fed(("a", 1.0, first), ("b", 1.0, second))
    gains = meters.gains("a")
    together = loudness(first, second * np.float32(gains["b"]))
    assert meters.loudness(gains, 1) == pytest.approx(together, abs=0.05)
    assert meters.loudness(gains, 2) == pytest.approx(together + 3.01, abs=0.05)


def test_only_words_get_a_gain() -> None:
    def place(voice: str | None) -> Placement:
        said = None if voice is None else Utterance(0, "あ", "あ", voice, 1, end_of_sentence=True)
        return Placement(Frames(0), Frames(10), Held(np.zeros((10, 1), np.float32)), 0.5, utterance=said)

    levelled = even_out(Timeline((place("a"), place(None), place("b")), RATE), {"a": 1.0, "b": 2.0})
    assert [placement.gain for placement in levelled.placements] == [0.5, 0.5, 1.0]


@pytest.fixture
def unlike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles of the stand-in voice that are 12 dB apart."""

    def uneven(query: dict[str, Any], style: int, *, whole_steps: bool) -> NDArray[np.int16]:
        louder = query["volumeScale"] * (0.4 if style == 8 else 1.6)
        return synthesize(query | {"volumeScale": louder}, style, whole_steps=whole_steps)

    monkeypatch.setattr(fake_engine, "synthesize", uneven)


DIALOGUE = """\
ずんだもん：おはようございます、今日は鍵の話をするのだ。
つむぎ：鍵を二つに分けると、片方は配ってよくなります。
ずんだもん：それは知らなかったのだ、すごいのだ。
つむぎ：それでは、また明日お会いしましょう。
"""


def stems(site: SiteKit, ends: list[tuple[int, int, str]]) -> dict[str, float]:
    """Loudness of each voice in the MP3, by where the timeline says that it speaks."""
    samples, rate = soundfile.read(site.audio, dtype="float32", always_2d=True)
    found = {}
    for voice in {voice for *_, voice in ends}:
        meter = LoudnessMeter(rate, 1)
        for start, end, speaker in ends:
            if speaker == voice:
                meter.add(samples[start:end])
        found[voice] = meter.integrated()
    return found


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.mark.usefixtures("unlike")
@pytest.mark.parametrize("volume", [1.0, 0.5])
def test_two_speakers_are_equally_loud_in_the_mp3(
    site: SiteKit, volume: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[tuple[int, int, str]] = []

    def watched(*args: Any, **named: Any) -> Any:
        checked = check_sound(*args, **named)
        places.extend((p.start, p.end, p.utterance.voice) for p in checked.timeline.placements if p.utterance)
        return checked

    monkeypatch.setattr("tts_render.run.crew.check_sound", watched)
    settings = VOICES.replace("ノーマル, aliases", f"ノーマル, volume: {volume}, aliases")
    (site.root / "voices.yaml").write_text(settings, encoding="utf-8")
    site.script.write_text(DIALOGUE, encoding="utf-8")
    result = site.run("render", site.post)
    assert result.code == 0, result.err
    levels = stems(site, places)
    assert set(levels) == {"ずんだもん", "春日部つむぎ"}
    expected = 20 * np.log10(volume)
    assert levels["春日部つむぎ"] - levels["ずんだもん"] == pytest.approx(expected, abs=0.5)
