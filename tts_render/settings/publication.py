"""What voices.yaml says of publishing: which files go beside the MP3, what the tags say, what is said of the voices."""

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
"""What can be published beside the MP3, in the order in which it is written: each output by its name, with its files.

A file is what follows the MP3's name without its ``.mp3``, and its writer: a module of ``tts_render.outputs`` and a
function in it from a finished episode to bytes. A new output is a writer and an entry here. Writers are named and not
imported, since settings know nothing of what is made from them.
"""

DISCLOSURE = "この番組の音声は、AIによる合成音声です。"
"""That nobody spoke: Apple asks for it in the metadata and in the audio of each episode or show."""

KEYS = ("outputs", "tags", "credits", "disclosure")
"""The settings at the top of voices.yaml that are read here."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How listeners are told that the speech is synthetic."""

    text: str = DISCLOSURE
    tags: bool = True
    """In the MP3's tags."""
    spoken: bool = False
    """After the last words, in the episode's own voice."""


@dataclass(frozen=True, slots=True)
class Publication:
    """How an episode is published."""

    outputs: tuple[str, ...] = ()
    """What goes beside the MP3: names out of :data:`OUTPUTS`."""
    lyrics: bool = True
    """Whether the tags hold the text of the episode."""
    spoken_credits: bool = False
    """Whether the voices are credited after the last words, in the episode's own voice."""
    disclosure: Disclosure = Disclosure()


def read_publication(top: Mapping[str, Tree]) -> Publication:
    """The settings of publishing.

    Args:
        top: the settings at the top of voices.yaml by name.

    Raises:
        ConfigError: something in them is wrong; the nearest right name is offered.
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
