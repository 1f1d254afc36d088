"""Production: a timeline becomes a finished MP3, mastered, encoded, tagged, and measured as a listener will hear it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.errors import OutputError
from tts_render.events import Stage, Warned
from tts_render.mastering import gain_for, limit
from tts_render.mixdown import mix
from tts_render.mp3 import choose_encoder, encode, inspect, write_tags

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.events import Tell
    from tts_render.mp3 import Encoder, Mp3, Tags
    from tts_render.timeline import Timeline
    from tts_render.units import Decibels, Lufs
    from tts_render.voices import MasterSettings

__all__ = ["Product", "produce"]

_FOR_THE_ENCODER: Decibels = 0.5
"""Room under the highest true peak: an MP3 decodes to peaks that its source did not have."""
_LOUDNESS_LEEWAY: Lufs = 0.3
"""How far the loudness may be off before the episode is encoded once more; half a unit is promised."""


@dataclass(frozen=True, slots=True)
class Product:
    """A finished MP3 and what made it."""

    mp3: Mp3
    encoder: str
    """Name and version of the encoder."""


def produce(
    timeline: Timeline, measured: Lufs, settings: MasterSettings, tags: Tags, path: Path, tell: Tell
) -> Product:
    """Make the MP3 at ``path`` and measure what it decodes to; where that is off, encode once more, corrected.

    Args:
        timeline: what sounds when.
        measured: integrated loudness of its mix.
        settings: what the MP3 is to be like.
        tags: written before the file is measured.
        path: the file; it must not exist, or may be replaced.
        tell: takes the events.

    Raises:
        OutputError: the encoder is missing or fails, the disk is full, or the MP3 does not decode to the episode.
    """
    encoder = choose_encoder(settings.encoder)
    gain = gain_for(measured, settings.loudness)
    ceiling = settings.true_peak - _FOR_THE_ENCODER
    mp3 = _make(timeline, settings, tags, path, encoder, gain, ceiling, tell)
    louder, lower = _corrections(mp3, settings, measured)
    if louder or lower:
        tell(Stage("correcting"))
        mp3 = _make(timeline, settings, tags, path, encoder, gain + louder, ceiling - lower, tell)
        if mp3.loudness.true_peak > settings.true_peak:
            tell(Warned(f"the true peak is {mp3.loudness.true_peak:.2f} dBTP, over {settings.true_peak:g}"))
    return Product(mp3, encoder.id)


def _make(
    timeline: Timeline,
    settings: MasterSettings,
    tags: Tags,
    path: Path,
    encoder: Encoder,
    gain: Decibels,
    ceiling: Decibels,
    tell: Tell,
) -> Mp3:
    tell(Stage("mastering"))
    rate, channels = settings.rate, settings.channels
    blocks = limit(
        mix(timeline.placements, rate=rate, channels=channels), rate=rate, gain_db=gain, ceiling_db=ceiling
    )
    encode(blocks, path, rate=rate, channels=channels, bitrate=settings.bitrate, encoder=encoder)
    write_tags(path, tags)
    tell(Stage("verifying"))
    mp3 = inspect(path)
    if mp3.frames != timeline.frames:
        raise OutputError(
            f"the MP3 decodes to {mp3.frames} frames, but the episode has {timeline.frames}",
            path=path,
            remedy=f"The encoder was {encoder.id}; try another one with master.encoder in voices.yaml.",
        )
    return mp3


def _corrections(mp3: Mp3, settings: MasterSettings, measured: Lufs) -> tuple[Decibels, Decibels]:
    """How much louder, and how much lower the ceiling, the second encoding must be; zeros if the first is right."""
    louder = lower = 0.0
    off = settings.loudness - mp3.loudness.integrated
    if math.isfinite(off) and abs(off) > _LOUDNESS_LEEWAY and settings.loudness - measured == gain_for(measured, settings.loudness):
        louder = off
    over = mp3.loudness.true_peak - settings.true_peak
    if over > 0:
        lower = over + 0.1
    return louder, lower
