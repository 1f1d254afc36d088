"""How accent phrases that somebody has tuned differ from those that an engine says by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.engine.moras import digest_phrases, to_kana
from tts_render.ground.messages import joined, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tts_render.engine.moras import AccentPhrase, Mora

__all__ = ["are_near", "is_near", "left_open", "opened", "what_differs"]

_NEAR = 1e-3
"""Differences in seconds, logarithms of hertz and scales that nobody hears, a tenth of the editor's smallest step."""


def opened(phrases: Sequence[AccentPhrase]) -> tuple[AccentPhrase, ...]:
    """``phrases`` with all lengths and pitches left to the engine."""
    return tuple(
        replace(one, moras=tuple(map(_bare, one.moras)), pause=one.pause and _bare(one.pause)) for one in phrases
    )


def _bare(mora: Mora) -> Mora:
    return replace(mora, consonant_length=None, vowel_length=None, pitch=None)


def _moras(phrases: Iterable[AccentPhrase]) -> Iterator[Mora]:
    for one in phrases:
        yield from one.moras
        if one.pause is not None:
            yield one.pause


def is_near(one: float | None, other: float | None) -> bool:
    return abs((one or 0.0) - (other or 0.0)) <= _NEAR


def _has_length_of(mora: Mora, other: Mora) -> bool:
    return is_near(mora.vowel_length, other.vowel_length) and is_near(mora.consonant_length, other.consonant_length)


def are_near(one: Sequence[AccentPhrase], other: Sequence[AccentPhrase]) -> bool:
    """Whether nobody could tell the sounds of the phrases apart."""
    return digest_phrases(one) == digest_phrases(other) and all(
        _has_length_of(mora, twin) and is_near(mora.pitch, twin.pitch)
        for mora, twin in zip(_moras(one), _moras(other), strict=True)
    )


def left_open(phrases: Sequence[AccentPhrase], own: Sequence[AccentPhrase]) -> tuple[AccentPhrase, ...]:
    """``phrases`` without the lengths and pitches that the engine gives them by itself."""
    twins = iter(_moras(own))

    def fit(mora: Mora) -> Mora:
        twin = next(twins)
        kept = _bare(mora)
        if not _has_length_of(mora, twin):
            kept = replace(kept, consonant_length=mora.consonant_length, vowel_length=mora.vowel_length)
        return kept if is_near(mora.pitch, twin.pitch) else replace(kept, pitch=mora.pitch)

    return tuple(
        replace(one, moras=tuple(map(fit, one.moras)), pause=None if one.pause is None else fit(one.pause))
        for one in phrases
    )


def what_differs(before: Sequence[AccentPhrase], after: Sequence[AccentPhrase]) -> str:
    if digest_phrases(before) != digest_phrases(after):
        return said("accent phrases {before} -> {after}", before=to_kana(before), after=to_kana(after))
    pairs = list(zip(_moras(before), _moras(after), strict=True))
    what: list[str] = []
    if not all(_has_length_of(mora, twin) for mora, twin in pairs):
        what.append(said("lengths"))
    if not all(is_near(mora.pitch, twin.pitch) for mora, twin in pairs):
        what.append(said("pitches"))
    return joined(what, said(" and "))
