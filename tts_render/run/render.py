"""The recipe: render an episode, write its size and duration back.

Each function here is a list of small named steps; what they do stands in the modules above.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tts_render.ground.errors import EngineError, PostError
from tts_render.ground.events import Began, Finished, Spoke, Stage, Warned
from tts_render.ground.files import Staged, commit, digest_bytes, digest_file, locked, remove_leftover, replace_bytes
from tts_render.ground.units import format_clock, frames_to_seconds, half_up
from tts_render.mix.metering import check_sound
from tts_render.mix.timeline import Placement, Timeline, arrange
from tts_render.mix.to_mp3 import Product, produce
from tts_render.outputs.sidecars import (
    Sidecar,
    make_sidecars,
    paths_for_post,
    sidecar_paths,
    wrong_sidecars,
)
from tts_render.outputs.slide_times import show_deck
from tts_render.run.describe import about_run, describe, finished_tags
from tts_render.run.digests import difference, theirs
from tts_render.run.prepare import Work, as_held, direct_script, prepare
from tts_render.site.post import Post, PostEdit, edit_post, read_post
from tts_render.site.presets import format_duration
from tts_render.site.receipt import ChapterRecord, EngineRecord, Receipt, read_receipt
from tts_render.sound.mpeg import read_length
from tts_render.speech.closing_words import add_closing
from tts_render.speech.credits import credits_of
from tts_render.speech.speaking import SpeechClip, look_up, speak

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.ground.units import Seconds
    from tts_render.outputs.finished import FinishedEpisode
    from tts_render.outputs.slide_times import Shown
    from tts_render.run.session import Session
    from tts_render.script.deck import Deck
    from tts_render.site.presets import Key
    from tts_render.speech.casting import Cast, Direction, Role

__all__ = ["Rendered", "render", "write_back"]

_PATIENCE: Seconds = 600.0
"""How long a second run on the same episode waits for the first."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a run did to one episode."""

    receipt: Receipt
    synthesized: int
    """Utterances that were spoken anew."""
    cached: int
    """Utterances whose sound was there."""
    changed: bool
    """Whether any file changed."""
    engines: tuple[str, ...]
    """Addresses or names of the engines that were asked."""
    elapsed_seconds: Seconds
    post: PostEdit | None
    """What changed in the post; None where nothing is written back."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An episode in the making: its work, and what the engine has said of it."""

    episode: Episode
    session: Session
    work: Work
    pool: Pool
    directions: dict[Role, Direction]
    credits: tuple[str, ...]
    script: Cast
    """With what is said after the last words."""
    theirs: dict[str, str]
    counter: _Counter


@dataclass(frozen=True, slots=True)
class _Made:
    """What a run would put into place."""

    receipt: Receipt
    seconds: int
    """Length of the MP3, as it is written back."""
    mp3: Staged | None
    """None where the MP3 that is there is right."""
    sidecars: tuple[Sidecar, ...]


def render(
    episode: Episode,
    session: Session,
    *,
    force: bool = False,
    post: bool = True,
    also: Sequence[str] = (),
    offset_ms: int | None = None,
    patience: Seconds = _PATIENCE,
) -> Rendered:
    """Speak, assemble, master, encode, and write size and duration back.

    MP3, the files beside it, receipt and post are put into place at the end, in this order, each whole.

    Args:
        episode: the episode.
        session: engines, cache and receipts.
        force: render even where the receipt says that nothing has changed.
        post: write size and duration back into the post.
        also: outputs beside the MP3, on top of those of the settings and those that are there.
        offset_ms: how much later the audio begins in the video of the slides; None keeps what the last run was given.
        patience: how long to wait for another run on the same episode.

    Raises:
        TtsRenderError: of any kind; every file is as it was. Only where the disk fails in the very last step are the
            files before that one new, each of them wholly.
    """
    began = time.monotonic()
    audio = _target(episode)
    with locked(session.lock(audio), patience=patience, busy=f"{audio}: another run is at work on this episode"):
        _clear(episode, session, audio)
        counter = _Counter(session)
        work = prepare(episode, session, audio, also, offset_ms)
        pool = _pool(episode, session, work)
        script = as_held(work.script, episode, pool.identity)
        directions = direct_script(script, episode, pool.identity)
        names = credits_of(script.utterances, directions, episode.config, pool.identity.engine)
        script = add_closing(script, episode.config, names)
        told = theirs(pool.identity, directions, names)
        beside = paths_for_post(episode, work.outputs, audio)
        edit = _rehearse(episode, beside) if post and episode.post is not None else None
        run = _Run(episode, session, work, pool, directions, names, script, told, counter)
        with ExitStack() as stack:
            made = (None if force else _keep(run)) or _make(run, stack)
            if edit is not None:
                edit = edit_post(_reread(episode), size=made.receipt.bytes, seconds=made.seconds, beside=beside)
            changed = _publish(stack, made, session.receipt(episode, audio), edit)
        session.tell(Finished(episode.path, changed))
        elapsed = time.monotonic() - began
        return Rendered(made.receipt, counter.synthesized, counter.cached, changed, pool.labels, elapsed, edit)


