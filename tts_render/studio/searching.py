"""Search and replace over the lines of an episode: what is replaced where, in one step that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from tts_render.ground.errors import InputError
from tts_render.ground.messages import said
from tts_render.run.replacing import Replacing
from tts_render.speech.casting import Utterance
from tts_render.studio.asking import answer, body, in_time, line_of, text, whole
from tts_render.studio.edits import find_again, replace_text

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.run.replacing import Place
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["searching_routes"]

_LONGEST = 1000  # characters that are looked for, or put in their place


def searching_routes(desk: Desk) -> list[Route]:
    """Where a text is replaced in lines."""
    return [Route("/api/replace/{path:path}", _Searching(desk).replace, methods=["POST"])]


class _Searching:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def replace(self, request: Request) -> Response:
        asked = await body(request)

        def change(path: Path) -> dict[str, Any]:
            find, by = _short(asked, "find"), _short(asked, "replace")
            if not find:
                raise InputError(said("there is nothing to look for"), path=path)
            line: tuple[Sheet, int] | None = None
            if "utterance" in request.query_params:
                line = line_of(self._desk, request, path)

            def make(sheet: Sheet) -> dict[str, Any]:
                replacing = Replacing(sheet.episode, find, by, case=asked.get("case") is True)
                spoken = _spoken(sheet)
                wanted = tuple(place for place in replacing.places if spoken[place.item] is not None)
                if line is not None:
                    old, index = line
                    index = index if sheet is old else find_again(old, index, sheet)
                    item = spoken.index(index) if index in spoken else None
                    wanted = tuple(place for place in wanted if place.item == item)[whole(asked, "nth") :][:1]
                left = replacing.make(wanted)
                facts = self._desk.make(path, f"{find} → {by}", replace_text(sheet, replacing).changes)
                return {
                    **facts,
                    "replaced": len(wanted) - len(left),
                    "left": [_left(place, replacing) for place in left],
                }

            return in_time(self._desk, path, self._desk.sheet(path) if line is None else line[0], make)

        return await answer(self._desk, request, change)


def _spoken(sheet: Sheet) -> list[int | None]:
    """For each item of the script, the index of its utterance; None for what is not spoken."""
    items = sheet.lines.script.items[: len(sheet.episode.script.items)]  # then come the credits
    return [item.index if isinstance(item, Utterance) else None for item in items]


def _left(place: Place, replacing: Replacing) -> dict[str, Any]:
    return {"line": replacing.line(place).line, "text": replacing.text(place)}


def _short(asked: dict[str, Any], key: str) -> str:
    found = text(asked, key)
    if len(found) > _LONGEST:
        raise InputError(said("{key} is longer than {longest} characters", key=key, longest=_LONGEST))
    return found
