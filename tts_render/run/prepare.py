"""The desk: all that is settled about an episode before an engine is asked, and what the engine's answer settles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.cover import Cover, find_cover
from tts_render.ground.errors import ScriptError
from tts_render.ground.files import digest_file
from tts_render.ground.units import seconds_to_frames
from tts_render.mix.bed import Music, open_music
from tts_render.mix.timeline import Jingle, Jingles
from tts_render.outputs.sidecars import wanted_outputs
from tts_render.run.describe import digest_texts, early_tags, read_episode_deck
from tts_render.run.digests import engine_kind, ours
from tts_render.script import Sound
from tts_render.site.receipt import Receipt, read_receipt
from tts_render.sound.audio import amplitude, open_sound
from tts_render.speech.casting import Cast, Direction, cast, direct_roles, held_by

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine import Identity
    from tts_render.episode.episode import Episode
    from tts_render.ground.units import Seconds
    from tts_render.run.session import Session
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.casting import Role

__all__ = ["Work", "as_held", "direct_script", "open_jingles", "prepare"]


@dataclass(frozen=True, slots=True)
class Work:
    """An episode on the desk: all that is known before an engine is asked."""

    audio: Path
    """Where the MP3 goes."""
    script: Cast
    jingles: Jingles
    music: Music | None
    """What lies under the words."""
    tags: Tags
    """Without credits and chapters, which follow from the speaking."""
    known: dict[str, str]
    """Digests of all this, by name."""
    stored: Receipt | None
    """Of the last run."""
    cover: Cover | None
    outputs: tuple[str, ...]
    """What goes beside the MP3."""
    offset_ms: int
    """How much later the audio begins in the video of the slides."""
    texts: str
    """Digest of what decides that and is not in the MP3."""


def prepare(
    episode: Episode, session: Session, audio: Path, also: Sequence[str] = (), offset_ms: int | None = None
) -> Work:
    """What is settled about an episode before an engine is asked.

    Raises:
        ScriptError: there is nothing to say, the slide deck is none, or one is asked for and there is none.
        SoundError: a jingle is no sound.
        InputError: the show's picture is missing, or one leaves the site.
    """
    script = cast(episode.script, episode.config, episode.voice)
    jingles, music = open_jingles(episode), _open_music(episode)
    tags, cover = early_tags(episode), find_cover(episode)
    digests = {jingle.name: jingle.digest for jingle in jingles.all()}
    if music is not None:
        digests[music.settings.sound] = music.sound.digest
    stored = read_receipt(session.receipt(episode, audio))
    engine = engine_kind(session.targets(episode))
    outputs = wanted_outputs((*episode.config.publication.outputs, *also), stored, audio)
    known = ours(episode, script, digests, tags, "" if cover is None else cover.digest, engine)
    if episode.deck is not None:
        read_episode_deck(episode)
        known["deck"] = digest_file(episode.deck)
    elif "deck" in also:
        raise ScriptError(
            "there is no slide deck for this episode",
            path=episode.path,
            remedy=f"Put {audio.stem}.json beside the MP3, or leave deck out.",
        )
    else:  # the settings ask for the decks of those episodes that have one
        outputs = tuple(name for name in outputs if name != "deck")
    if offset_ms is None:
        offset_ms = 0 if stored is None else stored.offset_ms
    return Work(
        audio=audio,
        script=script,
        jingles=jingles,
        music=music,
        tags=tags,
        known=known,
        stored=stored,
        cover=cover,
        outputs=outputs,
        offset_ms=offset_ms,
        texts=digest_texts(episode, script, audio.name, offset_ms),
    )


def open_jingles(episode: Episode) -> Jingles:
    """The sounds of an episode's show.

    Raises:
        SoundError: one of them is missing, or no sound.
    """
    rate = episode.config.master.rate

    def jingle(name: str | None, overlap: Seconds = 0.0) -> Jingle | None:
        if name is None:
            return None
        settings = episode.config.sounds[name]
        sound = open_sound(settings.path)
        return Jingle(
            name,
            sound,
            sound.digest,
            amplitude(settings.gain),
            seconds_to_frames(settings.fade_in, rate),
            seconds_to_frames(settings.fade_out, rate),
            seconds_to_frames(overlap, rate),
        )

    show = episode.show
    names = dict.fromkeys(item.name for item in episode.script.items if isinstance(item, Sound))
    placed = tuple(found for found in map(jingle, names) if found is not None)
    opening, ending = jingle(show.opening, show.opening_overlap), jingle(show.ending, show.ending_overlap)
    return Jingles(opening, jingle(show.between_sections), ending, placed)


def _open_music(episode: Episode) -> Music | None:
    bed = episode.show.bed
    return None if bed is None else open_music(episode.config.sounds[bed.sound].path, bed)


def as_held(script: Cast, episode: Episode, identity: Identity) -> Cast:
    """``script`` as it is said to an engine whose user dictionary may hold words of the lexicon."""
    held = held_by(identity, episode.config)
    return cast(episode.script, episode.config, episode.voice, held=held) if held else script


def direct_script(script: Cast, episode: Episode, identity: Identity) -> dict[Role, Direction]:
    """Who says what, of those that the engine offers.

    Raises:
        EngineMismatchError: it does not have a voice.
    """
    return direct_roles(script.utterances, episode.config, identity, script.path)
