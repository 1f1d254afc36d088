"""The command ``studio``: the page on which episodes are heard and mended."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from tts_render.cli.help import argument, command, option
from tts_render.cli.language import language_told, say
from tts_render.cli.options import FILE, common, with_engine
from tts_render.cli.places import open_session
from tts_render.ground.errors import CommandLineError, InputError
from tts_render.ground.events import Warned
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from tts_render.ground.events import Event

__all__ = ["studio"]

_ABSENCE = 3.0  # seconds that an engine may be gone in the middle of a line, before somebody who waits is told


@command()
@argument("place", type=FILE, default=Path(), metavar="[SITE or EPISODE]")
@with_engine
@common
@option("--port", type=click.IntRange(0, 65535), default=0, help="Where the page is served; else any free port.")
@option("--host", default="127.0.0.1", show_default=True, help="The address to serve on; others can then reach it.")
@option("--no-open", is_flag=True, help="Do not open the browser.")
def studio(
    place: Path,
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    voices: Path | None,
    site: Path | None,
    port: int,
    host: str,
    no_open: bool,
    quiet: bool,
    verbose: int,  # noqa: ARG001  # read by main
) -> int:
    """Hear an episode line by line, and mend it, on a page in the browser.

    The page changes the files of the site and nothing else. It speaks the language of the browser, or that of
    --lang. Ctrl-C ends it.
    """
    try:
        import uvicorn

        from tts_render.studio.attending import Attendant
        from tts_render.studio.desk import Desk
        from tts_render.studio.guard import Keys
        from tts_render.studio.server import application
        from tts_render.studio.watching import Watcher
    except ImportError as error:
        raise CommandLineError(
            said('the studio is not installed ({name}); run: pip install "tts-render[studio]"', name=error.name)
        ) from error
    from tts_render.site.folder import confine, find_site

    path = ""
    if place.is_dir():
        root = find_site(place / "_", site).root
    else:
        found = find_site(place, site)
        root = found.root
        episode = confine(found, place.resolve(), what=said("the file"), source=place, line=None)
        if not episode.is_file():
            raise InputError(said("is not there"), path=place)
        path = f"#{quote(episode.relative_to(root).as_posix())}"
    with _listening(host, port) as listener:
        at = listener.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        hosts = {f"{shown}:{at}", f"localhost:{at}"} if host in ("127.0.0.1", "::1") else {f"{shown}:{at}"}
        secret = secrets.token_urlsafe(24)
        address = f"http://{shown}:{at}/?key={secret}{path}"
        if host not in ("127.0.0.1", "::1"):
            say(
                said(
                    "warning: whoever can reach {shown} and learns the address below can change the files of this site",
                    shown=shown,
                )
            )
        with (
            contextlib.suppress(KeyboardInterrupt),  # the way to end it
            open_session(cache_dir, engines, wait=wait, absence=_ABSENCE, tell=_warn) as session,
            Desk(root, session, voices=voices) as desk,
            Watcher(desk.root, () if voices is None else (voices,), desk.files_changed, desk.not_watching),
            Attendant(desk.attend),
        ):
            keys = Keys(secret, frozenset(hosts), anywhere=host in ("0.0.0.0", "::"))  # noqa: S104  # asked for
            config = uvicorn.Config(
                application(desk, keys, language_told()),
                log_level="critical",
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            # Before the address is known: an interrupt that is raised while something else is under way may be lost.
            signal.signal(signal.SIGINT, server.handle_exit)
            click.echo(address)
            if not no_open:
                webbrowser.open(address)
            server.run(sockets=[listener])
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if not quiet:
        say(said("the studio is closed"))
    return 0


def _warn(event: Event) -> None:
    if isinstance(event, Warned):
        say(said("warning: {message}", message=event.message))


def _listening(host: str, port: int) -> socket.socket:
    """Where the page is asked for.

    Raises:
        CommandLineError: the address is not one of this machine, or taken.
    """
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        code = None if isinstance(error, socket.gaierror) else error.errno
        plain = error if code is None else OSError(code, os.strerror(code))  # the system's words alone
        raise CommandLineError(
            said("cannot serve on {host}, port {port}: {reason}", host=host, port=port, reason=reason_of(plain)),
            remedy=said("Choose another --port or --host, or none."),
        ) from error
    # Connections inherit it. Without it each answer waits up to 40 ms for the browser to confirm its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
