"""The commands around the work: voices, read, cache, init."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import click

from tts_render.cli.help import argument, command, group, option
from tts_render.cli.language import filled, say, shown, tell
from tts_render.cli.options import (
    common,
    print_json,
    size_text,
    with_cache,
    with_engine,
)
from tts_render.cli.places import open_cache, open_session
from tts_render.ground.messages import joined, listed, said, said_count

__all__ = ["cache", "init", "read", "voices"]


@command()
@with_engine
@common
@option("--terms", is_flag=True, help="Show the engine's terms of use for these voices.")
@option("--json", "as_json", is_flag=True, help="Print the voices as JSON.")
def voices(
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    terms: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """List what the engine offers, and which voices in voices.yaml use it."""
    from tts_render.cli.progress import Progress
    from tts_render.cli.voice_table import read_terms, terms_text, voices_json, voices_text
    from tts_render.episode.episode import open_config
    from tts_render.site.folder import find_site

    config = open_config(find_site(Path.cwd() / "voices.yaml", site), voices)
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        pool = session.pool(config.engines)
        identity = pool.identity
        told = read_terms(config, pool) if terms else {}
        for speaker in (name for name, text in told.items() if not text):
            progress.note(
                said("warning: the engine has no terms of use for {speaker}; see its publisher's site", speaker=speaker)
            )
    if as_json:
        print_json(voices_json(config, identity) | ({"terms": told} if terms else {}))
    else:
        tell(terms_text(told) if terms else voices_text(config, identity))
    return 0


@command()
@argument("texts", nargs=-1, metavar="[TEXT...]")
@common
@option("--explain", is_flag=True, help="Show the result of each layer under each text.")
def read(
    texts: tuple[str, ...],
    voices: Path | None,
    site: Path | None,
    explain: bool,
    quiet: bool,  # noqa: ARG001
    verbose: int,  # noqa: ARG001
) -> int:
    """Show the reading of each text, or of each line of standard input, one per line."""
    from tts_render.episode.episode import open_config
    from tts_render.reading import Lexicon
    from tts_render.reading import read as read_text
    from tts_render.site.folder import find_site

    config = open_config(find_site(Path.cwd() / "voices.yaml", site), voices)
    lexicon = Lexicon(config.lexicon)
    lines = (line.decode("utf-8", errors="replace").rstrip("\r\n") for line in sys.stdin.buffer)
    for text in texts or lines:
        reading = read_text(text, lexicon, links=config.links)
        click.echo(" ".join((text if explain else reading.said).split("\n")))
        if explain:
            for name, after in reading.changes:
                click.echo(f"  {name:<10} {' '.join(after.split(chr(10)))}")
    return 0


@command()
@common
@option(
    "--repository",
    metavar="ADDRESS@REVISION",
    help="Source of tts-render for the files: https://github.com/NAME/tts_render@main. Default: where pip got it from.",
)
def init(
    repository: str | None,
    voices: Path | None,  # noqa: ARG001
    site: Path | None,
    quiet: bool,
    verbose: int,  # noqa: ARG001
) -> int:
    """Set up a site: voices.yaml, workflow, compose file and pre-commit configuration.

    Generator and actors are found from the posts. Existing files are not overwritten.
    """
    from tts_render.site.folder import find_site
    from tts_render.upkeep.repository import parse_repository, recorded_repository
    from tts_render.upkeep.scaffold import lay, survey

    source = parse_repository(repository) if repository else recorded_repository()
    if source is None:
        raise click.UsageError(
            said(
                "This tts-render was not installed from a repository on GitHub: give one for the "
                "workflow with --repository https://github.com/NAME/tts_render@main."
            )
        )
    home = find_site(Path.cwd() / "_", site)
    found = survey(home)
    for file in lay(home, found, source):
        state = filled(shown(said("new") if file.new else said("kept")), 4)
        tell(f"{state}  {file.path.relative_to(home.root)}")
    if not quiet:
        named = listed(found.actors) or said("none yet")
        say(
            said(
                "{posts}, preset {preset}, actors: {names}",
                posts=said_count("{count} post", "{count} posts", count=found.posts),
                preset=found.preset,
                names=named,
            )
        )
    return 0


@group()
def cache() -> None:
    """Manage the utterance cache."""


@cache.command()
@with_cache
@option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def info(cache_dir: str | None, as_json: bool) -> int:
    """Show where the cache is and how much it holds."""
    kept = open_cache(cache_dir)
    levels = [facts for facts in (kept.info(), kept.back_info()) if facts is not None]
    if as_json:
        front, *behind = [
            {"clips": facts.clips, "phrases": facts.phrases, "blobs": facts.blobs, "bytes": facts.bytes}
            for facts in levels
        ]
        store = {"address": levels[1].address} | behind[0] if behind else None
        print_json({"path": levels[0].address} | front | {"store": store})
    else:
        for facts in levels:
            held = (
                said_count("{count} clip", "{count} clips", count=facts.clips),
                said_count("{count} remembered reading", "{count} remembered readings", count=facts.phrases),
                *([said_count("{count} other file", "{count} other files", count=facts.blobs)] if facts.blobs else []),
                size_text(facts.bytes),
            )
            tell(joined((facts.address, listed(held)), "\n"))
    return 0


@cache.command()
@with_cache
@option("--max-size", metavar="SIZE", help="Keep at most this much, for example 500MB or 2GB.")
@option("--max-age", metavar="AGE", help="Keep what was used within this time, for example 30d or 12h.")
def prune(cache_dir: str | None, max_size: str | None, max_age: str | None) -> int:
    """Remove the least recently used entries.

    The limits hold for the folder and, if an address is given, for the bucket too: each may keep as much.
    """
    if max_size is None and max_age is None:
        raise click.UsageError(said("Give a limit: --max-size, --max-age, or both."))
    kept = open_cache(cache_dir)
    size = None if max_size is None else int(_quantity(max_size, "--max-size", _SIZES))
    age = None if max_age is None else _quantity(max_age, "--max-age", _AGES)
    _tell_removed(*kept.prune(max_bytes=size, max_age=age))
    if kept.backing is not None:
        tell(kept.backing.store.address)
        _tell_removed(*kept.prune_back(max_bytes=size, max_age=age))
    return 0


def _tell_removed(removed: int, freed: int) -> None:
    size = size_text(freed)
    tell(said_count("removed {count} file, {size}", "removed {count} files, {size}", count=removed, size=size))


_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_AGES = {"S": 1, "M": 60, "H": 3600, "D": 86400, "W": 7 * 86400}


def _quantity(text: str, option: str, units: dict[str, int]) -> float:
    number = text.strip().rstrip("".join({*"".join(units), *"".join(units).lower()}))
    unit = text.strip()[len(number) :].strip().upper()
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        known = ", ".join(name for name in units if name)
        raise click.UsageError(
            said("{option}: {text!r} is not a number with one of {known}", option=option, text=text, known=known)
        ) from None
    if not 0 <= value < math.inf:
        raise click.UsageError(said("{option}: must be 0 or more", option=option))
    return value
