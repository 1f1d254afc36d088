"""Figures and the signs around them: times, dates, fractions, ranges, sums of money, versions, units.

Figures themselves are left to the engines, which can count in Japanese (二十日, 十分, 一本). What they leave out, or
read one by one, is put into words: the colon of 10:30, the minus of -5, the dollar of $100.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.reading.measures import spell_measures

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["spell_numbers"]

_N = r"[0-9][0-9,]*(?:\.[0-9]+)?"
_PLAIN = r"[0-9]+(?:\.[0-9]+)?"
_JAPANESE = "ぁ-ヺー一-鿿々"

_CURRENCIES = {
    "$": "ドル",
    "＄": "ドル",
    "US$": "ドル",
    "￥": "円",
    "¥": "円",
    "€": "ユーロ",
    "£": "ポンド",
    "₩": "ウォン",
    "₿": "ビットコイン",
    "A$": "オーストラリアドル",
}
_THOUSANDS = {"M": "ミリオン", "B": "ビリオン", "T": "トリリオン"}
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστφχψω",
        [
            "アルファ",
            "ベータ",
            "ガンマ",
            "デルタ",
            "イプシロン",
            "ゼータ",
            "イータ",
            "シータ",
            "イオタ",
            "カッパ",
            "ラムダ",
            "ミュー",
            "ニュー",
            "クサイ",
            "パイ",
            "ロー",
            "シグマ",
            "タウ",
            "ファイ",
            "カイ",
            "プサイ",
            "オメガ",
        ],
        strict=True,
    )
)
_ORDINALS = {"1st": "ファースト", "2nd": "セカンド", "3rd": "サード"}
_FIGURES = ["ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー"]
_SIGNS = {
    "≒": "ニアリーイコール",
    "≈": "ニアリーイコール",
    "≠": "ノットイコール",
    "≧": "以上",
    "≥": "以上",
    "≦": "以下",
    "≤": "以下",
    "÷": "わる",
    "∞": "無限大",
    "√": "ルート",
    "‰": "パーミル",
    "±": "プラスマイナス",
    "∴": "ゆえに",
    "∈": "属する",
    "Ω": "オーム",
    "Δ": "デルタ",
    "Σ": "シグマ",
    "∑": "シグマ",
    **_GREEK,
}


def spell_numbers(text: str) -> str:
    """Replace the signs between, before and after the figures of ``text`` with words."""
    if not _SIGN.search(text) and not (_FIGURE.search(text) and _BESIDE_FIGURES.search(text)):
        return text
    for rule, into in _FIGURE_RULES:
        text = rule.sub(into, text)
    text = spell_measures(text)
    for rule, into in _SIGN_RULES:
        text = rule.sub(into, text)
    return text.translate(_SIGN_TABLE)


def _time(found: re.Match[str]) -> str:
    hour, minute, second = int(found[1]), int(found[2]), found[3]
    if hour > 29 or minute > 59:
        return found.group()
    said = f"{hour}時" + (f"{minute}分" if minute or second else "")
    return said + (f"{int(second)}秒" if second else "")


def _date(found: re.Match[str]) -> str:
    month, day = int(found[3]), int(found[4])
    return f"{found[1]}年{month}月{day}日" if 1 <= month <= 12 and 1 <= day <= 31 else found.group()


def _month(found: re.Match[str]) -> str:
    return f"{found[1]}年{int(found[2])}月" if 1 <= int(found[2]) <= 12 else found.group()


def _fraction(found: re.Match[str]) -> str:
    """1/2 is a half; 7/1 and 8/31 are dates, since nobody uses such fractions, and so is 3/4 with a weekday."""
    above, below = int(found[1]), int(found[2])
    possible = 1 <= above <= 12 and 1 <= below <= 31 and len(found[2]) <= 2
    if possible and (above > below or (above > 1 and below > 12) or found[3]):
        return f"{above}月{below}日{found[3] or ''}"
    return f"{found[2]}分の{found[1]}{found[3] or ''}"


def _dotted(found: re.Match[str]) -> str:
    return "テン".join(part.lstrip("0") or "ゼロ" for part in found.group().split("."))


def _version(found: re.Match[str]) -> str:
    parts = found[1].split(".")
    if len(parts) == 2 and len(parts[1]) == 1:
        return f"バージョン{found[1]}"
    return "バージョン" + "テン".join(part.lstrip("0") or "ゼロ" for part in parts)


def _money(found: re.Match[str]) -> str:
    currency, amount, many = _CURRENCIES[found[1]], found[2], found[3] or found[4] or ""
    if many in ("K", "k"):
        return f"{float(amount.replace(',', '')) * 1000:.0f}{currency}"
    return amount + _THOUSANDS.get(many, many) + currency


def _power_of_ten(found: re.Match[str]) -> str:
    raised = f"10の{found[2].replace('-', 'マイナス').replace('+', '').lstrip('0')}乗"
    return raised if found[1] == "1" else f"{found[1]}かける{raised}"


def _hyphens(found: re.Match[str]) -> str:
    """3-2 as in an address or a section; a longer chain, such as a telephone number, digit by digit."""
    parts = found.group().split("-")
    if len(parts) > 2 and all(len(part) > 1 for part in parts):
        return "の".join("".join(_FIGURES[int(figure)] for figure in part) for part in parts)
    return "の".join(parts)


def _half_of_day(found: re.Match[str]) -> str:
    return ("午前" if found[2] in ("エーエム", "AM", "am") else "午後") + found[1]


def _ordinal(found: re.Match[str]) -> str:
    return _ORDINALS.get(found[1], found[1][:-2] + "番目")


def _span(found: re.Match[str]) -> str:
    return f"{found[1]}から{found[2]}" if float(found[1]) < float(found[2]) else found.group()


_COUNTED = "万億兆千代個本人年月日時分秒回歳円倍件枚台割度週つ社名点%行章文語字位ヶヵか"
_FIGURE_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?<=[0-9])[：／－](?=[0-9])"), lambda found: {"：": ":", "／": "/", "－": "-"}[found.group()]),
    (re.compile(r"(?<=:[0-9]{2})[ ]?[-−–][ ]?(?=[0-9]{1,2}:[0-9]{2})"), "から"),
    (re.compile(r"(?<![0-9.,:/_-])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?![0-9:])"), _time),
    (re.compile("(?:エーエム|AM|am)[ ]?(?=[0-9]{1,2}時)"), "午前"),
    (re.compile("(?:ピーエム|PM|pm)[ ]?(?=[0-9]{1,2}時)"), "午後"),
    (re.compile("([0-9]{1,2}時(?:[0-9]{1,2}分)?)[ ]?(エーエム|AM|am|ピーエム|PM|pm)(?![A-Za-z])"), _half_of_day),
    (re.compile("(?<![0-9A-Za-z.])(1st|2nd|3rd|[0-9]+(?:st|nd|rd|th))(?![0-9A-Za-z])"), _ordinal),
    (re.compile("(?<![0-9A-Za-z])((?:1[89]|20)[0-9]0)s(?![0-9A-Za-z])"), r"\1年代"),
    (re.compile(r"(?<![0-9.:])([0-9]{1,3}):([0-9]{1,3})(?![0-9:.])"), r"\1対\2"),
    (re.compile(r"(?<![0-9A-Za-z./-])([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})(?![0-9A-Za-z/.-])"), _date),
    (re.compile(r"(?<![0-9A-Za-z./-])((?:19|20)[0-9]{2})/([0-9]{1,2})(?![0-9A-Za-z/.-])"), _month),
    (
        re.compile(r"(?<![0-9A-Za-z./])([0-9]{1,4})/([1-9][0-9]{0,3})(?![0-9A-Za-z/.])(?=([(（][月火水木金土日])?)"),
        lambda found: _fraction(found)[: -len(found[3])] if found[3] else _fraction(found),
    ),
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?:v|(?<![A-Za-zァ-ヺー][ -])V(?=[0-9]+\.[0-9])"
            r"|[vV]er(?:sion)?|バージョン)\.?[ ]?([0-9]+(?:\.[0-9]+)*)(?![0-9])"
        ),
        _version,
    ),
    (re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+){2,}(?![0-9])"), _dotted),
    (re.compile(r"(?<![A-Za-z])(?:No\.?|NO\.|no\.|#|＃)[ ]?1(?![0-9.,:/-])"), "ナンバーワン"),
    (re.compile(r"(?<![A-Za-z])(?:No\.?|NO\.|no\.|#|＃)[ ]?(?=[0-9])"), "ナンバー"),
    (re.compile(r"(?<![A-Za-z])[Vv]ol\.?[ ]?(?=[0-9])"), "ボリューム"),
    (re.compile(r"(?<![A-Za-z])pp?\.[ ]?([0-9]+)"), r"\1ページ"),
    (re.compile(rf"((?:US|A)?\$|[＄￥¥€£₩₿])[ ]?({_N})(?:([KkMBT])(?![A-Za-z])|([万億兆千百]+))?"), _money),
    (re.compile(r"(?<![0-9A-Za-z.])([0-9]+(?:\.[0-9]+)?)[eE]([+-]?[0-9]{1,3})(?![0-9A-Za-z])"), _power_of_ten),
    (re.compile(r"(?<=[0-9A-Za-z)])\^(-?[0-9]+)"), lambda found: f"の{found[1].replace('-', 'マイナス')}乗"),
    (re.compile(r"(?<=[0-9])[ ]?[x×✕✖][ ]?(?=[0-9])"), "かける"),
    (re.compile(r"[×✕✖](?=[ ]?[0-9])|(?<=[0-9])[ ]?[×✕✖]"), "かける"),
    (re.compile(rf"(?<=[0-9分時日月年円個]|[{_COUNTED}]|[BbsmgzVW])[ ]?[→⇒➡⟶][ ]?(?=[-−]?[0-9])"), "から"),
    (re.compile(rf"(?<=[0-9A-Za-z%{_COUNTED}])[ ]?[〜～~][ ]?(?=[-−]?[$￥¥]?[0-9])"), "から"),
    (re.compile(r"(?<![0-9A-Za-z.-])([0-9]+)-([0-9]+)(?=で(?:勝|負|敗|下|逆転)|の(?:勝利|敗北))"), r"\1対\2"),
    (re.compile(rf"(?<![0-9A-Za-z.-])({_PLAIN})-({_PLAIN})(?=[{_COUNTED}]|ページ|パーセント)"), _span),
    (re.compile(r"(?<![0-9A-Za-z.-])[0-9]+(?:-[0-9]+)+(?![0-9A-Za-z.-])"), _hyphens),
    (re.compile(r"(?<![0-9A-Za-zァ-ヺー.])[-−－][ ]?(?=(?:[$￥¥])?[0-9])"), "マイナス"),
    (re.compile(r"(?<![0-9A-Za-z.])[+＋](?=[0-9])"), "プラス"),
)  # fmt: skip
_SIGN_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"(?<=[0-9A-Za-z{_JAPANESE})）])[ ]?[=＝][ ]?(?=[-−0-9A-Za-z{_JAPANESE}])"), "イコール"),
    (re.compile(rf"(?<=[0-9{_JAPANESE}])[ ]?[+＋][ ]?(?=[0-9A-Za-z{_JAPANESE}])"), "プラス"),
    (re.compile("(?<=[ぁ-ゖー])(?<![はがを])[〜～]+(?![0-9一-鿿ァ-ヺ])"), "ー"),
    (re.compile("(?<=[0-9A-Za-z一-鿿ァ-ヺー々])[〜～](?=[0-9A-Za-z一-鿿ァ-ヺ])"), "から"),
    (re.compile("(?<=[^、。！？!?「『（( ])[ ]?[〜～][ ]?(?=[^、。！？!?」』）) ])"), "、"),
    (re.compile("[〜～]"), ""),
    (re.compile(rf"(?<=[0-9A-Za-z{_JAPANESE}])[ ]?[＆&][ ]?(?=[0-9{_JAPANESE}])"), "アンド"),
    (re.compile(rf"(?<=[0-9{_JAPANESE}])[ ]?[＆&][ ]?(?=[A-Za-z])"), "アンド"),
    (re.compile("[⇒➡⟶⇨]"), "→"),
)  # fmt: skip
_SIGN = re.compile("[十百千万億](?=[A-Za-zμ])|[+＋〜～=＝&＆±⇒➡⟶⇨" + "".join(map(re.escape, _SIGNS)) + "]")
_FIGURE = re.compile("[0-9]")
_BESIDE_FIGURES = re.compile("[!-/:-~：／－–−＃＄￥¥€£₩₿×✕✖→°μ]|エーエム|ピーエム|バージョン")
"""Without any of these no rule applies to figures: most texts with figures need not be taken through all of them."""
_SIGN_TABLE = str.maketrans(_SIGNS)
