"""Buckets to test with: a real S3 over HTTP in a process of its own, and a way to it on which everything may happen."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal, Self

from tts_render.ground.bucket import BucketStore, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, SECRET = "AKIAKNOWNTOALL", "t0p/Secret+of+the+tests"
"""Credentials of the tests; the second must never be seen anywhere."""

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""

Kind = Literal["status", "reset", "cut", "nonsense", "hang", "damage", "lose", "unanswered", "other", "slow"]


class S3:
    """A server of buckets. Use it as a context manager; it ends with its process."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.pid = self._process.pid
        self._made = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def bucket(self, name: str = "") -> str:
        """Make a bucket, with a new name unless one is given; return its name."""
        self._made += 1
        name = name or f"clips-{self._made}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("PUT", f"/{name}", headers={"Content-Length": "0"})
        assert connection.getresponse().status == 200
        connection.close()
        return name


@dataclass(frozen=True)
class Fault:
    """What happens to a request on its way."""

    kind: Kind
    """``cut`` ends the answer in the middle, ``damage`` changes a byte of it, ``other`` gives the object of another name;
    ``lose`` confirms an object that never arrives, ``unanswered`` delivers it and breaks off."""
    status: int = 503
    seconds: float = 0.0
    """How long ``slow`` and ``hang`` take."""


class Way:
    """A proxy before a server of buckets. Use it as a context manager.

    Attributes:
        fault: asked for each request, by method and path; None lets it pass.
        asked: the requests so far.
    """

    def __init__(self, port: int) -> None:
        self.fault: Callable[[str, str], Fault | None] = lambda method, path: None
        self.asked: list[str] = []
        self.headers: list[str] = []
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                way.asked.append(f"{self.command} {self.path}")
                way.headers.append(str(self.headers))
                fault = way.fault(self.command, self.path)
                kind = fault.kind if fault else None
                if fault and fault.seconds:
                    time.sleep(fault.seconds)
                if kind in {"reset", "hang"}:
                    self._reset()
                elif fault and kind == "status":
                    code = {403: "SignatureDoesNotMatch", 503: "SlowDown"}.get(fault.status, "InternalError")
                    text = f"<Error><Code>{code}</Code><AWSAccessKeyId>{KEY}</AWSAccessKeyId>{SECRET}</Error>"
                    self._answer(fault.status, text.encode())
                elif kind == "nonsense":
                    self._answer(200, b"<html>Welcome to this network</html>")
                elif kind == "lose":
                    self._answer(200, b"", {"ETag": '"0"'})
                else:
                    self._forward(kind, body)

            def do_GET(self) -> None:
                self._pass()

            def do_PUT(self) -> None:
                self._pass()

            def do_POST(self) -> None:
                self._pass()

            def do_DELETE(self) -> None:
                self._pass()

            def _forward(self, kind: Kind | None, body: bytes) -> None:
                path = way.other if kind == "other" and way.other else self.path
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request(self.command, path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if kind == "unanswered":
                    self._reset()
                    return
                headers = {name: value for name, value in answer.getheaders() if name.lower() in _KEPT}
                if kind == "damage" and data:
                    data = data[:-1] + bytes([data[-1] ^ 1])
                size = len(data)
                self._answer(answer.status, data[: size // 2] if kind == "cut" else data, headers, size)
                if kind == "cut":
                    self._reset()

            def _answer(
                self, status: int, data: bytes, headers: dict[str, str] | None = None, size: int | None = None
            ) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data) if size is None else size))
                self.end_headers()
                self.wfile.write(data)

            def _reset(self) -> None:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.shutdown(socket.SHUT_RDWR)

        self.other = ""
        """Path of the object that ``other`` gives."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def store(self, bucket: str, prefix: str = "our/clips", *, patience: float = 1.0) -> BucketStore:
        """A store in a bucket behind this way."""
        settings = {
            "access_key_id": KEY,
            "secret_access_key": SECRET,
            "endpoint": self.url,
            "region": "us-east-1",
        }
        return BucketStore(parse_address(f"s3://{bucket}/{prefix}"), settings, patience=patience)

    def environment(self) -> dict[str, str]:
        """What the tools of the cloud are told."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
        }


_KEPT = frozenset({"etag", "last-modified", "content-type", "content-range", "x-amz-version-id"})
