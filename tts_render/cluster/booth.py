"""The booth: what a worker has, its engines and its cache, and what it does with them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import queue
import signal
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from distributed import WorkerPlugin, get_worker

from tts_render.cluster.card import Card, program
from tts_render.cluster.travel import AskKana, ClipRef, Mixed, Mixing, Outcome, Speak, Spoken, unpack, unpacked_plan
from tts_render.engine import open_engine
from tts_render.engine.pool import connect
from tts_render.ground.errors import EngineMismatchError, EngineUnreachableError, OutputError, TtsRenderError
from tts_render.ground.messages import said, to_json
from tts_render.ground.reasons import reason_of
from tts_render.mix.metering import check_sound
from tts_render.mix.to_mp3 import produce
from tts_render.speech.cache import CachedClip
from tts_render.speech.orders import EnginesHere, ask_phrases, find_clip, keep_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distributed import Worker

    from tts_render.cluster.travel import Work
    from tts_render.engine.base import Engine, Identity, Phrasing
    from tts_render.engine.base import Spoken as Voice
    from tts_render.engine.pool import Pool
    from tts_render.ground.events import Event
    from tts_render.speech.cache import UtteranceCache
    from tts_render.speech.orders import Order

__all__ = ["NAME", "Booth", "Furnishing", "answer", "compare_again", "identity_of"]

NAME = "tts-render"
"""Of the plugin, and of the topic under which workers tell what users should know."""

_ABSENCE = 5.0  # seconds to wait for an engine before others do its work
_AGAIN = 2.0  # seconds between two tries to reach an engine that was lost
_ASIDES = 2  # connections over which an engine is asked while it speaks
_MANNERS = 10  # how far mixing stands back on a machine that also speaks: an engine that waits costs more
_FAREWELL = 0.5  # seconds that the outcome has to leave a worker that goes


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What a booth is made of."""

    engines: tuple[str, ...]
    """One engine for each slot, by URL or name; none where nothing is spoken."""
    folder: Path
    """The cache folder of this machine."""
    cache: Callable[[Callable[[str], None]], UtteranceCache]
    """Opens the cache that client and workers share, given who is told of its troubles. It is called in the process of
    the worker, so that no credentials travel."""
    resource: str
    """What its worker offers; engines that would offer another are not used."""


