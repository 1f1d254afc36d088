"""Replaces web and mail addresses if listeners should hear them. Otherwise the next layer skips them."""

from __future__ import annotations

from tts_render.script.cleaning import ADDRESS, strip_markup

__all__ = ["name_links"]


def name_links(text: str, said: str) -> str:
    """Replace each address in ``text`` with ``said``, unless that is empty. A link with a text is said by its text."""
    return ADDRESS.sub(said, strip_markup(text)) if said else text
