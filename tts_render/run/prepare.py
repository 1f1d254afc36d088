"""What is decided about an episode before an engine is asked: lines, sounds, tags, and what was made before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.cover import Cover, find_cover
from tts_render.episode.episode import read_text
from tts_render.ground.errors import ScriptError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import said
from tts_render.ground.units import seconds_to_frames
from tts_render.mix.bed import Music, open_music
from tts_render.mix.timeline import Jingle, Jingles
from tts_render.outputs.finished import About
from tts_render.outputs.sidecars import wanted_outputs
from tts_render.run.describe import digest_texts
from tts_render.run.digests import difference, ours
from tts_render.run.tags import early_tags
from tts_render.script import Sound
from tts_render.script.deck import Deck, parse_deck
from tts_render.sound.audio import amplitude, open_sound
from tts_render.speech.fitting import Misfit, cast_mended

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.ground.units import Seconds
    from tts_render.site.receipt import Receipt
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.casting import Cast

__all__ = ["Work", "open_bed", "open_deck", "open_jingles", "prepare"]


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do for an episode, as far as it is known before an engine is asked."""

    audio: Path
    """Where the MP3 goes."""
    script: Cast
    misfits: tuple[Misfit, ...]
    """Takes that fit none of its lines."""
    jingles: Jingles
    music: Music | None
    """The music under the words."""
    tags: Tags
    """Without credits and chapters, which depend on the speaking."""
    known: dict[str, str]
    """Digests of all this, by name."""
    stored: Receipt | None
    """The receipt of the last run."""
    cover: Cover | None
    about: About
    """What is published about the episode."""
    deck: Deck | None
    """The slides shown with it."""
    outputs: tuple[str, ...]
    """Names of the outputs beside the MP3."""
    offset_ms: int
    """How much later the audio begins in the slide video."""
    texts: str
    """Digest of what determines the files beside the MP3 but is not in the MP3."""

    @property
    def changes(self) -> tuple[str, ...]:
        """Names of what has changed since the last run, except for the engine and the files."""
        return (said("receipt"),) if self.stored is None else difference(self.stored.ours, self.known)


def prepare(
    episode: Episode,
    audio: Path,
    stored: Receipt | None,
    *,
    engine: str,
    also: Sequence[str] = (),
    offset_ms: int | None = None,
) -> Work:
    """Decide what can be decided about an episode before an engine is asked.

    Args:
        episode: the episode.
        audio: where its MP3 goes.
        stored: the receipt of the last run.
        engine: the kind of engine that will speak.
        also: outputs beside the MP3, in addition to those in the settings and those that exist.
        offset_ms: how much later the audio begins in the slide video; None keeps the value of the last run.

    Raises:
        ScriptError: there is nothing to say, the slide deck is invalid, or a deck is asked for and there is none.
        SoundError: a jingle is not a sound.
        InputError: the show's picture is missing, or a picture lies outside the site.
    """
    config = episode.config
    script, misfits = cast_mended(episode.script, config, episode.voice, episode.takes)
    jingles, music = open_jingles(episode), open_bed(episode)
    tags, cover = early_tags(episode), find_cover(episode)
    digests = {jingle.name: jingle.digest for jingle in jingles.all()}
    if music is not None:
        digests[music.settings.sound] = music.sound.digest
    outputs = wanted_outputs((*config.publication.outputs, *also), stored, audio)
    picture = "" if cover is None else cover.digest
    known = ours(script, config, episode.show, sounds=digests, tags=tags, cover=picture, engine=engine)
    deck = open_deck(episode)
    if episode.deck is not None:
        known["deck"] = digest_file(episode.deck)
    elif "deck" in also:
        raise ScriptError(
            said("there is no slide deck for this episode"),
            path=episode.path,
            remedy=said("Put {stem}.json beside the MP3, or remove deck from the outputs.", stem=audio.stem),
        )
    else:  # the settings ask for a deck for every episode that has one
        outputs = tuple(name for name in outputs if name != "deck")
    if offset_ms is None:
        offset_ms = 0 if stored is None else stored.offset_ms
    about = About(episode.title, episode.album, episode.artist, episode.url, audio.name, config.names())
    return Work(
        audio=audio,
        script=script,
        misfits=misfits,
        jingles=jingles,
        music=music,
        tags=tags,
        known=known,
        stored=stored,
        cover=cover,
        about=about,
        deck=deck,
        outputs=outputs,
        offset_ms=offset_ms,
        texts=digest_texts(about, script.items, offset_ms),
    )


def open_deck(episode: Episode) -> Deck | None:
    """The slides shown with an episode, if there are any.

    Raises:
        ScriptError: the deck is not a slide deck.
    """
    return None if episode.deck is None else parse_deck(episode.deck, read_text(episode.deck))


def open_jingles(episode: Episode) -> Jingles:
    """The sounds of an episode's show.

    Raises:
        SoundError: a sound is missing, or is not a sound.
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
            levelled=settings.level == "speech",
            gain=amplitude(settings.gain),
            fade_in=seconds_to_frames(settings.fade_in, rate),
            fade_out=seconds_to_frames(settings.fade_out, rate),
            overlap=seconds_to_frames(overlap, rate),
        )

    show = episode.show
    names = dict.fromkeys(item.name for item in episode.script.items if isinstance(item, Sound))
    placed = tuple(found for found in map(jingle, names) if found is not None)
    opening, ending = jingle(show.opening, show.opening_overlap), jingle(show.ending, show.ending_overlap)
    return Jingles(opening, jingle(show.between_sections), ending, placed)


def open_bed(episode: Episode) -> Music | None:
    """Return the music under an episode's show; None if there is none.

    Raises:
        SoundError: it is missing, or not a sound.
    """
    bed = episode.show.bed
    return None if bed is None else open_music(episode.config.sounds[bed.sound].path, bed)
