"""What a request says: its episode, its line, its values, its language; and the one way to answer it with facts."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from tts_render.engine.moras import read_phrases
from tts_render.ground.errors import InputError
from tts_render.ground.messages import said, translate_all
from tts_render.ground.reasons import words_of
from tts_render.run.journal import StaleError
from tts_render.studio.language import language_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.engine.moras import AccentPhrase
    from tts_render.ground.messages import Language
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["answer", "body", "going_away", "in_time", "language_of", "line_of", "phrases_of", "tell", "text", "whole"]

R = TypeVar("R")

_GLANCE = 0.1  # seconds until it is noticed that a page does not wait any more
_ATTEMPTS = 50  # to be quicker than other tabs: where one comes too late, another was in time


async def answer(desk: Desk, request: Request, call: Callable[[Path], dict[str, Any]]) -> Response:
    """What ``call`` says of the episode that a request names; it runs in a thread.

    Raises:
        InputError: there is no such episode.
    """
    path = desk.path(request.path_params["path"])
    return tell(request, await run_in_threadpool(call, path))


def tell(request: Request, facts: dict[str, Any], status: int = 200) -> Response:
    """``facts`` as JSON, the messages in them in the language of the page that asks."""
    return JSONResponse(translate_all(facts, language_of(request)), status)


def language_of(request: Request) -> Language:
    """The language of the page that asks."""
    return language_for(request.headers.get("accept-language", ""), request.app.state.language)


def line_of(desk: Desk, request: Request, path: Path) -> tuple[Sheet, int]:
    """The episode, and where in it the utterance stands that the request names.

    Raises:
        StaleError: it is not in the episode any more.
    """
    sheet = desk.sheet(path)
    index = sheet.index(request.query_params.get("utterance", ""))
    if index is None:
        raise StaleError(
            said("this line is not there any more"), path=path, remedy=said("Look at the new text, and change that.")
        )
    return sheet, index


def in_time(desk: Desk, path: Path, sheet: Sheet, call: Callable[[Sheet], R]) -> R:
    """What ``call`` makes of an episode, or of what it is now, as often as somebody else has changed it before."""
    for _ in range(_ATTEMPTS):
        try:
            return call(sheet)
        except StaleError:
            fresh = desk.fresh(path)
            if fresh is sheet:
                raise
            sheet = fresh
    return call(sheet)


@asynccontextmanager
async def going_away(request: Request) -> AsyncIterator[threading.Event]:
    """What is set when the page does not wait for the answer any more; its body must have been read."""
    gone = threading.Event()

    async def see() -> None:
        while not await request.is_disconnected():
            await asyncio.sleep(_GLANCE)
        gone.set()

    seeing = asyncio.create_task(see())
    try:
        yield gone
    finally:
        seeing.cancel()


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings.

    Raises:
        InputError: it brings none.
    """
    try:
        value = json.loads(await request.body())
        json.dumps(value, ensure_ascii=False).encode()  # half a character can be in no file
    except (ValueError, RecursionError) as error:
        raise InputError(said("the request is not valid JSON: {error}", error=error)) from error
    if not isinstance(value, dict):
        raise InputError(said("the request is not a JSON object"))
    return value


def phrases_of(asked: dict[str, Any], path: Path) -> tuple[AccentPhrase, ...]:
    """The accent phrases of it; lengths and pitches may be missing.

    Raises:
        InputError: there are none.
    """
    try:
        return read_phrases(asked, open_ends=True)
    except ValueError as error:
        raise InputError(words_of(error), path=path) from error


def text(asked: dict[str, Any], key: str) -> str:
    """A text of it.

    Raises:
        InputError: it is none.
    """
    value = asked.get(key)
    if not isinstance(value, str):
        raise InputError(said("{key} must be a text", key=key))
    return value


def whole(asked: dict[str, Any], key: str) -> int:
    """A whole number of it.

    Raises:
        InputError: it is none.
    """
    value = asked.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(said("{key} must be a whole number", key=key))
    return value
