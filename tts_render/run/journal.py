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
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_render.ground.errors import InputError, OutputError
from tts_render.ground.files import Staged, commit, digest_bytes, locked, replace_bytes
from tts_render.ground.messages import from_json, said, to_json
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Change", "Journal", "StaleError"]

_MOST = 200  # changes that are remembered
_SCHEMA = 2
_PATIENCE = 10.0  # seconds that another program may take to write its change


class StaleError(InputError):
    """A file is not as it was when somebody decided to change it."""

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        remedy: str | None = None,
        there: str | None = None,
    ) -> None:
        super().__init__(message, path=path, line=line, remedy=remedy)
        self.there = there
        """What is there now, if that is known."""


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
            name: what is done, for people; a message is still one when it is read again.
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
            self._change(real, [*self._done, (name, tuple(map(_kept, real)))][-_MOST:], [])

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
            name, kept = source[-1]
            less, more = source[:-1], [*target, source[-1]]
            done, undone = (less, more) if backward else (more, less)
            self._change([_turned(one, backward=backward) for one in kept], done, undone)
            return name, tuple(one.path for one in kept)

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

    def _change(self, changes: Sequence[Change], done: list[_Step], undone: list[_Step]) -> None:
        """Change files and remember it: both, or neither.

        Raises:
            StaleError: a file is not as it was.
            OutputError: a file cannot be written, or the change not be remembered; all files are as they were.
        """
        for change in changes:
            if _content(change.path) != change.before:
                raise _stale(change.path)
        facts = {
            "schema": _SCHEMA,
            "done": [_step_json(step, self._root) for step in done],
            "undone": [_step_json(step, self._root) for step in undone],
        }
        written = [change for change in changes if change.after is not None]
        with ExitStack() as stack:
            memory = stack.enter_context(Staged(self._file))
            memory.write(json.dumps(facts, ensure_ascii=False).encode(errors="backslashreplace")).settle()
            files = [stack.enter_context(Staged(change.path)) for change in written]
            for file, change in zip(files, written, strict=True):
                file.write(change.after or b"")
            try:
                commit(files)
                for change in changes:
                    if change.after is None:
                        _remove(change.path)
                memory.take_place()
            except OutputError as error:
                _give_back(changes)
                error.remedy = said("Nothing was changed. Make room or give write permission, then run this again.")
                raise
        self._done, self._undone = done, undone
        now = self._file.stat()
        self._state = now.st_ino, now.st_mtime_ns, now.st_size


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is remembered of a change: the part of the file that it is about, for a script is large and a line small."""

    path: Path
    start: int
    """How many bytes before it stay."""
    rest: int
    """How many bytes after it stay."""
    before: bytes | None
    """The part before; None where there was no file."""
    after: bytes | None
    digests: tuple[str | None, str | None]
    """Of the whole file, before and after."""


_Step = tuple[str, tuple[_Kept, ...]]


def _kept(change: Change) -> _Kept:
    digests = (_digest_of(change.before), _digest_of(change.after))
    if change.before is None or change.after is None:
        return _Kept(change.path, 0, 0, change.before, change.after, digests)
    before, after = change.before, change.after
    start = _common(before, after)
    rest = _common(before[start:][::-1], after[start:][::-1])
    ends = len(before) - rest, len(after) - rest
    return _Kept(change.path, start, rest, before[start : ends[0]], after[start : ends[1]], digests)


def _common(one: bytes, other: bytes) -> int:
    """How many bytes the two have in common at the beginning."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _turned(kept: _Kept, *, backward: bool) -> Change:
    """The change again, of the file as it is now.

    Raises:
        StaleError: the file is not as the change has left it.
    """
    part, (new, old) = (kept.before, kept.digests) if backward else (kept.after, kept.digests[::-1])
    now = _content(kept.path)
    if _digest_of(now) != old:
        raise _stale(kept.path)
    if now is None or new is None:
        return Change(kept.path, now, part)
    return Change(kept.path, now, now[: kept.start] + (part or b"") + now[len(now) - kept.rest :])


def _digest_of(content: bytes | None) -> str | None:
    return None if content is None else digest_bytes(content)


def _stale(path: Path) -> StaleError:
    return StaleError(
        said("was changed in the meantime"), path=path, remedy=said("Look at the new text, and change that.")
    )


def _give_back(changes: Sequence[Change]) -> None:
    """Undo what has been written of changes that could not be made as a whole."""
    for change in changes:
        with suppress(OutputError):
            if _content(change.path) != change.after:
                continue
            if change.before is None:
                _remove(change.path)
            else:
                replace_bytes(change.path, change.before)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(said("cannot be removed: {reason}", reason=reason_of(error)), path=path) from error


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error


def _step_json(step: _Step, root: Path) -> dict[str, Any]:
    name, changes = step
    listed = [
        {
            "path": one.path.relative_to(root).as_posix(),
            "start": one.start,
            "rest": one.rest,
            "before": _packed(one.before),
            "after": _packed(one.after),
            "digests": list(one.digests),
        }
        for one in changes
    ]
    return {"name": name, "said": to_json(name), "changes": listed, "digest": _digest(name, listed)}


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
    changes = [
        _Kept(
            root / each["path"],
            each["start"],
            each["rest"],
            _unpacked(each["before"]),
            _unpacked(each["after"]),
            (each["digests"][0], each["digests"][1]),
        )
        for each in listed
    ]
    if not all(Path(os.path.realpath(one.path)).is_relative_to(root) for one in changes):
        raise ValueError("a step that leaves the site")
    return _name(str(name), value.get("said")), tuple(changes)


def _name(english: str, written: object) -> str:
    """The name of a step, as a message if it was one."""
    try:
        message = from_json(written)
    except ValueError:
        return english
    return message if message == english else english


def _digest(name: str, listed: list[dict[str, Any]]) -> str:
    return digest_bytes(json.dumps([name, listed], sort_keys=True).encode())[:32]


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
