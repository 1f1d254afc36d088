"""The desk: the episodes that are open, the narrator who speaks them, and what happens, for everybody who looks."""

from __future__ import annotations

import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from tts_render.engine import load_engine
from tts_render.engine.base import KANA
from tts_render.episode.episode import open_config, open_episode
from tts_render.ground.errors import EngineError, EngineRefusedError, InputError, OutputError, TtsRenderError
from tts_render.ground.messages import said
from tts_render.reading.terms import shipped_terms
from tts_render.run.journal import Journal
from tts_render.script.attributes import parse_kana
from tts_render.site.folder import confine, find_site
from tts_render.speech.casting import Readings
from tts_render.speech.speaking import phrase
from tts_render.studio.facts import engine_facts, error_facts, progress_facts, sheet_facts, utterance_facts
from tts_render.studio.known_clips import KnownClips
from tts_render.studio.narrator import Narrator, Told
from tts_render.studio.opened import Opened
from tts_render.studio.precedence import Precedence
from tts_render.studio.press import Press, Progress
from tts_render.studio.shelf import Shelf
from tts_render.studio.stream import check_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from tts_render.engine.base import Identity
    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.mix.metering import Checked
    from tts_render.run.journal import Change
    from tts_render.run.session import Attended, Session
    from tts_render.speech.cache import CachedClip
    from tts_render.speech.casting import Role
    from tts_render.studio.sheet import Sheet

__all__ = ["Desk"]

R = TypeVar("R")

