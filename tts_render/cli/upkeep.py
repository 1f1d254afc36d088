"""The commands that look at posts and need no engine: check, write-back, status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

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
    with_engine,
)
from tts_render.cli.places import open_session
from tts_render.ground.errors import TtsRenderError
from tts_render.ground.messages import joined, listed, said, said_count

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.upkeep.checks import Finding

__all__ = ["check", "status", "write_back"]

_AT_REST = ("current", "elsewhere", "no-audio")
"""States that need no action."""


@command()
@argument("episodes", nargs=-1, required=True, type=FILE, metavar="EPISODE...")
@common
@option("--script", type=FILE, help="What to speak. Default: the post's own script, text or body.")
@option("--voice", metavar="NAME", help="The voice of a bare script.")
@option("--strict", is_flag=True, help="Treat warnings as errors.")
@option("--published", is_flag=True, help="Require the MP3 of posts whose date has come.")
@option("--fix", "mend", is_flag=True, help="Mend what can be mended without touching anything else.")
@option(
    "--rule",
    "rules",
    multiple=True,
    metavar="ID,...",
    help="Show all findings of these rules (docs/rules.md), and no others.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="How findings are printed; github makes annotations.",
)
@option("--json", "form", flag_value="json", help="The same as --format json.")
def check(
    episodes: tuple[Path, ...],
    voices: Path | None,
    site: Path | None,
    script: Path | None,
    voice: str | None,
    strict: bool,
    published: bool,
    mend: bool,
    rules: tuple[str, ...],
    form: str,
    quiet: bool,
    verbose: int,
) -> int:
    """Check everything that can be known without speaking; exit 1 if there are problems.

    EPISODE may be a folder, whose newest posts come first. All errors are listed, and ten warnings of each rule, unless
    -v or --rule asks for all; a table of rules comes last.
    """
    import datetime

    from tts_render.cli.findings import finding_json, finding_text
    from tts_render.cli.tally import Tally
    from tts_render.episode.episode import POST_SUFFIXES, open_config
    from tts_render.site.folder import find_site
    from tts_render.site.generator import find_posts
    from tts_render.upkeep.checks import RULES
    from tts_render.upkeep.checks import check as check_episode
    from tts_render.upkeep.fixes import fix

    only_with_one(episodes, script=script)
    asked = names_in("--rule", rules, RULES)
    tally = Tally("--rule", whole=bool(asked) or verbose > 0 or form != "text")
    now = datetime.datetime.now(datetime.UTC) if published else None
    paths = find_posts(episodes, site)
    if any(path.is_dir() for path in episodes):
        paths.reverse()
    errors = warnings = 0
    told: set[Finding] = set()
    report: list[dict[str, Any]] = []

    def look(path: Path) -> tuple[Finding, ...]:
        return check_episode(path, site=site, voices=voices, script=script, voice=voice, published=now)

    for path in paths:
        findings = look(path)
        if mend and findings and path.suffix.lower() in POST_SUFFIXES:
            try:
                home = find_site(path, site)
                done = fix(path, findings, home, open_config(home, voices).preset)
            except TtsRenderError as error:
                say(error.whole)
            else:
                for line in done:
                    say(joined((str(path), line), ": "))
                findings = look(path) if done else findings
        for finding in findings:
            if finding in told or (asked and finding.rule not in asked):
                continue  # what is wrong with the settings is wrong for every post
            told.add(finding)
            shown = tally.take(finding.rule, shown=True if finding.level == "error" else None)
            errors += finding.level == "error"
            warnings += finding.level == "warning"
            if form == "json":
                report.append(finding_json(finding))
            elif shown and not (quiet and finding.level == "warning"):
                click.echo(finding_text(finding, form))
    if form == "json":
        print_json(report)
    if not quiet:
        if form == "text" and len(paths) > 1:
            for line in tally.table():
                say(line)
        say(
            said(
                "{paths} checked: {errors}, {warnings}",
                paths=len(paths),
                errors=said_count("{count} error", "{count} errors", count=errors),
                warnings=said_count("{count} warning", "{count} warnings", count=warnings),
            )
        )
    return 1 if errors or (strict and warnings) else 0


@command("write-back")
@argument("posts", nargs=-1, required=True, type=FILE, metavar="POST...")
@common
@option("--skip-missing", is_flag=True, help="Skip posts whose MP3 does not exist.")
@option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def write_back(
    posts: tuple[Path, ...],
    voices: Path | None,
    site: Path | None,
    skip_missing: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Write size and duration of the existing MP3 into the post; no engine is needed.

    If the post has keys for the paths of transcript and chapters, and the files exist, these are written too. POST may
    be a folder of posts.
    """
    from tts_render.episode.episode import audio_target, open_config
    from tts_render.ground.errors import PostError
    from tts_render.run.write_back import write_back as write
    from tts_render.site.folder import find_site
    from tts_render.site.generator import find_posts
    from tts_render.site.post import read_post

    codes: list[int] = []
    report: list[dict[str, Any]] = []
    changed = skipped = 0
    paths = find_posts(posts, site)
    for path in paths:
        try:
            home = find_site(path, site)
            post = read_post(path, open_config(home, voices).preset)
            audio = audio_target(post, home)
            if skip_missing and (audio is None or not audio.is_file()):
                skipped += 1
                continue
            if audio is None:
                raise PostError(said("{audio} is missing", audio=".".join(post.preset.audio)), path=path)
            edit = write(post, audio, home)
        except (TtsRenderError, OSError) as error:
            problem = foreseen(path, error)
            codes.append(problem.exit_code)
            report.append({"post": str(path), "error": str(problem)})
            say(problem.whole)
            continue
        changed += edit.changed
        report.append({"post": str(path), "audio": str(audio), "changed": edit.changed, "edit": edit.summary})
        if not as_json and not quiet and (edit.changed or verbose):
            tell(joined((str(path), edit.summary), ": "))
    if as_json:
        print_json(report)
    if not quiet:
        right = len(paths) - changed - skipped - len(codes)
        counts = [said("{count} changed", count=changed), said("{count} right already", count=right)]
        if skipped:
            counts.append(said("{count} skipped", count=skipped))
        counts.append(said("{count} failed", count=len(codes)))
        say(joined((said_count("{count} post", "{count} posts", count=len(paths)), listed(counts)), ": "))
    return max(codes, default=0)


