"""Levelling: the gains that make all voices of an episode equally loud, and its jingles a little softer than that.

Speakers of one engine differ by several LU. If at least two voices speak, each gets one gain for the whole episode;
within a voice nothing changes, so a whisper remains a whisper. A ``volume`` in the settings is intentional: voices are
made equal without it, and then it is applied. Jingles follow the speech as a whole, whatever level their files have;
their own gain is added on top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tts_render.sound.audio import amplitude, conform
from tts_render.sound.loudness import LoudnessMeter, ProfileMeter, integrated

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from numpy.typing import NDArray

    from tts_render.ground.units import Decibels, Lufs
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.sound.audio import Clip, Source

__all__ = ["JINGLE_LEVEL", "MOST_LEVELLING", "VoiceMeters", "even_out", "level_jingles"]

JINGLE_LEVEL: Decibels = -2.0
"""Loudness of a levelled jingle relative to all speech, so that the words stay in the foreground."""

MOST_LEVELLING: Decibels = 20.0
"""The most that a voice is raised or lowered: a larger difference is not just a quiet recording."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Clips of one voice that were spoken at the same volume."""

    voice: str
    volume: float
    """Linear."""
    rate: int


class VoiceMeters:
    """A meter for each voice; feed it clip by clip, then ask. It keeps 800 bytes per second of speech."""

    def __init__(self) -> None:
        self._meters: dict[_Part, ProfileMeter] = {}

    def add(self, voice: str, volume: float, clip: Clip) -> None:
        """Take in a clip.

        Args:
            voice: who speaks.
            volume: the linear gain that the engine was asked for; above 0.
            clip: the clip as it was spoken, in one channel.
        """
        part = _Part(voice, volume, clip.rate)
        self._meters.setdefault(part, ProfileMeter(clip.rate, 1)).add(clip.samples)

    def gains(self, main: str) -> dict[str, float]:
        """Return a linear gain for each voice that makes it as loud as ``main``, their volumes aside.

        If ``main`` does not speak, the first voice added takes its place. Gains are in steps of 0.01 dB, at most 20 dB
        either way. A voice that is silent, or speaks for less than 0.4 s in total, is left as it is.
        """
        levels = {
            voice: self._loudness({voice}, own=True) for voice in dict.fromkeys(part.voice for part in self._meters)
        }
        heard = {voice: level for voice, level in levels.items() if math.isfinite(level)}
        if not heard:
            return dict.fromkeys(levels, 1.0)
        reference = heard.get(main, next(iter(heard.values())))
        return {
            voice: amplitude(max(-MOST_LEVELLING, min(MOST_LEVELLING, round(reference - level, 2))))
            if voice in heard
            else 1.0
            for voice, level in levels.items()
        }

    def loudness(self, gains: Mapping[str, float], channels: int) -> Lufs:
        """Integrated loudness of all speech with these ``gains``, in a mix of this many equal channels."""
        found = self._loudness({part.voice for part in self._meters}, gains=gains)
        return found + 10 * math.log10(channels)

    def _loudness(self, voices: set[str], *, own: bool = False, gains: Mapping[str, float] | None = None) -> Lufs:
        """Loudness of several voices together; ``own`` excludes what their volumes add."""

        def energies() -> Iterator[NDArray[np.float32]]:
            for part, meter in self._meters.items():
                if part.voice in voices:
                    gain = (gains or {}).get(part.voice, 1.0) / (part.volume if own else 1.0)
                    for piece in meter.profile().pieces:
                        yield (piece.energies * gain**2).astype(np.float32)

        return integrated(energies())


def even_out(timeline: Timeline, gains: Mapping[str, float]) -> Timeline:
    """The same timeline, with the gain of its voice on each utterance."""

    def levelled() -> Iterator[Placement]:
        for placement in timeline.placements:
            gain = 1.0 if placement.utterance is None else gains.get(placement.utterance.voice, 1.0)
            yield placement if gain == 1.0 else replace(placement, gain=placement.gain * gain)

    return replace(timeline, placements=tuple(levelled()))


def level_jingles(timeline: Timeline, names: Container[str], speech: Lufs, channels: int) -> Timeline:
    """The same timeline, with the jingles of these ``names`` 2 LU below the speech, their own gains on top.

    A jingle is measured whole and without its fades, so that a song is equally loud wherever it is cut. A jingle
    shorter than 0.4 s, too short for an integrated loudness, is measured by the 400 ms that contain it. Silent jingles
    (-70 LUFS) are left alone, and so is everything if nobody speaks.

    Args:
        timeline: its voices must have their gains.
        names: names of the jingles to level.
        speech: integrated loudness of all speech in the mix.
        channels: channels of the mix.

    Raises:
        TtsRenderError: a sound was changed while it was in use.
    """
    gains: dict[str, float] = {}

    def levelled() -> Iterator[Placement]:
        for placement in timeline.placements:
            name, source = placement.sound, placement.source
            if name is None or source is None or name not in names:
                yield placement
                continue
            if name not in gains:
                lacking = speech + JINGLE_LEVEL - _loudness(source, timeline.rate, channels)
                gains[name] = amplitude(round(lacking, 2)) if math.isfinite(lacking) else 1.0
            yield replace(placement, gain=placement.gain * gains[name])

    return replace(timeline, placements=tuple(levelled()))


def _loudness(source: Source, rate: int, channels: int) -> Lufs:
    """Loudness of a sound in a mix, up to its last sample; -inf for silence."""
    samples = conform(source.load(), rate, channels).samples
    meter = LoudnessMeter(rate, channels)
    meter.add(samples)
    meter.add(np.zeros((max(0, rate * 2 // 5 - len(samples)), channels), dtype=np.float32))
    return meter.integrated()
