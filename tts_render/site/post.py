"""A post: what it says about its episode, and its two values written back without changing another byte."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from tts_render.ground.errors import PostError
from tts_render.ground.messages import joined, said
from tts_render.ground.names import audio_name
from tts_render.ground.reasons import reason_of
from tts_render.site.frontmatter import FrontMatter, Written, decode_post, lookup, read_front_matter
from tts_render.site.presets import format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tts_render.site.frontmatter import Value
    from tts_render.site.presets import DurationForm, Field, Key, Preset, SizeForm

__all__ = ["Post", "PostEdit", "edit_post", "parse_date", "read_post"]

_LARGEST = 32 * 1024 * 1024  # bytes; a hundred hours of speech


@dataclass(frozen=True, slots=True)
class Post:
    """One post, as it was read. Values of the wrong type (a list as a title) count as missing."""

    path: Path
    source: bytes
    """The whole file."""
    preset: Preset
    """Which keys hold what."""
    front: FrontMatter | None
    """None for a file without front matter."""
    body: str
    """Everything after the front matter, with the line endings of the file."""
    body_line: int
    """1-based line of the file at which the body begins."""

    @property
    def kind(self) -> Literal["yaml", "toml", "none"]:
        """The language of the front matter."""
        return "none" if self.front is None else self.front.kind

    @property
    def data(self) -> Mapping[str, object]:
        """All of the front matter, read-only."""
        return MappingProxyType({}) if self.front is None else self.front.data

    @property
    def audio(self) -> str | None:
        """Site path or URL of the MP3."""
        return self._text(self.preset.audio)

    @property
    def title(self) -> str | None:
        """Title of the episode."""
        return self._text(self.preset.title)

    @property
    def description(self) -> str | None:
        """As written, with entities such as ``&amp;`` if the generator expects XML."""
        return self._text(self.preset.description)

    @property
    def script(self) -> str | None:
        """Path of the script."""
        return self._text(self.preset.script)

    @property
    def permalink(self) -> str | None:
        """URL of the page, if the post itself gives it."""
        return self._text(self.preset.permalink)

    @property
    def date(self) -> datetime.datetime | None:
        """When it is published; without a time zone if none is written. (Jekyll then takes a bare time as UTC.)"""
        return parse_date(self._value(self.preset.date))

    @property
    def actors(self) -> tuple[str, ...]:
        """Who speaks, in the order as written."""
        value = self._value(self.preset.actors)
        names = value if isinstance(value, tuple) else (value,)
        return tuple(name for name in map(_as_text, names) if name)

    @property
    def images(self) -> tuple[str, ...]:
        """Paths or URLs of pictures of the episode, the preferred one first."""
        return tuple(text for key in (self.preset.image, self.preset.thumbnail) if (text := self._text(key)))

    @property
    def season(self) -> int | None:
        """Number of the season."""
        return self._number(self.preset.season)

    @property
    def number(self) -> int | None:
        """Number of the episode."""
        return self._number(self.preset.number)

    @property
    def size(self) -> Written | None:
        """The size as written; None if the key is missing."""
        return self._written(self.preset.size.key)

    @property
    def duration(self) -> Written | None:
        """The duration as written; None if the key is missing."""
        return self._written(self.preset.duration.key)

    def line_of(self, key: Key | str | None) -> int | None:
        """1-based line of a key, given with its groups or with dots; None if it is missing."""
        written = self._written(tuple(key.split(".")) if isinstance(key, str) else key)
        return None if written is None else written.line

    def _written(self, key: Key | None) -> Written | None:
        return None if self.front is None or key is None else self.front.find(key)

    def _value(self, key: Key | None) -> object:
        return None if key is None else lookup(self.data, key, any_case=self.preset.any_case)

    def _text(self, key: Key | None) -> str | None:
        return _as_text(self._value(key))

    def _number(self, key: Key | None) -> int | None:
        text = (self._text(key) or "").strip()
        return int(text) if re.fullmatch("[0-9]{1,5}", text) else None


@dataclass(frozen=True, slots=True)
class PostEdit:
    """A post before and after its two values are set. Nothing has been written to disk."""

    path: Path
    before: bytes
    after: bytes
    summary: str
    """The changes in one line: ``audio_file_size 0 -> 7123456, duration "00:00" -> "07:25"``."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.before != self.after