@dataclass(eq=False, slots=True)
class _Turn:
    """An order that is carried out, and how many want it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: int = 0


@dataclass
class Booth(WorkerPlugin):
    """A worker's engines and cache; a plugin of Dask that is set up before the worker is given anything to do."""

    furnishing: Furnishing
    name: str = NAME
    _pools: queue.LifoQueue[Pool] = field(init=False)

    async def setup(self, worker: Worker) -> None:
        """Connect the engines, and wait for those that are not there.

        Raises:
            EngineMismatchError: they are not what they were when the worker joined.
        """
        if multiprocessing.parent_process() is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has started this process, and ends it
        if not self.furnishing.engines and hasattr(
            os, "nice"
        ):  # an engine that waits costs more than an MP3 that waits
            os.nice(_MANNERS)
        self._worker = worker
        self._leaving = False
        self._cache = self.furnishing.cache(self._warn)
        self._pools = queue.LifoQueue()
        self._guard = threading.Lock()
        self._underway: dict[Order, _Turn] = {}
        self._all: list[Pool] = []
        self._asides: queue.LifoQueue[Engine] = queue.LifoQueue()
        self._aside: list[Engine] = []
        for target in self.furnishing.engines:
            while True:
                try:
                    pool, asides = await asyncio.to_thread(self._connect, target)
                except EngineUnreachableError:
                    await asyncio.sleep(_AGAIN)
                else:
                    self._all.append(pool)
                    self._pools.put(pool)
                    for aside in asides:
                        self._aside.append(aside)
                        self._asides.put(aside)
                    break

    def teardown(self, worker: Worker) -> None:
        """Close the engines."""
        del worker
        for aside in self._aside:
            aside.close()
        for pool in self._all:
            pool.close()

    def speak(self, work: Speak) -> Spoken:
        """Carry out an order: from the cache, else by the next free engine.

        An engine has only to speak. It is asked for accent phrases while it speaks something else, and is free for the
        next order before the sound is stored.
        """
        with self._alone(work.order):
            clip, cached = self._clip(work.order)
        if work.again:
            self._cache.share(clip.name)
        ref = ClipRef(clip.name, clip.frames, clip.rate)
        return Spoken(ref, clip.moras(), cached, self._cache.remembered)

    @contextmanager
    def _alone(self, order: Order) -> Iterator[None]:
        """Let an order wait while the same one is carried out: a client that was killed has left its own behind."""
        with self._guard:
            turn = self._underway.setdefault(order, _Turn())
            turn.wanted += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._guard:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._underway[order]

    def kana(self, work: AskKana) -> dict[str, str]:
        """Ask the next free engine how texts are read."""
        pool = self._pools.get()
        try:
            return EnginesHere(pool, self._cache).kana(work.texts, work.style, remember=work.remember)
        finally:
            self._pools.put(pool)

    def mix(self, work: Mixing) -> Mixed:
        """Make the MP3 of an episode."""
        placements, plan = unpack(work.placements, self._cache), unpacked_plan(work.plan, self._cache)
        told: list[Event] = []
        try:
            with tempfile.TemporaryDirectory(prefix="tts-render-") as folder:
                path = Path(folder, "episode.mp3")
                checked = check_sound(
                    placements, plan.directions, plan.settings, main=plan.main, levelled=plan.levelled, music=plan.music
                )
                product = produce(checked, plan.settings, work.tags, path, told.append)
                digest = self._cache.keep_blob(path.read_bytes())
        except OSError as error:
            raise OutputError(reason_of(error), path=error.filename) from error
        return Mixed(digest, replace(product, mp3=replace(product.mp3, path=Path(path.name))), tuple(told))

    def compare_again(self) -> None:
        """Compare the engines' user dictionaries with what they were, if any answer was remembered.

        Raises:
            EngineMismatchError: one has changed.
        """
        for pool in self._all:
            EnginesHere(pool, self._cache).compare_again()
        self._cache.remembered = False

    def identity(self) -> Identity:
        """What its engines are."""
        return self._all[0].identity

    def leave(self, why: str) -> None:
        """Leave the cluster, and come back when the engines do."""
        if not self._leaving:
            self._leaving = True
            self._worker.log_event(NAME, {"warning": to_json(why)})
            self._worker.loop.call_later(
                _FAREWELL, self._worker.loop.add_callback, self._worker.close, nanny=False, reason="engine-lost"
            )

    def _clip(self, order: Order) -> tuple[CachedClip, bool]:
        """The sound of an order, and whether it was there before."""
        identity = self.identity()
        known = self._cache.phrasing(identity, order.style, order.wording)
        clip = None if known is None else self._cache.clip(identity, order.style, order.scales, known)
        if clip is not None:
            return clip, True
        asked = self._ask_aside(order)
        clip = None if asked is None else find_clip(order, asked, identity, self._cache)
        if clip is not None:
            return clip, True

        def make(engine: Engine, order: Order) -> tuple[Phrasing, CachedClip | Voice]:
            phrasing = asked or ask_phrases(engine, order, identity, self._cache)
            clip = None if asked else find_clip(order, phrasing, identity, self._cache)
            return phrasing, clip or engine.speak(phrasing, order.style, order.scales)

        pool = self._pools.get()
        try:
            ((_, result),) = pool.run([order], make)
        finally:
            self._pools.put(pool)
        if isinstance(result, TtsRenderError):
            raise result
        phrasing, spoken = result
        if isinstance(spoken, CachedClip):
            return spoken, True
        return keep_clip(order, phrasing, identity, self._cache, spoken), False

    def _ask_aside(self, order: Order) -> Phrasing | None:
        """The accent phrases of an order, from an engine that may be speaking; None if it has to be its turn."""
        if not self._aside:
            return None
        aside = self._asides.get()
        try:
            return ask_phrases(aside, order, self.identity(), self._cache)
        except TtsRenderError:  # asked again in its turn, which tells
            return None
        finally:
            self._asides.put(aside)

    def _connect(self, target: str) -> tuple[Pool, list[Engine]]:
        engine = open_engine(target, cache_dir=self.furnishing.folder, warn=self._warn)
        pool = connect([engine], absence=_ABSENCE)
        card = Card("speak", program(), identity=pool.identity)
        if card.resource != self.furnishing.resource:
            pool.close()
            raise EngineMismatchError(
                said("is another engine than it was when this worker joined"),
                engine=target,
                remedy=said("Start the worker again."),
            )
        return pool, [aside for _ in range(_ASIDES) if (aside := engine.aside()) is not None]

    def _warn(self, message: str) -> None:
        self._worker.log_event(NAME, {"warning": to_json(message)})


def answer(work: bytes) -> bytes:
    """Do a piece of work on this worker.

    Args:
        work: a pickled :class:`tts_render.cluster.travel.Work`.

    Returns:
        A pickled :class:`tts_render.cluster.travel.Outcome`.
    """
    worker = get_worker()
    booth = cast("Booth", worker.plugins[NAME])
    asked: Work = pickle.loads(work)  # noqa: S301  # whoever reaches the scheduler can run what he likes anyway
    result: object
    try:
        match asked:
            case Speak():
                result = booth.speak(asked)
            case AskKana():
                result = booth.kana(asked)
            case Mixing():
                result = booth.mix(asked)
    except TtsRenderError as error:
        error.__cause__ = error.__context__ = error.__traceback__ = None
        result = error
        if isinstance(error, EngineUnreachableError | EngineMismatchError):
            booth.leave(error.whole)
    return pickle.dumps(Outcome(result, worker.address))


async def identity_of(dask_worker: Worker) -> bytes:
    """What the engines of a worker are, pickled, as Dask runs it there beside its tasks."""
    return pickle.dumps(cast("Booth", dask_worker.plugins[NAME]).identity())


async def compare_again(dask_worker: Worker) -> bytes:
    """Compare the engines of a worker with what they were; None or the :class:`TtsRenderError`, pickled."""
    booth = cast("Booth", dask_worker.plugins[NAME])
    try:
        await asyncio.to_thread(booth.compare_again)
    except TtsRenderError as error:
        error.__cause__ = error.__context__ = error.__traceback__ = None
        booth.leave(error.whole)
        return pickle.dumps(error)
    return pickle.dumps(None)
