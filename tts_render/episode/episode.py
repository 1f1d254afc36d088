"""An episode: a post or a bare script with everything around it resolved: site, settings, script, voice, target."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tts_render.episode.takes import SUFFIX as TAKES_SUFFIX
from tts_render.episode.takes import Take, read_takes
from tts_render.ground.errors import CommandLineError, ConfigError, InputError, PostError, ScriptError
from tts_render.ground.messages import said
from tts_render.ground.names import audio_name, find_audio_file, stem
from tts_render.ground.reasons import reason_of
from tts_render.script import (
    SCRIPT_SUFFIXES,
    Notation,
    Script,
    Source,
    Templates,
    decode_script,
    read_script,
    spoken_date,
)
from tts_render.settings.config import Config, Show, VoiceSettings, load_config, packaged_config_path
from tts_render.site.folder import Site, article_url, confine, find_site
from tts_render.site.generator import MARKDOWN
from tts_render.site.post import Post, read_post

if TYPE_CHECKING:
    import datetime

__all__ = [
    "DECK_SUFFIX",
    "POST_SUFFIXES",
    "Episode",
    "audio_target",
    "find_script",
    "first_voice",
    "open_config",
    "open_episode",
    "read_text",
    "script_file",
    "script_source",
    "takes_beside",
]

DECK_SUFFIX = ".json"
POST_SUFFIXES = (*MARKDOWN, ".html")
_LONGEST_NAME = 248  # bytes; .mp3 becomes .takes.json, and file systems allow no more than 255
_LARGEST_SCRIPT = 32 * 1024 * 1024  # bytes; a hundred hours of speech

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # at least two letters: a single one is a drive


@dataclass(frozen=True, slots=True)
class Episode:
    """One opened episode."""

    path: Path
    """The given post or script."""
    site: Site
    config: Config
    post: Post | None
    """None for a bare script."""
    script: Script
    voice: VoiceSettings
    """The voice for lines without a speaker."""
    deck: Path | None
    """Its slide deck: the script itself, or the ``.json`` beside the audio."""
    show: Show
    takes: tuple[Take, ...]
    """What somebody has mended of single utterances."""
    takes_file: Path
    """Where the takes are kept, or would be."""
    audio: Path | None
    """Where the MP3 goes; None for a post without an audio path."""
    own_audio: Path | None
    """Where the MP3 belongs according to the post."""
    title: str
    date: datetime.datetime | None
    track: int | None
    """The number in the post's file name."""
    artist: str
    album: str | None
    url: str | None
    """URL at which the post will be published."""


def open_config(site: Site, voices: Path | None) -> Config:
    """Load the settings that apply to a site: the given file, else the site's own, else the packaged one.

    Raises:
        ConfigError, OutsideSiteError: something in it is wrong.
    """
    if voices is None:
        own = site.root / "voices.yaml"
        voices = own if own.is_file() else packaged_config_path()
    return load_config(voices, root=site.root)


def open_episode(
    path: Path,
    *,
    site: Path | None = None,
    voices: Path | None = None,
    script: Path | None = None,
    output: Path | None = None,
    voice: str | None = None,
    config: Config | None = None,
) -> Episode:
    """Read a post or a script, and resolve everything around it.

    Args:
        path: the post (front matter and body) or the script.
        site: root of the site; None to find it.
        voices: the settings file; None for the site's, else the packaged one.
        script: what to speak; None for the post's ``script``, the text beside its audio, or its body.
        output: where the MP3 goes; None for the post's audio path, or beside a bare script.
        voice: the voice of a bare script; None for the default in the settings.
        config: the settings, where they were read already; None reads them.

    Raises:
        InputError: an input is wrong; nothing was changed.
        CommandLineError: the arguments do not fit together.
    """
    if any("\ud800" <= character <= "\udfff" for character in path.name):
        raise InputError(said("has a name that is not UTF-8"), path=path, remedy=said("Rename it."))
    home = find_site(path, site)
    if config is None:
        config = open_config(home, voices)
    if path.suffix.lower() in POST_SUFFIXES:
        if voice is not None:
            raise CommandLineError(said("--voice is for a bare script; {name} names its own actors", name=path.name))
        return _open_post(path, home, config, script, output)
    if path.suffix.lower() not in SCRIPT_SUFFIXES:
        raise CommandLineError(
            said("{path}: is neither a post (.md) nor a script (.txt) nor a slide deck (.json)", path=path)
        )
    if script is not None:
        raise CommandLineError(said("--script is for a post; {name} is a script itself", name=path.name))
    speaker = config.voice(voice if voice is not None else config.default)
    if speaker is None:
        raise CommandLineError(
            said(
                "--voice: there is no voice {voice!r}. {nearest_voice}",
                voice=voice,
                nearest_voice=config.nearest_voice(voice or ""),
            )
        )
    text = read_text(path)
    title = stem(path.name)
    takes = takes_beside(path, path, None, home)
    show = config.show(actor=speaker.name, title=title, file=path.name)
    return Episode(
        path=path,
        site=home,
        config=config,
        post=None,
        script=read_script(path, text, _notation(config)),
        voice=speaker,
        deck=path if path.suffix.lower() == DECK_SUFFIX else None,
        show=show,
        takes=read_takes(takes),
        takes_file=takes,
        audio=Path(os.path.realpath(output)) if output is not None else _mp3_beside(path, title, home),
        own_audio=None,
        title=title,
        date=None,
        track=None,
        artist=show.artist or speaker.name,
        album=show.name or home.title,
        url=None,
    )