@command()
@argument("episodes", nargs=-1, type=FILE, metavar="[EPISODE...]")
@with_engine
@common
@option(
    "--state", "states", multiple=True, metavar="STATE,...", help="Show all episodes in these states, and no others."
)
@option("--json", "as_json", is_flag=True, help="Print the states as JSON.")
def status(
    episodes: tuple[Path, ...],
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    states: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """List episodes that lack audio, are out of date, or disagree with their file.

    Without EPISODE, the whole site is listed. No engine is asked; --engine says which kind the receipts are compared
    with. The newest ten of each state are listed, unless -v or --state asks for all, and none in states that need no
    action.
    """
    from tts_render.cli.progress import Progress
    from tts_render.cli.tally import Tally
    from tts_render.site.generator import find_posts
    from tts_render.upkeep.status import STATES
    from tts_render.upkeep.status import status as look

    asked = names_in("--state", states, STATES)
    tally = Tally("--state", whole=bool(asked) or verbose > 0)
    paths = find_posts(episodes or (site_root(site),), site)
    if not episodes or any(path.is_dir() for path in episodes):
        paths.reverse()
    report: list[dict[str, str]] = []
    with (
        Progress(sys.stderr, quiet=quiet, verbose=verbose) as progress,
        open_session(cache_dir, engines, wait=wait, tell=progress.tell) as session,
    ):
        for path in paths:
            found = look(path, session, site=site, voices=voices)
            if asked and found.state not in asked:
                continue
            report.append({"episode": str(path), "state": found.state, "why": found.why})
            at_rest = found.state in _AT_REST and not asked and not verbose
            if tally.take(found.state, shown=False if at_rest else None) and not as_json and not quiet:
                tell(joined((f"{found.state:<9}  {path}", *((found.why,) if found.why else ())), ": "))
    if as_json:
        print_json(report)
    if not quiet:
        for line in tally.table():
            say(line)
        if not report:
            say(
                said("none of {episodes}", errors=said_count("{count} episode", "{count} episodes", count=len(paths)))
                if asked
                else said("no episodes here")
            )
    return 0
