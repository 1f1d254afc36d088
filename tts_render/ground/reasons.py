"""Why something failed, as a message: what the system said, and what an error was raised with."""

from __future__ import annotations

import errno

from tts_render.ground.errors import TtsRenderError
from tts_render.ground.messages import said

__all__ = ["reason_of", "words_of"]

_REASONS = {
    errno.EACCES: said("Permission denied"),
    errno.EADDRINUSE: said("Address already in use"),
    errno.EADDRNOTAVAIL: said("Cannot assign requested address"),
    errno.EEXIST: said("File exists"),
    errno.EFBIG: said("File too large"),
    errno.EINVAL: said("Invalid argument"),
    errno.EIO: said("Input/output error"),
    errno.EISDIR: said("Is a directory"),
    errno.ELOOP: said("Too many levels of symbolic links"),
    errno.EMFILE: said("Too many open files"),
    errno.ENAMETOOLONG: said("File name too long"),
    errno.ENOENT: said("No such file or directory"),
    errno.ENOSPC: said("No space left on device"),
    errno.ENOTDIR: said("Not a directory"),
    errno.ENOTEMPTY: said("Directory not empty"),
    errno.EPERM: said("Operation not permitted"),
    errno.EROFS: said("Read-only file system"),
}
"""What systems say most often, in English; what is not here, or is said otherwise, is shown as the system says it."""


def reason_of(error: OSError) -> str:
    """Why the system could not do it, without the name of the file."""
    text = error.strerror or str(error)
    known = _REASONS.get(error.errno or 0)
    return known if known == text else text


def words_of(error: BaseException) -> str:
    """What ``str(error)`` gives, as a message if the error was raised with one."""
    if isinstance(error, TtsRenderError):
        return error.whole
    text = str(error)
    return next((one for one in error.args[:1] if isinstance(one, str) and one == text), text)
