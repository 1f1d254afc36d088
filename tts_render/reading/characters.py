"""The first layer: replaces characters that engines silently drop by ones that they know.

Character references of HTML (``&amp;``), squared and circled characters (㈱ ① ㎏), Roman numerals, superscript
figures, and forms of kanji that occur only in names (髙 﨑).
"""

from __future__ import annotations

import html
import re
import unicodedata

__all__ = ["spell_characters"]

_PRIVATE = re.compile("[\U000f0000-\U000ffffd]")
_REFERENCE = re.compile("&(?:[A-Za-z][A-Za-z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_KANJI = (
    "髙﨑栁濵𠮷瀨德桒槗增黑靑吳淸鄕緖曻晧﨟賴渕俱噓頰剝塡𠮟",
    "高崎柳浜吉瀬徳桑橋増黒青呉清郷緒昇皓臈頼淵倶嘘頬剥填叱",
)
_NAMED = {
    "㈱": "株式会社",
    "㍿": "株式会社",
    "㈲": "有限会社",
    "㈹": "代表",
    "№": "No.",
    "℡": "電話",
    "℃": "度",
    "℉": "華氏度",
    "ℓ": "L",
    "㎡": "平方メートル",
    "㎢": "平方キロメートル",
    "㎥": "立方メートル",
    "㎝": "cm",
    "㏄": "シーシー",
    "µ": "μ",
    "™": "",
    "®": "",
    "©": "",
    "℠": "",
    "†": "",
    "‡": "",
    "¶": "",
    "§": "セクション",
    "〒": "郵便番号",
    "⁄": "/",
    "−": "-",
    "‐": "-",
    "‑": "-",
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅛": "1/8",
}
_SQUARED = re.compile("(?<![A-Za-z])(k|c|m|)m([²³])")
_LENGTHS = {"k": "キロ", "c": "センチ", "m": "ミリ", "": ""}
_COMPANY = re.compile("[（(](株|有)[）)]")
_SIMPLE = str.maketrans(_NAMED) | str.maketrans(*_KANJI)
_COMPOSED = re.compile(
    "[\u2160-\u217f\u2460-\u24ff\u2776-\u2793\u3200-\u33ff\ufb00-\ufb06\U0001d400-\U0001d7ff\U0001f100-\U0001f10c]"
)
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def spell_characters(text: str) -> str:
    """Replace characters in ``text`` by ones that every engine knows."""
    if text.isascii() and "&" not in text:
        return text
    text = _PRIVATE.sub("", _REFERENCE.sub(lambda found: html.unescape(found.group()), text))
    text = _SQUARED.sub(_square, text).translate(_SIMPLE)
    text = _COMPANY.sub(lambda found: "株式会社" if found[1] == "株" else "有限会社", text)
    text = _RAISED.sub(_power, text)
    return _COMPOSED.sub(_decomposed, text)


def _square(found: re.Match[str]) -> str:
    return ("平方" if found[2] == "²" else "立方") + _LENGTHS[found[1]] + "メートル"


def _power(found: re.Match[str]) -> str:
    before = found.string[: found.start()][-1:]
    figures = unicodedata.normalize("NFKC", found.group())
    return f"の{figures}乗" if before.isalnum() else figures


def _decomposed(found: re.Match[str]) -> str:
    """① as a separate figure, with a pause if a word follows directly; Roman numerals as figures."""
    character, text = found.group(), found.string
    value = unicodedata.numeric(character, None)
    if value is None or "\u3300" <= character <= "\u33ff":
        return unicodedata.normalize("NFKC", character).strip("()")
    roman = "\u2160" <= character <= "\u217f"
    bullet = not roman and found.start() == len(text) - len(text.lstrip()) and found.end() < len(text)
    return f"{value:g}" + ("、" if bullet and text[found.end()] not in "、。.．, 　" else "")
