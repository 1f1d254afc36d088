"""The embedded engines, as settings, credits and the command line know them.

A new one is a class in ``tts_render.engine``, created with ``cache_dir`` and ``warn``, and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EMBEDDED", "Embedded", "engine_kind"]


@dataclass(frozen=True, slots=True)
class Embedded:
    """What is known about an embedded engine without loading it."""

    factory: str
    """Module in ``tts_render.engine`` and its class, separated by a colon."""
    attribution: str
    """The credit line for its voice, as the licence requires."""
    said: str
    """The same as spoken in the closing words: nobody wants to hear the text of a licence."""
    readings: tuple[tuple[str, str], ...]
    """How the names in it are read."""
    licence: str
    """The licence under which its speech may be used, with its URL."""
    bend: tuple[str, ...]
    """Which settings voices.yaml may give a voice for this engine alone."""


EMBEDDED: Mapping[str, Embedded] = MappingProxyType(
    {
        "openjtalk": Embedded(
            factory="openjtalk:OpenJtalkEngine",
            attribution='HTS Voice "Mei", (c) 2009-2013 Nagoya Institute of Technology, CC BY 3.0',
            said="Open JTalk、HTS Voice Mei",
            readings=(("HTS Voice Mei", "エイチティーエスボイス、メイ"), ("Open JTalk", "オープンジェイトーク")),
            licence="Creative Commons Attribution 3.0 https://creativecommons.org/licenses/by/3.0/",
            bend=("half_tone", "speed"),
        ),
        "kokoro": Embedded(
            factory="kokoro:KokoroEngine",
            attribution="Kokoro-82M by hexgrad, Apache License 2.0",
            said="Kokoro",
            readings=(("Kokoro", "ココロ"),),
            licence="Apache License 2.0 https://www.apache.org/licenses/LICENSE-2.0",
            bend=("voice", "speed"),
        ),
    }
)
"""The embedded engines, by name."""


def engine_kind(targets: tuple[str, ...]) -> str:
    """The kind of engine that these targets name: an embedded one, or ``voicevox``."""
    return targets[0] if targets and targets[0] in EMBEDDED else "voicevox"
