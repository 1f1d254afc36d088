"""Names of audio files: from site paths and URLs to the names that are really in the folder.

One name has many spellings. A URL percent-encodes it, macOS decomposes its letters (が becomes か and a mark), and a
show called "A.I.放送局" has full stops that do not begin a file extension.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import time
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["audio_name", "find_audio_file", "normal_name", "stem"]

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//")
_SUFFIX = re.compile(r"(?<=.)\.[A-Za-z0-9]{1,5}$", re.DOTALL)

_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder that is changed again is sure to have another time, on any file system."""


def normal_name(name: str) -> str:
    """``name`` with composed letters (Unicode NFC), equal for all spellings of one name."""
    return unicodedata.normalize("NFC", name)


def audio_name(value: str) -> str | None:
    """Return the file name at the end of a site path or URL, percent-decoded and in Unicode NFC.

    Escapes are decoded before the last part is taken, since some stores write the folders of a path with ``%2F``.

    Returns:
        None if there is no usable name: nothing after the last slash, ``.`` or ``..``, or a control character.
    """
    path = value
    if _URL.match(value):
        try:
            path = urlsplit(value).path
        except ValueError:
            return None
    with contextlib.suppress(UnicodeDecodeError):  # percent signs that do not encode text are part of the name
        path = unquote(path, errors="strict")
    name = normal_name(re.split(r"[/\\]", path)[-1])
    if name in ("", ".", "..") or any(unicodedata.category(character) == "Cc" for character in name):
        return None
    return name


def find_audio_file(folder: Path, name: str) -> Path | None:
    """The file in ``folder`` called ``name``, in whatever Unicode form the disk has it; None if there is none."""
    exact = folder / name
    if os.path.isfile(exact):  # noqa: PTH113  # false for a name that no disk takes, where Path.is_file raises
        return exact
    try:
        changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
        settled = changed < time.time_ns() - _SETTLED
        names = _names(str(folder), changed) if settled else _names.__wrapped__(str(folder), changed)
        found = sorted(each for each in names.get(normal_name(name), ()) if (folder / each).is_file())
    except OSError:
        return None
    return folder / found[0] if found else None


@functools.lru_cache(maxsize=8)
def _names(folder: str, changed: int) -> dict[str, list[str]]:  # noqa: ARG001  # a folder that was changed is another
    """The names in a folder, by their one spelling: a site of thousands of posts asks for as many in one folder."""
    found: dict[str, list[str]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            found.setdefault(normal_name(entry.name), []).append(entry.name)
    return found


def stem(name: str) -> str:
    """``name`` without its extension, which is the last suffix, and only if it looks like an extension."""
    return _SUFFIX.sub("", name)
