"""Mending a line: its text, how it is said, its voice and its pauses; and undoing what was done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from tts_render.ground.errors import InputError
from tts_render.ground.messages import said
from tts_render.run.rereading import Rewording, Silence
from tts_render.script import Manner
from tts_render.studio.asking import answer, body, in_time, line_of, phrases_of, tell, text, whole
from tts_render.studio.edits import change_line, change_text, change_wording, find_again, say_line, source_line
from tts_render.studio.facts import error_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from tts_render.run.journal import Moved
    from tts_render.studio.desk import Desk
    from tts_render.studio.edits import Edit
    from tts_render.studio.sheet import Sheet

__all__ = ["mending_routes"]

R = TypeVar("R")

_SCALES = {"speed": (0.2, 5.0), "pitch": (-12.0, 12.0), "volume": (0.0, 8.0)}
"""What of a line's manner the script can say, and how much of it: factors, and semitones."""
_NAMES = {
    "speed": said("speed"),
    "pitch": said("pitch"),
    "volume": said("volume"),
    "before": said("pause before"),
    "after": said("pause after"),
}
"""What is changed, in words."""
_LONGEST_PAUSE = 60.0
_COURTESY = 2.0  # seconds that saving waits for the sound of what is saved
_SHOWN = 24  # characters of a line in the name of a change


def mending_routes(desk: Desk) -> list[Route]:
    """Where lines are changed, and changes undone."""
    answers = _Mending(desk)
    return [
        Route("/api/undo", answers.undo, methods=["POST"]),
        Route("/api/redo", answers.redo, methods=["POST"]),
        Route("/api/source/{path:path}", answers.source),
        Route("/api/line/{path:path}", answers.line, methods=["POST"]),
        Route("/api/take/{path:path}", answers.take, methods=["POST"]),
        Route("/api/manner/{path:path}", answers.manner, methods=["POST"]),
    ]


class _Mending:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def source(self, request: Request) -> Response:
        def look(path: Path) -> dict[str, Any]:
            def found(sheet: Sheet, index: int) -> dict[str, Any]:
                return {"line": sheet.utterances[index].line, "source": source_line(sheet, index)}

            return self._on(path, *line_of(self._desk, request, path), found)

        return await answer(self._desk, request, look)

    async def line(self, request: Request) -> Response:
        asked = await body(request)
        number, before, after = whole(asked, "line"), text(asked, "before"), text(asked, "after")

        def change(path: Path) -> dict[str, Any]:
            sheet = self._desk.sheet(path)
            if sheet.is_deck:
                return self._make(request, path, said("change of text"), partial(change_text, text=after))
            name = _named(said("change of text") if after else said("taken out"), number, before)
            return in_time(
                self._desk, path, sheet, lambda now: self._done(path, name, change_line(now, number, before, after))
            )

        return await answer(self._desk, request, change)

    async def take(self, request: Request) -> Response:
        asked = await body(request)

        def change(path: Path) -> dict[str, Any]:
            phrases = phrases_of(asked, path)
            self._desk.precedence.give_way(_COURTESY)

            def say(sheet: Sheet, index: int) -> Edit:
                return say_line(sheet, index, self._desk.session, phrases=phrases, intonation=None)

            return self._make(request, path, said("accents"), say)

        return await answer(self._desk, request, change)

    async def manner(self, request: Request) -> Response:
        asked = await body(request)
        what, wanted = _wish(asked)

        def say(sheet: Sheet, index: int) -> Edit:
            if isinstance(wanted, float):
                return say_line(sheet, index, self._desk.session, phrases=None, intonation=wanted)
            return change_wording(sheet, index, wanted(sheet, index), what)

        return await answer(self._desk, request, lambda path: self._make(request, path, what, say))

    async def undo(self, request: Request) -> Response:
        return await self._again(request, self._desk.journal.undo)

    async def redo(self, request: Request) -> Response:
        return await self._again(request, self._desk.journal.redo)

    async def _again(self, request: Request, move: Callable[[], Moved | None]) -> Response:
        def moved() -> dict[str, Any]:
            done = move()
            if done is not None:
                self._desk.look_around()
            return {
                "name": None if done is None else done.name,
                "passed": []
                if done is None
                else [{"name": name, "error": error_facts(error)} for name, error in done.passed],
                **self._desk.undoable(),
            }

        return tell(request, await run_in_threadpool(moved))

    def _make(self, request: Request, path: Path, what: str, call: Callable[[Sheet, int], Edit]) -> dict[str, Any]:
        """Make an edit of the line that a request names, where it stands now."""

        def make(sheet: Sheet, index: int) -> dict[str, Any]:
            utterance = sheet.utterances[index]
            return self._done(path, _named(what, utterance.line, utterance.text), call(sheet, index))

        return self._on(path, *line_of(self._desk, request, path), make)

    def _on(self, path: Path, sheet: Sheet, index: int, call: Callable[[Sheet, int], R]) -> R:
        """What ``call`` makes of a line; where the files were changed meanwhile, of the same line in the new ones."""
        return in_time(
            self._desk, path, sheet, lambda now: call(now, index if now is sheet else find_again(sheet, index, now))
        )

    def _done(self, path: Path, name: str, edit: Edit) -> dict[str, Any]:
        return {**self._desk.make(path, name, edit.changes), "saved": edit.saved}


def _named(what: str, line: int, shown: str) -> str:
    """What undoing is called: what was done, and to which line."""
    short = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    return said("{what}, line {line}: {text}", what=what, line=line, text=short)


def _wish(asked: dict[str, Any]) -> tuple[str, float | Callable[[Sheet, int], Rewording]]:
    """What a request wants of a line, in words and as a function of the line; a number is its intonation.

    Raises:
        InputError: it wants nothing, or too much.
    """
    match sorted(asked):
        case ["intonation"]:
            return said("intonation"), _number(asked, "intonation", 0.0, 10.0)
        case [("speed" | "pitch" | "volume") as name]:
            value = _number(asked, name, *_SCALES[name])
            return _NAMES[name], lambda sheet, index: Rewording(
                0, factor=_factor(sheet.utterances[index].manner, name, value)
            )
        case ["style", "voice"]:
            voice = text(asked, "voice")
            style = None if asked["style"] is None else text(asked, "style")
            return said("voice"), lambda _, __: Rewording(0, voice=(voice, style))
        case [("before" | "after") as side]:
            silence = Silence(None if asked[side] is None else _number(asked, side, 0.0, _LONGEST_PAUSE))
            wish = Rewording(0, before=silence) if side == "before" else Rewording(0, after=silence)
            return _NAMES[side], lambda _, __: wish
        case ["out"]:
            return said("leaving out"), lambda _, __: Rewording(0, out=True)
    raise InputError(said("the request must name one thing that is to be changed"))


def _factor(now: Manner, name: str, wanted: float) -> Manner:
    """How a manner changes if one of its scales becomes another."""
    if name == "pitch":
        return Manner(pitch=wanted / 12 - now.pitch)
    if name == "speed":
        return Manner(speed=wanted / now.speed)
    if not now.volume:
        raise InputError(said("its volume is 0 in the script"), remedy=said("Change that in an editor."))
    return Manner(volume=wanted / now.volume)


def _number(asked: dict[str, Any], key: str, least: float, most: float) -> float:
    value = asked[key]
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise InputError(said("{key} must be a number from {least:g} to {most:g}", key=key, least=least, most=most))
    return float(value)
