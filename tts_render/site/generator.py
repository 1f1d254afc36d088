"""Which posts of a site its generator publishes: what it never builds is no episode.

A post whose date is still to come is one, although Jekyll and Hugo leave it out until then: its audio has to be there
when its moment comes. One that has expired is still one. So the answer is the same on every day. Drafts are none.

Sources: Jekyll's reader, entry filter and collections; Eleventy's search for files and ignores; the documentation of
Astro's pages and content collections, and what Astro 5 builds. docs/sites.md says what was compared with the real ones.
"""

from __future__ import annotations

import fnmatch
import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tts_render.ground.errors import InputError
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.site.folder import Site, find_site
from tts_render.site.frontmatter import peek
from tts_render.site.post import parse_date
from tts_render.site.sections import hugo_pages, zola_pages

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["MARKDOWN", "find_posts", "in_order"]

MARKDOWN = (".md", ".markdown", ".mkd")
"""What a post in a folder ends with; other pages have nothing to say."""

_POST_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-")
_JEKYLL_EXCLUDES = (".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "node_modules", "vendor/bundle/",
                    "vendor/cache/", "vendor/gems/", "vendor/ruby/", "_site")  # fmt: skip
_HELD_BACK: Final[Mapping[str | None, Mapping[str, tuple[object, ...]]]] = {
    "jekyll": {"published": (False, None)},
    "eleventy": {"draft": (True,), "permalink": (False,)},
    "astro": {"draft": (True,)},
    None: {"draft": (True,), "published": (False, None)},
}
"""By generator, what a post says that is not published: keys, and which of their values mean that."""


