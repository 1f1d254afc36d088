"""The language of a page: what the command was told, else what its browser asks for with every request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.ground.messages import LANGUAGES

if TYPE_CHECKING:
    from tts_render.ground.messages import Language

__all__ = ["language_for"]

_WISH = re.compile(r"\s*([A-Za-z]+)(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def language_for(accepted: str, told: Language | None) -> Language:
    """The language in which a request is answered; English if it asks for none of ours.

    Args:
        accepted: its ``Accept-Language``.
        told: the language of every page; None for that of each.
    """
    if told is not None:
        return told
    wishes = [found for one in accepted.split(",") if (found := _WISH.fullmatch(one))]
    best: dict[str, float] = {}
    for wish in wishes:
        best.setdefault(wish[1].lower(), float(wish[2] or 1))
    return max(LANGUAGES, key=lambda language: best.get(language, 0.0))
