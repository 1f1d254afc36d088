"""The studio on the loopback interface, as a browser finds it, for the time of a test."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests
import uvicorn

from tts_render.ground.files import locked
from tts_render.run.session import Session
from tts_render.studio.attending import Attendant
from tts_render.studio.desk import Desk
from tts_render.studio.guard import Keys
from tts_render.studio.server import application
from tts_render.studio.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.kit.site_kit import SiteKit

__all__ = ["SECRET", "Page", "journal_held", "open_studio", "served"]

SECRET = "a-secret-of-this-test"  # it opens nothing


@dataclass
class Page:
    """What a browser does: it has the cookie, and names itself as the origin of what it changes."""

    address: str
    desk: Desk
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, place: str, **query: str) -> requests.Response:
        return self.session.get(self.address + quote(place), params=query, timeout=60)

    def post(self, place: str, body: Any = None, **query: str) -> requests.Response:
        headers = {"Origin": self.address}
        return self.session.post(self.address + quote(place), json=body, params=query, headers=headers, timeout=60)

    def episode(self, post: Path) -> dict[str, Any]:
        """An episode as the page shows it."""
        answer = self.get(f"/api/episodes/{self.name(post)}")
        assert answer.status_code == 200, answer.text
        facts: dict[str, Any] = answer.json()
        return facts

    def name(self, post: Path) -> str:
        return post.relative_to(self.desk.root).as_posix()

    @contextmanager
    def events(self) -> Iterator[Iterator[dict[str, Any]]]:
        """What happens from now on."""
        with self.session.get(f"{self.address}/api/events", stream=True, timeout=60) as answer:
            lines = answer.iter_lines(decode_unicode=True)
            assert next(lines).startswith(":"), "it is connected"
            yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


@contextmanager
def open_studio(site: SiteKit, *, attentive: bool = False) -> Iterator[Page]:
    """The studio of a site, with its engines; closed at the end.

    Args:
        site: the site.
        attentive: whether it watches files and engines, as the command does.
    """
    with (
        ExitStack() as stack,
        socket.create_server(("127.0.0.1", 0)) as listener,
        Session(site.cache, engines=site.engines, absence=1.0) as session,
        Desk(site.root, session) as desk,
    ):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it, as the command's do
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            application(desk, Keys(SECRET, frozenset({host}))), log_level="warning", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        watching = threading.Event()
        if attentive:

            def changed(paths: frozenset[str]) -> None:
                desk.files_changed(paths)
                watching.set()

            stack.enter_context(Watcher(desk.root, (), changed, desk.not_watching))
            stack.enter_context(Attendant(desk.attend, alert=0.1, calm=0.2))
            assert watching.wait(30)
        page = Page(f"http://{host}", desk)
        page.session.trust_env = False
        assert page.session.get(page.address, params={"key": SECRET}, timeout=60).status_code == 200
        try:
            yield page
        finally:
            server.should_exit = True
            thread.join(30)
            page.session.close()


def journal_held(cache: Path, root: Path) -> AbstractContextManager[None]:
    """Keep the studio from saving changes, as another program does that saves its own."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return locked(cache / "studio" / f"{name}.lock", busy="the test holds it")


@contextmanager
def served(
    site: SiteKit, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[subprocess.Popen[str], Page]]:
    """The command, as it is started by hand, and a page on it."""
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", "--engine", *site.engines]
    command += ["--cache-dir", str(site.cache), str(site.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        page = Page(address.partition("/?")[0], None)  # type: ignore[arg-type]
        page.session.trust_env = False
        assert page.session.get(address, timeout=60).status_code == 200
        try:
            yield process, page
        finally:
            process.kill()
