"""The commands that make episodes: render and plan."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tts_render.cli.help import argument, command, option
from tts_render.cli.language import say, tell
from tts_render.cli.options import (
    FILE,
    common,
    foreseen,
    names_in,
    only_with_one,
    print_json,
    site_root,
    size_text,
    with_engine,
)
from tts_render.cli.places import open_session
from tts_render.ground.errors import BusyError, CommandLineError, ScriptError, TtsRenderError
from tts_render.ground.messages import joined, listed, said, said_count
from tts_render.settings.publication import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.episode.episode import Episode
    from tts_render.run.crew import Crew
    from tts_render.run.render import Rendered
    from tts_render.run.session import Session
    from tts_render.upkeep.selection import Selection

__all__ = ["plan", "render"]

T = TypeVar("T")


@command()
@argument("episodes", nargs=-1, type=FILE, metavar="EPISODE...")
@with_engine
@common
@option("--script", type=FILE, help="What to speak. Default: the post's own script, text or body.")
@option("-o", "--output", type=FILE, help="Where the MP3 goes; only with one episode.")
@option("--voice", metavar="NAME", help="The voice of a bare script.")
@option(
    "--also",
    multiple=True,
    metavar="NAME,...",
    help=said("Also publish beside the MP3: {outputs}.", outputs=", ".join(OUTPUTS)),
)
@option(
    "--offset", type=click.FloatRange(0, 86400), metavar="SECONDS", help="When the audio begins in the slide video."
)
@option("--no-write-back", is_flag=True, help="Leave the post as it is.")
@option("--force", is_flag=True, help="Render even if nothing has changed.")
@option(
    "--changed",
    is_flag=True,
    help="Take episodes that are out of date or new: without audio and no older than the newest that has it. "
    "EPISODE may be a folder; without one, the whole site.",
)
@option("--all", "everything", is_flag=True, help="Like --changed, with older ones without audio.")
@option("--strict", is_flag=True, help="Refuse scripts with unknown markup.")
@option(
    "--cluster",
    envvar="TTS_RENDER_CLUSTER",
    show_envvar=True,
    metavar="ADDRESS|local[:N]",
    help="Speak and mix on a Dask cluster: a scheduler's address, or N workers of this machine.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="json prints only the receipts; github makes annotations and a summary of the run.",
)
@option("--json", "form", flag_value="json", help="The same as --format json.")
def render(
    episodes: tuple[Path, ...],
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    output: Path | None,
    voice: str | None,
    also: tuple[str, ...],
    offset: float | None,
    no_write_back: bool,
    force: bool,
    changed: bool,
    everything: bool,
    strict: bool,
    cluster: str | None,
    form: str,
    quiet: bool,
    verbose: int,
) -> int:
    """Render episodes: speak, assemble, encode, and write back to the post."""
    from tts_render.cli.far_off import Whole, clustered, where_asked
    from tts_render.cli.github import failures
    from tts_render.cli.github import report as tell_github
    from tts_render.cli.progress import Progress
    from tts_render.episode.episode import open_episode
    from tts_render.ground.units import half_up
    from tts_render.run.render import render as render_episode
    from tts_render.run.several import Several
    from tts_render.upkeep.selection import forget_failure, remember_failure, select

    changed = changed or everything
    if not episodes and not changed:
        raise click.UsageError(said("Missing argument 'EPISODE...'."))
    only_with_one(episodes, output=output, script=script)
    if output is not None and output.suffix.lower() != ".mp3":
        raise click.UsageError(
            said("--output: {output} does not end with .mp3; only MP3 files are made", output=output)
        )
    where = where_asked(cluster, engines)
    outputs = names_in("--also", also, OUTPUTS)
    offset_ms = None if offset is None else half_up(offset * 1000)
    report: list[tuple[Path, dict[str, Any]]] = []
    annotations: list[tuple[Path, str]] = []
    codes: list[int] = []
    new: set[Path] = set()
    older = 0

    def annotate() -> None:
        for _, text in _in_order(annotations, episodes):
            click.echo(text)

    def fail(path: Path, error: TtsRenderError) -> None:
        codes.append(error.exit_code)
        report.append((path, {"episode": str(path), "error": error.whole}))
        say(error.whole)
        if form == "github":
            annotations.append((path, "\n".join(failures(path, error))))
        if path in new:
            remember_failure(path, session, site=site)
        if verbose > 1:
            traceback.print_exception(error)

    with (
        ExitStack() as last,
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        last.callback(annotate)
        if changed:
            selection = select(episodes or (site_root(site),), session, site=site, voices=voices, everything=everything)
            episodes = tuple(found.path for found in selection.taken)
            new = {found.path for found in selection.taken if not found.rendered}
            older = len(selection.older)
            for line in _selection_lines(selection):
                progress.note(line)
        opened: list[tuple[Path, Episode]] = []
        for path in episodes:
            try:
                episode = open_episode(path, site=site, voices=voices, script=script, output=output, voice=voice)
                for remark in _remarks(episode, strict=strict):
                    progress.note(remark)
                opened.append((path, episode))
            except CommandLineError:
                raise
            except (TtsRenderError, OSError) as error:
                fail(path, foreseen(path, error))
        _refuse_shared_targets(opened)

        def make(path: Path, episode: Episode, session: Session, crew: Crew | None) -> Rendered:
            own = episode.post is not None and (output is None or _same(output, episode.own_audio))
            back = own and not no_write_back
            one = functools.partial(
                render_episode, episode, session, force=force, post=back, also=outputs, offset_ms=offset_ms, crew=crew
            )
            try:
                return one(patience=0)
            except BusyError:
                progress.note(said("{path}: another run is at work on this episode; waiting for it", path=path))
                return one()

        with Several() as several, ExitStack() as stack:
            crew: Crew | None = None
            whole: Whole | None = None
            at_once = 1
            if where is not None and opened:
                taken = [episode for _, episode in opened]
                found, at_once = stack.enter_context(clustered(where, session, cache_dir, taken, progress, wait))
                crew = found.crew
                whole = Whole(progress, taken, found.workers)
            jobs = [
                functools.partial(
                    make, path, episode, session if whole is None else session.listening(whole.listener(number)), crew
                )
                for number, (path, episode) in enumerate(opened)
            ]
            for index, done in several.results(jobs, at_once):
                path, episode = opened[index]
                if whole is not None:
                    whole.settled(index)
                if isinstance(done, TtsRenderError | OSError):
                    fail(path, foreseen(path, done))
                elif isinstance(done, Exception):
                    raise done
                else:
                    progress.note(_rendered_text(episode, done))
                    report.append((path, _rendered_json(done)))
                    forget_failure(path, session, site=site)
    report = _in_order(report, episodes)
    if form == "json":
        print_json([facts for _, facts in report])
    elif form == "github":
        tell_github(report, older=older)
    return max(codes, default=0)


@command()
@argument("episodes", nargs=-1, required=True, type=FILE, metavar="EPISODE...")
@with_engine
@common
@option("--script", type=FILE, help="What to speak. Default: the post's own script, text or body.")
@option("--voice", metavar="NAME", help="The voice of a bare script.")
@option("--json", "as_json", is_flag=True, help="Print the plans as JSON.")
def plan(
    episodes: tuple[Path, ...],
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Show what would be spoken anew, what is cached, and how long it will be.

    Nothing is changed. With --json, print a list of episodes, each with its utterances and its items: every utterance
    (its 0-based number in that list), sound, pause and chapter in order, with start_seconds and seconds.
    """
    from tts_render.cli.planned import planned_json, planned_text
    from tts_render.cli.progress import Progress
    from tts_render.episode.episode import open_episode
    from tts_render.run.plan import plan as plan_episode

    only_with_one(episodes, script=script)
    report: list[dict[str, Any]] = []
    codes: list[int] = []
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        for path in episodes:
            try:
                episode = open_episode(path, site=site, voices=voices, script=script, voice=voice)
                for remark in _remarks(episode, strict=False):
                    progress.note(remark)
                planned = plan_episode(episode, session)
            except CommandLineError:
                raise
            except (TtsRenderError, OSError) as error:
                problem = foreseen(path, error)
                codes.append(problem.exit_code)
                report.append({"episode": str(path), "error": problem.whole})
                say(problem.whole)
                continue
            if planned.engine_problem is not None:
                progress.note(
                    said(
                        "warning: without an engine, it is unknown what is cached: {engine_problem}",
                        engine_problem=planned.engine_problem.whole,
                    )
                )
            if as_json:
                report.append(planned_json(planned))
            else:
                tell(planned_text(planned))
    if as_json:
        print_json(report)
    return max(codes, default=0)


