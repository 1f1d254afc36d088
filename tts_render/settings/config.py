"""voices.yaml: who speaks, with which sounds and pauses, how loud, and which front matter keys a post has.

Everything is validated when it is read: a message gives the file, the line and the nearest valid name.
"""

from __future__ import annotations

import fnmatch
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tts_render.ground.errors import ConfigError
from tts_render.ground.messages import listed, said
from tts_render.ground.yamltree import Tree, nearest, read_tree
from tts_render.settings.bed import BedSettings, read_bed
from tts_render.settings.embedded import EMBEDDED
from tts_render.settings.lexicon import lexicon_files, read_lexicon
from tts_render.settings.notations import TEMPLATES, known_voice, read_shortcodes, read_template
from tts_render.settings.publication import KEYS, Publication, read_publication
from tts_render.site.presets import PRESETS, Preset, customise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tts_render.ground.units import Decibels, Lufs, Seconds
    from tts_render.script.base import SpokenShortcode
    from tts_render.settings.lexicon import Entry

__all__ = [
    "BUILTIN_SOUNDS",
    "DEFAULT_ENGINE",
    "Bend",
    "Config",
    "EncoderName",
    "MasterSettings",
    "Pacing",
    "Show",
    "SoundLevel",
    "SoundSettings",
    "VoiceSettings",
    "load_config",
    "packaged_config_path",
]

EncoderName = Literal["auto", "lame", "ffmpeg", "soundfile"]
SoundLevel = Literal["speech", "as-is"]
"""``speech``: a little below the speech of the episode; ``as-is``: as loud as the file is."""

BUILTIN_SOUNDS = ("opening", "bumper", "ending")
DEFAULT_ENGINE = "http://127.0.0.1:50021"

_BITRATES = (96, 112, 128, 160, 192, 224, 256, 320)
_RATES = (44100, 48000)


@dataclass(frozen=True, slots=True)
class Bend:
    """How one embedded engine speaks for a voice, where the VOICEVOX values would not suit it."""

    voice: str | None = None
    """The engine's own name of a voice; None chooses one by order."""
    half_tone: float | None = None
    """Semitones, -12 to 12; None derives them from the voice's pitch."""
    speed: float | None = None
    """Greater than 1 is faster; None takes the voice's speed."""


@dataclass(frozen=True, slots=True)
class VoiceSettings:
    """One voice, by the name that posts and scripts use."""

    name: str
    line: int
    """1-based line in voices.yaml."""
    speaker: str | None = None
    """The engine's name of the speaker; None if ``style_id`` is given."""
    style: str | None = None
    """The engine's name of the style; None takes the speaker's first."""
    style_id: int | None = None
    aliases: tuple[str, ...] = ()
    """Other names for it."""
    speed: float = 1.0
    """Greater than 1 is faster; 0.1 to 10."""
    pitch: float = 0.0
    """-1 to 1; 0 is the speaker's own pitch, and VOICEVOX's own editor stays within 0.15."""
    intonation: float = 1.0
    """0 is flat, 1 is natural; 0 to 10."""
    volume: float = 1.0
    """Linear gain; above 0, to 10."""
    pause: float = 1.0
    """Factor for the pauses inside an utterance; 0 to 10."""
    credit: str | None = None
    """The credit line, if it is not ``VOICEVOX:`` and the speaker's name."""
    bends: tuple[tuple[str, Bend], ...] = ()
    """Settings for embedded engines, by the engine's name."""

    def bend(self, engine: str) -> Bend:
        """How an embedded engine speaks for this voice."""
        return dict(self.bends).get(engine, Bend())


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """One jingle."""

    name: str
    line: int
    path: Path
    level: SoundLevel = "speech"
    gain: Decibels = 0.0
    """Gain on top of the level."""
    fade_in: Seconds = 0.0
    fade_out: Seconds = 0.0


