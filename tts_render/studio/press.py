"""The press: renders episodes with what the command line calls, in a thread of its own, one episode after the other.

The engines are asked over connections of their own, as by a second program: a run may then leave out an engine that
fails it, or find another dictionary, without any consequence for who listens. Before each line it waits until nobody
else holds the engines, and does not hold them itself. So whoever wants to hear a line waits at most for the one that is
being spoken, and never for the rest of the episode, its mastering or its encoding.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self

from tts_render.ground.errors import BusyError, OutputError, TtsRenderError
from tts_render.ground.events import Began, Finished, Spoke, Stage
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.run.render import render
from tts_render.upkeep.selection import forget_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.ground.events import Event
    from tts_render.ground.units import Seconds
    from tts_render.run.session import Session

__all__ = ["Press", "Progress", "Wish"]

_GLANCE: Seconds = 0.2
"""How long a render that waits does not look whether it was cancelled."""
_PATIENCE: Seconds = 600.0
"""How long it waits for another program's run on the same episode."""
_PACE: Seconds = 0.1
"""The least between two reports of the same stage."""
_FAREWELL: Seconds = 5.0
"""How long the end of the studio waits for an engine that does not answer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants rendered, and how."""

    path: Path
    """The post or script."""
    also: tuple[str, ...] = ()
    """Outputs, in addition to those in the settings and those that exist."""
    force: bool = False
    """Whether to render even if nothing has changed."""
    post: bool = True
    """Whether the post is to be changed, once somebody has seen how."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How a render stands."""

    wish: Wish
    state: Literal[
        "waiting", "busy", "opening", "speaking", "mastering", "correcting", "writing", "done", "failed", "cancelled"
    ]
    """``waiting`` for another episode of this studio, ``busy`` while another program is at work on this one."""
    total: int = 0
    """Utterances."""
    ready: int = 0
    """How many of them are spoken."""
    cached: int = 0
    """How many of these were in the cache."""
    cancelling: bool = False
    changed: bool = False
    """Whether files were written, once it is done."""
    elapsed: Seconds = 0.0
    warnings: tuple[str, ...] = ()
    error: TtsRenderError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


class Press:
    """Renders one episode after the other. Use it as a context manager; its methods may be called from any thread.

    Args:
        session: whose engines and cache are used.
        engines: held by whoever lets the engines speak for somebody who listens.
        read: an episode as its files are now.
        tell: told how a render stands, as often as a person can read it.
    """

    def __init__(
        self,
        session: Session,
        engines: threading.Lock,
        read: Callable[[Path], Episode],
        tell: Callable[[Progress], None],
    ) -> None:
        self._session = session
        self._engines = engines
        self._read = read
        self._tell = tell
        self._known: dict[Path, Progress] = {}
        self._changing = threading.Lock()
        self._wishes: queue.SimpleQueue[Wish | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._told = 0.0
        self._thread = threading.Thread(target=self._work, name="press", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._wishes.put(None)
        self._thread.join(_FAREWELL)

    def ask(self, wish: Wish) -> Progress:
        """Have an episode rendered; how it stands, if that is under way already."""
        with self._changing:
            now = self._known.get(wish.path)
            if now is not None and not now.ended:
                return now
            asked = self._known[wish.path] = Progress(wish, "waiting")
        self._tell(asked)
        self._wishes.put(wish)
        return asked

    def cancel(self, path: Path) -> Progress | None:
        """Give up a render before anything is written; how it stands."""
        with self._changing:
            now = self._known.get(path)
            if now is not None and now.state == "waiting":
                now = self._known[path] = replace(now, state="cancelled")
            elif now is not None and not now.ended:
                now = self._known[path] = replace(now, cancelling=True)
        if now is not None:
            self._tell(now)
        return now

    def standing(self, path: Path) -> Progress | None:
        """How the last render of an episode stands; None if there was none since the studio was opened."""
        return self._known.get(path)

    def _work(self) -> None:
        while (wish := self._wishes.get()) is not None:
            if self._known[wish.path].wish is not wish or self._known[wish.path].ended:
                continue  # cancelled before its turn
            began = time.monotonic()
            try:
                self._render(wish, began)
            except CancelledError:
                self._move(wish.path, state="cancelled")
            except TtsRenderError as error:
                self._move(wish.path, state="failed", error=error)
            except OSError as error:
                told = OutputError(reason_of(error), path=error.filename or wish.path)
                self._move(wish.path, state="failed", error=told)
            except Exception as error:  # noqa: BLE001  # the thread has other episodes to render
                told = OutputError(
                    said("unexpected {name}: {error}", name=type(error).__name__, error=error),
                    path=wish.path,
                    remedy=said("This is a bug; please report it."),
                )
                self._move(wish.path, state="failed", error=told)

    def _render(self, wish: Wish, began: Seconds) -> None:
        path = wish.path
        self._heed(path)
        self._move(path, state="opening")
        with self._session.apart(tell=partial(self._take, path), turn=partial(self._wait_turn, path)) as session:
            end = began + _PATIENCE
            while True:
                episode = self._read(path)
                try:
                    done = render(
                        episode, session, force=wish.force, post=wish.post, hold=True, also=wish.also, patience=0
                    )
                    break
                except BusyError as error:
                    if time.monotonic() >= end:
                        raise
                    self._move(path, state="busy", error=error)
                self._ended.wait(_GLANCE)
                self._heed(path)
            forget_failure(path, session, site=episode.site.root)
            self._move(
                path,
                state="done",
                total=done.receipt.utterances,
                ready=done.receipt.utterances,
                cached=done.cached,
                changed=done.changed,
                elapsed=round(time.monotonic() - began, 1),
                warnings=tuple(session.warned),
                error=None,
            )

    def _heed(self, path: Path) -> None:
        """Stop here if nobody wants it any more.

        Raises:
            CancelledError: nobody does.
        """
        if self._ended.is_set() or self._known[path].cancelling:
            raise CancelledError

    def _wait_turn(self, path: Path) -> None:
        """Wait until nobody else lets the engines speak."""
        self._heed(path)
        while not self._engines.acquire(timeout=_GLANCE):
            self._heed(path)
        self._engines.release()

    def _take(self, path: Path, event: Event) -> None:
        """Take an event of the run."""
        if isinstance(event, Finished):
            return  # all is written: too late to cancel
        self._heed(path)
        now = self._known[path]
        if isinstance(event, Began):
            self._move(path, state="speaking", total=event.utterances, ready=0, cached=0, error=None)
        elif isinstance(event, Spoke):
            self._move(path, ready=now.ready + 1, cached=now.cached + event.cached, often=event.cached)
        elif isinstance(event, Stage):
            self._move(path, state=event.name)

    def _move(self, path: Path, *, often: bool = False, **facts: Any) -> None:
        """Go on to other facts. What happens often is not always told."""
        with self._changing:
            now = self._known[path] = replace(self._known[path], **facts)
        if not often or time.monotonic() - self._told >= _PACE:
            self._told = time.monotonic()
            self._tell(now)
