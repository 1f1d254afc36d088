"""Sidecars: the files that are published beside the MP3, under its name.

A sidecar that was made once is kept up to date by every later run, until its file is removed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from tts_render.ground.errors import OutputError
from tts_render.ground.files import digest_bytes, digest_file
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
    """The name of the output that it is a part of."""
    path: Path
    data: bytes

    def record(self, site: Site) -> SidecarRecord:
        """As the receipt has it."""
        return SidecarRecord(self.output, site.relative(self.path), digest_bytes(self.data))


def sidecar_path(audio: Path, suffix: str) -> Path:
    """Where the sidecar with this suffix lies."""
    return audio.with_name(stem(audio.name) + suffix)


def wanted_outputs(asked: Iterable[str], stored: Receipt | None, audio: Path) -> tuple[str, ...]:
    """What is to be published beside ``audio``: what is asked for, and what was made before and is still there."""
    names = set(asked)
    for record in stored.sidecars if stored is not None else ():
        files = OUTPUTS.get(record.output, ())
        if any(sidecar_path(audio, suffix).is_file() for suffix, _ in files):
            names.add(record.output)
    return tuple(name for name in OUTPUTS if name in names)


def outputs_beside(audio: Path) -> tuple[str, ...]:
    """The outputs that are published beside ``audio``, whoever made them: those whose main file is there."""
    return tuple(name for name, ((suffix, _), *_) in OUTPUTS.items() if sidecar_path(audio, suffix).is_file())


def wrong_sidecars(stored: Receipt, names: Iterable[str], texts: str, audio: Path) -> tuple[Path, ...]:
    """The files of these outputs that are not there as the receipt has them, or were made of other texts.

    Args:
        stored: the receipt of the MP3.
        names: the outputs.
        texts: digest of what the receipt keeps as ``texts``.
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
    """The files of these outputs. Nothing is written.

    Args:
        published: what they are made of.
        names: the outputs.
        audio: the MP3 that they lie beside.
        site: they may lie inside of it only, if the MP3 does.
        source: the post or script, for messages.
        script: what was spoken, which none of them may overwrite.

    Raises:
        OutsideSiteError: one of them is a link that leaves the site.
        OutputError: one of them would take the place of the script.
    """
    made: list[Sidecar] = []
    for name in names:
        for suffix, write in writers(name):
            path = sidecar_path(audio, suffix)
            if audio.is_relative_to(site.root):
                confine(site, path, what=f"the {name} beside the MP3", source=source, line=None)
            if os.path.realpath(path) == os.path.realpath(script):
                raise OutputError("is the script, and would be overwritten", path=path, remedy="Rename the script.")
            made.append(Sidecar(name, path, write(published)))
    return tuple(made)


def sidecar_paths(audio: Path) -> tuple[Path, ...]:
    """Wherever a sidecar of ``audio`` may lie."""
    return tuple(sidecar_path(audio, suffix) for output in OUTPUTS.values() for suffix, _ in output)


def paths_for_post(post: Post | None, names: Iterable[str], audio: Path, site: Site) -> dict[Key, str]:
    """What the post's keys for transcript and chapters would say, where its preset has these keys.

    Captions with speakers come before captions without, and these before the page. A path is written as the post
    writes that of its audio; beside an address elsewhere it is a path in the site.
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
