"""Sentences: where one ends and the next begins, in Japanese mixed with English.

Nothing is changed or lost: the sentences are slices of the text, and joined they are the text except for white space.

- Brackets stay whole: ``「はい。」と答えた。`` is one sentence. An opening bracket counts only if closed nearby.
- Whatever follows an ending mark and cannot begin a sentence stays with it: more marks, closing brackets, ``（笑）``,
  ``ｗｗ``, emoji.
- ``！`` and ``？`` inside a larger sentence (``やった！って思った``) or a name do not end a sentence.
- An English sentence ends with a full stop, a space and a capital, unless the stop is that of ``Dr.`` or an initial.
"""

from __future__ import annotations

import re

from tts_render.script.cleaning import BRACKETS, CLOSING, ENDING, speakable

__all__ = ["bracket_pairs", "sentence_spans", "split_sentences"]

_NEAR = 200
"""Characters within which an opening bracket must be closed to count."""

_OPENERS = "".join(BRACKETS)
_OPENER_OF = {closer: opener for opener, closer in BRACKETS.items()}
_BRACKET = re.compile(f"[{re.escape(_OPENERS)}{re.escape(''.join(_OPENER_OF))}]")
_CANDIDATE = re.compile(rf"[{re.escape(_OPENERS)}{ENDING}\n]|\.(?=[\s{re.escape(CLOSING)}\"'’])")
_TAIL = re.compile(
    rf"""
    (?: [{ENDING}{re.escape(CLOSING)}、，,;；:：…‥♪♫♬♡♥❤☆★〜～ー]
      | \s{{1,8}} [{ENDING}{re.escape(CLOSING)}、，ー]
      | [（(](?:笑|泣|涙|汗|爆|怒|照|苦笑|爆笑|大爆笑|失笑|草)[）)]
      | [wｗ]+ (?![0-9A-Za-z])
      | [\U0001f000-\U0001f0ff\U0001f1e6-\U0001faff☀-❵➔-➿⬀-⯿] [\u200d\u20e3\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]*
    )+
    """,
    re.VERBOSE,
)
_GOES_ON = re.compile(
    r"って(?!わけ|ことで|いうか|いうわけ|か)|という(?!わけ|ことで|か)|といった|と[言思聞叫答書感呟怒喜]|とのこと|とか[言、]"
)
_NAMES = (
    "モーニング娘。",
    "Yahoo!",
    "Yahoo！",
    "ラブライブ！",
    "ラブライブ!",
    "けいおん！",
    "けいおん!",
    "バンドリ！",
    "Hey!",
)
_ABBREVIATION = re.compile(
    r"(?:^|[^0-9A-Za-z])(?:[A-Za-z]|[A-Za-z](?:\.[A-Za-z])+|Dr|Mr|Mrs|Ms|Prof|St|Mt|Jr|Sr|Gen|Gov|Sen|Rep|Lt|Col|Capt|"
    r"vs|etc|cf|al|approx|ca|No|Nos|Vol|Fig|Figs|Eq|Sec|Ch|Ed|Eds|pp?|Inc|Ltd|Co|Corp|Univ|Dept|Ver|ver|ft|feat)\.$"
)
_COUNT = re.compile(r"\s*[(（]?[0-9０-９]{1,3}$")


def split_sentences(text: str) -> list[str]:
    """The sentences of ``text``, without surrounding white space; marks alone stay with a neighbour."""
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Yield where the sentences of ``text`` begin and end, in characters; nothing for an empty text."""
    spans: list[tuple[int, int]] = []
    waiting: int | None = None  # start of marks that have no sentence before them
    start = 0
    for cut in [*_cuts(text), len(text)]:
        begin, end = _trimmed(text, start, cut)
        start = cut
        if begin >= end:
            continue
        if speakable(text[begin:end]):
            spans.append((begin if waiting is None else waiting, end))
            waiting = None
        elif spans:
            spans[-1] = (spans[-1][0], end)
        elif waiting is None:
            waiting = begin
    if waiting is not None:
        spans.append(_trimmed(text, waiting, len(text)))
    return spans


def _cuts(text: str) -> list[int]:
    """Yield the position after each end of a sentence and whatever stays with it."""
    cuts: list[int] = []
    pairs = bracket_pairs(text)
    position = start = 0
    while found := _CANDIDATE.search(text, position):
        at = found.start()
        character = text[at]
        if character in BRACKETS:
            if at not in pairs:
                position = at + 1
                continue
            position = pairs[at] + 1
            # 「はい。」「いいえ。」: a quoted sentence stands by itself only before another quotation.
            if not (text[pairs[at] - 1] in ENDING and text[position : position + 1] in BRACKETS):
                continue
            end = position
        elif character == "\n":
            end = at + 1
        elif character == ".":
            tail = _TAIL.match(text, at + 1)
            end = tail.end() if tail else at + 1
            if not _ends_in_english(text, start, at, end):
                position = at + 1
                continue
        else:
            tail = _TAIL.match(text, at)
            end = tail.end() if tail else at + 1
            if not _ends_in_japanese(text, at, end):
                position = end
                continue
        cuts.append(end)
        position = start = end
    return cuts


def _ends_in_japanese(text: str, at: int, end: int) -> bool:
    """Whether the mark at ``at``, whose tail ends at ``end``, ends a sentence."""
    mark = text[at]
    if end >= len(text):
        return True
    if mark == "．":
        return not (_is_latin(text[at - 1 : at]) and _is_latin(text[at + 1 : at + 2]))
    if end == at + 1 and any(text.endswith(name, max(0, at + 1 - len(name)), at + 1) for name in _NAMES):
        return False
    if mark in "。｡":
        return True
    if mark in "!?" and text[end].isascii() and not (text[end].isspace() and _begins(text, end)):
        return False
    return not _GOES_ON.match(text, end)


def _ends_in_english(text: str, start: int, at: int, end: int) -> bool:
    """Whether the full stop at ``at``, whose tail ends at ``end``, ends a sentence that began at ``start``."""
    if end < len(text) and (not text[end].isspace() or not _begins(text, end)):
        return False
    before = text[max(start, at - 16) : at]
    if not before or before[-1] == "." or _COUNT.fullmatch(text, max(start, at - 8), at):
        return False
    return not _ABBREVIATION.search(before + ".")


def _begins(text: str, position: int) -> bool:
    """Whether a sentence may begin after the white space at ``position``."""
    while position < len(text) and text[position].isspace():
        position += 1
    if position == len(text):
        return True
    first = text[position]
    return first.isupper() or first in BRACKETS or first == '"' or (not first.isascii() and not first.islower())


def bracket_pairs(text: str) -> dict[int, int]:
    """Position of each opening bracket that is closed nearby, and of its closing bracket; pairs never cross."""
    pairs: dict[int, int] = {}
    waiting: dict[str, list[int]] = {opener: [] for opener in BRACKETS}
    for found in _BRACKET.finditer(text):
        at, character = found.start(), found.group()
        if character in waiting:
            waiting[character].append(at)
            continue
        openers = waiting[_OPENER_OF[character]]
        if not openers:
            continue
        if at - openers[-1] > _NEAR:
            openers.clear()
            continue
        begin = openers.pop()
        pairs[begin] = at
        for others in waiting.values():
            while others and others[-1] > begin:
                others.pop()
    return pairs


def _is_latin(character: str) -> bool:
    return (character.isascii() and character.isalnum()) or "０" <= character <= "ｚ"


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