def _in_order(found: list[tuple[Path, T]], episodes: tuple[Path, ...]) -> list[tuple[Path, T]]:
    """What was found about episodes, in the order in which they were asked for."""
    order = {path: number for number, path in enumerate(episodes)}
    return sorted(found, key=lambda one: order[one[0]])


def _selection_lines(selection: Selection) -> Iterator[str]:
    """What a run will make, and what it leaves alone."""
    if not selection.taken:
        yield said("nothing is new or out of date")
    else:
        minutes = max(1, round(selection.speech / 60))
        length = (
            said_count("{count} minute", "{count} minutes", count=minutes)
            if minutes < 100
            else said("{hours:.1f} hours", hours=selection.speech / 3600)
        )
        yield said_count(
            "{count} episode to render, about {length} of speech",
            "{count} episodes to render, about {length} of speech",
            count=len(selection.taken),
            length=length,
        )
    unreadable = [found for found in selection.older if found.state == "broken"]
    lacking = len(selection.older) - len(unreadable)
    if lacking:
        yield said_count(
            "{count} older one without audio is left alone; --all takes it, or give the episodes you want",
            "{count:,} older ones without audio are left alone; --all takes them, or give the episodes you want",
            count=lacking,
        )
    if unreadable:
        yield said_count(
            "{count} older post cannot be read; tts-render status says why",
            "{count} older posts cannot be read; tts-render status says why",
            count=len(unreadable),
        )