def audio_target(post: Post, site: Site) -> Path | None:
    """Return where the MP3 of a post lies or belongs; None if the post does not say.

    A site path is relative to the preset's folder, or to the post's own folder in a page bundle. A URL is matched to
    the file of that name in ``audio`` there. A file whose name differs only in its Unicode form is the same file.

    Raises:
        PostError: the value is not a path to an MP3.
        OutsideSiteError: it points outside the site.
    """
    value = post.audio
    if value is None:
        return None
    line = post.line_of(post.preset.audio)
    root = site.root / post.preset.audio_root
    what = ".".join(post.preset.audio)
    if value.startswith(("https://", "http://")):
        name = audio_name(value)
        target = root / "audio" / name if name else root
    elif _SCHEME.match(value):
        raise PostError(
            said("{what}: {value} is neither a path in the site nor an https address", what=what, value=value),
            path=post.path,
            line=line,
        )
    elif post.preset.bundle and post.path.stem == "index" and not value.startswith("/"):
        target = Path(os.path.realpath(post.path)).parent / unquote(value)
    else:
        target = root / unquote(value).lstrip("/")
    named = target.suffix
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in target.parts):
        raise PostError(
            said("{what}: a name in it is longer than {longest_name} bytes", what=what, longest_name=_LONGEST_NAME),
            path=post.path,
            line=line,
            remedy=said("Shorten it."),
        )
    target = confine(site, target, what=what, source=post.path, line=line)
    target = find_audio_file(target.parent, target.name) or target
    target = confine(site, target, what=what, source=post.path, line=line)  # the file found may be a link
    if {named.lower(), target.suffix.lower()} != {".mp3"}:
        message = said("{what}: {value} does not end with .mp3", what=what, value=value)
        if named != target.suffix:
            message = said("{message}, or leads to {name}, which does not", message=message, name=target.name)
        raise PostError(
            message,
            path=post.path,
            line=line,
            remedy=said("Only MP3 files can be made."),
        )
    return target


def _mp3_beside(script: Path, title: str, site: Site) -> Path:
    """The MP3 of a bare script; it may be a link to another MP3 inside the site."""
    beside = Path(os.path.realpath(script.parent)) / (title + ".mp3")
    target = confine(site, beside, what=said("the MP3 beside it"), source=script, line=None)
    if target.suffix != ".mp3":
        raise ScriptError(
            said("{beside} beside it leads to {target}, which is not an MP3", beside=beside.name, target=target.name),
            path=script,
            remedy=said("Name another file with -o."),
        )
    return target


