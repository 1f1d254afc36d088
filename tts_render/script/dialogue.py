"""Dialogue, 対話: a line that begins with the name of a voice and a colon is spoken by it.

::

    ずんだもん：おはようなのだ。            Line, by ずんだもん
    今日は晴れなのだ。                      Line, still by ずんだもん
    つむぎ（ささやき）: しずかにね。        Line, by つむぎ, in this style

Only names and aliases of voices.yaml are labels: a colon after any other word is text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.script.inserts import INSERT

if TYPE_CHECKING:
    from tts_render.script.base import Notation

__all__ = ["Label", "find_label", "find_speaker"]

_LABEL = re.compile(
    rf"(?P<marks>(?:{INSERT.pattern}|\s)*)(?P<name>[^:：]{{1,80}}?)\s*[:：](?!//)\s*(?P<rest>.*)", re.DOTALL
)
_STYLED = re.compile(r"(?P<name>[^（()）]+?)\s*[（(]\s*(?P<style>[^（()）]+?)\s*[)）]")


@dataclass(frozen=True, slots=True)
class Label:
    """The beginning of a line that says who speaks it."""

    speaker: str
    """As voices.yaml writes it."""
    style: str | None
    rest: str
    """What is said, without the label."""


def find_label(line: str, notation: Notation) -> Label | None:
    """Who speaks ``line``, where it says so."""
    found = _LABEL.fullmatch(line) if notation.speakers and (":" in line or "：" in line) else None
    if found is None:
        return None
    who = find_speaker(found["name"], notation)
    return who and Label(who[0], who[1], found["marks"].strip() + found["rest"].strip())


def find_speaker(name: str, notation: Notation) -> tuple[str, str | None] | None:
    """The voice, and the style in brackets behind it, that ``name`` names; None where it names no voice."""
    wanted = unicodedata.normalize("NFC", name.strip())
    for known in notation.speakers:
        if unicodedata.normalize("NFC", known) == wanted:
            return known, None
    styled = _STYLED.fullmatch(wanted)
    if styled is None:
        return None
    who = find_speaker(styled["name"], notation) if styled["name"] != wanted else None
    return who and (who[0], styled["style"])