def read_post(path: Path, preset: Preset, *, bare: bool = False) -> Post:
    """Read a post.

    Args:
        path: the Markdown or HTML file.
        preset: which keys hold what.
        bare: whether a file without front matter is accepted.

    Raises:
        PostError: the file cannot be read, is empty or not UTF-8; or its front matter is missing, not closed or not
            valid, or a key that is read occurs twice.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise PostError(
                said("is larger than {largest:,} bytes", largest=_LARGEST),
                path=path,
                remedy=said("No episode is that long."),
            )
        source = path.read_bytes()
    except OSError as error:
        raise PostError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error
    text = decode_post(path, source)
    front = read_front_matter(path, text, any_case=preset.any_case)
    if front is None:
        if not bare:
            raise _no_front_matter(path)
        return Post(path, source, preset, None, text.removeprefix("\ufeff"), 1)
    for key in (preset.audio, preset.size.key, preset.duration.key):
        front.find(key)
    return Post(path, source, preset, front, front.body, front.body_line)


def edit_post(post: Post, *, size: int, seconds: int, beside: Mapping[Key, str] = MappingProxyType({})) -> PostEdit:
    """Set the two values of a post, each in the form that its preset requires.

    A correct value in another form (a duration without quotes) is rewritten. The edit is verified: the front matter has
    been parsed again, and has the two values and all others as before.

    Args:
        post: the post as it was read.
        size: size of the MP3 in bytes.
        seconds: its length in whole seconds.
        beside: paths of what is published beside the MP3, by key. A path is set only if its key exists and is empty or
            names the same file in another folder.

    Raises:
        PostError: the post has no front matter, or a value cannot be set without changing anything else.
    """
    if post.front is None:
        raise _no_front_matter(post.path)
    preset = post.preset
    wanted: tuple[tuple[Field[SizeForm] | Field[DurationForm], Value], ...] = (
        (preset.size, format_size(preset.size.form, size)),
        (preset.duration, format_duration(preset.duration.form, seconds)),
    )
    front = post.front
    changes: list[str] = []
    for field, value in wanted:
        written = front.find(field.key)
        if written is not None and written.says(value):
            continue
        if written is None and field.optional and front.find(field.key[:1]) is None:
            continue
        front = front.with_value(field.key, value)
        now = front.find(field.key)
        changes.append(_change(field.key, written, now))
    for key, path in beside.items():
        written = front.find(key)
        if written is None or written.value == path or not _waits_for(written, path):
            continue
        front = front.with_value(key, path)
        changes.append(_change(key, written, front.find(key)))
    after = front.encode() if changes else post.source
    return PostEdit(post.path, post.source, after, joined(changes, ", ") if changes else said("unchanged"))


_DATE = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:(?:[ \t]+|[Tt])([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]*)?)?"
    r"[ \t]*(?:(Z|z|UTC|GMT|JST)|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_HOURS = {"Z": 0, "UTC": 0, "GMT": 0, "JST": 9}


def parse_date(value: object) -> datetime.datetime | None:
    """Parse a date in front matter: a date, a time, or a text such as ``2026-07-06 00:00:00 +0900``.

    A date alone is midnight. The result has a time zone only if the value has one.
    """
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    name, sign, hours, minutes = found.group(7, 8, 9, 10)
    numbers = [int(number or 0) for number in found.group(1, 2, 3, 4, 5, 6)]
    try:
        offset = datetime.timedelta(hours=_HOURS[name.upper()] if name else int(hours or 0), minutes=int(minutes or 0))
        zone = datetime.timezone(-offset if sign == "-" else offset) if name or sign else None
        return datetime.datetime(*numbers, tzinfo=zone)  # type: ignore[misc,arg-type]  # six numbers
    except ValueError:
        return None


def _waits_for(written: Written, path: str) -> bool:
    """Whether an existing key is empty, or names the file of ``path``."""
    if written.value is None:
        return True
    return isinstance(written.value, str) and audio_name(written.value or path) == audio_name(path)


def _as_text(value: object) -> str | None:
    """A value that people would read as text: numbers and dates in titles were meant as such."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or (isinstance(value, int) and value.bit_length() > 64):
        return None
    return str(value) if isinstance(value, int | float | datetime.date) else None


def _change(key: Key, before: Written | None, now: Written | None) -> str:
    return said("{key} {before} -> {now}", key=".".join(key), before=_shown(before), now=_shown(now))


def _shown(written: Written | None) -> str:
    if written is None:
        return said("(missing)")
    text = " ".join("".join(c if c.isprintable() else " " for c in written.text).split())
    return (text if len(text) <= 40 else text[:39] + "…") or said("(empty)")


def _no_front_matter(path: Path) -> PostError:
    return PostError(
        said("has no front matter"),
        path=path,
        line=1,
        remedy=said("Begin the file with a line ---, the keys, and another line ---."),
    )
