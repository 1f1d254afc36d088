"""Scripts (台本): every notation in which an episode may be written is read into one :class:`Script`.

A notation is a file of this package with one function from :class:`Source` and :class:`Notation` to items. It is
registered in the table below, and under the form by which it is recognised.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.base import (
    Cue,
    Item,
    Line,
    Manner,
    Notation,
    Pause,
    PauseKind,
    Remark,
    Script,
    Sound,
    Source,
    Span,
    SpokenShortcode,
    Templates,
)
from tts_render.script.copied_page import is_rendered_page, read_rendered
from tts_render.script.deck import read_deck
from tts_render.script.markdown import read_markdown
from tts_render.script.templates import spoken_date
from tts_render.script.text import decode_script, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = [
    "FORMS",
    "SCRIPT_SUFFIXES",
    "Cue",
    "Item",
    "Line",
    "Manner",
    "Notation",
    "Pause",
    "PauseKind",
    "Remark",
    "Script",
    "Sound",
    "Source",
    "Span",
    "SpokenShortcode",
    "Templates",
    "decode_script",
    "find_form",
    "read_script",
    "spoken_date",
]

FORMS: Mapping[str, Callable[[Source, Notation], tuple[Item | Remark, ...]]] = MappingProxyType(
    {"text": read_text, "markdown": read_markdown, "deck": read_deck, "rendered": read_rendered}
)
"""The notations by name."""

SCRIPT_SUFFIXES = (".txt", ".json")
"""What a bare script, or one beside the audio, may be; the first match is used."""

_SUFFIXES = {
    ".txt": "text",
    ".text": "text",
    "": "text",
    ".json": "deck",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mkd": "markdown",
    ".html": "markdown",
}
_FRONT_MATTER = re.compile(  # (?>...) is atomic: or each line end could match in two ways and double the work
    r"(?P<fence>---|\+\+\+)[ \t]*(?>\r\n?|\n)"
    r"(?P<keys>(?:(?!(?P=fence)[ \t]*[\r\n])[^\r\n]*(?>\r\n?|\n))*)"
    r"(?P=fence)[ \t]*(?:\r\n?|\n|\Z)"
)
_POST_KEY = re.compile(r"^(?:title|date|layout|draft)[ \t]*[:=]", re.MULTILINE)


def read_script(path: Path, text: str, notation: Notation, *, first_line: int = 1, form: str | None = None) -> Script:
    """Read a script, whatever its notation.

    Args:
        path: the file; its suffix gives the form.
        text: the whole file, or the body of a post.
        notation: the settings that concern scripts.
        first_line: 1-based line of the file at which ``text`` begins.
        form: a name from :data:`FORMS`; None to recognise it.

    Raises:
        ScriptError: the form is unknown, something in the script is not readable, or there is nothing to say.
    """
    source = Source(path, text.removeprefix("\ufeff"), first_line)
    if form is None:
        form, source = find_form(source)
    found = FORMS[form](source, notation)
    script = Script(
        path,
        tuple(item for item in found if not isinstance(item, Remark)),
        tuple(item for item in found if isinstance(item, Remark)),
    )
    if not script.lines:
        raise ScriptError(said("has nothing to say"), path=path, remedy=said("Write at least one sentence into it."))
    return script


def find_form(source: Source) -> tuple[str, Source]:
    """The notation of ``source``, and the part that is script: of a whole post that is the body, whatever its suffix.

    Raises:
        ScriptError: no notation has this suffix.
    """
    form = _SUFFIXES.get(source.path.suffix.lower())
    if form is None:
        raise ScriptError(
            said("{suffix} is not a suffix of scripts", suffix=source.path.suffix),
            path=source.path,
            remedy=said("Give a text (.txt), a post (.md) or a slide deck (.json)."),
        )
    matter = _FRONT_MATTER.match(source.text) if source.first_line == 1 else None
    if matter and _POST_KEY.search(matter["keys"]):  # a script, too, may begin with a section border
        lines = len(re.findall(r"\r\n?|\n", matter.group()))
        return "markdown", Source(source.path, source.text[matter.end() :], source.first_line + lines)
    if form == "text" and is_rendered_page(source.text):
        return "rendered", source
    return form, source
