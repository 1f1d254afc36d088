"""The open episodes: each is read again, and no more of it than needed, where one of its files is not as it was."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.episode.episode import open_episode
from tts_render.episode.takes import read_takes
from tts_render.ground.errors import TtsRenderError
from tts_render.studio.sheet import open_sheet
from tts_render.studio.sources import sources, stamps

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.run.session import Session
    from tts_render.speech.casting import Readings
    from tts_render.studio.sheet import Sheet
    from tts_render.studio.sources import Stamp

__all__ = ["Opened"]

_MOST = 24  # episodes that are kept open
_TICK_NS = 10_000_000  # by which the clock of a file system may lag


@dataclass(frozen=True, slots=True)
class _Open:
    sheet: Sheet
    stamps: dict[Path, Stamp | None]
    """How its files were when they were read."""
    problem: TtsRenderError | None = None
    """Why they cannot be read any more."""


class Opened:
    """The episodes that somebody has looked at. It may be used from any thread.

    Args:
        root: root of the site.
        session: engines and cache.
        voices: the settings; None takes the site's, else the packaged ones.
        readings: what is known of earlier casts.
    """

    def __init__(self, root: Path, session: Session, voices: Path | None, readings: Readings) -> None:
        self._root = root
        self._session = session
        self._voices = voices
        self._open: dict[Path, _Open] = {}
        self._reading = threading.Lock()
        self._readings = readings

    def paths(self) -> tuple[Path, ...]:
        """The open episodes, the one looked at last first."""
        return tuple(reversed(self._open))

    def get(self, path: Path) -> Sheet:
        """An episode as it was read last.

        Raises:
            TtsRenderError: it was never read, and cannot be.
        """
        with self._reading:
            if path not in self._open:
                self._read(path, None, {})
            found = self._open.pop(path)
            self._open[path] = found
            return found.sheet

    def problem(self, path: Path) -> TtsRenderError | None:
        """Why an open episode cannot be read as its files are now; None if it can."""
        found = self._open.get(path)
        return None if found is None else found.problem

    def look(self, path: Path, *, anew: bool = False) -> bool:
        """Read an episode if it was never read, or again if its files are not as they were; whether it is another now.

        Args:
            path: the post or script.
            anew: read it again in any case.

        Raises:
            TtsRenderError: it was never read, and cannot be.
        """
        with self._reading:
            known = self._open.get(path)
            now = {} if known is None else stamps(known.stamps)
            if known is not None and now == known.stamps and not anew:
                return False
            self._read(path, known, now)
            return known is not None

    def _read(self, path: Path, known: _Open | None, now: dict[Path, Stamp | None]) -> None:
        began = time.time_ns() - _TICK_NS
        try:
            found = self._opened(path, known, now)
        except TtsRenderError as error:
            if known is None:
                raise
            self._open[path] = replace(known, stamps=now, problem=error)
            return
        if known is None and any(stamp and stamp.changed_ns >= began for stamp in found.stamps.values()):
            # A file may have been changed after it was read and before it was looked at.
            found = self._opened(path, found, dict(found.stamps))
        self._open[path] = found
        for old in list(self._open)[:-_MOST]:
            del self._open[old]

    def _opened(self, path: Path, known: _Open | None, now: dict[Path, Stamp | None]) -> _Open:
        episode, same = self._episode(path, known, now)
        before = known.sheet if known and same else None
        sheet = open_sheet(episode, self._session, readings=self._readings, before=before)
        files = sources(episode)
        return _Open(sheet, {**stamps(file for file in files if file not in now),
                             **{file: now[file] for file in files if file in now}})  # fmt: skip

    def _episode(self, path: Path, known: _Open | None, now: dict[Path, Stamp | None]) -> tuple[Episode, bool]:
        """The episode, and whether its sounds and slides are those that it had."""
        if known is None:
            return open_episode(path, site=self._root, voices=self._voices), False
        before = known.sheet.episode
        changed = {file for file, stamp in now.items() if stamp != known.stamps[file]}
        if known.problem is None and changed <= {before.takes_file}:
            return replace(before, takes=read_takes(before.takes_file)), True
        text = {before.path, before.script.path, before.takes_file} - {before.deck}
        settled = changed <= text and known.problem is None
        episode = open_episode(
            path, site=self._root, voices=self._voices, config=before.config if settled else None
        )  # fmt: skip
        return episode, settled
