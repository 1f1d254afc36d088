"""Digests of what determines the result of an episode: equal digests mean that rendering again would change nothing.

``ours`` is known without an engine, ``theirs`` is what the engine adds. Each part has a name, so that messages can say
what has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.ground.messages import said
from tts_render.script import Pause, Sound
from tts_render.settings.embedded import EMBEDDED
from tts_render.site.receipt import digest_facts
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tts_render.engine import Identity
    from tts_render.settings.config import Config, Show, SoundSettings
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.casting import Cast, Direction, Role

__all__ = ["RECIPE", "difference", "ours", "theirs"]

RECIPE = 3
"""Increased when our arranging, mixing, mastering or tagging changes the result of the same inputs."""


def ours(
    cast: Cast, config: Config, show: Show, *, sounds: Mapping[str, str], tags: Tags, cover: str, engine: str
) -> dict[str, str]:
    """Compute the digests that are known without an engine.

    Args:
        cast: who says what.
        config: the settings.
        show: the show of the episode.
        sounds: SHA-256 of each jingle's file, by name.
        tags: tags of the MP3, without picture, and without credits, which the engine determines.
        cover: SHA-256 of the picture's file; empty if there is none.
        engine: the kind of engine.
    """
    voices = {name: config.voices[name] for name in sorted({utterance.voice for utterance in cast.utterances})}
    placed = dict.fromkeys(item.name for item in cast.items if isinstance(item, Sound))
    return {
        "script": digest_facts([_sounding(item) for item in cast.items]),
        "voices": digest_facts(
            [
                (
                    v.speaker,
                    v.style,
                    v.style_id,
                    v.speed,
                    v.pitch,
                    v.intonation,
                    v.volume,
                    v.pause,
                    v.credit,
                    *(v.bend(engine) for engine in sorted(EMBEDDED)),
                )
                for v in voices.values()
            ]
        ),
        "sounds": digest_facts(
            [
                name and (sounds[name], _as_played(config.sounds[name]))
                for name in (show.opening, show.between_sections, show.ending, *placed)
            ]
            + [show.opening_overlap, show.ending_overlap]
        ),
        "bed": digest_facts(show.bed and (sounds[show.bed.sound], show.bed)),
        "pacing": digest_facts(config.pacing),
        "mastering": digest_facts(config.master),
        "tags": digest_facts((tags, config.publication.lyrics)),
        "cover": cover,
        "closing": digest_facts((config.publication.spoken_credits, config.publication.disclosure)),
        "engine": engine,
        "recipe": str(RECIPE),
    }


def theirs(identity: Identity, directions: Mapping[Role, Direction], credits_: Sequence[str]) -> dict[str, str]:
    """Compute the digests that the engine determines."""
    return {
        "engine version": f"{identity.engine} {identity.version}",
        "dictionary": identity.dictionary,
        "styles": digest_facts(
            sorted((role.voice, role.style or "", role.manner, d.style, d.scales) for role, d in directions.items())
        ),
        "credits": digest_facts(list(credits_)),
    }


_NAMES = {
    str(name): name
    for name in (
        said("script"), said("voices"), said("sounds"), said("bed"), said("pacing"), said("mastering"), said("tags"),
        said("cover"), said("closing"), said("engine"), said("recipe"), said("engine version"), said("dictionary"),
        said("styles"), said("credits"),
    )
}  # fmt: skip
"""What the digests are called, for people."""


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the digests that differ."""
    names = (name for name in dict.fromkeys((*before, *now)) if before.get(name) != now.get(name))
    return tuple(_NAMES.get(name, name) for name in names)


def _as_played(sound: SoundSettings) -> tuple[object, ...]:
    return (sound.level, sound.gain, sound.fade_in, sound.fade_out)


def _sounding(item: CastItem) -> tuple[object, ...]:
    """The parts of an item that can be heard, or are in the tags, which may hold the whole text."""
    if isinstance(item, Utterance):
        take = () if item.take is None else (item.take.digest,)
        return ("say", item.text, item.reading, item.role, item.end_of_sentence, *take)
    if isinstance(item, Pause):
        return ("pause", item.kind, item.seconds)
    if isinstance(item, Sound):
        return ("sound", item.name)
    return ("cue", item.kind, item.title, item.url)
