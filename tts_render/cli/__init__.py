"""The command line: arguments to one call to output and exit code.

This package alone prints and reads the environment. What a command needs is imported when it runs, so that ``--help``
answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tts_render.cli.progress import plain
from tts_render.errors import BusyError, CommandLineError, TtsRenderError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tts_render.episode import Episode
    from tts_render.pipeline import Plan, Rendered

__all__ = ["cli", "main"]

_FILE = click.Path(path_type=Path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None takes those of the process.

    Returns:
        0 done, 1 the work failed or errors were found, 2 the command line was wrong, 3 the engine, 130 interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    verbosity = sum(a.count("v") for a in arguments if a.startswith("-v") and set(a[1:]) == {"v"})
    verbosity += arguments.count("--verbose")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = cli.main(arguments, prog_name="tts-render", standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _say("interrupted; nothing that was there has changed")
        return 130
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except BrokenPipeError:
        # The reader of our output has gone; nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except TtsRenderError as error:
        if verbosity > 1:
            traceback.print_exc()
        _say(str(error))
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the last resort: no traceback for users
        if verbosity > 1:
            traceback.print_exc()
        _say(
            f"unexpected {type(error).__name__}: {error}\n"
            "  This is a bug. Run it again with -vv and report what it prints."
        )
        return 1
    return int(code or 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tts-render", prog_name="tts-render")
def cli() -> None:
    """Render podcast scripts to MP3 with VOICEVOX, and write size and duration back into the post.

    EPISODE is a post (.md with YAML or TOML front matter) or a script (.txt).
    """


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command about episodes has."""
    for option in (
        click.option("-v", "--verbose", count=True, help="Say more; -vv shows where an error came from."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("--site", type=_FILE, help="Root of the site; else found from the input."),
        click.option(
            "--voices", type=_FILE, help="Settings; else voices.yaml in the site root, else the packaged ones."
        ),
    ):
        command = option(command)
    return command


def _with_engine(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every command has which may ask an engine."""
    for option in (
        click.option(
            "--cache-dir",
            type=_FILE,
            envvar="TTS_RENDER_CACHE",
            show_envvar=True,
            help="Cache folder; else the user's.",
        ),
        click.option(
            "--wait",
            type=click.FloatRange(0, 3600),
            default=0.0,
            envvar="TTS_RENDER_WAIT",
            show_envvar=True,
            metavar="SECONDS",
            help="Wait so long for an engine that is still starting.",
        ),
        click.option(
            "--engine",
            "engines",
            multiple=True,
            metavar="URL|openjtalk|kokoro",
            help="May be repeated. Else TTS_RENDER_ENGINE, with commas between; else voices.yaml.",
        ),
    ):
        command = option(command)
    return command


@cli.command()
@click.argument("episodes", nargs=-1, required=True, type=_FILE, metavar="EPISODE...")
@_with_engine
@_common
@click.option("--script", type=_FILE, help="What is spoken; else the post's own script, text or body.")
@click.option("-o", "--output", type=_FILE, help="Where the MP3 goes; with one episode only.")
@click.option("--voice", metavar="NAME", help="Who speaks a bare script.")
@click.option("--no-write-back", is_flag=True, help="Leave the post as it is.")
@click.option("--force", is_flag=True, help="Render even where nothing has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipts as JSON, and nothing else there.")
def render(
    episodes: tuple[Path, ...],
    engines: tuple[str, ...],
    wait: float,
    cache_dir: Path | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    output: Path | None,
    voice: str | None,
    no_write_back: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Speak, assemble, encode, write back."""
    from tts_render.cli.progress import Progress
    from tts_render.episode import open_episode
    from tts_render.pipeline import render as render_episode
    from tts_render.studio import Studio

    _only_with_one(episodes, output=output, script=script)
    report: list[dict[str, Any] | None] = []
    codes: list[int] = []

    def fail(path: Path, error: TtsRenderError) -> None:
        codes.append(error.exit_code)
        report.append({"episode": str(path), "error": str(error)})
        _say(str(error))

    opened: list[tuple[Path, Episode]] = []
    for path in episodes:
        try:
            opened.append(
                (path, open_episode(path, site=site, voices=voices, script=script, output=output, voice=voice))
            )
        except CommandLineError:
            raise
        except TtsRenderError as error:
            fail(path, error)
    _refuse_shared_targets(opened)
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        Studio(_cache_folder(cache_dir), engines=_engines(engines), wait=wait, tell=progress.tell) as studio,
    ):
        for path, episode in opened:
            own = episode.post is not None and (output is None or _same(output, episode.own_audio))
            try:
                try:
                    done = render_episode(episode, studio, force=force, post=own and not no_write_back, patience=0)
                except BusyError:
                    progress.note(f"{path}: another run is at work on this episode; waiting for it")
                    done = render_episode(episode, studio, force=force, post=own and not no_write_back)
            except TtsRenderError as error:
                fail(path, error)
                continue
            progress.note(_rendered_text(episode, done))
            report.append(_rendered_json(done))
    if as_json:
        _print_json(report)
    return max(codes, default=0)


@cli.command()
@click.argument("episodes", nargs=-1, required=True, type=_FILE, metavar="EPISODE...")
@_with_engine
@_common
@click.option("--script", type=_FILE, help="What is spoken; else the post's own script, text or body.")
@click.option("--voice", metavar="NAME", help="Who speaks a bare script.")
@click.option("--json", "as_json", is_flag=True, help="Print the plans as JSON.")
def plan(
    episodes: tuple[Path, ...],
    engines: tuple[str, ...],
    wait: float,
    cache_dir: Path | None,
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """What would be spoken anew, what is cached, how long it will be; touches nothing."""
    from tts_render.cli.progress import Progress
    from tts_render.episode import open_episode
    from tts_render.pipeline import plan as plan_episode
    from tts_render.studio import Studio

    _only_with_one(episodes, script=script)
    report: list[dict[str, Any]] = []
    codes: list[int] = []
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        Studio(_cache_folder(cache_dir), engines=_engines(engines), wait=wait, tell=progress.tell) as studio,
    ):
        for path in episodes:
            try:
                episode = open_episode(path, site=site, voices=voices, script=script, voice=voice)
                planned = plan_episode(episode, studio)
            except CommandLineError:
                raise
            except TtsRenderError as error:
                codes.append(error.exit_code)
                report.append({"episode": str(path), "error": str(error)})
                _say(str(error))
                continue
            if planned.engine_problem is not None:
                progress.note(f"warning: without an engine it is not known what is cached: {planned.engine_problem}")
            report.append(_planned_json(planned))
            if not as_json:
                click.echo(_planned_text(planned))
    if as_json:
        _print_json(report)
    return max(codes, default=0)


@cli.command()
@click.argument("episodes", nargs=-1, required=True, type=_FILE, metavar="EPISODE...")
@_common
@click.option("--script", type=_FILE, help="What is spoken; else the post's own script, text or body.")
@click.option("--voice", metavar="NAME", help="Who speaks a bare script.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--published", is_flag=True, help="A post whose date has come must have its MP3.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(
    episodes: tuple[Path, ...],
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    strict: bool,
    published: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,  # noqa: ARG001  # read by main
) -> int:
    """Everything that can be known without speaking, all problems at once; exit 1 if any.

    EPISODE may be a folder of posts.
    """
    import datetime

    from tts_render.checks import check as check_episode
    from tts_render.episode import find_posts

    _only_with_one(episodes, script=script)
    now = datetime.datetime.now(datetime.UTC) if published else None
    paths = find_posts(episodes)
    errors = warnings = 0
    report: list[dict[str, Any]] = []
    for path in paths:
        for finding in check_episode(path, site=site, voices=voices, script=script, voice=voice, published=now):
            errors += finding.level == "error"
            warnings += finding.level == "warning"
            report.append(
                {
                    "rule": finding.rule,
                    "level": finding.level,
                    "path": str(finding.path),
                    "line": finding.line,
                    "message": finding.message,
                    "remedy": finding.remedy,
                }
            )
            if not as_json and not (quiet and finding.level == "warning"):
                click.echo(plain(str(finding)))
    if as_json:
        _print_json(report)
    if not quiet:
        _say(f"{len(paths)} checked: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
    return 1 if errors or (strict and warnings) else 0


@cli.command("write-back")
@click.argument("posts", nargs=-1, required=True, type=_FILE, metavar="POST...")
@_common
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def write_back(
    posts: tuple[Path, ...], voices: Path | None, site: Path | None, as_json: bool, quiet: bool, verbose: int
) -> int:
    """Size and duration of the MP3 that is already there, into the post; no engine needed.

    POST may be a folder of posts.
    """
    from tts_render.episode import audio_target, find_posts, open_config
    from tts_render.errors import PostError
    from tts_render.pipeline import write_back as write
    from tts_render.post import read_post
    from tts_render.site import find_site

    codes: list[int] = []
    report: list[dict[str, Any]] = []
    changed = 0
    paths = find_posts(posts)
    for path in paths:
        try:
            home = find_site(path, site)
            post = read_post(path, open_config(home, voices).preset)
            audio = audio_target(post, home)
            if audio is None:
                raise PostError(f"{'.'.join(post.preset.audio)} is missing", path=path)
            edit = write(post, audio)
        except TtsRenderError as error:
            codes.append(error.exit_code)
            report.append({"post": str(path), "error": str(error)})
            _say(str(error))
            continue
        changed += edit.changed
        report.append({"post": str(path), "audio": str(audio), "changed": edit.changed, "edit": edit.summary})
        if not as_json and not quiet and (edit.changed or verbose):
            click.echo(plain(f"{path}: {edit.summary}"))
    if as_json:
        _print_json(report)
    if not quiet:
        right = len(paths) - changed - len(codes)
        _say(f"{_count(len(paths), 'post')}: {changed} changed, {right} right already, {len(codes)} failed")
    return max(codes, default=0)


@cli.command()
@_with_engine
@_common
@click.option("--json", "as_json", is_flag=True, help="Print the voices as JSON.")
def voices(
    engines: tuple[str, ...],
    wait: float,
    cache_dir: Path | None,
    voices: Path | None,
    site: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """What the engine offers, and which of it voices.yaml uses."""
    from tts_render.cli.progress import Progress
    from tts_render.cli.tables import voices_json, voices_text
    from tts_render.episode import open_config
    from tts_render.site import find_site
    from tts_render.studio import Studio

    config = open_config(find_site(Path.cwd() / "voices.yaml", site), voices)
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        Studio(_cache_folder(cache_dir), engines=_engines(engines), wait=wait, tell=progress.tell) as studio,
    ):
        identity = studio.connected(config.engines).identity
    if as_json:
        _print_json(voices_json(config, identity))
    else:
        click.echo(plain(voices_text(config, identity)))
    return 0


@cli.command()
@click.argument("texts", nargs=-1, metavar="[TEXT...]")
@_common
def read(texts: tuple[str, ...], voices: Path | None, site: Path | None, quiet: bool, verbose: int) -> int:  # noqa: ARG001
    """What will be said: the reading of each text, or of each line on standard input, a line each."""
    from tts_render.episode import open_config
    from tts_render.reading import Lexicon
    from tts_render.reading import read as read_text
    from tts_render.site import find_site

    lexicon = Lexicon(open_config(find_site(Path.cwd() / "voices.yaml", site), voices).lexicon)
    lines = (line.decode("utf-8", errors="replace").rstrip("\r\n") for line in sys.stdin.buffer)
    for text in texts or lines:
        click.echo(" ".join(read_text(text, lexicon).said.split("\n")))
    return 0


@cli.group()
def cache() -> None:
    """The utterance cache: what was spoken once."""


@cache.command()
@click.option(
    "--cache-dir", type=_FILE, envvar="TTS_RENDER_CACHE", show_envvar=True, help="Cache folder; else the user's."
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def info(cache_dir: Path | None, as_json: bool) -> int:
    """Where it is and how much it holds."""
    from tts_render.cache import UtteranceCache
    from tts_render.studio import utterances_folder

    facts = UtteranceCache(utterances_folder(_cache_folder(cache_dir))).info()
    if as_json:
        _print_json({"path": str(facts.path), "clips": facts.clips, "phrases": facts.phrases, "bytes": facts.bytes})
    else:
        held = f"{_count(facts.clips, 'clip')}, {_count(facts.phrases, 'remembered reading')}"
        click.echo(f"{facts.path}\n{held}, {_size_text(facts.bytes)}")
    return 0


@cache.command()
@click.option(
    "--cache-dir", type=_FILE, envvar="TTS_RENDER_CACHE", show_envvar=True, help="Cache folder; else the user's."
)
@click.option("--max-size", metavar="SIZE", help="Keep at most so much, for example 500MB or 2GB.")
@click.option("--max-age", metavar="AGE", help="Keep what was used within this time, for example 30d or 12h.")
def prune(cache_dir: Path | None, max_size: str | None, max_age: str | None) -> int:
    """Remove what was not used for longest."""
    from tts_render.cache import UtteranceCache
    from tts_render.studio import utterances_folder

    if max_size is None and max_age is None:
        raise click.UsageError("Name a limit: --max-size, --max-age, or both.")
    removed, freed = UtteranceCache(utterances_folder(_cache_folder(cache_dir))).prune(
        max_bytes=None if max_size is None else int(_quantity(max_size, "--max-size", _SIZES)),
        max_age=None if max_age is None else _quantity(max_age, "--max-age", _AGES),
    )
    click.echo(f"removed {_count(removed, 'file')}, {_size_text(freed)}")
    return 0


_SIZES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
_AGES = {"S": 1, "M": 60, "H": 3600, "D": 86400, "W": 7 * 86400}


def _quantity(text: str, option: str, units: dict[str, int]) -> float:
    number = text.strip().rstrip("".join({*"".join(units), *"".join(units).lower()}))
    unit = text.strip()[len(number) :].strip().upper()
    try:
        value = float(number) * units[unit]
    except (ValueError, KeyError):
        known = ", ".join(name for name in units if name)
        raise click.UsageError(f"{option}: {text!r} is not a number with one of {known}") from None
    if value < 0:
        raise click.UsageError(f"{option}: must not be negative")
    return value


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _size_text(size: int) -> str:
    for unit, step in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{size} bytes"


def _cache_folder(named: Path | None) -> Path:
    import platformdirs

    return (named or platformdirs.user_cache_path("tts-render")).absolute()


def _engines(named: tuple[str, ...]) -> tuple[str, ...]:
    return named or tuple(part.strip() for part in os.environ.get("TTS_RENDER_ENGINE", "").split(",") if part.strip())


def _only_with_one(episodes: tuple[Path, ...], **options: Path | None) -> None:
    for name, value in options.items():
        if value is not None and len(episodes) > 1:
            raise click.UsageError(f"--{name} goes with one episode only")


def _refuse_shared_targets(opened: list[tuple[Path, Episode]]) -> None:
    owners: dict[Path, Path] = {}
    for path, episode in opened:
        if episode.audio is None:
            continue
        target = Path(os.path.realpath(episode.audio))
        other = owners.setdefault(target, path)
        if other is not path:
            raise CommandLineError(f"{other} and {path} would both write {target}; nothing was spoken")


def _same(one: Path, other: Path | None) -> bool:
    return other is not None and os.path.realpath(one) == os.path.realpath(other)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(message: str) -> None:
    click.echo(plain(message), err=True)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


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
    loud = "silence" if receipt.loudness_lufs is None else f"{receipt.loudness_lufs:.1f} LUFS"
    head = f"{episode.path}: " + ("done" if done.changed else "unchanged")
    text = f"{head}: {receipt.audio}, {receipt.duration}, {_size_text(receipt.bytes)}, {loud}"
    text += f", {done.synthesized} spoken, {done.cached} from the cache, {done.elapsed_seconds:.1f} s"
    if done.post is not None and done.post.changed:
        text += f"\n{episode.path}: {done.post.summary}"
    return text


def _planned_json(planned: Plan) -> dict[str, Any]:
    return {
        "episode": str(planned.episode),
        "script": str(planned.script),
        "audio": None if planned.audio is None else str(planned.audio),
        "utterances": [
            {"text": u.text, "reading": u.reading, "voice": u.voice, "line": u.line, "cached": u.cached}
            for u in planned.utterances
        ],
        "estimated_seconds": planned.estimated_seconds,
    }


def _planned_text(planned: Plan) -> str:
    from tts_render.units import format_clock, half_up

    new = sum(u.cached is False for u in planned.utterances)
    count = _count(len(planned.utterances), "utterance")
    known = "" if planned.engine_problem else f", {new} to be spoken anew"
    lines = [f"{planned.episode}: {count}{known}, about {format_clock(half_up(planned.estimated_seconds))}"]
    lines.append(f"  {planned.script} -> {planned.audio or 'no audio path'}")
    for u in planned.utterances:
        state = {True: "cached", False: "new", None: "?"}[u.cached]
        said = "" if u.reading == u.text else f"  => {u.reading}"
        lines.append(f"  {u.line:>5}  {state:<6}  {u.voice}  {u.text}{said}")
    return plain("\n".join(lines))
