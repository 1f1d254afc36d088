"""The shipped lexicon: technical words and names that no rule reads correctly, in ``terms.csv`` beside this file.

The file has the columns ``surface`` and ``reading``. It is loaded when it is first needed, and a project's own lexicon
takes precedence.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

from tts_render.reading.lexicon import Lexicon

__all__ = ["shipped_terms"]


@lru_cache(maxsize=1)
def shipped_terms() -> Lexicon:
    """The shipped words."""
    text = (files("tts_render.reading") / "terms.csv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines())
    next(rows)
    return Lexicon(dict(rows))
