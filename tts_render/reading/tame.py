"""The last layer: rewrites what derails an engine into a form that it survives.

Engines silently drop emoji; a run of one kana makes Open JTalk's vocoder grow without bounds (20 times え: a peak of
1e16); a run of 345 katakana crashes its text analysis, and the VOICEVOX engine with it; and ｗｗｗ is a laugh, not
three times the letter.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["tame"]

_EMOJI = re.compile(
    "(?:[ ]?[\U0001f000-\U0001f0ff\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f1e6-\U0001f1ff\U0001f201-\U0001f64f\U0001f680-\U0001faff\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u25fd\u25fe\u2600-\u2604\u2607-\u263f"
    "\u2648-\u2660\u2663\u2667\u2668\u2670-\u2775\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55])+[ ]?"
)
"""☆ ★ ♪ ♡ and arrows are not included: engines make a pause of these."""
_WORD_END = re.compile(r"[^\W_]|[々）)」』]")
_WORD_BEGIN = re.compile(r"[^\W_]|[（(「『【]")
_LAUGH = re.compile(
    r"(?:(?<=[^\W0-9A-Za-z_])|(?<=[、。！？!?…」』）)〜~])|^(?=ww))[ ]?"
    r"(?:w+(?: w+)*(?:(?=$|[ 、。，．！？!?…」』（()）])|(?<=www)(?=[^\W0-9A-Za-z_]))|W{3,}(?![0-9A-Za-z]))"
)
_LAUGHED = "ワラ"
_VOWEL_RUN = re.compile(r"([ぁ-おァ-オ])(?=(?:\1|ー){4})\1*ー*")
"""A shorter run is short enough; most texts have none that is not, and are looked through only once."""
_KANA_RUN = re.compile("([か-ゖカ-ヺ])\\1{4,}")
_LONG_RUN = re.compile("ー{4,}")
_CAPITAL_RUN = re.compile(r"([A-Z])\1{4,}")
_SMALL_RUN = re.compile(r"([a-z])\1{3,}")
_OTHER_RUN = re.compile(r"([^\s0-9])\1{4,}")
_KATAKANA_RUN = re.compile("[ァ-ヺー]{129,}")
_NEVER_FIRST = " 、。，．！？"
_MOST = 4
"""Of one vowel in a row: with 5, Open JTalk's peak is normal, with 6 it is doubled, with 12 it is a thousandfold."""


def tame(text: str) -> str:
    """Rewrite ``text``, which must be normalised, so that an engine can say it."""
    text = _EMOJI.sub(_without_emoji, text).lstrip(_NEVER_FIRST)
    text = _LAUGH.sub(lambda found: _LAUGHED + ("、" if _WORD_BEGIN.match(text, found.end()) else ""), text)
    text = _KANA_RUN.sub(r"\1\1\1\1", _VOWEL_RUN.sub(_shorter_vowel, text))
    text = _CAPITAL_RUN.sub(r"\1\1\1\1", _LONG_RUN.sub("ーーー", text))
    text = _OTHER_RUN.sub(r"\1\1\1", _SMALL_RUN.sub(r"\1\1\1", text))
    text = _KATAKANA_RUN.sub(_divided, text)
    return unicodedata.normalize("NFC", text).rstrip()


def _without_emoji(found: re.Match[str]) -> str:
    """An emoji between two words is a pause; elsewhere it is nothing."""
    text = found.string
    if _WORD_END.match(text[found.start() - 1 : found.start()]) and _WORD_BEGIN.match(text, found.end()):
        return "、"
    return " " if " " in found.group() else ""


def _shorter_vowel(found: re.Match[str]) -> str:
    vowels = min(_MOST, len(found.group().rstrip("ー")))
    return found[1] * vowels + "ー" * min(_MOST - vowels, found.group().count("ー"))


def _divided(found: re.Match[str]) -> str:
    run = found.group()
    return "、".join(run[at : at + 128] for at in range(0, len(run), 128))
