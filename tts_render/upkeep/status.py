"""Status: which episodes of a site need rendering, and why. No engine is asked, nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tts_render.episode.episode import POST_SUFFIXES, open_config, open_episode
from tts_render.ground.errors import TtsRenderError
from tts_render.ground.files import digest_file
from tts_render.ground.messages import listed, said
from tts_render.ground.units import half_up
from tts_render.outputs.sidecars import wrong_sidecars
from tts_render.run.plan import SECONDS_PER_CHARACTER
from tts_render.run.prepare import prepare
from tts_render.settings.embedded import engine_kind
from tts_render.site.folder import find_site
from tts_render.site.post import edit_post, read_post
from tts_render.site.receipt import read_receipt

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.ground.units import Seconds
    from tts_render.run.session import Session
    from tts_render.settings.config import Config
    from tts_render.site.receipt import Receipt

__all__ = ["STATES", "TO_RENDER", "EpisodeStatus", "State", "status"]

State = Literal["current", "missing", "changed", "disagrees", "unknown", "elsewhere", "no-audio", "broken"]
"""``current``: nothing to do. ``missing``: no MP3 yet. ``changed``: script, voices, sounds or settings differ from the
receipt. ``disagrees``: MP3 or post differ from the receipt. ``unknown``: an MP3 without a receipt. ``elsewhere``: the
post gives a URL, and there is no file of that name here. ``no-audio``: the post gives no audio, so it is not an
episode. ``broken``: it cannot be read."""

STATES: tuple[State, ...] = get_args(State)

TO_RENDER: frozenset[State] = frozenset({"missing", "changed", "disagrees"})
"""States that rendering would mend."""


@dataclass(frozen=True, slots=True)
class EpisodeStatus:
    """The state of one episode."""

    path: Path
    state: State
    why: str
    """In words; empty if there is nothing to say."""
    date: datetime.datetime | None = None
    """The date in its front matter."""
    rendered: bool = False
    """Whether it has been rendered before: there is a receipt, or an MP3."""
    failed: bool = False
    """Whether an earlier run took it and could not render it."""
    speech: Seconds = 0.0
    """Speech in it, estimated from the number of characters; 0 if it cannot be read."""


def status(
    path: Path,
    session: Session,
    *,
    site: Path | None = None,
    voices: Path | None = None,
    config: Config | None = None,
) -> EpisodeStatus:
    """Find the state of a post's or script's episode.

    Args:
        path: the post or script.
        session: knows where receipts are; its engines are not asked.
        site: root of the site; None to find it.
        voices: the settings file; None for the site's, else the packaged one.
        config: the settings, where they were read already; None reads them.
    """
    try:
        episode = open_episode(path, site=site, voices=voices, config=config)
    except TtsRenderError as error:
        return _unopened(path, error, site=site, voices=voices)
    date = episode.date
    speech = SECONDS_PER_CHARACTER * sum(len(line.text) for line in episode.script.lines)
    failed = rendered = False
    try:
        failed = session.failure(episode.site, path).is_file()
        if episode.audio is None:
            return _no_audio(path, date, episode.config.preset.audio)
        stored = read_receipt(session.receipt(episode.site, episode.audio, source=episode.path))
        rendered = stored is not None or episode.audio.is_file()
        state, why = _look(episode, episode.audio, stored, session)
    except TtsRenderError as error:
        state, why = "broken", error.whole
    return EpisodeStatus(path, state, why, date, rendered, failed, speech)


def _unopened(path: Path, error: TtsRenderError, *, site: Path | None, voices: Path | None) -> EpisodeStatus:
    """The state of a broken episode; its front matter may still give a date, and whether it is an episode."""
    date: datetime.datetime | None = None
    if path.suffix.lower() in POST_SUFFIXES:
        try:
            preset = open_config(find_site(path, site), voices).preset
            post = read_post(path, preset)
        except TtsRenderError:
            pass
        else:
            if post.audio is None:
                return _no_audio(path, post.date, preset.audio)
            date = post.date
    return EpisodeStatus(path, "broken", error.whole, date)


def _no_audio(path: Path, date: datetime.datetime | None, key: tuple[str, ...]) -> EpisodeStatus:
    return EpisodeStatus(path, "no-audio", said("{key} is missing", key=".".join(key)), date)


def _look(episode: Episode, audio: Path, stored: Receipt | None, session: Session) -> tuple[State, str]:
    if not audio.is_file():
        named = episode.post.audio if episode.post is not None else None
        if named is not None and named.startswith(("http://", "https://")):
            return "elsewhere", named
        return "missing", said("there is no {relative}", relative=episode.site.relative(audio))
    work = prepare(episode, audio, stored, engine=engine_kind(session.targets(episode.config.engines)))
    if work.stored is None:
        return "unknown", said("there is no receipt of its MP3")
    if work.changes:
        return "changed", listed(work.changes)
    why = _disagreement(episode, work.stored, audio)
    if not why and (wrong := wrong_sidecars(work.stored, work.outputs, work.texts, audio)):
        names = listed(path.name for path in wrong)
        why = said("{names} beside it: missing, changed or out of date", names=names)
    return ("disagrees", why) if why else ("current", "")


def _disagreement(episode: Episode, receipt: Receipt, audio: Path) -> str:
    """How MP3 and post differ from the receipt; empty if they do not."""
    if audio.stat().st_size != receipt.bytes or digest_file(audio) != receipt.sha256:
        return said("{name} is not the file that was rendered", name=audio.name)
    if episode.post is None:
        return ""
    edit = edit_post(episode.post, size=receipt.bytes, seconds=half_up(receipt.duration_seconds))
    return edit.summary if edit.changed else ""
