"""How long each phone of an HTS voice lasts: HTS Engine decides these durations, but does not report them.

For each of the five states of a phone, a voice holds the mean and variance of its duration, found by a decision tree
over the phone's full-context label. At speed 1 every state lasts its rounded mean. At any other speed the whole
utterance gets ``sum of means / speed`` frames, and each state ``mean + rho * variance`` of them, with one ``rho`` for
all (Yoshimura et al., "Duration modeling for HMM-based speech synthesis", ICSLP 1998). So silences, whose lengths vary
most, absorb most of a change, and a short word at twice the speed is hardly shorter. :meth:`HtsVoice.pace` finds the
speed at which the spoken part lasts as long as it should.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Counts = NDArray[np.int64]

__all__ = ["HtsVoice", "Pace"]

_STATES = 5
_LONGEST = 1 << 20
"""More HTS frames than any utterance has: over an hour."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A speed to set, and the resulting durations."""

    speed: float
    frames: tuple[int, ...]
    """HTS frames of each label, at least 5."""


@dataclass(frozen=True, slots=True)
class _Branch:
    question: re.Pattern[str]
    no: str
    yes: str
    """The number of another branch, or the name of a distribution."""


class HtsVoice:
    """The duration model of one voice."""

    def __init__(self, path: Path) -> None:
        """Read the voice file ``path``.

        Raises:
            ValueError: it is not an HTS voice with five states.
            OSError: it cannot be read.
        """
        header, _, data = path.read_bytes().partition(b"[DATA]\n")
        facts = dict(line.partition(":")[::2] for line in header.decode().splitlines())
        try:
            if int(facts["NUM_STATES"]) != _STATES:
                raise ValueError(said("the voice has a different number of states"))
            self.rate = int(facts["SAMPLING_FREQUENCY"])
            self.period = int(facts["FRAME_PERIOD"])
            """Samples in one HTS frame."""
            distributions = _slice(data, facts["DURATION_PDF"])
            self._branches = _tree(_slice(data, facts["DURATION_TREE"]).decode())
        except (LookupError, UnicodeDecodeError) as error:
            raise ValueError(said("not an HTS voice: {error!r}", error=error)) from error
        # A count, then the means of the states and their variances for each distribution.
        self._durations = np.frombuffer(distributions, "<f4", offset=4).reshape(-1, 2, _STATES).astype(np.float64)

    def pace(self, labels: Sequence[str], said: slice, speed: float) -> Pace:
        """Find the speed to set so that the labels ``said`` last as long as at speed 1, divided by ``speed``.

        No phone can be shorter than five HTS frames; if one would have to be, the closest possible speed is found.

        Args:
            labels: full-context labels of an utterance.
            said: the labels without the silence around them.
            speed: above 0; 2 is twice as fast.
        """
        mean, variance = self._distributions(labels)
        usual = _usual(mean)
        if speed == 1.0:
            return Pace(1.0, _by_label(usual))
        whole = _in_order(mean)
        states = slice(said.start * _STATES, said.stop * _STATES)
        wanted = max(round(int(usual[states].sum()) / speed), 1)
        share = float(variance[states].sum() / variance.sum())
        tried: list[tuple[int, Pace]] = []
        low, high = len(mean), _LONGEST  # all phones as short as possible, and longer than any utterance
        total = round(whole + (wanted - float(mean[states].sum())) / share)
        while low <= high:
            if not low <= total <= high:
                total = (low + high) // 2
            set_to = whole / total
            durations = usual if set_to == 1.0 else _stretched(mean, variance, total)
            error = wanted - int(durations[states].sum())
            tried.append((abs(error), Pace(set_to, _by_label(durations))))
            if error == 0:
                break
            low, high = (total + 1, high) if error > 0 else (low, total - 1)
            total += round(error / share)
        return min(tried, key=lambda one: one[0])[1]

    def _distributions(self, labels: Sequence[str]) -> tuple[Doubles, Doubles]:
        found = np.stack([self._durations[self._leaf(label)] for label in labels])
        return found[:, 0].ravel(), found[:, 1].ravel()

    def _leaf(self, label: str) -> int:
        at = "0"
        while (branch := self._branches.get(at)) is not None:
            at = branch.yes if branch.question.fullmatch(label) else branch.no
        return int(at.rpartition("_")[2]) - 1


def _usual(mean: Doubles) -> Counts:
    return np.maximum(np.floor(mean + 0.5), 1.0).astype(np.int64)


def _stretched(mean: Doubles, variance: Doubles, total: int) -> Counts:
    """Durations of the states that add up to ``total`` frames, to the frame as HTS Engine chooses them."""
    rho = (total - _in_order(mean)) / _in_order(variance)
    durations = _usual(mean + rho * variance)
    step = 1 if total > durations.sum() else -1
    for _ in range(abs(total - int(durations.sum()))):
        cost = np.abs(rho - (durations + step - mean) / variance)
        if step < 0:
            cost[durations == 1] = np.inf
        durations[np.argmin(cost)] += step
    return durations


def _in_order(values: Doubles) -> float:
    """The sum in sequential order: numpy adds in another order, which rounds differently from HTS Engine."""
    return float(np.cumsum(values)[-1])


def _by_label(durations: Counts) -> tuple[int, ...]:
    return tuple(int(count) for count in durations.reshape(-1, _STATES).sum(axis=1))


def _slice(data: bytes, bounds: str) -> bytes:
    first, _, last = bounds.partition("-")
    return data[int(first) : int(last) + 1]


def _tree(text: str) -> dict[str, _Branch]:
    questions = {
        name: re.compile("|".join(_glob(pattern) for pattern in re.findall(r'"([^"]*)"', patterns)))
        for name, patterns in re.findall(r"^QS (\S+) \{ (.*) \}$", text, re.MULTILINE)
    }
    rows = re.findall(r"^ *(-?\d+) +(\S+) +(\S+) +(\S+) *$", text, re.MULTILINE)
    if not rows:
        raise ValueError(said("the voice has no decision tree for durations"))
    return {number: _Branch(questions[name], no.strip('"'), yes.strip('"')) for number, name, no, yes in rows}


def _glob(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
