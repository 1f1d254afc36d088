"""Checks: everything about an episode that can be known without speaking, all reported at once.

An error breaks the feed or cannot be spoken; a warning is worth knowing. A post that was never filled in is only a
warning, so that a site with hundreds of old posts can switch the check on right away.
"""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
import zoneinfo
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tts_render.episode.cover import picture_of
from tts_render.episode.episode import (
    POST_SUFFIXES,
    audio_target,
    find_script,
    first_voice,
    open_config,
    open_episode,
    takes_beside,
)
from tts_render.episode.takes import read_takes
from tts_render.ground.errors import TtsRenderError
from tts_render.ground.messages import joined, said
from tts_render.ground.printable import one_line
from tts_render.ground.units import format_clock, frames_to_seconds, half_up
from tts_render.reading.dropped import dropped
from tts_render.settings.embedded import engine_kind
from tts_render.site.folder import find_site
from tts_render.site.post import read_post
from tts_render.site.presets import parse_duration, parse_size
from tts_render.site.receipt import read_receipt, receipt_path
from tts_render.sound.audio import open_sound
from tts_render.sound.mpeg import read_length
from tts_render.speech.credits import expected_credits
from tts_render.speech.fitting import cast_mended

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator

    from tts_render.episode.episode import Episode
    from tts_render.script import Script
    from tts_render.settings.config import Config, Show, VoiceSettings
    from tts_render.site.folder import Site
    from tts_render.site.frontmatter import Written
    from tts_render.site.post import Post
    from tts_render.site.presets import DurationForm, Field, SizeForm
    from tts_render.speech.casting import Cast, Readings
    from tts_render.speech.fitting import Misfit

__all__ = ["BARE_MARKUP", "RULES", "Finding", "Level", "check"]

Level = Literal["error", "warning"]

RULES = (
    "unusable",
    "audio-path",
    "audio-missing",
    "audio-name",
    "audio-broken",
    "size-unset",
    "size-form",
    "size-wrong",
    "duration-unset",
    "duration-form",
    "duration-unquoted",
    "duration-wrong",
    "description-xml",
    "sound",
    "cover",
    "actor",
    "script",
    "markup",
    "take-unused",
    "dropped",
    "credit-missing",
    "credit-wrong",
)
"""The ids of all rules; each is described in docs/rules.md."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem in an episode."""

    rule: str
    """Id of its rule, for example ``duration-wrong``."""
    level: Level
    path: Path
    line: int | None
    message: str
    remedy: str | None = None
    line_to_add: str | None = None
    """The line to add at the end of the post."""

    @property
    def whole(self) -> str:
        """All of it as a message, with its place, rule and remedy."""
        where = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        level = said("error") if self.level == "error" else said("warning")
        head = joined((one_line(where), level, one_line(self.message)), ": ")
        return joined((head, f" [{self.rule}]", *(("\n  ", one_line(self.remedy)) if self.remedy else ())))

    def __str__(self) -> str:
        return str(self.whole)


def check(
    path: Path,
    *,
    site: Path | None = None,
    voices: Path | None = None,
    script: Path | None = None,
    voice: str | None = None,
    published: datetime.datetime | None = None,
    config: Config | None = None,
    readings: Readings | None = None,
) -> tuple[Finding, ...]:
    """Find everything that is wrong with an episode. No engine is asked, nothing is changed.

    Args:
        path: a post or a script.
        site: root of the site; None to find it.
        voices: the settings file; None for the site's, else the packaged one.
        script: what is spoken; None to find it.
        voice: the voice of a bare script.
        published: the current time, if posts that are due must have their MP3; None if they need not.
        config: the settings, where they were read already; None reads them.
        readings: what is known of earlier casts.

    Returns:
        Findings in file order.
    """
    found: list[Finding] = []
    try:
        if path.suffix.lower() in POST_SUFFIXES:
            home = find_site(path, site)
            config = config or open_config(home, voices)
            found.extend(_check_post(read_post(path, config.preset), home, config, script, published, readings))
        else:
            episode = open_episode(path, site=site, voices=voices, script=script, voice=voice, config=config)
            found.extend(_check_script(episode, readings))
    except TtsRenderError as error:
        found.append(_finding("unusable", path, error))
    return tuple(sorted(found, key=lambda finding: (finding.path != path, finding.line or math.inf)))


def _check_script(episode: Episode, readings: Readings | None) -> Iterator[Finding]:
    yield from _check_sounds(episode.show, episode.config)
    try:
        spoken, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes, readings=readings)
    except TtsRenderError as error:
        yield _finding("script", episode.path, error)
    else:
        yield from _check_takes(misfits, episode.script.path)
        yield from _check_markup(episode.script)
        yield from _check_reading(spoken)


