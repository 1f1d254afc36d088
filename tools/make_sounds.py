"""Makes the packaged jingles: ``python tools/make_sounds.py`` writes opening, bumper and ending as FLAC.

Mallets in C major over a soft chord, built from sine waves alone: no sample, recording or melody of anybody else is in
them, and they may be used freely under the licence of this project. The same program gives the same sounds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import soundfile

from tts_render.sound.audio import amplitude
from tts_render.sound.loudness import measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tts_render.sound.audio import Samples

RATE = 44100
LOUDNESS = -20.0  # LUFS: beside speech, not over it
FOLDER = Path(__file__).resolve().parent.parent / "tts_render" / "settings" / "sounds"

Wave: TypeAlias = "NDArray[np.float64]"
Note: TypeAlias = tuple[float, int, float]
"""When it begins in seconds, its MIDI number, and how hard it is struck (0 to 1)."""

# Partials of a mallet on a bar: multiple of the note, amplitude, seconds until it has fallen to 37 %.
MALLET = ((1.0, 1.0, 0.55), (2.0, 0.18, 0.28), (4.0, 0.10, 0.09))
PAD = ((1.0, 1.0), (2.0, 0.22), (3.0, 0.06))
ATTACK = 0.006  # seconds; half a cosine, so that no note begins with a click
ECHOES = ((0.145, 0.22), (0.29, 0.10), (0.435, 0.045))  # seconds later, how loud

C3, G3, C4, E4, G4, A4, B4 = 48, 55, 60, 64, 67, 69, 71
C5, D5, E5, G5, A5, B5, C6, D6, E6 = 72, 74, 76, 79, 81, 83, 84, 86, 88


def hertz(note: int) -> float:
    """Frequency of a MIDI note in equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def rise(time: Wave, seconds: float) -> Wave:
    """Half a cosine from 0 to 1."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(time / seconds, 0.0, 1.0)))


def mallet(note: int, time: Wave) -> Wave:
    """A struck bar; ``time`` counts from the stroke."""
    sounding = np.clip(time, 0.0, None)
    tone = sum(
        level * np.sin(2 * np.pi * hertz(note) * multiple * sounding) * np.exp(-sounding / decay)
        for multiple, level, decay in MALLET
    )
    return np.asarray(tone * rise(time, ATTACK))


def pad(notes: tuple[int, ...], time: Wave, begin: float, swell: float, end: float) -> Wave:
    """A chord that comes and goes slowly."""
    tone = sum(
        level * np.sin(2 * np.pi * hertz(note) * multiple * time + 0.7 * index)
        for index, note in enumerate(notes)
        for multiple, level in PAD
    )
    return np.asarray(tone * rise(time - begin, swell) * rise(end - time, end - begin - swell) / len(notes))


def jingle(seconds: float, melody: tuple[Note, ...], chord: Wave | None = None) -> Samples:
    """The notes with their echoes over the chord, at the common loudness; ends in silence."""
    time = np.arange(round(seconds * RATE)) / RATE
    dry = np.zeros_like(time)
    for begin, note, struck in melody:
        dry += struck * mallet(note, time - begin)
    wet = dry.copy()
    for delay, level in ECHOES:
        shift = round(delay * RATE)
        wet[shift:] += level * dry[:-shift]
    if chord is not None:
        wet += chord
    wet *= rise(seconds - time, 0.25)
    loud = measure([wet.astype(np.float32)[:, np.newaxis]], RATE, 1)
    return (wet * amplitude(LOUDNESS - loud.integrated)).astype(np.float32)[:, np.newaxis]


def opening() -> Samples:
    """A rising call that opens into a chord: about four seconds."""
    seconds, step = 4.0, 0.18
    time = np.arange(round(seconds * RATE)) / RATE
    call = tuple((index * step, note, 0.75) for index, note in enumerate((G4, C5, D5, E5, G5, C6)))
    crown = ((1.26, E6, 0.9), (1.26, G5, 0.5), (1.62, D6, 0.55), (1.80, C6, 0.8), (1.80, E5, 0.5), (2.34, G5, 0.3))
    return jingle(seconds, call + crown, 0.35 * pad((C3, G3, E4, G4), time, 0.0, 1.2, 3.9))


def bumper() -> Samples:
    """Three quick notes upwards: a little over a second."""
    return jingle(1.2, ((0.0, G5, 0.7), (0.11, C6, 0.75), (0.22, E6, 0.9), (0.22, C5, 0.45)))


def ending() -> Samples:
    """The call again, falling, and coming to rest: about four seconds."""
    seconds, step = 4.0, 0.24
    time = np.arange(round(seconds * RATE)) / RATE
    call = tuple((index * step, note, 0.75) for index, note in enumerate((E6, D6, C6, G5, A5)))
    rest = ((1.26, G5, 0.6), (1.56, E5, 0.6), (1.86, C5, 0.75), (1.98, G5, 0.4), (2.10, C6, 0.5))
    return jingle(seconds, call + rest, 0.35 * pad((C3, G3, C4, E4), time, 0.2, 1.3, 3.9))


def write_all(folder: Path) -> None:
    """Write the three sounds as 16-bit FLAC."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in (opening, bumper, ending):
        whole = np.rint(make() * 32767).astype(np.int16)
        soundfile.write(folder / f"{make.__name__}.flac", whole, RATE, subtype="PCM_16", compression_level=1.0)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
