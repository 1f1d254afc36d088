"""Sidecars: the files that are published beside the MP3, under its name.

Once made, a sidecar is kept up to date by every later run until its file is removed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tts_render.ground.errors import OutputError
from tts_render.ground.files import digest_bytes, digest_file
from tts_render.ground.messages import said
from tts_render.ground.names import stem
from tts_render.outputs.registry import writers
from tts_render.settings.publication import OUTPUTS
from tts_render.site.folder import confine
from tts_render.site.receipt import SidecarRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.outputs.finished import FinishedEpisode
    from tts_render.site.folder import Site
    from tts_render.site.post import Post
    from tts_render.site.presets import Key
    from tts_render.site.receipt import Receipt

__all__ = [
    "Sidecar",
    "make_sidecars",
    "outputs_beside",
    "paths_for_post",
    "sidecar_path",
    "sidecar_paths",
    "wanted_outputs",
    "wrong_sidecars",
]


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One file beside the MP3."""

    output: str
    """Name of the output that it belongs to."""
    path: Path
    data: bytes

    def record(self, site: Site) -> SidecarRecord:
        """Its entry in the receipt."""
        return SidecarRecord(self.output, site.relative(self.path), digest_bytes(self.data))


def sidecar_path(audio: Path, suffix: str) -> Path:
    """Path of the sidecar with this suffix."""
    return audio.with_name(stem(audio.name) + suffix)


def wanted_outputs(asked: Iterable[str], stored: Receipt | None, audio: Path) -> tuple[str, ...]:
    """Outputs to publish beside ``audio``: those asked for, and those that exist from earlier runs."""
    names = set(asked)
    for record in stored.sidecars if stored is not None else ():
        files = OUTPUTS.get(record.output, ())
        if any(sidecar_path(audio, suffix).is_file() for suffix, _ in files):
            names.add(record.output)
    return tuple(name for name in OUTPUTS if name in names)


def outputs_beside(audio: Path) -> tuple[str, ...]:
    """The outputs that exist beside ``audio``, whoever made them: those whose main file is there."""
    return tuple(name for name, ((suffix, _), *_) in OUTPUTS.items() if sidecar_path(audio, suffix).is_file())


def wrong_sidecars(stored: Receipt, names: Iterable[str], texts: str, audio: Path) -> tuple[Path, ...]:
    """The files of these outputs that differ from the receipt, are missing, or were made from other texts.

    Args:
        stored: the receipt of the MP3.
        names: the outputs.
        texts: digest that the receipt keeps as ``texts``.
        audio: the MP3.
    """
    known = {(record.output, record.path.rpartition("/")[2]): record.sha256 for record in stored.sidecars}
    paths = ((name, sidecar_path(audio, suffix)) for name in names for suffix, _ in OUTPUTS[name])
    return tuple(
        path
        for name, path in paths
        if stored.texts != texts or not path.is_file() or known.get((name, path.name)) != digest_file(path)
    )


def make_sidecars(
    published: FinishedEpisode, names: Iterable[str], audio: Path, site: Site, *, source: Path, script: Path
) -> tuple[Sidecar, ...]:
    """Make the files of these outputs, without writing them.

    Args:
        published: the episode they are made from.
        names: the outputs.
        audio: the MP3 beside which they go.
        site: if the MP3 is in it, so must they be.
        source: the post or script, for messages.
        script: the file that was spoken, which none of them may overwrite.

    Raises:
        OutsideSiteError: one of them is a link that leaves the site.
        OutputError: one of them would overwrite the script.
    """
    made: list[Sidecar] = []
    for name in names:
        for suffix, write in writers(name):
            path = sidecar_path(audio, suffix)
            if audio.is_relative_to(site.root):
                confine(site, path, what=said("the {name} beside the MP3", name=name), source=source, line=None)
            if os.path.realpath(path) == os.path.realpath(script):
                raise OutputError(
                    said("is the script, and would be overwritten"), path=path, remedy=said("Rename the script.")
                )
            made.append(Sidecar(name, path, write(published)))
    return tuple(made)


def sidecar_paths(audio: Path) -> tuple[Path, ...]:
    """All paths where a sidecar of ``audio`` may be."""
    return tuple(sidecar_path(audio, suffix) for output in OUTPUTS.values() for suffix, _ in output)


def paths_for_post(post: Post | None, names: Iterable[str], audio: Path, site: Site) -> dict[Key, str]:
    """Values for the post's transcript and chapters keys, if its preset has them.

    Captions with speakers are preferred to captions without, and these to the page. A path is written in the style of
    the post's audio path; if that is a URL elsewhere, it is a path in the site.
    """
    if post is None or post.audio is None:
        return {}
    names = set(names)
    suffixes = {name: OUTPUTS[name][0][0] for name in names}
    transcript = next((suffixes[name] for name in ("vtt", "srt", "transcript") if name in names), None)
    found: dict[Key, str] = {}
    for key, suffix in ((post.preset.transcript, transcript), (post.preset.chapters, suffixes.get("chapters"))):
        if key is not None and suffix is not None:
            found[key] = _site_path(post, post.audio, sidecar_path(audio, suffix), site)
    return found


def _site_path(post: Post, audio: str, sidecar: Path, site: Site) -> str:
    if "://" in audio:
        root = site.root / post.preset.audio_root
        inside = sidecar.is_relative_to(root)
        return "/" + (sidecar.relative_to(root).as_posix() if inside else sidecar.name)
    folder, slash, name = audio.rpartition("/")
    return folder + slash + (quote(sidecar.name) if "%" in name else sidecar.name)
