"""The site around an episode: where its root is, what it is called, and which paths are inside it."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

import yaml

from tts_render.ground.bounded import LOADER, load_toml, parse_yaml_events
from tts_render.ground.errors import InputError, OutsideSiteError
from tts_render.ground.files import NAME_MAX
from tts_render.ground.messages import said
from tts_render.ground.printable import one_line
from tts_render.ground.reasons import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tts_render.ground.bounded import Wrong

__all__ = ["Generator", "Site", "article_url", "confine", "find_site"]

Generator = Literal["jekyll", "hugo", "zola", "eleventy", "astro"]
"""What builds a site, as far as a file in its root tells."""

_CONFIGURATIONS = ("_config.yml", "hugo.toml", "hugo.yaml", "config.toml")
_PROGRAMS: Mapping[str, Generator] = {
    **dict.fromkeys((".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs"), "eleventy"),
    **dict.fromkeys(("astro.config.mjs", "astro.config.js", "astro.config.ts"), "astro"),
}
_MARKERS = (*_CONFIGURATIONS, *_PROGRAMS, ".git")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """Facts from the site's configuration."""

    root: Path
    """Absolute, with links resolved."""
    marked: bool = False
    """Whether anything identifies it as a site; otherwise it is just the folder of the input."""
    title: str | None = None
    author: str | None = None
    url: str | None = None
    """URL at which it is published, without a trailing slash."""
    permalink: str | None = None
    """Jekyll's pattern for the path of an article."""
    timezone: str | None = None
    """Name of the time zone for times without one."""
    generator: Generator | None = None
    """None if the configuration does not say."""
    content: str = ""
    """Folder below the root that holds Hugo's and Zola's pages, or Jekyll's collections; empty for the root itself."""
    collections: tuple[str, ...] = ()
    """Jekyll's collections that become pages, without ``posts``."""
    exclude: tuple[str, ...] = ()
    """Jekyll's patterns for files that are not built."""
    include: tuple[str, ...] = ()
    """Jekyll's patterns for hidden files that are built even so."""
    ignored: tuple[str, ...] = ()
    """Pages that Hugo and Zola do not build: Go regular expressions for Hugo, patterns for whole paths for Zola."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Where its configuration lies, or would."""
        return tuple(self.root / name for name in _CONFIGURATIONS)

    def relative(self, path: Path) -> str:
        """``path`` relative to the root, with slashes; absolute if it lies outside."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def find_site(start: Path, explicit: Path | None = None) -> Site:
    """Find the site that ``start`` belongs to.

    Args:
        start: a post or script.
        explicit: the root, if it was given.

    Returns:
        The nearest parent with a site's configuration or a repository, else the folder of ``start``.

    Raises:
        InputError: the site's configuration cannot be read, or ``explicit`` is not a folder.
        OutsideSiteError: ``start`` is in the given folder, but is a link that leaves it.
    """
    if explicit is not None:
        if not explicit.is_dir():
            raise InputError(
                said("is not a folder"), path=explicit, remedy=said("Name the root of the site with --site.")
            )
        site = _read_site(Path(os.path.realpath(explicit)))
        plain = Path(os.path.normpath(start.absolute()))
        if plain.is_relative_to(os.path.normpath(explicit.absolute())):
            confine(site, plain, what=said("the file"), source=start, line=None)
        return site
    folder = Path(os.path.realpath(start)).parent
    for candidate in (folder, *folder.parents):
        if any((candidate / marker).exists() for marker in _MARKERS):
            return _read_site(candidate)
    return Site(folder)


def confine(site: Site, path: Path, *, what: str, source: Path, line: int | None) -> Path:
    """Resolve the links of ``path``, which must be inside the site.

    Args:
        site: the site.
        path: absolute, or relative to the root.
        what: description of the path, for the message.
        source: the file that names the path.
        line: 1-based line there.

    Raises:
        OutsideSiteError: it leaves the site by ``..``, as an absolute path or through a link, or is not a valid path.
    """
    if any(character in str(path) for character in "\0\r\n"):
        raise OutsideSiteError(
            said("{what} contains a line break, or a character that no path can have", what=what),
            path=source,
            line=line,
        )
    resolved = Path(os.path.realpath(site.root / path))
    if any(len(os.fsencode(part)) > NAME_MAX for part in resolved.parts):
        raise OutsideSiteError(
            said("{what} contains a name that is too long for a file", what=what), path=source, line=line
        )
    if not resolved.is_relative_to(site.root):
        raise OutsideSiteError(
            said("{what} leaves the site: {path}", what=what, path=path),
            path=source,
            line=line,
            remedy=said("It must lie inside {root}.", root=site.root),
        )
    return resolved


def article_url(site: Site, post: Path, date: datetime.datetime | None, own: str | None) -> str | None:
    """The URL path of a Jekyll post, or None if it cannot be told.

    The placeholders are those of Jekyll's documentation of permalinks, as far as file name and date determine them.

    Args:
        site: the site, with its permalink pattern.
        post: the post's file, named ``YEAR-MONTH-DAY-SLUG.md``.
        date: the post's date.
        own: the post's own permalink, if it has one.
    """
    named = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})-(.+)", post.stem)
    if site.url is None or named is None:
        return None
    pattern = own or site.permalink or "date"
    known = {
        "date": "/:categories/:year/:month/:day/:title:output_ext",
        "pretty": "/:categories/:year/:month/:day/:title/",
        "ordinal": "/:categories/:year/:y_day/:title:output_ext",
        "none": "/:categories/:title:output_ext",
    }
    pattern = known.get(pattern, pattern)
    day = date.date() if date else datetime.date(int(named[1]), int(named[2]), int(named[3]))
    values = {
        ":categories": "",
        ":output_ext": ".html",
        ":short_year": f"{day:%y}",
        ":year": f"{day:%Y}",
        ":i_month": str(day.month),
        ":month": f"{day:%m}",
        ":i_day": str(day.day),
        ":day": f"{day:%d}",
        ":y_day": f"{day:%j}",
        ":title": named[4],
        ":slug": named[4],
    }
    for name in sorted(values, key=len, reverse=True):
        pattern = pattern.replace(name, values[name])
    if ":" in pattern:
        return None
    return site.url + quote(re.sub("/+", "/", "/" + pattern), safe="/:@!$&'()*+,;=~")


def _read_site(root: Path) -> Site:
    for name in _CONFIGURATIONS:
        path = root / name
        if path.is_file():
            facts = _parse(path)
            generator = _generator(name, facts)
            if generator == "hugo":
                facts = {str(key).lower(): value for key, value in facts.items()}
            url = _text(facts, "url") or _text(facts, "baseurl") or _text(facts, "base_url")
            folder = {"jekyll": _text(facts, "collections_dir") or "", "hugo": _text(facts, "contentdir") or "content"}
            return Site(
                root,
                marked=True,
                title=_text(facts, "title"),
                author=_text(facts, "author"),
                url=_base(url, _text(facts, "baseurl")) if generator == "jekyll" else (url or "").rstrip("/") or None,
                permalink=_text(facts, "permalink"),
                timezone=_text(facts, "timezone"),
                generator=generator,
                content=folder.get(generator, "content").strip("/"),
                collections=tuple(name for name in _texts(facts, "collections") if name != "posts"),
                exclude=_texts(facts, "exclude"),
                include=_texts(facts, "include"),
                ignored=_texts(facts, "ignorefiles" if generator == "hugo" else "ignored_content"),
            )
    for name, generator in _PROGRAMS.items():
        if (root / name).is_file():
            return Site(root, marked=True, generator=generator)
    return Site(root, marked=True)


def _generator(name: str, facts: Mapping[str, Any]) -> Generator:
    if name == "_config.yml":
        return "jekyll"
    return "zola" if name == "config.toml" and "base_url" in facts else "hugo"


def _parse(path: Path) -> Mapping[str, Any]:
    def wrong(message: str, line: int) -> InputError:
        return InputError(message, path=path, line=line, remedy=said("It is the site's own configuration."))

    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(said("is larger than {largest:,} bytes", largest=_LARGEST), path=path)
        text = path.read_text(encoding="utf-8-sig")
        return load_toml(text, wrong) if path.suffix == ".toml" else _top_level(text, wrong)
    # ValueError: not UTF-8, not TOML, or a number with thousands of digits
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(
            said("cannot be read: {reason}", reason=one_line(words_of(error))),
            path=path,
            remedy=said("It is the site's own configuration."),
        ) from error


def _top_level(text: str, wrong: Wrong) -> Mapping[str, Any]:
    """The top-level texts of a YAML file, its lists of texts, and the names of collections with output.

    Nothing else is built from it: merged keys may have no end.
    """
    for _ in parse_yaml_events(text, wrong):
        pass
    facts: dict[str, Any] = {}
    for key, value in _pairs(yaml.compose(text, Loader=LOADER)):
        if isinstance(value, yaml.ScalarNode) and value.tag == _TEXT:
            facts[key] = value.value
        elif isinstance(value, yaml.SequenceNode):
            facts[key] = [item.value for item in value.value if isinstance(item, yaml.ScalarNode)]
        elif key == "collections":
            facts[key] = [name for name, group in _pairs(value) if ("output", "true") in _scalars(group)]
    return facts


_TEXT = "tag:yaml.org,2002:str"
_MOST_KEYS = 1000


def _pairs(node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    pairs = node.value[:_MOST_KEYS] if isinstance(node, yaml.MappingNode) else []
    return [(key.value, value) for key, value in pairs if isinstance(key, yaml.ScalarNode)]


def _scalars(group: yaml.Node) -> list[tuple[str, str]]:
    return [(key, value.value.lower()) for key, value in _pairs(group) if isinstance(value, yaml.ScalarNode)]


def _texts(facts: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = facts.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _text(facts: Mapping[str, Any], key: str) -> str | None:
    value = facts.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _base(url: str | None, base: str | None) -> str | None:
    if url is None or not url.startswith(("http://", "https://")):
        return None
    return url.rstrip("/") + ("/" + base.strip("/") if base and base.strip("/") else "")
