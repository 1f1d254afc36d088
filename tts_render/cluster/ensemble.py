"""Opens a cluster for one call: workers on this machine, or a scheduler that runs elsewhere."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import time
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from distributed import Client, Nanny, Scheduler, SpecCluster
from distributed.security import Security

from tts_render.cluster.booth import NAME, identity_of
from tts_render.cluster.card import Card, program
from tts_render.cluster.far import FarCrew
from tts_render.cluster.joining import (
    IN_HAND,
    LOOPBACK,
    calm,
    cards_of,
    engines_of,
    mixer_card,
    nanny_options,
    refuse_conflicts,
)
from tts_render.cluster.trampoline import carry_out, offered
from tts_render.cluster.window import Window
from tts_render.ground.errors import CommandLineError, EngineMismatchError, EngineUnreachableError
from tts_render.ground.events import Warned
from tts_render.ground.messages import from_json, said
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tts_render.cluster.joining import Place
    from tts_render.ground.events import Tell
    from tts_render.ground.units import Seconds
    from tts_render.speech.cache import UtteranceCache

__all__ = ["Cluster", "Where", "open_cluster", "parse_address", "parse_where"]

_LOCAL = "local"
_ENCRYPTED = frozenset({"tls", "wss"})
_MOST_WORKERS = 256
_START: Seconds = 60.0
"""How long workers of this machine may take to start."""
_TIMEOUT: Seconds = 10.0


@dataclass(frozen=True, slots=True)
class Where:
    """Which cluster is meant."""

    address: str | None
    """Address of a scheduler; None for workers on this machine."""
    workers: int = 0
    """How many workers are started here."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """An open cluster."""

    crew: FarCrew
    slots: int
    """How many utterances are spoken at the same time."""
    dashboard: str | None
    """URL of Dask's dashboard, if it has one."""
    client: Client

    def workers(self) -> int:
        """How many workers speak now."""
        return sum(offer == self.crew.speaker.resource for offer in _offers(self.client).values())


def parse_where(text: str) -> Where:
    """Read what ``--cluster`` names: ``local``, ``local:4``, or the address of a scheduler.

    Raises:
        CommandLineError: it is none of these, or what Dask is told of encryption does not go with it.
    """
    _, colon, number = text.partition(":")
    if _is_local(text):
        _refuse_unlike_settings("tcp", ())
        if not colon:
            return Where(None, os.cpu_count() or 1)
        if number.isascii() and number.isdigit() and 1 <= int(number) <= _MOST_WORKERS:
            return Where(None, int(number))
        raise CommandLineError(
            said("--cluster: {text} does not say how many workers", text=text),
            remedy=said("Write local:4, with a number from 1 to {most}.", most=_MOST_WORKERS),
        )
    address = _address(text)
    if address is None:
        raise CommandLineError(
            said("--cluster: this is not the address of a scheduler"),
            remedy=said("Write local, local:4, tcp://HOST:8786 or tls://HOST:8786."),
        )
    _refuse_unlike_settings(urlsplit(address).scheme, ("client",))
    return Where(address)


def parse_address(text: str) -> str:
    """Read the address of the scheduler for which a worker is to work.

    Raises:
        CommandLineError: it is none, or what Dask is told of encryption does not go with it.
    """
    address = None if _is_local(text) else _address(text)
    if address is None:
        raise CommandLineError(
            said("worker: this is not the address of a scheduler"),
            remedy=said("Write tcp://HOST:8786 or tls://HOST:8786; --cluster local:N starts workers by itself."),
        )
    _refuse_unlike_settings(urlsplit(address).scheme, ("client", "worker"))
    return address


def _is_local(text: str) -> bool:
    kind, _, number = text.partition(":")
    return kind == _LOCAL and not number.startswith("//")


def _address(text: str) -> str | None:
    """The address of a scheduler; None if it is none. Passwords are not shown: Dask has no use for them."""
    try:
        parts = urlsplit(text if "://" in text else f"tcp://{text}")
        fits = bool(parts.hostname and parts.port) and parts.scheme in {"tcp", "tls", "ws", "wss"}
    except ValueError:
        return None
    more = parts.path or parts.query or parts.fragment or parts.username is not None
    return parts.geturl() if fits and not more else None


def _refuse_unlike_settings(scheme: str, roles: Sequence[str]) -> None:
    """See that Dask is told of the certificates that an address needs, and does not require what it has not.

    Args:
        scheme: of the address.
        roles: what this process is going to be there, as Dask calls it: each has a certificate of its own.

    Raises:
        CommandLineError: it is not so, or a certificate cannot be read.
    """
    settings = Security()
    if scheme not in _ENCRYPTED:
        if settings.require_encryption:
            raise CommandLineError(
                said("Dask is told to require encryption, and this address has none"),
                remedy=said("Write tls://HOST:8786, or unset DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION."),
            )
        return
    for role in roles:
        try:
            found = settings.get_connection_args(role)["ssl_context"]
        except OSError as error:
            raise CommandLineError(
                said("a certificate cannot be used: {reason}", reason=reason_of(error)),
                path=error.filename,
                remedy=_certificates(role),
            ) from error
        if found is None:
            raise CommandLineError(
                said("Dask is not told of the certificates that this address needs"),
                remedy=_certificates(role),
            )


def _certificates(role: str) -> str:
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    own = tls + role.upper()
    return said("Set {ca}, {certificate} and {key}.", ca=f"{tls}CA_FILE", certificate=f"{own}__CERT", key=f"{own}__KEY")


