"""Whole files only: atomic replacement, digests and locks. Nothing else in the package replaces or locks a file.

A file under construction stands beside its target as ``.NAME.tts-render-tmp``: another disk could not be renamed from,
and static site generators do not publish dot files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tts_render.errors import BusyError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import IO, Self

__all__ = [
    "Staged",
    "commit",
    "digest_bytes",
    "digest_file",
    "locked",
    "replace_bytes",
    "store_bytes",
    "temporary_name",
]

_SUFFIX = ".tts-render-tmp"
_NAME_MAX = 255  # bytes in one file name, on every file system in common use


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
    """Where ``target`` stands while it is being made.

    A name that would be too long for the file system is replaced by a digest of it, so that it is still found again.
    """
    name = f".{target.name}{_SUFFIX}"
    if len(os.fsencode(name)) > _NAME_MAX:
        name = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:32]}{_SUFFIX}"
    return target.with_name(name)


class Staged:
    """A file that is being made beside its target, and takes its place whole or not at all.

    As a context manager it removes whatever was not committed. Opening it removes what a killed run left there.
    """

    def __init__(self, target: Path) -> None:
        # A link stays a link: what it points to is replaced.
        self.target = Path(os.path.realpath(target))
        self.path = temporary_name(self.target)

    def __enter__(self) -> Self:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise _cannot_write(self.target, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

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
        """Bring the content safely to the disk, with the permissions of the file that it will replace.

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
        """Replace the target; :meth:`settle` has been called before.

        Raises:
            OutputError: the target cannot be replaced; it is as it was.
        """
        try:
            os.replace(self.path, self.target)  # noqa: PTH105  # the one call this module exists for
            _settle_folder(self.target.parent)
        except OSError as error:
            raise _cannot_write(self.target, error) from error


def commit(staged: Sequence[Staged]) -> None:
    """Put files into place in the order given, after all of them are safely on the disk.

    Raises:
        OutputError: a file could not be put into place; those before it are in place, it and those after are not.
    """
    for file in staged:
        file.settle()
    for file in staged:
        file.take_place()


def replace_bytes(target: Path, data: bytes) -> None:
    """Make ``data`` the content of ``target``, wholly or not at all.

    Raises:
        OutputError: the file could not be written; it is as it was.
    """
    with Staged(target) as file:
        commit([file.write(data)])


def store_bytes(target: Path, data: bytes) -> None:
    """Like :func:`replace_bytes`, for files that are verified whenever they are read and can be made anew.

    Nothing waits for the disk, and several processes may store the same file at once: the last one wins, whole.

    Raises:
        OutputError: the file could not be written.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}{_SUFFIX}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            os.replace(temporary, target)  # noqa: PTH105
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _cannot_write(target, error) from error


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
        path: the lock file; it is made where it is missing and stays.
        patience: seconds to wait for another holder.
        busy: message when the other holder does not finish in time.
        clock: seconds that only grow.
        sleep: waits for so many seconds.

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
                raise BusyError(busy, remedy="Wait until it has finished, then run this again.")
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
        """Folders cannot be flushed there."""

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
        """Bring the renaming itself to the disk."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot_write(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot be written: {error.strerror or error}",
        path=target,
        remedy="Nothing was changed. Make room or give write permission, then run this again.",
    )
