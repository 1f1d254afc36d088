"""Mending a line: its text in the script, or how it is said as a take; and undoing what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tts_render.engine.moras import read_phrases
from tts_render.ground.errors import InputError
from tts_render.studio.asking import answer, body, line_of, text, whole
from tts_render.studio.edits import change_line, change_take, source_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from tts_render.studio.desk import Desk

__all__ = ["mending_routes"]


def mending_routes(desk: Desk) -> list[Route]:
    """Where lines are changed, and changes undone."""
    answers = _Mending(desk)
    return [
        Route("/api/undo", answers.undo, methods=["POST"]),
        Route("/api/redo", answers.redo, methods=["POST"]),
        Route("/api/source/{path:path}", answers.source),
        Route("/api/line/{path:path}", answers.line, methods=["POST"]),
        Route("/api/take/{path:path}", answers.take, methods=["POST"]),
    ]


class _Mending:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def source(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            sheet, index = line_of(self._desk, request, path)
            line = sheet.utterances[index].line
            return {"line": line, "source": source_line(sheet.episode.script.path, line)}

        return await answer(self._desk, request, look)

    async def line(self, request: Request) -> Response:
        asked = await body(request)

        def change(path: Path) -> dict[str, Any]:
            sheet = self._desk.sheet(path)
            script, number = sheet.episode.script.path, whole(asked, "line")
            made = change_line(script, number, text(asked, "before"), text(asked, "after"))
            return self._desk.make(path, f"{script.name}:{number}", [made])

        return await answer(self._desk, request, change)

    async def take(self, request: Request) -> Response:
        asked = await body(request)

        def change(path: Path) -> dict[str, Any]:
            sheet, index = line_of(self._desk, request, path)
            try:
                phrases = read_phrases(asked, open_ends=True) if asked.get("accent_phrases") else ()
            except ValueError as error:
                raise InputError(str(error), path=path) from error
            intonation = asked.get("intonation", 1.0)
            if not isinstance(intonation, int | float) or not 0 <= intonation <= 10:
                raise InputError("intonation must be a number from 0 to 10", path=path)
            made = change_take(sheet, index, phrases=phrases, intonation=float(intonation))
            return self._desk.make(path, sheet.utterances[index].text, [made])

        return await answer(self._desk, request, change)

    async def undo(self, request: Request) -> Response:  # noqa: ARG002
        return await self._again(self._desk.journal.undo)

    async def redo(self, request: Request) -> Response:  # noqa: ARG002
        return await self._again(self._desk.journal.redo)

    async def _again(self, move: Callable[[], tuple[str, tuple[Path, ...]] | None]) -> Response:
        def moved() -> dict[str, Any]:
            done = move()
            if done is not None:
                self._desk.look_around()
            return {"name": None if done is None else done[0], **self._desk.undoable()}

        return JSONResponse(await run_in_threadpool(moved))
