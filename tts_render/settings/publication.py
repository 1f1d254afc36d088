"""Publishing settings in voices.yaml: which files go beside the MP3, what the tags hold, and spoken credits."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tts_render.ground.yamltree import Tree

__all__ = ["DISCLOSURE", "KEYS", "OUTPUTS", "Disclosure", "Publication", "read_publication"]

OUTPUTS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "vtt": ((".vtt", "transcript:transcript_vtt"),),
        "srt": ((".srt", "transcript:transcript_srt"),),
        "chapters": ((".chapters.json", "chapters:chapters_json"), (".chapters.txt", "chapters:chapters_text")),
        "timeline": ((".timeline.json", "timeline_file:timeline_json"),),
        "transcript": ((".transcript.html", "transcript:transcript_html"),),
        "deck": ((".deck.json", "slide_times:deck_json"),),
        "report": ((".report.html", "report:report_html"),),
    }
)
"""What can be published beside the MP3, in the order of writing: each output by name, with its files.

A file is given by what replaces ``.mp3`` in the MP3's name, and by its writer: a module of ``tts_render.outputs`` and a
function in it from a finished episode to bytes. A new output is a writer and an entry here. Writers are given by name
instead of being imported, since settings know nothing about what is made from them.
"""

DISCLOSURE = "この番組の音声は、AIによる合成音声です。"
"""Discloses that the speech is synthetic: Apple asks for it in the metadata and audio of each episode or show."""

KEYS = ("outputs", "tags", "credits", "disclosure")
"""The top-level settings of voices.yaml that are read here."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How listeners are told that the speech is synthetic."""

    text: str = DISCLOSURE
    tags: bool = True
    """Whether it is in the MP3's tags."""
    spoken: bool = False
    """Whether it is said after the last words, in the episode's own voice."""


@dataclass(frozen=True, slots=True)
class Publication:
    """How an episode is published."""

    outputs: tuple[str, ...] = ()
    """What goes beside the MP3: names from :data:`OUTPUTS`."""
    lyrics: bool = True
    """Whether the tags hold the text of the episode."""
    spoken_credits: bool = False
    """Whether the voices are credited after the last words, in the episode's own voice."""
    disclosure: Disclosure = Disclosure()


def read_publication(top: Mapping[str, Tree]) -> Publication:
    """Parse the publishing settings.

    Args:
        top: the top-level settings of voices.yaml, by name.

    Raises:
        ConfigError: something in them is wrong; the nearest valid name is suggested.
    """
    outputs = top["outputs"].items() if "outputs" in top else ()
    return Publication(
        outputs=tuple(dict.fromkeys(item.choice(list(OUTPUTS)) for item in outputs)),
        lyrics=_switch(top, "tags", "lyrics", default=True),
        spoken_credits=_switch(top, "credits", "spoken", default=False),
        disclosure=_disclosure(top["disclosure"]) if "disclosure" in top else Disclosure(),
    )


def _switch(top: Mapping[str, Tree], group: str, name: str, *, default: bool) -> bool:
    found = top[group].fields(name) if group in top else {}
    return found[name].switch() if name in found else default


def _disclosure(tree: Tree) -> Disclosure:
    """A mapping, or just the text, or just whether it is in the tags."""
    if not tree.is_mapping:
        text = tree.text()
        return Disclosure(tags=text == "true") if text in ("true", "false") else Disclosure(text)
    found, default = tree.fields("text", "tags", "spoken"), Disclosure()
    return Disclosure(
        text=found["text"].text() if "text" in found else default.text,
        tags=found["tags"].switch() if "tags" in found else default.tags,
        spoken=found["spoken"].switch() if "spoken" in found else default.spoken,
    )
