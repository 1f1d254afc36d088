"""Markup in a text: a subset of SSML 1.1, and HTML's ``<ruby>``, become inserts.

::

    三つ数えて。<break time="3s"/>はい。           Line, Pause of 3 s, Line
    <sub alias="エーアイ">AI</sub>の話です。       Line "AIの話です。", said エーアイの話です。
    <ruby>颯<rt>はやて</rt></ruby>です。           Line "颯です。", said はやてです。
    <prosody rate="120%">急いで。</prosody>        Line, in its manner

Any other element is left out, with a remark. A ``<`` that does not begin an element is text. In Markdown, HTML elements
and anything in code are left to Markdown.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import joined, listed, said
from tts_render.ground.reasons import words_of
from tts_render.script.attributes import parse_break, parse_kana, parse_prosody
from tts_render.script.cleaning import clean
from tts_render.script.dialogue import find_speaker
from tts_render.script.inserts import Begin, Break, Chapter, Delivery, End, Inserts, Nothing, Play, Said
from tts_render.script.sayas import KINDS, say_as

if TYPE_CHECKING:
    from tts_render.script.base import Notation, Source

__all__ = ["drop_references", "take_markup", "unescape"]

_VALUES = r"""(?:\s+[A-Za-z_][\w:.-]{0,40}(?:\s*=\s*(?:"[^"<]{0,2000}"|'[^'<]{0,2000}'|[^\s"'<>=]{1,2000}))?){0,20}"""
_TAG = re.compile(
    rf"<!--.{{0,1000}}?-->|<\?[A-Za-z].{{0,500}}?\?>|<!DOCTYPE[^<>]{{0,500}}>"
    rf"|<(?P<close>/?)(?P<name>[A-Za-z][\w:-]{{0,40}})(?P<values>{_VALUES})\s*(?P<empty>/?)>",
    re.DOTALL,
)
_VALUE = re.compile(r"""([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>=]+))""")
_CODE = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*(?:\n.*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z)|\Z)"
    r"|(?P<ticks>`+)(?!`)[^\n]{0,300}?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_REFERENCE = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]+|#[xX][0-9A-Fa-f]+);?")  # as HTML reads them
_LONGEST_REFERENCE = 40
_LINES = re.compile(r"\s*\n\s*")

_PAIRED = frozenset(["sub", "say-as", "phoneme", "ruby"])
"""Elements whose content has a reading of its own, and contains no other elements."""
_SPEECH = frozenset(["break", "prosody", "voice", "say-as", "phoneme", "speak"])
"""Elements that do not exist in HTML."""


def take_markup(source: Source, notation: Notation, inserts: Inserts, *, markdown: bool = False) -> str:
    """Replace markup in ``source`` with inserts, keeping the line structure.

    Args:
        source: text without characters that could be mistaken for inserts.
        notation: the available voices and sounds.
        inserts: collects the inserts, and remarks about what was left out.
        markdown: whether to leave HTML elements and code alone.

    Raises:
        ScriptError: an element refers to something that does not exist, or is not understood.
    """
    if "<" not in source.text:
        return source.text
    return _Taker(source, notation, inserts, markdown=markdown).take()


