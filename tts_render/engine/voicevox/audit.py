"""The length audit: whether a reply is as long as its query says, and whether an engine's queries can be relied on.

A truncated reply whose header is consistent can be detected only by its length. VOICEVOX keeps the lengths of its
queries to the sample. Compatible engines do not: one rounds differently and is constantly a few per cent off, another
gives no lengths. What an accident cuts off differs from try to try, so a length that is repeated for the same query is
the engine's own. From such pairs the audit learns, for each voice, how long its sounds are compared to the sums of its
queries, and judges further replies by that.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tts_render.engine.voicevox.lengths import STEPS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tts_render.engine.voicevox.lengths import Prediction

__all__ = ["ALIKE", "LengthAudit", "Verdict"]

Verdict = Literal["right", "wrong", "steady"]
"""``steady``: repeatedly the same length, but far from what the query says, or from a query without lengths."""

ALIKE = 3
"""This many equal lengths of one utterance are not an accident, however far off they are."""
_STRAY = 2
"""Frames by which an exact reply may differ if the engine converts the rate."""
_NEAR = 0.05
"""A sound that is off by at most this share of the sum needs to be repeated only once."""


@dataclass(slots=True)
class _Habit:
    """How well one voice has kept the lengths of its queries so far."""

    exact: int = 0
    """Replies that were as long as predicted."""
    pairs: int = 0
    """Utterances that were accepted because their length was repeated."""
    came: int = 0
    """Frames of all accepted replies that were not exact."""
    expected: int = 0
    """Frames that their queries add up to."""

    @property
    def held(self) -> bool:
        """Whether it keeps its lengths to the sample. An engine that does not may still hit one by chance."""
        return self.exact > self.pairs

    def learn(self, frames: int, expected: int) -> None:
        self.came += frames
        self.expected += expected


class LengthAudit:
    """What one engine's replies have shown so far."""

    def __init__(self) -> None:
        self.believed = False
        """Whether all lengths of its replies are accepted, because its predictions are meaningless."""
        self._habits: defaultdict[Hashable, _Habit] = defaultdict(_Habit)

    def judge(self, voice: Hashable, prediction: Prediction, rate: int, lengths: Sequence[int]) -> Verdict:
        """Judge whether the newest reply to an utterance can be used.

        Args:
            voice: everything except the text that affects how long a sound is.
            prediction: the length that the query gives.
            rate: frames per second of the reply.
            lengths: frames of all replies to this utterance from this engine, the newest last.
        """
        frames, habit = lengths[-1], self._habits[voice]
        expected = prediction.frames(rate)
        off = abs(frames - expected)
        if expected and off <= _STRAY:
            habit.exact += 1
            return "right"
        if habit.held:
            return "right" if self._came_again(habit, prediction, rate, lengths) else "wrong"
        if self.believed:
            return "right"
        if not expected:
            return "steady"
        allowed = prediction.tolerance * rate / STEPS_PER_SECOND
        if habit.expected and abs(frames - expected * habit.came / habit.expected) <= allowed:
            habit.learn(frames, expected)
            return "right"
        if self._came_again(habit, prediction, rate, lengths):
            return "right"
        return "steady" if lengths.count(frames) >= ALIKE else "wrong"

    def keeps(self, voice: Hashable) -> Literal["exactly", "nearly", "not"]:
        """How well the sounds of ``voice`` have kept the lengths of their queries."""
        habit = self._habits[voice]
        return "exactly" if habit.held else "nearly" if habit.expected else "not"

    @staticmethod
    def _came_again(habit: _Habit, prediction: Prediction, rate: int, lengths: Sequence[int]) -> bool:
        """Whether the newest reply is near what its query says, and as long as an earlier one."""
        frames, expected = lengths[-1], prediction.frames(rate)
        allowed = max(_NEAR * expected, prediction.tolerance * rate / STEPS_PER_SECOND)
        if abs(frames - expected) > allowed or lengths.count(frames) < 2:
            return False
        habit.pairs += 1
        habit.learn(frames, expected)
        return True
