"""Whole files only: atomic replacement, digests and locks. Nothing else in the package replaces or locks a file.

A new file is written next to its target as ``.NAME.tts-render-tmp``, because a rename cannot cross disks and static
site generators do not publish dot files.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tts_render.ground.errors import BusyError, OutputError
from tts_render.ground.messages import joined, said
from tts_render.ground.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import IO, Self

__all__ = [
    "NAME_MAX",
    "Staged",
    "commit",
    "digest_bytes",
    "digest_file",
    "is_temporary",
    "locked",
    "remove_leftover",
    "remove_leftovers",
    "replace_bytes",
    "store_bytes",
    "temporary_name",
]

_SUFFIX = ".tts-render-tmp"
NAME_MAX = 255
"""Longest file name in bytes on every file system in common use."""


def digest_bytes(data: bytes) -> str:
    """SHA-256 of ``data``, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of the content of ``path``, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def temporary_name(target: Path) -> Path:
    """Where the new ``target`` is kept while it is being made.

    A name too long for the file system is replaced by a digest of it, so that the file can still be found again.
    """
    name = f".{target.name}{_SUFFIX}"
    if len(os.fsencode(name)) > NAME_MAX:
        name = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:32]}{_SUFFIX}"
    return target.with_name(name)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that is being made."""
    return name.endswith(_SUFFIX)


class Staged:
    """A file that is written next to its target, and replaces it completely or not at all.

    As a context manager it removes whatever was not committed. Opening it removes what a killed run left behind, and
    keeps other processes from making the same file, whatever locks they hold.
    """

    def __init__(self, target: Path) -> None:
        # A symbolic link stays one: the file it points to is replaced.
        self.target = Path(os.path.realpath(target))
        self.path = temporary_name(self.target)
        self._claim: int | None = None
        self._unplaced = False

    def __enter__(self) -> Self:
        try:
            if self.target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.target))
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._claim = _claim(self.path)
        except OSError as error:
            raise _cannot_write(self.target, error) from error
        self._unplaced = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            _release(self.path, self._claim, remove=self._unplaced)

    def write(self, data: bytes) -> Self:
        """Fill the file with ``data``.

        Raises:
            OutputError: the disk is full, or the folder cannot be written to.
        """
        try:
            self.path.write_bytes(data)
        except OSError as error:
            raise _cannot_write(self.target, error) from error
        return self

    def settle(self) -> None:
        """Flush the content to the disk, with the permissions of the file it will replace.

        Raises:
            OutputError: the disk is full or broken.
        """
        try:
            if self.target.exists():
                self.path.chmod(self.target.stat().st_mode & 0o7777)
            with self.path.open("rb+") as stream:
                os.fsync(stream.fileno())
        except OSError as error:
            raise _cannot_write(self.target, error) from error

    def take_place(self) -> None:
        """Replace the target; :meth:`settle` must have been called before.

        Raises:
            OutputError: the target could not be replaced and is unchanged; or it was, but the disk failed to record it.
        """
        try:
            os.replace(self.path, self.target)  # noqa: PTH105  # the one call this module exists for
        except OSError as error:
            raise _cannot_write(self.target, error) from error
        self._unplaced = False
        try:
            _settle_folder(self.target.parent)
        except OSError as error:
            raise OutputError(
                said("was written, but the disk failed to record it: {reason}", reason=reason_of(error)),
                path=self.target,
                remedy=said("Check the disk, then try again."),
            ) from error


def commit(staged: Sequence[Staged]) -> None:
    """Put files into place in the given order, once all of them are safely on the disk.

    Raises:
        OutputError: a file could not be put into place; those before it are in place, the others are not.
    """
    for file in staged:
        file.settle()
    done: list[str] = []
    for file in staged:
        try:
            file.take_place()
        except OutputError as error:
            if done:
                error.remedy = said(
                    "{names} had already been written. Try again to finish.", names=joined(done, said(" and "))
                )
            raise
        done.append(file.target.name)


def replace_bytes(target: Path, data: bytes) -> None:
    """Replace the content of ``target`` with ``data``, completely or not at all.

    Raises:
        OutputError: the file could not be written and is unchanged.
        BusyError: another process is writing it right now.
    """
    with Staged(target) as file:
        commit([file.write(data)])


def store_bytes(target: Path, data: bytes, *, workshop: Path, over: bool = True) -> bool:
    """Like :func:`replace_bytes`, for files that are verified on every read and can be made again.

    Nothing waits for the disk. Several processes may store the same file at once: the last one wins with a whole file,
    or the first one, if ``over`` is false.

    Args:
        target: the file.
        data: its content.
        workshop: a folder on the same disk where the file is kept while it is made. What killed runs leave there is
            removed by :func:`remove_leftovers`.
        over: whether a file that is there is replaced. On a disk without hard links, two who store a new file at the
            same moment both believe that they were first, and the last one wins.

    Returns:
        Whether the file was stored; False only if ``over`` is false.

    Raises:
        OutputError: the file could not be written.
    """
    temporary = workshop / f".{secrets.token_hex(16)}{_SUFFIX}"
    claim: int | None = None
    placed = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        workshop.mkdir(parents=True, exist_ok=True)
        claim = _claim(temporary)
        try:
            temporary.write_bytes(data)
            if not over and _settled_first(temporary, target):
                return target.samefile(temporary)
            os.replace(temporary, target)  # noqa: PTH105
            placed = True
        finally:
            _release(temporary, claim, remove=not placed)
    except OSError as error:
        raise _cannot_write(target, error) from error
    return True


def _settled_first(temporary: Path, target: Path) -> bool:
    """Give the temporary file the name of the target too, unless that is taken; False if this disk cannot."""
    try:
        os.link(temporary, target)  # the one call that never replaces a file
    except FileExistsError:
        return True
    except OSError:
        return target.exists()
    return True


def remove_leftover(target: Path) -> None:
    """Remove what a killed run left beside ``target``; files of a run that is still alive stay."""
    with contextlib.suppress(OSError, BusyError):
        _remove_unclaimed(temporary_name(Path(os.path.realpath(target))))


def remove_leftovers(workshop: Path) -> None:
    """Remove what killed runs left in the folder in which :func:`store_bytes` makes files."""
    with contextlib.suppress(OSError):
        for path in workshop.iterdir():
            if path.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError, BusyError):
                    _remove_unclaimed(path)


@contextlib.contextmanager
def locked(
    path: Path,
    *,
    patience: float = 0.0,
    busy: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; the operating system frees it if the process dies.

    Args:
        path: the lock file; it is created if missing, and stays.
        patience: seconds to wait for another holder.
        busy: message if the other holder does not finish in time.
        clock: returns seconds that never go backwards.
        sleep: waits for that many seconds.

    Raises:
        BusyError: another process or thread holds the lock for longer than ``patience``.
        OutputError: the lock file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("ab")
    except OSError as error:
        raise _cannot_write(path, error) from error
    with stream:
        end = clock() + patience
        while not _try_lock(stream):
            if clock() >= end:
                raise BusyError(busy, remedy=said("Wait until it has finished, then try again."))
            sleep(min(0.2, max(0.0, end - clock())))
        try:
            yield
        finally:
            _unlock(stream)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(stream: IO[bytes]) -> bool:
        try:
            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

    def _settle_folder(folder: Path) -> None:
        """Do nothing: folders cannot be flushed on this system."""

    def _claim(path: Path) -> int | None:
        """Create ``path``. An open file cannot be replaced on this system, so no lock is held."""
        path.unlink(missing_ok=True)
        path.open("xb").close()
        return None

    def _remove_unclaimed(path: Path) -> None:
        path.unlink(missing_ok=True)

    def _release(path: Path, claim: int | None, *, remove: bool) -> None:  # noqa: ARG001
        if remove:
            path.unlink(missing_ok=True)

else:
    import fcntl

    def _try_lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)

    def _settle_folder(folder: Path) -> None:
        """Flush the rename itself to the disk, if the file system can."""
        try:
            handle = os.open(folder, os.O_RDONLY)
        except PermissionError:  # a folder that may be written but not read
            return
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)

    def _claim(path: Path) -> int | None:
        """Create ``path`` and lock it; the operating system releases the lock if the process dies.

        Raises:
            BusyError: another process holds the lock.
            OSError: the file cannot be created.
        """
        while True:
            _remove_unclaimed(path)
            try:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666)
            except FileExistsError:
                continue  # another process was quicker and holds it now
            if _hold(handle) and _is(path, handle):
                return handle
            os.close(handle)  # removed as a leftover in the moment before it was locked

    def _remove_unclaimed(path: Path) -> None:
        """Remove the temporary file ``path``, or anything else of that name, unless a process holds it.

        Raises:
            BusyError: a process holds it.
            OSError: it cannot be removed.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return
        except OSError:  # a link, a folder, or somebody else's file: no run of ours holds it
            path.unlink(missing_ok=True)
            return
        try:
            if not _hold(handle):
                raise BusyError(
                    said("another run is making this file"), path=path, remedy=said("Wait until it has finished.")
                )
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)

    def _release(path: Path, claim: int | None, *, remove: bool) -> None:
        """Release the temporary file ``path``, and remove it if it is still the one that was claimed."""
        if claim is None:
            return
        try:
            if remove and _is(path, claim):
                path.unlink(missing_ok=True)
        finally:
            os.close(claim)

    def _is(path: Path, handle: int) -> bool:
        try:
            return os.path.samestat(path.lstat(), os.fstat(handle))
        except FileNotFoundError:
            return False

    def _hold(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: nobody can hold anything
        return True


def _cannot_write(target: Path, error: OSError) -> OutputError:
    folder = isinstance(error, IsADirectoryError)
    return OutputError(
        said("cannot be written: {reason}", reason=reason_of(error)),
        path=error.filename if folder and error.filename else target,
        remedy=said("Nothing was changed. Move this folder away, then try again.")
        if folder
        else said("Nothing was changed. Make room or give write permission, then try again."),
    )