@dataclass(frozen=True, slots=True)
class Show:
    """Which sounds and names go with which episodes. Sounds are names from ``sounds``."""

    line: int = 0
    actor: str | None = None
    """Matches posts with this first actor; None matches all."""
    title: str | None = None
    """Pattern with ``*`` and ``?`` for titles; None matches all."""
    file: str | None = None
    """Pattern with ``*`` and ``?`` for the name of the post or script; None matches all."""
    name: str | None = None
    """The show's name in the tags; None takes the site's title."""
    artist: str | None = None
    """The artist in the tags; None takes the actors' names."""
    cover: Path | None = None
    """The picture in the tags, if the post has none."""
    season: int | None = None
    """The episode number in the tags, if the post has none."""
    opening: str | None = None
    between_sections: str | None = None
    ending: str | None = None
    opening_overlap: Seconds = 0.0
    """How long before the end of the opening the words begin; 0 for a paragraph pause after it."""
    ending_overlap: Seconds = 0.0
    """How long before the end of the words the ending begins; 0 for a paragraph pause after them."""
    bed: BedSettings | None = None
    """Music under the words."""
    intro: str | None = None
    """What is said first when a post's body is spoken; a template."""
    before_article: str | None = None
    """What is said before each article of the body; a template."""
    outro: str | None = None
    """What is said last; a template."""

    def matches(self, *, title: str | None, file: str) -> bool:
        """Whether title and file fit; names are compared in composed form (NFC)."""
        return (self.title is None or fnmatch.fnmatchcase(_nfc(title or ""), _nfc(self.title))) and (
            self.file is None or fnmatch.fnmatchcase(_nfc(file), _nfc(self.file))
        )


@dataclass(frozen=True, slots=True)
class Pacing:
    """Pauses, in seconds."""

    head: Seconds = 0.3
    """Before everything."""
    sentence: Seconds = 0.35
    """Between two utterances of a paragraph."""
    paragraph: Seconds = 0.7
    """Between two paragraphs, after the opening and before the ending."""
    section: Seconds = 1.2
    """Between two sections; a bumper plays in its middle."""
    tail: Seconds = 1.0
    """After everything."""


@dataclass(frozen=True, slots=True)
class MasterSettings:
    """Properties of the MP3."""

    loudness: Lufs = -16.0
    """Integrated loudness of the whole episode."""
    true_peak: Decibels = -1.0
    """Highest true peak after encoding, dBTP."""
    bitrate: int = 128
    """kbit/s, constant."""
    rate: int = 44100
    """Frames per second."""
    channels: int = 1
    encoder: EncoderName = "auto"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything in voices.yaml."""

    path: Path
    default: str
    """Name of the voice that speaks a script without a post."""
    engines: tuple[str, ...]
    """URLs or names of the engines."""
    voices: Mapping[str, VoiceSettings]
    """By name, in file order."""
    sounds: Mapping[str, SoundSettings] = field(default_factory=dict)
    shows: tuple[Show, ...] = ()
    pacing: Pacing = Pacing()
    master: MasterSettings = MasterSettings()
    lexicon: Mapping[str, str] = field(default_factory=dict)
    """Surface to reading."""
    words: tuple[Entry, ...] = ()
    """The lexicon's entries that have an accent."""
    lexicon_files: tuple[Path, ...] = ()
    """The CSV files of the lexicon."""
    links: str = ""
    """What is said for a web or mail address; empty skips it."""
    shortcodes: Mapping[str, SpokenShortcode] = field(default_factory=dict)
    """Which Hugo shortcodes are spoken, and how."""
    preset: Preset = PRESETS["yattecast"]
    publication: Publication = field(default_factory=Publication)

    def voice(self, name: str) -> VoiceSettings | None:
        """The voice with this name or alias, compared in composed form (NFC); None if there is none."""
        wanted = _nfc(name)
        for voice in self.voices.values():
            if wanted in (_nfc(voice.name), *map(_nfc, voice.aliases)):
                return voice
        return None

    def names(self) -> tuple[str, ...]:
        """Every name and alias."""
        return _names(self.voices)

    def show(self, *, actor: str | None, title: str | None, file: str) -> Show:
        """The first show that matches; one without sounds if none does. An alias stands for its voice."""
        voice = self.voice(actor) if actor is not None else None

        def fits(show: Show) -> bool:
            wanted = self.voice(show.actor) if show.actor is not None else None
            return (show.actor is None or (wanted is not None and wanted is voice)) and show.matches(
                title=title, file=file
            )

        return next((show for show in self.shows if fits(show)), Show())

    def nearest_voice(self, name: str) -> str:
        """A sentence suggesting what to write instead of an unknown name."""
        near = nearest(name, self.names())
        known = listed(self.voices)
        return (
            said("Did you mean {near}?", near=near)
            if near
            else said("The names in {name} are: {known}.", name=self.path.name, known=known)
        )


