"""Text made safe to show anywhere."""

from __future__ import annotations

import re

__all__ = ["UNPRINTABLE", "one_line", "plain"]

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but for tabs and line feeds, what turns the direction of text, and halves of characters."""


def plain(text: str) -> str:
    """Text from inputs and engines, harmless for a terminal: it moves no cursor and turns no direction."""
    return UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The same on one line: what begins a line of a log is ours, or an input could give orders to who reads the log."""
    return plain(" ".join(text.splitlines()))
