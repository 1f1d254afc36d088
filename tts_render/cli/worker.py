"""The command that makes this machine a worker of a cluster."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import socket
import sys

from tts_render.cli.far_off import address_asked
from tts_render.cli.help import argument, command, option
from tts_render.cli.options import engine_names, with_engine
from tts_render.cli.places import cache_folder, open_cache
from tts_render.ground.errors import CommandLineError
from tts_render.ground.messages import said

__all__ = ["worker"]


@command()
@argument("address", metavar="ADDRESS")
@with_engine
@option("--listen", metavar="HOST", help="Listen on this address. Default: the one that reaches the scheduler.")
@option("--name", help="Name of this worker, for people. Default: this machine's, with the number of the process.")
@option("-q", "--quiet", is_flag=True, help="Print only errors.")
def worker(
    address: str,
    engines: tuple[str, ...],
    wait: float,
    cache_dir: str | None,
    listen: str | None,
    name: str | None,
    quiet: bool,
) -> None:
    """Speak and mix for a scheduler of Dask, with the engines of this machine, until Ctrl-C.

    ADDRESS is the scheduler's, such as tcp://HOST:8786. Whoever reaches the scheduler can run code here.
    """
    scheduler = address_asked(address)
    from tts_render.cli.progress import Progress
    from tts_render.cluster.joining import Place, join

    targets = engine_names(engines)
    if not targets:
        raise CommandLineError(
            said("worker: there is no engine"), remedy=said("Name one or more with --engine, or in TTS_RENDER_ENGINE.")
        )
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    place = Place(cache_folder(cache_dir), functools.partial(open_cache, cache_dir))
    with Progress(sys.stderr, quiet=quiet, verbose=0) as progress:
        asyncio.run(
            join(
                scheduler,
                targets,
                place,
                wait=wait,
                host=listen,
                name=name or f"{socket.gethostname()}-{os.getpid()}",
                tell=progress.note,
            )
        )
