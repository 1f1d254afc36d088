"""What another lexicon changes: the lines of this and of other episodes that would sound otherwise."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.episode.episode import audio_target, open_episode, read_text, script_file
from tts_render.ground.errors import TtsRenderError
from tts_render.site.post import read_post
from tts_render.studio.sheet import open_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.settings.config import Config
    from tts_render.settings.lexicon import Entry
    from tts_render.studio.desk import Desk
    from tts_render.studio.sheet import Sheet
    from tts_render.studio.shelf import Listed

__all__ = ["Change", "Trial", "try_lexicon", "with_entries"]

_MOST_LOOKED = 1000  # posts whose texts are searched for the word
_MOST_OPENED = 25  # episodes that are read for it
_PATIENCE = 3.0  # seconds that all of this may take


@dataclass(frozen=True, slots=True)
class Change:
    """One episode, as it is and as it would be."""

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

    here: Change
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


def try_lexicon(desk: Desk, path: Path, config: Config, surface: str) -> Trial:
    """See what another lexicon changes.

    Args:
        desk: the desk.
        path: the episode that somebody looks at.
        config: the settings with that lexicon.
        surface: the only word that is another in it.

    Raises:
        TtsRenderError: this episode cannot be read, or the engine cannot be asked.
    """
    until = time.monotonic() + _PATIENCE
    sheet = desk.sheet(path)
    here = Change(path, sheet.episode.title, sheet, _tried(desk, sheet, config))
    listed = [one for one in desk.shelf.some()[0] if one.path != path]
    others: list[Change] = []
    looked = holding = opened = 0
    for one in listed[:_MOST_LOOKED]:
        if time.monotonic() > until:
            break
        looked += 1
        if not _holds(one, sheet, surface):
            continue
        holding += 1
        if opened == _MOST_OPENED:
            continue
        opened += 1
        change = _change(desk, one, sheet, config)
        if change is not None and change.lines():
            others.append(change)
    return Trial(here, tuple(others), looked, holding, opened, len(listed))


def _tried(desk: Desk, sheet: Sheet, config: Config) -> Sheet:
    episode = replace(sheet.episode, config=config)
    return desk.holding_engines(lambda: open_sheet(episode, desk.session, before=sheet))


def _change(desk: Desk, listed: Listed, sheet: Sheet, config: Config) -> Change | None:
    """Another episode; None where it cannot be read, which its own page says."""
    try:
        episode = open_episode(listed.path, site=desk.root, voices=desk.voices, config=sheet.episode.config)
        before = desk.holding_engines(lambda: open_sheet(episode, desk.session))
        return Change(listed.path, listed.title, before, _tried(desk, before, config))
    except TtsRenderError:
        return None


def _holds(listed: Listed, sheet: Sheet, surface: str) -> bool:
    """Whether the text of an episode has the word in it."""
    site, preset = sheet.episode.site, sheet.episode.config.preset
    try:
        post = read_post(listed.path, preset)
        file = script_file(post, site, audio_target(post, site))
        text = post.body if file is None else read_text(file)
    except TtsRenderError:
        return False
    return _alike(surface) in _alike(text)


def _alike(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
