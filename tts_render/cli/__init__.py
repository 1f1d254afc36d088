"""The command line: arguments to one call to output and exit code.

Only this package prints and reads the environment. What a command needs is imported when it runs, so that ``--help``
answers at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING

import click

from tts_render.cli.exchange import export, import_
from tts_render.cli.help import Option, group
from tts_render.cli.language import language_asked, say, speaking
from tts_render.cli.lexicon import lexicon
from tts_render.cli.render import plan, render
from tts_render.cli.studio import studio
from tts_render.cli.tools import cache, init, read, voices
from tts_render.cli.upkeep import check, status, write_back
from tts_render.cli.worker import worker
from tts_render.ground.errors import TtsRenderError
from tts_render.ground.messages import joined, said
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None for those of the process.

    Returns:
        0 success, 1 the work failed or errors were found, 2 the command line was wrong, 3 the engine failed, 130
        interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    with speaking(language_asked(arguments, os.environ)):
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    verbosity = sum(a.count("v") for a in arguments if a.startswith("-v") and set(a[1:]) == {"v"})
    verbosity += arguments.count("--verbose")
    try:
        code = cli.main(arguments, prog_name="tts-render", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.exceptions.Abort):
        say(said("interrupted; the current episode is unchanged, and episodes finished before are kept"))
        return 130
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "tts-render"
        usage = said("{command} --help shows the usage.", command=where)
        say(joined((error.format_message(), usage), "\n  "))
        return 2
    except BrokenPipeError:
        _mute()  # whoever read the output has gone; there is nobody left to tell
        return 1
    except OSError as error:
        if verbosity > 1:
            traceback.print_exc()
        say(joined((str(error.filename or said("standard output")), reason_of(error)), ": "))
        _mute()
        return 1
    except TtsRenderError as error:
        if verbosity > 1:
            traceback.print_exc()
        say(error.whole)
        return error.exit_code
    except Exception as error:  # noqa: BLE001  # the last resort: no traceback for users
        if verbosity > 1:
            traceback.print_exc()
        say(
            said(
                "unexpected {name}: {error}\n  This is a bug. Run the command again with -vv and report the output.",
                name=type(error).__name__,
                error=error,
            )
        )
        return 1
    return int(code or 0)


@group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    package_name="tts-render",
    prog_name="tts-render",
    message="%(prog)s, version %(version)s",
    help="Show the version and exit.",
    cls=Option,
)
def cli() -> None:
    """Render podcast scripts to MP3 with VOICEVOX, and write size and duration back into the post.

    EPISODE is a post (.md with YAML or TOML front matter), a script (.txt) or a slide deck (.json).
    """


for _command in (
    render,
    plan,
    studio,
    check,
    write_back,
    status,
    voices,
    read,
    lexicon,
    export,
    import_,
    cache,
    init,
    worker,
):
    cli.add_command(_command)


def _mute() -> None:
    """Discard further standard output, which Python would otherwise try to write again at exit."""
    with contextlib.suppress(OSError, ValueError):  # it may not be a file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
