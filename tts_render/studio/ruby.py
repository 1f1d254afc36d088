"""Ruby: the reading over the text of a line, where the two differ."""

from __future__ import annotations

import difflib
import unicodedata
from functools import lru_cache

from tts_render.engine.base import KANA

__all__ = ["ruby"]

_ACCENTS = str.maketrans("", "", f"{KANA[0]}{KANA[1]}'/_")
_LONGEST = 400  # characters; comparing takes the square of it, and who writes more has the reading below


@lru_cache(maxsize=10_000)
def ruby(text: str, reading: str) -> tuple[tuple[str, str | None], ...]:
    """The parts of a text, each with its reading if that is another.

    Args:
        text: the display text.
        reading: what the engine is asked to say.

    Returns:
        Parts that make up the text; empty where it cannot be told which part is read how.
    """
    said = reading.translate(_ACCENTS)
    if len(text) > _LONGEST or len(said) > _LONGEST:
        return ()
    matcher = difflib.SequenceMatcher(None, [_plain(c) for c in text], [_plain(c) for c in said], autojunk=False)
    parts: list[tuple[str, str | None]] = []
    for _, begin, end, start, stop in matcher.get_opcodes():
        shown, spoken = text[begin:end], said[start:stop]
        if not any(character.isalnum() for character in spoken) or _folded(shown) == _folded(spoken):
            parts.append((shown, None))
        elif not any(character.isalnum() for character in shown):
            return ()  # something is said for nothing that is written
        else:
            parts.append((shown, spoken.strip("、。 ")))
    return _joined(parts)


def _joined(parts: list[tuple[str, str | None]]) -> tuple[tuple[str, str | None], ...]:
    """The same without empty parts, and without borders between two that are read as they are written."""
    joined: list[tuple[str, str | None]] = []
    for text, reading in parts:
        if joined and reading is None and joined[-1][1] is None:
            joined[-1] = joined[-1][0] + text, None
        elif text:
            joined.append((text, reading))
    return tuple(joined)


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKC", character).casefold()


def _folded(text: str) -> str:
    return "".join(_plain(character) for character in text)
