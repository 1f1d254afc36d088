"""The server: which address is answered by what, the page itself, what happens as events, and what failures become."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tts_render.ground.errors import CommandLineError, InputError, TtsRenderError
from tts_render.ground.messages import page_words, said, translate, translate_all
from tts_render.run.journal import StaleError
from tts_render.studio.airing import airing_routes
from tts_render.studio.asking import language_of, tell
from tts_render.studio.dictionary import dictionary_routes
from tts_render.studio.facts import error_facts
from tts_render.studio.guard import Guard
from tts_render.studio.hearing import hearing_routes
from tts_render.studio.listing import listing_routes
from tts_render.studio.mending import mending_routes
from tts_render.studio.searching import searching_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from tts_render.ground.messages import Language
    from tts_render.studio.desk import Desk
    from tts_render.studio.guard import Keys

__all__ = ["application"]

_BEAT = 15.0  # seconds between two signs of life in the stream of events
_MOST_WAITING = 1000  # events that a page may be behind; then it is told to look anew
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}


def application(desk: Desk, keys: Keys, language: Language | None = None) -> ASGIApp:
    """The studio of a desk, guarded.

    Args:
        desk: what is worked on.
        keys: what a request has to know.
        language: that of every page; None for what the browser of each asks for.
    """
    front = _Front(desk)
    app = Starlette(
        routes=[
            Route("/", front.page),
            Route("/page/{name}", front.page),
            Route("/api/events", front.events),
            *listing_routes(desk),
            *hearing_routes(desk),
            *mending_routes(desk),
            *airing_routes(desk),
            *searching_routes(desk),
            *dictionary_routes(desk),
        ],
        exception_handlers={TtsRenderError: _failed, StaleError: _failed, Exception: _unforeseen},
    )
    app.state.language = language
    return Guard(app, keys, language)


class _Waiting:
    """What a page is still to be told. A page that sleeps takes nothing for hours, and an episode is large."""

    def __init__(self) -> None:
        self._events: deque[dict[str, Any]] = deque()
        self._some = asyncio.Event()

    def put(self, event: dict[str, Any]) -> None:
        if event["kind"] == "episode":  # as a whole: what it was before does not count any more
            of = ("episode", event["path"])
            self._events = deque(each for each in self._events if (each["kind"], each.get("path")) != of)
        if len(self._events) < _MOST_WAITING:
            self._events.append(event)
        elif len(self._events) == _MOST_WAITING:
            self._events.append({"kind": "behind"})
        self._some.set()

    async def take(self) -> dict[str, Any]:
        while not self._events:
            self._some.clear()
            await self._some.wait()
        return self._events.popleft()


class _Front:
    """The page, and what happens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name == "index.html":
            return Response(_index(language_of(request)), media_type=_TYPES[".html"])
        folder = files("tts_render.studio") / "page"
        if name not in {file.name for file in folder.iterdir()}:
            missing = translate(said("There is no such page."), language_of(request))
            return Response(f"{missing}\n", 404, media_type="text/plain")
        return Response((folder / name).read_bytes(), media_type=_TYPES[PurePosixPath(name).suffix])

    async def events(self, request: Request) -> Response:
        loop, waiting = asyncio.get_running_loop(), _Waiting()
        language = language_of(request)

        async def stream() -> AsyncIterator[str]:
            def tell(event: dict[str, Any]) -> None:
                loop.call_soon_threadsafe(waiting.put, event)

            with self._desk.told(tell):
                yield ": the studio is here\n\n"
                while True:
                    try:
                        event = await asyncio.wait_for(waiting.take(), _BEAT)
                    except TimeoutError:
                        yield ": still here\n\n"
                    else:
                        yield f"data: {json.dumps(translate_all(event, language), ensure_ascii=False)}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")


@cache
def _index(language: Language) -> str:
    """The page with all that it says: so it never waits for its words, and never speaks two languages."""
    page = (files("tts_render.studio") / "page" / "index.html").read_text(encoding="utf-8")
    words = json.dumps(page_words(language), ensure_ascii=False).replace("<", "\\u003c")
    return page.replace('lang="en"', f'lang="{language}"').replace(">{}<", f">{words}<")


async def _failed(request: Request, error: Exception) -> Response:
    """What a page is told of a failure: 409 where files were changed meanwhile, 422 for what was given, else 503."""
    if not isinstance(error, TtsRenderError):
        raise error
    status = 409 if isinstance(error, StaleError) else 422 if isinstance(error, InputError | CommandLineError) else 503
    return tell(request, {"error": error_facts(error)}, status)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """The last resort: a page is told that it is a bug, and shows it."""
    bug = TtsRenderError(
        said("unexpected {name}: {error}", name=type(error).__name__, error=error),
        remedy=said("This is a bug; please report it."),
    )
    return tell(request, {"error": {**error_facts(bug), "kind": "Bug"}}, 500)
