"""Which words of its user dictionary an engine does not say as given there: its own dictionary may win."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.engine.voicevox.dictionary import is_said, questions
from tts_render.ground.errors import TtsRenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine import Engine
    from tts_render.engine.pool import Pool
    from tts_render.settings.lexicon import Entry
    from tts_render.speech.cache import UtteranceCache

__all__ = ["lost_words"]


def lost_words(
    entries: Sequence[Entry], pool: Pool, cache: UtteranceCache, *, remember: bool = True
) -> frozenset[Entry]:
    """Return those of ``entries`` that the engines say differently although their user dictionary has them.

    Answers are remembered like those for lines, so an unchanged engine with an unchanged dictionary is not asked again.

    Args:
        entries: words with an accent that are in the user dictionary.
        pool: the engines.
        cache: remembers earlier answers.
        remember: whether to keep new answers.

    Raises:
        EngineError: the engines cannot be asked.
    """
    if not entries or not pool.identity.styles:
        return frozenset()
    style = pool.identity.styles[0].id  # how a text divides into words does not depend on the speaker
    said: dict[str, str] = {}
    unknown: list[str] = []
    for text in (text for entry in entries for text in questions(entry)):
        phrasing = cache.phrasing(pool.identity, style, text)
        if phrasing is None:
            unknown.append(text)
        else:
            said[text] = phrasing.kana

    def ask(engine: Engine, text: str) -> str:
        phrasing = engine.phrase(text, style)
        if remember:
            cache.remember(pool.identity, style, text, phrasing)
        return phrasing.kana

    for index, answer in pool.run(unknown, ask):
        if isinstance(answer, TtsRenderError):
            raise answer
        said[unknown[index]] = answer
    return frozenset(entry for entry in entries if not is_said(entry, *(said[text] for text in questions(entry))))