def _remarks(episode: Episode, *, strict: bool) -> list[str]:
    """What was left out of a script, as warnings.

    Raises:
        ScriptError: something was left out, and the mode is strict.
    """
    path = episode.script.path
    if strict and episode.script.remarks:
        first, *rest = episode.script.remarks
        message = first.message
        if rest:
            message = said_count(
                "{message} (and {count} more place)",
                "{message} (and {count} more places)",
                count=len(rest),
                message=message,
            )
        raise ScriptError(message, path=path, line=first.line, remedy=said("Remove it, or do not use --strict."))
    return [
        said("warning: {message}", message=joined((f"{path}:{remark.line}", remark.message), ": "))
        for remark in episode.script.remarks
    ]


def _refuse_shared_targets(opened: list[tuple[Path, Episode]]) -> None:
    owners: dict[Path, Path] = {}
    for path, episode in opened:
        if episode.audio is None:
            continue
        target = Path(os.path.realpath(episode.audio))
        other = owners.setdefault(target, path)
        if other is not path:
            raise CommandLineError(
                said(
                    "{other} and {path} would both write {target}; nothing was spoken",
                    other=other,
                    path=path,
                    target=target,
                )
            )


def _same(one: Path, other: Path | None) -> bool:
    return other is not None and os.path.realpath(one) == os.path.realpath(other)


def _rendered_json(done: Rendered) -> dict[str, Any]:
    facts = done.receipt.to_json()
    named = {(engine.name, engine.version) for engine in done.receipt.engines}
    facts["engines"] = [{"name": n, "version": v, "url": url} for n, v in sorted(named) for url in done.engines]
    return {
        **facts,
        "synthesized": done.synthesized,
        "cached": done.cached,
        "changed": done.changed,
        "elapsed_seconds": round(done.elapsed_seconds, 3),
    }


def _rendered_text(episode: Episode, done: Rendered) -> str:
    receipt = done.receipt
    loud = said("silence") if receipt.loudness_lufs is None else f"{receipt.loudness_lufs:.1f} LUFS"
    facts = [receipt.audio, receipt.duration, size_text(receipt.bytes), loud]
    if done.changed:
        facts += [said("{count} spoken", count=done.synthesized), said("{count} from the cache", count=done.cached)]
    facts.append(f"{done.elapsed_seconds:.1f} s")
    text = joined((str(episode.path), said("done") if done.changed else said("unchanged"), listed(facts)), ": ")
    if done.post is not None and done.post.changed:
        return joined((text, joined((str(episode.path), done.post.summary), ": ")), "\n")
    return text
