"""The command ``lexicon``: the project's words in the user dictionaries of engines."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tts_render.cli.help import group
from tts_render.cli.language import tell
from tts_render.cli.options import common, engine_names, with_engine
from tts_render.ground.messages import joined, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tts_render.settings.lexicon import Entry
    from tts_render.speech.user_dictionary import UserDictionary

__all__ = ["lexicon"]


@group()
def lexicon() -> None:
    """Manage the accented words of the lexicon in the user dictionaries of engines."""


@lexicon.command()
@with_engine
@common
def push(engines: tuple[str, ...], wait: float, voices: Path | None, site: Path | None, **_: object) -> int:
    """Add, change and remove words; only words that this command added are changed or removed."""
    words, targets = _settings(engines, voices, site)
    for dictionary in _opened(targets, wait):
        pushed = dictionary.push(words)
        done = pushed.done
        tell(
            said(
                "{label}: {add} added, {change} changed, {remove} removed",
                label=dictionary.label,
                add=len(done.add),
                change=len(done.change),
                remove=len(done.remove),
            )
        )
        for surface, priority in pushed.raised.items():
            tell(
                said(
                    "  ^ {surface} at priority {priority}, because it lost to the engine's own word",
                    surface=surface,
                    priority=priority,
                )
            )
        _tell_lost(pushed.lost)
    return 0


@lexicon.command()
@with_engine
@common
def diff(engines: tuple[str, ...], wait: float, voices: Path | None, site: Path | None, **_: object) -> int:
    """Show what push would add (+), change (~) and remove (-); exits 1 if there is anything.

    Words that the engine says differently although its dictionary has them (!) are shown too.
    """
    from tts_render.speech.user_dictionary import compare

    words, targets = _settings(engines, voices, site)
    differs = False
    for dictionary in _opened(targets, wait):
        found = compare(words, dictionary.words())
        differs = differs or bool(found)
        tell(joined((dictionary.label, said("differs") if found else said("the same")), ": "))
        for sign, entries in (("+", found.add), ("~", found.change)):
            for entry in entries:
                tell(f"  {sign} {entry.surface} {entry.reading} {entry.accent} {entry.word_class}")
        for surface in found.remove.values():
            tell(f"  - {surface}")
        _tell_lost(dictionary.losing(words))
    return int(differs)


@lexicon.command()
@with_engine
@common
def pull(engines: tuple[str, ...], wait: float, voices: Path | None, site: Path | None, **_: object) -> int:
    """Print the words that are in the engines but not in the lexicon, as CSV to add to it."""
    words, targets = _settings(engines, voices, site)
    found: dict[Entry, None] = {}
    for dictionary in _opened(targets, wait):
        found.update(dict.fromkeys(dictionary.foreign(words)))
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("surface", "reading", "accent", "class"))
    rows.writerows((entry.surface, entry.reading, entry.accent, entry.word_class) for entry in found)
    click.echo(out.getvalue(), nl=False)
    return 0


def _settings(
    engines: tuple[str, ...], voices: Path | None, site: Path | None
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The words, and the engines that support them."""
    from tts_render.episode.episode import open_config
    from tts_render.settings.embedded import EMBEDDED
    from tts_render.site.folder import find_site

    config = open_config(find_site(Path.cwd() / "voices.yaml", site), voices)
    targets = engine_names(engines) or config.engines
    embedded = [target for target in targets if target in EMBEDDED]
    if embedded:
        raise click.UsageError(
            said("{embedded} has no user dictionary: it speaks the reading without the accent", embedded=embedded[0])
        )
    return config.words, targets


def _opened(targets: tuple[str, ...], wait: float) -> Iterator[UserDictionary]:
    """The dictionaries, each open while it is in use."""
    from tts_render.speech.user_dictionary import UserDictionary

    for target in targets:
        with UserDictionary(target) as dictionary:
            dictionary.wait(wait)
            yield dictionary


def _tell_lost(entries: Iterable[Entry]) -> None:
    for entry in entries:
        tell(
            said(
                "  ! {surface} {reading} {accent} is said differently; render sends it as kana",
                surface=entry.surface,
                reading=entry.reading,
                accent=entry.accent,
            )
        )
