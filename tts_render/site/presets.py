"""Which front matter keys a site generator reads, and in which form: as data, with functions for the forms.

Sources: the templates of each generator (yattecast's feed.xml, Castanet's section.rss.xml, podcast-feed-hugo's
list.rss.xml, jekyll-octopod's feeds, eleventy-plugin-podcaster's podcastFeed.njk, SimplePod's index.xml).
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, cast, get_args

from tts_render.ground.messages import listed, said
from tts_render.ground.units import format_clock, half_up
from tts_render.ground.yamltree import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tts_render.ground.yamltree import Tree

__all__ = [
    "PRESETS",
    "DurationForm",
    "Field",
    "Key",
    "Preset",
    "SizeForm",
    "customise",
    "format_duration",
    "format_size",
    "parse_duration",
    "parse_size",
]

Key = tuple[str, ...]
"""Path of a value: ``("extra", "duration")`` is ``duration`` in the group ``extra``."""

SizeForm = Literal["bytes", "quoted-bytes"]
"""``7123456`` or ``"7123456"``."""

DurationForm = Literal["mm:ss", "m:ss", "hh:mm:ss", "h:mm:ss", "seconds"]
"""``"07:25"`` and ``"01:08:22"``; ``"7:25"`` and ``"1:08:22"``; ``"00:07:25"``; ``"0:07:25"``; ``445``.

All but plain seconds are quoted: without quotes, YAML 1.1 reads 12:34 as a base-60 number.
"""

_F = TypeVar("_F", SizeForm, DurationForm)


@dataclass(frozen=True, slots=True)
class Field(Generic[_F]):
    """A value that is written back."""

    key: Key
    form: _F
    optional: bool = False
    """Whether it is written only into posts that already have the first part of the key."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What one site generator reads from a post. None means that it has no such key."""

    name: str
    audio: Key
    """Site path or URL of the MP3."""
    size: Field[SizeForm]
    duration: Field[DurationForm]
    actors: Key | None = None
    """Who speaks: a list or one name."""
    title: Key = ("title",)
    date: Key = ("date",)
    description: Key = ("description",)
    script: Key = ("script",)
    """Path of the script, if it is neither beside the audio nor the post's body. Our own key; no generator reads it."""
    permalink: Key | None = None
    """URL of the page, if the post itself gives it."""
    transcript: Key | None = None
    """Path of a transcript or captions; written only if the key exists."""
    chapters: Key | None = None
    """Path of the chapters; written only if the key exists."""
    image: Key | None = None
    """A picture of the episode."""
    thumbnail: Key | None = None
    """Another picture, in case the first is missing."""
    season: Key | None = None
    """Number of the season."""
    number: Key | None = None
    """Number of the episode."""
    audio_root: str = "."
    """Folder below the site root that audio paths are relative to."""
    bundle: bool = False
    """Whether a relative audio path of an ``index.md`` may refer to a file beside it."""
    description_is_xml: bool = False
    """Whether the description goes into the feed unescaped, so that a bare ``&`` or ``<`` breaks the whole feed."""
    any_case: bool = False
    """Whether the generator takes ``Duration`` and ``duration`` for the same key."""


_YATTECAST = Preset(
    name="yattecast",
    audio=("audio_file_path",),
    size=Field(("audio_file_size",), "bytes"),
    duration=Field(("duration",), "mm:ss"),
    actors=("actor_ids",),
    permalink=("permalink",),
    image=("image_url",),
    thumbnail=("thumbnail_url",),
    description_is_xml=True,
)

_CASTANET = Preset(
    name="castanet",
    audio=("podcast_file",),
    size=Field(("podcast_bytes",), "quoted-bytes"),
    duration=Field(("podcast_duration",), "m:ss"),
    actors=("hosts",),
    permalink=("url",),
    image=("episode_image",),
    number=("episode",),
    audio_root="static",
    bundle=True,
    any_case=True,
)

_PODCAST_FEED_HUGO = Preset(
    name="podcast-feed-hugo",
    audio=("audio",),
    size=Field(("audio_size",), "bytes"),
    duration=Field(("audio_duration",), "hh:mm:ss"),
    actors=("authors",),
    permalink=("url",),
    transcript=("transcript",),
    chapters=("chapters",),
    image=("image",),
    season=("season",),
    number=("number",),
    audio_root="static",
    bundle=True,
    any_case=True,
)

_OCTOPOD = Preset(
    name="octopod",
    audio=("audio", "mp3"),
    # Its feeds take the size of a local file from the disk, unless a post has sizes: then all must be there.
    size=Field(("filesize", "mp3"), "bytes", optional=True),
    duration=Field(("duration",), "h:mm:ss"),
    actors=("author",),
    description=("summary",),
    permalink=("permalink",),
    image=("image",),
    audio_root="episodes",
)

_ELEVENTY_PODCASTER = Preset(
    name="11ty-podcaster",
    audio=("episode", "filename"),
    size=Field(("episode", "size"), "bytes"),
    duration=Field(("episode", "duration"), "seconds"),
    actors=("episode", "hosts"),
    description=("episode", "description"),
    script=("episode", "script"),
    permalink=("permalink",),
    transcript=("episode", "transcript"),
    chapters=("episode", "chapters"),
    image=("episode", "image"),
    season=("episode", "seasonNumber"),
    number=("episode", "episodeNumber"),
    audio_root="episode-files",
)

