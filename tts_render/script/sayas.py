"""How ``<say-as>`` wants figures and letters read: as a Japanese reader would say them aloud."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["KINDS", "say_as"]

_NAMES = (
    "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー キュー アール エス ティー"
    " ユー ブイ ダブリュー エックス ワイ ゼット"
)
_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAMES.split(), strict=True))
_DIGITS = {
    "0": "ゼロ", "1": "イチ", "2": "ニー", "3": "サン", "4": "ヨン", "5": "ゴー", "6": "ロク", "7": "ナナ", "8": "ハチ",
    "9": "キュー",
}  # fmt: skip
_SIGNS = {
    "-": "ハイフン", "_": "アンダーバー", ".": "ドット", "/": "スラッシュ", "@": "アット", "+": "プラス",
    "#": "シャープ", "*": "アスタリスク", ":": "コロン", "&": "アンド", "%": "パーセント",
}  # fmt: skip
_DATE = re.compile(r"(?:(\d{1,4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_TIME = re.compile(r"(\d{1,2})\s*[:時]\s*(\d{1,2})\s*(?:[:分]\s*(?:(\d{1,2})\s*秒?)?)?")
_TELEPHONE = re.compile(r"\+?\d[\d\s().-]*")

KINDS = ("characters", "date", "digits", "telephone", "time")


def say_as(kind: str, text: str) -> str | None:
    """The reading of ``text`` as ``kind``, one of :data:`KINDS`; None if it is not of that kind."""
    text = unicodedata.normalize("NFKC", text).strip()
    match kind:
        case "characters":
            return "、".join(filter(None, map(_spell, text)))
        case "digits":
            return "".join(_DIGITS.get(character, character) for character in text) if _has_digit(text) else None
        case "date":
            return _say_date(text)
        case "time":
            return _say_time(text)
        case "telephone":
            return _say_telephone(text)
    return None


def _spell(character: str) -> str:
    if character.isspace():
        return ""
    upper = character.upper()
    return _LETTERS.get(upper) or _DIGITS.get(character) or _SIGNS.get(character, character)


def _has_digit(text: str) -> bool:
    return any(character in _DIGITS for character in text)


def _say_date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[3]) <= 31:
        return None
    return (f"{int(found[1])}年" if found[1] else "") + f"{int(found[2])}月{int(found[3])}日"


def _say_time(text: str) -> str | None:
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) > 30 or int(found[2]) > 59 or int(found[3] or 0) > 59:  # 25時 is one at night
        return None
    minutes = f"{int(found[2])}分" if int(found[2]) or found[3] else ""
    return f"{int(found[1])}時{minutes}" + (f"{int(found[3])}秒" if found[3] else "")


def _say_telephone(text: str) -> str | None:
    if not _TELEPHONE.fullmatch(text):
        return None
    groups = ["".join(_DIGITS[digit] for digit in group) for group in re.findall(r"\d+", text)]
    return ("プラス、" if text.startswith("+") else "") + "の、".join(groups)
