"""Write-back: what of a rendered episode its post says, as a change that is seen before it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.ground.errors import PostError
from tts_render.ground.files import replace_bytes
from tts_render.ground.messages import said
from tts_render.ground.units import frames_to_seconds, half_up
from tts_render.outputs.sidecars import outputs_beside, paths_for_post
from tts_render.site.folder import find_site
from tts_render.site.post import edit_post, read_post
from tts_render.sound.mpeg import read_length

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.site.folder import Site
    from tts_render.site.post import Post, PostEdit
    from tts_render.site.receipt import Receipt

__all__ = ["edit_for", "reread", "write_back"]


def edit_for(receipt: Receipt, post: Post, audio: Path, site: Site) -> PostEdit:
    """The change to a post that belongs to its rendered MP3. Nothing is written.

    Args:
        receipt: the receipt of the MP3.
        post: the post as it was read before; it is read again, since somebody may have edited it meanwhile.
        audio: the MP3.
        site: the site of the post.

    Raises:
        PostError: the post cannot be changed safely.
    """
    keys = paths_for_post(post, (sidecar.output for sidecar in receipt.sidecars), audio, site)
    return edit_post(reread(post), size=receipt.bytes, seconds=half_up(receipt.duration_seconds), beside=keys)


def reread(post: Post) -> Post:
    """Read the post again: somebody may have edited it while the engine was speaking.

    Raises:
        PostError: it cannot be read any more.
    """
    return read_post(post.path, post.preset)


def write_back(post: Post, audio: Path, site: Site | None = None) -> PostEdit:
    """Write size and duration of the existing MP3 into the post, with the paths of the files beside it.

    The paths of transcript and chapters are set as in :func:`render`: if the files exist and the post has their keys.

    Args:
        post: the post in its current state.
        audio: its MP3.
        site: the site of the post; None to find it.

    Raises:
        InputError: the site's configuration cannot be read.
        OutputError: there is no such MP3, or the post cannot be written.
        PostError: the post cannot be changed safely.
    """
    if not audio.is_file():
        raise PostError(
            said("there is no {audio}", audio=audio),
            path=post.path,
            line=post.line_of(post.preset.audio),
            remedy=said("Render it first."),
        )
    frames, rate = read_length(audio)
    keys = paths_for_post(post, outputs_beside(audio), audio, site or find_site(post.path))
    seconds = half_up(frames_to_seconds(frames, rate))
    edit = edit_post(post, size=audio.stat().st_size, seconds=seconds, beside=keys)
    if edit.changed:
        replace_bytes(edit.path, edit.after)
    return edit
