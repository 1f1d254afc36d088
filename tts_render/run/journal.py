"""The journal: every change that the studio or an import makes to a file, so that it can be undone and done again.

It is kept in the cache folder, one for each site, and read again before each use: another program may have added to it.
What somebody else has written since is never overwritten: in a file that is not as the change left it, only the lines
of the change are put back, where they still are and cannot be mistaken. Else the step is passed over, and with it what
was done before in the same files.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.episode.takes import SUFFIX, takes_in
from tts_render.ground.errors import InputError, OutputError, ScriptError
from tts_render.ground.files import Staged, commit, locked, replace_bytes
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.run.laying import laid, places, row_of
from tts_render.run.steps import SCHEMA, Kept, Step, digest_of, kept_of, load_steps, step_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["Change", "Journal", "Moved", "StaleError"]

_MOST = 200  # changes that are remembered
_SHOWN = 40  # characters of a line in a message
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


@dataclass(frozen=True, slots=True)
class Moved:
    """A step that was undone, or done again."""

    name: str
    paths: tuple[Path, ...]
    """The files."""
    passed: tuple[tuple[str, StaleError], ...] = ()
    """The steps that would have come first but cannot be moved, and why."""


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
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def undoable(self) -> str | None:
        """What undoing would take back; None if nothing. It is refused where no step can be undone."""
        return self._next(backward=True)

    @property
    def redoable(self) -> str | None:
        """What would be done again; None if nothing. It is refused where no step can be done again."""
        return self._next(backward=False)

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
            self._change(
                real,
                [*self._done, (name, tuple(kept_of(one.path, one.before, one.after) for one in real))][-_MOST:],
                [],
            )

    def undo(self) -> Moved | None:
        """Take back the last change that can be taken back; None if there is none at all.

        Raises:
            StaleError: none can be, since somebody else has changed what they changed; tells of the last.
            OutputError: a file cannot be written.
        """
        return self._move(backward=True)

    def redo(self) -> Moved | None:
        """Do again what was undone last and can be done again; None if there is none at all.

        Raises:
            StaleError: none can be, since somebody else has changed what they changed; tells of the last.
            OutputError: a file cannot be written.
        """
        return self._move(backward=False)

    def _move(self, *, backward: bool) -> Moved | None:
        with self._held():
            source, target = (self._done, self._undone) if backward else (self._undone, self._done)
            if not source:
                return None
            at, changes, passed = _movable(source, backward=backward)
            if at is None:
                raise passed[0][1]
            name = source[at][0]
            # As the files are now: then it can be moved the other way whatever it was laid onto.
            step = (
                name,
                tuple(
                    kept_of(one.path, one.after, one.before) if backward else kept_of(one.path, one.before, one.after)
                    for one in changes
                ),
            )
            less, more = source[:at] + source[at + 1 :], [*target, step]
            done, undone = (less, more) if backward else (more, less)
            self._change(changes, done, undone)
            return Moved(name, tuple(one.path for one in changes), passed)

    def _next(self, *, backward: bool) -> str | None:
        with self._threads:
            self._look()
            source = self._done if backward else self._undone
            if not source:
                return None
            try:
                at, _, _ = _movable(source, backward=backward)
            except OutputError:  # to be said when it is tried
                at = None
            return source[-1 if at is None else at][0]

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
            self._done, self._undone = load_steps(self._file, self._root)
            self._state = state

    def _change(self, changes: Sequence[Change], done: list[Step], undone: list[Step]) -> None:
        """Change files and remember it: both, or neither.

        Raises:
            StaleError: a file is not as it was.
            OutputError: a file cannot be written, or the change not be remembered; all files are as they were.
        """
        for change in changes:
            if _content(change.path) != change.before:
                raise _stale(change.path)
        facts = {
            "schema": SCHEMA,
            "done": [step_json(step, self._root) for step in done],
            "undone": [step_json(step, self._root) for step in undone],
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
                error.remedy = said("Nothing was changed. Make room or give write permission, then try again.")
                raise
        self._done, self._undone = done, undone
        now = self._file.stat()
        self._state = now.st_ino, now.st_mtime_ns, now.st_size


def _movable(
    steps: Sequence[Step], *, backward: bool
) -> tuple[int | None, tuple[Change, ...], tuple[tuple[str, StaleError], ...]]:
    """The last step that can be moved, with its changes, and those behind it that cannot.

    Steps of one file keep their order: what one of them left may stand in the lines of another.
    """
    passed: list[tuple[str, StaleError]] = []
    held: set[Path] = set()
    for at in range(len(steps) - 1, -1, -1):
        name, kept = steps[at]
        paths = {one.path for one in kept}
        if held.isdisjoint(paths):
            try:
                return at, tuple(_turned(one, backward=backward) for one in kept), tuple(passed)
            except StaleError as error:
                passed.append((name, error))
        held |= paths
    return None, (), tuple(passed)


def _turned(kept: Kept, *, backward: bool) -> Change:
    """The change again, of the file as it is now.

    Raises:
        StaleError: what the change has left is not there any more, or cannot be told from the rest.
    """
    part, (new, old) = (kept.before, kept.digests) if backward else (kept.after, kept.digests[::-1])
    now = _content(kept.path)
    if digest_of(now) != old:
        return _laid(kept, now, backward=backward)
    if now is None or new is None:
        return Change(kept.path, now, part)
    return Change(kept.path, now, now[: kept.start] + (part or b"") + now[len(now) - kept.rest :])


def _laid(kept: Kept, now: bytes | None, *, backward: bool) -> Change:
    """The change again, of a file that somebody else has changed elsewhere.

    Raises:
        StaleError: as for :func:`_turned`.
    """
    if now is None or kept.patch is None:
        raise _stale(kept.path)
    patch = kept.patch.turned() if backward else kept.patch
    content = laid(patch, now)
    if content is not None and _is_sound(kept.path, content):
        return Change(kept.path, now, content)
    old = patch.lines[0]
    row, count = row_of(patch, now), len(places(now, None, None, old))
    there, text = _shown(b"".join(now.splitlines(keepends=True)[row - 1 : row])), _shown(old)
    message = said("was changed in the meantime")
    if text and count > 1:
        message = said(
            "「{text}」 is there {count} times now, and it is not clear which one is meant", text=text, count=count
        )
    elif text and not count:
        message = said("「{text}」 is not there any more; reads now: {there}", text=text, there=there)
    elif there:
        message = said("was changed in the meantime; reads now: {there}", there=there)
    raise _stale(kept.path, message, row, there)


def _is_sound(path: Path, content: bytes) -> bool:
    """Whether lines have come together to what can be read, where it depends on all of them."""
    if path.suffix != ".json":
        return True
    try:
        facts = json.loads(content)
        if path.name.endswith(SUFFIX):
            takes_in(facts, path)
    except (ValueError, RecursionError, ScriptError):
        return False
    return True


def _shown(lines: bytes) -> str:
    text = " ".join(lines.decode(errors="replace").split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _stale(
    path: Path, message: str = said("was changed in the meantime"), row: int | None = None, there: str | None = None
) -> StaleError:
    return StaleError(message, path=path, line=row, remedy=said("Look at the new text, and change that."), there=there)


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
