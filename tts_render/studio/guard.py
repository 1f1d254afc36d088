"""The guard: who may talk to the studio.

Any page that a browser on this machine shows can send requests to a server on loopback, and by DNS rebinding even
under a name of its own. So a request must name this server as its host, come from no other page, and carry the secret
that only whoever started the studio was told. What is answered may load nothing from elsewhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from tts_render.ground.messages import said, translate
from tts_render.studio.language import language_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tts_render.ground.messages import Language

__all__ = ["COOKIE", "Guard", "Keys"]

COOKIE = "tts_render_studio"
"""Name of the cookie that holds the secret, followed by the port: to a browser, all ports of a host share cookies."""

_LARGEST = 4 * 1024 * 1024
"""Bytes of a request at most: a script of a hundred hours has fewer, and nothing larger is ever sent by the page."""
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    b"connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a request has to know."""

    secret: str
    hosts: frozenset[str]
    """The values of ``Host`` under which the studio is reached, each with its port."""
    anywhere: bool = False
    """Whether it is reached under any address of this machine: as numbers, since a name may be anybody's."""


class Guard:
    """Refuses what does not come from the studio's own page.

    Args:
        app: what answers the rest.
        keys: what a request has to know.
        language: that in which a refusal is told; None for what the browser asks for.
    """

    def __init__(self, app: ASGIApp, keys: Keys, language: Language | None = None) -> None:
        self._app = app
        self._keys = keys
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"the studio does not speak {scope['type']}")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        reason = _foreign(scope, headers, self._keys)
        cookie = f"{COOKIE}_{headers.get('host', '').rpartition(':')[2]}"
        language = language_for(headers.get("accept-language", ""), self._language)
        if reason:
            await _refuse(send, 403, reason, language)
        elif _is_key(dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("key", ""), self._keys.secret):
            await _let_in(send, quote(scope["path"]), cookie, self._keys.secret)
        elif not _is_key(_value(headers.get("cookie", ""), cookie), self._keys.secret):
            why = said("open the address that tts-render studio has printed")
            await _refuse(send, 403, why, language)
        elif int(headers.get("content-length") or 0) > _LARGEST:
            why = said("more than {largest:,} bytes were sent", largest=_LARGEST)
            await _refuse(send, 413, why, language)
        else:
            await self._app(scope, _bounded(receive), _sealed(send))


def _foreign(scope: Scope, headers: Mapping[str, str], keys: Keys) -> str:
    """Why a request does not come from the studio's page; empty if it may."""
    host = headers.get("host", "").lower()
    hosts = keys.hosts | {host} if keys.anywhere and _is_address(host) else keys.hosts
    if host not in hosts:
        return said("the studio is not known under this name")
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"{scope['scheme']}://{each}" for each in hosts}:
        return said("the request comes from another page")
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return said("the request comes from another page")
    if scope["method"] not in ("GET", "HEAD") and origin is None:
        return said("the request does not say from which page it comes")
    return ""


def _is_key(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _is_address(host: str) -> bool:
    """Whether a host with its port is told by its number."""
    try:
        ip_address(host.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True


def _value(header: str, name: str) -> str:
    """The value of a cookie; empty where there is none."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


async def _let_in(send: Send, path: str, name: str, secret: str) -> None:
    """Keep the secret in a cookie, and go to the same address without it: addresses are shown, stored and sent on."""
    cookie = f"{name}={secret}; Path=/; HttpOnly; SameSite=Strict"
    # Only a path of this server: two slashes would begin the name of another one.
    place = "/" + path.lstrip("/")
    await send(
        {
            "type": "http.response.start",
            "status": 303,
            "headers": [(b"location", place.encode()), (b"set-cookie", cookie.encode()), *_HEADERS],
        }
    )
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, status: int, reason: str, language: Language) -> None:
    text = translate(said("Refused: {reason}.", reason=reason), language)
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def _bounded(receive: Receive) -> Receive:
    """The same, but what is larger than it may be ends as if the connection were gone."""
    taken = 0

    async def less() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > _LARGEST else message

    return less


def _sealed(send: Send) -> Send:
    """The same, with the headers that keep a page to itself."""

    async def more(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", ())}
            extra = [(name, value) for name, value in _HEADERS if name not in known]
            message = {**message, "headers": [*message.get("headers", ()), *extra]}
        await send(message)

    return more
