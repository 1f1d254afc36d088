"""Which words of its user dictionary an engine does not say as given there: its own dictionary may win."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.engine.voicevox.dictionary import is_said, questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.settings.lexicon import Entry
    from tts_render.speech.orders import Speakers

__all__ = ["lost_words"]


def lost_words(entries: Sequence[Entry], speakers: Speakers, *, remember: bool = True) -> frozenset[Entry]:
    """Return those of ``entries`` that the engines say differently although their user dictionary has them.

    Answers are remembered like those for lines, so an unchanged engine with an unchanged dictionary is not asked again.

    Args:
        entries: words with an accent that are in the user dictionary.
        speakers: the engines.
        remember: whether to keep new answers.

    Raises:
        EngineError: the engines cannot be asked.
    """
    if not entries or not speakers.identity.styles:
        return frozenset()
    style = speakers.identity.styles[0].id  # how a text divides into words does not depend on the speaker
    said = speakers.kana([text for entry in entries for text in questions(entry)], style, remember=remember)
    return frozenset(entry for entry in entries if not is_said(entry, *(said[text] for text in questions(entry))))
