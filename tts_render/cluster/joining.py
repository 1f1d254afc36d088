"""How a cluster comes together: workers join a scheduler if they agree with those that are there."""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
import socket
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dask.config
from distributed import Client, Nanny

from tts_render.cluster.booth import Booth, Furnishing
from tts_render.cluster.card import CARD, Card, card_in, conflicts, program
from tts_render.engine import open_engine
from tts_render.engine.pool import connect
from tts_render.ground.errors import EngineMismatchError, EngineUnreachableError
from tts_render.ground.messages import joined, said
from tts_render.sound.encoders import choose_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tts_render.engine.base import Identity
    from tts_render.ground.units import Seconds
    from tts_render.speech.cache import UtteranceCache

__all__ = [
    "IN_HAND", "LOOPBACK", "Place", "calm", "cards_of", "engines_of", "join", "mixer_card", "nanny_options",
    "refuse_conflicts", "speaker_card",
]  # fmt: skip

IN_HAND = 3
"""Orders that a worker has in hand for each engine: one is spoken, one is ready, one is asked about or stored."""
LOOPBACK = "127.0.0.1"
"""Where only this machine listens and is reached."""

_AGAIN: Seconds = 2.0
"""How long a worker waits before it looks again whether the scheduler is there."""
_TIMEOUT: Seconds = 10.0
"""How long a scheduler may take to answer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where workers of this machine have their cache."""

    folder: Path
    """The cache folder."""
    cache: Callable[[Callable[[str], None]], UtteranceCache]
    """Opens the cache that client and workers share; see :class:`tts_render.cluster.booth.Furnishing`."""


def calm() -> None:
    """Have the processes of Dask that are started from here rest when there is nothing to do.

    As they come, each wakes up a hundred times a second to watch itself, which takes a fifth of a core for ten of them.
    What somebody has configured stays.
    """
    dask.config.update_defaults(
        {
            "distributed": {
                "worker": {"profile": {"enabled": False}},
                "admin": {"tick": {"interval": "1s", "limit": "10s"}},
            }
        }
    )


def speaker_card(labels: Sequence[str], identity: Identity) -> Card:
    """The card of a worker that speaks with these engines."""
    return Card("speak", program(), tuple(labels), identity)


def mixer_card() -> Card:
    """The card of a worker that mixes on this machine.

    Raises:
        OutputError: there is no encoder.
    """
    return Card("mix", program(), encoder=choose_encoder("auto").id)


def engines_of(targets: Sequence[str], place: Place, *, wait: Seconds) -> tuple[Card, tuple[str, ...]]:
    """Ask engines what they are.

    Args:
        targets: URLs or names.
        place: where embedded engines keep what they need.
        wait: seconds to wait for engines that are still starting.

    Returns:
        The card of who speaks with them, and an engine for each utterance that may be spoken at the same time.

    Raises:
        EngineError: they do not answer, or differ.
    """
    engines = [open_engine(target, cache_dir=place.folder, warn=lambda _: None) for target in targets]
    slots = tuple(engine.label for engine in engines for _ in range(engine.workers))
    with connect(engines, wait=wait) as pool:
        return speaker_card(pool.labels, pool.identity), slots


def nanny_options(card: Card, place: Place, slots: tuple[str, ...], name: str, host: str) -> dict[str, Any]:
    """How Dask starts a worker, which is started again whenever it dies.

    Args:
        card: what it does.
        place: where it has its cache.
        slots: its engines; none for one that mixes.
        name: its name, for people.
        host: address on which it listens.
    """
    furnishing = Furnishing(slots, place.folder, place.cache, card.resource)
    threads = max(1, IN_HAND * len(slots))
    return {
        "nthreads": threads,
        "resources": {card.resource: threads},
        "plugins": (Booth(furnishing),),
        "startup_information": {CARD: functools.partial(_shown, card.to_json())},
        "name": name,
        "host": host,
        "memory_limit": 0,  # what is long is on the disk, and a worker that is killed for its memory helps nobody
        "dashboard": False,
        "dashboard_address": f"{LOOPBACK}:0",  # what it tells over HTTP even so is for nobody else
        "silence_logs": logging.CRITICAL,
    }