def read_text(path: Path) -> str:
    """Read the text of a script.

    Raises:
        ScriptError: it cannot be read, is not UTF-8, or is absurdly long.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_SCRIPT:
            raise ScriptError(
                said(
                    "is {size:,} bytes long; at most {largest_script:,} are read",
                    size=size,
                    largest_script=_LARGEST_SCRIPT,
                ),
                path=path,
            )
        data = path.read_bytes()
    except OSError as error:
        raise ScriptError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error
    return decode_script(path, data)


def _open_post(path: Path, site: Site, config: Config, script: Path | None, output: Path | None) -> Episode:
    post = read_post(path, config.preset)
    target = audio_target(post, site)
    voice = first_voice(post, config)
    title = post.title or stem(path.name)
    show = config.show(actor=post.actors[0] if post.actors else None, title=post.title, file=path.name)
    named = re.fullmatch(r"\d{4}-\d{2}-\d{2}-(\d{1,5})", path.stem)
    spoken = find_script(post, site, config, script, target)
    takes = takes_beside(spoken.path, path, target, site)
    return Episode(
        path=path,
        site=site,
        config=config,
        post=post,
        script=spoken,
        voice=voice,
        deck=spoken.path if spoken.path.suffix.lower() == DECK_SUFFIX else _deck_beside(target, post, site),
        show=show,
        takes=read_takes(takes),
        takes_file=takes,
        audio=Path(os.path.realpath(output)) if output is not None else target,
        own_audio=target,
        title=title,
        date=post.date,
        track=int(named[1]) if named else None,
        artist=show.artist or "、".join(post.actors) or voice.name,
        album=show.name or site.title,
        url=article_url(site, path, post.date, post.permalink),
    )


def first_voice(post: Post, config: Config) -> VoiceSettings:
    """The voice of the first actor, once every actor is known to have one; the default if a post names none.

    Raises:
        PostError: there is no voice for an actor.
    """
    found: list[VoiceSettings] = []
    for actor in post.actors:
        voice = config.voice(actor)
        if voice is None:
            raise PostError(
                said("there is no voice for the actor {actor!r}", actor=actor),
                path=post.path,
                line=post.line_of(post.preset.actors) if post.preset.actors else None,
                remedy=said(
                    "{nearest_voice} Voices are named in {path}.",
                    nearest_voice=config.nearest_voice(actor),
                    path=config.path,
                ),
            )
        found.append(voice)
    if found:
        return found[0]
    default = config.voice(config.default)
    if default is None:
        raise ConfigError(said("there is no voice {default!r}", default=config.default), path=config.path)
    return default


def find_script(post: Post, site: Site, config: Config, named: Path | None, audio: Path | None) -> Script:
    """What is spoken: the given file, the post's own ``script``, the text or deck beside the audio, or the body.

    Raises:
        PostError, ScriptError, OutsideSiteError: it is missing, cannot be read, or lies outside the site.
    """
    notation = _notation(config)
    if named is not None:
        return read_script(named, read_text(named), notation)
    path = script_file(post, site, audio)
    if path is not None:
        return read_script(path, read_text(path), notation)
    templates = _templates(post, config)
    return read_script(post.path, post.body, replace(notation, templates=templates), first_line=post.body_line)


def script_file(post: Post, site: Site, audio: Path | None) -> Path | None:
    """The file with what is spoken: the post's own ``script``, or the text or deck beside the audio; None for its body.

    Raises:
        PostError, OutsideSiteError: it is missing, or lies outside the site.
    """
    if post.script is not None:
        line = post.line_of(post.preset.script)
        wanted = post.script
        folder = Path(os.path.realpath(post.path)).parent if wanted.startswith(".") else site.root
        path = confine(site, folder / wanted.lstrip("/"), what="script", source=post.path, line=line)
        if not path.is_file():
            raise PostError(said("script: there is no file {wanted}", wanted=wanted), path=post.path, line=line)
        return path
    if audio is not None:
        for suffix in SCRIPT_SUFFIXES:
            beside = find_audio_file(audio.parent, stem(audio.name) + suffix)
            if beside is not None:
                confine(site, beside, what=said("the script beside the audio"), source=post.path, line=None)
                return beside
    return None


def script_source(episode: Episode) -> tuple[Source, Notation]:
    """What the script of an episode was read from, and with which settings.

    Raises:
        ScriptError: it cannot be read any more.
    """
    notation = _notation(episode.config)
    post = episode.post
    if post is not None and episode.script.path == post.path:
        return Source(post.path, post.body, post.body_line), replace(
            notation, templates=_templates(post, episode.config)
        )
    return Source(episode.script.path, read_text(episode.script.path)), notation


def _templates(post: Post, config: Config) -> Templates:
    """The templates that the show of a post puts around its articles."""
    show = config.show(actor=post.actors[0] if post.actors else None, title=post.title, file=post.path.name)
    return Templates(
        intro=show.intro,
        before_article=show.before_article,
        outro=show.outro,
        title=post.title or "",
        date=spoken_date(post.date) if post.date else None,
    )


def _notation(config: Config) -> Notation:
    return Notation(speakers=frozenset(config.names()), sounds=frozenset(config.sounds), shortcodes=config.shortcodes)


def takes_beside(script: Path, source: Path, audio: Path | None, site: Site) -> Path:
    """Where the takes of a script are kept.

    Args:
        script: what is spoken.
        source: the post or script that was named; where it is the script itself and a post, its body is spoken.
        audio: where the MP3 goes; the takes of a body are beside it.
        site: the site, which a link may not leave.

    Raises:
        OutsideSiteError: it would.
    """
    near = audio if audio is not None and script == source and source.suffix.lower() in POST_SUFFIXES else script
    folder = Path(os.path.realpath(near.parent))
    path = find_audio_file(folder, stem(near.name) + TAKES_SUFFIX) or folder / (stem(near.name) + TAKES_SUFFIX)
    return confine(site, path, what=said("the takes beside the script"), source=source, line=None)


def _deck_beside(audio: Path | None, post: Post, site: Site) -> Path | None:
    deck = None if audio is None else find_audio_file(audio.parent, stem(audio.name) + DECK_SUFFIX)
    if deck is not None:
        confine(site, deck, what=said("the deck beside the audio"), source=post.path, line=None)
    return deck
