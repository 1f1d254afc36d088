"""The first layer: writes each character in one way, and removes what is not said.

Half-width Latin letters and digits (engines widen them again themselves, but lexicons match one form), full-width
katakana, composed accents and voice marks; no control characters, addresses, or leftovers of Markdown.
"""

from __future__ import annotations

import re
import unicodedata

from tts_render.script.cleaning import ADDRESS, clean, fold_space, strip_markup

__all__ = ["normalise"]

_HALF_WIDTH_KATAKANA = re.compile("[\uff61-\uff9f][\uff61-\uff9f\u3099\u309a]*")
_VOICE_MARK = re.compile(
    "(?<=[うかきくけこさしすせそたちつてとはひふへほウカキクケコサシスセソタチツテトハヒフヘホ])[゛゜]+"
)
_TO_HALF_WIDTH = str.maketrans(
    {chr(0xFEE0 + ord(c)): c for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz%&+#$@"}
)
_POINT = re.compile(r"(?<=[0-9])[．，](?=[0-9])")
_ACCENTED = re.compile("[À-ÖØ-öø-ɏḀ-ỿ][\u0300-\u036f\u3099\u309a]*|[A-Za-z][\u0300-\u036f\u3099\u309a]+")
_LOOSE_MARK = re.compile("[\u0300-\u036f\u3099-\u309c]")  # following nothing it could be composed with
_DEEPEST = 32
_JOINERS = re.compile("[\u180b-\u180d\u200c\u200d\u20e3\ufe00-\ufe0f\U000e0000-\U000e01ef]")


def normalise(text: str) -> str:
    """``text`` in the form that later layers expect."""
    text = unicodedata.normalize("NFC", _JOINERS.sub("", clean(text)))
    text = _HALF_WIDTH_KATAKANA.sub(_widen, text)
    text = _ACCENTED.sub(_without_accent, _VOICE_MARK.sub(_combining, text).translate(_TO_HALF_WIDTH))
    text = _LOOSE_MARK.sub("", unicodedata.normalize("NFC", text))
    text = fold_space(text)
    for _ in range(_DEEPEST):  # removing one piece may reveal another
        text, before = fold_space(strip_markup(text)), text
        if text == before:
            text = fold_space(ADDRESS.sub(" ", text))
            if text == before:
                break
    return _POINT.sub(lambda found: "." if found.group() == "．" else ",", text)


def _widen(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found.group())


def _combining(found: re.Match[str]) -> str:
    return "\u3099" if found.group()[0] == "゛" else "\u309a"


def _without_accent(found: re.Match[str]) -> str:
    """A Latin letter that engines know: they silently drop é."""
    letter = unicodedata.normalize("NFD", found.group())[0]
    return letter if letter.isascii() else found.group()
