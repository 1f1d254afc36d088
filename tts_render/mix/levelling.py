"""Levelling: the gains that make all voices of an episode equally loud, and its jingles a little softer than they are.

Speakers of one engine differ by several LU. Where at least two voices speak, each gets one gain for the whole episode;
within a voice nothing changes, so that a whisper stays one. A ``volume`` that somebody has set is meant: what is made
equal is the voice without it, and then it holds. Jingles follow the speech as a whole, whatever level their files have;
their own gain comes on top.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tts_render.sound.audio import amplitude, conform
from tts_render.sound.loudness import LoudnessMeter, Profile

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from tts_render.ground.units import Decibels, Lufs
    from tts_render.mix.timeline import Placement, Timeline
    from tts_render.sound.audio import Clip, Source

__all__ = ["JINGLE_LEVEL", "MOST_LEVELLING", "VoiceMeters", "even_out", "level_jingles"]

JINGLE_LEVEL: Decibels = -2.0
"""Loudness of a levelled jingle relative to that of all speech, so that the words stay what an episode is for."""

MOST_LEVELLING: Decibels = 20.0
"""The most that a voice is raised or lowered: what is further away is no voice that was merely recorded quietly."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Clips of one voice that were spoken with the same volume."""

    voice: str
    volume: float
    """Linear."""
    rate: int


class VoiceMeters:
    """A loudness meter for each voice; feed it clip by clip. It keeps 800 bytes for a second of speech."""

    def __init__(self) -> None:
        self._meters: dict[_Part, LoudnessMeter] = {}

    def add(self, voice: str, volume: float, clip: Clip) -> None:
        """Take in a clip.

        Args:
            voice: who speaks.
            volume: the linear gain with which it was asked for; above 0.
            clip: as it was spoken, in one channel.
        """
        part = _Part(voice, volume, clip.rate)
        self._meters.setdefault(part, LoudnessMeter(clip.rate, 1)).add(clip.samples)

    def gains(self, main: str) -> dict[str, float]:
        """A linear gain for each voice, with which all are as loud as ``main`` is, their volumes aside.

        Where ``main`` does not speak, the first that was added takes its place. In steps of 0.01 dB, at most 20 dB
        either way. A voice that is silent, or speaks for less than 0.4 s in all, is left as it is.
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
        """Integrated loudness of all speech with these ``gains``, as it is in a mix of so many equal channels."""
        found = self._loudness({part.voice for part in self._meters}, gains=gains)
        return found + 10 * math.log10(channels)

    def _loudness(self, voices: set[str], *, own: bool = False, gains: Mapping[str, float] | None = None) -> Lufs:
        """Loudness of some voices together; ``own`` takes off what their volumes add."""
        energies: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
        for part, meter in self._meters.items():
            if part.voice in voices:
                gain = (gains or {}).get(part.voice, 1.0) / (part.volume if own else 1.0)
                energies.append((meter.profile().energies * gain**2).astype(np.float32))
        together = np.concatenate([np.zeros(0, dtype=np.float32), *energies])
        return Profile(together, np.zeros_like(together)).integrated()


def even_out(timeline: Timeline, gains: Mapping[str, float]) -> Timeline:
    """The same timeline with the gain of its voice on each utterance."""

    def levelled() -> Iterator[Placement]:
        for placement in timeline.placements:
            gain = 1.0 if placement.utterance is None else gains.get(placement.utterance.voice, 1.0)
            yield placement if gain == 1.0 else replace(placement, gain=placement.gain * gain)

    return replace(timeline, placements=tuple(levelled()))


def level_jingles(timeline: Timeline, names: Container[str], speech: Lufs, channels: int) -> Timeline:
    """The same timeline, its jingles of these ``names`` 2 LU under the speech, their own gains on top.

    A jingle is measured whole and without its fades, so that a song sounds as loud wherever it is cut. One under 0.4 s,
    too short for an integrated loudness, is taken by the 400 ms that hold it. What is silent (-70 LUFS) is left alone,
    and so is everything where nobody speaks.

    Args:
        timeline: the voices in it have their gains.
        names: of the jingles that are levelled.
        speech: integrated loudness of all speech in the mix.
        channels: of the mix.

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
    """How loud a sound is in a mix, to its last sample; -inf for silence."""
    samples = conform(source.load(), rate, channels).samples
    meter = LoudnessMeter(rate, channels)
    meter.add(samples)
    meter.add(np.zeros((max(0, rate * 2 // 5 - len(samples)), channels), dtype=np.float32))
    return meter.integrated()
