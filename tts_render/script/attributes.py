"""The values of SSML attributes in our own units. What is not understood raises ValueError, with the reason."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from tts_render.ground.messages import listed, said
from tts_render.script.base import Manner

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_break", "parse_kana", "parse_prosody", "strip_accents"]

_STRENGTHS = {"none": 0.0, "x-weak": 0.15, "weak": 0.25, "medium": 0.5, "strong": 0.8, "x-strong": 1.2}
_RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "fast": 1.25, "x-fast": 1.6, "default": 1.0}
_PITCHES = {"x-low": -4.0, "low": -2.0, "medium": 0.0, "high": 2.0, "x-high": 4.0, "default": 0.0}
"""Semitones."""
_VOLUMES = {"silent": 0.0, "x-soft": 0.25, "soft": 0.5, "medium": 1.0, "loud": 1.6, "x-loud": 2.5, "default": 1.0}
_LONGEST = 60.0  # seconds
_TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(%|st|dB|x|Hz)?", re.IGNORECASE)
_MORA = r"_?(?:[ァ-ヴ][ァィゥェォャュョヮ]?|ー)"
_PHRASE = re.compile(rf"(?:{_MORA})+'(?:{_MORA})*？?")


def parse_break(values: Mapping[str, str]) -> float:
    """Seconds of a ``<break>``, from its ``time``, else from its ``strength``, which is medium by default."""
    if "time" in values:
        found = _TIME.fullmatch(values["time"].strip())
        if found is None:
            raise ValueError(said("time={text!r} is not a time such as 500ms or 1.5s", text=values["time"]))
        seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
        if seconds > _LONGEST:
            raise ValueError(said("time={text!r} is more than {longest:.0f} s", text=values["time"], longest=_LONGEST))
        return seconds
    return _named(values.get("strength", "medium"), _STRENGTHS, "strength")


def parse_prosody(values: Mapping[str, str]) -> Manner:
    """The manner that ``rate``, ``pitch`` and ``volume`` of a ``<prosody>`` ask for."""
    speed = _rate(values["rate"]) if "rate" in values else 1.0
    pitch = _pitch(values["pitch"]) if "pitch" in values else 0.0
    volume = _volume(values["volume"]) if "volume" in values else 1.0
    for name, value, least, most in (("rate", speed, 0.2, 5), ("pitch", pitch, -1, 1), ("volume", volume, 0, 8)):
        if not least <= value <= most:
            raise ValueError(said("{name}={text!r} is out of range", name=name, text=values[name]))
    return Manner(speed, pitch, volume)


def parse_kana(text: str) -> str:
    """A reading in kana with accents: phrases separated by ``/`` or ``、``, each with one ``'`` after its accent."""
    kana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in text).replace("?", "？").replace("’", "'")
    kana = re.sub(r"\s+", "", kana)
    for phrase in re.split("[/、]", kana):
        if not _PHRASE.fullmatch(phrase):
            raise ValueError(said("is not kana with one ' after the accent of each phrase"))
    return kana


def strip_accents(kana: str) -> str:
    """The same kana without accents: ``キョ'ウ/ワ'`` is ``キョウワ``."""
    return re.sub("['/_]", "", kana)


def _rate(text: str) -> float:
    sign, value, unit = _number(text, _RATES, "rate")
    if unit == "%":
        return 1 + sign * value / 100 if sign else value / 100
    if unit in ("", "x") and not sign:
        return value
    raise ValueError(said("rate={text!r} is not a rate such as fast, 120% or 1.2", text=text))


def _pitch(text: str) -> float:
    """Parse a pitch, in octaves."""
    if text.strip() in _PITCHES:
        return _PITCHES[text.strip()] / 12
    sign, value, unit = _number(text, {}, "pitch")
    if unit == "st":
        return (sign or 1) * value / 12
    factor = 1 + sign * value / 100 if unit == "%" and sign else value / 100 if unit == "%" else value
    if unit in ("%", "x") and factor > 0:
        return math.log2(factor)
    raise ValueError(said("pitch={text!r} is not a pitch such as high, +2st, +10% or 1.1x", text=text))


def _volume(text: str) -> float:
    sign, value, unit = _number(text, _VOLUMES, "volume")
    if unit == "db":
        return float(10 ** ((sign or 1) * value / 20))
    if unit == "%":
        return 1 + sign * value / 100 if sign else value / 100
    if unit in ("", "x") and not sign:
        return value if text.strip() in _VOLUMES or unit == "x" else value / 100  # SSML counts from 0 to 100
    raise ValueError(said("volume={text!r} is not a volume such as loud, +6dB or 80%", text=text))


def _number(text: str, names: Mapping[str, float], what: str) -> tuple[int, float, str]:
    """Sign (0 if there is none), value and unit."""
    text = text.strip()
    if text in names:
        return 0, names[text], ""
    found = _NUMBER.fullmatch(text)
    if found is None:
        message = said("{what}={text!r} is not understood", what=what, text=text)
        if names:
            message = said("{message}; the names are {names}", message=message, names=listed(names))
        raise ValueError(message)
    return {"": 0, "+": 1, "-": -1}[found[1]], float(found[2]), (found[3] or "").lower()


def _named(text: str, names: Mapping[str, float], what: str) -> float:
    if text.strip() not in names:
        raise ValueError(said("{what}={text!r} is not one of {names}", what=what, text=text, names=listed(names)))
    return names[text.strip()]
