"""Units after figures: 14.1GB, 100km/h, 50 tokens/s."""

from __future__ import annotations

import re

__all__ = ["spell_measures"]

_SIZES = {"k": "キロ", "K": "キロ", "M": "メガ", "G": "ギガ", "T": "テラ", "P": "ペタ"}
_UNITS = {
    **{f"{letter}B": f"{name}バイト" for letter, name in _SIZES.items()},
    **{f"{letter}iB": f"{name[:1]}ビバイト" for letter, name in _SIZES.items() if letter != "k"},
    **{f"{letter}bps": f"{name}ビーピーエス" for letter, name in _SIZES.items()},
    **{f"{letter}b/s": f"{name}ビーピーエス" for letter, name in _SIZES.items()},
    **{f"{letter}Hz": f"{name}ヘルツ" for letter, name in _SIZES.items()},
    **{f"{letter}W": f"{name}ワット" for letter, name in _SIZES.items()},
    **{f"{letter}Wh": f"{name}ワットアワー" for letter, name in _SIZES.items()},
    "TFLOPS": "テラフロップス",
    "PFLOPS": "ペタフロップス",
    "GFLOPS": "ギガフロップス",
    "FLOPS": "フロップス",
    "TOPS": "トップス",
    "Hz": "ヘルツ",
    "Wh": "ワットアワー",
    "W": "ワット",
    "V": "ボルト",
    "kV": "キロボルト",
    "mV": "ミリボルト",
    "mA": "ミリアンペア",
    "mAh": "ミリアンペアアワー",
    "dB": "デシベル",
    "bps": "ビーピーエス",
    "fps": "エフピーエス",
    "FPS": "エフピーエス",
    "dpi": "ディーピーアイ",
    "rpm": "アールピーエム",
    "ppm": "ピーピーエム",
    "px": "ピクセル",
    "pt": "ポイント",
    "bit": "ビット",
    "bits": "ビット",
    "byte": "バイト",
    "bytes": "バイト",
    "km": "キロメートル",
    "m": "メートル",
    "cm": "センチメートル",
    "mm": "ミリメートル",
    "μm": "マイクロメートル",
    "um": "マイクロメートル",
    "nm": "ナノメートル",
    "kg": "キログラム",
    "g": "グラム",
    "mg": "ミリグラム",
    "L": "リットル",
    "l": "リットル",
    "ml": "ミリリットル",
    "mL": "ミリリットル",
    "dL": "デシリットル",
    "kcal": "キロカロリー",
    "cal": "カロリー",
    "hPa": "ヘクトパスカル",
    "ha": "ヘクタール",
    "cc": "シーシー",
    "ms": "ミリ秒",
    "msec": "ミリ秒",
    "μs": "マイクロ秒",
    "us": "マイクロ秒",
    "ns": "ナノ秒",
    "s": "秒",
    "sec": "秒",
    "secs": "秒",
    "min": "分",
    "mins": "分",
    "h": "時間",
    "hr": "時間",
    "hrs": "時間",
    "hours": "時間",
    "days": "日間",
    "inch": "インチ",
    "x": "倍",
    "X": "倍",
    "°C": "度",
    "°F": "度",
    "°": "度",
    "req": "リクエスト",
    "tok": "トークン",
    "token": "トークン",
    "tokens": "トークン",
}
_SPACED = {unit for unit in _UNITS if len(unit) > 1 and unit not in {"us", "ha", "pt", "um"}}
"""Units that may follow a space: 16 GB has a unit, but 2 m may be the beginning of another word."""
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_PER = {
    "s": "毎秒",
    "sec": "毎秒",
    "秒": "毎秒",
    "min": "毎分",
    "分": "毎分",
    "h": "毎時",
    "hour": "毎時",
    "時": "毎時",
}
_NUMBER = r"(?<![A-Za-z0-9.])([0-9][0-9,]*(?:\.[0-9]+)?)([ ]?)|(?<=[十百千万億])"
"""Figures and an optional space, or the end of a number in kanji."""
_MEASURE = re.compile(rf"(?:{_NUMBER})({_UNIT})(?:/(s|sec|秒|min|分|h|hour|時))?(?![A-Za-z0-9])")


def spell_measures(text: str) -> str:
    """Write the units in ``text`` as words."""
    return _MEASURE.sub(_measure, text)


def _measure(found: re.Match[str]) -> str:
    number, space, unit, per = found[1] or "", found[2], found[3], found[4]
    if space and unit not in _SPACED:
        return found.group()
    if unit in ("x", "X") and per:
        return found.group()
    if per:
        return ("時速" if (unit, per) == ("km", "h") else _PER[per]) + number + _UNITS[unit]
    return number + _UNITS[unit]
