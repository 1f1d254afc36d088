"""A crew that is far away: speakers and mixers of a cluster, as :mod:`tts_render.run.crew` and the speech know them."""

from __future__ import annotations

import pickle
import shutil
import threading
from collections import Counter, OrderedDict, deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from tts_render.cluster.booth import compare_again
from tts_render.cluster.travel import (
    AskKana,
    ClipRef,
    LostClipsError,
    Mixed,
    Mixing,
    Speak,
    Spoken,
    pack,
    packed_plan,
)
from tts_render.ground.errors import (
    EngineError,
    EngineRefusedError,
    EngineUnreachableError,
    OutputError,
    SoundError,
    TtsRenderError,
)
from tts_render.ground.files import digest_bytes, digest_file
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.mix.timeline import Timeline
from tts_render.speech.orders import Made
from tts_render.speech.speaking import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from distributed import Client

    from tts_render.cluster.card import Card
    from tts_render.cluster.travel import Outcome
    from tts_render.cluster.window import Window
    from tts_render.engine import Identity
    from tts_render.engine.base import MoraTime, StyleId
    from tts_render.ground.events import Tell
    from tts_render.ground.units import Frames
    from tts_render.mix.timeline import Placement
    from tts_render.mix.to_mp3 import Product
    from tts_render.run.crew import MixPlan
    from tts_render.sound.audio import Clip, SoundFile
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.cache import UtteranceCache
    from tts_render.speech.casting import Direction, Role, Utterance
    from tts_render.speech.orders import Order, Speakers

__all__ = ["FarClip", "FarCrew", "FarSpeakers", "Heard"]

_REMEMBERED = 4096  # clips that are known without asking, so that a greeting goes out once
_AHEAD = 64  # orders of one episode that are on their way
_TRIES = 3  # of different workers for one sound, and of mixing where sounds were lost


@dataclass(frozen=True, slots=True)
class FarClip:
    """A clip in the cache that all share. It is a :class:`tts_render.speech.orders.ClipSource`."""

    ref: ClipRef
    times: tuple[MoraTime, ...]
    order: Order
    """What it is the sound of."""
    cache: UtteranceCache

    @property
    def frames(self) -> Frames:
        """Its length in frames at its own ``rate``."""
        return self.ref.frames

    @property
    def rate(self) -> int:
        """Frames a second."""
        return self.ref.rate

    def load(self) -> Clip:
        """Fetch the samples.

        Raises:
            LostClipsError: they are gone.
        """
        (found,) = self.cache.named([self.ref.name])
        if found is None:
            raise LostClipsError([self.ref.name])
        return found.load()

    def moras(self) -> tuple[MoraTime, ...]:
        """When each mora sounds; empty if the engine did not say."""
        return self.times


@dataclass(frozen=True, slots=True)
class Heard:
    """What an ordered sound has come to."""

    clip: FarClip
    cached: bool
    """Whether it was there before it was ordered."""
    remembered: bool = False
    """Whether the worker has remembered an answer of its engine."""
    worker: str = ""
    """Address of the worker, if one was asked."""


