"""The settings of a bed: the music under the speech of a show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Callable

    from tts_render.ground.units import Decibels, Seconds
    from tts_render.ground.yamltree import Tree

__all__ = ["BedSettings", "read_bed"]


@dataclass(frozen=True, slots=True)
class BedSettings:
    """Music under the speech."""

    sound: str
    """A name from ``sounds``."""
    level: Decibels = -20.0
    """Loudness of the bed under speech, relative to the speech; WCAG 2 requires -20 (criterion 1.4.7)."""
    fade_in: Seconds = 1.0
    """How long before the first words it begins."""
    fade_out: Seconds = 1.0
    """How long after the last words it ends."""
    crossfade: Seconds = 1.0
    """How long the end of the music overlaps its beginning."""
    duck: Decibels = 6.0
    """How far its level in the gaps drops when something else sounds; 0 keeps it constant."""
    attack: Seconds = 0.3
    """Time to come down before the words."""
    release: Seconds = 0.6
    """Time to come up after the words."""


def read_bed(tree: Tree, sound: Callable[[Tree], str]) -> BedSettings:
    """Parse a mapping, or just the name of the sound.

    Args:
        tree: the setting.
        sound: returns the sound of that name, and raises if there is none.

    Raises:
        ConfigError: something in it is wrong; the nearest valid name is suggested.
    """
    if not tree.is_mapping:
        return BedSettings(sound(tree))
    found = tree.fields("sound", "level", "fade_in", "fade_out", "crossfade", "duck", "attack", "release")
    if "sound" not in found:
        raise tree.wrong(said("needs sound:, a name from sounds:"))
    default = BedSettings("")

    def number(key: str, otherwise: float, least: float, most: float) -> float:
        return found[key].number(least, most) if key in found else otherwise

    return BedSettings(
        sound=sound(found["sound"]),
        level=number("level", default.level, -60, 0),
        fade_in=number("fade_in", default.fade_in, 0, 30),
        fade_out=number("fade_out", default.fade_out, 0, 30),
        crossfade=number("crossfade", default.crossfade, 0, 10),
        duck=number("duck", default.duck, 0, 20),
        attack=number("attack", default.attack, 0, 10),
        release=number("release", default.release, 0, 10),
    )
