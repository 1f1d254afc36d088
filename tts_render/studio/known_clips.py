"""The sound of utterances, remembered: what was found in the cache is not read and verified again at every look."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from tts_render.speech.speaking import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tts_render.engine.base import Identity
    from tts_render.speech.cache import CachedClip, UtteranceCache
    from tts_render.speech.casting import Direction, Role, Utterance

__all__ = ["KnownClips"]

_MOST = 50_000  # clips: ten megabytes
_PATIENCE = 20.0
"""Seconds before a store behind the folder is asked again for what it did not have: the page looks all the time."""


class KnownClips:
    """What the cache holds. It may be used from any thread.

    Args:
        cache: the cache, to which other programs may add, and from which they may take.
        clock: returns seconds that never go backwards.
    """

    def __init__(self, cache: UtteranceCache, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._near = cache.near()
        self._clock = clock
        self._asked: dict[tuple[object, ...], float] = {}
        self._known: dict[tuple[object, ...], tuple[CachedClip, int]] = {}

    def find(
        self, utterances: Sequence[Utterance], directions: Mapping[Role, Direction], identity: Identity
    ) -> tuple[CachedClip | None, ...]:
        """The sound of each utterance, as far as it is there; it is verified when it is loaded."""
        engine = identity.engine, identity.version, identity.dictionary
        keys = [(*engine, utterance.wording, directions[utterance.role]) for utterance in utterances]
        found = [self._remembered(key) for key in keys]
        missing = [number for number, clip in enumerate(found) if clip is None]
        if len(self._known) > _MOST:
            self._known.clear()
        if len(self._asked) > _MOST:
            self._asked.clear()
        now = self._clock()
        recent = {number for number in missing if now - self._asked.get(keys[number], now - _PATIENCE) < _PATIENCE}
        for cache, numbers in (
            (self._near, sorted(recent)),
            (self._cache, [number for number in missing if number not in recent]),
        ):
            looked = look_up([utterances[number] for number in numbers], directions, identity, cache)
            for number, clip in zip(numbers, looked.clips, strict=True):
                if clip is None and cache is self._cache:
                    self._asked[keys[number]] = now
                if clip is not None:
                    with suppress(OSError):  # another program has taken it away this very moment
                        self._known[keys[number]] = clip, _size(clip)
                        found[number] = clip
        return tuple(found)

    def _remembered(self, key: tuple[object, ...]) -> CachedClip | None:
        clip, size = self._known.get(key, (None, 0))
        try:
            return clip if clip is not None and _size(clip) == size else None
        except OSError:
            return None


def _size(clip: CachedClip) -> int:
    return os.stat(clip.file).st_size  # noqa: PTH116  # making a path takes longer than asking for it
