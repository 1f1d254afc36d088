"""Requests to one engine: limited in time and size, retried where that can help, with one clear error per failure.

A request goes to the given engine and nowhere else: redirects are not followed, and neither proxies nor passwords are
taken from the environment. One connection is kept open; engines close it after a few idle seconds, which is detected
and costs next to nothing. Whenever the connection was lost, idle or replaced, the version is asked for again, so that
an engine replaced in the middle of a run cannot pass for the old one.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from tts_render.ground.errors import (
    EngineError,
    EngineMismatchError,
    EngineRefusedError,
    EngineReplyError,
    EngineUnreachableError,
)
from tts_render.ground.messages import joined, said
from tts_render.ground.reasons import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from tts_render.ground.units import Seconds

__all__ = ["EngineHttp", "FaultError", "Patience", "engine_label", "parse_json", "tidy"]

T = TypeVar("T")

_HEARING: Seconds = 3.0
"""How long an engine that accepted the connection may take to report its version: busy machines are slow."""
_LARGEST = 32 * 1024 * 1024
"""Maximum size of a reply in bytes: eleven minutes of 24 kHz mono, or a large user dictionary."""
_MOST_VALUES = 1_000_000
"""Maximum number of values in a reply: a user dictionary of 60,000 words. Small ones take 30 times their size in
memory."""
_PIECE = 64 * 1024
_NOT_NOW = frozenset({502, 503, 504})
"""Status codes of a gateway whose engine is not there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an engine, and how often to ask."""

    tries: int = 6
    """Tries for one request in all: if an engine fails one call in four, one request in 4,096 is lost."""
    time_outs: int = 2
    """How many of them may time out; the second waits twice as long."""
    give_up: int = 3
    """After this many requests in a row that failed on every try, requests are tried only once, until one succeeds."""
    first_wait: Seconds = 0.25
    """Delay before the second try; doubles each time."""
    longest_wait: Seconds = 4.0
    connect: Seconds = 5.0
    """For connecting, and for an answer about its identity."""
    query: Seconds = 30.0
    """For accent phrases; the engine may have to load a model first."""
    synthesis: Seconds = 60.0
    """Minimum for a sound."""
    synthesis_share: float = 10.0
    """For a sound, seconds per second of its expected length. Old laptops need about 1.3."""
    idle: Seconds = 2.0
    """After this long without a request, the version is asked for again."""


class FaultError(Exception):
    """A failed try, after which another may succeed."""

    def __init__(self, message: str, *, status: int | None = None, gone: bool = False, timed_out: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.gone = gone
        """Whether a gateway reports that nothing is behind it."""
        self.timed_out = timed_out


class _LostError(Exception):
    """The connection ended before the answer began."""


def engine_label(url: str) -> str:
    """Normalise ``url`` for comparison and display: without a password and a trailing slash.

    Raises:
        EngineError: it is not the http or https URL of an engine.
    """
    remedy = said("An engine's URL looks like http://127.0.0.1:50021.")
    shown = tidy(re.sub(r"//[^/@]*@", "//", url))
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise EngineError(said("is not a URL"), engine=shown, remedy=remedy) from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise EngineError(said("is not an http or https URL"), engine=shown, remedy=remedy)
    if parts.query or parts.fragment:
        raise EngineError(said("has something after the path"), engine=shown, remedy=remedy)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme.lower()}://{host}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def tidy(text: str, longest: int = 160) -> str:
    """Foreign text in the form for messages: one short line without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def parse_json(body: bytes) -> object:
    """Parse the JSON in ``body``.

    Raises:
        ValueError: it is not JSON, or has more values than any engine sends.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise ValueError(said("JSON of more than {most_values:,} values", most_values=_MOST_VALUES))
    try:
        value: object = json.loads(body)
    except RecursionError as error:
        raise ValueError(said("JSON is nested too deeply")) from error
    return value


class EngineHttp:
    """The connection to one engine. Use it from one thread at a time."""

    def __init__(
        self, url: str, patience: Patience, *, sleep: Callable[[float], None], clock: Callable[[], float]
    ) -> None:
        self.label = engine_label(url)
        self._base = url.strip().rstrip("/")
        self._patience = patience
        self._sleep = sleep
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": "tts-render", "Accept": "*/*", "Accept-Encoding": "identity"})
        adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._kept = False  # whether the open connection has answered before, so that its end may only mean idleness
        self._socket: object = None  # of the last reply; None if that ended the connection
        self._known = True  # whether the engine at the other end has been identified
        self._answered_at = clock()
        self._version: str | None = None
        self._lost_in_row: dict[str, int] = {}
        self._hung: set[str] = set()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def hold_to(self, version: str) -> None:
        """Refuse to continue if the engine no longer reports ``version``."""
        self._version = version
        self._known = True

    def wait(self, seconds: Seconds) -> None:
        """Ask at growing intervals, for at most ``seconds``, until the engine answers.

        Raises:
            EngineUnreachableError: it does not answer in time.
        """
        end = self._clock() + seconds
        pause = 0.1
        least = 0.5 if seconds > 0 else _HEARING  # without a wait, it is asked only once
        while True:
            try:
                self._once("GET", "/version", seconds=min(self._patience.connect, max(least, end - self._clock())))
            except (FaultError, _LostError, EngineUnreachableError) as error:
                left = end - self._clock()
                answered = isinstance(error, _LostError) or (isinstance(error, FaultError) and not error.timed_out)
                if seconds <= 0 and answered:
                    return  # something answers, if badly
                if left <= 0:
                    raise self._unreachable(error, seconds) from error
                self._sleep(min(pause, left))
                pause = min(2.0, pause * 1.5)
            except (EngineRefusedError, EngineReplyError):
                return  # Something answers; what it is gets asked next.
            else:
                return

    def get_json(self, path: str, read: Callable[[object], T], *, tries: int | None = None) -> T:
        """Ask for ``path`` and parse the JSON of the answer with ``read``.

        Args:
            path: the path to request.
            read: raises ValueError if the JSON is not as expected; this may be an accident, so it is asked again.
            tries: as for :meth:`patiently`.

        Raises:
            EngineUnreachableError, EngineRefusedError, EngineReplyError: as for :meth:`patiently`.
        """

        def work(_: float) -> T:
            body = self.ask("GET", path, seconds=self._patience.query)
            try:
                value = parse_json(body)
            except ValueError as error:
                raise FaultError(said("{path} answered with something that is not JSON", path=path)) from error
            try:
                return read(value)
            except ValueError as error:
                raise FaultError(said("{path} answered {error}", path=path, error=words_of(error))) from error

        return self.patiently(path, work, tries=tries)

    def patiently(self, path: str, work: Callable[[float], T], *, tries: int | None = None) -> T:
        """Do ``work`` until it succeeds, with growing waits between tries.

        Args:
            path: the path it requests; a path that never succeeds gets fewer tries.
            work: makes one try; takes the factor by which to stretch its time-out, and raises :class:`FaultError` if
                another try may help.
            tries: overrides those of :class:`Patience`.

        Raises:
            EngineUnreachableError: the engine is gone, or never finishes its answer.
            EngineRefusedError: it refused the request (4xx).
            EngineReplyError: every try failed.
            EngineMismatchError: the engine was replaced.
        """
        patience = self._patience
        tries = 1 if self._lost_in_row.get(path, 0) >= patience.give_up else tries or patience.tries
        time_outs = 1 if path in self._hung else patience.time_outs
        pause = patience.first_wait
        timed_out = 0
        for done in range(1, tries + 1):
            try:
                result = work(2.0**timed_out)
            except FaultError as fault:
                timed_out += fault.timed_out
                if timed_out >= time_outs:
                    self._hung.add(path)
                    raise self._unreachable(fault) from fault
                if done == tries:
                    self._lost_in_row[path] = self._lost_in_row.get(path, 0) + 1
                    if fault.gone:
                        raise self._unreachable(fault) from fault
                    message = fault.message
                    if tries > 1:
                        message = said("{message} ({tries} tries)", message=message, tries=tries)
                    raise EngineReplyError(message, engine=self.label, status=fault.status) from fault
                self._sleep(pause)
                pause = min(patience.longest_wait, pause * 2)
            else:
                self._lost_in_row[path] = 0
                self._hung.discard(path)
                return result
        raise AssertionError("a last try either returns or raises")

    def ask(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: str,
        *,
        seconds: Seconds,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> bytes:
        """Make one try; return the body of a reply with status 200, or 204, which has none.

        Args:
            method: GET, POST or DELETE.
            path: must begin with a slash.
            seconds: time limit for the whole reply.
            params: query string.
            body: sent as JSON, if given.

        Raises:
            FaultError: another try may help.
            EngineUnreachableError: nothing listens there.
            EngineRefusedError: status 4xx.
            EngineReplyError: a redirect.
            EngineMismatchError: the engine was replaced.
        """
        reply = self._twice(method, path, seconds=seconds, params=params, body=body)
        if not self._known:
            self._greet()
        return reply

    def _twice(
        self, method: str, path: str, *, seconds: Seconds, params: Mapping[str, str | int] | None, body: object
    ) -> bytes:
        """The same without checking who answered; retried at once if the connection was only idle."""
        if self._clock() - self._answered_at > self._patience.idle:
            self._greet()
        try:
            return self._once(method, path, seconds=seconds, params=params, body=body)
        except _LostError as error:
            was_kept, self._kept = self._kept, False
            self._greet()
            if not was_kept:
                raise FaultError(joined((path, words_of(error)), ": ")) from error
        except FaultError as fault:
            if fault.timed_out:
                self._greet()
            raise
        try:
            return self._once(method, path, seconds=seconds, params=params, body=body)
        except _LostError as error:
            raise FaultError(joined((path, words_of(error)), ": ")) from error

    def _greet(self) -> None:
        """Check that the engine is there, and still the same."""
        if self._version is None:
            return
        pause = self._patience.first_wait
        for left in (2, 1, 0):
            try:
                version = parse_json(self._once("GET", "/version", seconds=self._patience.connect))
                if not isinstance(version, str):
                    raise FaultError(said("/version did not answer with a version"))  # noqa: TRY301
            except (EngineRefusedError, EngineReplyError) as error:
                raise self._replaced(said("something else")) from error
            except (FaultError, _LostError, ValueError) as error:
                if not left:
                    raise self._unreachable(error) from error
                self._sleep(pause)
                pause *= 2
            else:
                if version != self._version:
                    raise self._replaced(said("version {version}", version=tidy(version)))
                self._known = True
                return

    def _replaced(self, now: str) -> EngineMismatchError:
        return EngineMismatchError(
            said("was version {version} and is {now} now", version=self._version, now=now),
            engine=self.label,
            remedy=said("Try again."),
        )

    def _once(
        self,
        method: str,
        path: str,
        *,
        seconds: Seconds,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
    ) -> bytes:
        end = time.monotonic() + seconds  # the reply comes in real time, whatever clock was given
        try:
            response = self._session.request(
                method,
                self._base + path,
                params=params,
                json=body,
                timeout=(min(self._patience.connect, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
        except requests.exceptions.ReadTimeout as error:
            raise FaultError(
                said("{path} has not answered within {seconds:g} s", path=path, seconds=seconds), timed_out=True
            ) from error
        except requests.exceptions.ConnectTimeout as error:
            raise self._unreachable(error) from error
        except requests.exceptions.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.SSLError):
                raise self._unreachable(error) from error
            raise _LostError(said("the connection was closed without an answer")) from error
        except requests.exceptions.RequestException as error:
            raise FaultError(said("{path} cannot be asked: {error}", path=path, error=tidy(str(error)))) from error
        socket = getattr(response.raw.connection, "sock", None)
        if socket is None or socket is not self._socket:  # a closed connection is silently opened again
            self._socket, self._known = socket, False
        with response:
            data = _read(response, path, end, seconds)
        self._kept = True
        self._answered_at = self._clock()
        status = response.status_code
        if status in (200, 204):
            return data
        why = _explain(data)
        answer = said("{path} answered {status}", path=path, status=status)
        if why:
            answer = said("{answer}: {why}", answer=answer, why=why)
        if 400 <= status < 500:
            raise EngineRefusedError(answer, engine=self.label, status=status)
        if status >= 500:
            raise FaultError(answer, status=status, gone=status in _NOT_NOW)
        raise EngineReplyError(
            said("{answer}; redirects are not followed", answer=answer), engine=self.label, status=status
        )

    def _unreachable(self, error: Exception, waited: Seconds = 0) -> EngineUnreachableError:
        if isinstance(error, EngineUnreachableError):
            what = error.message
        elif isinstance(error, FaultError | _LostError):
            what = words_of(error)
        else:
            what = said("nothing answers there")
        if waited > 0:
            what = said("{what} within {seconds:g} s", what=what, seconds=waited)
        return EngineUnreachableError(
            what,
            engine=self.label,
            remedy=said(
                "Start the engine, or name another with --engine; --wait SECONDS waits for one that is starting."
            ),
        )


def _read(response: requests.Response, path: str, end: float, seconds: Seconds) -> bytes:
    """Read the whole body.

    Raises:
        FaultError: it is truncated, too large or too slow.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        # Not iter_content: it waits for a full chunk, so a reply that trickles would never time out.
        while piece := response.raw.read1(_PIECE, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > _LARGEST:
                raise FaultError(
                    said("{path} answered with more than {largest} MiB", path=path, largest=_LARGEST // 2**20),
                    status=response.status_code,
                )
            if time.monotonic() > end:
                raise FaultError(
                    said("{path} has not finished its answer within {seconds:g} s", path=path, seconds=seconds),
                    timed_out=True,
                )
    except urllib3.exceptions.ReadTimeoutError as error:
        raise FaultError(
            said("{path} has not finished its answer within {seconds:g} s", path=path, seconds=seconds), timed_out=True
        ) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise FaultError(
            said("{path}: the answer was cut off after {size} bytes", path=path, size=size), status=response.status_code
        ) from error
    return b"".join(pieces)


def _explain(body: bytes) -> str:
    """What an error reply says, in any of the shapes that engines use; empty if it says nothing readable.

    A validation error echoes the whole rejected request under ``input``; only its reason and place are reported.
    """
    try:
        value = parse_json(body)
    except ValueError:
        return ""
    if not isinstance(value, dict):
        return ""
    detail = value.get("detail", value.get("message"))
    if isinstance(detail, str):
        return tidy(detail)
    if isinstance(detail, dict):
        return tidy(": ".join(str(detail[key]) for key in ("error_name", "text") if isinstance(detail.get(key), str)))
    if isinstance(detail, list):
        return tidy("; ".join(_complaint(item) for item in detail[:3] if isinstance(item, dict)))
    return ""


def _complaint(item: dict[str, object]) -> str:
    place = item.get("loc")
    where = ".".join(str(part) for part in place) if isinstance(place, list) else "?"
    return f"{where}: {item.get('msg', item.get('type', '?'))}"