@contextmanager
def open_cluster(
    where: Where,
    cache: UtteranceCache,
    place: Place,
    targets: Sequence[str],
    *,
    wait: Seconds,
    absence: Seconds,
    tell: Tell,
) -> Iterator[Cluster]:
    """Open a cluster, and end what was begun on it when the block ends.

    Args:
        where: which one.
        cache: the cache that all share, as the client has it.
        place: the same for workers of this machine.
        targets: the engines of workers of this machine.
        wait: seconds to wait for scheduler and workers, or for the engines of workers of this machine.
        absence: seconds to wait when they go away.
        tell: takes warnings of the workers.

    Raises:
        EngineError: scheduler, workers or engines do not answer or do not agree.
        OutputError: this machine has no encoder.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells of every heartbeat that a closed end misses
    calm()
    with ExitStack() as stack:
        if where.address is None:
            address: Any = stack.enter_context(_workers_here(where.workers, place, targets, wait))
            wait = max(wait, _START)
        else:
            address = where.address
        client = stack.enter_context(_client(address, wait))
        stack.enter_context(_carried_by_value())
        client.subscribe_topic(NAME, lambda event: tell(Warned(from_json(event[1]["warning"]))))
        cards = _agreed(client, wait)
        speakers = {worker: card for worker, card in cards.items() if card.trade == "speak"}
        first = next(iter(speakers))
        identity = pickle.loads(client.run(identity_of, workers=[first])[first])  # noqa: S301  # from a worker of ours
        slots = sum(
            client.scheduler_info(n_workers=-1)["workers"][worker]["nthreads"] // IN_HAND for worker in speakers
        )
        window = stack.enter_context(
            Window(client, most=max(256, 8 * slots), workers=lambda: _offers(client), absence=absence)
        )
        crew = FarCrew(
            client,
            window,
            cache,
            speaker=speakers[first],
            mixer=next(card for card in cards.values() if card.trade == "mix"),
            labels=tuple(dict.fromkeys(label for card in speakers.values() for label in card.labels)),
            identity=identity,
        )
        services = client.scheduler_info(n_workers=0)["services"]
        yield Cluster(crew, slots, client.dashboard_link if "dashboard" in services else None, client)


@contextmanager
def _workers_here(count: int, place: Place, targets: Sequence[str], wait: Seconds) -> Iterator[SpecCluster]:
    """A scheduler in this process and workers in others, all on the loopback interface."""
    card, slots = engines_of(targets, place, wait=wait)
    mixer = mixer_card()
    embedded = len(slots) if len(card.labels) == 1 and "://" not in card.labels[0] else 0
    workers: dict[str, Any] = {}
    for number in range(count):
        own = slots[:1] if embedded else slots[number::count] or (slots[number % len(slots)],)
        name = f"speaker-{number + 1}"
        workers[name] = {"cls": Nanny, "options": nanny_options(card, place, own, name, LOOPBACK)}
    for number in range(min(count, os.cpu_count() or 1)):
        name = f"mixer-{number + 1}"
        workers[name] = {"cls": Nanny, "options": nanny_options(mixer, place, (), name, LOOPBACK)}
    scheduler = {
        "cls": Scheduler,
        "options": {"host": LOOPBACK, "port": 0, "dashboard": True, "dashboard_address": f"{LOOPBACK}:8787"},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # another dashboard has the usual port: the address that is printed is right
        cluster = SpecCluster(workers, scheduler, silence_logs=logging.CRITICAL)
    with cluster:
        yield cluster


@contextmanager
def _client(address: str | SpecCluster, wait: Seconds) -> Iterator[Client]:
    ends = time.monotonic() + wait
    while True:
        try:
            client = Client(address, timeout=max(_TIMEOUT, wait), set_as_default=False)
            break
        except OSError as error:
            if time.monotonic() >= ends:
                raise EngineUnreachableError(
                    said("the scheduler does not answer"),
                    engine=str(address),
                    remedy=said("Look whether it runs and can be reached from here; --wait gives it time to start."),
                ) from error
    try:
        yield client
    finally:
        with suppress(Exception):  # a cluster that is gone already is closed, too
            client.close(timeout=2)


@contextmanager
def _carried_by_value() -> Iterator[None]:
    """Have Dask send the code of the trampoline, so that a scheduler without this program can do."""
    import cloudpickle

    module = sys.modules[carry_out.__module__]
    cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        cloudpickle.unregister_pickle_by_value(module)


def _offers(client: Client) -> Mapping[str, str]:
    """The resource that each worker offers, by address."""
    found: dict[str, str] = client.run_on_scheduler(offered)
    return found


def _cards(client: Client) -> Mapping[str, Card]:
    return cards_of(client.scheduler_info(n_workers=-1))


def _agreed(client: Client, wait: Seconds) -> Mapping[str, Card]:
    """The workers' cards, once there is one that speaks and one that mixes.

    Raises:
        EngineUnreachableError: there are none.
        EngineMismatchError: they do not agree with each other, or with this program.
    """
    ends = time.monotonic() + wait
    while True:
        cards = _cards(client)
        for worker, card in cards.items():
            if card.program != program():
                raise EngineMismatchError(
                    said("runs tts-render {other}, and this is {program}", other=card.program, program=program()),
                    engine=worker,
                    remedy=said("Install the same version on both."),
                )
            refuse_conflicts(card, worker, cards)
        if {"speak", "mix"} <= {card.trade for card in cards.values()}:
            return cards
        if time.monotonic() >= ends:
            raise EngineUnreachableError(
                said("the cluster has no workers of tts-render"),
                engine=str(client.scheduler_info(n_workers=0)["address"]),
                remedy=said("Start some with: tts-render worker ADDRESS --engine URL; --wait gives them time."),
            )
        time.sleep(0.2)
