"""Scaffold: the files that a site needs to be rendered, made from what its posts already say. Nothing is overwritten.

voices.yaml with a voice for every actor, the workflow, the compose file, and a configuration for pre-commit.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tts_render.ground.errors import TtsRenderError
from tts_render.ground.files import replace_bytes
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.site.frontmatter import lookup
from tts_render.site.generator import find_posts
from tts_render.site.post import read_post
from tts_render.site.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.settings.config import Config
    from tts_render.site.folder import Site
    from tts_render.upkeep.repository import Repository

__all__ = ["Laid", "Survey", "lay", "survey"]

_HERE = Path(__file__).resolve().parent.parent
_PACKAGED = {
    ".github/workflows/render.yml": ("scaffold/render.yml", "../examples/site/.github/workflows/render.yml"),
    "docker-compose.yml": ("scaffold/docker-compose.yml", "../docker-compose.yml"),
}
"""Where a file goes, and where it comes from: inside an installed package, or in a source tree."""

_EXAMPLE = "NAME/tts_render@main"
"""Placeholder of the action in the example workflow."""

_PRE_COMMIT = """\
repos:
  - repo: {address}
    rev: {revision}
    hooks:
      - id: tts-render-check
      - id: tts-render-write-back
"""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a site's posts say about its episodes."""

    preset: str
    """The preset whose keys most posts have."""
    actors: tuple[str, ...]
    """All actors named in posts, the most frequent first."""
    posts: int


@dataclass(frozen=True, slots=True)
class Laid:
    """One file of the scaffold."""

    path: Path
    new: bool
    """False if the file existed before; it was left alone."""


def survey(site: Site) -> Survey:
    """Look at every post of a site; posts that cannot be read are ignored."""
    keys: Counter[str] = Counter()
    actors: Counter[str] = Counter()
    paths = find_posts([site.root], site.root)
    for path in paths:
        for name, preset in PRESETS.items():
            try:
                post = read_post(path, preset)
            except TtsRenderError:
                continue
            if post.audio is None:
                continue
            sized = lookup(post.data, preset.size.key, any_case=preset.any_case) is not None
            keys[name] += 1 + sized
            if preset.actors is not None:
                actors.update(set(post.actors))
    # Of presets that fit equally well, the first one is taken.
    best = max(PRESETS, key=lambda name: keys[name]) if keys else "yattecast"
    return Survey(best, tuple(name for name, _ in actors.most_common()), len(paths))


def lay(site: Site, found: Survey, repository: Repository) -> tuple[Laid, ...]:
    """Add the files that the site does not have yet; they get tts-render from ``repository``.

    Raises:
        OutputError: a file cannot be written.
    """
    address, revision = repository.address, repository.revision
    contents = {
        "voices.yaml": _voices_yaml(found),
        ".pre-commit-config.yaml": _PRE_COMMIT.format(address=address, revision=revision),
    }
    for name, places in _PACKAGED.items():
        text = _packaged(places)
        for key in ("build", "context"):
            text = text.replace(f"{key}: .\n", f"{key}: {address}.git#{revision}\n")
        contents[name] = text.replace(f"{_EXAMPLE}\n", f"{repository.name}@{revision}\n")
    laid: list[Laid] = []
    for name, text in contents.items():
        path = site.root / name
        new = not path.exists()
        if new:
            replace_bytes(path, text.encode())
        laid.append(Laid(path, new))
    return tuple(laid)


def _packaged(places: Sequence[str]) -> str:
    return next(path for place in places if (path := _HERE / place).is_file()).read_text(encoding="utf-8")


def _voices_yaml(found: Survey) -> str:
    """The packaged settings, with the site's own voices first and its preset."""
    packaged = packaged_config_path()
    text = packaged.read_text(encoding="utf-8")
    config = load_config(packaged)
    # Voices named in other settings of the packaged file are kept, after the site's own.
    others = tuple(name for name in config.voices if name not in found.actors)
    names = (*found.actors, *others)
    head, _, rest = text.partition("\nvoices:")
    tail = rest[rest.index("\nsounds:") :]
    head = head.replace(f"default: {config.default}", f"default: {_quoted(names[0])}", 1)
    voices = "\nvoices:                       # the names that a post's actor_ids use\n" + "".join(
        _voice(name, config, text) for name in names
    )
    return (head + voices + tail).replace(f"preset: {config.preset.name}", f"preset: {found.preset}", 1)


def _voice(name: str, config: Config, text: str) -> str:
    """An actor's entry: as in the packaged file if it is known there, else a speaker guessed from its name."""
    if name in config.voices:
        lines = text.splitlines(keepends=True)
        start = config.voices[name].line - 1
        while not lines[start].startswith(f"  {name}:"):
            start -= 1
        end = start + 1
        while lines[end].startswith("    "):
            end += 1
        return "".join(lines[start:end])
    speakers = sorted({voice.speaker for voice in config.voices.values() if voice.speaker}, key=len, reverse=True)
    speaker = next((known for known in speakers if known in name), None)
    if speaker is None:
        return f"  {_quoted(name)}:\n    speaker: {_quoted(name)}  # check the name with: tts-render voices\n"
    return f"  {_quoted(name)}:\n    speaker: {_quoted(speaker)}\n    style: ノーマル\n"


def _quoted(name: str) -> str:
    """A name in a form that YAML reads as text."""
    return name if name.replace("_", "").isalpha() and not name.isascii() else json.dumps(name, ensure_ascii=False)
