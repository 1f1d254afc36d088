"""The finished MP3: its tags, and what is measured when it is decoded again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import mutagen
import soundfile
from mutagen import id3 as untyped_id3

from tts_render.ground.errors import OutputError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of
from tts_render.ground.units import half_up
from tts_render.sound.audio import BLOCK_FRAMES, feed
from tts_render.sound.loudness import Loudness, LoudnessMeter, TruePeakMeter

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from tts_render.ground.units import Frames

__all__ = [
    "ChapterTag",
    "Mp3",
    "Tags",
    "inspect",
    "write_tags",
]

_id3: Any = untyped_id3  # mutagen has no types

_HEADER = 10  # bytes before a tag, and before each of its frames
_FRONT_COVER = 3  # picture type of ID3v2
_TOP_LEVEL, _ORDERED = 2, 1  # flags of a table of contents
_MOST_CHILDREN = 255  # in one table of contents, which counts them in one byte
_NO_OFFSET = 0xFFFFFFFF  # chapters have no byte offsets: their times apply
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # categories Cc, but for line feeds, and Cs
_URL_SAFE = "%/:=&?~#+!$,;'@()*[]"

ChapterTag: TypeAlias = tuple[int, int, str, str | None]
"""A chapter as players show it: start and end in milliseconds, title, and the URL of what it is about."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What the MP3 says about itself. Empty values are not written."""

    title: str = ""
    """The episode."""
    album: str = ""
    """The show."""
    artist: str = ""
    date: datetime.date | None = None
    track: int | None = None
    """Number of the episode."""
    season: int | None = None
    comment: str = ""
    """The credits, mainly; may have several lines."""
    url: str = ""
    """URL of the episode's page."""
    genre: str = "Podcast"
    language: str = "jpn"
    """Language of comment, lyrics and speech: three letters of ISO 639-2."""
    chapters: tuple[ChapterTag, ...] = ()
    """In order; the first begins at 0."""
    lyrics: str = ""
    """The transcript; may have several lines."""
    picture: bytes | None = None
    """The cover, as JPEG or PNG."""
    extra: tuple[tuple[str, str], ...] = ()
    """Additional texts by name (TXXX)."""


@dataclass(frozen=True, slots=True)
class Mp3:
    """A finished MP3, as measured by decoding it."""

    path: Path
    bytes: int
    """Size of the file, tags included."""
    frames: Frames
    """Sample frames that it decodes to, without the encoder's padding at both ends."""
    rate: int
    """Frames per second."""
    channels: int
    sha256: str
    """SHA-256 of the whole file, in hexadecimal."""
    loudness: Loudness

    @property
    def seconds(self) -> int:
        """Its duration; half a second rounds up."""
        return half_up(Fraction(self.frames, self.rate))


def inspect(path: Path) -> Mp3:
    """Decode the MP3 ``path`` from beginning to end, and measure it.

    Raises:
        OutputError: it cannot be read or is not an MP3.
    """
    try:
        with soundfile.SoundFile(path) as file:
            meter, peak = LoudnessMeter(file.samplerate, file.channels), TruePeakMeter(file.samplerate, file.channels)
            blocks = file.blocks(BLOCK_FRAMES, dtype="float32", always_2d=True)
            frames = feed(blocks, meter.add, peak.add)
            loudness = Loudness(meter.integrated(), peak.peak_db())
            return Mp3(path, path.stat().st_size, frames, file.samplerate, file.channels, digest_file(path), loudness)
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(
            said("the MP3 cannot be read: {error}", error=words_of(error)), path=path, remedy=said("Render it again.")
        ) from error


def write_tags(path: Path, tags: Tags) -> None:
    """Write ``tags`` before the sound of the MP3 ``path``, as ID3v2.3, replacing any tags it has.

    The same tags give the same bytes. Control characters are removed, except line ends in comment and lyrics.

    Raises:
        OutputError: the file cannot be written, or the picture is neither JPEG nor PNG.
    """
    tag = _id3.ID3()
    for frame in _frames(path, tags):
        tag.add(frame)
    try:
        tag.save(path, v1=0, v2_version=3, padding=lambda _: 0)
        _order_chapters(path)
    except (mutagen.MutagenError, OSError) as error:
        raise OutputError(
            said("the tags cannot be written: {error}", error=words_of(error)),
            path=path,
            remedy=said("Make room on the disk, then try again."),
        ) from error