def unescape(text: str) -> str:
    """Decode character references: ``&lt;`` becomes ``<``, and references to what is not text are removed."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda found: _decoded(found.group()), text)


def drop_references(text: str) -> str:
    """Remove character references to what is not text, before the others are decoded."""
    if "&" not in text:
        return text

    def kept(found: re.Match[str]) -> str:
        reference = found.group()
        if len(reference) > _LONGEST_REFERENCE:  # a number too long to decode
            return ""
        decoded = _decoded(reference)
        return reference if decoded and decoded == html.unescape(reference) else decoded

    return _REFERENCE.sub(kept, text)


def _decoded(reference: str) -> str:
    text = html.unescape(reference)
    return "" if text == "\ufffd" else clean(text).replace("\n", " ").replace("\r", " ")


class _Taker:
    """Walks over a text once."""

    def __init__(self, source: Source, notation: Notation, inserts: Inserts, *, markdown: bool) -> None:
        self._source = source
        self._text = source.text
        self._notation = notation
        self._inserts = inserts
        self._markdown = markdown
        self._code = [found.span() for found in _CODE.finditer(self._text)] if markdown else []
        self._open: list[tuple[str, int]] = []  # open elements that change who speaks or how, and their lines
        self._line = source.first_line

    def take(self) -> str:
        text = self._text
        kept: list[str] = []
        position = 0
        while found := _TAG.search(text, position):
            kept.append(text[position : found.start()])
            self._line += kept[-1].count("\n")
            position = found.end()
            if self._is_foreign(found):
                kept.append(found.group())
            else:
                insert, position = self._element(found)
                kept += [insert, "\n" * text.count("\n", found.start(), position)]
            self._line += text.count("\n", found.start(), position)
        for name, line in self._open:
            self._inserts.remark(said("<{name}> is never closed", name=name), line)
        return "".join(kept) + text[position:]

    def _is_foreign(self, tag: re.Match[str]) -> bool:
        """Whether the element is left to Markdown."""
        if not self._markdown:
            return False
        before = bisect_right(self._code, (tag.start(), len(self._text)))
        if before and tag.start() < self._code[before - 1][1]:
            return True
        name, values = (tag["name"] or "").lower(), dict(self._values(tag))
        if name in _SPEECH or name == "ruby":
            return False
        if tag["close"]:
            return not any(name == opened for opened, _ in self._open)
        ours = {"sub": "alias", "mark": "name", "audio": "src"}.get(name)
        if ours is None or ours not in values:
            return True
        return name == "audio" and re.search(r"[./]", values["src"]) is not None

    def _element(self, tag: re.Match[str]) -> tuple[str, int]:
        """Return the replacement of an element, and the position where the text continues."""
        name = (tag["name"] or "").lower()
        if not name:
            return self._inserts.put(Nothing()), tag.end()
        values = dict(self._values(tag))
        if name in _PAIRED and not tag["close"]:
            return self._paired(tag, name, values)
        if tag["close"]:
            return self._end(name), tag.end()
        return self._begin(name, values, empty=bool(tag["empty"])), tag.end()

    def _begin(self, name: str, values: dict[str, str], *, empty: bool) -> str:
        put = self._inserts.put
        match name:
            case "break":
                try:
                    return put(Break("exact", parse_break(values)))
                except ValueError as error:
                    raise self._wrong(name, words_of(error)) from None
            case "audio":
                sound = self._needed(name, values, "src")
                if sound not in self._notation.sounds:
                    known = ", ".join(sorted(self._notation.sounds))
                    raise self._wrong(
                        name,
                        said("there is no sound {sound!r}", sound=sound),
                        known and said("The sounds are: {known}.", known=known),
                    )
                if not empty:
                    self._open.append((name, self._line))
                return put(Play(sound))
            case "mark":
                return put(Chapter(self._needed(name, values, "name")))
            case "p" | "s":
                return put(Break("paragraph" if name == "p" else "sentence"))
            case "prosody":
                try:
                    manner = parse_prosody(values)
                except ValueError as error:
                    raise self._wrong(name, words_of(error)) from None
                return self._opened(name, Delivery(manner=manner), empty=empty)
            case "voice":
                wanted = self._needed(name, values, "name")
                who = find_speaker(wanted, self._notation)
                if who is None:
                    raise self._wrong(
                        name,
                        said("there is no voice {wanted!r}", wanted=wanted),
                        said("Voices are named in voices.yaml."),
                    )
                return self._opened(name, Delivery(who[0], who[1]), empty=empty)
            case "speak":
                return put(Nothing())
        self._inserts.remark(said("<{name}> is not supported markup, and was left out", name=name), self._line)
        return put(Nothing())

    def _opened(self, name: str, delivery: Delivery, *, empty: bool) -> str:
        if empty:
            return self._inserts.put(Nothing())
        self._open.append((name, self._line))
        return self._inserts.put(Begin(delivery))

    def _end(self, name: str) -> str:
        if name in ("p", "s"):
            return self._inserts.put(Break("paragraph" if name == "p" else "sentence"))
        if self._open and self._open[-1][0] == name:
            self._open.pop()
            return self._inserts.put(Nothing() if name == "audio" else End())
        if name not in ("speak", "break", "mark", "audio"):
            self._inserts.remark(said("</{name}> closes nothing, and was left out", name=name), self._line)
        return self._inserts.put(Nothing())

    def _paired(self, tag: re.Match[str], name: str, values: dict[str, str]) -> tuple[str, int]:
        end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self._text, tag.end())
        if tag["empty"] or end is None:
            raise self._wrong(name, said("has no end") if not tag["empty"] else said("is empty"))
        inside = self._text[tag.end() : end.start()]
        if name == "ruby":
            shown, reading, kana = *self._ruby(inside), False
        else:
            shown = unescape(_LINES.sub(" ", _TAG.sub("", inside)).strip())
            reading, kana = self._said(name, values, shown)
        if not shown:
            raise self._wrong(name, said("is empty"), said("Write the display text between its tags."))
        put = self._inserts.put
        return put(Said(reading, kana)) + shown + put(Said(None)), end.end()

    def _ruby(self, inside: str) -> tuple[str, str]:
        """Display text and reading of a ``<ruby>``."""
        inside = re.sub(r"<rp\b[^>]*>.*?(?:</rp\s*>|$)", "", inside, flags=re.IGNORECASE | re.DOTALL)
        parts = re.findall(r"(.*?)<rt\b[^>]*>(.*?)(?:</rt\s*>|(?=<rb)|$)", inside, re.IGNORECASE | re.DOTALL)
        if not parts:
            raise self._wrong("ruby", said("has no <rt>"), said("Write it as <ruby>漢字<rt>かんじ</rt></ruby>."))
        bare = [[unescape(_LINES.sub("", _TAG.sub("", text)).strip()) for text in part] for part in parts]
        return "".join(base for base, _ in bare), "".join(reading for _, reading in bare)

    def _said(self, name: str, values: dict[str, str], shown: str) -> tuple[str, bool]:
        if name == "sub":
            return self._needed(name, values, "alias"), False
        if name == "say-as":
            kind = self._needed(name, values, "interpret-as")
            if kind not in KINDS:
                raise self._wrong(
                    name,
                    said("interpret-as={kind!r} is not known", kind=kind),
                    said("The kinds are: {kinds}.", kinds=listed(KINDS)),
                )
            reading = say_as(kind, shown)
            if reading is None:
                raise self._wrong(name, said("{shown!r} cannot be read as {kind}", shown=shown, kind=kind))
            return reading, False
        alphabet = self._needed(name, values, "alphabet")
        kana = self._needed(name, values, "ph")
        if alphabet != "x-voicevox-kana":
            raise self._wrong(
                name, said("the alphabet {alphabet!r} is not known", alphabet=alphabet), said("Use x-voicevox-kana.")
            )
        try:
            return parse_kana(kana), True
        except ValueError as error:
            raise self._wrong(
                name,
                said("ph={kana!r} {error}", kana=kana, error=words_of(error)),
                said('For example: ph="コンニチワ\'".'),
            ) from None

    def _needed(self, name: str, values: dict[str, str], key: str) -> str:
        value = values.get(key, "").strip()
        if not value:
            raise self._wrong(name, said("needs {key}", key=key))
        return value

    def _values(self, tag: re.Match[str]) -> list[tuple[str, str]]:
        found = _VALUE.findall(tag["values"] or "")
        return [
            (key.lower(), unescape(_LINES.sub(" ", double or single or bare))) for key, double, single, bare in found
        ]

    def _wrong(self, name: str, message: str, remedy: str | None = None) -> ScriptError:
        return ScriptError(
            joined((f"<{name}>", message), ": "), path=self._source.path, line=self._line, remedy=remedy or None
        )
