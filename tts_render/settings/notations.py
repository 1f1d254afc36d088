"""Notation settings in voices.yaml: which shortcodes are spoken, and what is said around the articles of a post."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from tts_render.ground.messages import listed, said
from tts_render.ground.yamltree import nearest
from tts_render.script.base import SpokenShortcode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tts_render.ground.yamltree import Tree

__all__ = ["PLACEHOLDERS", "TEMPLATES", "known_voice", "read_shortcodes", "read_template"]

TEMPLATES = ("intro", "before_article", "outro")
PLACEHOLDERS = ("title", "date", "n", "count", "article")

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def read_shortcodes(tree: Tree, names: Iterable[str]) -> dict[str, SpokenShortcode]:
    """Parse the table ``shortcodes``, by name.

    Args:
        tree: the table.
        names: names and aliases of voices.

    Raises:
        ConfigError: something in it is wrong.
    """
    known = tuple(names)
    return {name: _shortcode(entry, known) for name, entry in tree.entries().items()}


def read_template(tree: Tree, name: str) -> str:
    """Parse the template ``name``: a text with placeholders in braces.

    Raises:
        ConfigError: it is not text, or contains an unknown placeholder.
    """
    text = tree.text()
    allowed = PLACEHOLDERS if name == "before_article" else ("title", "date", "count")
    for found in _BRACES.finditer(text):
        if found[1] not in allowed:
            near = nearest(found[1] or "", allowed)
            raise tree.wrong(
                said("{found} is not a placeholder", found=found.group()),
                said("Did you mean {{{near}}}?", near=near)
                if near
                else said("The placeholders here are: {allowed}.", allowed=listed(f"{{{one}}}" for one in allowed)),
            )
    return text


def known_voice(tree: Tree, names: Iterable[str]) -> str:
    """Parse a name or alias of a voice.

    Raises:
        ConfigError: there is no such voice; the nearest name is suggested.
    """
    name = tree.text()
    known = {unicodedata.normalize("NFC", one) for one in names}
    if unicodedata.normalize("NFC", name) not in known:
        near = nearest(name, known)
        raise tree.wrong(
            said("there is no voice {name!r}", name=name),
            said("Did you mean {near}?", near=near) if near else said("Name it under voices: first."),
        )
    return name


def _shortcode(tree: Tree, names: tuple[str, ...]) -> SpokenShortcode:
    if not tree.is_mapping:
        tree.choice(["silent"])
        return SpokenShortcode()
    found = tree.fields("text", "speaker", "voices")
    if "text" not in found:
        raise tree.wrong(said("needs text:, the attribute to speak"), said("Or write silent instead."))
    if "speaker" in found and "voices" not in found:
        raise tree.wrong(said("speaker: needs voices:, the voices that speak in turn"))
    return SpokenShortcode(
        text=found["text"].text(),
        speaker=found["speaker"].text() if "speaker" in found else None,
        voices=tuple(known_voice(voice, names) for voice in found["voices"].items()) if "voices" in found else (),
    )
