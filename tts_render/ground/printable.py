"""Text made safe to display anywhere; what is made of a message is still a message."""

from __future__ import annotations

import re

from tts_render.ground.messages import Said

__all__ = ["UNPRINTABLE", "one_line", "plain"]

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters except tabs and line feeds, characters that change text direction, and lone surrogates."""


def plain(text: str) -> str:
    """Make text from inputs and engines harmless for a terminal: it cannot move the cursor or change text direction."""
    return text.through(plain) if isinstance(text, Said) else UNPRINTABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Like :func:`plain`, on one line: an input must not be able to begin a log line, which could pass for ours."""
    return text.through(one_line) if isinstance(text, Said) else plain(" ".join(text.splitlines()))
