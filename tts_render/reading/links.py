"""Web and mail addresses, where a listener is to be told of them. Otherwise the next layer passes over them."""

from __future__ import annotations

from tts_render.script.cleaning import ADDRESS, strip_markup

__all__ = ["name_links"]


def name_links(text: str, said: str) -> str:
    """``text`` with ``said`` for each address; unchanged where that is empty. A link with a text is said by it."""
    return ADDRESS.sub(said, strip_markup(text)) if said else text
