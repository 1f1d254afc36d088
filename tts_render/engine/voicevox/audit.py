"""The length audit: whether a reply is as long as its query says, and whether an engine's queries say it at all.

A reply that was cut short under a header that agrees with itself can only be noticed by its length. VOICEVOX keeps the
lengths of its queries to the sample. Its mock and some of its kin do not: their lengths are made up, or all zero. So an
engine has to agree once before a disagreement counts against it, and it has to disagree alike in several utterances
before its lengths are held to mean nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tts_render.engine.voicevox.lengths import Prediction

__all__ = ["ALIKE", "LengthAudit", "Verdict"]

Verdict = Literal["right", "wrong", "suspect"]
"""``suspect``: wrong in the same way so often that the engine's lengths themselves are in doubt."""

ALIKE = 3
"""So many equal lengths of one utterance are no accident."""
_STRAY = 2
"""Frames by which an exact reply may differ where the engine converts the rate."""


class LengthAudit:
    """What one engine's replies have shown so far."""

    def __init__(self) -> None:
        self.agreed = False
        """Whether any reply was as long as predicted."""
        self.believed = False
        """Whether the lengths of its replies are taken as they come, for want of predictions that mean anything."""
        self._exact = False
        self._loose = False

    def judge(self, prediction: Prediction, rate: int, lengths: list[int]) -> Verdict:
        """Whether the newest reply to an utterance can be used.

        Args:
            prediction: what the query says.
            rate: frames a second of the reply.
            lengths: frames of all replies to this utterance on this engine, the newest last.
        """
        frames = lengths[-1]
        if self.believed:
            return "right"
        if not prediction.total:
            return "wrong" if self.agreed else "suspect"
        off = abs(frames - prediction.frames(rate))
        if off <= _STRAY:
            self.agreed = self._exact = True
            return "right"
        if off * 93.75 <= prediction.tolerance * rate:
            return self._judge_near(lengths)
        if not self.agreed and len(lengths) >= ALIKE and set(lengths) == {frames}:
            return "suspect"
        return "wrong"

    def _judge_near(self, lengths: list[int]) -> Verdict:
        """A few steps off: another way to round, or a little cut away. What comes twice was not cut by accident."""
        if self._loose:
            return "right"
        if lengths.count(lengths[-1]) < 2:
            return "wrong"
        self.agreed = True
        self._loose = not self._exact
        return "right"
