"""Hearing an episode: its lines, their sound, the stream from a line on, and how the engine says a line."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tts_render.engine.moras import write_phrases
from tts_render.episode.takes import Take
from tts_render.ground.errors import InputError, TtsRenderError
from tts_render.ground.messages import said
from tts_render.settings.embedded import EMBEDDED
from tts_render.sound.audio import conform
from tts_render.studio.asking import answer, body, going_away, line_of, phrases_of, text
from tts_render.studio.facts import error_facts, heard_facts, mora_facts, phrase_facts
from tts_render.studio.manners import FOLLOWS, is_marked, manner_facts
from tts_render.studio.ranges import ranged
from tts_render.studio.shapes import Shapes
from tts_render.studio.stream import stream_from, wav

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from starlette.requests import Request

    from tts_render.engine.moras import AccentPhrase
    from tts_render.speech.orders import ClipSource
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["hearing_routes"]


def hearing_routes(desk: Desk) -> list[Route]:
    """Where episodes are shown and heard."""
    answers = _Hearing(desk)
    return [
        Route("/api/sound/{path:path}", answers.sound),
        Route("/api/trial/{path:path}", answers.trial, methods=["POST"]),
        Route("/api/shapes/{path:path}", answers.shapes),
        Route("/api/stream/{path:path}", answers.stream),
        Route("/api/phrases/{path:path}", answers.phrases),
        Route("/api/manner/{path:path}", answers.manner),
        Route("/api/kana/{path:path}", answers.kana, methods=["POST"]),
        Route("/api/episodes/{path:path}", answers.episode),
    ]


_MOST_SHAPES = 60


class _Hearing:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shapes = Shapes()

    async def episode(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            facts = {**self._desk.facts(path), **self._desk.undoable()}
            self._desk.prepare(path)
            return facts

        return await answer(self._desk, request, look)

    async def sound(self, request: Request) -> Response:
        path = self._desk.path(request.path_params["path"])

        def make(gone: threading.Event) -> bytes:
            sheet, index = line_of(self._desk, request, path)
            clip = self._desk.narrator.clip(sheet, index, wanted=lambda: not gone.is_set())
            self._desk.prepare(path)
            return _wav(sheet, clip)

        async with going_away(request) as gone:
            return ranged(request, await run_in_threadpool(make, gone), media_type="audio/wav")

    async def trial(self, request: Request) -> Response:
        """The sound of a line with other accent phrases, and its moras. Nothing is saved but the clip in the cache.

        When these phrases are saved, be they a take or markup that reads so, that clip is found again.
        """
        path = self._desk.path(request.path_params["path"])

        def make(gone: threading.Event) -> Response:
            sheet, index = line_of(self._desk, request, path)
            phrases = phrases_of(asked, path)
            if not phrases:
                raise InputError(said("no accent_phrases"), path=path)
            tried = _with_phrases(sheet, index, phrases)
            clip = self._desk.narrator.clip(tried, index, quiet=True, wanted=lambda: not gone.is_set())
            moras = json.dumps(mora_facts(clip))  # in ASCII; 30 bytes each
            return Response(_wav(sheet, clip), media_type="audio/wav", headers={"X-Moras": moras})

        with self._desk.precedence.first():
            asked = await body(request)
            async with going_away(request) as gone:
                return await run_in_threadpool(make, gone)

    async def shapes(self, request: Request) -> Response:
        """How lines look that are spoken; of the others nothing."""
        wanted = request.query_params.get("lines", "").split(",")[:_MOST_SHAPES]

        def look(path: Path) -> dict[str, Any]:
            sheet = self._desk.sheet(path)
            there = {number: at for number in wanted if (at := sheet.index(number)) is not None}
            clips = sheet.clips_of(there.values(), self._desk.clips)
            return {
                number: self._shapes.of(clip) for number, clip in zip(there, clips, strict=True) if clip is not None
            }

        return await answer(self._desk, request, look)

    async def stream(self, request: Request) -> Response:
        desk = self._desk
        path = desk.path(request.path_params["path"])
        sheet, index = await run_in_threadpool(line_of, desk, request, path)
        play = request.query_params.get("play", "")
        opening = index == 0 and request.query_params.get("opening") == "1"
        name = request.path_params["path"]
        listener = secrets.token_hex(8)

        def blocks(gone: threading.Event) -> Iterator[bytes]:
            clips = sheet.clips(desk.clips)
            settings = sheet.episode.config.master

            def need(now: Sheet, first: int) -> None:
                desk.narrator.need(now, range(first, len(now.ids)), urgency=1, listener=listener)

            try:
                need(sheet, index)
                mixed = stream_from(
                    sheet,
                    index,
                    opening=opening,
                    whole=desk.whole(path, sheet, clips),
                    known=clips,
                    clip=partial(desk.narrator.clip, wanted=lambda: not gone.is_set(), listener=listener),
                    newest=lambda: desk.sheet(path),
                    followed=need,
                    heard=lambda heard: desk.say({"kind": "heard", "path": name, "play": play, **heard_facts(heard)}),
                )
                yield from wav(mixed, rate=settings.rate, channels=settings.channels)
                desk.say({"kind": "end", "path": name, "play": play})
            except TtsRenderError as error:
                desk.say({"kind": "stopped", "path": name, "play": play, "error": error_facts(error)})
            finally:
                desk.narrator.leave(listener)

        async def sounding() -> AsyncIterator[bytes]:
            async with going_away(request) as gone:
                async for block in iterate_in_threadpool(blocks(gone)):
                    yield block

        return StreamingResponse(sounding(), media_type="audio/wav")

    async def phrases(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            sheet, index = line_of(self._desk, request, path)
            take = sheet.utterances[index].take
            return {
                **phrase_facts(self._desk.phrases(sheet, index), follows=FOLLOWS[sheet.pool.identity.engine]),
                "given": [] if take is None else write_phrases(take.phrases),
                "take": take is not None,
                "marked": is_marked(sheet, index),
                # The others make another sound of their own phrases when these are given to them.
                "tries": sheet.pool.identity.engine not in EMBEDDED,
            }

        return await answer(self._desk, request, look)

    async def manner(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            return manner_facts(*line_of(self._desk, request, path))

        return await answer(self._desk, request, look)

    async def kana(self, request: Request) -> Response:
        asked = await body(request)

        def spell(path: Path) -> dict[str, Any]:
            sheet, index = line_of(self._desk, request, path)
            found = self._desk.spell(sheet, index, text(asked, "kana"))
            return phrase_facts(found, follows=FOLLOWS[sheet.pool.identity.engine])

        return await answer(self._desk, request, spell)


def _with_phrases(sheet: Sheet, index: int, phrases: Sequence[AccentPhrase]) -> Sheet:
    """The episode with one line said otherwise."""
    line = sheet.utterances[index]
    intonation = 1.0 if line.take is None else line.take.intonation
    take = Take("", line.line, line.text, line.reading, line.voice, line.style, tuple(phrases), intonation)
    utterances = (*sheet.utterances[:index], replace(line, take=take), *sheet.utterances[index + 1 :])
    return replace(sheet, utterances=utterances)


def _wav(sheet: Sheet, clip: ClipSource) -> bytes:
    """The sound of a line as a file."""
    rate = sheet.episode.config.master.rate
    return b"".join(wav([conform(clip.load(), rate, 1).samples], rate=rate, channels=1))