class FarCrew:
    """The workers of a cluster, for all episodes of one call. It may be used from several threads.

    Args:
        client: Dask's.
        window: through which work goes out.
        cache: the cache that all share.
        speaker: the card of those who speak.
        mixer: the card of those who mix.
        labels: the engines, for people.
        identity: what the engines are.
    """

    def __init__(
        self,
        client: Client,
        window: Window,
        cache: UtteranceCache,
        *,
        speaker: Card,
        mixer: Card,
        labels: tuple[str, ...],
        identity: Identity,
    ) -> None:
        self.window = window
        self.cache = cache
        self.speaker = speaker
        self.mixer = mixer
        self.labels = labels
        self.identity = identity
        self.client = client
        self._guard = threading.Lock()
        self._known: OrderedDict[Order, FarClip] = OrderedDict()
        self._flying: dict[Order, Future[Heard]] = {}
        self._brought: set[str] = set()
        self._episodes = 0

    def targets(self, named: tuple[str, ...]) -> tuple[str, ...]:
        """The engines of the workers, whatever the settings name."""
        del named
        return self.labels

    def speakers(self, named: tuple[str, ...]) -> FarSpeakers:
        """The workers that speak."""
        del named
        with self._guard:
            self._episodes += 1
            return FarSpeakers(self, priority=-self._episodes)

    def look_up(
        self, utterances: Sequence[Utterance], directions: Mapping[Role, Direction], speakers: Speakers
    ) -> Found:
        """Nothing: workers look for themselves, and they are many."""
        del directions, speakers
        return Found((None,) * len(utterances), ())

    def make_mp3(
        self,
        placements: Iterable[Placement],
        plan: MixPlan,
        tags: Callable[[Timeline], Tags],
        path: Path,
        tell: Tell,
    ) -> Product:
        """Have an episode mixed where there is room, and bring its MP3 here."""
        placed = tuple(placements)
        finished = tags(Timeline(placed, plan.settings.rate))
        refs = tuple(replace(one, source=one.source.ref) if isinstance(one.source, FarClip) else one for one in placed)
        left = _TRIES
        while True:
            left -= 1
            bring = partial(self.bring, again=left < _TRIES - 1)
            try:
                mixed = self._mixed(Mixing(pack(refs, bring), packed_plan(plan, bring), finished))
                product = self._fetched(mixed, path)
            except LostClipsError as error:
                if not left:
                    raise
                self._speak_again(placed, error.names)
            else:
                for event in mixed.told:
                    tell(event)
                return product

    def order(self, order: Order, *, priority: int, again: bool = False) -> Future[Heard]:
        """Order a sound, unless it is known or on its way."""
        with self._guard:
            if not again and (known := self._known.get(order)) is not None:
                self._known.move_to_end(order)
                done: Future[Heard] = Future()
                done.set_result(Heard(known, cached=True))
                return done
            flying = self._flying.get(order)
            if flying is not None and not again:
                return _seconded(flying)
            answer: Future[Heard] = Future()
            self._flying[order] = answer
        self._send(order, answer, priority, frozenset(), again)
        return answer

    def _send(
        self,
        order: Order,
        answer: Future[Heard],
        priority: int,
        avoid: frozenset[str],
        again: bool,
    ) -> None:
        def settled(sent: Future[Outcome]) -> None:
            outcome: object = sent.exception()
            address = ""
            if outcome is None:
                outcome, address = sent.result().result, sent.result().worker
            if isinstance(outcome, Spoken):
                clip = FarClip(outcome.clip, outcome.moras, order, self.cache)
                with self._guard:
                    self._known[order] = clip
                    while len(self._known) > _REMEMBERED:
                        self._known.popitem(last=False)
                    self._flying.pop(order, None)
                answer.set_result(Heard(clip, outcome.cached, outcome.remembered, address))
                return
            if _is_the_workers(outcome) and address and len(avoid) + 1 < _TRIES:
                threading.Thread(
                    target=self._send, args=(order, answer, priority, avoid | {address}, again), daemon=True
                ).start()
                return
            with self._guard:
                self._flying.pop(order, None)
            answer.set_exception(cast("BaseException", outcome))

        self.window.send(Speak(order, again), self.speaker, priority=priority, avoid=avoid).add_done_callback(settled)

    def _mixed(self, work: Mixing) -> Mixed:
        avoid: frozenset[str] = frozenset()
        while True:
            told = self.window.send(work, self.mixer, avoid=avoid).result()
            if isinstance(told.result, Mixed):
                return told.result
            error = cast("TtsRenderError", told.result)
            avoid |= {told.worker}
            if not isinstance(error, OutputError) or len(avoid) >= _TRIES:
                raise error

    def bring(self, sound: SoundFile, *, again: bool = False) -> None:
        """Bring the content of a sound file to where workers find it.

        Raises:
            SoundError: it was changed or removed since it was opened.
        """
        if sound.digest in self._brought and not again:
            return
        try:
            data = sound.path.read_bytes()
        except OSError as error:
            raise SoundError(said("cannot be read: {reason}", reason=reason_of(error)), path=sound.path) from error
        if digest_bytes(data) != sound.digest:
            raise SoundError(
                said("the sound was changed while it was in use"), path=sound.path, remedy=said("Try again.")
            )
        self.cache.keep_blob(data)
        self._brought.add(sound.digest)

    def _fetched(self, mixed: Mixed, path: Path) -> Product:
        found = self.cache.blob(mixed.digest)
        if found is None:
            raise LostClipsError([mixed.digest])
        try:
            shutil.copyfile(found, path)
        except OSError as error:
            raise OutputError(reason_of(error), path=path) from error
        product = cast("Product", mixed.product)
        if digest_file(path) != product.mp3.sha256:
            raise LostClipsError([mixed.digest])
        self.cache.drop_blob(mixed.digest)
        return replace(product, mp3=replace(product.mp3, path=path))

    def _speak_again(self, placed: Sequence[Placement], names: Sequence[str]) -> None:
        lost = {
            one.source.order: None for one in placed if isinstance(one.source, FarClip) and one.source.ref.name in names
        }
        for answer in [self.order(order, priority=0, again=True) for order in lost]:
            answer.result()


