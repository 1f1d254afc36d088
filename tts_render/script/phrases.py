"""Phrases: a sentence that is too long for an engine is split into parts that can be spoken one after the other.

A part ends, in order of preference, after a sentence inside a quotation; after 、 or a closing bracket; between phrases
(文節) as found by budoux, or between English words; failing these, anywhere but inside a word or number; and as a last
resort anywhere. Within each kind, places outside brackets are preferred, and among equals the one that makes the parts
most even. Every decision looks only at a window of one part, so time and memory grow linearly with the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from tts_render.script.cleaning import ADDRESS, BRACKETS, CLOSING, ENDING
from tts_render.script.sentences import bracket_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Border", "borders", "split_long"]

_PLACEHOLDER = "\x00"
_PHRASE, _TORN = 2, 5  # ranks of borders
_NEVER_FIRST = frozenset(
    CLOSING + ENDING + "、，,;；:：…‥・ーｰ々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ゛゜%％‰℃」"
)
_NEVER_LAST = frozenset("".join(BRACKETS) + "〜～$＄￥¥#＃@＠")
_JOINER = re.compile(
    "[\u0300-\u036f\u200c\u200d\u20e3\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0000-\U000e01ef]"
)
_IN_WORD = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚÀ-ɏ.,'’:/@_+#%&=~^\\-]")
_QUOTED_END = re.compile(f"[{ENDING}]+(?![{ENDING}])")
_COMMA = re.compile(rf"[、，；;：:,][{re.escape(CLOSING)}]*|[{re.escape(CLOSING)}]+(?!\s*[ぁ-ゖ、，。！？!?ー（(])")


def split_long(text: str, longest: int) -> list[str]:
    """Split ``text`` into parts of at most ``longest`` characters, without surrounding white space.

    Joined, the parts are ``text`` except for white space. Web and mail addresses are never split, and count as one
    character, because they are not spoken.
    """
    if len(text) <= longest:
        return [text]
    addresses: list[str] = []
    if _PLACEHOLDER not in text:

        def hide(found: re.Match[str]) -> str:
            addresses.append(found.group())
            return _PLACEHOLDER

        text = ADDRESS.sub(hide, text)
    parts = list(_parts(text, longest))
    if addresses:
        hidden = iter(addresses)
        parts = ["".join(next(hidden) if c == _PLACEHOLDER else c for c in part) for part in parts]
    return parts


@dataclass(frozen=True, slots=True)
class Border:
    """A place where a text may be split."""

    rank: int
    """Lower is better: 0 ends a sentence, 1 follows 、 or a closing bracket, 2 lies between phrases (or before an
    opening bracket), 3 between words, 4 anywhere else, 5 inside a word or number, or between things that belong
    together."""
    inside: bool
    """Whether it is inside a bracket."""


def borders(text: str) -> dict[int, Border]:
    """Rate each offset of ``text`` as a place to split, by the criteria of :func:`split_long`.

    Returns:
        Borders by the offset at which the next part begins, in order, from 1 to the last character.
    """
    ways: tuple[Callable[[str], Iterable[int]], ...] = (_quoted_ends, _commas, _phrases, _outside_words, _anywhere)
    inside = _inside_brackets(text)
    ranks = dict.fromkeys(range(1, len(text)), _TORN)
    for rank, way in enumerate(ways):
        for at in way(text):
            if ranks.get(at) == _TORN and _allowed(text, at):
                ranks[at] = rank
    for at in bracket_pairs(text):
        if _PHRASE < ranks.get(at, 0) < _TORN:  # a quotation is a phrase, even if budoux does not see one
            ranks[at] = _PHRASE
    return {at: Border(rank, inside[at]) for at, rank in ranks.items()}


def _parts(text: str, longest: int) -> Iterator[str]:
    inside = _inside_brackets(text)
    begin = 0
    while len(text) - begin > longest:
        end = _border(text, inside, begin, longest)
        if part := text[begin:end].strip():
            yield part
        begin = end
        while begin < len(text) and text[begin].isspace():
            begin += 1
    if part := text[begin:].strip():
        yield part


def _border(text: str, inside: Sequence[bool], begin: int, longest: int) -> int:
    """The best end for the part that begins at ``begin``."""
    rest = len(text) - begin
    even = -(-rest // -(-rest // longest))  # length of the parts if all were equal
    least = max(1, even // 2)
    low, high = begin + least, begin + max(least, min(longest, rest - least))
    window = text[begin : high + 1]
    ways: tuple[Callable[[str], Iterable[int]], ...] = (_quoted_ends, _commas, _phrases, _outside_words, _anywhere)
    for way in ways:
        borders = [at for found in way(window) if low <= (at := begin + found) <= high and _allowed(text, at)]
        if borders:
            return min(borders, key=lambda at: (inside[at], abs(at - begin - even)))
    return begin + min(even, longest)


def _inside_brackets(text: str) -> list[bool]:
    """For each position, whether it is inside a bracket; the edges of a bracket are outside it."""
    steps = [0] * (len(text) + 1)
    for opener, closer in bracket_pairs(text).items():
        steps[opener + 1] += 1
        steps[closer + 1] -= 1
    return [depth > 0 for depth in accumulate(steps)]


def _quoted_ends(window: str) -> Iterable[int]:
    return (found.end() for found in _QUOTED_END.finditer(window))


def _commas(window: str) -> Iterable[int]:
    return (found.end() for found in _COMMA.finditer(window))


def _phrases(window: str) -> Iterator[int]:
    at = 0
    for phrase in _phrase_finder()(window):
        at += len(phrase)
        yield at
    yield from (index + 1 for index, character in enumerate(window) if character.isspace())


def _outside_words(window: str) -> Iterable[int]:
    return (
        at for at in range(1, len(window)) if window[at - 1].isspace() or not _same_script(window[at - 1], window[at])
    )


def _anywhere(window: str) -> Iterable[int]:
    return range(1, len(window))


@cache
def _phrase_finder() -> Callable[[str], list[str]]:
    import budoux  # imported only when a sentence is too long: it has to load its model from a file

    parse: Callable[[str], list[str]] = budoux.load_default_japanese_parser().parse
    return parse


def _allowed(text: str, at: int) -> bool:
    """Whether a part may end before ``at``: not inside a word or number, nor between a mark and what it belongs to."""
    if at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if after.isspace() and text[at + 1 : at + 2] in _NEVER_FIRST:  # the next part begins after the space
        return False
    if after in _NEVER_FIRST or before in _NEVER_LAST or _JOINER.match(after) or before == "\u200d":
        return False
    return not (_IN_WORD.match(before) and _IN_WORD.match(after))


def _same_script(before: str, after: str) -> bool:
    return _script(before) == _script(after)


def _script(character: str) -> str:
    if "ァ" <= character <= "ヿ":
        return "katakana"
    if _IN_WORD.match(character):
        return "latin"
    return "hiragana" if "ぁ" <= character <= "ゟ" else "other"