def find_posts(paths: Sequence[Path], site: Path | None = None) -> list[Path]:
    """``paths``, with each folder replaced by the posts in it that its site publishes, sorted.

    Args:
        paths: posts, which are taken as they are, and folders.
        site: root of the site; None finds it.

    Raises:
        InputError: a folder or the configuration of its site cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            home = find_site(path / "_", site)
            found.extend(sorted(_published_in(path, home)))
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def in_order(path: Path, date: datetime.datetime | None) -> tuple[float, str]:
    """What posts are sorted by, the oldest first: their moment, then their name.

    Args:
        path: the post.
        date: what its front matter says; None takes the date in its name, else it is as old as can be.
    """
    if date is None and (named := _POST_NAME.match(path.name)):
        date = parse_date("-".join(named.groups()))
    try:
        return (date.timestamp() if date is not None else 0.0, path.name)
    except (OverflowError, ValueError, OSError):
        return (0.0, path.name)


def _published_in(folder: Path, site: Site) -> Iterator[Path]:
    rule = {"jekyll": _jekyll, "hugo": hugo_pages, "zola": zola_pages, "eleventy": _eleventy, "astro": _astro}
    is_page = rule.get(site.generator or "", _plain)(site)
    real = functools.cache(os.path.realpath)
    for path in _walk(folder, os.path.realpath(folder)):
        place = Path(real(path.parent)) / path.name
        inside = place.relative_to(site.root) if place.is_relative_to(site.root) else Path(path.name)
        # What is called like a post is one, even where its front matter is broken: that is to be told.
        named = _POST_NAME.match(path.name) is not None
        if is_page(inside) and (named or _has_front_matter(path)) and not _is_held_back(path, site):
            yield path


def _walk(folder: Path, real: str, home: Path | None = None, seen: set[str] | None = None) -> Iterator[Path]:
    """Every Markdown file. Links that leave ``home`` are passed over, and no folder is entered twice.

    Args:
        folder: where to look.
        real: the same without links.
        home: the real folder in which all must lie; None takes ``real``.
        seen: real folders that were entered.
    """
    home, seen = home or Path(real), set() if seen is None else seen
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError as error:
        raise InputError(said("cannot be read: {reason}", reason=reason_of(error)), path=folder) from error
    for entry in entries:
        if entry.name in (".git", "node_modules", ".tts-render"):
            continue
        place = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(real, entry.name)  # noqa: PTH118
        if (entry.is_symlink() and not Path(place).is_relative_to(home)) or place in seen:
            continue
        if entry.is_dir():
            seen.add(place)
            yield from _walk(folder / entry.name, place, home, seen)
        elif os.path.splitext(entry.name)[1].lower() in MARKDOWN:  # noqa: PTH122
            yield folder / entry.name


def _jekyll(site: Site) -> Callable[[Path], bool]:
    collections = {f"_{name}" for name in site.collections}
    exclude = (*(pattern for pattern in site.exclude if pattern not in site.include), *_JEKYLL_EXCLUDES)

    def passes(entry: str, base: str) -> bool:
        """What the entry filter says of an entry as it is seen from ``base``."""
        name = entry.rpartition("/")[2]
        included = _is_globbed(site.include, entry) or _is_globbed(site.include, name)
        if _is_globbed(exclude, f"{base}/{entry}".lstrip("/")) and not included:
            return False
        return included or not (entry[0] in "._#~" or name[0] in "._#~" or entry.endswith("~"))

    def is_page(path: Path) -> bool:
        parts = path.parts
        for index, part in enumerate(parts[:-1]):
            above, rest = "/".join(parts[:index]), "/".join(parts[index + 1 :])
            if part == "_posts" and (not site.content or f"{above}/".startswith(f"{site.content}/")):
                return passes(rest, f"{above}/{part}") and _POST_NAME.match(parts[-1]) is not None
            if part in collections and above == site.content:
                return passes(rest, f"{above}/{part}")
            if not passes(part, above):
                return False
        return False

    return is_page


def _is_globbed(patterns: Sequence[str], entry: str) -> bool:
    """As Jekyll does it: a pattern matches by its wildcards, or as the beginning of the path."""
    return any(
        fnmatch.fnmatchcase(entry, pattern) or entry.startswith(pattern) or pattern == f"{entry}/"
        for pattern in (pattern.lstrip("/") for pattern in patterns)
        if pattern
    )


def _eleventy(site: Site) -> Callable[[Path], bool]:
    ignored = [pattern for name in (".gitignore", ".eleventyignore") for pattern in _ignore_patterns(site.root / name)]

    def is_page(path: Path) -> bool:
        # Where the input lies is told by a program; these two folders lie in it, wherever that is.
        return (
            path.suffix.lower() == ".md"
            and path.parts[0] != "_site"
            and not {"_includes", "_data"} & set(path.parts[:-1])
            and not any(pattern.match(path.as_posix()) for pattern in ignored)
        )

    return is_page


def _ignore_patterns(path: Path) -> Iterator[re.Pattern[str]]:
    """The lines of a file such as ``.gitignore`` as Eleventy takes them: from the root, and none takes back another."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        pattern = line.strip()
        if not pattern or pattern[0] in "#!":
            continue
        pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("./").strip("/"))
        signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        text = "".join(signs.get(piece) or re.escape(piece) for piece in pieces)
        yield re.compile(text + r"(?:/.*)?\Z", re.IGNORECASE)


def _astro(site: Site) -> Callable[[Path], bool]:  # noqa: ARG001  # every rule is made of a site
    def is_page(path: Path) -> bool:
        # A file that lies in no folder of src/content belongs to no collection.
        placed = path.parts[:2] == ("src", "pages") or (path.parts[:2] == ("src", "content") and len(path.parts) > 3)
        return placed and not any(part[0] in "._" for part in path.parts)

    return is_page


def _plain(site: Site) -> Callable[[Path], bool]:  # noqa: ARG001  # every rule is made of a site
    built = {"public", "layouts", "themes", "node_modules", "vendor"}

    def is_page(path: Path) -> bool:
        return not any(
            part in built or (part[0] in "._#" and part != "_posts") or part.endswith("~") for part in path.parts
        )

    return is_page


def _has_front_matter(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(8).removeprefix(b"\xef\xbb\xbf").lstrip()[:3] in (b"---", b"+++")
    except OSError:
        return False


def _is_held_back(path: Path, site: Site) -> bool:
    """Whether the post says that it is not published. One that cannot be read says nothing."""
    hiding = _HELD_BACK.get(site.generator, {})
    said = peek(path, tuple(hiding)) if hiding else {}
    return any(key in said and said[key] in values for key, values in hiding.items())
