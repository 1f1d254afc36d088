"""Commands, options and their help in the user's language.

Help is written in English where a command is declared, and is translated when it is shown. Japanese has no spaces to
break lines at and its characters are two columns wide, so it is filled here and not by click.
"""

from __future__ import annotations

import copy
import inspect
import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tts_render.cli.language import columns, filled, language
from tts_render.ground.messages import LANGUAGES, Said, said, translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Command", "Group", "Option", "argument", "command", "group", "option"]

_Command = TypeVar("_Command", bound="Callable[..., Any]")

_METAVARS = (
    said("[OPTIONS]"), said("COMMAND [ARGS]..."), said("PATH"), said("TEXT"), said("INTEGER RANGE"),
)  # fmt: skip
"""What click writes in place of values, by its types."""


def _words(text: str | None) -> str:
    if not text:
        return ""
    return translate(text if isinstance(text, Said) else said(text), language())


class _Formatter(click.HelpFormatter):
    def write_text(self, text: str) -> None:
        if language() == "en":
            super().write_text(text)
            return
        indent = " " * self.current_indent
        lines = [indent + line if line else "" for line in _lines(text, self.width - self.current_indent)]
        self.write("\n".join(lines) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        table = list(rows)
        if language() == "en":
            super().write_dl(table, col_max, col_spacing)
            return
        first = min(max(columns(term) for term, _ in table), col_max) + col_spacing
        indent = " " * self.current_indent
        for term, text in table:
            lines = list(_lines(text, max(self.width - first - 2, 10)))
            if columns(term) > first - col_spacing:
                self.write(f"{indent}{term}\n")
            elif lines:
                lines[0] = filled(term, first) + lines[0]
            else:
                lines = [term]
            here = columns(term) <= first - col_spacing
            for number, line in enumerate(lines):
                self.write(indent + ("" if here and number == 0 else " " * first) + line + "\n")


def _lines(text: str, width: int) -> Iterator[str]:
    """Lines of at most ``width`` columns, broken between phrases; an empty line between two paragraphs."""
    import budoux

    phrases = budoux.load_default_japanese_parser()
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ""
        line = ""
        for piece in (piece for word in re.findall(r"\S+\s*", paragraph) for piece in phrases.parse(word)):
            if line and columns((line + piece).rstrip()) > width:
                yield line.rstrip()
                line = ""
            line += piece
        yield line.rstrip()


class _Context(click.Context):
    formatter_class = _Formatter


class _Translated(click.Command):
    """What commands and groups of commands have in common."""

    context_class = _Context

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [_words(piece) for piece in super().collect_usage_pieces(ctx)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        translated = copy.copy(self)
        translated.help = _words(inspect.cleandoc(self.help or ""))
        click.Command.format_help_text(translated, ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        if language() == "en":
            return super().get_short_help_str(limit)
        return _words(inspect.cleandoc(self.help or "")).partition("\n")[0].partition("。")[0]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = _words("Show this message and exit.")  # click keeps it, in the language of the first time
        return found


class Command(_Translated):
    """A command; ``--lang`` is one of its options."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(_lang())


class Group(_Translated, click.Group):
    """A group of commands; ``--lang`` is one of its options."""

    command_class = Command

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(_lang())


class Option(click.Option):
    """An option; ``help`` may be a message with values."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.help = settings.get("help")  # click has made plain text of it

    def make_metavar(self, *context: Any, **named: Any) -> str:
        return _words(super().make_metavar(*context, **named))

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        translated = copy.copy(self)
        translated.help = _words(self.help)
        return click.Option.get_help_record(translated, ctx)


class Argument(click.Argument):
    """An argument."""

    def make_metavar(self, *context: Any, **named: Any) -> str:
        return _words(super().make_metavar(*context, **named))


def _lang() -> click.Option:
    return Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        expose_value=False,  # it is read before everything else
        help="Language of messages. Default: that of the locale.",
    )


def command(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """Like :func:`click.command`."""
    return click.command(name, cls=Command, **settings)


def group(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Group]:
    """Like :func:`click.group`."""
    return click.group(name, cls=Group, **settings)


def option(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """Like :func:`click.option`."""
    return click.option(*names, cls=Option, **settings)


def argument(*names: str, **settings: Any) -> Callable[[_Command], _Command]:
    """Like :func:`click.argument`."""
    return click.argument(*names, cls=Argument, **settings)
