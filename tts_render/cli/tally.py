"""Keeps long lists readable: a few of each kind, and a table of all kinds at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tts_render.ground.messages import joined, said

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Tally"]

_SHOWN = 10
"""Shown of each kind, unless all are asked for."""


class Tally:
    """Counts findings by kind.

    Args:
        option: the option that lists all of one kind, for example ``--rule``.
        whole: whether to show all of every kind.
    """

    def __init__(self, option: str, *, whole: bool) -> None:
        self.counts: Counter[str] = Counter()
        self._option = option
        self._whole = whole
        self._hidden: Counter[str] = Counter()

    def take(self, kind: str, *, shown: bool | None = None) -> bool:
        """Count one more; return whether to show it.

        Args:
            kind: its kind.
            shown: overrides the result; None shows the first few of each kind.
        """
        self.counts[kind] += 1
        if shown is None:
            shown = self._whole or self.counts[kind] <= _SHOWN
            self._hidden[kind] += not shown
        return shown

    def table(self) -> Iterator[str]:
        """One line for each kind, the most frequent first, with how to list those not shown."""
        width = max(map(len, self.counts), default=0)
        for kind, count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0])):
            hidden = self._hidden[kind]
            if not hidden:
                yield f"{count:>7,}  {kind}"
                continue
            hint = said(
                "({hidden:,} not shown; {option} {kind} lists all)", hidden=hidden, option=self._option, kind=kind
            )
            yield joined((f"{count:>7,}  {kind:<{width}}", hint), "  ")
