"""The order of commit: MP3, the files beside it, receipt, post, each whole; unchanged files are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.ground.files import Staged, commit, digest_bytes, digest_file
from tts_render.site.receipt import read_receipt

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from tts_render.outputs.sidecars import Sidecar
    from tts_render.site.post import PostEdit
    from tts_render.site.receipt import Receipt

__all__ = ["Made", "put_in_place"]


@dataclass(frozen=True, slots=True)
class Made:
    """The files that a run would put into place."""

    receipt: Receipt
    mp3: Staged | None
    """None if the existing MP3 is right."""
    sidecars: tuple[Sidecar, ...]


def put_in_place(stack: ExitStack, made: Made, receipt_file: Path, edit: PostEdit | None) -> bool:
    """Put MP3, sidecars, receipt and post into place, in this order.

    Args:
        stack: removes whatever is under construction, however this ends.
        made: the files.
        receipt_file: where the receipt goes.
        edit: the change to the post; None leaves it alone.

    Returns:
        Whether any file changed.

    Raises:
        OutputError: the disk failed. Only the files before the one that could not be put into place are new.
    """
    files: list[Staged] = []
    if made.mp3 is not None and not _holds(made.mp3.target, made.receipt.sha256):
        files.append(made.mp3)
    files += [
        stack.enter_context(Staged(sidecar.path)).write(sidecar.data)
        for sidecar in made.sidecars
        if not _holds(sidecar.path, digest_bytes(sidecar.data))
    ]
    if read_receipt(receipt_file) != made.receipt:
        files.append(stack.enter_context(Staged(receipt_file)).write(made.receipt.encode()))
    if edit is not None and edit.changed:
        files.append(stack.enter_context(Staged(edit.path)).write(edit.after))
    commit(files)
    return bool(files)


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and digest_file(path) == sha256
