"""The sound check: builds the mix of an episode and meters it while the engine is still speaking.

With a single voice, the mix itself is metered as it grows. The gains of several voices, and the levels of jingles and
bed, depend on all of the speech; so the speech is metered as it comes, and the mix once it is complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.mix.bed import lay_bed, make_bed
from tts_render.mix.levelling import VoiceMeters, even_out, level_jingles
from tts_render.mix.mixdown import mix
from tts_render.mix.timeline import Timeline
from tts_render.sound.loudness import ProfileMeter
from tts_render.sound.mastering import decide

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from tts_render.ground.units import Lufs
    from tts_render.mix.bed import Bed, Music
    from tts_render.mix.timeline import Placement
    from tts_render.settings.config import MasterSettings
    from tts_render.sound.audio import Samples
    from tts_render.sound.mastering import Master
    from tts_render.speech.casting import Direction, Role

__all__ = ["Checked", "check_sound"]


@dataclass(frozen=True, slots=True)
class Checked:
    """An episode that is ready to be mastered."""

    timeline: Timeline
    master: Master
    """How it comes to the loudness and true peak of the settings."""
    channels: int
    bed: Bed | None = None

    def mixed(self) -> Iterator[Samples]:
        """Yield the mix in blocks; the same ones every time."""
        return _sum(self.timeline, self.channels, self.bed)


def check_sound(
    placements: Iterable[Placement],
    directions: Mapping[Role, Direction],
    settings: MasterSettings,
    *,
    main: str,
    levelled: Collection[str] = (),
    music: Music | None = None,
) -> Checked:
    """Take in an episode as it is spoken, keeping no samples.

    Args:
        placements: in order; they may come as slowly as the engine speaks.
        directions: how the engine speaks each voice, for all voices of the episode.
        settings: rate and channels of the mix.
        main: the voice that the others are levelled to.
        levelled: names of the jingles whose level follows the speech.
        music: the music for under the words.

    Raises:
        SoundError: a sound was changed in the meantime, or the music is silent.
    """
    metered = bool(levelled) or music is not None or len({role.voice for role in directions}) > 1
    rate, channels = settings.rate, settings.channels
    if not metered:
        kept: list[Placement] = []
        master = _master(mix(_keeping(placements, kept), rate=rate, channels=channels), settings)
        return Checked(Timeline(tuple(kept), rate), master, channels)
    timeline, speech = _meter_speech(placements, directions, settings, main)
    timeline = level_jingles(timeline, levelled, speech, channels)
    bed = None if music is None else make_bed(music, timeline, speech, channels=channels)
    return Checked(timeline, _master(_sum(timeline, channels, bed), settings), channels, bed)


def _keeping(placements: Iterable[Placement], kept: list[Placement]) -> Iterator[Placement]:
    for placement in placements:
        kept.append(placement)
        yield placement


def _meter_speech(
    placements: Iterable[Placement], directions: Mapping[Role, Direction], settings: MasterSettings, main: str
) -> tuple[Timeline, Lufs]:
    """The timeline with its voices levelled, and the loudness of all speech. The meters live no longer than this."""
    meters = VoiceMeters()
    kept: list[Placement] = []
    for placement in placements:
        kept.append(placement)
        if placement.source is not None and placement.utterance is not None:
            role = placement.utterance.role
            meters.add(role.voice, directions[role].scales.volume, placement.source.load())
    gains = meters.gains(main)
    return even_out(Timeline(tuple(kept), settings.rate), gains), meters.loudness(gains, settings.channels)


def _sum(timeline: Timeline, channels: int, bed: Bed | None) -> Iterator[Samples]:
    blocks = mix(timeline.placements, rate=timeline.rate, channels=channels)
    return blocks if bed is None else lay_bed(blocks, bed, rate=timeline.rate, channels=channels)


def _master(blocks: Iterable[Samples], settings: MasterSettings) -> Master:
    """Meter a mix and decide on its master. The profile, which grows with the episode, lives no longer than this."""
    meter = ProfileMeter(settings.rate, settings.channels)
    for block in blocks:
        meter.add(block)
    return decide(meter.profile(), loudness=settings.loudness, true_peak=settings.true_peak)
