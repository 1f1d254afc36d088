"""The commands to VOICEVOX's editor and back: export and import."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tts_render.cli.help import argument, command, option
from tts_render.cli.language import say, tell
from tts_render.cli.options import FILE, common, with_engine
from tts_render.cli.places import open_session
from tts_render.ground.messages import joined, said, said_count

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["export", "import_"]


@command()
@argument("episode", type=FILE)
@with_engine
@common
@option("--script", type=FILE, help="What to speak. Default: the post's own script, text or body.")
@option("--voice", metavar="NAME", help="The voice of a bare script.")
@option("-o", "--output", type=FILE, help="Where the project goes. Default: NAME.vvproj beside the script.")
@option("--force", is_flag=True, help="Replace a project that is there already.")
def export(
    episode: Path,
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    output: Path | None,
    force: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Write an episode as a project that VOICEVOX's editor opens.

    Each utterance is a line of the editor, with accents, pitches and lengths as they would be spoken. What is changed
    there comes back with import.
    """
    from tts_render.cli.progress import Progress
    from tts_render.episode.episode import open_episode
    from tts_render.ground.errors import OutputError
    from tts_render.ground.files import replace_bytes
    from tts_render.run.exporting import export_items, project_beside
    from tts_render.run.vvproj import SUFFIX, write_project

    if output is not None and output.suffix != SUFFIX:
        raise click.UsageError(said("--output: {output} does not end with {suffix}", output=output, suffix=SUFFIX))
    opened = open_episode(episode, site=site, voices=voices, script=script, voice=voice)
    target = output or project_beside(opened)
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        items = export_items(opened, session)
    content = write_project(items)
    if target.exists() and not force and target.read_bytes() != content:
        raise OutputError(
            said("is there already, and not the same"),
            path=target,
            remedy=said("Import it first if somebody has worked on it; --force replaces it."),
        )
    replace_bytes(target, content)
    if not quiet:
        tell(joined((str(target), said_count("{count} utterance", "{count} utterances", count=len(items))), ": "))
    return 0


@command("import")
@argument("episode", type=FILE)
@argument("project", type=FILE)
@with_engine
@common
@option("--script", type=FILE, help="What to speak. Default: the post's own script, text or body.")
@option("--voice", metavar="NAME", help="The voice of a bare script.")
def import_(
    episode: Path,
    project: Path,
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    quiet: bool,
    verbose: int,
) -> int:
    """Bring back what was changed in a project with VOICEVOX's editor.

    Texts, accents, speed, pitch and volume go into the script; lengths and pitches of moras, intonation, and accents
    that no markup can say into NAME.takes.json beside it. What neither can say is named, line by line. Nothing is
    spoken: render does that.
    """
    from tts_render.cli.progress import Progress
    from tts_render.episode.episode import open_episode
    from tts_render.run.importing import import_items, save
    from tts_render.run.vvproj import read_project

    items = read_project(project)
    opened = open_episode(episode, site=site, voices=voices, script=script, voice=voice)
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        found = import_items(opened, session, items, project)
        save(opened, session, found, project)
        for note in found.left:
            where = project if note.line is None else f"{opened.script.path}:{note.line}"
            progress.note(said("warning: {where}: not brought back: {note}", where=where, note=note.whole), always=True)
    if not quiet:
        for note in found.changes:
            tell(joined((f"{opened.script.path}:{note.line}", note.whole), ": "))
        say(
            said(
                "{changes}, {left} not brought back",
                changes=said_count("{count} change", "{count} changes", count=len(found.changes)),
                left=len(found.left),
            )
        )
    return 0