def packaged_config_path() -> Path:
    """The default voices.yaml, inside an installed package or at the top of a source tree."""
    here = Path(__file__).resolve().parent.parent
    packaged = here / "voices.yaml"
    return packaged if packaged.is_file() else here.parent / "voices.yaml"


def load_config(path: Path, *, root: Path | None = None) -> Config:
    """Read and validate a voices.yaml file.

    Args:
        path: the file.
        root: the site's root; sounds must lie in it or in the folder of the file.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong.
        OutsideSiteError: a sound lies elsewhere.
    """
    tree = read_tree(path)
    top = tree.fields(
        "default", "engine", "voices", "sounds", "shows", "pacing", "master", "lexicon", "reading", "shortcodes",
        "post", *KEYS,
    )  # fmt: skip
    if "voices" not in top or not (entries := top["voices"].entries()):
        raise ConfigError(
            said("voices: is empty"), path=path, remedy=said("Name at least one, with speaker: or style_id:.")
        )
    voices = {name: _voice(name, entry) for name, entry in entries.items()}
    _refuse_shared_names(voices, path)
    sounds = (
        {name: _sound(name, entry, root) for name, entry in top["sounds"].entries().items()} if "sounds" in top else {}
    )
    lexicon = read_lexicon(top["lexicon"], root) if "lexicon" in top else ()
    config = Config(
        path=path,
        default=next(iter(voices)),
        engines=_engines(top["engine"]) if "engine" in top else (DEFAULT_ENGINE,),
        voices=voices,
        sounds=sounds,
        shows=(tuple(_show(entry, voices, sounds, root) for entry in top["shows"].items()) if "shows" in top else ()),
        pacing=_pacing(top["pacing"]) if "pacing" in top else Pacing(),
        master=_master(top["master"]) if "master" in top else MasterSettings(),
        lexicon={entry.surface: entry.reading for entry in lexicon},
        words=tuple(entry for entry in lexicon if entry.accent is not None),
        lexicon_files=lexicon_files(top["lexicon"], root) if "lexicon" in top else (),
        links=_links(top["reading"]) if "reading" in top else "",
        shortcodes=read_shortcodes(top["shortcodes"], _names(voices)) if "shortcodes" in top else {},
        preset=_preset(top["post"]) if "post" in top else PRESETS["yattecast"],
        publication=read_publication(top),
    )
    if "default" not in top:
        return config
    name = top["default"].text()
    voice = config.voice(name)
    if voice is None:
        raise top["default"].wrong(said("there is no voice {name!r}", name=name), config.nearest_voice(name))
    return replace(config, default=voice.name)


