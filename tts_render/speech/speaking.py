"""Speech: utterances become clips, in the order of the script, each as soon as it is ready.

What is in the cache is not spoken again, and what occurs several times in a script is spoken once. A clip is a handle
into the cache, never samples, so an episode may be of any length.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.errors import SpeechError, TtsRenderError, UtteranceError
from tts_render.ground.messages import said, said_count
from tts_render.speech.orders import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from tts_render.engine import Engine, Identity, Phrasing
    from tts_render.engine.base import StyleId
    from tts_render.speech.cache import CachedClip, UtteranceCache
    from tts_render.speech.casting import Direction, Role, Utterance
    from tts_render.speech.orders import ClipSource, Made, Speakers

__all__ = ["Found", "SpeechClip", "look_up", "order_for", "phrase", "placed", "speak"]


@dataclass(frozen=True, slots=True)
class SpeechClip:
    """An utterance whose sound is ready."""

    utterance: Utterance
    source: ClipSource
    cached: bool
    """Whether it was in the cache before this run."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the cache holds for the utterances of an episode."""

    clips: tuple[CachedClip | None, ...]
    """One entry for each utterance; None if it has to be spoken."""
    unsettled: tuple[int, ...]
    """Indices of utterances without remembered phrases for this dictionary: their sound may be cached even so."""

    @property
    def missing(self) -> int:
        """Number of utterances without a clip."""
        return sum(clip is None for clip in self.clips)


def phrase(engine: Engine, utterance: Utterance, style: StyleId) -> Phrasing:
    """The accent phrases of an utterance: those of its take, else the engine's own for its reading.

    Raises:
        EngineError: the engine is gone, or cannot do them.
    """
    if utterance.take is not None and utterance.take.phrases:
        return engine.follow(utterance.take.phrases, style)
    return engine.phrase(utterance.reading, style)


def look_up(
    utterances: Sequence[Utterance], directions: Mapping[Role, Direction], identity: Identity, cache: UtteranceCache
) -> Found:
    """Find which utterances the cache can serve, without asking an engine."""
    first: dict[tuple[str, Direction], int] = {}
    for utterance in utterances:
        first.setdefault((utterance.wording, directions[utterance.role]), utterance.index)
    phrasings = cache.phrasings(identity, [(direction.style, wording) for wording, direction in first])
    remembered = [(alike, phrasing) for alike, phrasing in zip(first, phrasings, strict=True) if phrasing is not None]
    clips = cache.clips(identity, [(alike[1].style, alike[1].scales, phrasing) for alike, phrasing in remembered])
    there = {alike: clip for (alike, _), clip in zip(remembered, clips, strict=True)}
    return Found(
        tuple(there.get((utterance.wording, directions[utterance.role])) for utterance in utterances),
        tuple(index for alike, index in first.items() if alike not in there),
    )


def order_for(utterance: Utterance, direction: Direction) -> Order:
    """What is asked of an engine for an utterance."""
    phrases = () if utterance.take is None else utterance.take.phrases
    return Order(utterance.wording, utterance.reading, phrases, direction.style, direction.scales)


def speak(
    utterances: Sequence[Utterance],
    directions: Mapping[Role, Direction],
    speakers: Speakers,
    *,
    path: Path,
    found: Found,
    spoken: Callable[[SpeechClip], None],
) -> Generator[SpeechClip, None, None]:
    """Speak what is not in the cache. Closing the generator stops the speaking.

    Args:
        utterances: all of an episode.
        directions: how the engine speaks each voice.
        speakers: who speaks.
        path: the script, for messages.
        found: the result of :func:`look_up` for the same utterances.
        spoken: called with each clip, in order.

    Yields:
        A clip for each utterance, in order.

    Raises:
        SpeechError: utterances could not be spoken; raised with all failures after the others were spoken.
        EngineUnreachableError: no engine is left.
    """
    numbers: dict[tuple[str, Direction], int] = {}
    first: list[Utterance] = []
    for utterance, clip in zip(utterances, found.clips, strict=True):
        alike = (utterance.wording, directions[utterance.role])
        if clip is None and alike not in numbers:
            numbers[alike] = len(first)
            first.append(utterance)
    orders = [order_for(utterance, directions[utterance.role]) for utterance in first]
    done: list[Made | None] = []
    failures: list[TtsRenderError] = []
    served: set[int] = set()
    with closing(speakers.speak(orders)) as results:
        for utterance, clip in zip(utterances, found.clips, strict=True):
            source: ClipSource | None = clip
            cached = True
            if source is None:
                number = numbers[utterance.wording, directions[utterance.role]]
                while len(done) <= number:
                    result = next(results)
                    if isinstance(result, TtsRenderError):
                        failures.append(placed(result, path, first[len(done)]))
                        done.append(None)
                    else:
                        done.append(result)
                made = done[number]
                if made is None:
                    continue
                source, cached = made.clip, made.cached or number in served
                served.add(number)
            if not failures:
                ready = SpeechClip(utterance, source, cached)
                spoken(ready)
                yield ready
    if failures:
        message = said_count(
            "{count} utterance could not be spoken; nothing was published",
            "{count} utterances could not be spoken; nothing was published",
            count=len(failures),
        )
        raise SpeechError(message, failures, path=path)


def placed(error: TtsRenderError, path: Path, utterance: Utterance) -> UtteranceError:
    """The same failure, with its place in the script."""
    if isinstance(error, UtteranceError):
        return error
    text = utterance.text if len(utterance.text) <= 30 else utterance.text[:29] + "…"
    message = (
        error.message
        if error.path is None
        else said("「{text}」: {path}: {message}", text=text, path=error.path, message=error.message)
    )
    return UtteranceError(message, path=path, line=utterance.line, remedy=error.remedy, blame=error.exit_code)