def _check_post(
    post: Post,
    site: Site,
    config: Config,
    named: Path | None,
    published: datetime.datetime | None,
    readings: Readings | None,
) -> Iterator[Finding]:
    audio: Path | None = None
    try:
        audio = audio_target(post, site)
    except TtsRenderError as error:
        yield _finding("audio-path", post.path, error)
    else:
        yield from _check_audio(post, audio, site, published)
    if audio is not None and audio.is_file():
        yield from _check_values(post, audio)
    elif post.audio is not None:
        yield from _check_forms(post)
    yield from _check_description(post)
    show = config.show(actor=post.actors[0] if post.actors else None, title=post.title, file=post.path.name)
    yield from _check_sounds(show, config)
    try:
        picture_of(post, site, show, config)
    except TtsRenderError as error:
        yield _finding("cover", post.path, error)
    voice: VoiceSettings | None = None
    script: Script | None = None
    try:
        voice = first_voice(post, config)
    except TtsRenderError as error:
        yield _finding("actor", post.path, error)
    try:
        script = find_script(post, site, config, named, audio)
    except TtsRenderError as error:
        yield _finding("script", post.path, error)
    if voice is not None and script is not None:
        try:
            takes = read_takes(takes_beside(script.path, post.path, audio, site))
            spoken, misfits = cast_mended(script, config, voice, takes, readings=readings)
        except TtsRenderError as error:
            yield _finding("script", post.path, error)
        else:
            yield from _check_takes(misfits, script.path)
            yield from _check_markup(script)
            yield from _check_reading(spoken)
            speakers = [utterance.voice for utterance in spoken.utterances]
            yield from _check_credits(post, _expected_credits(speakers, config, site, audio))


def _check_audio(post: Post, audio: Path | None, site: Site, published: datetime.datetime | None) -> Iterator[Finding]:
    preset = post.preset
    key = ".".join(preset.audio)
    line = post.line_of(preset.audio)
    if audio is None:
        yield Finding(
            "audio-missing",
            "warning",
            post.path,
            line,
            said("{key} is missing", key=key),
            said("Add {key} to the front matter.", key=key),
        )
        return
    if not audio.name.isascii():
        yield Finding(
            "audio-name",
            "warning",
            post.path,
            line,
            said("{key}: Apple asks for file names of ASCII letters and digits", key=key),
        )
    if audio.is_file() or (post.audio or "").startswith(("http://", "https://")):
        return
    due = published is not None and (post.date is None or _moment(post.date, site) <= published)
    yield Finding(
        "audio-missing",
        "error" if due else "warning",
        post.path,
        line,
        said("{key}: there is no {name}, and the post's date has come", key=key, name=audio.name)
        if due
        else said("{key}: there is no {name} yet", key=key, name=audio.name),
        said("Run: tts-render render {path}", path=post.path),
    )


def _check_values(post: Post, audio: Path) -> Iterator[Finding]:
    """Compare size and duration with the file."""
    preset = post.preset
    try:
        frames, rate = read_length(audio)
    except TtsRenderError as error:
        yield _finding("audio-broken", audio, error)
        return
    seconds = half_up(frames_to_seconds(frames, rate))
    size = audio.stat().st_size
    remedy = said("Run: tts-render write-back {path}", path=post.path)
    bad_form = False
    for finding in _check_forms(post):
        bad_form = bad_form or finding.level == "error"
        yield Finding(finding.rule, finding.level, finding.path, finding.line, finding.message, remedy)
    written = _said_size(post)
    if written and written != size and not bad_form:
        yield Finding(
            "size-wrong",
            "error",
            post.path,
            post.line_of(preset.size.key),
            said(
                "{key} is {written}, but {name} has {size} bytes",
                key=".".join(preset.size.key),
                written=written,
                name=audio.name,
                size=size,
            ),
            remedy,
        )
    length = _said_duration(post)
    if length and length != seconds and not bad_form:
        yield Finding(
            "duration-wrong",
            "error",
            post.path,
            post.line_of(preset.duration.key),
            said(
                "{key} says {length}, but {name} lasts {seconds}",
                key=".".join(preset.duration.key),
                length=format_clock(length),
                name=audio.name,
                seconds=format_clock(seconds),
            ),
            remedy,
        )


def _check_forms(post: Post) -> Iterator[Finding]:
    """Check size and duration themselves: filled in, and in a form that generators read correctly."""
    yield from _check_form(post, "size", post.preset.size, post.size, _said_size(post), said("a whole number of bytes"))
    yield from _check_form(
        post,
        "duration",
        post.preset.duration,
        post.duration,
        _said_duration(post),
        said("a duration such as 07:25"),
    )


def _check_form(
    post: Post,
    rule: str,
    field: Field[SizeForm] | Field[DurationForm],
    written: Written | None,
    value: int | None,
    form: str,
) -> Iterator[Finding]:
    key = ".".join(field.key)
    if written is None:
        if not field.optional:
            yield Finding(f"{rule}-unset", "warning", post.path, None, said("{key} is missing", key=key))
    elif written.value is None or value == 0:
        yield Finding(f"{rule}-unset", "warning", post.path, written.line, said("{key} is not filled in", key=key))
    elif value is None:
        yield Finding(
            f"{rule}-form",
            "error",
            post.path,
            written.line,
            said("{key}: {text} is not {form}", key=key, text=written.text, form=form),
        )
    elif rule == "duration" and ":" in written.text and not written.quoted:
        yield Finding(
            "duration-unquoted",
            "error",
            post.path,
            written.line,
            said("{key}: {text} has no quotes, so Jekyll reads it as a base-60 number", key=key, text=written.text),
            said("Put it in double quotes."),
        )


