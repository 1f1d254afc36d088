"""The files that an episode is made of, and whether they are still as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tts_render.ground.names import stem
from tts_render.script import SCRIPT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.episode.episode import Episode

__all__ = ["Stamp", "sources", "stamps"]


class Stamp(NamedTuple):
    """What tells one content of a file from another, without reading it."""

    file: int
    """Its number on the disk: editors put a new file in the place of the old one."""
    size: int
    changed_ns: int


def sources(episode: Episode) -> tuple[Path, ...]:
    """Every file whose content decides what an episode says, also those that are not there yet."""
    config, audio = episode.config, episode.audio
    beside = () if audio is None else (audio.with_name(stem(audio.name) + suffix) for suffix in SCRIPT_SUFFIXES)
    deck = () if episode.deck is None else (episode.deck,)
    sounds = (sound.path for sound in config.sounds.values())
    own = episode.site.root / "voices.yaml"
    return tuple(
        dict.fromkeys(
            (episode.path, episode.script.path, episode.takes_file, *beside, *deck, own, config.path,
             *config.lexicon_files, *sounds, *episode.site.files)
        )
    )  # fmt: skip


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp | None]:
    """How files are now; None for one that is not there."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> Stamp | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return Stamp(facts.st_ino, facts.st_size, facts.st_mtime_ns)
