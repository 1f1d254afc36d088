"""A word for the dictionary: how it is read now, what an entry would change, how that sounds, and writing it."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from tts_render.ground.errors import InputError, OutsideSiteError, TtsRenderError
from tts_render.ground.messages import said
from tts_render.reading import Lexicon, read
from tts_render.run.journal import Change, StaleError
from tts_render.settings.config import packaged_config_path
from tts_render.settings.embedded import EMBEDDED
from tts_render.settings.lexicon import WORD_CLASSES, EntryError, make_entry, to_katakana
from tts_render.settings.lexicon_file import find_word, put_word
from tts_render.sound.audio import conform
from tts_render.studio.asking import answer, body, line_of, tell, text
from tts_render.studio.facts import error_facts
from tts_render.studio.stream import wav
from tts_render.studio.trying import Trying, with_entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from tts_render.engine.moras import AccentPhrase
    from tts_render.settings.lexicon import Entry
    from tts_render.settings.lexicon_file import WordEdit
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet
    from tts_render.studio.trying import Change as Tried
    from tts_render.studio.trying import Trial

__all__ = ["dictionary_routes"]

_LONGEST = 100  # characters of a word, and of its reading
_MOST_SHOWN = 50  # lines of one episode
_KEPT = 4  # trials whose lines can be heard


def dictionary_routes(desk: Desk) -> list[Route]:
    """Where a word is looked up, tried and written."""
    answers = _Dictionary(desk)
    return [
        Route("/api/word/{path:path}", answers.word),
        Route("/api/word/{path:path}", answers.save, methods=["POST"]),
        Route("/api/word-trial/{path:path}", answers.trial, methods=["POST"]),
        Route("/api/word-sound/{path:path}", answers.sound),
    ]


class _Dictionary:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._trying = Trying(desk)
        self._trials: dict[str, Trial] = {}
        self._numbers = itertools.count(1)

    async def word(self, request: Request) -> Response:
        surface = request.query_params.get("surface", "").strip()[:_LONGEST]

        def look(path: Path) -> dict[str, Any]:
            sheet, index = line_of(self._desk, request, path)
            config = sheet.episode.config
            found = find_word(config.path, self._desk.root, surface) if surface else None
            phrases, spoken = self._spoken(sheet, index, surface) if surface else ((), "")
            facts: dict[str, Any] = {
                "surface": surface,
                "entry": None,
                "reading": "".join(mora.text for one in phrases for mora in one.moras) or to_katakana(spoken),
                "accent": _accent(phrases),
                "carries": not isinstance(sheet.engines, TtsRenderError)
                and sheet.engines.identity.engine not in EMBEDDED,
            }
            if found is not None:
                entry, file, line = found
                facts["entry"] = {"reading": entry.reading, "accent": entry.accent, "class": entry.word_class}
                facts["place"] = {"file": file.name, "line": line}
            return facts

        return await answer(self._desk, request, look)

    async def trial(self, request: Request) -> Response:
        asked = await body(request)

        def look(path: Path) -> dict[str, Any]:
            surface, entry = _entry(asked)
            sheet = self._desk.fresh(path)
            edit = self._edit(sheet, surface, entry)
            config = with_entries(sheet.episode.config, edit.entries)
            trial = self._trying.trial(path, config, surface)
            number = str(next(self._numbers))
            self._trials[number] = trial
            for old in list(self._trials)[:-_KEPT]:
                self._trials.pop(old, None)
            return {"trial": number, **self._facts(path, trial), "changes": edit.before != edit.after}

        return await _told_with_field(self._desk, request, look)

    async def save(self, request: Request) -> Response:
        asked = await body(request)

        def change(path: Path) -> dict[str, Any]:
            surface, entry = _entry(asked)
            edit = self._edit(self._desk.fresh(path), surface, entry)
            own = edit.path != packaged_config_path()
            file = edit.path if own else self._desk.root / "voices.yaml"
            made = Change(file, edit.before if own else None, edit.after)
            name = f"{surface} = {entry.reading}" if entry else f"{surface} ="
            facts = self._desk.make(path, name, [made])
            self._desk.look_around()
            return facts

        return await _told_with_field(self._desk, request, change)

    async def sound(self, request: Request) -> Response:
        asked = request.query_params
        path = self._desk.path(request.path_params["path"])

        def make() -> bytes:
            trial = self._trials.get(asked.get("trial", ""))
            all_ = () if trial is None else (trial.here, *trial.others)
            tried = next((one for one in all_ if one is not None and one.path == path), None)
            sheet = None if tried is None else tried.after if asked.get("side") == "after" else tried.before
            index = None if sheet is None else sheet.index(asked.get("utterance", ""))
            if sheet is None or index is None:
                raise StaleError(said("was changed in the meantime"), path=path)
            rate = sheet.episode.config.master.rate
            clip = conform(self._desk.narrator.clip(sheet, index, quiet=True).load(), rate, 1)
            return b"".join(wav([clip.samples], rate=rate, channels=1))

        return Response(await run_in_threadpool(make), media_type="audio/wav")

    def _edit(self, sheet: Sheet, surface: str, entry: Entry | None) -> WordEdit:
        """The change of the lexicon's file.

        Raises:
            ConfigError: it cannot be made.
            OutsideSiteError: the file is not one of the site.
        """
        settings, root = sheet.episode.config.path, self._desk.root
        edit = put_word(settings, root, surface, entry)
        inside = os.path.realpath(edit.path).startswith(os.path.join(os.path.realpath(root), ""))  # noqa: PTH118
        if not (inside and edit.path.is_relative_to(root)) and edit.path != packaged_config_path():
            raise OutsideSiteError(
                said("lies outside of the site, so that it is not changed here"),
                path=edit.path,
                remedy=said("Change it in an editor."),
            )
        return edit

    def _spoken(self, sheet: Sheet, index: int, surface: str) -> tuple[tuple[AccentPhrase, ...], str]:
        """How the engine says a word alone, and what it is asked to say for it."""
        config = sheet.episode.config
        spoken = read(surface, Lexicon(config.lexicon), links=config.links).said
        try:
            return self._desk.pronounce(sheet, index, spoken), spoken
        except TtsRenderError:
            return (), spoken  # what is said of a word can be typed without an engine

    def _facts(self, path: Path, trial: Trial) -> dict[str, Any]:
        nothing = {"path": self._desk.name(path), "title": "", "count": 0, "lines": []}
        return {
            "here": nothing if trial.here is None else self._lines(trial.here),
            "others": [self._lines(other) for other in trial.others],
            "looked": trial.looked,
            "holding": trial.holding,
            "opened": trial.opened,
            "total": trial.total,
        }

    def _lines(self, tried: Tried) -> dict[str, Any]:
        """The lines of an episode that would sound otherwise."""
        lines = tried.lines()
        after = dict(zip(tried.after.ids, tried.after.utterances, strict=True))
        shown = []
        for index in lines[:_MOST_SHOWN]:
            utterance, number = tried.before.utterances[index], tried.before.ids[index]
            new = after.get(number)
            shown.append(
                {
                    "id": number,
                    "line": utterance.line,
                    "text": utterance.text,
                    "before": utterance.reading,
                    "after": None if new is None else new.reading,
                    "loses": utterance.take is not None and (new is None or new.take is None),
                }
            )
        return {"path": self._desk.name(tried.path), "title": tried.title, "count": len(lines), "lines": shown}


async def _told_with_field(desk: Desk, request: Request, call: Callable[[Path], dict[str, Any]]) -> Response:
    """What ``call`` says of an episode; where an entry is wrong, with the field that it is wrong in."""
    try:
        return await answer(desk, request, call)
    except EntryError as error:
        return tell(request, {"error": {**error_facts(error), "field": error.field}}, 422)


def _entry(asked: dict[str, Any]) -> tuple[str, Entry | None]:
    """The word and its entry that are asked for; no entry takes it out.

    Raises:
        EntryError: the lexicon cannot have it.
        InputError: the request is not as it must be.
    """
    surface = text(asked, "surface").strip()
    if asked.get("remove") is True:
        return surface, None
    reading, accent, word_class = text(asked, "reading").strip(), asked.get("accent"), text(asked, "class")
    if word_class not in WORD_CLASSES or not (accent is None or (type(accent) is int and 0 <= accent <= 99)):
        raise InputError(said("the request is not an entry"))
    for field, value in (("surface", surface), ("reading", reading)):
        if len(value) > _LONGEST or not value.isprintable():
            raise EntryError(said("must be at most {longest} printable characters", longest=_LONGEST), field)
    entry = make_entry(surface, reading, accent, word_class)
    return entry.surface, entry


def _accent(phrases: tuple[AccentPhrase, ...]) -> int | None:
    """The accent of a word that is one accent phrase; a phrase whose last mora has it may as well have none."""
    if len(phrases) != 1:
        return None
    return phrases[0].accent % len(phrases[0].moras)
