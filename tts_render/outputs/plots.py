"""The plots of a finished episode, as paths of SVG: waveform, who speaks when, and how loudness runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tts_render.ground.units import format_clock, frames_to_ms
from tts_render.sound.loudness import integrated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tts_render.ground.units import Lufs
    from tts_render.mix.timeline import Chapter, Timeline
    from tts_render.sound.loudness import Profile

__all__ = ["Piece", "Plots", "Talk", "draw", "talk"]

_COLUMNS = 1500
_LOUDEST, _QUIETEST = -6.0, -36.0  # LUFS at the upper and lower edge of the curve
_LEVELS = (-12, -18, -24, -30)  # LUFS of the grid lines
_TICKS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds between two
_MOST_TICKS = 12
_CELL = 10  # milliseconds of a cell of a profile


@dataclass(frozen=True, slots=True)
class Piece:
    """Somebody who speaks, or a sound, in the lane under the waveform."""

    start: int
    """Milliseconds."""
    length: int
    """Milliseconds."""
    voice: str | None
    """None for a sound."""


@dataclass(frozen=True, slots=True)
class Talk:
    """How long and how loud a voice speaks in an episode."""

    voice: str
    milliseconds: int
    loudness: Lufs
    """Integrated; -inf for less than 0.4 s of it."""


@dataclass(frozen=True, slots=True)
class Plots:
    """What is drawn: paths are ``columns`` wide; the waveform is 1000 high above its middle, the curve 1000 high."""

    columns: int
    milliseconds: int
    wave: str
    borders: str
    """Where chapters begin, but for the first."""
    lane: tuple[Piece, ...]
    loudness: str
    """Short-term loudness."""
    grid: str
    levels: tuple[tuple[int, int], ...]
    """LUFS of each grid line, and its height on the curve."""
    mean: str
    """Integrated loudness; empty for silence."""
    ticks: tuple[tuple[float, str], ...]
    """Times at round numbers, none so close to an edge that it would be cut off: percent from the left, and a clock."""


def draw(timeline: Timeline, chapters: Sequence[Chapter], profile: Profile, loudness: Lufs | None) -> Plots:
    """Draw an episode.

    Args:
        timeline: where everything is placed.
        chapters: its chapters.
        profile: of the decoded MP3.
        loudness: integrated, of the decoded MP3; None for silence.
    """
    length = frames_to_ms(timeline.frames, timeline.rate)
    peaks = profile.peaks
    columns = max(1, min(_COLUMNS, len(peaks)))
    return Plots(
        columns=columns,
        milliseconds=max(1, length),
        wave=_wave(peaks, columns),
        borders="".join(f"M{chapter.start * columns / timeline.frames:.1f} -1000v2000" for chapter in chapters[1:]),
        lane=tuple(_lane(timeline)),
        loudness=_curve(profile.short_term(), columns),
        grid="".join(f"M0 {_height(level)}H{columns}" for level in _LEVELS),
        levels=tuple((level, _height(level)) for level in _LEVELS),
        mean="" if loudness is None else f"M0 {_height(loudness)}H{columns}",
        ticks=_ticks(length),
    )


def talk(plots: Plots, profile: Profile) -> tuple[Talk, ...]:
    """How long and how loud each voice speaks, in the order of first appearance.

    Args:
        plots: of the episode.
        profile: of the decoded MP3.
    """
    energies = profile.energies
    found: dict[str, list[Piece]] = {}
    for piece in plots.lane:
        if piece.voice is not None:
            found.setdefault(piece.voice, []).append(piece)
    return tuple(
        Talk(
            voice,
            sum(piece.length for piece in pieces),
            integrated([np.concatenate([energies[p.start // _CELL : (p.start + p.length) // _CELL] for p in pieces])]),
        )
        for voice, pieces in found.items()
    )


def _lane(timeline: Timeline) -> list[Piece]:
    pieces: list[Piece] = []
    for placement in timeline.placements:
        begin, end = (frames_to_ms(frame, timeline.rate) for frame in (placement.start, placement.end))
        if placement.utterance is not None or placement.sound is not None:
            pieces.append(Piece(begin, end - begin, placement.utterance.voice if placement.utterance else None))
    return pieces


def _wave(peaks: NDArray[np.float32], columns: int) -> str:
    """The upper outline of the waveform, closed along the middle; full scale is 1000 high."""
    if not len(peaks):
        return "M0 0"
    highest = np.maximum.reduceat(peaks, np.arange(columns) * len(peaks) // columns)
    heights = np.rint(np.minimum(highest, 1.0) * -1000).astype(int)
    return f"M0 0V{heights[0]}{_steps(heights)}h1V0Z"


def _curve(levels: NDArray[np.float64], columns: int) -> str:
    """Loudness as a line from edge to edge; values below the lower edge are drawn on it."""
    if not len(levels):
        return f"M0 1000H{columns}"
    middles = (2 * np.arange(columns) + 1) * len(levels) // (2 * columns)
    heights = np.array([_height(level) for level in levels[middles].tolist()])
    return f"M0 {heights[0]}{_steps(heights)}h1"


def _steps(heights: NDArray[np.int64]) -> str:
    """Steps from each column to the next, relative, which is shortest."""
    return "".join(f"l1 {step}" for step in np.diff(heights).tolist())


def _height(level: float) -> int:
    """Height of a level: 0 is the upper edge, 1000 the lower."""
    inside = min(max(level, _QUIETEST), _LOUDEST)
    return round(1000 * (_LOUDEST - inside) / (_LOUDEST - _QUIETEST))


def _ticks(length: int) -> tuple[tuple[float, str], ...]:
    seconds = length / 1000
    step = next((step for step in _TICKS if seconds / step <= _MOST_TICKS), math.ceil(seconds / _MOST_TICKS))
    places = ((100 * at / seconds, format_clock(at, minute_digits=1)) for at in range(step, math.ceil(seconds), step))
    return tuple((place, text) for place, text in places if place <= 98)
