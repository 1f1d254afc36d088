"""What a site generator would fill in: Hugo's shortcodes and Jekyll's Liquid tags.

They are taken out before Markdown is read, since a shortcode would turn the whole body into one piece of HTML. Some
only show what cannot be spoken, and are removed completely. Of others, only the tags are removed, and the text between
them is spoken. But a shortcode that itself holds text is an error: nothing says who speaks it, and it must not be lost.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.inserts import Begin, Break, Delivery, End, Inserts
from tts_render.script.markup import unescape

if TYPE_CHECKING:
    from tts_render.script.base import Notation, Source, SpokenShortcode

__all__ = ["PLACEHOLDER", "remove_shortcodes"]

PLACEHOLDER = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}|\{%(?:(?!\{%).)*?%\}")
"""Stands where the site generator would put text that is unknown here."""

_OPEN = re.compile(r"\{\{[<%]|\{%")
_HUGO = re.compile(
    r"""
    \{\{ (?P<mark>[<%]) \s* (?P<close>/?) \s* (?P<name>[^\s"`/<>%]*)
    (?P<rest> (?: "(?:[^"\\]|\\.)*" | `[^`]*` | (?![>%]\}\}) [^"`] )* )
    [>%]\}\}
    """,
    re.VERBOSE | re.DOTALL,
)
_LIQUID = re.compile(
    r"""\{% -? \s* (?P<close>) (?P<name>\w*) (?P<rest> (?: "[^"]*" | '[^']*' | (?!%\}) [^"'] )* ) %\}""", re.VERBOSE
)
_ARGUMENT = re.compile(r"""(?:([\w-]+)\s*=\s*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|'([^']*)'|([^\s"`'=]+))""", re.DOTALL)
_ADDRESS_OUTPUT = re.compile(r"(?<=\()\{\{[^{}\n]*\}\}")

_SILENT = frozenset([
    "audio", "bilibili", "code", "codepen", "comment", "figure", "gallery", "gist", "highlight", "icon", "iframe",
    "image", "img", "include_cached", "instagram", "katex", "link", "map", "math", "mermaid", "chart", "pdf",
    "post_url", "qr", "ref", "relref", "soundcloud", "spotify", "toc", "tweet", "twitter", "video", "vimeo", "x",
    "youtube", "assign", "break", "capture", "case", "continue", "cycle", "decrement", "else", "elsif",
    "endcapture", "endcase", "endfor", "endif", "endunless", "for", "if", "increment", "layout", "paginate", "raw",
    "endraw", "tablerow", "unless", "when",
])  # fmt: skip
"""These only show or decide something, and say nothing."""
_SILENT_INSIDE = frozenset(["capture", "chart", "code", "comment", "highlight", "katex", "math", "mermaid"])
"""Between these and their ends there is no text either."""
_TEXT_KEYS = frozenset(["alt", "body", "caption", "content", "label", "message", "quote", "summary", "text", "title"])


_BREAK = re.compile(r"<br\s*/?>|\n", re.IGNORECASE)
_QUOTE = re.compile(r"\s*[>＞]+\s*")
_BARE_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")


def remove_shortcodes(source: Source, notation: Notation, inserts: Inserts) -> str:
    """Return ``source`` without shortcodes and tags, with its lines kept, and with the text of spoken shortcodes.

    Args:
        source: the text.
        notation: which shortcodes are spoken, from which attribute and by whom.
        inserts: records who speaks.

    Raises:
        ScriptError: an unknown shortcode holds text, a spoken one lacks it, or a shortcode is not closed.
    """
    cast: dict[tuple[tuple[str, ...], str], str] = {}  # the voice for each value of the speaker attribute
    text = source.text
    kept: list[str] = []
    position = 0
    line = source.first_line
    silent: str | None = None  # the name whose end is awaited
    endless: set[str] = set()
    while found := _OPEN.search(text, position):
        between = text[position : found.start()]
        kept.append(between if silent is None else "\n" * between.count("\n"))
        line += between.count("\n")
        tag = (_LIQUID if found.group() == "{%" else _HUGO).match(text, found.start())
        if tag is None:
            raise ScriptError(
                said("{found} begins a shortcode that has no end", found=found.group()),
                path=source.path,
                line=line,
                remedy=said("Close it, or rephrase it."),
            )
        name, ends = _name_and_end(tag)
        if silent is None:
            spoken = notation.shortcodes.get(name)
            if spoken is not None and spoken.text and not ends:
                kept.append(_speech(source, line, tag, spoken, cast, inserts))
            elif not ends and spoken is None and name not in _SILENT and (held := _text_in(tag["rest"])):
                raise ScriptError(
                    said(
                        "the shortcode {name} contains text ({held}), but nothing says how to speak it",
                        name=name,
                        held=held,
                    ),
                    path=source.path,
                    line=line,
                    remedy=said(
                        "Under shortcodes: in voices.yaml, say how {name} is spoken, or that it is silent.", name=name
                    ),
                )
            if not ends and name in _SILENT_INSIDE and name not in endless:
                if _closes_later(text, tag, name):
                    silent = name
                else:
                    endless.add(name)
            kept.append("#" if text.startswith(")", tag.end()) and between.endswith("(") else "")
        elif ends and name == silent:
            silent = None
        kept.append("\n" * tag.group().count("\n"))
        line += tag.group().count("\n")
        position = tag.end()
    kept.append(text[position:])
    return _ADDRESS_OUTPUT.sub("#", "".join(kept))


def _speech(
    source: Source,
    line: int,
    tag: re.Match[str],
    spoken: SpokenShortcode,
    cast: dict[tuple[tuple[str, ...], str], str],
    inserts: Inserts,
) -> str:
    """The text of a spoken shortcode, in the voice of its speaker, with pauses at line breaks."""
    values: dict[str, str] = {}
    for key, double, ticked, single, bare in _ARGUMENT.findall(tag["rest"]):
        value = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], double) if double else ""
        values.setdefault(key or str(len(values)), value or ticked or single or bare)
    text = values.get(spoken.text or "")
    if text is None:
        raise ScriptError(
            said(
                "the shortcode {tag} has no {text}, which is the attribute to speak", tag=tag["name"], text=spoken.text
            ),
            path=source.path,
            line=line,
            remedy=said("Give it one, or change shortcodes: in voices.yaml."),
        )
    voice = spoken.voices[0] if spoken.voices else None
    if spoken.speaker and spoken.voices:
        known = sum(voices == spoken.voices for voices, _ in cast)
        who = (spoken.voices, values.get(spoken.speaker, ""))
        voice = cast.setdefault(who, spoken.voices[known % len(spoken.voices)])
    rows: list[str] = []
    for row in _BREAK.split(text):
        row = Inserts.free(" ".join(unescape(_BARE_TAG.sub("", row)).split()))
        quote = _QUOTE.match(row)
        if quote and quote.end() < len(row):
            # The narrator reads the quotation, and the speaker answers it.
            row = inserts.put(Begin(Delivery(narrator=True, quoted=True))) + row[quote.end() :] + inserts.put(End())
        if row:
            rows.append(row)
    answer = inserts.put(Break("sentence")).join(rows).replace("{{", "{ {").replace("{%", "{ %")
    paragraph = inserts.put(Break("paragraph"))
    begin = Begin(Delivery(speaker=voice) if voice else Delivery(narrator=True))
    return paragraph + inserts.put(begin) + answer + inserts.put(End()) + paragraph


def _name_and_end(tag: re.Match[str]) -> tuple[str, bool]:
    """The name of a tag, and whether it is an end tag."""
    name = tag["name"]
    if tag["close"]:
        return name, True
    if tag.group().startswith("{%") and name.startswith("end"):
        return name.removeprefix("end"), True
    return name, False


def _closes_later(text: str, tag: re.Match[str], name: str) -> bool:
    end = rf"\{{%-?\s*end{name}\b" if tag.group().startswith("{%") else rf"\{{\{{[<%]\s*/\s*{name}\b"
    return re.compile(end).search(text, tag.end()) is not None


def _text_in(arguments: str) -> str:
    """The argument that holds text which somebody may want to hear: its key, or its beginning; empty if none does."""
    for key, *values in _ARGUMENT.findall(arguments):
        value = next((value for value in values if value), "")
        words = any(character.isalpha() for character in value)
        if words and (key.lower() in _TEXT_KEYS or not value.isascii() or len(value.split()) > 1):
            return key or value[:20]
    return ""