def write_back(post: Post, audio: Path) -> PostEdit:
    """Size and duration of the MP3 that is already there, into the post.

    Raises:
        OutputError: there is no such MP3, or the post cannot be written.
        PostError: the post cannot be changed safely.
    """
    if not audio.is_file():
        raise PostError(
            f"there is no {audio}", path=post.path, line=post.line_of(post.preset.audio), remedy="Render it first."
        )
    frames, rate = read_length(audio)
    edit = edit_post(post, size=audio.stat().st_size, seconds=half_up(frames_to_seconds(frames, rate)))
    if edit.changed:
        replace_bytes(edit.path, edit.after)
    return edit


class _Counter:
    """Counts what came from where, and passes it on."""

    def __init__(self, session: Session) -> None:
        self._studio = session
        self._begun = len(session.warned)
        self.reset()

    def reset(self) -> None:
        self.synthesized = self.cached = 0
        self.were_cached: list[bool] = []

    @property
    def warnings(self) -> list[str]:
        return self._studio.warned[self._begun :]

    def take(self, clip: SpeechClip) -> None:
        self.were_cached.append(clip.cached)
        if clip.cached:
            self.cached += 1
        else:
            self.synthesized += 1
        seconds = frames_to_seconds(clip.source.frames, clip.source.rate)
        self._studio.tell(Spoke(clip.utterance.index, clip.utterance.text, seconds, clip.cached))


def _target(episode: Episode) -> Path:
    if episode.audio is not None:
        return episode.audio
    key = ".".join(episode.config.preset.audio)
    raise PostError(
        f"does not say where its audio belongs: {key} is missing",
        path=episode.path,
        remedy=f"Add {key} to its front matter, or name the file with -o.",
    )


def _pool(episode: Episode, session: Session, work: Work) -> Pool:
    """The engines; where none answers and all else is unchanged, the error says so."""
    try:
        return session.pool(episode)
    except EngineError as error:
        if work.stored is not None and not difference(work.stored.ours, work.known):
            note = "Script, voices and sounds are unchanged; only the engine could not be compared."
            error.remedy = note if error.remedy is None else f"{note} {error.remedy}"
        raise


def _clear(episode: Episode, session: Session, audio: Path) -> None:
    """Remove whatever a killed run on this episode left under construction."""
    for target in (audio, *sidecar_paths(audio), session.receipt(episode, audio), episode.path):
        remove_leftover(target)
    session.cache.remove_leftovers()


def _keep(run: _Run) -> _Made | None:
    """The MP3 that is there, if rendering again would change nothing about it; sidecars that are not right, made anew.

    None where there is no such MP3, or where a clip that had gone was spoken again and came out of another length.
    """
    stored, work, episode = run.work.stored, run.work, run.episode
    if stored is None or not _is_unchanged(stored, work, run.theirs, episode):
        return None
    seconds = half_up(stored.duration_seconds)
    if not wrong_sidecars(stored, work.outputs, work.texts, work.audio):
        run.counter.cached = stored.utterances
        kept = tuple(sidecar for sidecar in stored.sidecars if sidecar.output in work.outputs)
        return _Made(replace(stored, sidecars=kept), seconds, None, ())
    rate = episode.config.master.rate
    timeline = Timeline(tuple(_speak(run)), rate)
    if timeline.frames != half_up(stored.duration_seconds * rate):
        run.counter.reset()
        return None
    receipt, sidecars = _put_beside(run, _describe(run, timeline), stored, work.audio)
    return _Made(receipt, seconds, None, sidecars)


def _make(run: _Run, stack: ExitStack) -> _Made:
    """Everything anew: spoken, mixed, encoded, tagged; under construction beside its target."""
    work, episode, session = run.work, run.episode, run.session
    staged = stack.enter_context(Staged(work.audio))  # first of all: a folder that cannot be written to is found now
    with closing(_speak(run)) as placements:
        checked = check_sound(
            placements, run.directions, episode.config.master, main=episode.voice.name, music=work.music
        )
    published = _describe(run, checked.timeline)
    tags = finished_tags(work.tags, published, episode, run.pool.identity, work.cover)
    product = produce(checked, episode.config.master, tags, staged.path, session.tell)
    receipt, sidecars = _put_beside(run, published, _receipt(run, product, published), staged.path)
    session.tell(Stage("writing"))
    return _Made(receipt, product.mp3.seconds, staged, sidecars)


