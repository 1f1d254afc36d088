"""The desk: the episodes that are open, the narrator who speaks them, and what happens, for everybody who looks."""

from __future__ import annotations

import itertools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tts_render.engine.base import KANA
from tts_render.episode.episode import open_episode
from tts_render.ground.errors import InputError, TtsRenderError
from tts_render.run.journal import Journal
from tts_render.site.folder import confine, find_site
from tts_render.speech.speaking import phrase
from tts_render.studio.facts import error_facts, sheet_facts, utterance_facts
from tts_render.studio.narrator import Narrator, Told
from tts_render.studio.sheet import Sheet, open_sheet
from tts_render.studio.stream import check_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from tts_render.engine.moras import AccentPhrase
    from tts_render.mix.metering import Checked
    from tts_render.run.journal import Change
    from tts_render.run.session import Session
    from tts_render.speech.cache import CachedClip
    from tts_render.speech.casting import Role

__all__ = ["Desk"]


class Desk:
    """What the studio works on. Use it as a context manager; its methods may be called from any thread.

    Args:
        root: root of the site.
        session: engines and cache, for nothing but this.
        voices: the settings; None takes the site's, else the packaged ones.
    """

    def __init__(self, root: Path, session: Session, *, voices: Path | None = None) -> None:
        self.root = find_site(root / "_", root).root
        self.session = session
        self.voices = voices
        self.journal = Journal(session.folder, self.root)
        self._engines = threading.Lock()
        self.narrator = Narrator(session, self._engines, self._told)
        self._sheets: dict[Path, Sheet] = {}
        self._wholes: dict[Path, tuple[tuple[CachedClip, ...], Checked]] = {}
        self._opening = threading.Lock()
        self._pages: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        self.narrator.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.narrator.__exit__()

    def path(self, name: str) -> Path:
        """The post or script of a name relative to the site.

        Raises:
            InputError: there is none, or it lies outside of the site.
        """
        site = find_site(self.root / "_", self.root)
        path = confine(site, self.root / name, what="the episode", source=self.root, line=None)
        if not path.is_file():
            raise InputError("is not there", path=name)
        return path

    def sheet(self, path: Path, *, anew: bool = False) -> Sheet:
        """An episode as its files are now.

        Args:
            path: the post or script.
            anew: read the files again.

        Raises:
            TtsRenderError: it cannot be read, or no engine answers.
        """
        with self._opening:
            if anew or path not in self._sheets:
                episode = open_episode(path, site=self.root, voices=self.voices)
                with self._engines:
                    # Whoever looks again has perhaps started the engine meanwhile.
                    self.session.forget_failures()
                    self._sheets[path] = open_sheet(episode, self.session)
            return self._sheets[path]

    def phrases(self, sheet: Sheet, index: int) -> tuple[AccentPhrase, ...]:
        """The accent phrases of a line as its engine says them, complete; empty from an engine that cannot tell.

        Raises:
            TtsRenderError: the engine cannot be asked.
        """
        utterance, style = sheet.utterances[index], sheet.direction(sheet.utterances[index]).style
        with self._engines:
            ((_, answer),) = sheet.pool.run(
                [utterance], lambda engine, said: engine.unfold(phrase(engine, said, style))
            )
        if isinstance(answer, TtsRenderError):
            raise answer
        return answer

    def spell(self, sheet: Sheet, index: int, kana: str) -> tuple[AccentPhrase, ...]:
        """The accent phrases of kana with accents, in the notation of VOICEVOX, as the engine of a line says them.

        Raises:
            TtsRenderError: the engine cannot be asked, or it is no such kana.
        """
        style = sheet.direction(sheet.utterances[index]).style
        with self._engines:
            ((_, answer),) = sheet.pool.run(
                [kana], lambda engine, said: engine.unfold(engine.phrase(KANA[0] + said + KANA[1], style))
            )
        if isinstance(answer, TtsRenderError):
            raise answer
        return answer

    def facts(self, path: Path, *, anew: bool = True) -> dict[str, Any]:
        """An episode as the page shows it.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        sheet = self.sheet(path, anew=anew)
        return sheet_facts(sheet, sheet.clips(self.session), self.root)

    def whole(self, path: Path, sheet: Sheet, clips: tuple[CachedClip | None, ...]) -> Checked | None:
        """The episode as it goes into the MP3; None while lines of it are still to be spoken."""
        there = tuple(clip for clip in clips if clip is not None)
        if len(there) < len(clips):
            return None
        known = self._wholes.get(path)
        if known is None or known[0] != there:
            known = there, check_whole(sheet, there)
            self._wholes[path] = known
        return known[1]

    def changed(self, path: Path, *, anew: bool = False) -> dict[str, Any]:
        """Have every page show an episode as it is now.

        Args:
            path: the post or script.
            anew: read its files again.

        Returns:
            The episode, as pages show it.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        facts = self.facts(path, anew=anew)
        self.say({"kind": "episode", "path": self._name(path), "episode": facts})
        return facts

    def make(self, path: Path, name: str, changes: Sequence[Change]) -> dict[str, Any]:
        """Change files of an episode, and have spoken at once what sounds otherwise now.

        Args:
            path: the post or script.
            name: what is done, for people.
            changes: the files.

        Returns:
            The episode, as pages show it.

        Raises:
            StaleError: a file is not as it was.
            OutputError: a file cannot be written.
            TtsRenderError: as for :meth:`sheet`.
        """
        before = _said(self.sheet(path))
        self.journal.make(name, changes)
        sheet = self.sheet(path, anew=True)
        new = [index for index, said in enumerate(_said(sheet)) if said not in before]
        facts = self.changed(path)  # before anything is told of its lines, which may be new
        self.narrator.need(sheet, new, urgency=0)
        return {**facts, **self.undoable()}

    def undoable(self) -> dict[str, Any]:
        """What can be undone and done again."""
        return {"undo": self.journal.undoable, "redo": self.journal.redoable}

    def files_changed(self, paths: Iterable[Path]) -> None:
        """Read those open episodes again that are made of these files.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        real = set(paths)
        for path, sheet in list(self._sheets.items()):
            episode = sheet.episode
            if real & {episode.path, episode.script.path, episode.takes_file, episode.config.path}:
                self.changed(path, anew=True)

    def say(self, event: dict[str, Any]) -> None:
        """Tell every page."""
        for tell in list(self._pages.values()):
            tell(event)

    @contextmanager
    def told(self, tell: Callable[[dict[str, Any]], None]) -> Iterator[None]:
        """Have a page told what happens, in whichever thread it does; ``tell`` must not wait."""
        number = next(self._numbers)
        self._pages[number] = tell
        try:
            yield
        finally:
            del self._pages[number]

    def _told(self, told: Told) -> None:
        sheet, index = told.sheet, told.index
        found = sheet.clips_of((index,), self.session)[0]
        line = utterance_facts(sheet, index, sheet.utterances[index], found)
        if told.state != "spoken":
            line["state"] = told.state
        if told.error is not None:
            line["error"] = error_facts(told.error)
        self.say({"kind": "utterance", "path": self._name(sheet.episode.path), "utterance": line})

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def _said(sheet: Sheet) -> list[tuple[str, Role]]:
    """What decides the sound of each line."""
    return [(utterance.wording, utterance.role) for utterance in sheet.utterances]