def cards_of(info: Mapping[str, Any]) -> dict[str, Card]:
    """The cards of the workers of this program, by address, in what a scheduler tells about itself."""
    found = ((address, card_in(facts)) for address, facts in info["workers"].items())
    return {address: card for address, card in found if card is not None}


def refuse_conflicts(card: Card, name: str, others: Mapping[str, Card]) -> None:
    """See that a card agrees with those of others.

    Raises:
        EngineMismatchError: it does not; the error names what differs.
    """
    lines = dict.fromkeys(line for other, theirs in others.items() for line in conflicts(card, theirs, name, other))
    if lines:
        raise EngineMismatchError(
            said("the workers of one cluster must be alike, but {differences}", differences=joined(lines, "; ")),
            engine=name,
            remedy=said("Give them the same program, engine version, user dictionary and voices."),
        )


async def join(
    address: str,
    targets: Sequence[str],
    place: Place,
    *,
    wait: Seconds,
    host: str | None,
    name: str,
    tell: Callable[[str], None],
) -> None:
    """Work for a scheduler until this process is asked to end.

    Args:
        address: of the scheduler.
        targets: the engines, by URL or name.
        place: where the cache is.
        wait: seconds to wait for engines and scheduler at the beginning; later, both are waited for.
        host: address on which to listen; None for the one by which the scheduler is reached.
        name: of the worker, for people.
        tell: told how things stand.

    Raises:
        EngineError: the engines do not answer or differ, or are others than those of the cluster; or the scheduler does
            not answer.
        OutputError: there is no encoder.
    """
    calm()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    began = loop.time()
    first = True
    while not ended.is_set():
        try:
            others = await _others(address)
            here = host or _reaching(address)
        except OSError as error:
            if first and loop.time() - began >= wait:
                raise EngineUnreachableError(
                    said("the scheduler does not answer"),
                    engine=address,
                    remedy=said(
                        "Start it, for example with: dask scheduler --host 127.0.0.1; --wait gives it time to start."
                    ),
                ) from error
            await _until(ended, _AGAIN if not first else 0.2)
            continue
        card, slots = await asyncio.to_thread(engines_of, targets, place, wait=wait if first else 3600.0)
        mixer = mixer_card()
        for one in (card, mixer):
            refuse_conflicts(one, name, others)
        first = False
        if not _is_loopback(here):
            tell(said("{host}: other machines reach this worker; whoever does can run programs here", host=here))
        await _work(address, (card, slots), mixer, place, name, here, ended, tell)
        if not ended.is_set():
            tell(said("{address}: the scheduler is gone; it is looked for again", address=address))


async def _work(
    address: str,
    speaking: tuple[Card, tuple[str, ...]],
    mixer: Card,
    place: Place,
    name: str,
    host: str,
    ended: asyncio.Event,
    tell: Callable[[str], None],
) -> None:
    """Work until the scheduler is gone, or this process is asked to end."""
    card, slots = speaking
    async with AsyncExitStack() as stack:
        nannies = [
            await stack.enter_async_context(Nanny(address, **nanny_options(one, place, engines, named, host)))
            for one, engines, named in ((card, slots, name), (mixer, (), f"{name}-mixer"))
        ]
        tell(
            said(
                "{name}: at work for {address} with {engines}, listening on {own}",
                name=name,
                address=address,
                engines=joined(card.labels, ", "),
                own=joined([str(nanny.worker_address) for nanny in nannies], ", "),
            )
        )
        waits = [asyncio.ensure_future(nanny.finished()) for nanny in nannies] + [asyncio.ensure_future(ended.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()


def _reaching(address: str) -> str:
    """The address of this machine by which it reaches a scheduler."""
    parts = urlsplit(address)
    family, kind, _, _, there = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as asked:
        asked.connect(there)  # nothing is sent
        return str(asked.getsockname()[0])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _others(address: str) -> dict[str, Card]:
    async with Client(address, asynchronous=True, timeout=_TIMEOUT, set_as_default=False) as client:
        return cards_of(await client.scheduler.identity(n_workers=-1))


async def _until(ended: asyncio.Event, seconds: Seconds) -> None:
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(ended.wait(), seconds)


def _shown(card: dict[str, Any], worker: object) -> dict[str, Any]:
    del worker
    return card
