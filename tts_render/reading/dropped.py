"""Finds what no layer has a reading for and engines silently leave out."""

from __future__ import annotations

import unicodedata

__all__ = ["dropped"]

_QUIET = frozenset("☆★♪♫♬♡♥○●◎◯□■◇◆△▲▽▼→←↑↓↔…‥・|｜^｀`´¨_＿＾゛゜ヽヾゝゞ〃仝々〆〇※￣~￤<>＜＞+＋=＝$＄¬")
"""Marks that are naturally silent or a pause, and those that engines do read."""


def dropped(said: str) -> tuple[str, ...]:
    """The characters of a reading that an engine would leave out, in order, without duplicates.

    These are letters and figures that are neither kana, Latin, nor kanji of JIS X 0208, from which the engines'
    dictionaries are made; and signs that stand for a word. Punctuation is naturally silent, and emoji are removed on
    purpose.
    """
    return tuple(dict.fromkeys(character for character in said if _is_dropped(character)))


def _is_dropped(character: str) -> bool:
    if character.isascii() or character in _QUIET or "ぁ" <= character <= "ヿ":
        return False
    category = unicodedata.category(character)
    if category[0] in "LN":
        return not _is_kanji(character)
    return category in ("Sm", "Sc", "So") and not "\u2500" <= character <= "\u27bf"


def _is_kanji(character: str) -> bool:
    if not "一" <= character <= "鿿":
        return False
    try:
        character.encode("shift_jis")
    except UnicodeEncodeError:
        return False
    return True