class FarSpeakers:
    """The workers that speak, for one episode. They are :class:`tts_render.speech.orders.Speakers`."""

    def __init__(self, crew: FarCrew, *, priority: int) -> None:
        self._crew = crew
        self._priority = priority
        self._asked: Counter[str] = Counter()
        """How often each worker has remembered an answer of its engine."""

    @property
    def identity(self) -> Identity:
        """What the engines are."""
        return self._crew.identity

    @property
    def labels(self) -> tuple[str, ...]:
        """URLs or names of the engines."""
        return self._crew.labels

    def speak(self, orders: Sequence[Order]) -> Generator[Made | TtsRenderError, None, None]:
        """Order sounds, some ahead of those that are wanted now."""
        waiting: deque[Future[Heard]] = deque()
        following = iter(orders)
        while True:
            while len(waiting) < _AHEAD and (order := next(following, None)) is not None:
                waiting.append(self._crew.order(order, priority=self._priority))
            if not waiting:
                return
            try:
                heard = waiting.popleft().result()
            except EngineUnreachableError:
                raise
            except TtsRenderError as error:
                yield error
                continue
            if heard.remembered:
                self._asked[heard.worker] += 1
            yield Made(heard.clip, heard.cached)

    def kana(self, texts: Sequence[str], style: StyleId, *, remember: bool) -> dict[str, str]:
        """Ask a worker how texts are read."""
        work = AskKana(tuple(texts), style, remember)
        told = self._crew.window.send(work, self._crew.speaker, priority=self._priority).result()
        if isinstance(told.result, TtsRenderError):
            raise told.result
        if remember:
            self._asked[told.worker] += 1
        return cast("dict[str, str]", told.result)

    def compare_again(self) -> None:
        """Have those workers compare their engines that have remembered an answer for this episode."""
        if not self.identity.dictionary or not self._asked:
            return
        answers = self._crew.client.run(compare_again, workers=list(self._asked), on_error="ignore")
        for answer in answers.values():
            error = pickle.loads(answer)  # noqa: S301  # from a worker of ours
            if error is not None:
                raise error
        self._asked.clear()


def _seconded(first: Future[Heard]) -> Future[Heard]:
    """The same clip for somebody who asked later: for him it was there before."""
    second: Future[Heard] = Future()

    def settled(done: Future[Heard]) -> None:
        error = done.exception()
        if error is not None:
            second.set_exception(error)
        else:
            second.set_result(Heard(done.result().clip, cached=True))

    first.add_done_callback(settled)
    return second


def _is_the_workers(error: object) -> bool:
    """Whether another worker may do what one has failed at."""
    return isinstance(error, EngineError | OutputError) and not isinstance(error, EngineRefusedError)
