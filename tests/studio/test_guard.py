"""The guard: nobody but the studio's own page reads or changes anything."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
import requests
from starlette.responses import PlainTextResponse

from tests.kit.studio_kit import SECRET, Page, open_studio
from tts_render.studio.guard import COOKIE, Guard, Keys

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from tests.kit.site_kit import SiteKit

PLACES = ["/", "/page/studio.js", "/api/episodes", "/api/events", "/api/episodes/_posts/2026-11-21-41.md"]


def ask(page: Page, place: str, method: str = "GET", **headers: str) -> requests.Response:
    """A request as somebody else sends it."""
    with requests.Session() as alone:
        alone.trust_env = False
        return alone.request(method, page.address + place, headers=headers, timeout=30, allow_redirects=False)


def cookie_of(host: str) -> str:
    return f"{COOKIE}_{host.rpartition(':')[2]}"


@pytest.mark.parametrize("place", PLACES)
def test_without_the_secret_nothing_is_told(page: Page, place: str) -> None:
    assert ask(page, place).status_code == 403
    assert ask(page, place, Cookie=f"{cookie_of(page.address)}=guessed").status_code == 403
    assert ask(page, place + "?key=guessed").status_code == 403


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", ""])
def test_under_another_name_nothing_is_told_even_with_the_secret(page: Page, place: str, host: str) -> None:
    assert ask(page, place, Host=host, Cookie=f"{cookie_of(host)}={SECRET}").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("place", PLACES)
def test_another_page_is_told_nothing_even_with_the_secret(page: Page, place: str, headers: dict[str, str]) -> None:
    assert ask(page, place, **headers, Cookie=f"{cookie_of(page.address)}={SECRET}").status_code == 403


@pytest.mark.parametrize("place", ["/api/undo", "/api/redo", "/api/line/_posts/2026-11-21-41.md"])
def test_what_does_not_say_where_it_comes_from_changes_nothing(page: Page, site: SiteKit, place: str) -> None:
    before = site.files()
    assert ask(page, place, "POST", Cookie=f"{cookie_of(page.address)}={SECRET}").status_code == 403
    assert site.files() == before


def test_the_secret_is_taken_out_of_the_address_into_a_cookie_that_no_page_reads(page: Page) -> None:
    answer = ask(page, f"/?key={SECRET}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{cookie_of(page.address)}={SECRET};")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


def test_two_studios_do_not_shut_out_each_other(page: Page, site: SiteKit) -> None:
    with open_studio(site) as other:
        other.session.cookies = page.session.cookies  # one browser
        assert other.session.get(other.address, params={"key": SECRET}, timeout=60).status_code == 200
        assert len({cookie.value for cookie in page.session.cookies}) == 1
        assert {cookie.name for cookie in page.session.cookies} == {cookie_of(page.address), cookie_of(other.address)}


@pytest.mark.parametrize(
    ("host", "origin", "lets_in"),
    [
        ("192.168.0.5:80", None, True),
        ("192.168.0.5:80", "http://192.168.0.5:80", True),
        ("[fe80::1]:80", "http://[fe80::1]:80", True),
        ("192.168.0.5:80", "http://192.168.0.6:80", False),
        ("evil.example:80", "http://evil.example:80", False),
        ("192.168.0.5.evil.example:80", None, False),
    ],
)
def test_where_others_reach_it_every_address_is_its_own_but_no_name(
    host: str, origin: str | None, lets_in: bool
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("in")(scope, receive, send)

    headers = [("host", host), ("cookie", f"{cookie_of(host)}={SECRET}"), *([("origin", origin)] if origin else [])]
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }  # fmt: skip
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(Guard(app, Keys(SECRET, frozenset({"0.0.0.0:80"}), anywhere=True))(scope, receive, send))
    assert sent[0]["status"] == (200 if lets_in else 403)
    sent.clear()
    asyncio.run(Guard(app, Keys(SECRET, frozenset({"0.0.0.0:80"})))(scope, receive, send))
    assert sent[0]["status"] == 403


def test_the_way_in_leads_nowhere_else(page: Page) -> None:
    assert ask(page, f"//evil.example/?key={SECRET}").headers["location"] == "/evil.example/"


@pytest.mark.parametrize("place", ["/api/episodes", "/nothing-here"])
def test_whatever_is_answered_keeps_to_itself(page: Page, place: str) -> None:
    headers = page.get(place).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "name", ["../outside.md", "/etc/passwd", "%2e%2e/outside.md", "_posts/../../outside.md", "link.md", "no-such.md"]
)
def test_no_path_leads_out_of_the_site(page: Page, site: SiteKit, name: str) -> None:
    outside = site.root.parent / "outside.md"
    outside.write_text("---\ntitle: geheim\n---\n秘密です。\n", encoding="utf-8")
    (site.root / "link.md").symlink_to(outside)
    answer = page.get(f"/api/episodes/{name}")
    assert answer.status_code in (404, 422), answer.text
    assert "秘密" not in answer.text


def test_a_request_of_absurd_size_is_refused(page: Page, site: SiteKit) -> None:
    before = site.files()
    answer = page.post(f"/api/line/{page.name(site.post)}", {"line": 1, "before": "x" * 5_000_000, "after": "y"})
    assert answer.status_code == 413
    assert site.files() == before


def test_a_request_that_lies_about_its_size_is_cut_off(page: Page, site: SiteKit) -> None:
    host = page.address.removeprefix("http://")
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=30) as raw:
        head = (
            f"POST /api/line/{page.name(site.post)} HTTP/1.1\r\nHost: {host}\r\nOrigin: {page.address}\r\n"
            f"Cookie: {cookie_of(page.address)}={SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        raw.sendall(head.encode())
        try:
            for _ in range(80):
                raw.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            answer = raw.recv(100)
        except OSError:
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")
    assert page.get("/api/episodes").status_code == 200, "and the studio goes on"
