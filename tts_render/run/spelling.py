"""Accent phrases as readings in the text of a line: which part of the text a phrase belongs to, and how it is spelled.

What is found is likely, not certain: whoever uses it asks the engine how it says the text then.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from tts_render.engine.moras import digest_phrases, to_kana
from tts_render.script import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tts_render.engine.moras import AccentPhrase
    from tts_render.script import Line

__all__ = ["spellings", "without_kana"]

_MARK = re.compile(r"[\s、，,。．！？!?…「」『』（）()【】〈〉《》“”\"'・―—〜～：:；;-]+")
_KANA = re.compile("[ぁ-ゖァ-ヶー]")
_SIGN = re.compile(r"[^\w\s]|_")
_HEARD = {
    "ハ": "ハワ", "ヘ": "ヘエ", "ヲ": "ヲオ", "ヂ": "ヂジ", "ヅ": "ヅズ", "ウ": "ウーオ", "イ": "イーエ", "ア": "アー",
    "エ": "エー", "オ": "オー", "ー": "ーアイウエオンッ", "ヶ": "ヶカガコケ", "ヵ": "ヵカ", "ヮ": "ヮワ",
}  # fmt: skip
"""What a kana may be heard as, where that is not only itself."""
_MOST = 6  # ways to part a text that are tried for the same phrases


class _Token(NamedTuple):
    """A part of a text that is heard as a whole."""

    start: int
    end: int
    heard: str | None
    """The kana that it may be, one of these; None for one or more of any."""
    least: int
    """How many kana it is at least."""


def without_kana(line: Line) -> tuple[Span, ...]:
    """The parts of a line without those readings that are kana with accents; empty if none has a reading then."""
    return _joined(Span(span.text) if span.kana else span for span in line.spans)


def spellings(line: Line, own: Sequence[AccentPhrase], wanted: Sequence[AccentPhrase]) -> Iterator[tuple[Span, ...]]:
    """The parts of a line with readings of which an engine may make ``wanted``, as few of them as possible.

    Other readings than kana with accents stay: people see them in the post.

    Args:
        line: as the script has it.
        own: the accent phrases that the engine makes of it now.
        wanted: those that it is to say.
    """
    if any(span.kana for span in line.spans):
        yield without_kana(line)
    seen: set[tuple[int, int, str]] = set()
    for start, end, kana in _parts(line, own, wanted):
        if (start, end, kana) in seen or start >= end:
            continue
        seen.add((start, end, kana))
        spans = _with_reading(line, start, end, kana)
        if spans is not None:
            yield spans


def _parts(line: Line, own: Sequence[AccentPhrase], wanted: Sequence[AccentPhrase]) -> Iterator[tuple[int, int, str]]:
    """Where in the text which kana may be put."""
    first = _common(own, wanted)
    last = _common(own[first:][::-1], wanted[first:][::-1])
    tokens = _tokens(line)
    places = _places(tokens, own)
    while True:
        new = wanted[first : len(wanted) - last]
        old = own[first : len(own) - last]
        # The pause after a part is that of the text, so that another one lies inside of a larger part.
        whole = bool(new) and bool(old) and (not last or (new[-1].pause is None) == (old[-1].pause is None))
        if whole:
            begin = sum(len(mora.text) for phrase in own[:first] for mora in phrase.moras)
            stop = begin + sum(len(mora.text) for phrase in old for mora in phrase.moras)
            starts = sorted({_skip(tokens, at, 1) for at in places.get(begin, ())})
            ends = sorted({_skip(tokens, at, -1) for at in places.get(stop, ())})
            kana = to_kana(new)
            for start, end in list(product(starts, ends))[:_MOST]:
                yield start, end, kana
                if kana.endswith("？"):
                    yield start, end, kana[:-1]
        if not first and not last:
            break
        first, last = (first, last - 1) if last and (not first or not whole) else (first - 1, last)
        if whole and first and last:
            last -= 1
    kana = to_kana(wanted)
    start, end = _skip(tokens, 0, 1), _skip(tokens, len(tokens), -1)
    yield start, end, kana
    if kana.endswith("？"):
        yield start, end, kana[:-1]


def _common(one: Sequence[AccentPhrase], other: Sequence[AccentPhrase]) -> int:
    """How many phrases the two have in common at the beginning."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if digest_phrases([mine]) != digest_phrases([theirs]):
            break
        count += 1
    return count


