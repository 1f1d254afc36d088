"""How a line is said now, what it may be changed to, and why something cannot be changed: for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.ground.errors import EngineError
from tts_render.ground.messages import said
from tts_render.run.rereading import exact, gap
from tts_render.script import Line
from tts_render.settings.embedded import EMBEDDED
from tts_render.speech.casting import direct

if TYPE_CHECKING:
    from tts_render.studio.sheet import Sheet

__all__ = ["FOLLOWS", "is_marked", "manner_facts"]

_OWN = dict.fromkeys(("speed", "pitch", "intonation", "volume", "styles"))

FOLLOWS: dict[str, dict[str, str | None]] = {
    "voicevox": {"accents": None, "pitches": None, "lengths": None, **_OWN},
    "openjtalk": {
        "accents": None,
        "pitches": said("Open JTalk decides pitches itself."),
        "lengths": said("Open JTalk decides lengths itself."),
        **_OWN,
        "intonation": said("Open JTalk decides the intonation itself."),
        "styles": said("Open JTalk has no styles; another voice of the settings can be chosen."),
    },
    "kokoro": {
        "accents": said("Kokoro takes kana without accents."),
        "pitches": said("Kokoro decides pitches itself."),
        "lengths": said("Kokoro decides lengths itself."),
        **_OWN,
        "pitch": said("Kokoro decides the pitch itself."),
        "intonation": said("Kokoro decides the intonation itself."),
        "styles": said("Kokoro has no styles; another voice of the settings can be chosen."),
    },
}
"""What each kind of engine follows of what is mended; for the rest, why not."""


def manner_facts(sheet: Sheet, index: int) -> dict[str, Any]:
    """How a line is said, as the page shows it.

    Speed, intonation and volume are factors for the voice's own, the pitch is in semitones above it, pauses are in
    seconds, None where their length follows from the settings. ``why`` tells of each thing that cannot be changed why
    not.
    """
    utterance = sheet.utterances[index]
    place = sheet.place(index)
    settled = said("This is said by the settings, not by the script.") if place is None else None
    unwritten = settled
    if place is not None and sheet.is_deck:
        unwritten = said("A slide deck has no markup, so only accents and intonation can be changed.")
    follows = FOLLOWS["voicevox"] if isinstance(sheet.engines, EngineError) else FOLLOWS[sheet.pool.identity.engine]
    why = {name: unwritten or follows[name] for name in ("speed", "pitch", "volume")}
    why |= dict.fromkeys(("voice", "before", "after", "out"), unwritten)
    why |= {"styles": follows["styles"], "intonation": settled or follows["intonation"]}
    manner = utterance.manner
    return {
        "speed": manner.speed,
        "pitch": manner.pitch * 12,
        "intonation": manner.intonation,
        "volume": manner.volume,
        "before": _pause(sheet, place, behind=False) if place is not None else None,
        "after": _pause(sheet, place, behind=True) if place is not None else None,
        "voice": utterance.voice,
        "style": utterance.style,
        "voices": _voices(sheet),
        "why": why,
    }


def is_marked(sheet: Sheet, index: int) -> bool:
    """Whether the script gives accents of a line."""
    place = sheet.place(index)
    line = None if place is None else sheet.episode.script.items[place]
    return isinstance(line, Line) and any(span.kana for span in line.spans)


def _pause(sheet: Sheet, place: int, *, behind: bool) -> float | None:
    items = sheet.episode.script.items
    first, last = gap(items, place, behind=behind)
    given = exact(items[first + 1 : last])
    return sum(given) if given else None


def _voices(sheet: Sheet) -> list[dict[str, Any]]:
    """Every voice of the settings that the engine has, with the names of its other styles."""
    config = sheet.episode.config
    if isinstance(sheet.engines, EngineError):
        return [{"name": name, "own": None, "styles": []} for name in config.voices]
    identity = sheet.engines.identity
    found: list[dict[str, Any]] = []
    for voice in config.voices.values():
        try:
            direction = direct([voice], config, identity)[voice.name]
        except EngineError:
            continue  # the engine lacks it
        styles = (
            [] if identity.engine in EMBEDDED else [one for one in identity.styles if one.speaker == direction.speaker]
        )
        own = next((one.name for one in styles if one.id == direction.style), None)
        found.append({"name": voice.name, "own": own, "styles": [one.name for one in styles if one.name != own]})
    return found
