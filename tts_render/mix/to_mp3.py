"""From a timeline to a finished MP3: mastered, encoded, tagged, and measured as a listener will hear it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import OutputError
from tts_render.ground.events import Stage, Warned
from tts_render.ground.messages import said
from tts_render.sound.encoders import choose_encoder, encode
from tts_render.sound.mastering import correct, limit
from tts_render.sound.mp3 import inspect, write_tags

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.ground.events import Tell
    from tts_render.mix.metering import Checked
    from tts_render.settings.config import MasterSettings
    from tts_render.sound.encoders import Encoder
    from tts_render.sound.mastering import Master
    from tts_render.sound.mp3 import Mp3, Tags

__all__ = ["Product", "produce"]


@dataclass(frozen=True, slots=True)
class Product:
    """A finished MP3 and what made it."""

    mp3: Mp3
    encoder: str
    """Name and version of the encoder."""


def produce(checked: Checked, settings: MasterSettings, tags: Tags, path: Path, tell: Tell) -> Product:
    """Make the MP3 at ``path`` and measure what it decodes to; if that is off, encode it once more, corrected.

    Args:
        checked: the timeline and its master.
        settings: properties of the MP3.
        tags: written before the file is measured.
        path: the file to write.
        tell: takes the progress events.

    Raises:
        OutputError: the encoder is missing or fails, the disk is full, or the MP3 does not decode to the episode's
            length.
    """
    encoder = choose_encoder(settings.encoder)
    tell(Stage("mastering"))
    mp3 = _make(checked, settings, tags, path, encoder, checked.master)
    better = correct(checked.master, mp3.loudness, true_peak=settings.true_peak)
    if better is not None:
        tell(Stage("correcting"))
        mp3 = _make(checked, settings, tags, path, encoder, better)
        if mp3.loudness.true_peak > settings.true_peak:
            tell(
                Warned(
                    said(
                        "the true peak is {true_peak:.2f} dBTP, over {ceiling:g}",
                        true_peak=mp3.loudness.true_peak,
                        ceiling=settings.true_peak,
                    )
                )
            )
    return Product(mp3, encoder.id)


def _make(checked: Checked, settings: MasterSettings, tags: Tags, path: Path, encoder: Encoder, master: Master) -> Mp3:
    rate, channels = settings.rate, settings.channels
    blocks = limit(checked.mixed(), rate=rate, gain_db=master.gain_db, ceiling_db=master.ceiling_db)
    encode(blocks, path, rate=rate, channels=channels, bitrate=settings.bitrate, encoder=encoder)
    write_tags(path, tags)
    mp3 = inspect(path)
    if mp3.frames != checked.timeline.frames:
        raise OutputError(
            said(
                "the MP3 decodes to {frames} frames, but the episode has {expected}",
                frames=mp3.frames,
                expected=checked.timeline.frames,
            ),
            path=path,
            remedy=said("The encoder was {id}; name another one under master: in voices.yaml.", id=encoder.id),
        )
    return mp3
