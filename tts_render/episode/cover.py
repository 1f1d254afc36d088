"""The cover: the picture that players show, as a JPEG small enough to be part of every download."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tts_render.ground.errors import InputError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of, words_of
from tts_render.site.folder import confine

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from tts_render.episode.episode import Episode
    from tts_render.settings.config import Config, Show
    from tts_render.site.folder import Site
    from tts_render.site.post import Post

__all__ = ["LARGEST_BYTES", "Cover", "find_cover", "make_cover", "picture_of"]

LARGEST_BYTES = 300_000
"""Maximum size in the tags. Download counters count the bytes after the tags, and players choke on larger ones."""

_LARGEST_FILE = 50_000_000  # bytes
_MOST_PIXELS = 60_000_000
_SIDES = (1400, 1000, 700, 500, 300)  # pixels; the first is the minimum that Apple accepts for a cover
_REMEDY = said("Take a JPEG or PNG.")
_QUALITIES = (88, 80, 70, 60)


@dataclass(frozen=True, slots=True)
class Cover:
    """The file from which a cover is made."""

    path: Path
    digest: str
    """SHA-256 of the file."""


def find_cover(episode: Episode) -> Cover | None:
    """Return the picture that the post names, if it lies in the site, else that of the show; None if there is neither.

    Nothing is downloaded: a URL counts only if it belongs to the site itself and the file exists there.

    Raises:
        OutsideSiteError: the post names a path outside the site.
        InputError: the show's picture is missing.
    """
    path = picture_of(episode.post, episode.site, episode.show, episode.config)
    return None if path is None else Cover(path, digest_file(path))


def picture_of(post: Post | None, site: Site, show: Show, config: Config) -> Path | None:
    """Make the cover from the file of :func:`find_cover`, without reading it.

    Raises:
        OutsideSiteError, InputError: as for :func:`find_cover`.
    """
    if post is not None:
        line = post.line_of(post.preset.image) or post.line_of(post.preset.thumbnail)
        for image in post.images:
            for candidate in _candidates(image, post, site):
                path = confine(site, candidate, what=said("the picture"), source=post.path, line=line)
                if path.is_file():
                    return path
    if show.cover is not None and not show.cover.is_file():
        raise InputError(
            said("shows: there is no picture {cover}", cover=show.cover),
            path=config.path,
            line=show.line,
            remedy=said("Add it, or remove cover:."),
        )
    return show.cover


def make_cover(path: Path) -> bytes:
    """Convert the picture at ``path`` to a JPEG of at most :data:`LARGEST_BYTES`.

    A JPEG that is small enough stays as it is. Others keep their aspect ratio; transparency becomes white.

    Raises:
        InputError: it is not a picture, or it is absurdly large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # imported only if there is a picture

    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(
                said("is larger than {largest_file:,} bytes", largest_file=_LARGEST_FILE),
                path=path,
                remedy=said("Use a smaller picture."),
            )
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked below
            picture: Image.Image = Image.open(io.BytesIO(data))
        if picture.width * picture.height > _MOST_PIXELS:
            raise InputError(
                said("has {width} by {height} pixels", width=picture.width, height=picture.height),
                path=path,
                remedy=said("Use a smaller picture."),
            )
        if picture.format == "JPEG" and len(data) <= LARGEST_BYTES and picture.mode in ("RGB", "L"):
            picture.load()
            return data
        return _fit(_flat(ImageOps.exif_transpose(picture)))
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise InputError(
            said("is not a picture that can be read: {error}", error=words_of(error)), path=path, remedy=_REMEDY
        ) from error
    except OSError as error:
        raise InputError(
            said("cannot be read: {reason}", reason=reason_of(error)), path=path, remedy=_REMEDY
        ) from error


def _candidates(image: str, post: Post, site: Site) -> list[Path]:
    """Where the picture named by a post may be."""
    base = site.url
    if "://" in image:
        if base is None or not image.startswith(base + "/"):
            return []
        image = image[len(base) :]
    name = unquote(re.split("[?#]", image, maxsplit=1)[0]).lstrip("/")
    found = [site.root / name, site.root / post.preset.audio_root / name]
    if not image.startswith("/"):
        found.append(post.path.parent.absolute() / name)
    return found


def _flat(picture: Image.Image) -> Image.Image:
    """``picture`` in RGB, on a white background."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        picture = ground
    return picture.convert("RGB")


def _fit(picture: Image.Image) -> bytes:
    from PIL import Image

    for side in _SIDES:
        smaller = picture.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            stream = io.BytesIO()
            smaller.save(stream, "JPEG", quality=quality, optimize=True)
            if stream.tell() <= LARGEST_BYTES:
                return stream.getvalue()
    raise ValueError(said("it cannot be made small enough"))
