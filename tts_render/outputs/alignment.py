"""Alignment: which moras of the sound belong to which characters of the display text.

The two do not correspond one to one: kanji and Latin letters sound as several moras, a lexicon or an engine may have
read a word in any way, and pauses stand where marks are. The cheapest assignment of all moras to all characters is
found, where kana cost nothing if they sound as written, marks if there is a pause, and other characters if they have
about as many moras as is usual for their kind. Between two kana, or beside a pause, the border is exact.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from tts_render.ground.units import Frames, half_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine.base import MoraTime

__all__ = ["Edge", "align", "share"]

_PAUSE = "、"
_SMALL = frozenset("ァィゥェォャュョヮ")
_MARKS = frozenset("、。，．！？!?,.…‥・：；:;「」『』（）()［］[]【】〈〉《》“”\"'〝〟-－―—〜～")
_ROWS = {
    vowel: frozenset(kana)
    for vowel, kana in {
        "ア": "アカガサザタダナハバパマヤラワァャヮ",
        "イ": "イキギシジチヂニヒビピミリィヰ",
        "ウ": "ウクグスズツヅヌフブプムユルヴゥュ",
        "エ": "エケゲセゼテデネヘベペメレェヱ",
        "オ": "オコゴソゾトドノホボポモヨロヲォョ",
    }.items()
}
_VOWELS = frozenset("アイウエオー")
_ALIKE = frozenset(
    frozenset(pair) for pair in ("ハワ", "ヘエ", "ヲオ", "ヅズ", "ヂジ", "ウオ", "イエ", "イユ", "ヰイ", "ヱエ")
)

_WRONG_KANA = 2.0
_NO_PAUSE = 0.3
_STRAY_PAUSE = 3.0
_SOUNDING_MARK = 2.5
# Cost of each number of moras for one character of a kind.
_KANJI = (1.6, 0.3, 0.0, 0.35, 0.9, 1.4, 2.2)
_DIGIT = (0.6, 0.3, 0.0, 0.1, 0.2, 0.6, 1.0)
_CAPITAL = (0.9, 0.35, 0.0, 0.05, 0.2, 0.5)
_LETTER = (0.3, 0.0, 0.25, 0.7, 1.4)
_SYMBOL = (0.0, 0.9, 0.7, 0.4, 0.3, 0.2, 0.3, 0.5, 0.8)

_BAND = 24
"""Moras by which progress in the text may deviate from progress in the sound."""

_WEIGHTS = {"kana": 1.0, "kanji": 1.9, "digit": 2.2, "capital": 2.4, "letter": 0.9, "mark": 0.0, "symbol": 0.5}
_PAUSE_WEIGHT = 2.0
"""Length of a comma in moras, at the usual pace."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The border between two characters of a text, in frames of its clip."""

    end: Frames
    """End of the last sound before it."""
    start: Frames
    """Start of the first sound after it; in between there is a pause, or nothing."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """One character, or a kana with the small kana after it."""

    kind: str
    text: str
    """In katakana, if it is kana."""
    length: int
    """Number of characters that it covers."""


def align(text: str, moras: Sequence[MoraTime]) -> tuple[Edge, ...]:
    """Find where each border between the characters of ``text`` is in its sound.

    Args:
        text: the display text.
        moras: when each mora sounds, without gaps; at least one.

    Returns:
        ``len(text) + 1`` edges in ascending order, from the beginning to the end of the sound.
    """
    units = _units(text)
    counts = _cheapest(units, moras)
    edges = [Edge(moras[0].start, moras[0].start)]
    at = 0
    for unit, count in zip(units, counts, strict=True):
        at += count
        edges.extend([_edge(moras, at)] * unit.length)
    edges[0] = _edge(moras, 0)
    edges[-1] = Edge(moras[-1].end, moras[-1].end)
    return tuple(edges)


def share(text: str, frames: Frames) -> tuple[Edge, ...]:
    """Like :func:`align` when only the length is known: by the usual number of moras of each character.

    Args:
        text: the display text.
        frames: length of its clip.
    """
    units = _units(text)
    sounding = [_WEIGHTS[unit.kind] for unit in units]
    if not any(sounding):
        sounding = [1.0] * len(units)
    last = max(index for index, weight in enumerate(sounding) if weight)
    pauses = [
        _PAUSE_WEIGHT
        if unit.text in "、。，．！？!?…：:" and 0 < index < last and units[index - 1].kind != "mark"
        else 0.0
        for index, unit in enumerate(units)
    ]
    total = sum(sounding) + sum(pauses)
    edges = [Edge(Frames(0), Frames(0))]
    passed = 0.0
    for unit, weight, pause in zip(units, sounding, pauses, strict=True):
        passed += weight
        end = Frames(half_up(frames * passed / total))
        passed += pause
        edges.extend([Edge(end, Frames(half_up(frames * passed / total)))] * unit.length)
    edges[-1] = Edge(frames, frames)
    return tuple(edges)


def _edge(moras: Sequence[MoraTime], at: int) -> Edge:
    """The border before the mora ``at``; a pause beside it belongs to neither side."""
    before, after = at, at
    while before > 0 and moras[before - 1].text == _PAUSE:
        before -= 1
    while after < len(moras) and moras[after].text == _PAUSE:
        after += 1
    start = moras[after].start if after < len(moras) else moras[-1].end
    return Edge(moras[before - 1].end if before else moras[0].start, start)


def _units(text: str) -> list[_Unit]:
    units: list[_Unit] = []
    for character in text:
        plain = unicodedata.normalize("NFKC", character)
        kana = _katakana(plain)
        if kana in _SMALL and units and units[-1].kind == "kana" and len(units[-1].text) == 1:
            units[-1] = _Unit("kana", units[-1].text + kana, units[-1].length + 1)
        else:
            units.append(_Unit(_kind(character, plain, kana), kana, 1))
    return units


def _katakana(character: str) -> str:
    if "ぁ" <= character <= "ゖ" and len(character) == 1:
        return chr(ord(character) + 0x60)
    return character


def _kind(character: str, plain: str, kana: str) -> str:
    if character in _MARKS or character.isspace():
        return "mark"
    if len(kana) == 1 and ("ァ" <= kana <= "ヺ" or kana == "ー"):
        return "kana"
    if plain.isdigit():
        return "digit"
    if plain.isascii() and plain.isalpha():
        return "capital" if plain.isupper() else "letter"
    if unicodedata.category(character) in ("Lo", "Lm", "Nl"):
        return "kanji"
    return "symbol"


def _cheapest(units: Sequence[_Unit], moras: Sequence[MoraTime]) -> list[int]:
    """The number of moras of each unit, such that all moras are assigned at the lowest cost."""
    far = float("inf")
    count = len(moras)
    texts = [_katakana(mora.text) for mora in moras]
    pauses = [0, *accumulate(text == _PAUSE for text in texts)]
    costs = [0.0, *[far] * count]
    steps: list[list[int]] = []
    for number, unit in enumerate(units, 1):
        after = [far] * (count + 1)
        step = [0] * (count + 1)
        middle = number * count // len(units)
        table = _table(unit)
        for begin in range(max(0, middle - _BAND - len(table)), min(count, middle + _BAND) + 1):
            before = costs[begin]
            if before == far:
                continue
            if unit.kind == "kana" and begin < count:
                before_sounding = before + _unlike(unit.text, texts[begin])
            else:
                before_sounding = before
            for end in range(begin, min(begin + len(table), count + 1)):
                silent = pauses[end] - pauses[begin]
                cost = (before_sounding if end > begin else before) + table[end - begin]
                if unit.kind == "mark":
                    cost += _SOUNDING_MARK * (end - begin - silent)
                elif silent:
                    cost += _STRAY_PAUSE * silent
                if cost < after[end]:
                    after[end] = cost
                    step[end] = end - begin
        costs = after
        steps.append(step)
    if costs[count] == far:  # one side is much longer than the other suggests
        return _evenly(units, count)
    taken_by: list[int] = []
    at = count
    for step in reversed(steps):
        taken_by.append(step[at])
        at -= step[at]
    taken_by.reverse()
    return taken_by


def _table(unit: _Unit) -> tuple[float, ...]:
    match unit.kind:
        case "kana":
            return (_WRONG_KANA, 0.0, _WRONG_KANA)
        case "mark":
            return (_NO_PAUSE if unit.text in "、。，．！？" else 0.0, 0.0, _SOUNDING_MARK, 2 * _SOUNDING_MARK)
        case "kanji":
            return _KANJI
        case "digit":
            return _DIGIT
        case "capital":
            return _CAPITAL
        case "letter":
            return _LETTER
        case _:
            return _SYMBOL


@cache
def _unlike(kana: str, mora: str) -> float:
    """How different a kana as written is from what is heard: 0 if they are the same."""
    if kana == mora:
        return 0.0
    if "ー" in (kana, mora) and kana in _VOWELS and mora in _VOWELS:
        return 0.0
    if frozenset((kana, mora)) in _ALIKE:
        return 0.1
    if kana in _VOWELS and mora in _VOWELS:
        return 0.8
    same_row = any(kana[-1] in row and mora[-1:] in row for row in _ROWS.values())
    return 1.7 if same_row else _WRONG_KANA


def _evenly(units: Sequence[_Unit], count: int) -> list[int]:
    weights = [max(_WEIGHTS[unit.kind], 0.01) for unit in units]
    total = sum(weights)
    given, passed, counts = 0, 0.0, []
    for weight in weights:
        passed += weight
        upto = half_up(count * passed / total)
        counts.append(upto - given)
        given = upto
    return counts