def _voice(name: str, tree: Tree) -> VoiceSettings:
    found = tree.fields(
        "speaker", "style", "style_id", "aliases", "speed", "pitch", "intonation", "volume", "pause", "credit",
        *EMBEDDED,
    )  # fmt: skip
    if "speaker" not in found and "style_id" not in found:
        raise tree.wrong(said("needs speaker: or style_id:"), said("`tts-render voices` lists what the engine has."))
    if "style_id" in found and ("speaker" in found or "style" in found):
        raise found["style_id"].wrong(said("style_id cannot be combined with speaker or style"))

    def number(key: str, default: float, least: float, most: float) -> float:
        return found[key].number(least, most) if key in found else default

    return VoiceSettings(
        name=name,
        line=tree.line,
        speaker=found["speaker"].text() if "speaker" in found else None,
        style=found["style"].text() if "style" in found else None,
        style_id=found["style_id"].whole(0, 2**31 - 1) if "style_id" in found else None,
        aliases=tuple(alias.text() for alias in found["aliases"].items()) if "aliases" in found else (),
        speed=number("speed", 1.0, 0.1, 10),
        pitch=number("pitch", 0.0, -1, 1),
        intonation=number("intonation", 1.0, 0, 10),
        volume=number("volume", 1.0, 0.01, 10),
        pause=number("pause", 1.0, 0, 10),
        credit=found["credit"].text() if "credit" in found else None,
        bends=tuple((name, _bend(found[name], *EMBEDDED[name].bend)) for name in EMBEDDED if name in found),
    )


def _bend(tree: Tree, *known: str) -> Bend:
    if not tree.is_mapping and "voice" in known:
        return Bend(voice=tree.text())
    found = tree.fields(*known)
    return Bend(
        voice=found["voice"].text() if "voice" in found else None,
        half_tone=found["half_tone"].number(-12, 12) if "half_tone" in found else None,
        speed=found["speed"].number(0.1, 10) if "speed" in found else None,
    )


def _refuse_shared_names(voices: Mapping[str, VoiceSettings], path: Path) -> None:
    owners: dict[str, VoiceSettings] = {}
    for voice in voices.values():
        for name in (voice.name, *voice.aliases):
            other = owners.setdefault(_nfc(name), voice)
            if other is not voice:
                raise ConfigError(
                    said(
                        "voices.{name}: the name {alias!r} already belongs to {other} in line {line}",
                        name=voice.name,
                        alias=name,
                        other=other.name,
                        line=other.line,
                    ),
                    path=path,
                    line=voice.line,
                )


def _sound(name: str, tree: Tree, root: Path | None) -> SoundSettings:
    if not tree.is_mapping:
        return SoundSettings(name, tree.line, _sound_path(tree, root))
    found = tree.fields("file", "level", "gain", "fade_in", "fade_out")
    if "file" not in found:
        raise tree.wrong(said("needs file:"))
    levels: tuple[SoundLevel, ...] = ("speech", "as-is")
    chosen = found["level"].choice(levels) if "level" in found else "speech"
    return SoundSettings(
        name,
        tree.line,
        _sound_path(found["file"], root),
        level=next(level for level in levels if level == chosen),
        gain=found["gain"].number(-60, 24) if "gain" in found else 0.0,
        fade_in=found["fade_in"].number(0, 60) if "fade_in" in found else 0.0,
        fade_out=found["fade_out"].number(0, 60) if "fade_out" in found else 0.0,
    )


def _sound_path(tree: Tree, root: Path | None) -> Path:
    text = tree.text()
    if text.startswith("builtin:"):
        name = text.removeprefix("builtin:")
        if name not in BUILTIN_SOUNDS:
            raise tree.wrong(
                said("there is no {text}", text=text),
                said(
                    "The built-in sounds are: {sounds}.",
                    sounds=listed("builtin:" + n for n in BUILTIN_SOUNDS),
                ),
            )
        return Path(__file__).resolve().parent / "sounds" / f"{name}.flac"
    return tree.inside(root)


