"""The recipe: render an episode, and write its size and duration back.

:func:`render` is a list of small named steps, which are implemented in the modules above.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from tts_render.ground.errors import EngineError, PostError, TtsRenderError
from tts_render.ground.events import Began, Finished, Spoke, Stage, Warned
from tts_render.ground.files import Staged, digest_file, locked, remove_leftover
from tts_render.ground.messages import joined, said
from tts_render.ground.units import format_clock, frames_to_seconds, half_up
from tts_render.mix.timeline import Placement, Timeline, arrange
from tts_render.outputs.sidecars import make_sidecars, paths_for_post, sidecar_paths, wrong_sidecars
from tts_render.outputs.slide_times import show_deck
from tts_render.run.crew import CrewHere, MixPlan
from tts_render.run.describe import about_run, describe
from tts_render.run.digests import difference
from tts_render.run.lines import direct_lines
from tts_render.run.prepare import prepare
from tts_render.run.put_in_place import Made, put_in_place
from tts_render.run.tags import finished_tags
from tts_render.run.write_back import edit_for, reread
from tts_render.settings.embedded import engine_kind
from tts_render.site.post import edit_post
from tts_render.site.presets import format_duration
from tts_render.site.receipt import ChapterRecord, EngineRecord, Receipt, read_receipt
from tts_render.speech.speaking import SpeechClip, speak

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    from tts_render.engine import Identity
    from tts_render.episode.episode import Episode
    from tts_render.ground.events import Tell
    from tts_render.ground.units import Seconds
    from tts_render.mix.to_mp3 import Product
    from tts_render.outputs.finished import FinishedEpisode
    from tts_render.outputs.sidecars import Sidecar
    from tts_render.run.crew import Crew
    from tts_render.run.lines import Lines
    from tts_render.run.prepare import Work
    from tts_render.run.session import Session
    from tts_render.script import Script
    from tts_render.settings.config import Config
    from tts_render.site.folder import Site
    from tts_render.site.post import Post, PostEdit
    from tts_render.sound.mp3 import Tags
    from tts_render.speech.cache import UtteranceCache
    from tts_render.speech.orders import Speakers

    Speaking = Callable[[], Generator[Placement, None, None]]
    """Speaks the episode: its sounds at their places, each as soon as it is ready."""
    Beside = Callable[[FinishedEpisode, Receipt, Path], tuple[Receipt, tuple[Sidecar, ...]]]
    """Makes what goes beside an MP3, and its receipt."""

__all__ = ["Rendered", "render"]

_PATIENCE: Seconds = 600.0
"""How long a second run on the same episode waits for the first."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The result of a run for one episode."""

    receipt: Receipt
    synthesized: int
    """Utterances that were spoken anew."""
    cached: int
    """Utterances whose sound was in the cache."""
    changed: bool
    """Whether any file changed."""
    engines: tuple[str, ...]
    """URLs or names of the engines that were asked."""
    elapsed_seconds: Seconds
    post: PostEdit | None
    """The change to the post, made or only planned; None if there is none."""


def render(
    episode: Episode,
    session: Session,
    *,
    force: bool = False,
    post: bool = True,
    hold: bool = False,
    also: Sequence[str] = (),
    offset_ms: int | None = None,
    patience: Seconds = _PATIENCE,
    crew: Crew | None = None,
) -> Rendered:
    """Speak, assemble, master and encode an episode, and write its size and duration back.

    MP3, the files beside it, receipt and post are put into place at the end, in this order, each whole.

    Args:
        episode: the episode.
        session: engines, cache and receipts.
        force: render even if the receipt says that nothing has changed.
        post: whether to write size and duration back into the post.
        hold: only plan that, and leave the post as it is until somebody has seen the change.
        also: outputs beside the MP3, in addition to those in the settings and those that exist.
        offset_ms: how much later the audio begins in the slide video; None keeps the value of the last run.
        patience: how long to wait for another run on the same episode.
        crew: who speaks and makes the MP3; None for this process with the engines of the session.

    Raises:
        TtsRenderError: any failure; all files are unchanged. Only if the disk fails in the very last step are the files
            before the failing one new, and each of them is complete.
    """
    began = time.monotonic()
    config, audio, tell = episode.config, _target(episode), session.tell
    crew = crew or CrewHere(session)
    receipt_file = session.receipt(episode.site, audio, source=episode.path)
    with locked(
        session.lock(audio),
        patience=patience,
        busy=said("{audio}: another run is at work on this episode", audio=audio),
    ):
        _clear((audio, *sidecar_paths(audio), receipt_file, episode.path), session.cache)
        engine = engine_kind(crew.targets(config.engines))
        work = prepare(episode, audio, read_receipt(receipt_file), engine=engine, also=also, offset_ms=offset_ms)
        for misfit in work.misfits:
            tell(Warned(joined((f"{work.script.path}:{misfit.line}", misfit.whole), ": ")))
        speakers = _connect(crew, config.engines, work)
        lines = direct_lines(work.script, episode.script, config, episode.voice, speakers)
        keys = paths_for_post(episode.post, work.outputs, audio, episode.site)
        if post and episode.post is not None:  # check that it can be edited before anything is spoken
            edit_post(reread(episode.post), size=1, seconds=1, beside=keys)
        tally = _Tally(session)
        speaking = partial(_speak, episode.path, work, lines, config, crew, speakers, tally)
        beside = partial(_put_beside, work, episode.site, episode.path, episode.script, tally)
        with ExitStack() as stack:
            made = None
            with _one_dictionary(speakers):
                if not force and _is_unchanged(work, lines, config.master.encoder):
                    made = _keep(work, lines, config.master.rate, speaking, beside, tally)
                if made is None:
                    staged = stack.enter_context(Staged(audio))  # reports an unwritable folder now
                    made = _make(staged, episode, work, lines, crew, speakers.identity, speaking, beside, tell)
            edit = None
            if post and episode.post is not None:
                edit = edit_for(made.receipt, episode.post, audio, episode.site)
            changed = put_in_place(stack, made, receipt_file, None if hold else edit)
        tell(Finished(episode.path, changed))
        elapsed = time.monotonic() - began
        return Rendered(made.receipt, tally.synthesized, tally.cached, changed, speakers.labels, elapsed, edit)


