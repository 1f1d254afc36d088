"""Which pages Hugo and Zola publish. Both arrange pages in sections, and a section can set keys for the pages below it.

Sources: Hugo's documentation of content management, and what Hugo 0.111 and 0.168 build; the loader of Zola 0.22.
"""

from __future__ import annotations

import fnmatch
import functools
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tts_render.site.frontmatter import peek

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tts_render.site.folder import Site

__all__ = ["hugo_pages", "zola_pages"]

_HUGO_KEYS = ("draft", "published", "headless", "build")
_YES = ("1", "t", "true")
_NO = ("0", "f", "false", "")


def hugo_pages(site: Site) -> Callable[[Path], bool]:
    """Return whether Hugo publishes a page, by its path from the root. Publication and expiry dates are ignored."""
    ignored = list(_expressions(site.ignored))
    is_bundle, cascade = functools.cache(_is_bundle), functools.cache(_cascade)

    def is_page(path: Path) -> bool:
        if not path.is_relative_to(site.content) or path.suffix.lower() not in (".md", ".markdown"):
            return False
        inside = path.relative_to(site.content)
        if any(part[0] in ".#" or part[-1] == "~" for part in inside.parts) or inside.name.startswith("_index."):
            return False
        folders = [site.root / site.content / folder for folder in reversed(inside.parents)]
        if any(pattern.search(place.as_posix()) for pattern in ignored for place in (*folders, site.root / path)):
            return False
        bundle = next((folder for folder in folders if is_bundle(folder)), None)
        if bundle is not None and not (bundle == folders[-1] and inside.name.startswith("index.")):
            return False
        facts: dict[str, object] = {}
        for folder in folders:
            facts |= cascade(_section(folder, path))
        facts |= _lowered(peek(site.root / path, _HUGO_KEYS))
        return not _is_hidden(facts)

    return is_page


def _expressions(patterns: tuple[str, ...]) -> Iterator[re.Pattern[str]]:
    """Patterns that mean the same in Python as in Go, as far as Python can tell."""
    for pattern in patterns:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            try:
                yield re.compile(pattern)
            except (re.error, FutureWarning):
                continue


def _is_bundle(folder: Path) -> bool:
    """Whether a folder is a single page to which everything else in it belongs."""
    return any(path.suffix in (".md", ".markdown", ".html") for path in folder.glob("index.*"))


def _section(folder: Path, path: Path) -> Path:
    """The file with the section's keys for the pages in ``folder`` in the language of ``path``."""
    translated = folder / f"_index.{path.stem.rpartition('.')[2]}.md"
    return translated if translated.is_file() else folder / "_index.md"


def _cascade(section: Path) -> Mapping[str, object]:
    """The keys that a section sets for all pages below it; those for only some of them are ignored."""
    said = _lowered(peek(section, ("cascade",))).get("cascade")
    found: dict[str, object] = {}
    for group in said if isinstance(said, list | tuple) else [said]:
        group = _lowered(group)
        if not {"target", "_target"} & set(group):
            found |= group
    return found


def _lowered(group: object) -> Mapping[str, object]:
    return {str(key).lower(): value for key, value in group.items()} if isinstance(group, Mapping) else {}


def _is_hidden(facts: Mapping[str, object]) -> bool:
    for key in ("build", "_build"):
        if _lowered(facts.get(key)).get("render") in ("never", "link", False):
            return True
    if _truth(facts.get("headless")):
        return True
    if "draft" in facts:
        return bool(_truth(facts["draft"]))
    return "published" in facts and _truth(facts["published"]) is False


def _truth(value: object) -> bool | None:
    """Whether Hugo takes a value for true or false; None if it is neither, such as a date."""
    if value is None or isinstance(value, int):
        return bool(value)
    text = str(value).lower()
    return True if text in _YES else False if text in _NO else None


def zola_pages(site: Site) -> Callable[[Path], bool]:
    """Return whether Zola publishes a page, by its path from the root."""

    @functools.cache
    def is_drafted(folder: Path) -> bool:
        return peek(folder / "_index.md", ("draft",)).get("draft") is True

    def is_page(path: Path) -> bool:
        if not path.is_relative_to(site.content) or path.suffix != ".md" or path.name.startswith((".", "_index.")):
            return False
        place = site.root / path
        if any(fnmatch.fnmatchcase(place.as_posix(), pattern) for pattern in site.ignored):
            return False
        sections = [site.root / site.content / folder for folder in path.relative_to(site.content).parents]
        facts = peek(place, ("draft", "render"))
        return not (any(map(is_drafted, sections)) or facts.get("draft") is True or facts.get("render") is False)

    return is_page