def _show(
    tree: Tree,
    voices: Mapping[str, VoiceSettings],
    sounds: Mapping[str, SoundSettings],
    root: Path | None,
) -> Show:
    found = tree.fields(
        "match", "name", "artist", "cover", "season", "opening", "between_sections", "ending", "opening_overlap",
        "ending_overlap", "bed", *TEMPLATES,
    )  # fmt: skip
    match = found["match"].fields("actor", "title", "file") if "match" in found else {}

    def sound(key: str) -> str | None:
        return known_sound(found[key]) if key in found and not found[key].empty else None

    def overlap(key: str) -> Seconds:
        return found[key].number(0, 30) if key in found else 0.0

    def known_sound(name: Tree) -> str:
        if name.text() not in sounds:
            near = nearest(name.text(), sounds)
            raise name.wrong(
                said("there is no sound {text!r}", text=name.text()),
                said("Did you mean {near}?", near=near) if near else said("Name it under sounds: first."),
            )
        return name.text()

    if "actor" in match:
        known_voice(match["actor"], _names(voices))
    return Show(
        line=tree.line,
        actor=match["actor"].text() if "actor" in match else None,
        title=match["title"].text() if "title" in match else None,
        file=match["file"].text() if "file" in match else None,
        name=found["name"].text() if "name" in found else None,
        artist=found["artist"].text() if "artist" in found else None,
        cover=found["cover"].inside(root) if "cover" in found else None,
        season=found["season"].whole(1, 9999) if "season" in found else None,
        opening=sound("opening"),
        between_sections=sound("between_sections"),
        ending=sound("ending"),
        opening_overlap=overlap("opening_overlap"),
        ending_overlap=overlap("ending_overlap"),
        bed=read_bed(found["bed"], known_sound) if "bed" in found and not found["bed"].empty else None,
        **{name: read_template(found[name], name) for name in TEMPLATES if name in found},
    )


def _engines(tree: Tree) -> tuple[str, ...]:
    found = tree.fields("urls")
    urls = tuple(item.text() for item in found["urls"].items()) if "urls" in found else ()
    return urls or (DEFAULT_ENGINE,)


def _pacing(tree: Tree) -> Pacing:
    known = ("head", "sentence", "paragraph", "section", "tail")
    return Pacing(**{name: entry.number(0, 60) for name, entry in tree.fields(*known).items()})


def _master(tree: Tree) -> MasterSettings:
    found = tree.fields("loudness", "true_peak", "bitrate", "rate", "channels", "encoder")
    default = MasterSettings()

    def one_of(key: str, allowed: tuple[int, ...], otherwise: int) -> int:
        if key not in found:
            return otherwise
        value = found[key].whole(0, 10**6)
        if value not in allowed:
            raise found[key].wrong(
                said("must be one of {allowed}, not {value}", allowed=listed(map(str, allowed)), value=value)
            )
        return value

    encoders: tuple[EncoderName, ...] = ("auto", "lame", "ffmpeg", "soundfile")
    chosen = found["encoder"].choice(encoders) if "encoder" in found else default.encoder
    return MasterSettings(
        loudness=found["loudness"].number(-40, -8) if "loudness" in found else default.loudness,
        true_peak=found["true_peak"].number(-12, -0.1) if "true_peak" in found else default.true_peak,
        bitrate=one_of("bitrate", _BITRATES, default.bitrate),
        rate=one_of("rate", _RATES, default.rate),
        channels=one_of("channels", (1, 2), default.channels),
        encoder=next(name for name in encoders if name == chosen),
    )


def _links(tree: Tree) -> str:
    found = tree.fields("links")
    said = found["links"].text() if "links" in found else "skip"
    return "" if said == "skip" else _nfc(said)


def _names(voices: Mapping[str, VoiceSettings]) -> tuple[str, ...]:
    return tuple(name for voice in voices.values() for name in (voice.name, *voice.aliases))


def _preset(tree: Tree) -> Preset:
    entries = tree.entries()
    name = entries.pop("preset").choice(PRESETS) if "preset" in entries else "yattecast"
    return customise(PRESETS[name], entries)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
