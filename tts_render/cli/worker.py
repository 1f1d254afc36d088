"""The command that makes this machine a worker of a cluster."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import socket
import sys

from tts_render.cli.far_off import where_asked
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
    where = where_asked(address, (), ("client", "worker"))
    if where is None or where.address is None:
        raise CommandLineError(
            said("worker: this is not the address of a scheduler"),
            remedy=said("Write tcp://HOST:8786 or tls://HOST:8786; --cluster local:N starts workers by itself."),
        )
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
                where.address,
                targets,
                place,
                wait=wait,
                host=listen,
                name=name or f"{socket.gethostname()}-{os.getpid()}",
                tell=progress.note,
            )
        )
