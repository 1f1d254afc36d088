"""Reading: from the display text to the text that an engine is asked to say, layer by layer.

The two are never mixed: captions, chapters and pages show the display text, engines get the reading. Each layer is a
file of this package with one function from text to text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.reading.characters import spell_characters
from tts_render.reading.lexicon import Lexicon
from tts_render.reading.links import name_links
from tts_render.reading.normalise import normalise
from tts_render.reading.numbers import spell_numbers
from tts_render.reading.tame import tame
from tts_render.reading.terms import shipped_terms
from tts_render.reading.words import spell_articles, spell_models, spell_words
from tts_render.script.cleaning import speakable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Lexicon", "Reading", "read", "speakable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading of a text, and how it was derived."""

    display: str
    """The display text."""
    said: str
    """The reading; empty, or :func:`speakable` is false, if there is nothing to say."""
    steps: tuple[tuple[str, str], ...]
    """(name of the layer, text after it), in order; the last one is ``said``."""

    @property
    def changes(self) -> tuple[tuple[str, str], ...]:
        """The steps that changed something."""
        before = (self.display, *(text for _, text in self.steps))
        return tuple(step for step, old in zip(self.steps, before, strict=False) if step[1] != old)


def read(display: str, lexicon: Mapping[str, str], *, links: str = "") -> Reading:
    """Read a text.

    Args:
        display: one sentence or a few.
        lexicon: readings by surface. A :class:`Lexicon` is used as it is; any other mapping is made into one each time.
        links: what to say for a web or mail address; empty skips them.
    """
    words = lexicon if isinstance(lexicon, Lexicon) else Lexicon(lexicon)
    layers: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("characters", spell_characters),
        ("links", lambda text: name_links(text, links)),
        ("normalise", normalise),
        ("lexicon", words.apply),
        ("terms", lambda text: shipped_terms().apply(spell_models(spell_articles(text)))),
        ("numbers", spell_numbers),
        ("tame", tame),
        ("words", spell_words),
        ("runs", tame),
    )
    steps: list[tuple[str, str]] = []
    said = display
    for name, layer in layers:
        said = layer(said)
        steps.append((name, words.restore(said)))
    return Reading(display, words.restore(said), tuple(steps))
