"""Utterances as the stand-in engine would speak them, placed on a timeline without a sample being made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.kit.fake_voice import to_phrases
from tts_render.engine.base import MoraTime, Scales
from tts_render.engine.moras import read_phrases
from tts_render.engine.voicevox.lengths import predict
from tts_render.ground.units import Frames
from tts_render.mix.timeline import Jingles, Placement, Timeline, arrange
from tts_render.settings.config import Pacing
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.sound.audio import Clip

RATE = 44100
CLIP_RATE = 24000


@dataclass(frozen=True)
class Heard:
    """A clip of the stand-in engine, without its samples."""

    frames: Frames
    rate: int
    moras: tuple[MoraTime, ...]

    def load(self) -> Clip:
        raise AssertionError("nobody asked for samples")


@dataclass(frozen=True)
class Silent:
    """A jingle without its samples."""

    frames: Frames
    rate: int

    def load(self) -> Clip:
        raise AssertionError("nobody asked for samples")


@dataclass(frozen=True)
class Said:
    utterance: Utterance
    source: Heard


def hear(text: str, speed: float = 1.0) -> Heard:
    """What the stand-in engine makes of ``text``."""
    prediction = predict(read_phrases({"accent_phrases": to_phrases(text, {}, 3)}), Scales(speed=speed))
    frames = prediction.total * 256
    return Heard(Frames(frames), CLIP_RATE, prediction.times(frames))


def tell(placement: Placement) -> tuple[MoraTime, ...]:
    assert isinstance(placement.source, Heard)
    return placement.source.moras


def lay(
    items: Sequence[CastItem], *, speed: float = 1.0, pacing: Pacing | None = None, jingles: Jingles | None = None
) -> Timeline:
    """A timeline of ``items``."""
    said = [Said(i, hear(i.text, speed)) for i in items if isinstance(i, Utterance)]
    return Timeline(tuple(arrange(items, said, jingles or Jingles(), pacing or Pacing(), rate=RATE)), RATE)


def say(*texts: str, voice: str = "声") -> list[CastItem]:
    return [Utterance(at, text, text, voice, at + 1, True) for at, text in enumerate(texts)]
