"""Dialogue (対話): a line that begins with the name of a voice and a colon is spoken by that voice.

::

    ずんだもん：おはようなのだ。            Line, by ずんだもん
    今日は晴れなのだ。                      Line, still by ずんだもん
    つむぎ（ささやき）: しずかにね。        Line, by つむぎ, in this style

Only names and aliases in voices.yaml are labels: a colon after any other word is text.
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
    """The label at the beginning of a line, and the rest of the line."""

    speaker: str
    """The name as in voices.yaml."""
    style: str | None
    rest: str
    """What is said, without the label."""


def find_label(line: str, notation: Notation) -> Label | None:
    """Return who speaks ``line``, if it says so."""
    found = _LABEL.fullmatch(line) if notation.speakers and (":" in line or "：" in line) else None
    if found is None:
        return None
    who = find_speaker(found["name"], notation)
    return who and Label(who[0], who[1], found["marks"].strip() + found["rest"].strip())


def find_speaker(name: str, notation: Notation) -> tuple[str, str | None] | None:
    """The voice that ``name`` refers to, and the style in brackets after it; None if there is no such voice."""
    wanted = unicodedata.normalize("NFC", name.strip())
    for known in notation.speakers:
        if unicodedata.normalize("NFC", known) == wanted:
            return known, None
    styled = _STYLED.fullmatch(wanted)
    if styled is None:
        return None
    who = find_speaker(styled["name"], notation) if styled["name"] != wanted else None
    return who and (who[0], styled["style"])