_SIMPLEPOD = Preset(
    name="simplepod",
    audio=("extra", "audio_file"),
    size=Field(("extra", "audio_length"), "quoted-bytes"),
    duration=Field(("extra", "duration"), "mm:ss"),
    actors=("extra", "itunes_author"),
    script=("extra", "script"),  # Zola rejects unknown top-level keys
    permalink=("path",),
    season=("extra", "season"),
    number=("extra", "episode_number"),
    audio_root="static",
    bundle=True,
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        preset.name: preset
        for preset in (_YATTECAST, _CASTANET, _PODCAST_FEED_HUGO, _OCTOPOD, _ELEVENTY_PODCASTER, _SIMPLEPOD)
    }
)
"""The presets that come with the package, by name."""


def format_size(form: SizeForm, size: int) -> int | str:
    """The value for ``size`` bytes in ``form``: an integer is written bare in the post, a text in quotes.

    Raises:
        ValueError: ``size`` is negative.
    """
    if size < 0:
        raise ValueError(f"a size cannot be negative: {size}")
    return size if form == "bytes" else str(size)


def format_duration(form: DurationForm, seconds: int) -> int | str:
    """The value for whole ``seconds`` in ``form``: an integer is written bare in the post, a text in quotes.

    Raises:
        ValueError: ``seconds`` is negative.
    """
    if seconds < 0:
        raise ValueError(f"a duration cannot be negative: {seconds}")
    match form:
        case "seconds":
            return seconds
        case "mm:ss":
            return format_clock(seconds)
        case "m:ss":
            return format_clock(seconds, minute_digits=1)
        case "hh:mm:ss":
            return format_clock(seconds, hours=True)
        case "h:mm:ss":
            return format_clock(seconds, hours=True, minute_digits=1)


def parse_size(value: object) -> int | None:
    """Parse a size in bytes, in any form that a feed can use; None for ``54.6 MB`` and the like."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
        return int(value)
    return None


_CLOCK = re.compile(r"(?:([0-9]{1,4}):(?=[0-5][0-9]:))?([0-9]{1,4}):([0-5][0-9])(\.[0-9]{1,9})?")


def parse_duration(value: object) -> int | None:
    """Parse a duration in whole seconds, in any form that players read; None for ``28:0`` and the like.

    Integers are seconds, as in every feed. A half second rounds up.
    """
    match value:
        case bool():
            return None
        case int():
            return value if value >= 0 else None
        case float():
            return half_up(value) if 0 <= value < 1e9 else None
        case datetime.time():
            return half_up(value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6)
        case str():
            text = value.strip()
            if re.fullmatch(r"[0-9]{1,9}", text):
                return int(text)
            clock = _CLOCK.fullmatch(text)
            if clock is None:
                return None
            hours, minutes, seconds, fraction = clock.groups()
            whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
            return whole + half_up(float(fraction or 0))
        case _:
            return None


def customise(preset: Preset, changes: Mapping[str, Tree]) -> Preset:
    """Replace some keys or forms of ``preset``, as given in voices.yaml.

    A key is written with dots (``extra.duration``), or as a list if a name contains a dot. ``size`` and ``duration``
    are either such a key or a mapping of ``key``, ``form`` and ``optional``. An empty value removes a key that a preset
    need not have.

    Raises:
        ConfigError: an unknown name, or a value of the wrong kind.
    """
    made: dict[str, object] = {}
    for name, tree in changes.items():
        if name not in _CHANGEABLE:
            near = nearest(name, _CHANGEABLE)
            raise tree.wrong(
                said("is not a setting"),
                said("Did you mean {near}?", near=near)
                if near
                else said("The settings are: {changeable}.", changeable=listed(_CHANGEABLE)),
            )
        current = getattr(preset, name)
        if name == "size":
            made[name] = _field(preset.size, tree, get_args(SizeForm))
        elif name == "duration":
            made[name] = _field(preset.duration, tree, get_args(DurationForm))
        elif isinstance(current, bool):
            made[name] = tree.switch()
        elif isinstance(current, str):
            made[name] = tree.text()
        elif tree.empty and name in _MAY_BE_MISSING:
            made[name] = None
        else:
            made[name] = _key(tree)
    return replace(preset, **made)  # type: ignore[arg-type]  # each value has just been read as its field's kind


_CHANGEABLE = tuple(item.name for item in fields(Preset) if item.name != "name")
_MAY_BE_MISSING = frozenset(item.name for item in fields(Preset) if item.default is None)


def _field(current: Field[_F], tree: Tree, forms: tuple[_F, ...]) -> Field[_F]:
    if not tree.is_mapping:
        return replace(current, key=_key(tree))
    parts = tree.fields("key", "form", "optional")
    return Field(
        key=_key(parts["key"]) if "key" in parts else current.key,
        form=cast("_F", parts["form"].choice(forms)) if "form" in parts else current.form,
        optional=parts["optional"].switch() if "optional" in parts else current.optional,
    )


def _key(tree: Tree) -> Key:
    key = tuple(part.text() for part in tree.items()) if tree.is_list else tuple(tree.text().split("."))
    if not key or not all(key):
        raise tree.wrong(said("must be the name of a front matter key, with dots between the groups it is in"))
    return key
