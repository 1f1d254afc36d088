"""Speech: utterances become clips, in the order of the script, each as soon as it is ready.

What is in the cache is not spoken again, and what occurs several times in a script is spoken once. A clip is a handle
into the cache, never samples, so an episode may be of any length.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.engine.ahead import Ahead
from tts_render.ground.errors import SpeechError, TtsRenderError, UtteranceError
from tts_render.ground.messages import said, said_count

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from tts_render.engine import Engine, Identity, Phrasing
    from tts_render.engine.base import StyleId
    from tts_render.engine.pool import Pool
    from tts_render.speech.cache import CachedClip, UtteranceCache
    from tts_render.speech.casting import Direction, Role, Utterance

__all__ = ["Found", "SpeechClip", "look_up", "phrase", "placed", "speak"]


@dataclass(frozen=True, slots=True)
class SpeechClip:
    """An utterance whose sound is ready."""

    utterance: Utterance
    source: CachedClip
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


@dataclass(frozen=True, slots=True)
class _Job:
    """Utterances that sound the same and are spoken once."""

    number: int
    """0-based number of the job."""
    direction: Direction
    utterance: Utterance


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
    clips: list[CachedClip | None] = []
    unsettled: list[int] = []
    seen: dict[tuple[str, Direction], CachedClip | None] = {}
    for utterance in utterances:
        direction = directions[utterance.role]
        alike = (utterance.wording, direction)
        if alike not in seen:
            phrasing = cache.phrasing(identity, direction.style, utterance.wording)
            if phrasing is None:
                unsettled.append(utterance.index)
                seen[alike] = None
            else:
                seen[alike] = cache.clip(identity, direction.style, direction.scales, phrasing)
        clips.append(seen[alike])
    return Found(tuple(clips), tuple(unsettled))


def speak(
    utterances: Sequence[Utterance],
    directions: Mapping[Role, Direction],
    pool: Pool,
    cache: UtteranceCache,
    *,
    path: Path,
    found: Found,
    spoken: Callable[[SpeechClip], None],
) -> Generator[SpeechClip, None, None]:
    """Speak what is not in the cache. Closing the generator stops the speaking.

    Args:
        utterances: all of an episode.
        directions: how the engine speaks each voice.
        pool: the engines.
        cache: where clips are found and stored.
        path: the script, for messages.
        found: the result of :func:`look_up` for the same utterances.
        spoken: called with each clip, in order.

    Yields:
        A clip for each utterance, in order.

    Raises:
        SpeechError: utterances could not be spoken; raised with all failures after the others were spoken.
        EngineUnreachableError: no engine is left.
    """
    identity = pool.identity
    numbers: dict[tuple[str, Direction], int] = {}
    jobs: list[_Job] = []
    for utterance, clip in zip(utterances, found.clips, strict=True):
        alike = (utterance.wording, directions[utterance.role])
        if clip is None and alike not in numbers:
            numbers[alike] = len(jobs)
            jobs.append(_Job(len(jobs), alike[1], utterance))

    def ask(engine: Engine, number: int) -> Phrasing:
        job = jobs[number]
        phrasing = phrase(engine, job.utterance, job.direction.style)
        cache.remember(identity, job.direction.style, job.utterance.wording, phrasing)
        return phrasing

    def make(engine: Engine, job: _Job) -> tuple[CachedClip, bool]:
        return _speak_one(engine, job, ahead, identity, cache, path)

    done: list[tuple[CachedClip, bool] | None] = []
    failures: list[TtsRenderError] = []
    served: set[int] = set()
    with (
        Ahead(len(jobs), ask) as ahead,
        closing(pool.run(jobs, make, size=lambda job: len(job.utterance.reading))) as results,
    ):
        for utterance, clip in zip(utterances, found.clips, strict=True):
            cached = True
            if clip is None:
                number = numbers[utterance.wording, directions[utterance.role]]
                while len(done) <= number:
                    _, result = next(results)
                    if isinstance(result, TtsRenderError):
                        failures.append(placed(result, path, jobs[len(done)].utterance))
                        done.append(None)
                    else:
                        done.append(result)
                made = done[number]
                if made is None:
                    continue
                clip, cached = made[0], made[1] or number in served
                served.add(number)
            if not failures:
                ready = SpeechClip(utterance, clip, cached)
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
    return UtteranceError(
        said("「{text}」: {path}: {message}", text=text, path=error.path, message=error.message),
        path=path,
        line=utterance.line,
        remedy=error.remedy,
        blame=error.exit_code,
    )


def _speak_one(
    engine: Engine, job: _Job, ahead: Ahead[Phrasing], identity: Identity, cache: UtteranceCache, path: Path
) -> tuple[CachedClip, bool]:
    """Make the clip of one job; also return whether it was in the cache after all."""
    style, scales = job.direction.style, job.direction.scales
    phrasing = ahead.answer(engine, job.number)
    if not phrasing.moras:
        raise UtteranceError(
            said("the engine has no reading for {reading!r}", reading=job.utterance.reading),
            path=path,
            line=job.utterance.line,
            remedy=said("Write it in kana, or give it a reading under lexicon: in voices.yaml."),
        )
    clip = cache.clip(identity, style, scales, phrasing)
    if clip is not None:
        return clip, True
    ahead.go_on(engine)
    spoken = engine.speak(phrasing, style, scales)
    kept = cache.clip(identity, style, scales, phrasing)  # stored by a faster engine, if this one was taken for hung
    return kept or cache.keep(identity, style, scales, phrasing, spoken), False
