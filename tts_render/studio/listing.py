"""The list of all episodes, in pieces, and how some of them stand."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from tts_render.ground.errors import InputError
from tts_render.ground.messages import said, translate_all
from tts_render.studio.asking import body, going_away, language_of, tell
from tts_render.studio.facts import listed_facts, standing_facts

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.studio.desk import Desk

__all__ = ["listing_routes"]

_MOST = 200  # episodes whose standing is told at once


def listing_routes(desk: Desk) -> list[Route]:
    """Where episodes are listed."""
    answers = _Listing(desk)
    return [
        Route("/api/episodes", answers.episodes),
        Route("/api/standings", answers.standings, methods=["POST"]),
    ]


class _Listing:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def episodes(self, request: Request) -> Response:
        """All episodes with their lengths; with ``most``, a piece of the list without. 0 only asks who is there."""
        start, most = (_number(request, name) for name in ("start", "most"))
        root = self._desk.root
        if most == 0:
            return tell(request, {"root": root.name, "episodes": [], "next": start or 0})

        def look() -> dict[str, Any]:
            found, following = self._desk.shelf.some(start or 0, most)
            told = [listed_facts(listed, root) for listed in found]
            if most is None:
                found = tuple(sorted(found, key=lambda listed: listed.order, reverse=True))
                told = [{**listed_facts(each, root), "seconds": self._desk.shelf.seconds(each)} for each in found]
            return {"root": root.name, "episodes": told, "next": following}

        return tell(request, await run_in_threadpool(look))

    async def standings(self, request: Request) -> Response:
        """How the episodes stand that a request names."""
        names = (await body(request)).get("paths")
        if not isinstance(names, list) or len(names) > _MOST or not all(isinstance(name, str) for name in names):
            raise InputError(said("paths must be a list of at most {most} texts", most=_MOST))

        def look(gone: threading.Event) -> list[dict[str, Any]]:
            root = f"{self._desk.root}/"
            there: list[Path] = []
            for name in names:
                with suppress(InputError):  # it was taken away meanwhile
                    there.append(self._desk.path(name))
            standings = self._desk.shelf.stand(there, wanted=lambda: not gone.is_set())
            found = [standing_facts(each, self._desk.root) for each in standings]
            told: list[dict[str, Any]] = translate_all(found, language_of(request))
            return [{**each, "why": each["why"].replace(root, "")} for each in told]

        async with going_away(request) as gone:
            return tell(request, {"standings": await run_in_threadpool(look, gone)})


def _number(request: Request, key: str) -> int | None:
    given = request.query_params.get(key)
    if given is None:
        return None
    if not given.isdecimal() or len(given) > 9:
        raise InputError(said("{key} must be a whole number", key=key))
    return int(given)
