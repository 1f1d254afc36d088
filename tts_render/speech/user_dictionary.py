"""The project's lexicon in the user dictionaries of engines: compare and push."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.engine.voicevox.dictionary import (
    PRIORITIES,
    is_said,
    own_words,
    questions,
    read_word,
    read_words,
    to_word,
    word_id,
)
from tts_render.engine.voicevox.http import EngineHttp, Patience
from tts_render.ground.errors import EngineRefusedError, EngineReplyError
from tts_render.ground.messages import said
from tts_render.reading.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from tts_render.settings.lexicon import Entry

__all__ = ["Difference", "Pushed", "UserDictionary", "compare"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a push would change in a user dictionary."""

    add: tuple[Entry, ...]
    change: tuple[Entry, ...]
    remove: Mapping[str, str]
    """Surfaces of our own words that are no longer in the lexicon, by id."""

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.add or self.change or self.remove)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did."""

    done: Difference
    raised: Mapping[str, int]
    """New priorities, by surface, of words that lost with a lower one."""
    lost: tuple[Entry, ...]
    """Words that the engine reads differently all the same; a run sends them as kana with their accent."""


def compare(entries: Iterable[Entry], dictionary: Mapping[str, Mapping[str, object]]) -> Difference:
    """Compare the lexicon's entries that have an accent with our words in a user dictionary."""
    ours = {number.lower(): word for number, word in own_words(dictionary).items()}
    add: list[Entry] = []
    change: list[Entry] = []
    wanted: set[str] = set()
    for entry in entries:
        number = word_id(entry.surface)
        if number in wanted:
            continue
        wanted.add(number)
        if number not in ours:
            add.append(entry)
        elif (
            read_word(ours[number]) != replace(entry, surface=normalise(entry.surface))
            or ours[number].get("priority", PRIORITIES[0]) not in PRIORITIES
        ):
            change.append(entry)
    remove = {number: normalise(str(word["surface"])) for number, word in ours.items() if number not in wanted}
    return Difference(tuple(add), tuple(change), remove)


class UserDictionary:
    """The user dictionary of one engine, shared by all its clients.

    Args:
        url: where the engine listens.
        patience: how long to wait for it and how often to ask.

    Raises:
        EngineError: ``url`` is not an http or https URL.
    """

    def __init__(self, url: str, *, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._http = EngineHttp(url, self._patience, sleep=time.sleep, clock=time.monotonic)
        self._engine = VoicevoxEngine(url, patience=self._patience)
        self.label = self._http.label

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._engine.close()

    def wait(self, seconds: float) -> None:
        """Wait at most ``seconds`` for the engine to answer.

        Raises:
            EngineUnreachableError: it does not answer in time.
        """
        self._http.wait(seconds)

    def words(self) -> dict[str, dict[str, object]]:
        """All words in it by id, including those of others.

        Raises:
            EngineError: it cannot be reached, or has no user dictionary.
        """
        try:
            return self._http.get_json("/user_dict", read_words)
        except EngineRefusedError as error:
            raise self._without(error.message) from error

    def foreign(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """The words that the lexicon has not, or not as they are here, by surface."""
        known = {replace(entry, surface=normalise(entry.surface)) for entry in entries}
        found = {read_word(word) for word in self.words().values()}
        return tuple(sorted((entry for entry in found if entry and entry not in known), key=lambda e: e.surface))

    def losing(self, entries: Iterable[Entry]) -> tuple[Entry, ...]:
        """Return those of ``entries`` that are in the dictionary but that the engine says differently all the same.

        Raises:
            EngineError: it cannot be asked.
        """
        identity = self._engine.identify()
        if not identity.styles:
            return ()
        style = identity.styles[0].id
        normal = {replace(entry, surface=normalise(entry.surface)): entry for entry in entries}
        return tuple(
            entry
            for word, entry in normal.items()
            if word in identity.words
            and not is_said(word, *(self._engine.phrase(text, style).kana for text in questions(word)))
        )

    def push(self, entries: Iterable[Entry]) -> Pushed:
        """Make our words in it equal to the lexicon; words of others stay as they are.

        Then the engine is asked for each word, and one that is not said as it should be gets a higher priority.

        Raises:
            EngineError: it cannot be reached, or does not accept changes.
        """
        wanted = tuple(entries)
        found = self.words()
        todo = compare(wanted, found)
        ours = own_words(found)
        now = {number.lower(): int(str(word.get("priority", PRIORITIES[0]))) for number, word in ours.items()}
        now |= dict.fromkeys((word_id(entry.surface) for entry in (*todo.add, *todo.change)), PRIORITIES[0])
        self._import({word_id(entry.surface): to_word(entry) for entry in (*todo.add, *todo.change)})
        for number in todo.remove:
            self._change("DELETE", f"/user_dict_word/{number}", {}, None)
        raised: dict[str, int] = {}
        lost = self.losing(wanted)
        for priority in PRIORITIES[1:]:
            low = [entry for entry in lost if now.get(word_id(entry.surface), priority) < priority]
            if not low:
                continue
            self._import({word_id(entry.surface): to_word(entry, priority) for entry in low})
            raised |= {entry.surface: priority for entry in low}
            now |= dict.fromkeys((word_id(entry.surface) for entry in low), priority)
            lost = self.losing(wanted)
        return Pushed(todo, raised, lost)

    def _import(self, words: Mapping[str, Mapping[str, object]]) -> None:
        if words:
            self._change("POST", "/import_user_dict", {"override": "true"}, words)

    def _change(self, method: str, path: str, params: dict[str, str | int], body: object) -> None:
        try:
            self._ask(method, path, params, body)
        except EngineRefusedError as error:
            raise EngineReplyError(
                said("does not accept words: {message}", message=error.message),
                engine=self.label,
                status=error.status,
                remedy=said("An engine that was started with --disable_mutable_api cannot be changed."),
            ) from error

    def _ask(self, method: str, path: str, params: dict[str, str | int], body: object) -> None:
        def work(stretch: float) -> bytes:
            return self._http.ask(
                "DELETE" if method == "DELETE" else "POST",
                path,
                seconds=self._patience.query * stretch,
                params=params,
                body=body,
            )

        self._http.patiently(path, work)

    def _without(self, why: str) -> EngineReplyError:
        return EngineReplyError(
            said("has no user dictionary: {why}", why=why),
            engine=self.label,
            remedy=said("A VOICEVOX engine usually listens on http://127.0.0.1:50021; name it with --engine."),
        )
