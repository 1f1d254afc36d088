"""The server: which address is answered by what, the page itself, what happens as events, and what failures become."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tts_render.ground.errors import CommandLineError, InputError, TtsRenderError
from tts_render.run.journal import StaleError
from tts_render.studio.airing import airing_routes
from tts_render.studio.facts import error_facts
from tts_render.studio.guard import Guard
from tts_render.studio.hearing import hearing_routes
from tts_render.studio.mending import mending_routes
from tts_render.studio.searching import searching_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from tts_render.studio.desk import Desk
    from tts_render.studio.guard import Keys

__all__ = ["application"]

_BEAT = 15.0  # seconds between two signs of life in the stream of events
_WAITING = 1000  # events that a page may be behind; then it is told to look anew
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def application(desk: Desk, keys: Keys) -> ASGIApp:
    """The studio of a desk, guarded.

    Args:
        desk: what is worked on.
        keys: what a request has to know.
    """
    front = _Front(desk)
    app = Starlette(
        routes=[
            Route("/", front.page),
            Route("/page/{name}", front.page),
            Route("/api/events", front.events),
            *hearing_routes(desk),
            *mending_routes(desk),
            *airing_routes(desk),
            *searching_routes(desk),
        ],
        exception_handlers={TtsRenderError: _failed, StaleError: _failed, Exception: _unforeseen},
    )
    return Guard(app, keys)


class _Front:
    """The page, and what happens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        folder = files("tts_render.studio") / "page"
        if name not in {file.name for file in folder.iterdir()}:
            return Response("There is no such page.\n", 404, media_type="text/plain")
        return Response((folder / name).read_bytes(), media_type=_TYPES[PurePosixPath(name).suffix])

    async def events(self, request: Request) -> Response:  # noqa: ARG002  # every answer is one to a request
        loop, waiting = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any]]()

        def put(event: dict[str, Any]) -> None:
            if waiting.qsize() < _WAITING:
                waiting.put_nowait(event)
            elif waiting.qsize() == _WAITING:
                waiting.put_nowait({"kind": "behind"})

        async def stream() -> AsyncIterator[str]:
            def tell(event: dict[str, Any]) -> None:
                loop.call_soon_threadsafe(put, event)

            with self._desk.told(tell):
                yield ": the studio is here\n\n"
                while True:
                    try:
                        event = await asyncio.wait_for(waiting.get(), _BEAT)
                    except TimeoutError:
                        yield ": still here\n\n"
                    else:
                        yield f"data: {json.dumps(event, ensure_ascii=False)}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """What a page is told of a failure: 409 where files were changed meanwhile, 422 for what was given, else 503."""
    if not isinstance(error, TtsRenderError):
        raise error
    status = 409 if isinstance(error, StaleError) else 422 if isinstance(error, InputError | CommandLineError) else 503
    return JSONResponse({"error": error_facts(error)}, status)


async def _unforeseen(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """The last resort: a page is told that it is a bug, and shows it."""
    message = f"unexpected {type(error).__name__}: {error}"
    facts = {
        "kind": "Bug",
        "message": message,
        "path": None,
        "line": None,
        "remedy": "This is a bug; please report it.",
    }
    return JSONResponse({"error": facts}, 500)
