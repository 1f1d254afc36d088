"""What a request says: its episode, its line, its values. Everything else about HTTP is in :mod:`.server`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from tts_render.ground.errors import InputError
from tts_render.run.journal import StaleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["answer", "body", "line_of", "text", "whole"]


async def answer(desk: Desk, request: Request, call: Callable[[Path], dict[str, Any]]) -> Response:
    """What ``call`` says of the episode that a request names; it runs in a thread.

    Raises:
        InputError: there is no such episode.
    """
    path = desk.path(request.path_params["path"])
    return JSONResponse(await run_in_threadpool(call, path))


def line_of(desk: Desk, request: Request, path: Path) -> tuple[Sheet, int]:
    """The episode, and where in it the utterance stands that the request names.

    Raises:
        StaleError: it is not in the episode any more.
    """
    sheet = desk.sheet(path)
    index = sheet.index(request.query_params.get("utterance", ""))
    if index is None:
        raise StaleError("this line is not there any more", path=path, remedy="Look at the new text.")
    return sheet, index


async def body(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings.

    Raises:
        InputError: it brings none.
    """
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError("the request is not a JSON object")
    return value


def text(asked: dict[str, Any], key: str) -> str:
    """A text of it.

    Raises:
        InputError: it is none.
    """
    value = asked.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key} must be a text")
    return value


def whole(asked: dict[str, Any], key: str) -> int:
    """A whole number of it.

    Raises:
        InputError: it is none.
    """
    value = asked.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{key} must be a whole number")
    return value