def _order_chapters(path: Path) -> None:
    """Put the chapters of the tag that has just been written in order: mutagen sorts frames by their length.

    The table of contents gives the order too, but not every program reads it. Frames are those of ID3v2.3, section 3.3.
    """
    with path.open("r+b") as stream:
        head = stream.read(_HEADER)
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9] if head.startswith(b"ID3") else 0
        content = stream.read(size)
        frames: list[bytes] = []
        at = 0
        while at < len(content):
            end = at + _HEADER + int.from_bytes(content[at + 4 : at + 8])
            frames.append(content[at:end])
            at = end
        chapters = [frame for frame in frames if frame.startswith(b"CHAP")]
        others = [frame for frame in frames if not frame.startswith(b"CHAP")]
        chapters.sort(key=lambda frame: int(frame[_HEADER:].partition(b"\0")[0].removeprefix(b"chp")))
        stream.seek(_HEADER)
        stream.write(b"".join([*others, *chapters]))


def _frames(path: Path, tags: Tags) -> list[Any]:
    texts = [
        (_id3.TIT2, tags.title),
        (_id3.TALB, tags.album),
        (_id3.TPE1, tags.artist),
        (_id3.TCON, tags.genre),
        (_id3.TLAN, tags.language),
        (_id3.TRCK, str(tags.track) if tags.track is not None else ""),
        (_id3.TPOS, str(tags.season) if tags.season is not None else ""),
        (_id3.TYER, f"{tags.date:%Y}" if tags.date else ""),
        (_id3.TDAT, f"{tags.date:%d%m}" if tags.date else ""),
    ]
    frames: list[Any] = [_text(kind, text) for kind, text in texts if _clean(text)]
    if comment := _clean(tags.comment, lines=True):
        frames.append(_id3.COMM(encoding=_encoding(comment), lang=tags.language, desc="", text=comment))
    if lyrics := _clean(tags.lyrics, lines=True):
        frames.append(_id3.USLT(encoding=_encoding(lyrics), lang=tags.language, desc="", text=lyrics))
    if url := _url(tags.url):
        frames.append(_id3.WOAS(url=url))
    for name, text in tags.extra:
        both = _clean(name), _clean(text)
        frames.append(_id3.TXXX(encoding=_encoding("".join(both)), desc=both[0], text=both[1]))
    if tags.picture is not None:
        mime = _mime(path, tags.picture)
        frames.append(_id3.APIC(encoding=0, mime=mime, type=_FRONT_COVER, desc="", data=tags.picture))
    names = [f"chp{number}" for number in range(len(tags.chapters))]
    for name, (start, end, title, about) in zip(names, tags.chapters, strict=True):
        inside = [_text(_id3.TIT2, title)]
        if url := _url(about or ""):
            inside.append(_id3.WXXX(encoding=0, desc="", url=url))
        frames.append(_id3.CHAP(name, start, end, _NO_OFFSET, _NO_OFFSET, sub_frames=inside))
    return frames + _tables_of_contents(names)


def _tables_of_contents(names: list[str]) -> list[Any]:
    """The order of the chapters: a table of contents, or a table of tables if one cannot hold them all."""
    tables: list[Any] = []
    while len(names) > _MOST_CHILDREN:
        groups = [names[start : start + _MOST_CHILDREN] for start in range(0, len(names), _MOST_CHILDREN)]
        names = [f"toc{len(tables) + number}" for number in range(len(groups))]
        tables += [_table(name, _ORDERED, group) for name, group in zip(names, groups, strict=True)]
    return [*tables, _table("toc", _TOP_LEVEL | _ORDERED, names)] if names else tables


def _table(name: str, flags: int, children: list[str]) -> Any:
    return _id3.CTOC(element_id=name, flags=flags, child_element_ids=children, sub_frames=[])


def _text(kind: Any, text: str) -> Any:
    clean = _clean(text)
    return kind(encoding=_encoding(clean), text=clean)


def _encoding(text: str) -> int:
    """ISO-8859-1 (0) if that is enough, else UTF-16 (1): ID3v2.3 has no others."""
    return 0 if text.isascii() else 1


def _clean(text: str, *, lines: bool = False) -> str:
    """``text`` without control characters and lone surrogates; line ends become spaces, or stay if ``lines`` is set."""
    text = "\n".join(text.splitlines()) if lines else " ".join(text.split())
    return _CONTROL.sub("", text).strip()


def _url(url: str) -> str:
    """``url`` with everything but ASCII percent-encoded: ID3 allows no other encoding in URLs."""
    return quote(_clean(url).encode(errors="ignore"), safe=_URL_SAFE)


def _mime(path: Path, picture: bytes) -> str:
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    raise OutputError(
        said("the cover is neither JPEG nor PNG"), path=path, remedy=said("Convert it to one of the two.")
    )
