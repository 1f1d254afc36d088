"""Options and small helpers that the commands share."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tts_render.cli.help import option
from tts_render.ground.errors import OutputError, TtsRenderError
from tts_render.ground.messages import listed, said
from tts_render.ground.printable import UNPRINTABLE
from tts_render.ground.reasons import reason_of
from tts_render.settings.embedded import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = [
    "FILE",
    "common",
    "engine_names",
    "foreseen",
    "names_in",
    "only_with_one",
    "print_json",
    "site_root",
    "size_text",
    "with_cache",
    "with_engine",
]

FILE = click.Path(path_type=Path)
"""A path, as an argument or option."""

_TOKENS = 10_000
"""Characters of JSON printed at a time, so that the whole text of a long plan is not held in memory."""


with_cache = option(
    "--cache-dir",
    metavar="FOLDER|ADDRESS",
    envvar="TTS_RENDER_CACHE",
    show_envvar=True,
    help="Cache folder, or s3://, gs:// or az:// with a folder in front. Default: the user's cache folder.",
)
"""Where the cache is."""


def common(to: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command about episodes has."""
    for one in (
        option("-v", "--verbose", count=True, help="Print more; -vv shows where an error came from."),
        option("-q", "--quiet", is_flag=True, help="Print only errors."),
        option("--site", type=FILE, help="Root of the site. Default: found from the input."),
        option("--voices", type=FILE, help="Settings. Default: voices.yaml in the site root, or the packaged file."),
    ):
        to = one(to)
    return to


def with_engine(to: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that may ask an engine."""
    for one in (
        with_cache,
        option(
            "--wait",
            type=click.FloatRange(0, 3600),
            default=0.0,
            envvar="TTS_RENDER_WAIT",
            show_envvar=True,
            metavar="SECONDS",
            help="Wait this long for an engine that is still starting.",
        ),
        option(
            "--engine",
            "engines",
            multiple=True,
            metavar="|".join(("URL", *EMBEDDED)),
            help="Repeatable. Default: TTS_RENDER_ENGINE (comma-separated), or voices.yaml.",
        ),
    ):
        to = one(to)
    return to


def size_text(size: int) -> str:
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return said("{size} bytes", size=size)


def engine_names(named: tuple[str, ...]) -> tuple[str, ...]:
    return named or tuple(part.strip() for part in os.environ.get("TTS_RENDER_ENGINE", "").split(",") if part.strip())


def site_root(named: Path | None) -> Path:
    """The site's root relative to the current folder, so that paths printed below it can be typed again."""
    from tts_render.site.folder import find_site

    return Path(os.path.relpath(find_site(Path.cwd() / "_", named).root))


def foreseen(path: Path, error: TtsRenderError | OSError) -> TtsRenderError:
    """Collect the failure of one episode, so that others can go on; disk errors are reported like any other."""
    if isinstance(error, TtsRenderError):
        return error
    return OutputError(reason_of(error), path=error.filename or path)


def names_in(of: str, given: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    """The names given for an option, separated by commas or repeated.

    Raises:
        click.UsageError: a name is unknown.
    """
    from tts_render.ground.yamltree import nearest

    names = tuple(name.strip() for part in given for name in part.split(",") if name.strip())
    for name in names:
        if name not in known:
            near = nearest(name, known)
            message = said("{option}: there is no {name!r}", option=of, name=name)
            raise click.UsageError(
                said("{message}; did you mean {near}?", message=message, near=near)
                if near
                else said("{message}; choose from {known}", message=message, known=listed(known))
            )
    return names


def only_with_one(episodes: tuple[Path, ...], **options: Path | None) -> None:
    for name, value in options.items():
        if value is not None and len(episodes) > 1:
            raise click.UsageError(said("--{name} can be used with one episode only", name=name))


def print_json(value: object) -> None:
    tokens = json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(value)
    while text := "".join(islice(tokens, _TOKENS)):
        click.echo(UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text), nl=False)
    click.echo()
