"""The ways in which a wish for a line may be written in the source of a script, the likeliest first.

None of them is known to be right: whoever tries them reads the script again.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tts_render.script import Manner
from tts_render.script.attributes import parse_prosody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tts_render.script import Line, Span

__all__ = ["NEAR", "break_tag", "prosody", "silenced", "spelled", "taken_out", "wrapped"]

NEAR = 1e-3
"""Differences in scales that nobody hears, a tenth of the editor's smallest step."""

_ENTITY = re.compile(r"&(?=#|[A-Za-z])")
_OPENED = re.compile(r"<(prosody|voice)((?:\s+[a-z]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*>$")
_CLOSED = re.compile(r"</(prosody|voice)\s*>")
_VALUE = re.compile(r"([a-z]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_LABEL = re.compile(r"[^:：]{1,80}[:：]\s*")
_ROW_END = re.compile(r"[\r\n]")
_BETWEEN_ROWS = r"\s*"
_BREAK = re.compile(r"<break\b[^<>]*>(?:\s*</break\s*>)?")
_SAID = r"<(?P<tag{0}>ruby|sub|phoneme|say-as)\b[^<>]*>(?:(?!</(?P=tag{0})).)*</(?P=tag{0})\s*>"


def prosody(manner: Manner) -> str:
    """The begin tag of a ``<prosody>`` that says ``manner``, except for its intonation; empty if it says nothing."""
    values: list[tuple[str, str]] = []
    if abs(manner.speed - 1) > NEAR:
        values.append(("rate", _percent(manner.speed)))
    if abs(manner.pitch) > NEAR:
        values.append(("pitch", _shortest(manner.pitch * 12, within=0.001, sign="+") + "st"))
    if abs(manner.volume - 1) > NEAR:
        values.append(("volume", _percent(manner.volume)))
    said = " ".join(f'{name}="{value}"' for name, value in values)
    return f"<prosody {said}>" if said else ""


def break_tag(seconds: float) -> str:
    """A pause of so many seconds."""
    return f'<break time="{_shortest(seconds, within=0.0005)}s"/>'


def wrapped(
    row: str,
    line: Line,
    *,
    text: str | None = None,
    factor: Manner = Manner(),  # noqa: B008  # frozen
    voice: str | None = None,
    in_json: bool = False,
) -> Iterator[str]:
    """A row in which a line has another text, manner or voice.

    Args:
        row: the source in which the line begins, without a line's end.
        line: what was read there.
        text: its new text; None keeps it.
        factor: how its manner changes.
        voice: who says it, as ``<voice>`` names it.
        in_json: whether the row is of a slide deck.
    """
    for start, end, written in _found(row, line, in_json=in_json, as_plain=text is not None):
        shown = row[start:end] if text is None else written(text)
        layers = _layers(row, start, end) if prosody(factor) or voice else []
        for kept in (layers, []) if layers else ([],):
            first, last = (kept[-1].start, kept[-1].end) if kept else (start, end)
            for inside in _dressed(shown, kept, factor, voice):
                yield row[:first] + inside + row[last:]
    if text is None:  # parts with readings of their own are not written as they are shown
        for start, end in _contents(row):
            for inside in _dressed(row[start:end], [], factor, voice):
                yield row[:start] + inside + row[end:]


def spelled(row: str, line: Line, spans: Sequence[Span], *, in_json: bool = False) -> Iterator[str]:
    """A row in which other parts of a line have readings of their own.

    Args:
        row: the source in which the line begins.
        line: what was read there.
        spans: all of its text in parts; empty if none has a reading of its own.
        in_json: whether the row is of a slide deck, which has no markup.
    """
    if in_json:
        return
    known = _offsets(line.spans)
    for writing in (str, _as_markup):
        for found in re.finditer(_pattern_of(line, writing, row), row):
            new = "".join(
                writing(span.text)
                if span.said is None
                else found[f"part{known[offset, span]}"]
                if (offset, span) in known
                else _with_reading(span)
                for offset, span in _at(spans)
            ) or writing(line.text)
            yield row[: found.start()] + new + row[found.end() :]
    yield from _one_part_spelled(row, line, spans)


def taken_out(row: str, line: Line) -> Iterator[str]:
    """A row in which a line is a comment."""
    for start, end, _ in _found(row, line, in_json=False):
        layers = _layers(row, start, end)
        for first, last in dict.fromkeys([(layer.start, layer.end) for layer in reversed(layers)] + [(start, end)]):
            yield f"{row[:first]}<!-- {row[first:last]} -->{row[last:]}"
    for start, end in _contents(row):
        yield f"{row[:start]}<!-- {row[start:end]} -->{row[end:]}"


def silenced(
    rows: Mapping[int, str], before: tuple[int, Line] | None, after: tuple[int, Line] | None, count: int, tag: str,
    *, at_end: bool,
) -> Iterator[dict[int, str]]:  # fmt: skip
    """Rows in which the pause between two lines is another one, by their numbers.

    Args:
        rows: those between the beginnings of the two lines, both included, by number.
        before: the row and the line before the pause; None at the beginning of the script.
        after: those after it; None at its end.
        count: how many pauses of a given length there are.
        tag: what is to be there; empty for none.
        at_end: whether to write a new one behind the line before, rather than in front of the line after.
    """
    if count:
        places = [(number, found) for number, row in rows.items() for found in _BREAK.finditer(row)]
        for first in range(len(places) - count + 1):
            window = places[first : first + count]
            yield {number: _replaced(row, [f for n, f in window if n == number], tag if number == window[0][0] else "")
                   for number, row in rows.items() if any(n == number for n, _ in window)}  # fmt: skip
        return
    behind: list[dict[int, str]] = []
    if before is not None:
        number, line = before
        row = rows[number]
        ends = [_shell_end(row, start, end) for start, end, _ in _found(row, line, in_json=False)]
        behind = [{number: f"{row[:end]}{tag}{row[end:]}"} for end in dict.fromkeys([*ends, len(row.rstrip())])]
    front: list[dict[int, str]] = []
    if after is not None:
        number, line = after
        row = rows[number]
        starts = [_shell_start(row, start, end) for start, end, _ in _found(row, line, in_json=False)]
        starts += [start for start, _ in _contents(row)]
        front = [{number: f"{row[:start]}{tag}{row[start:]}"} for start in dict.fromkeys(starts)]
    yield from behind + front if at_end else front + behind


class _Layer(NamedTuple):
    """An element right around a text."""

    name: str
    values: str
    start: int
    end: int


def _layers(row: str, start: int, end: int) -> list[_Layer]:
    """The elements around a part of a row, the innermost first."""
    found: list[_Layer] = []
    while (opened := _OPENED.search(row[:start])) and (closed := _CLOSED.match(row, end)):
        if opened[1] != closed[1]:
            break
        start, end = opened.start(), closed.end()
        found.append(_Layer(opened[1], opened[2], start, end))
    return found


def _shell_start(row: str, start: int, end: int) -> int:
    layers = _layers(row, start, end)
    return layers[-1].start if layers else start


def _shell_end(row: str, start: int, end: int) -> int:
    layers = _layers(row, start, end)
    return layers[-1].end if layers else end


def _dressed(shown: str, layers: Sequence[_Layer], factor: Manner, voice: str | None) -> Iterator[str]:
    """A text in its elements, with another manner or voice."""
    named = next((layer for layer in layers if layer.name == "voice"), None)
    paced = next((layer for layer in layers if layer.name == "prosody" and _manner(layer.values) is not None), None)
    tags: list[str | None] = [f'<voice name="{escape(voice)}">'] if voice else [None]
    if voice and named:
        tags.insert(0, "")  # perhaps it is the voice around it
    for tag in tags:
        inside = shown
        if paced is None and (begin := prosody(factor)):
            inside = f"{begin}{inside}</prosody>"
        for layer in layers:
            begin = f"<{layer.name}{layer.values}>"
            if layer is paced:
                begin = prosody((_manner(layer.values) or Manner()) * factor)
            elif layer is named and tag is not None:
                begin = tag
            inside = f"{begin}{inside}</{layer.name}>" if begin else inside
        if tag and named is None:
            inside = f"{tag}{inside}</voice>"
        yield inside


def _found(
    row: str, line: Line, *, in_json: bool, as_plain: bool = False
) -> Iterator[tuple[int, int, Callable[[str], str]]]:
    """Where a line stands in a row, and how texts are written there.

    Args:
        row: the source in which the line begins.
        line: what was read there.
        in_json: whether the row is of a slide deck.
        as_plain: only where no part of it has a reading of its own, which a new text would take away.
    """
    ways: Sequence[Callable[[str], str]] = (_as_json, _as_ascii_json) if in_json else (str, _as_markup)
    forms: dict[str, Callable[[str], str]] = {}
    for writing in ways:
        forms.setdefault(_pattern(writing(line.text), row), writing if in_json else _as_markup)
    if line.spans and not (in_json or as_plain):
        for writing in ways:
            forms.setdefault(_pattern_of(line, writing, row), _as_markup)
    for form, new in forms.items():
        for found in re.finditer(form, row):
            yield found.start(), found.end(), new


def _pattern_of(line: Line, writing: Callable[[str], str], row: str) -> str:
    """A line as it may stand in a source, its parts with readings of their own within their elements."""
    pattern = ""
    for number, span in enumerate(line.spans or (None,)):
        plain = line.text if span is None else span.text
        if span is not None and span.said is not None:
            pattern += f"(?P<part{number}>{_SAID.format(number)})"
        else:
            pattern += _pattern(writing(plain), row)
    return pattern


def _pattern(text: str, row: str) -> str:
    """A text as it may stand in a source; in one of several rows, its characters may be parted by their ends."""
    if not _ROW_END.search(row):
        return re.escape(text)
    return _BETWEEN_ROWS.join(re.escape(character) for character in text if not character.isspace())


def _contents(row: str) -> Iterator[tuple[int, int]]:
    """What of a row may be the text: without a speaker's name in front, or all of it; nothing in several rows."""
    if _ROW_END.search(row):
        return
    content = row.strip()
    start = row.find(content)
    label = _LABEL.match(content)
    for skipped in ([label.end()] if label else []) + [0]:
        yield start + skipped, start + len(content)


def _one_part_spelled(row: str, line: Line, spans: Sequence[Span]) -> Iterator[str]:
    """Where a line is not written as it is shown, one part of it may be all the same."""
    old, new = (set(_said(spans)) for spans in (line.spans, spans))
    added, removed = new - old, old - new
    if len(added) > 1 or len(removed) > 1:
        return
    (offset, text) = next(((offset, span.text) for offset, span in (*added, *removed)), (0, ""))
    if not text or any((at, span.text) != (offset, text) for at, span in (*added, *removed)):
        return
    now = next((_with_reading(span) for _, span in added), _as_markup(text))
    for form in [_SAID.format(0)] if removed else dict.fromkeys((re.escape(text), re.escape(_as_markup(text)))):
        for found in re.finditer(form, row):
            yield row[: found.start()] + now + row[found.end() :]


def _at(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    offset = 0
    for span in spans:
        yield offset, span
        offset += len(span.text)


def _said(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    return ((offset, span) for offset, span in _at(spans) if span.said is not None)


def _offsets(spans: Sequence[Span]) -> dict[tuple[int, Span], int]:
    return {(offset, span): number for number, (offset, span) in enumerate(_at(spans)) if span.said is not None}


def _with_reading(span: Span) -> str:
    said = escape(span.said or "", quote=False).replace('"', "&quot;")
    shown = _as_markup(span.text)
    if span.kana:
        return f'<phoneme alphabet="x-voicevox-kana" ph="{said}">{shown}</phoneme>'
    return f'<sub alias="{said}">{shown}</sub>'


def _replaced(row: str, found: Sequence[re.Match[str]], tag: str) -> str:
    """A row with a tag in the place of the first part, and nothing in that of the others."""
    pieces: list[str] = []
    position = 0
    for number, part in enumerate(found):
        pieces += [row[position : part.start()], "" if number else tag]
        position = part.end()
    return "".join(pieces) + row[position:]


def _as_markup(text: str) -> str:
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def _as_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _as_ascii_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _manner(values: str) -> Manner | None:
    try:
        return parse_prosody({name: double or single for name, double, single in _VALUE.findall(values)})
    except ValueError:
        return None


def _percent(factor: float) -> str:
    return _shortest(factor * 100, within=0.01) + "%"


def _shortest(value: float, *, within: float, sign: str = "") -> str:
    """``value`` with as few decimals as it needs."""
    for decimals in range(4):
        text = f"{value:{sign}.{decimals}f}"
        if abs(float(text) - value) <= within:
            break
    return text
