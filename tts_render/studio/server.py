"""The server: addresses to calls of the desk, and what they answer as JSON or sound. It holds nothing itself."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tts_render.engine.moras import read_phrases, write_phrases
from tts_render.ground.errors import CommandLineError, InputError, TtsRenderError
from tts_render.sound.audio import conform
from tts_render.studio.edits import change_line, change_take, source_line
from tts_render.studio.facts import error_facts, heard_facts, listed_facts, phrase_facts
from tts_render.studio.guard import Guard
from tts_render.studio.journal import StaleError
from tts_render.studio.shelf import list_episodes
from tts_render.studio.stream import stream_from, wav

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from tts_render.speech.casting import Role
    from tts_render.studio.desk import Desk
    from tts_render.studio.guard import Keys
    from tts_render.studio.journal import Change
    from tts_render.studio.sheet import Sheet

__all__ = ["application"]

_BEAT = 15.0  # seconds between two signs of life in the stream of events
_WAITING = 1000  # events that a page may be behind; then it is told to look anew
_PAGES = {
    "index.html": "text/html; charset=utf-8",
    "studio.css": "text/css; charset=utf-8",
    "studio.js": "text/javascript; charset=utf-8",
    "list.js": "text/javascript; charset=utf-8",
    "episode.js": "text/javascript; charset=utf-8",
    "accents.js": "text/javascript; charset=utf-8",
    "player.js": "text/javascript; charset=utf-8",
    "talk.js": "text/javascript; charset=utf-8",
    "row.js": "text/javascript; charset=utf-8",
    "mend.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "elements.js": "text/javascript; charset=utf-8",
}
_FOLLOWS: dict[str, dict[str, str | None]] = {
    "voicevox": {"accents": None, "pitches": None, "lengths": None},
    "openjtalk": {
        "accents": None,
        "pitches": "Open JTalk decides pitches itself",
        "lengths": "Open JTalk decides lengths itself",
    },
    "kokoro": {
        "accents": "Kokoro takes kana without accents",
        "pitches": "Kokoro decides pitches itself",
        "lengths": "Kokoro decides lengths itself",
    },
}
"""What of a take each kind of engine follows; for the rest, why not."""


def application(desk: Desk, keys: Keys) -> ASGIApp:
    """The studio of a desk, guarded.

    Args:
        desk: what is worked on.
        keys: what a request has to know.
    """
    answers = _Answers(desk)
    app = Starlette(
        routes=[
            Route("/", answers.page),
            Route("/page/{name}", answers.page),
            Route("/api/events", answers.events),
            Route("/api/episodes", answers.episodes),
            Route("/api/undo", answers.undo, methods=["POST"]),
            Route("/api/redo", answers.redo, methods=["POST"]),
            Route("/api/sound/{path:path}", answers.sound),
            Route("/api/stream/{path:path}", answers.stream),
            Route("/api/phrases/{path:path}", answers.phrases),
            Route("/api/source/{path:path}", answers.source),
            Route("/api/line/{path:path}", answers.line, methods=["POST"]),
            Route("/api/take/{path:path}", answers.take, methods=["POST"]),
            Route("/api/kana/{path:path}", answers.kana, methods=["POST"]),
            Route("/api/episodes/{path:path}", answers.episode),
        ],
        exception_handlers={TtsRenderError: _failed, StaleError: _failed, Exception: _unforeseen},
    )
    return Guard(app, keys)


class _Answers:
    """One method for each address; what takes time runs in a thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request) -> Response:
        name = request.path_params.get("name", "index.html")
        if name not in _PAGES:
            return Response("There is no such page.\n", 404, media_type="text/plain")
        content = (files("tts_render.studio") / "page" / name).read_bytes()
        return Response(content, media_type=_PAGES[name])

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

    async def episodes(self, request: Request) -> Response:  # noqa: ARG002  # every answer is one to a request
        desk = self._desk
        found = await run_in_threadpool(list_episodes, desk.root, desk.session, voices=desk.voices)
        return JSONResponse({"root": desk.root.name, "episodes": [listed_facts(one, desk.root) for one in found]})

    async def episode(self, request: Request) -> Response:
        return await self._call(request, lambda path: {**self._desk.facts(path), **self._undoable()})

    async def sound(self, request: Request) -> Response:
        path = self._desk.path(request.path_params["path"])

        def make() -> bytes:
            sheet, index = self._line(request, path)
            master = sheet.episode.config.master
            clip = conform(self._desk.narrator.clip(sheet, index).load(), master.rate, 1)
            return b"".join(wav([clip.samples], rate=master.rate, channels=1))

        return Response(await run_in_threadpool(make), media_type="audio/wav")

    async def stream(self, request: Request) -> Response:
        desk = self._desk
        path = desk.path(request.path_params["path"])
        sheet, index = await run_in_threadpool(self._line, request, path)
        play = request.query_params.get("play", "")
        name = request.path_params["path"]

        def blocks() -> Iterator[bytes]:
            clips = sheet.clips(desk.session)
            desk.narrator.need(sheet, range(index, len(clips)), urgency=1)
            settings = sheet.episode.config.master
            try:
                mixed = stream_from(
                    sheet,
                    index,
                    whole=desk.whole(path, sheet, clips),
                    known=clips,
                    clip=lambda number: desk.narrator.clip(sheet, number),
                    heard=lambda heard: desk.say({"kind": "heard", "path": name, "play": play, **heard_facts(heard)}),
                )
                yield from wav(mixed, rate=settings.rate, channels=settings.channels)
                desk.say({"kind": "end", "path": name, "play": play})
            except TtsRenderError as error:
                desk.say({"kind": "stopped", "path": name, "play": play, "error": error_facts(error)})

        return StreamingResponse(blocks(), media_type="audio/wav")

    async def phrases(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            sheet, index = self._line(request, path)
            take = sheet.utterances[index].take
            return {
                **phrase_facts(self._desk.phrases(sheet, index), follows=_FOLLOWS[sheet.pool.identity.engine]),
                "given": [] if take is None else write_phrases(take.phrases),
                "intonation": 1.0 if take is None else take.intonation,
                "take": take is not None,
            }

        return await self._call(request, look)

    async def kana(self, request: Request) -> Response:
        asked = await _body(request)

        def spell(path: Path) -> dict[str, Any]:
            sheet, index = self._line(request, path)
            found = self._desk.spell(sheet, index, _text(asked, "kana"))
            return phrase_facts(found, follows=_FOLLOWS[sheet.pool.identity.engine])

        return await self._call(request, spell)

    async def source(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            sheet, index = self._line(request, path)
            line = sheet.utterances[index].line
            return {"line": line, "source": source_line(sheet.episode.script.path, line)}

        return await self._call(request, look)

    async def line(self, request: Request) -> Response:
        asked = await _body(request)

        def change(path: Path) -> dict[str, Any]:
            sheet = self._desk.sheet(path)
            script, number = sheet.episode.script.path, _whole(asked, "line")
            made = change_line(script, number, _text(asked, "before"), _text(asked, "after"))
            return self._make(path, f"{script.name}:{number}", made)

        return await self._call(request, change)

    async def take(self, request: Request) -> Response:
        asked = await _body(request)

        def change(path: Path) -> dict[str, Any]:
            sheet, index = self._line(request, path)
            try:
                phrases = read_phrases(asked, open_ends=True) if asked.get("accent_phrases") else ()
            except ValueError as error:
                raise InputError(str(error), path=path) from error
            intonation = asked.get("intonation", 1.0)
            if not isinstance(intonation, int | float) or not 0 <= intonation <= 10:
                raise InputError("intonation must be a number from 0 to 10", path=path)
            made = change_take(sheet, index, phrases=phrases, intonation=float(intonation))
            return self._make(path, sheet.utterances[index].text, made)

        return await self._call(request, change)

    async def undo(self, request: Request) -> Response:  # noqa: ARG002
        return await self._again(self._desk.journal.undo)

    async def redo(self, request: Request) -> Response:  # noqa: ARG002
        return await self._again(self._desk.journal.redo)

    async def _again(self, move: Callable[[], tuple[str, tuple[Path, ...]] | None]) -> Response:
        def moved() -> dict[str, Any]:
            done = move()
            if done is not None:
                self._desk.files_changed(done[1])
            return {"name": None if done is None else done[0], **self._undoable()}

        return JSONResponse(await run_in_threadpool(moved))

    async def _call(self, request: Request, call: Callable[[Path], dict[str, Any]]) -> Response:
        path = self._desk.path(request.path_params["path"])
        return JSONResponse(await run_in_threadpool(call, path))

    def _make(self, path: Path, name: str, change: Change) -> dict[str, Any]:
        """Change a file; what was changed is spoken at once."""
        desk = self._desk
        before = _said(desk.sheet(path))
        desk.journal.make(name, [change])
        sheet = desk.sheet(path, anew=True)
        new = [index for index, said in enumerate(_said(sheet)) if said not in before]
        facts = desk.changed(path)  # before anything is told of its lines, which may be new
        desk.narrator.need(sheet, new, urgency=0)
        return {**facts, **self._undoable()}

    def _undoable(self) -> dict[str, Any]:
        journal = self._desk.journal
        return {"undo": journal.undoable, "redo": journal.redoable}

    def _line(self, request: Request, path: Path) -> tuple[Sheet, int]:
        """The episode, and where in it the utterance stands that the request names.

        Raises:
            InputError: it is not in the episode any more.
        """
        sheet = self._desk.sheet(path)
        index = sheet.index(request.query_params.get("utterance", ""))
        if index is None:
            raise StaleError("this line is not there any more", path=path, remedy="Look at the new text.")
        return sheet, index


def _said(sheet: Sheet) -> list[tuple[str, Role]]:
    """What decides the sound of each line."""
    return [(utterance.wording, utterance.role) for utterance in sheet.utterances]


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


async def _body(request: Request) -> dict[str, Any]:
    try:
        value = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InputError("the request is not a JSON object")
    return value


def _text(asked: dict[str, Any], key: str) -> str:
    value = asked.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key} must be a text")
    return value


def _whole(asked: dict[str, Any], key: str) -> int:
    value = asked.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{key} must be a whole number")
    return value
