"""Status: which episodes of a site need rendering, and why. No engine is asked, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tts_render.episode.episode import open_episode
from tts_render.ground.errors import TtsRenderError
from tts_render.ground.files import digest_file
from tts_render.ground.units import half_up
from tts_render.outputs.sidecars import wrong_sidecars
from tts_render.run.prepare import prepare
from tts_render.settings.embedded import engine_kind
from tts_render.site.post import edit_post
from tts_render.site.receipt import read_receipt

if TYPE_CHECKING:
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.run.session import Session
    from tts_render.site.receipt import Receipt

__all__ = ["TO_RENDER", "EpisodeStatus", "State", "status"]

State = Literal["current", "missing", "changed", "disagrees", "unknown", "elsewhere", "broken"]
"""``current``: nothing to do. ``missing``: no MP3 yet. ``changed``: script, voices, sounds or settings are not those
of the receipt. ``disagrees``: MP3 or post are not as the receipt says. ``unknown``: an MP3 without a receipt.
``elsewhere``: the post names an address, and there is no file of that name here. ``broken``: it cannot be read."""

TO_RENDER: frozenset[State] = frozenset({"missing", "changed", "disagrees"})
"""What ``render --changed`` renders."""


@dataclass(frozen=True, slots=True)
class EpisodeStatus:
    """How one episode stands."""

    path: Path
    state: State
    why: str
    """In words; empty where there is nothing to say."""

    @property
    def to_render(self) -> bool:
        """Whether rendering it would help."""
        return self.state in TO_RENDER


def status(path: Path, session: Session, *, site: Path | None = None, voices: Path | None = None) -> EpisodeStatus:
    """How the episode of a post or script stands.

    Args:
        path: the post or script.
        session: knows where receipts lie; its engines are not asked.
        site: root of the site; None finds it.
        voices: the settings; None takes the site's, else the packaged ones.
    """
    try:
        episode = open_episode(path, site=site, voices=voices)
        state, why = _look(episode, session)
    except TtsRenderError as error:
        return EpisodeStatus(path, "broken", str(error))
    return EpisodeStatus(path, state, why)


def _look(episode: Episode, session: Session) -> tuple[State, str]:
    audio = episode.audio
    if audio is None:
        return "broken", f"{'.'.join(episode.config.preset.audio)} is missing"
    if not audio.is_file():
        named = episode.post.audio if episode.post is not None else None
        if named is not None and named.startswith(("http://", "https://")):
            return "elsewhere", named
        return "missing", f"there is no {episode.site.relative(audio)}"
    stored = read_receipt(session.receipt(episode.site, audio, source=episode.path))
    work = prepare(episode, audio, stored, engine=engine_kind(session.targets(episode.config.engines)))
    if work.stored is None:
        return "unknown", "there is no receipt of its MP3"
    if work.changes:
        return "changed", ", ".join(work.changes)
    why = _disagreement(episode, work.stored, audio)
    if not why and (wrong := wrong_sidecars(work.stored, work.outputs, work.texts, audio)):
        why = f"{', '.join(path.name for path in wrong)} beside it: missing, or not what belongs there"
    return ("disagrees", why) if why else ("current", "")


def _disagreement(episode: Episode, receipt: Receipt, audio: Path) -> str:
    """What of MP3 and post is not as the receipt says; empty if all is."""
    if audio.stat().st_size != receipt.bytes or digest_file(audio) != receipt.sha256:
        return f"{audio.name} is not the file that was rendered"
    if episode.post is None:
        return ""
    edit = edit_post(episode.post, size=receipt.bytes, seconds=half_up(receipt.duration_seconds))
    return edit.summary if edit.changed else ""
