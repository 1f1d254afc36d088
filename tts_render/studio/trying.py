"""What another lexicon changes: the lines of this and of other episodes that would sound otherwise."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.episode.episode import audio_target, open_episode, read_text, script_file
from tts_render.ground.errors import ScriptError, TtsRenderError
from tts_render.site.post import read_post
from tts_render.studio.sheet import open_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.settings.config import Config
    from tts_render.settings.lexicon import Entry
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet

__all__ = ["Change", "Trial", "Trying", "with_entries"]

_MOST_LOOKED = 1000  # posts whose texts are searched for the word
_MOST_OPENED = 25  # episodes that are read for it
_PATIENCE = 3.0  # seconds that all of this may take
_FRESH = 30.0  # seconds for which a text is remembered, while somebody types


@dataclass(frozen=True, slots=True)
class Change:
    """Those lines of one episode that have the word in them, as they are and as they would be."""

    path: Path
    title: str
    before: Sheet
    after: Sheet

    def lines(self) -> tuple[int, ...]:
        """The lines that would sound otherwise, by their places before."""
        now = dict(zip(self.after.ids, self.after.utterances, strict=True))
        return tuple(
            index
            for index, (number, said) in enumerate(zip(self.before.ids, self.before.utterances, strict=True))
            if number not in now or (said.wording, said.role) != (now[number].wording, now[number].role)
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """What a lexicon would change."""

    here: Change | None
    """Of the episode that somebody looks at; None if no line of it has the word."""
    others: tuple[Change, ...]
    """Other episodes of which lines change, the newest first."""
    looked: int
    """How many other episodes were searched for the word, the newest first."""
    holding: int
    """How many of them hold it."""
    opened: int
    """How many of those were read."""
    total: int
    """How many other episodes the site has."""


def with_entries(config: Config, entries: Iterable[Entry]) -> Config:
    """The settings with another lexicon."""
    known = tuple(entries)
    return replace(
        config,
        lexicon={entry.surface: entry.reading for entry in known},
        words=tuple(entry for entry in known if entry.accent is not None),
    )


class Trying:
    """Tries lexicons on the episodes of a desk, and remembers their texts for a while."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._texts: dict[Path, tuple[float, str]] = {}

    def trial(self, path: Path, config: Config, surface: str) -> Trial:
        """See what another lexicon changes.

        Args:
            path: the episode that somebody looks at.
            config: the settings with that lexicon.
            surface: the only word that is another in it.

        Raises:
            TtsRenderError: this episode cannot be read, or the engine cannot be asked.
        """
        until = time.monotonic() + _PATIENCE
        episode = self._desk.sheet(path).episode
        here = self._change(episode, config, surface)
        listed = [one for one in self._desk.shelf.some()[0] if one.path != path]
        others: list[Change] = []
        looked = holding = opened = 0
        for one in listed[:_MOST_LOOKED]:
            if time.monotonic() > until:
                break
            looked += 1
            if _alike(surface) not in self._text(one.path, episode):
                continue
            holding += 1
            if opened == _MOST_OPENED:
                continue
            opened += 1
            try:
                other = open_episode(one.path, site=self._desk.root, voices=self._desk.voices, config=episode.config)
                change = self._change(other, config, surface)
            except TtsRenderError:
                continue  # its own page says why
            if change is not None and change.lines():
                others.append(change)
        return Trial(here, tuple(others), looked, holding, opened, len(listed))

    def _change(self, episode: Episode, config: Config, surface: str) -> Change | None:
        """What becomes of the lines that have the word in them; None if there are none."""
        lines = tuple(line for line in episode.script.lines if _alike(surface) in _alike(line.text))
        if not lines:
            return None
        now = replace(episode, script=replace(episode.script, items=lines))
        then = replace(now, config=config)

        def both() -> Change:
            before = open_sheet(now, self._desk.session)
            return Change(episode.path, episode.title, before, open_sheet(then, self._desk.session, before=before))

        try:
            return self._desk.holding_engines(both)
        except ScriptError:
            return None  # nothing of them is said

    def _text(self, path: Path, like: Episode) -> str:
        """What is searched of an episode of the same site; empty if it cannot be read."""
        read, text = self._texts.get(path, (0.0, ""))
        if time.monotonic() - read < _FRESH and read:
            return text
        try:
            post = read_post(path, like.config.preset)
            file = script_file(post, like.site, audio_target(post, like.site))
            text = _alike(post.body if file is None else read_text(file))
        except TtsRenderError:
            text = ""
        self._texts[path] = time.monotonic(), text
        return text


def _alike(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
