"""Who speaks: the engines of this process, or those of a cluster. Both are given orders, and hand back clips.

An order holds what decides a sound and nothing else, so that it can be carried out anywhere; where in which script it
came from is known only to whoever gave it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from tts_render.engine.ahead import Ahead
from tts_render.ground.errors import EngineMismatchError, TtsRenderError
from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from tts_render.engine import Engine, Identity, Phrasing
    from tts_render.engine.base import MoraTime, Scales, Spoken, StyleId
    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.pool import Pool
    from tts_render.ground.units import Frames
    from tts_render.sound.audio import Clip
    from tts_render.speech.cache import CachedClip, UtteranceCache

__all__ = ["ClipSource", "EnginesHere", "Made", "Order", "Speakers", "ask_phrases", "find_clip", "keep_clip"]


@runtime_checkable
class ClipSource(Protocol):
    """The sound of an utterance: a handle, never samples. It is a :class:`tts_render.sound.audio.Source`."""

    @property
    def frames(self) -> Frames:
        """Its length in frames at its own ``rate``."""
        ...

    @property
    def rate(self) -> int:
        """Frames a second."""
        ...

    def load(self) -> Clip:
        """Read the samples.

        Raises:
            OutputError: they are gone.
        """
        ...

    def moras(self) -> tuple[MoraTime, ...]:
        """When each mora sounds; empty if the engine did not say."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """One sound that is wanted."""

    wording: str
    """What decides its accent phrases, as in :attr:`tts_render.speech.casting.Utterance.wording`."""
    reading: str
    """The text that the engine is asked to say."""
    phrases: tuple[AccentPhrase, ...]
    """How somebody has mended it; empty for the engine's own phrases of the reading."""
    style: StyleId
    scales: Scales


@dataclass(frozen=True, slots=True)
class Made:
    """A sound that is there."""

    clip: ClipSource
    cached: bool
    """Whether it was there before it was asked for."""


class Speakers(Protocol):
    """Whoever carries out orders, all with engines of one identity."""

    @property
    def identity(self) -> Identity:
        """What the engines are."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """URLs or names of the engines."""
        ...

    def speak(self, orders: Sequence[Order]) -> Generator[Made | TtsRenderError, None, None]:
        """Carry out orders. Closing the generator stops the speaking.

        Args:
            orders: no two alike.

        Yields:
            What became of each, in order, as soon as it and all before it are settled: its sound, or why there is none.

        Raises:
            EngineUnreachableError: no engine is left.
            EngineMismatchError: an engine came back as a different one.
        """
        ...

    def kana(self, texts: Sequence[str], style: StyleId, *, remember: bool) -> dict[str, str]:
        """How the engines read texts, by text, in VOICEVOX's notation. What was answered before is not asked again.

        Args:
            texts: what is read.
            style: whose readings they are.
            remember: whether to keep new answers.

        Raises:
            EngineError: the engines cannot be asked.
        """
        ...

    def compare_again(self) -> None:
        """Check that one user dictionary has answered all that was asked; if not, forget the answers.

        Raises:
            EngineMismatchError: the dictionary was changed in the meantime.
        """
        ...


class EnginesHere:
    """The engines of one pool, in this process. They are :class:`Speakers`.

    Args:
        pool: the engines.
        cache: where clips are found and stored.
    """

    def __init__(self, pool: Pool, cache: UtteranceCache) -> None:
        self._pool = pool
        self._cache = cache

    @property
    def identity(self) -> Identity:
        """What the engines are."""
        return self._pool.identity

    @property
    def labels(self) -> tuple[str, ...]:
        """URLs or names of the engines."""
        return self._pool.labels

    def speak(self, orders: Sequence[Order]) -> Generator[Made | TtsRenderError, None, None]:
        """Carry out orders; while an engine speaks one, it is asked how it would say the next."""

        def ask(engine: Engine, number: int) -> Phrasing:
            return ask_phrases(engine, orders[number], self.identity, self._cache)

        def make(engine: Engine, number: int) -> Made:
            order, phrasing = orders[number], ahead.answer(engine, number)
            clip = find_clip(order, phrasing, self.identity, self._cache)
            if clip is not None:
                return Made(clip, cached=True)
            ahead.go_on(engine)
            spoken = engine.speak(phrasing, order.style, order.scales)
            return Made(keep_clip(order, phrasing, self.identity, self._cache, spoken), cached=False)

        numbers = range(len(orders))
        with (
            Ahead(len(orders), ask) as ahead,
            closing(self._pool.run(numbers, make, size=lambda number: len(orders[number].reading))) as results,
        ):
            for _, result in results:
                yield result

    def kana(self, texts: Sequence[str], style: StyleId, *, remember: bool) -> dict[str, str]:
        """How the engines read texts, by text, in VOICEVOX's notation."""
        found: dict[str, str] = {}
        unknown: list[str] = []
        remembered = self._cache.phrasings(self.identity, [(style, text) for text in texts])
        for text, phrasing in zip(texts, remembered, strict=True):
            if phrasing is None:
                unknown.append(text)
            else:
                found[text] = phrasing.kana

        def ask(engine: Engine, text: str) -> str:
            phrasing = engine.phrase(text, style)
            if remember:
                self._cache.remember(self.identity, style, text, phrasing)
            return phrasing.kana

        for index, answer in self._pool.run(unknown, ask):
            if isinstance(answer, TtsRenderError):
                raise answer
            found[unknown[index]] = answer
        return found

    def compare_again(self) -> None:
        """Compare the engines' user dictionary with what it was, if any answer was remembered."""
        if not self._cache.remembered:
            return
        try:
            self._pool.compare_again()
        except EngineMismatchError:
            self._cache.forget_new_phrases()
            raise


def ask_phrases(engine: Engine, order: Order, identity: Identity, cache: UtteranceCache) -> Phrasing:
    """Ask for the accent phrases of an order, and remember them; its clip is brought near, if there is one.

    Raises:
        EngineError: the engine is gone, or cannot do them.
        OutputError: they cannot be remembered.
    """
    phrasing = engine.follow(order.phrases, order.style) if order.phrases else engine.phrase(order.reading, order.style)
    cache.remember(identity, order.style, order.wording, phrasing)
    cache.bring_near(identity, order.style, order.scales, phrasing)
    return phrasing


def find_clip(order: Order, phrasing: Phrasing, identity: Identity, cache: UtteranceCache) -> CachedClip | None:
    """The sound of an order if it is in the cache after all.

    Args:
        order: what is wanted.
        phrasing: its accent phrases, as :func:`ask_phrases` gave them.
        identity: what the engine is.
        cache: where it is looked up.

    Raises:
        TtsRenderError: there is nothing to say.
    """
    if not phrasing.moras:
        raise TtsRenderError(
            said("the engine has no reading for {reading!r}", reading=order.reading),
            remedy=said("Write it in kana, or give it a reading under lexicon: in voices.yaml."),
        )
    return cache.near().clip(identity, order.style, order.scales, phrasing)


def keep_clip(
    order: Order, phrasing: Phrasing, identity: Identity, cache: UtteranceCache, spoken: Spoken
) -> CachedClip:
    """Store the sound of an order.

    Raises:
        OutputError: it cannot be stored.
    """
    # It was stored by a faster engine if this one was taken for hung.
    kept = cache.near().clip(identity, order.style, order.scales, phrasing)
    return kept or cache.keep(identity, order.style, order.scales, phrasing, spoken)