def _tokens(line: Line) -> list[_Token]:
    found: list[_Token] = []
    offset = 0
    for span in line.spans or (Span(line.text),):
        if span.said is not None:
            found.append(_Token(offset, offset + len(span.text), None, int(bool(span.said))))
            offset += len(span.text)
            continue
        at = 0
        while at < len(span.text):
            character = span.text[at]
            if mark := _MARK.match(span.text, at):
                found.append(_Token(offset + at, offset + mark.end(), "", 0))
                at = mark.end()
            elif _KANA.match(character):
                kana = chr(ord(character) + 0x60) if "ぁ" <= character <= "ゖ" else character
                found.append(_Token(offset + at, offset + at + 1, _HEARD.get(kana, kana), 1))
                at += 1
            else:
                end = at + 1
                while end < len(span.text) and not _MARK.match(span.text, end) and not _KANA.match(span.text[end]):
                    end += 1
                found.append(_Token(offset + at, offset + end, None, int(not _SIGN.fullmatch(character))))
                at = end
        offset += len(span.text)
    return found


def _places(tokens: Sequence[_Token], own: Sequence[AccentPhrase]) -> dict[int, list[int]]:
    """Before which tokens each position in the kana may lie, if tokens and kana can be laid onto each other."""
    kana = "".join(mora.text for phrase in own for mora in phrase.moras)
    forward = [{0}]
    for token in tokens:
        forward.append(_after(token, forward[-1], kana))
    backward = [{len(kana)}]
    for token in reversed(tokens):
        backward.append(_before(token, backward[-1], kana))
    places: dict[int, list[int]] = {}
    for at, (reached, reaching) in enumerate(zip(forward, reversed(backward), strict=True)):
        for position in reached & reaching:
            places.setdefault(position, []).append(at)
    return places


def _after(token: _Token, before: set[int], kana: str) -> set[int]:
    if token.heard is None:
        return set(range(min(before) + token.least, len(kana) + 1)) if before else set()
    if not token.heard:
        return before
    return {at + 1 for at in before if at < len(kana) and kana[at] in token.heard}


def _before(token: _Token, after: set[int], kana: str) -> set[int]:
    if token.heard is None:
        return set(range(max(after) - token.least + 1)) if after else set()
    if not token.heard:
        return after
    return {at - 1 for at in after if at > 0 and kana[at - 1] in token.heard}


def _skip(tokens: Sequence[_Token], at: int, step: int) -> int:
    """The offset in the text before the token ``at``, past marks in the direction of ``step``."""
    if step > 0:
        while at < len(tokens) and tokens[at].heard == "":
            at += 1
        return tokens[at].start if at < len(tokens) else tokens[-1].end
    while at > 0 and tokens[at - 1].heard == "":
        at -= 1
    return tokens[at - 1].end if at else 0


def _with_reading(line: Line, start: int, end: int, kana: str) -> tuple[Span, ...] | None:
    """The parts of a line, one of them with another reading; None if that would hide a reading that people see."""
    parts: list[Span] = []
    offset = 0
    put = False
    for span in line.spans or (Span(line.text),):
        stop = offset + len(span.text)
        if stop <= start or offset >= end:
            parts.append(span)
        elif (span.said is not None and not span.kana) or (span.kana and (offset < start or stop > end)):
            return None
        else:
            parts.append(Span(span.text[: max(0, start - offset)]))
            if not put:
                parts.append(Span(line.text[start:end], kana, kana=True))
                put = True
            parts.append(Span(span.text[max(0, end - offset) :] if stop > end else ""))
        offset = stop
    return _joined(parts)


def _joined(parts: Iterator[Span] | Sequence[Span]) -> tuple[Span, ...]:
    """Without empty parts, and plain ones that meet as one; empty if none has a reading."""
    spans: list[Span] = []
    for part in parts:
        if not part.text:
            continue
        if part.said is None and spans and spans[-1].said is None:
            spans[-1] = Span(spans[-1].text + part.text)
        else:
            spans.append(part)
    return tuple(spans) if any(span.said is not None for span in spans) else ()
