"""Makes the packaged jingles: ``python tools/make_sounds.py`` writes opening, bumper and ending as FLAC.

One motif in F major at 100 beats a minute: C F G A, climbing in quavers to a subdominant and home again in the opening,
its last two steps in the bumper, turned round in the ending. Felt mallets over a soft bass and chord in a small warm
room, made of sine waves and seeded noise alone: no sample, recording or melody of anybody else is in them, and they may
be used freely under the licence of this project. The same program gives the same sounds.
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
LOUDNESS = -20.0  # LUFS of each file
QUAVER = 0.3  # seconds: 100 crotchets a minute
FOLDER = Path(__file__).resolve().parent.parent / "tts_render" / "settings" / "sounds"

Wave: TypeAlias = "NDArray[np.float64]"
Note: TypeAlias = tuple[float, int, float]
"""When it begins in quavers, its MIDI number, and how hard it is struck (0 to 1)."""

# Partials of a felt mallet: multiple of the note, amplitude, seconds until it has fallen to 37 %.
MALLET = ((1.0, 1.0, 0.32), (2.0, 0.28, 0.16), (4.0, 0.16, 0.05))
# A bass note and the chord over it: no stroke is heard, and little above the second partial.
SOFT = ((1.0, 1.0, 1.10), (2.0, 0.25, 0.70), (3.0, 0.08, 0.40))
ATTACK = 0.008  # seconds; half a cosine, so that no note begins with a click
SOFT_ATTACK = 0.09
ROOM = 0.22  # seconds until its sound has fallen to 37 %: 1.5 s to -60 dB
ROOM_LOUDNESS = 0.28  # beside the dry sound
ROOM_DARKNESS = 2200.0  # hertz above which the room swallows more and more
FADE = 0.6  # seconds of half a cosine at the end

F2, BF2, F3, BF3, C4, D4, F4, A4 = 41, 46, 53, 58, 60, 62, 65, 69
C5, F5, G5, A5, C6 = 72, 77, 79, 81, 84


def hertz(note: int) -> float:
    """Frequency of a MIDI note in equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2.0 ** ((note - 69) / 12))


def rise(time: Wave, seconds: float) -> Wave:
    """Half a cosine from 0 to 1."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(time / seconds, 0.0, 1.0)))


def struck(note: int, time: Wave, partials: tuple[tuple[float, float, float], ...], attack: float) -> Wave:
    """A note that dies away; ``time`` counts from the stroke. Low ones ring longer."""
    sounding = np.clip(time, 0.0, None)
    longer = (hertz(C5) / hertz(note)) ** 0.3
    tone = sum(
        level * np.sin(2 * np.pi * hertz(note) * multiple * sounding) * np.exp(-sounding / (decay * longer))
        for multiple, level, decay in partials
    )
    return np.asarray(tone * rise(time, attack))


def room(dry: Wave) -> Wave:
    """What a small warm room adds to a sound: noise that dies away, without its highs and lows."""
    time = np.arange(round(6 * ROOM * RATE)) / RATE
    noise = np.random.default_rng(1).standard_normal(len(time)) * np.exp(-time / ROOM) * rise(time - 0.012, 0.03)
    size = 1 << (len(dry) + len(time)).bit_length()
    frequencies = np.fft.rfftfreq(size, 1 / RATE)
    colour = 1 / (1 + (frequencies / ROOM_DARKNESS) ** 2) * (1 - 1 / (1 + (frequencies / 180.0) ** 2))
    response = np.fft.rfft(noise, size) * colour
    strength = np.sqrt(np.mean(np.abs(response) ** 2))
    return np.asarray(np.fft.irfft(np.fft.rfft(dry, size) * response / strength, size)[: len(dry)])


def jingle(seconds: float, melody: tuple[Note, ...], chords: tuple[Note, ...]) -> Samples:
    """Mallets and what lies under them in their room, at the common loudness; ends in silence."""
    time = np.arange(round(seconds * RATE)) / RATE
    dry = np.zeros_like(time)
    for begin, note, hard in melody:
        dry += hard * struck(note, time - begin * QUAVER, MALLET, ATTACK)
    for begin, note, hard in chords:
        dry += hard * struck(note, time - begin * QUAVER, SOFT, SOFT_ATTACK)
    wet = (dry + ROOM_LOUDNESS * room(dry)) * rise(seconds - 0.02 - time, FADE)
    loud = measure([wet.astype(np.float32)[:, np.newaxis]], RATE, 1)
    return (wet * amplitude(LOUDNESS - loud.integrated)).astype(np.float32)[:, np.newaxis]


def opening() -> Samples:
    """The motif climbs to the subdominant and comes home: 3.4 seconds."""
    climb = ((0, C5, 0.90), (1, F5, 0.85), (2, G5, 0.80), (3, A5, 0.85))
    home = ((4, C6, 0.80), (5, A5, 0.55), (6, F5, 0.85), (6, A5, 0.50))
    tonic = ((0, F2, 0.30), (0, F3, 0.35), (0, C4, 0.18), (0, A4, 0.12))
    subdominant = ((4, BF2, 0.30), (4, BF3, 0.32), (4, D4, 0.20), (4, F4, 0.16))
    back = ((6, F2, 0.34), (6, F3, 0.36), (6, C4, 0.22), (6, A4, 0.16))
    return jingle(3.4, climb + home, tonic + subdominant + back)


def bumper() -> Samples:
    """The last steps of the motif in semiquavers: 1.4 seconds."""
    return jingle(1.4, ((0, G5, 0.80), (0.5, A5, 0.80), (1, C6, 0.80)), ((0, F3, 0.25), (1, F4, 0.22), (1, A4, 0.12)))


def ending() -> Samples:
    """The motif turned round, slowing down, and at rest an octave below: 4.4 seconds."""
    fall = ((0, C6, 0.65), (1, A5, 0.60), (2, G5, 0.60), (3, F5, 0.62))
    rest = ((4.2, G5, 0.55), (5.5, C5, 0.65), (7.0, F5, 0.65), (7.0, A4, 0.45))
    tonic = ((0, F3, 0.32), (0, C4, 0.20), (0, A4, 0.14))
    subdominant = ((3, BF2, 0.32), (3, BF3, 0.32), (3, D4, 0.22))
    back = ((7.0, F2, 0.40), (7.0, F3, 0.40), (7.0, C4, 0.26), (7.0, F4, 0.16))
    return jingle(4.4, fall + rest, tonic + subdominant + back)


def write_all(folder: Path) -> None:
    """Write the three sounds as 16-bit FLAC."""
    folder.mkdir(parents=True, exist_ok=True)
    for make in (opening, bumper, ending):
        whole = np.rint(make() * 32767).astype(np.int16)
        soundfile.write(folder / f"{make.__name__}.flac", whole, RATE, subtype="PCM_16", compression_level=1.0)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
