"""Reading: from the text that people see to the text that an engine is asked to say, layer by layer.

The two are never mixed: captions, chapters and pages show the display text, engines get the reading. Each layer is a
file of this package with one function from text to text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.reading.lexicon import Lexicon
from tts_render.reading.normalise import normalise
from tts_render.reading.tame import tame
from tts_render.script.marks import speakable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Lexicon", "Reading", "read", "speakable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text is read as, and how that came about."""

    display: str
    """As people read it."""
    said: str
    """As an engine is asked to say it; empty, or :func:`speakable` is false, where there is nothing to say."""
    steps: tuple[tuple[str, str], ...]
    """(name of the layer, text after it), in order; the last one is ``said``."""


def read(display: str, lexicon: Mapping[str, str]) -> Reading:
    """Read a text.

    Args:
        display: one sentence or a few.
        lexicon: readings by surface. A :class:`Lexicon` is used as it is; any other mapping is made into one each time.
    """
    words = lexicon if isinstance(lexicon, Lexicon) else Lexicon(lexicon)
    layers: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("normalise", normalise),
        ("lexicon", words.apply),
        ("tame", tame),
    )
    steps: list[tuple[str, str]] = []
    said = display
    for name, layer in layers:
        said = layer(said)
        steps.append((name, said))
    return Reading(display, said, tuple(steps))
