"""The narrator: speaks lines in the background, what is needed soonest first."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tts_render.ground.errors import EngineError, SpeechError, TtsRenderError
from tts_render.ground.messages import said
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import Found, speak

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tts_render.run.session import Session
    from tts_render.speech.orders import ClipSource
    from tts_render.studio.known_clips import KnownClips
    from tts_render.studio.sheet import Sheet

__all__ = ["Narrator", "Told"]

_GLANCE = 0.1  # seconds until it is noticed that nobody waits any more
_LAST = 9  # urgency of what nobody waits for


@dataclass(frozen=True, slots=True)
class Told:
    """What has become of one utterance."""

    sheet: Sheet
    index: int
    state: str
    """``speaking``, ``spoken`` or ``failed``."""
    error: TtsRenderError | None = None


@dataclass(slots=True)
class _Job:
    sheet: Sheet
    index: int
    urgency: int
    number: int
    listeners: set[str] | None = None
    """Who hears the episode and will come to it, if nobody else wants it; None if it is wanted whoever listens."""
    quiet: bool = False
    waiting: int = 0
    done: bool = False
    clip: ClipSource | None = None
    error: TtsRenderError | None = None


class Narrator:
    """Speaks with the engines of one session. Use it as a context manager.

    Args:
        session: engines and cache.
        clips: what is in the cache.
        engines: held while they speak; whoever else asks them holds it too.
        tell: told what becomes of each utterance, in the narrator's thread.
    """

    def __init__(
        self, session: Session, clips: KnownClips, engines: threading.Lock, tell: Callable[[Told], None]
    ) -> None:
        self._session = session
        self._clips = clips
        self._engines = engines
        self._tell = tell
        self._jobs: dict[tuple[int, int], _Job] = {}
        self._changed = threading.Condition()
        self._count = 0
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="narrator", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()

    def need(self, sheet: Sheet, indexes: Iterable[int], *, urgency: int, listener: str | None = None) -> None:
        """Have utterances spoken.

        Args:
            sheet: the episode as it is now; utterances of the sheet that it had before are forgotten, unless somebody
                waits for them.
            indexes: in the order in which they are wanted.
            urgency: the smallest comes first; 0 for what somebody waits for.
            listener: who will come to them; see :meth:`leave`. None for what is to be spoken whoever listens.
        """
        with self._changed:
            for key, job in list(self._jobs.items()):
                if _same(job.sheet, sheet) and job.sheet is not sheet and not job.waiting:
                    del self._jobs[key]
            for index in indexes:
                self._want(sheet, index, urgency, listener)

    def leave(self, listener: str) -> None:
        """Forget what only this listener wanted: who has gone does not come to it any more."""
        with self._changed:
            for key, job in list(self._jobs.items()):
                if job.listeners is None or listener not in job.listeners:
                    continue
                job.listeners.discard(listener)
                if not job.listeners and not job.waiting:
                    del self._jobs[key]

    def clip(
        self,
        sheet: Sheet,
        index: int,
        *,
        quiet: bool = False,
        wanted: Callable[[], bool] = lambda: True,
        listener: str | None = None,
    ) -> ClipSource:
        """The sound of an utterance, as soon as it is there.

        Args:
            sheet: the episode.
            index: of the utterance.
            quiet: tell nobody, since the sheet is not the one that pages show.
            wanted: whether somebody still waits; if not, everything else is spoken first, and this not at all if it is
                quiet.
            listener: as for :meth:`need`.

        Raises:
            TtsRenderError: it cannot be spoken, or nobody waits any more.
        """
        (found,) = sheet.clips_of((index,), self._clips)
        if found is not None:
            return found
        with self._changed:
            job = self._want(sheet, index, 0, listener)
            job.quiet = quiet
            job.waiting += 1
            while not job.done and not self._ended and wanted():
                self._changed.wait(_GLANCE)
            job.waiting -= 1
            if not job.waiting and not job.done:
                job.urgency = _LAST
                if quiet:  # nor will anybody else want it
                    self._jobs.pop(_key(sheet, index), None)
        if job.clip is None:
            raise job.error or SpeechError(said("the studio is closed"), (), path=sheet.lines.script.path)
        return job.clip

    def _want(self, sheet: Sheet, index: int, urgency: int, listener: str | None = None) -> _Job:
        """The job that speaks an utterance, as urgent as whoever wants it most."""
        self._count += 1
        fresh = _Job(sheet, index, urgency, self._count, None if listener is None else set())
        job = self._jobs.setdefault(_key(sheet, index), fresh)
        if listener is None:
            job.listeners = None
        elif job.listeners is not None:
            job.listeners.add(listener)
        if urgency < job.urgency:
            job.urgency, job.number = urgency, self._count
        self._changed.notify_all()
        return job

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ended and not self._jobs:
                    self._changed.wait()
                if self._ended:
                    return
                job = min(self._jobs.values(), key=lambda job: (job.urgency, job.number))
            told = self._speak(job)
            with self._changed:
                self._end(job)
                if isinstance(job.error, EngineError):  # nor would it speak the others
                    for other in list(self._jobs.values()):
                        other.error = job.error
                        self._end(other)
                self._changed.notify_all()
            if told is not None and not job.quiet:
                self._tell(told)

    def _end(self, job: _Job) -> None:
        job.done = True
        self._jobs.pop(_key(job.sheet, job.index), None)

    def _speak(self, job: _Job) -> Told | None:
        """Speak a line; what has become of it, None if it was there already when it was wanted."""
        sheet, utterance = job.sheet, job.sheet.utterances[job.index]
        (job.clip,) = sheet.clips_of((job.index,), self._clips)
        if job.clip is not None:
            return Told(sheet, job.index, "spoken") if job.urgency == 0 else None  # as a trial, in the meantime
        if not job.quiet:
            self._tell(Told(sheet, job.index, "speaking"))
        try:
            with (
                self._engines,
                closing(
                    speak(
                        (utterance,),
                        sheet.lines.directions,
                        EnginesHere(sheet.pool, self._session.cache),
                        path=sheet.lines.script.path,
                        found=Found((None,), (utterance.index,)),
                        spoken=lambda _: None,
                    )
                ) as clips,
            ):
                for clip in clips:
                    job.clip = clip.source
        except SpeechError as error:
            job.error = error.failures[0] if error.failures else error
        except TtsRenderError as error:
            job.error = error
        except Exception as error:  # noqa: BLE001  # the thread has other lines to speak, for which somebody waits
            job.error = TtsRenderError(
                said("unexpected {name}: {error}", name=type(error).__name__, error=error),
                path=sheet.lines.script.path,
                line=utterance.line,
                remedy=said("This is a bug; please report it."),
            )
        return Told(sheet, job.index, "failed" if job.error else "spoken", job.error)


def _same(one: Sheet, other: Sheet) -> bool:
    return one.episode.path == other.episode.path


def _key(sheet: Sheet, index: int) -> tuple[int, int]:
    # One sheet of an episode may be played to its end while the next is there already.
    return id(sheet), index
