"""Which audio item of a project is which utterance of the script."""

from __future__ import annotations

from collections import defaultdict, deque
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Known", "Pairs", "pair"]


class Pairs(NamedTuple):
    """Which audio item is which utterance."""

    found: dict[int, int]
    """The position of the audio item, by that of the utterance."""
    missing: tuple[int, ...]
    """Utterances without an audio item."""
    extra: tuple[int, ...]
    """Audio items without an utterance."""


class Known(NamedTuple):
    """By what an utterance or an audio item is recognised."""

    key: str
    kana: str | None
    text: str


def pair(utterances: Sequence[Known], items: Sequence[Known]) -> Pairs:
    """Recognise the utterances among the audio items.

    By their keys; else by the kana that they were exported with, which the editor keeps while it renames all keys, or
    by their texts, in the order of the script where that is still theirs. What has more in that order goes first: the
    texts do once reworded lines were brought back. If most are recognised so, the others are where as many are missing
    as there are new ones in the same place: lines that were reworded once more.
    """
    found: dict[int, int] = {}
    places = {item.key: index for index, item in enumerate(items)}
    for index, utterance in enumerate(utterances):
        if utterance.key in places:
            found[index] = places[utterance.key]

    def left() -> tuple[list[int], list[int]]:
        taken = set(found.values())
        return [i for i in range(len(utterances)) if i not in found], [i for i in range(len(items)) if i not in taken]

    ours, theirs = left()
    kana = _in_order([utterances[i].kana for i in ours], [items[i].kana for i in theirs])
    texts = _in_order([utterances[i].text for i in ours], [items[i].text for i in theirs])
    found |= {ours[one]: theirs[other] for one, other in (texts if len(texts) > len(kana) else kana)}
    for name in ("kana", "text"):
        ours, theirs = left()
        waiting: defaultdict[str, deque[int]] = defaultdict(deque)
        for i in theirs:
            waiting[getattr(items[i], name)].append(i)
        for i in ours:
            if queue := waiting.get(getattr(utterances[i], name)):
                found[i] = queue.popleft()
    if 2 * len(found) > len(utterances):
        found |= _in_gaps(found, len(utterances), len(items))
    ours, theirs = left()
    return Pairs(found, tuple(ours), tuple(theirs))


def _in_order(one: Sequence[str | None], other: Sequence[str | None]) -> list[tuple[int, int]]:
    """The places of what both have in the same order."""
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(first + at, second + at) for first, second, length in blocks for at in range(length)]


def _in_gaps(found: Mapping[int, int], utterances: int, items: int) -> dict[int, int]:
    """Pair what lies between two neighbours that were found, where that is as many of both."""
    taken = set(found.values())
    pairs: dict[int, int] = {}
    for (one, before), (other, after) in pairwise([(-1, -1), *sorted(found.items()), (utterances, items)]):
        between = range(before + 1, after)
        if len(between) == other - one - 1 and not taken.intersection(between):
            pairs.update(zip(range(one + 1, other), between, strict=True))
    return pairs