class _Tally:
    """Counts new and cached utterances, and reports each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._begun = len(session.warned)
        self.tell = session.tell
        self.reset()

    def reset(self) -> None:
        self.synthesized = self.cached = 0
        self.were_cached: list[bool] = []

    @property
    def warnings(self) -> list[str]:
        return self._session.warned[self._begun :]

    def take(self, clip: SpeechClip) -> None:
        self.were_cached.append(clip.cached)
        if clip.cached:
            self.cached += 1
        else:
            self.synthesized += 1
        seconds = frames_to_seconds(clip.source.frames, clip.source.rate)
        self.tell(Spoke(clip.utterance.index, clip.utterance.text, seconds, clip.cached))


def _target(episode: Episode) -> Path:
    if episode.audio is not None:
        return episode.audio
    key = ".".join(episode.config.preset.audio)
    raise PostError(
        said("does not say where its audio belongs: {key} is missing", key=key),
        path=episode.path,
        remedy=said("Add {key} to its front matter, or give the file with -o.", key=key),
    )


def _clear(targets: Iterable[Path], cache: UtteranceCache) -> None:
    """Remove whatever a killed run left under construction beside these files."""
    for target in targets:
        remove_leftover(target)
    cache.remove_leftovers()


def _connect(crew: Crew, engines: tuple[str, ...], work: Work) -> Speakers:
    """Connect the engines; if none answers and nothing else has changed, the error says so."""
    try:
        return crew.speakers(engines)
    except EngineError as error:
        if not work.changes:
            note = said("Script, voices and sounds are unchanged; only the engine could not be compared.")
            error.remedy = note if error.remedy is None else said("{note} {remedy}", note=note, remedy=error.remedy)
        raise


@contextmanager
def _one_dictionary(speakers: Speakers) -> Iterator[None]:
    """Check that what was asked under one user dictionary was not answered by another; if it was, forget the answers.

    Raises:
        EngineMismatchError: the dictionary was changed in the meantime.
    """
    try:
        yield
    except TtsRenderError:
        with suppress(EngineError):  # the first failure is the one to report
            speakers.compare_again()
        raise
    speakers.compare_again()


def _is_unchanged(work: Work, lines: Lines, encoder: str) -> bool:
    """Whether rendering again would not change the MP3."""
    stored = work.stored
    return (
        stored is not None
        and not work.changes
        and not difference(stored.theirs, lines.digests)
        and (encoder == "auto" or stored.encoder.startswith(_ENCODER_NAMES[encoder]))
        and work.audio.is_file()
        and work.audio.stat().st_size == stored.bytes
        and digest_file(work.audio) == stored.sha256
    )


_ENCODER_NAMES = {"lame": "lame", "ffmpeg": "ffmpeg", "soundfile": "libsndfile"}


def _keep(work: Work, lines: Lines, rate: int, speaking: Speaking, beside: Beside, tally: _Tally) -> Made | None:
    """Use the existing MP3, and make sidecars again that are not right.

    None if a clip was missing, had to be spoken again and has a different length now.
    """
    stored = work.stored
    if stored is None:
        return None
    if not wrong_sidecars(stored, work.outputs, work.texts, work.audio):
        tally.cached = stored.utterances
        kept = tuple(sidecar for sidecar in stored.sidecars if sidecar.output in work.outputs)
        return Made(replace(stored, sidecars=kept), None, ())
    timeline = Timeline(tuple(speaking()), rate)
    if timeline.frames != half_up(stored.duration_seconds * rate):
        tally.reset()
        return None
    receipt, sidecars = beside(_describe(work, lines, timeline, tally.tell), stored, work.audio)
    return Made(receipt, None, sidecars)


def _make(
    staged: Staged,
    episode: Episode,
    work: Work,
    lines: Lines,
    crew: Crew,
    identity: Identity,
    speaking: Speaking,
    beside: Beside,
    tell: Tell,
) -> Made:
    """Make a new MP3: spoken, mixed, encoded and tagged, but not yet in place."""
    config = episode.config
    described: list[FinishedEpisode] = []

    def tags(timeline: Timeline) -> Tags:
        described.append(_describe(work, lines, timeline, tell))
        return finished_tags(work.tags, described[0], config.publication, identity, work.cover)

    plan = MixPlan(lines.directions, config.master, episode.voice.name, work.jingles.levelled(), work.music)
    with closing(speaking()) as placements:
        product = crew.make_mp3(placements, plan, tags, staged.path, tell)
    (published,) = described
    duration = _duration(product, episode.post)
    receipt, sidecars = beside(
        published,
        _receipt(product, published, work, lines, identity, duration=duration, site=episode.site, source=episode.path),
        staged.path,
    )
    tell(Stage("writing"))
    return Made(receipt, staged, sidecars)


def _speak(
    path: Path, work: Work, lines: Lines, config: Config, crew: Crew, speakers: Speakers, tally: _Tally
) -> Generator[Placement, None, None]:
    """The sounds of the episode at their places, each as soon as it is ready.

    It is closed explicitly: an error that somebody keeps would keep it alive too, and the engines would go on speaking.
    """
    utterances = lines.script.utterances
    found = crew.look_up(utterances, lines.directions, speakers)
    tally.tell(Began(path, len(utterances), len(utterances) - found.missing))
    clips = speak(utterances, lines.directions, speakers, path=lines.script.path, found=found, spoken=tally.take)
    with closing(clips):
        yield from arrange(lines.script.items, clips, work.jingles, config.pacing, rate=config.master.rate)


def _describe(work: Work, lines: Lines, timeline: Timeline, tell: Tell) -> FinishedEpisode:
    published = describe(
        work.about,
        lines.script.items,
        timeline,
        lines.credits,
        bed=None if work.music is None else work.music.settings,
        deck=work.deck,
        captioned=bool(work.outputs),
        offset_ms=work.offset_ms,
    )
    if work.deck is not None and "deck" in work.outputs:
        for at in show_deck(work.deck, timeline):
            if at.doubtful:
                tell(
                    Warned(
                        said(
                            "{path}:{line}: only {score:.0%} of the notes of slide {number} were found"
                            " in what is spoken, so its times are doubtful",
                            path=work.deck.path,
                            line=at.slide.line,
                            score=at.score or 0,
                            number=at.slide.number,
                        )
                    )
                )
    return published


def _put_beside(
    work: Work,
    site: Site,
    source: Path,
    script: Script,
    tally: _Tally,
    published: FinishedEpisode,
    receipt: Receipt,
    mp3: Path,
) -> tuple[Receipt, tuple[Sidecar, ...]]:
    """What goes beside the MP3, and its receipt."""
    if "report" in work.outputs:
        remarks = [
            said("line {line}: {message}", line=remark.line, message=remark.message) for remark in script.remarks
        ]
        published = about_run(published, receipt, mp3, tally.were_cached, [*remarks, *tally.warnings])
    sidecars = make_sidecars(published, work.outputs, work.audio, site, source=source, script=script.path)
    records = tuple(sidecar.record(site) for sidecar in sidecars)
    return replace(receipt, sidecars=records, texts=work.texts, offset_ms=work.offset_ms), sidecars


def _receipt(
    product: Product,
    published: FinishedEpisode,
    work: Work,
    lines: Lines,
    identity: Identity,
    *,
    duration: str,
    site: Site,
    source: Path,
) -> Receipt:
    mp3 = product.mp3
    return Receipt(
        episode=site.relative(source.resolve()),
        audio=site.relative(work.audio),
        bytes=mp3.bytes,
        sha256=mp3.sha256,
        duration_seconds=round(frames_to_seconds(mp3.frames, mp3.rate), 6),
        duration=duration,
        utterances=len(lines.script.utterances),
        engines=(EngineRecord(identity.engine, identity.version),),
        credits=lines.credits,
        loudness_lufs=_level(mp3.loudness.integrated),
        true_peak_dbtp=_level(mp3.loudness.true_peak),
        chapters=tuple(
            ChapterRecord(round(frames_to_seconds(mark.start, mp3.rate), 3), mark.title, mark.url)
            for mark in published.chapters
        ),
        ours=work.known,
        theirs=lines.digests,
        encoder=product.encoder,
    )


def _level(value: float) -> float | None:
    """A level for the receipt: JSON has no infinity for silence."""
    return round(value, 2) if math.isfinite(value) else None


def _duration(product: Product, post: Post | None) -> str:
    """The duration as written in the post; for a bare script, as a clock reading."""
    seconds = product.mp3.seconds
    return format_clock(seconds) if post is None else str(format_duration(post.preset.duration.form, seconds))