_MOST_WHOLES = 8  # episodes whose profile is kept: 2.9 MB an hour
_SOON_MEASURED = 200  # lines of an episode whose levels are known within a few seconds; longer ones begin without


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
        self.precedence = Precedence()
        self._engines = threading.Lock()
        self.clips = KnownClips(session.cache)
        readings = Readings()
        self._sheets = Opened(self.root, session, voices, readings)
        self.narrator = Narrator(session, self.clips, self._engines, self._told)
        self.shelf = Shelf(self.root, session, voices, readings)
        self.press = Press(session, self._engines, self.read, self._rendering)
        self._telling = threading.Lock()
        self._gone: set[tuple[str, ...]] = set()
        self._checking = threading.Lock()
        self._ahead = ThreadPoolExecutor(1, "levels")
        self._wholes: dict[Path, tuple[Sheet, tuple[CachedClip, ...], Checked]] = {}
        self._pages: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        self.narrator.__enter__()
        self.press.__enter__()
        self._later(self._warm_up)
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.shutdown(cancel_futures=True)
        self.press.__exit__()
        self.narrator.__exit__()

    def _warm_up(self) -> None:
        """Load what the first episode needs while the browser begins: the words, and the code that asks its engine."""
        shipped_terms()
        with suppress(TtsRenderError, ImportError):  # who opens an episode is told
            config = open_config(find_site(self.root / "_", self.root), self.voices)
            for target in self.session.targets(config.engines):
                load_engine(target)

    def path(self, name: str) -> Path:
        """The post or script of a name relative to the site.

        Raises:
            InputError: there is none, or it lies outside of the site.
        """
        site = find_site(self.root / "_", self.root)
        path = confine(site, self.root / name, what="the episode", source=self.root, line=None)
        if not path.is_file():
            raise InputError(said("is not there"), path=name)
        return path

    def read(self, path: Path) -> Episode:
        """An episode as its files are now; no engine is asked.

        Raises:
            TtsRenderError: it cannot be read.
        """
        return open_episode(path, site=self.root, voices=self.voices)

    def sheet(self, path: Path) -> Sheet:
        """An episode as it was read last; where its files cannot be read any more, as they were before.

        Raises:
            TtsRenderError: it was never read, and cannot be.
        """
        return self._sheets.get(path)

    def phrases(self, sheet: Sheet, index: int) -> tuple[AccentPhrase, ...]:
        """The accent phrases of a line as its engine says them, complete; empty from an engine that cannot tell.

        Raises:
            TtsRenderError: the engine cannot be asked.
        """
        utterance, style = sheet.utterances[index], sheet.direction(sheet.utterances[index]).style
        return sheet.pool.ask(lambda engine: engine.unfold(phrase(engine, utterance, style)))

    def spell(self, sheet: Sheet, index: int, kana: str) -> tuple[AccentPhrase, ...]:
        """The accent phrases of kana with accents, in the notation of VOICEVOX, as the engine of a line says them.

        Raises:
            InputError: it is no such kana.
            EngineError: the engine cannot be asked.
        """
        for part in re.split("[/、]", kana):
            try:
                parse_kana(part)
            except ValueError as error:
                raise InputError(
                    said(
                        "「{phrase}」: in each accent phrase, exactly one ' after the accented mora, and nothing but"
                        " kana beside it",
                        phrase=part or kana,
                    )
                ) from error
        return self.pronounce(sheet, index, KANA[0] + kana + KANA[1])

    def pronounce(self, sheet: Sheet, index: int, text: str) -> tuple[AccentPhrase, ...]:
        """The accent phrases of any text as the engine of a line says it; empty from an engine that cannot tell.

        Raises:
            InputError: the engine does not take the text.
            EngineError: the engine cannot be asked.
        """
        style = sheet.direction(sheet.utterances[index]).style
        try:
            return sheet.pool.ask(lambda engine: engine.unfold(engine.phrase(text, style)))
        except EngineRefusedError as error:
            raise InputError(error.message, path=error.engine) from error

    def fresh(self, path: Path) -> Sheet:
        """An episode as its files are now; pages are told if they have changed.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        if self._look(path):
            self.changed(path)
        return self.sheet(path)

    def holding_engines(self, call: Callable[[], R]) -> R:
        """What ``call`` returns, which asks the engines while nobody else does."""
        with self._engines:
            return call()

    def facts(self, path: Path) -> dict[str, Any]:
        """An episode as its files are now, as pages show it.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        if self._look(path):
            return self.changed(path)
        return self._facts(path)

    def _facts(self, path: Path) -> dict[str, Any]:
        sheet = self.sheet(path)
        return sheet_facts(sheet, sheet.clips(self.clips), self.root, problem=self._sheets.problem(path))

    def whole(self, path: Path, sheet: Sheet, clips: tuple[CachedClip | None, ...]) -> Checked | None:
        """The episode as it goes into the MP3; None while lines of it are still to be spoken.

        Of an episode that takes long to measure, None too until that is done, and it is begun.
        """
        there = tuple(clip for clip in clips if clip is not None)
        if len(there) < len(clips):
            return None
        if len(there) <= _SOON_MEASURED:
            return self._measured(path, sheet, there)
        known = self._wholes.get(path)
        if known is not None and known[0] is sheet and known[1] == there:
            return known[2]
        self._later(lambda: self._measured(path, sheet, there))
        return None

    def _measured(self, path: Path, sheet: Sheet, there: tuple[CachedClip, ...]) -> Checked:
        with self._checking:
            known = self._wholes.get(path)
            if known is None or known[0] is not sheet or known[1] != there:  # a pause is none of the clips
                known = sheet, there, check_whole(sheet, there)
                self._wholes.pop(path, None)
                self._wholes[path] = known
                for old in list(self._wholes)[:-_MOST_WHOLES]:
                    self._wholes.pop(old, None)
            return known[2]

    def prepare(self, path: Path) -> None:
        """Have the levels of an episode measured before somebody wants to hear it from a line on."""

        def measure() -> None:
            with suppress(TtsRenderError):  # who listens is told
                sheet = self.sheet(path)
                if len(sheet.ids) <= _SOON_MEASURED:
                    self.whole(path, sheet, sheet.clips(self.clips))

        self._later(measure)

    def _later(self, call: Callable[[], object]) -> None:
        """Have levels measured while other things are done; not when the studio was closed meanwhile."""
        with suppress(RuntimeError):  # the executor is shut down
            self._ahead.submit(call)

    def changed(self, path: Path) -> dict[str, Any]:
        """Have every page show an episode as it was read last; what they are told.

        Raises:
            TtsRenderError: as for :meth:`sheet`.
        """
        with self._telling:  # what is spoken meanwhile is told afterwards
            facts = {**self._facts(path), **self.undoable()}
            self.say({"kind": "episode", "path": self.name(path), "episode": facts})
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
        before = set(_sounds(self.sheet(path)))
        self.journal.make(name, changes)
        self._sheets.look(path)
        sheet = self.sheet(path)
        new = [index for index, sound in enumerate(_sounds(sheet)) if sound not in before]
        self.narrator.need(sheet, new, urgency=0)  # it is spoken while pages are told
        return self.changed(path)

    def undoable(self) -> dict[str, Any]:
        """What can be undone and done again."""
        return {"undo": self.journal.undoable, "redo": self.journal.redoable}

    def look_around(self) -> None:
        """Read those open episodes again whose files are not as they were, and have pages show them."""
        for path in self._sheets.paths():
            if self._look(path):
                self.changed(path)

    def _look(self, path: Path, *, anew: bool = False) -> bool:
        """Read an episode again if it is another one now, and let nothing be spoken that it does not say any more."""
        other = self._sheets.look(path, anew=anew)
        if other:
            self.narrator.need(self.sheet(path), (), urgency=0)
        return other

    def files_changed(self, paths: Collection[str]) -> None:
        """See what has become of the open episodes, now that files of the site have changed; tell that some have."""
        self.look_around()
        if paths:
            self.say({"kind": "files"})

    def not_watching(self, why: str) -> None:
        """Tell that changes of other programs are not noticed."""
        error = OutputError(
            said("changes of files are not noticed: {why}", why=why),
            path=self.root,
            remedy=said("Load the page again to see them."),
        )
        self.say({"kind": "trouble", "error": error_facts(error)})

    def attend(self) -> bool:
        """See whether the engines are there and what they were, and have pages told if not; whether all is well.

        While nobody looks, it is not asked.
        """
        if not self._pages:
            return True
        well = True
        for found in self.session.attend():
            gone = isinstance(found.now, EngineError)
            well = well and not gone
            if found.targets not in self._gone and not gone and _identity(found.before) == found.now:
                continue
            self._tell_of_engines(found)
        return well

    def _tell_of_engines(self, found: Attended) -> None:
        """Tell what has become of engines, and read open episodes anew where they can be connected anew."""
        was, now = _identity(found.before), found.now
        if isinstance(now, EngineError):
            if found.targets not in self._gone:
                self._gone.add(found.targets)
                if was is not None:  # else every episode says so itself
                    self.say({"kind": "engine", "error": error_facts(now)})
            return
        self._gone.discard(found.targets)
        self.session.forget(found.targets)
        for path in self._sheets.paths():
            self._look(path, anew=True)
            self.changed(path)
        changed = was is not None and was != now
        self.say(
            {
                "kind": "engine",
                "error": None,
                "was": engine_facts(was) if was and changed else None,
                "now": engine_facts(now),
            }
        )

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
        name = self.name(sheet.episode.path)
        if told.state == "speaking":
            line = utterance_facts(sheet, index, sheet.utterances[index], None)
            self.say({"kind": "utterance", "path": name, "utterance": {**line, "state": told.state}})
            return
        with self._telling:
            line = utterance_facts(sheet, index, sheet.utterances[index], sheet.clips_of((index,), self.clips)[0])
            if told.error is not None:
                line = {**line, "state": told.state, "error": error_facts(told.error)}
            self.say({"kind": "utterance", "path": name, "utterance": line})

    def _rendering(self, progress: Progress) -> None:
        name = self.name(progress.wish.path)
        self.say({"kind": "render", "path": name, "render": progress_facts(progress)})
        if progress.ended and progress.wish.path in self._sheets.paths():
            self.changed(progress.wish.path)  # its lines are spoken now

    def name(self, path: Path) -> str:
        """What pages call an episode: its path in the site."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def _identity(engines: Pool | EngineError) -> Identity | None:
    return None if isinstance(engines, EngineError) else engines.identity


def _sounds(sheet: Sheet) -> list[tuple[str, Role]]:
    """What decides the sound of each line."""
    return [(utterance.wording, utterance.role) for utterance in sheet.utterances]
