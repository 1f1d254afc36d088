"""The journal: every change that the studio or an import makes to a file, so that it can be undone and done again.

It is kept in the cache folder, one for each site, and read again before each use: another program may have added to it.
A change is undone only while the file is still as the change left it: what somebody else has written since is never
overwritten.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_render.ground.errors import InputError
from tts_render.ground.files import Staged, commit, digest_bytes, locked, replace_bytes
from tts_render.ground.messages import said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Change", "Journal", "StaleError"]

_MOST = 200  # changes that are remembered
_SCHEMA = 1
_PATIENCE = 10.0  # seconds that another program may take to write its change


class StaleError(InputError):
    """A file is not as it was when somebody decided to change it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file, before and after. None is a file that is not there."""

    path: Path
    before: bytes | None
    after: bytes | None


class Journal:
    """The changes of one site.

    Args:
        folder: the cache folder.
        root: root of the site; the files are told relative to it.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = root
        self._file = folder / "studio" / f"{hashlib.sha256(os.fsencode(root)).hexdigest()[:32]}.json"
        self._threads = threading.Lock()
        self._state: tuple[int, int, int] | None = None
        self._done: list[_Step] = []
        self._undone: list[_Step] = []

    @property
    def undoable(self) -> str | None:
        """What undoing would take back; None if nothing."""
        with self._threads:
            self._look()
            return self._done[-1][0] if self._done else None

    @property
    def redoable(self) -> str | None:
        """What would be done again; None if nothing."""
        with self._threads:
            self._look()
            return self._undone[-1][0] if self._undone else None

    def make(self, name: str, changes: Sequence[Change]) -> None:
        """Change files, all of them or none, and remember it.

        Args:
            name: what is done, for people.
            changes: the files; those that stay the same are passed over.

        Raises:
            StaleError: a file is not as ``before`` says.
            OutputError: a file cannot be written.
            BusyError: another program holds the journal.
        """
        real = tuple(change for change in changes if change.before != change.after)
        if not real:
            return
        with self._held():
            _apply(real)
            self._done.append((name, real))
            del self._done[:-_MOST]
            self._undone.clear()
            self._save()

    def undo(self) -> tuple[str, tuple[Path, ...]] | None:
        """Take back the last change; what it was, and the files. None if there is none.

        Raises:
            StaleError: a file was changed since by somebody else.
            OutputError: a file cannot be written.
        """
        return self._move(backward=True)

    def redo(self) -> tuple[str, tuple[Path, ...]] | None:
        """Do again what was undone last; what it was, and the files. None if there is none.

        Raises:
            StaleError: a file was changed since by somebody else.
            OutputError: a file cannot be written.
        """
        return self._move(backward=False)

    def _move(self, *, backward: bool) -> tuple[str, tuple[Path, ...]] | None:
        with self._held():
            source, target = (self._done, self._undone) if backward else (self._undone, self._done)
            if not source:
                return None
            name, changes = source[-1]
            _apply([Change(c.path, c.after, c.before) for c in changes] if backward else changes)
            target.append(source.pop())
            self._save()
            return name, tuple(change.path for change in changes)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other programs from changing the journal, and know what they have written."""
        busy = said("{root}: another program changes this site", root=self._root)
        with self._threads, locked(self._file.with_suffix(".lock"), patience=_PATIENCE, busy=busy):
            self._look()
            yield

    def _look(self) -> None:
        """Read the journal if it is not as it was."""
        try:
            facts = self._file.stat()
        except OSError:
            state = None
        else:
            state = facts.st_ino, facts.st_mtime_ns, facts.st_size
        if state != self._state or state is None:
            self._done, self._undone = _load(self._file, self._root)
            self._state = state

    def _save(self) -> None:
        facts = {
            "schema": _SCHEMA,
            "done": [_step_json(step, self._root) for step in self._done],
            "undone": [_step_json(step, self._root) for step in self._undone],
        }
        replace_bytes(self._file, json.dumps(facts, ensure_ascii=False).encode(errors="backslashreplace"))
        written = self._file.stat()
        self._state = written.st_ino, written.st_mtime_ns, written.st_size


_Step = tuple[str, tuple[Change, ...]]


def _apply(changes: Sequence[Change]) -> None:
    for change in changes:
        if _content(change.path) != change.before:
            raise StaleError(
                said("was changed in the meantime"),
                path=change.path,
                remedy=said("Look at the new text, and change that."),
            )
    written = [change for change in changes if change.after is not None]
    with ExitStack() as stack:
        files = [stack.enter_context(Staged(change.path)) for change in written]
        commit([file.write(change.after or b"") for file, change in zip(files, written, strict=True)])
    for change in changes:
        if change.after is None:
            change.path.unlink(missing_ok=True)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _step_json(step: _Step, root: Path) -> dict[str, Any]:
    name, changes = step
    listed = [
        {
            "path": change.path.relative_to(root).as_posix(),
            "before": _packed(change.before),
            "after": _packed(change.after),
        }
        for change in changes
    ]
    return {"name": name, "changes": listed, "digest": _digest(name, listed)}


def _load(file: Path, root: Path) -> tuple[list[_Step], list[_Step]]:
    """What was remembered; nothing, where the file is not whole."""
    try:
        facts = json.loads(file.read_bytes())
        if facts["schema"] != _SCHEMA:
            return [], []
        return [_step(value, root) for value in facts["done"]], [_step(value, root) for value in facts["undone"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [], []


def _step(value: dict[str, Any], root: Path) -> _Step:
    name, listed = value["name"], value["changes"]
    if value["digest"] != _digest(name, listed):
        raise ValueError("a damaged step")
    changes = [Change(root / each["path"], _unpacked(each["before"]), _unpacked(each["after"])) for each in listed]
    if not all(Path(os.path.realpath(change.path)).is_relative_to(root) for change in changes):
        raise ValueError("a step that leaves the site")
    return str(name), tuple(changes)


def _digest(name: str, listed: list[dict[str, Any]]) -> str:
    return digest_bytes(json.dumps([name, listed], sort_keys=True).encode())[:32]


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
