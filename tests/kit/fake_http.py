"""The HTTP side of the fake engine: its routes, its error replies in every shape, and how it goes wrong."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tests.kit.fake_voice import Json, from_notation, to_wav, with_mora_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.kit.fake_engine import FakeEngine

Kind = Literal[
    "status",
    "drop",
    "cut",
    "short",
    "html",
    "garbage",
    "json",
    "empty",
    "hang",
    "huge",
    "drip",
    "redirect",
    "stall",
    "reply",
]
Shape = Literal["A", "B", "C", "D", "E"]


@dataclass(frozen=True)
class Fault:
    """How one request is to go wrong."""

    kind: Kind
    status: int = 500
    shape: Shape = "B"
    """Of the body under ``status``: A validation, B detail, C message, D kana, E no JSON."""
    share: float = 0.6
    """How much of the sound ``cut``, ``stall`` and ``short`` leave."""
    seconds: float = 3600.0
    """How long ``hang`` and, with a part of the body, ``stall`` keep quiet before the connection is closed."""
    body: bytes = b""
    """What ``reply`` answers, under ``status``."""
    headers: tuple[tuple[str, str], ...] = ()
    """Likewise."""


class DiedError(Exception):
    """The engine's process is gone."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], fake: FakeEngine) -> None:
        self.fake = fake
        self.sockets: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.fake.connections += 1
        if self.fake.refuse > 0:
            self.fake.refuse -= 1
            request.close()
            return
        self.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""

    def hang_up(self) -> None:
        for request in list(self.sockets):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server
    fault: Fault | None = None

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.fake.idle)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer(405, {"detail": "Method Not Allowed"})

    def do_GET(self) -> None:
        fake = self.server.fake
        answers: dict[str, Callable[[], object]] = {
            "/version": lambda: fake.version,
            "/speakers": self._speakers,
            "/user_dict": lambda: fake.words,
            "/speaker_info": self._speaker_info,
            "/engine_manifest": lambda: {
                "name": f"{fake.brand} ENGINE",
                "brand_name": fake.brand,
                "uuid": "074fc39e-678b-4c13-8916-ffca8d505d1d",
                "default_sampling_rate": fake.rate,
                "icon": "i" * 6000,
            },
            "/fake/stats": fake.stats,
        }
        self._serve(answers)

    def do_POST(self) -> None:
        fake = self.server.fake
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        if urlsplit(self.path).path == "/synthesis":
            with fake.counted():
                self._serve({"/synthesis": self._synthesis})
            return
        self._serve(
            {
                "/audio_query": self._audio_query,
                "/accent_phrases": self._accent_phrases,
                "/mora_data": lambda: with_mora_data(json.loads(self.body), self._style()),
                "/user_dict_word": self._add_word,
                "/import_user_dict": self._import_words,
                "/initialize_speaker": lambda: None,
            }
        )

    def do_DELETE(self) -> None:
        number = urlsplit(self.path).path.removeprefix("/user_dict_word/")
        self._serve({f"/user_dict_word/{number}": lambda: self._remove_word(number)})

    def _serve(self, answers: dict[str, Callable[[], object]]) -> None:
        fake = self.server.fake
        path = urlsplit(self.path).path
        self.query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        fake.requests.append(f"{self.command} {path}")
        self.fault = None
        if self.headers.get("Origin"):
            self._answer(403, {"detail": "Origin not allowed"})
            return
        if path not in answers or path in fake.lacks:
            self._answer(404, {"detail": "Not Found"})
            return
        self.fault = fake.next_fault(path)
        if self.fault is not None and self.fault.kind not in ("cut", "short", "stall"):
            self._go_wrong(self.fault)
            return
        try:
            answer = answers[path]()
        except _RefusalError as refusal:
            self._answer(refusal.status, refusal.body)
        except DiedError:
            threading.Thread(target=fake.stop, daemon=True).start()
            self._drop()
        else:
            if isinstance(answer, bytes):
                self._send(200, "audio/wav", answer)
            elif answer is None:
                self._send(204, "application/json", b"")
            else:
                self._answer(200, answer)

    def _speakers(self) -> list[Json]:
        listed: list[Json] = []
        for speaker, group in itertools.groupby(self.server.fake.speakers, key=lambda style: style[0]):
            styles: list[Json] = [{"name": name, "id": number, "type": "talk"} for _, name, number in group]
            if self.server.fake.sings:
                styles.append({"name": "歌", "id": 6000 + len(listed), "type": "sing"})
            listed.append({"name": speaker, "speaker_uuid": str(uuid.UUID(int=len(listed))), "styles": styles})
        return listed

    def _speaker_info(self) -> Json:
        named = {entry["speaker_uuid"]: entry["name"] for entry in self._speakers()}
        speaker = named.get(self.query.get("speaker_uuid", ""))
        if speaker is None:
            raise _RefusalError(404, {"detail": "該当する話者が見つかりません"})
        picture = "http://127.0.0.1/picture" if self.query.get("resource_format") == "url" else "p" * 2_000_000
        policy = self.server.fake.policies.get(speaker)
        return {"portrait": picture, "style_infos": []} | ({} if policy is None else {"policy": policy})

    def _style(self) -> int:
        if "speaker" not in self.query:
            raise _RefusalError(422, _validation("missing", ["query", "speaker"], "Field required", None))
        try:
            style = int(self.query["speaker"])
        except ValueError:
            said = "Input should be a valid integer, unable to parse string as an integer"
            raise _RefusalError(
                422, _validation("int_parsing", ["query", "speaker"], said, self.query["speaker"])
            ) from None
        if style not in {number for _, _, number in self.server.fake.speakers}:
            raise _RefusalError(500, {"detail": "Internal Server Error"})
        return style

    def _audio_query(self) -> Json:
        fake = self.server.fake
        style = self._style()
        text = self.query.get("text", "")
        if len(text) > 2730:
            raise _RefusalError(500, {"detail": "Internal Server Error"})
        fake.queries.append((text, style))
        return fake.make_query(text, style)

    def _accent_phrases(self) -> list[Json]:
        fake = self.server.fake
        style = self._style()
        text = self.query.get("text", "")
        if self.query.get("is_kana") != "true":
            fake.queries.append((text, style))
            return list(fake.make_query(text, style)["accent_phrases"])
        try:
            return from_notation(text, style)
        except ValueError:
            raise _RefusalError(400, {"detail": {"text": text, "error_name": "UNKNOWN_TEXT"}}) from None

    def _synthesis(self) -> bytes:
        fake = self.server.fake
        style = self._style()
        try:
            query = json.loads(self.body)
        except ValueError:
            raise _RefusalError(422, _validation("json_invalid", ["body", 0], "JSON decode error", {})) from None
        needed = ("accent_phrases", "speedScale", "prePhonemeLength", "postPhonemeLength", "outputSamplingRate")
        missing = [key for key in needed if not isinstance(query, dict) or key not in query]
        if missing:
            raise _RefusalError(422, _validation("missing", ["body", missing[0]], "Field required", query))
        if query["speedScale"] <= 0:
            raise _RefusalError(500, {"detail": "Internal Server Error"})
        if not query["accent_phrases"] and fake.lengths == "mock":
            raise DiedError
        fault = self.fault
        return fake.make_sound(query, style, fault.share if fault is not None and fault.kind == "short" else 1.0)

    def _add_word(self) -> str:
        return self.server.fake.add_word(
            self.query["surface"], self.query["pronunciation"], int(self.query.get("accent_type", 1))
        )

    def _import_words(self) -> None:
        fake = self.server.fake
        words = json.loads(self.body)
        for number, word in words.items():
            if str(uuid.UUID(number)) != number or "context_id" not in word:
                raise _RefusalError(500, {"detail": "Internal Server Error"})
        override = self.query["override"] == "true"
        fake.words = {**fake.words, **words} if override else {**words, **fake.words}

    def _remove_word(self, number: str) -> None:
        if self.server.fake.words.pop(number, None) is None:
            raise _RefusalError(422, {"detail": "IDに該当するワードが見つかりませんでした"})

    def _answer(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value, ensure_ascii=False).encode())

    def _send(self, status: int, kind: str, body: bytes, *, headers: Sequence[tuple[str, str]] = ()) -> None:
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        fault = self.fault
        if self.server.fake.curt:
            self.close_connection = True
        if fault is not None and fault.kind in ("cut", "stall"):
            body = body[: int(len(body) * fault.share)]
            self.close_connection = True
        head = "\r\n".join([*lines, "", ""]).encode()
        self.wfile.write(head + (b"" if self.command == "HEAD" else body))  # at once: two packets would wait for an ack
        if fault is not None and fault.kind == "stall":
            self.server.fake.released(fault.seconds)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _go_wrong(self, fault: Fault) -> None:
        if fault.kind == "status":
            self._send(fault.status, *_error_body(fault.shape))
        elif fault.kind == "html":
            self._send(200, "text/html", b"<!doctype html><title>It works!</title><p>Welcome.")
        elif fault.kind == "garbage":
            self._send(200, "audio/wav", b"\x00\xff" * 3000)
        elif fault.kind == "json":
            self._answer(200, {"hello": ["world"]})
        elif fault.kind == "empty":
            self._send(200, "audio/wav", to_wav(np.zeros(0, np.int16)))
        elif fault.kind == "redirect":
            self._send(307, "text/plain", b"", headers=[("Location", f"{self.server.fake.url}/elsewhere")])
        elif fault.kind == "reply":
            self._send(fault.status, "application/json", fault.body, headers=fault.headers)
        elif fault.kind == "hang":
            self.server.fake.released(fault.seconds)
            self._drop()
        elif fault.kind == "drop":
            self._drop()
        else:
            self._pour(drip=fault.kind == "drip")

    def _pour(self, *, drip: bool) -> None:
        """A body without an end."""
        self.close_connection = True
        piece, pause = (b"x", 0.02) if drip else (b"x" * 2**20, 0.0)
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 9999999999\r\n\r\n")
            while not self.server.fake.released(pause):
                self.wfile.write(piece)


class _RefusalError(Exception):
    def __init__(self, status: int, body: Json) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def _validation(kind: str, place: list[str | int], said: str, given: object) -> Json:
    return {"detail": [{"type": kind, "loc": place, "msg": said, "input": given}]}


def _error_body(shape: Shape) -> tuple[str, bytes]:
    bodies: dict[Shape, object] = {
        "A": _validation("missing", ["body", "accent_phrases"], "Field required", {"echo": "長い問い合わせ" * 500}),
        "B": {"detail": "スタイルの読み込みに失敗しました。"},
        "C": {"message": "該当するスタイルIDが見つかりません"},
        "D": {"detail": {"text": "読み仮名が不正です", "error_name": "UNKNOWN_TEXT", "error_args": {"text": "?"}}},
    }
    if shape == "E":
        return "text/plain", b"Invalid HTTP request received.\x1b[31m"
    return "application/json", json.dumps(bodies[shape], ensure_ascii=False).encode()
