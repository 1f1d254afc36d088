"""Mixdown: placements become one stream of samples. It knows nothing about speakers, scripts or jingles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tts_render.ground.errors import SoundError
from tts_render.ground.messages import said
from tts_render.ground.units import Frames, seconds_to_frames
from tts_render.sound.audio import BLOCK_FRAMES, SoundFile, conform, shape
from tts_render.sound.loudness import highest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tts_render.ground.units import Seconds
    from tts_render.mix.timeline import Placement
    from tts_render.sound.audio import Samples, Source

__all__ = ["mix"]

_KEPT = 8  # sound files kept conformed during one mix, so that a bumper is read only once
_KEPT_SECONDS = 30  # longer ones are not kept
_EDGE: Seconds = 0.005  # the fade at an end where a jingle was cut out of something longer
_CLICK = 0.001  # -60 dBFS


def mix(placements: Iterable[Placement], *, rate: int, channels: int) -> Iterator[Samples]:
    """Yield the sum of all ``placements``, in blocks of at most ``BLOCK_FRAMES``, from frame 0 to the last end.

    Placements may come as slowly as speech is made: everything before the start of one is yielded before the next one
    is asked for. Each sample is summed in the order of the placements, so the result does not depend on block sizes or
    timing. Only sounds that reach beyond what was yielded are held in memory.

    Args:
        placements: ordered by ``start``.
        rate: frames per second of the mix.
        channels: channels of the mix; each sound is conformed to them.

    Raises:
        ValueError: the placements are not in order.
        SoundError: the length of a sound differs from its placement, or it can no longer be read.
    """
    desk = _Desk(rate, channels)
    for placement in placements:
        if placement.start < desk.position:
            raise ValueError(f"a placement at {placement.start} came after one at {desk.position}")
        yield from desk.play_to(placement.start)
        if placement.source:
            desk.put(placement, placement.source)
    yield from desk.play_to(desk.end)


class _Desk:
    """The sounds that are playing, and how far they have been played."""

    def __init__(self, rate: int, channels: int) -> None:
        self.position = Frames(0)
        self.end = Frames(0)
        """Where the last sound added so far ends."""
        self._rate = rate
        self._channels = channels
        self._sounding: list[tuple[Frames, Samples]] = []
        self._kept: dict[SoundFile, Samples] = {}

    def put(self, placement: Placement, source: Source) -> None:
        """Start a sound at the current position."""
        samples = self._conformed(source)
        if len(samples) != placement.frames:
            raise SoundError(
                said(
                    "a sound of {samples} frames does not fit its place of {frames}",
                    samples=len(samples),
                    frames=placement.frames,
                ),
                path=source.path if isinstance(source, SoundFile) else None,
                remedy=said("It was changed while it was in use. Try again."),
            )
        fade_in, fade_out = placement.fade_in, placement.fade_out
        if placement.sound is not None:
            edge = seconds_to_frames(_EDGE, self._rate)
            fade_in = max(fade_in, edge) if highest(samples[:1]) > _CLICK else fade_in
            fade_out = max(fade_out, edge) if highest(samples[-1:]) > _CLICK else fade_out
        shaped = shape(samples, gain=placement.gain, fade_in=fade_in, fade_out=fade_out)
        self._sounding.append((placement.start, shaped))
        self.end = max(self.end, Frames(placement.start + placement.frames))

    def play_to(self, end: Frames) -> Iterator[Samples]:
        """Everything that sounds from the current position to ``end``."""
        self.end = max(self.end, end)
        while self.position < end:
            block_end = Frames(min(end, self.position + BLOCK_FRAMES))
            block = np.zeros((block_end - self.position, self._channels), dtype=np.float32)
            for start, samples in self._sounding:
                part = samples[self.position - start : block_end - start]
                block[: len(part)] += part
            self.position = block_end
            self._sounding = [(start, samples) for start, samples in self._sounding if start + len(samples) > block_end]
            yield block

    def _conformed(self, source: Source) -> Samples:
        if isinstance(source, SoundFile) and source in self._kept:
            return self._kept[source]
        samples = conform(source.load(), self._rate, self._channels).samples
        if isinstance(source, SoundFile) and len(self._kept) < _KEPT and len(samples) <= _KEPT_SECONDS * self._rate:
            self._kept[source] = samples
        return samples