def _said_size(post: Post) -> int | None:
    return None if post.size is None else parse_size(post.size.value)


def _said_duration(post: Post) -> int | None:
    return None if post.duration is None else parse_duration(post.duration.value)


BARE_MARKUP = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#x[0-9A-Fa-f]+);)|<")
"""``<``, or ``&`` without a character reference: what breaks a feed that includes a text unescaped."""


def _check_description(post: Post) -> Iterator[Finding]:
    if not post.preset.description_is_xml or not post.description:
        return
    match = BARE_MARKUP.search(post.description)
    if match:
        escaped = "&amp;" if match[0] == "&" else "&lt;"
        around = post.description[max(0, match.start() - 10) : match.end() + 10]
        yield Finding(
            "description-xml",
            "error",
            post.path,
            post.line_of(post.preset.description),
            said(
                "description contains a bare {match} (…{around}…), which breaks the whole feed",
                match=match[0],
                around=around,
            ),
            said("Write {escaped} instead.", escaped=escaped),
        )


def _check_sounds(show: Show, config: Config) -> Iterator[Finding]:
    for name in dict.fromkeys((show.opening, show.between_sections, show.ending)):
        if name is None:
            continue
        settings = config.sounds[name]
        try:
            open_sound(settings.path)
        except TtsRenderError as error:
            where = () if error.path is None else (str(error.path),)
            yield Finding(
                "sound",
                "error",
                config.path,
                settings.line,
                joined((f"sounds.{name}", *where, error.message), ": "),
                error.remedy,
            )


def _check_markup(script: Script) -> Iterator[Finding]:
    """Unknown elements in angle brackets."""
    for remark in script.remarks:
        yield Finding(
            "markup",
            "warning",
            script.path,
            remark.line,
            remark.message,
            said("Remove or correct it; a bare < is text."),
        )


def _check_takes(misfits: Iterable[Misfit], path: Path) -> Iterator[Finding]:
    """What somebody has mended, and is not heard."""
    for misfit in misfits:
        yield Finding(
            "take-unused",
            "warning",
            path,
            misfit.line,
            misfit.whole,
            said("Mend the line again, or take the take out of its file."),
        )


def _check_reading(spoken: Cast) -> Iterator[Finding]:
    """Characters that an engine would silently leave out."""
    for utterance in spoken.utterances:
        lost = dropped(utterance.reading)
        if lost:
            yield Finding(
                "dropped",
                "warning",
                spoken.path,
                utterance.line,
                said("engines leave out {lost} ({short})", lost=" ".join(lost), short=_short(utterance.text)),
                said("Give the word a reading in the lexicon of voices.yaml."),
            )


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _expected_credits(speakers: list[str], config: Config, site: Site, audio: Path | None) -> tuple[str, ...]:
    """The credits in the receipt; without a receipt, those that the voices of a VOICEVOX engine would need."""
    if audio is not None and audio.is_file() and audio.is_relative_to(site.root):
        folder = site.root / ".tts-render" / "receipts"
        stored = read_receipt(receipt_path(folder, audio.relative_to(site.root).as_posix()))
        if stored is not None:
            return stored.credits
    return () if engine_kind(config.engines) != "voicevox" else expected_credits(dict.fromkeys(speakers), config)


def _check_credits(post: Post, expected: tuple[str, ...]) -> Iterator[Finding]:
    written = unicodedata.normalize("NFC", post.body)
    lines = {re.sub(r"\s", "", line.strip("*_-・ ")).replace("：", ":") for line in written.splitlines()}
    missing = [credit for credit in expected if unicodedata.normalize("NFC", credit) not in written]
    for credit in missing:
        rough = re.sub(r"\s", "", credit).replace("：", ":")
        near = any(rough in line for line in lines)
        yield Finding(
            "credit-missing",
            "warning",
            post.path,
            None,
            said("the credit {credit} is there, but spelled differently", credit=credit)
            if near
            else said("the credit {credit} is missing", credit=credit),
            said("Its terms of use require it: add the line {credit} at the end.", credit=credit),
            None if near else credit,
        )
    for line in sorted(lines):
        match = re.fullmatch(r"VOICEVOX:(.+)", line)
        if match and expected and line not in {re.sub(r"\s", "", credit) for credit in expected}:
            yield Finding(
                "credit-wrong",
                "warning",
                post.path,
                None,
                said("the credit {line} names a voice that does not speak here", line=line),
            )


def _finding(rule: str, path: Path, error: TtsRenderError) -> Finding:
    where = Path(error.path) if error.path is not None else path
    return Finding(rule, "error", where, error.line, error.message, error.remedy)


def _moment(date: datetime.datetime, site: Site) -> datetime.datetime:
    """A time without a zone is in the zone of the site, else of the machine."""
    if date.tzinfo is not None:
        return date
    with contextlib.suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
        return date.replace(tzinfo=zoneinfo.ZoneInfo(site.timezone) if site.timezone else None).astimezone()
    return date.astimezone()
