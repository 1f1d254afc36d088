"""What voices.yaml says of a bed: the music under the speech of a show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """Loudness of the bed under speech, relative to the speech; WCAG 2 asks for -20 (criterion 1.4.7)."""
    fade_in: Seconds = 1.0
    """It begins so long before the first words."""
    fade_out: Seconds = 1.0
    """It ends so long after the last words."""
    crossfade: Seconds = 1.0
    """Over which the end of the music goes into its beginning."""
    duck: Decibels = 6.0
    """How far it comes down from its level in the gaps when something else sounds; 0 keeps it constant."""
    attack: Seconds = 0.3
    """Coming down, before the words."""
    release: Seconds = 0.6
    """Going up, after the words."""


def read_bed(tree: Tree, sound: Callable[[Tree], str]) -> BedSettings:
    """A mapping, or just the name of the sound.

    Args:
        tree: the setting.
        sound: takes a name, and refuses one that no sound has.

    Raises:
        ConfigError: something in it is wrong; the nearest right name is offered.
    """
    if not tree.is_mapping:
        return BedSettings(sound(tree))
    found = tree.fields("sound", "level", "fade_in", "fade_out", "crossfade", "duck", "attack", "release")
    if "sound" not in found:
        raise tree.wrong("needs sound:, a name from sounds:")
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
