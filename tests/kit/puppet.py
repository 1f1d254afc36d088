"""An engine in memory, for what only hands engines on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.engine.base import Identity, Style, StyleId
from tts_render.ground.errors import EngineUnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine.base import Phrasing, Scales, Spoken
    from tts_render.engine.moras import AccentPhrase

__all__ = ["ZUNDAMON", "Puppet"]

ZUNDAMON = StyleId(3)


class Puppet:
    """An engine that speaks nothing itself: what it does is what the task does with it.

    Args:
        label: what messages call it.
        workers: jobs that it takes at the same time.
        version: what it says it is.
        gone: whether nobody answers.
        twin: the way to ask it while it speaks.
    """

    def __init__(
        self, label: str, workers: int = 1, *, version: str = "1", gone: bool = False, twin: Puppet | None = None
    ) -> None:
        self.label = label
        self.workers = workers
        self.version = version
        self.gone = gone
        self.twin = twin
        self.closed = False

    def wait(self, seconds: float) -> None:
        if self.gone:
            raise EngineUnreachableError("nothing answers there", engine=self.label)

    def identify(self) -> Identity:
        return Identity("puppet", self.version, "", (Style("人形", "ノーマル", ZUNDAMON),))

    def phrase(self, text: str, style: StyleId) -> Phrasing:
        raise AssertionError(f"a puppet was asked about {text}")

    def follow(self, phrases: Sequence[AccentPhrase], style: StyleId) -> Phrasing:
        raise AssertionError("a puppet was given accent phrases")

    def unfold(self, phrasing: Phrasing) -> tuple[AccentPhrase, ...]:
        raise AssertionError("a puppet was asked for accent phrases")

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:
        raise AssertionError("a puppet was to speak")

    def aside(self) -> Puppet | None:
        return self.twin

    def close(self) -> None:
        self.closed = True
