"""In which language the command line speaks, and the one place where its text goes out.

The language is that of ``--lang``, else of the locale. It is decided before click reads the command line, since click's
own complaints come in it too.
"""

from __future__ import annotations

import contextlib
import gettext
import locale
import os
import unicodedata
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from tts_render.ground.messages import CATALOGUES, DOMAIN, LANGUAGES, translate
from tts_render.ground.printable import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tts_render.ground.messages import Language

__all__ = ["columns", "filled", "language", "language_asked", "language_told", "say", "shown", "speaking", "tell"]

_LANGUAGE: ContextVar[Language] = ContextVar("language", default="en")


def language() -> Language:
    """The language in which the command that runs now speaks."""
    return _LANGUAGE.get()


def language_told() -> Language | None:
    """The language of ``--lang``, where the command that runs now has it."""
    context = click.get_current_context()
    while context.get_parameter_source("lang") is not ParameterSource.COMMANDLINE:
        if context.parent is None:
            return None
        context = context.parent
    return language()


def language_asked(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language of ``--lang``, else of the locale that ``environment`` gives; English if it is none of ours."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    named = [after for option, after in pairwise(options) if option == "--lang"]
    named += [option.removeprefix("--lang=") for option in options if option.startswith("--lang=")]
    for one in LANGUAGES:
        if one in named[-1:]:
            return one
    set_to = [environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)]
    if not set_to:  # Windows says it elsewhere
        return "ja" if (locale.getlocale()[0] or "").lower().startswith("ja") else "en"
    if set_to[0].partition(".")[0] in ("C", "POSIX"):
        return "en"  # whoever sets it wants no translation, whatever LANGUAGE says
    wanted = (environment.get("LANGUAGE") or set_to[0]).split(":")[0]
    return "ja" if wanted.lower().startswith("ja") else "en"


@contextlib.contextmanager
def speaking(wanted: Language) -> Iterator[None]:
    """Speak this language, and let click speak it.

    Click asks the gettext of the process, which has no other switches than its domain and the environment.
    """
    token, domain, before = _LANGUAGE.set(wanted), gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(DOMAIN, CATALOGUES)
    gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = wanted
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before
        _LANGUAGE.reset(token)


def shown(message: str) -> str:
    """``message`` as it is shown: in the language, and harmless for a terminal."""
    return plain(translate(message, language()))


def tell(message: str) -> None:
    """Print a result."""
    click.echo(shown(message))


def say(message: str) -> None:
    """Print something that is not the result, to standard error."""
    click.echo(shown(message), err=True)


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes; full-width characters take two."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def filled(text: str, width: int) -> str:
    """``text`` with spaces up to ``width`` columns."""
    return text + " " * (width - columns(text))
