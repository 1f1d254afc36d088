"""What counts as a mark, a word or an address in a text, and what is not text at all."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["ADDRESS", "BRACKETS", "CLOSING", "ENDING", "clean", "fold_space", "speakable", "strip_markup"]

BRACKETS = {
    "「": "」", "『": "』", "（": "）", "(": ")", "［": "］", "[": "]", "｛": "｝", "{": "}", "〈": "〉", "《": "》",
    "【": "】", "〔": "〕", "〖": "〗", "〘": "〙", "｢": "｣", "“": "”", "〝": "〟",
}  # fmt: skip
"""Opening brackets and what closes them. Straight quotes are omitted, since they can be either."""

CLOSING = "".join(dict.fromkeys([*BRACKETS.values(), "〞"]))
"""Closing brackets."""

ENDING = "。．｡！？!?‼⁇⁈⁉"
"""Marks that may end a sentence. The English full stop is more complicated: see ``sentences``."""

ADDRESS = re.compile(
    r"""
    (?: https?:// | (?<![0-9A-Za-z.])www\.(?=[0-9A-Za-z]) )
        (?: [!#-'*-;=?-\[\]_a-z~] | \( [!#-'*-;=?-\[\]_a-z~]{0,200} \) ){1,4000}
        (?<= [0-9A-Za-z/_=&\#%+~$)-] )                          # ends with no mark that belongs to the sentence
    | (?<![\w.%+-]) [\w.%+-]{1,64} @ (?: [A-Za-z0-9-]{1,63} \. ){1,8} [A-Za-z]{2,24} (?![0-9A-Za-z])
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
"""A web or mail address in a text. Nobody wants to hear one."""

_ESCAPE = re.compile(
    r"""
    \x1b (?: \[ [0-?]{0,64} [ -/]{0,8} [@-~]                        # colours and cursor of a terminal
           | \] [^\x07\x1b\n]{0,512} (?: \x07 | \x1b\\ )            # its title, only where that is closed
           )?
    """,
    re.VERBOSE,
)
_SPACE_CONTROL = re.compile("[\t\v\f\x1c-\x1f\x85\u2028\u2029]")
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000f0000-\U000ffffd]"  # where inserts stand for markup
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile("[0-9A-Za-zぁ-ゖァ-ヺ一-鿿]")
_IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\s]*\)")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:https?:|/|#)[^()\s]*\)")
_DOUBLE = re.compile(r"\*{2,}|~~+|`+")
_STRESSED = re.compile(
    r"__(?=[^\s_])([^_\n]{1,200})(?<=[^\s_])__"
    r"|(?<![0-9A-Za-z０-９*])\*(?=[^\s*])([^*\n]{1,200})(?<=[^\s*])\*(?![0-9A-Za-z０-９*])"
)


def clean(text: str) -> str:
    """Remove what is not text: terminal escapes, control characters, text direction marks, lone surrogates.

    Line feeds stay, tabs and other breaks become spaces, and joiners of emoji stay.
    """
    return _CONTROL.sub("", _SPACE_CONTROL.sub(" ", _ESCAPE.sub("", text)))


def fold_space(text: str) -> str:
    """Replace each run of white space with one space, and strip ``text``."""
    return _SPACE.sub(" ", text).strip()


def strip_markup(text: str) -> str:
    """Remove what Markdown leaves behind in plain text: stars, backticks, links and images."""
    if not any(mark in text for mark in "*~`_["):
        return text
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    return _STRESSED.sub(_unstressed, _DOUBLE.sub("", text))


def speakable(text: str) -> bool:
    """Whether ``text`` has a letter or digit outside addresses: marks alone are silence.

    Letters that no engine may know count too: if one of them fails, that is an error to report, not a silence.
    """
    if "//" in text or "@" in text or "www." in text:
        text = ADDRESS.sub(" ", text)
    return _WORD.search(text) is not None or any(_is_word(character) for character in text)


def _unstressed(found: re.Match[str]) -> str:
    stressed = found[1] or found[2]
    return found.group() if stressed.isascii() else stressed  # __init__ and a *b* are more likely to be code


def _is_word(character: str) -> bool:
    category = unicodedata.category(character)
    # Lm is ー 々 ゝ and the like, which only continue what stands before them.
    return category[0] in "LN" and category != "Lm"