def _describe(run: _Run, timeline: Timeline) -> FinishedEpisode:
    captioned = bool(run.work.outputs)
    published = describe(
        run.episode,
        run.script,
        timeline,
        run.credits,
        run.work.audio.name,
        captioned=captioned,
        offset_ms=run.work.offset_ms,
    )
    if published.deck is not None and "deck" in run.work.outputs:
        for at in show_deck(published.deck, timeline):
            if at.doubtful:
                run.session.tell(Warned(_doubt(published.deck, at)))
    return published


def _doubt(deck: Deck, at: Shown) -> str:
    return (
        f"{deck.path}:{at.slide.line}: only {at.score or 0:.0%} of the notes of slide {at.slide.number} were found in"
        " what is spoken, so its times are doubtful"
    )


def _put_beside(
    run: _Run, published: FinishedEpisode, receipt: Receipt, mp3: Path
) -> tuple[Receipt, tuple[Sidecar, ...]]:
    """What goes beside the MP3, and the receipt with it."""
    work, episode, counter = run.work, run.episode, run.counter
    if "report" in work.outputs:
        remarks = [f"line {remark.line}: {remark.message}" for remark in episode.script.remarks]
        published = about_run(published, receipt, mp3, counter.were_cached, [*remarks, *counter.warnings])
    sidecars = make_sidecars(published, work.outputs, work.audio, episode)
    records = tuple(sidecar.record(episode) for sidecar in sidecars)
    return replace(receipt, sidecars=records, texts=work.texts, offset_ms=work.offset_ms), sidecars


def _speak(run: _Run) -> Generator[Placement, None, None]:
    """The sounds of the episode in their places, each as soon as it is ready.

    An error may keep this alive that somebody holds, so it is closed by hand, or the engines would speak on.
    """
    utterances, cache = run.script.utterances, run.session.cache
    found = look_up(utterances, run.directions, run.pool.identity, cache)
    run.session.tell(Began(run.episode.path, len(utterances), len(utterances) - found.missing))
    clips = speak(
        utterances, run.directions, run.pool, cache, path=run.script.path, found=found, spoken=run.counter.take
    )
    pacing, rate = run.episode.config.pacing, run.episode.config.master.rate
    with closing(clips):
        yield from arrange(run.script.items, clips, run.work.jingles, pacing, rate=rate)


def _rehearse(episode: Episode, beside: Mapping[Key, str]) -> PostEdit:
    """See that the post can be edited, before anything is spoken."""
    return edit_post(_reread(episode), size=1, seconds=1, beside=beside)


def _reread(episode: Episode) -> Post:
    """The post as it is now: somebody may have written in it while the engine spoke."""
    return read_post(episode.path, episode.config.preset)


def _is_unchanged(stored: Receipt, work: Work, told: dict[str, str], episode: Episode) -> bool:
    """Whether rendering again would change nothing about the MP3."""
    encoder = episode.config.master.encoder
    return (
        not difference(stored.ours, work.known)
        and not difference(stored.theirs, told)
        and (encoder == "auto" or stored.encoder.startswith(_ENCODER_NAMES[encoder]))
        and work.audio.is_file()
        and work.audio.stat().st_size == stored.bytes
        and digest_file(work.audio) == stored.sha256
    )


_ENCODER_NAMES = {"lame": "lame", "ffmpeg": "ffmpeg", "soundfile": "libsndfile"}


def _publish(stack: ExitStack, made: _Made, receipt_file: Path, edit: PostEdit | None) -> bool:
    """Put MP3, sidecars, receipt and post into place, in this order; what would not change is left alone."""
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


def _receipt(run: _Run, product: Product, published: FinishedEpisode) -> Receipt:
    mp3, episode, identity = product.mp3, run.episode, run.pool.identity
    return Receipt(
        episode=episode.relative(episode.path.resolve()),
        audio=episode.relative(run.work.audio),
        bytes=mp3.bytes,
        sha256=mp3.sha256,
        duration_seconds=round(frames_to_seconds(mp3.frames, mp3.rate), 6),
        duration=_duration_text(episode, mp3.seconds),
        utterances=len(run.script.utterances),
        engines=(EngineRecord(identity.engine, identity.version),),
        credits=run.credits,
        loudness_lufs=_level(mp3.loudness.integrated),
        true_peak_dbtp=_level(mp3.loudness.true_peak),
        chapters=tuple(
            ChapterRecord(round(frames_to_seconds(mark.start, mp3.rate), 3), mark.title, mark.url)
            for mark in published.chapters
        ),
        ours=run.work.known,
        theirs=run.theirs,
        encoder=product.encoder,
    )


def _level(value: float) -> float | None:
    """A level as the receipt has it: JSON has no infinity for silence."""
    return round(value, 2) if math.isfinite(value) else None


def _duration_text(episode: Episode, seconds: int) -> str:
    """The duration as it stands in the post; for a bare script as a clock shows it."""
    if episode.post is None:
        return format_clock(seconds)
    return str(format_duration(episode.post.preset.duration.form, seconds))
