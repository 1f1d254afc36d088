"""An episode as a project of VOICEVOX's editor, as its engine says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from tts_render.engine.moras import to_kana
from tts_render.episode.takes import SUFFIX as TAKES_SUFFIX
from tts_render.ground.errors import EngineError, SpeechError, TtsRenderError
from tts_render.ground.events import Warned
from tts_render.ground.messages import joined, said, said_count
from tts_render.run.lines import direct_lines
from tts_render.run.vvproj import SUFFIX, AudioItem, Query, item_key
from tts_render.settings.embedded import EMBEDDED
from tts_render.site.folder import confine
from tts_render.speech.fitting import cast_mended, utterance_ids
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import phrase, placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tts_render.engine import Engine
    from tts_render.engine.base import Style
    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.run.lines import Lines
    from tts_render.run.session import Session
    from tts_render.speech.casting import Cast, Utterance

__all__ = ["Answers", "ask_all", "ask_each", "export_items", "project_beside", "styles_of"]

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Answers:
    """An episode as the engine says it now."""

    pool: Pool
    plain: Cast
    """As it is cast without an engine, with its takes."""
    lines: Lines
    phrases: tuple[tuple[AccentPhrase, ...], ...]
    """Of each utterance of ``plain``, complete."""


def project_beside(episode: Episode) -> Path:
    """Where the project of an episode goes unless another place is named: beside its takes.

    Raises:
        OutsideSiteError: a link of that name leaves the site.
    """
    takes = episode.takes_file
    path = takes.with_name(takes.name.removesuffix(TAKES_SUFFIX) + SUFFIX)
    return confine(episode.site, path, what=said("the project beside the script"), source=episode.path, line=None)


def export_items(episode: Episode, session: Session) -> tuple[AudioItem, ...]:
    """The audio items of an episode, one an utterance, as its engine says them.

    Raises:
        EngineError: it cannot be asked, or is none that VOICEVOX's editor knows.
        ScriptError: there is nothing to say.
        SpeechError: the engine has no accent phrases for some lines.
    """
    state = ask_all(episode, session)
    styles = styles_of(state)
    return tuple(
        AudioItem(
            key=item_key(number),
            text=utterance.text,
            engine=state.pool.identity.id,
            speaker=styles[state.lines.directions[utterance.role].style].speaker_id,
            style=state.lines.directions[utterance.role].style,
            query=Query(phrases, state.lines.directions[utterance.role].scales, to_kana(phrases)),
        )
        for number, utterance, phrases in zip(
            utterance_ids(state.plain.utterances), state.plain.utterances, state.phrases, strict=True
        )
    )


def ask_all(episode: Episode, session: Session) -> Answers:
    """Cast an episode, and ask its engine how it says each line."""
    _refuse_embedded(session.targets(episode.config.engines))
    plain, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes)
    for misfit in misfits:
        session.tell(Warned(joined((f"{plain.path}:{misfit.line}", misfit.whole), ": ")))
    pool = session.pool(episode.config.engines)
    speakers = EnginesHere(pool, session.cache)
    lines = direct_lines(plain, episode.script, episode.config, episode.voice, speakers, remember=False)
    spoken = lines.script.utterances[: len(plain.utterances)]  # without the closing words

    def ask(engine: Engine, utterance: Utterance) -> tuple[AccentPhrase, ...]:
        return engine.unfold(phrase(engine, utterance, lines.directions[utterance.role].style))

    phrases = ask_each(pool, spoken, ask, lambda error, utterance: placed(error, plain.path, utterance))
    return Answers(pool, plain, lines, tuple(phrases))


def _refuse_embedded(targets: Iterable[str]) -> None:
    for target in targets:
        if target in EMBEDDED:
            raise EngineError(
                said("speaks inside this program, and VOICEVOX's editor does not know its voices"),
                engine=target,
                remedy=said("Name a VOICEVOX engine with --engine."),
            )


def styles_of(state: Answers) -> dict[int, Style]:
    """The engine's styles, which the editor knows by their ids."""
    identity = state.pool.identity
    if not identity.id or not all(style.speaker_id for style in identity.styles):
        raise EngineError(
            said("does not give the ids by which VOICEVOX's editor knows engine and speakers"),
            engine=state.pool.labels[0],
            remedy=said("Use VOICEVOX's own engine, 0.12 or newer."),
        )
    return {style.id: style for style in identity.styles}


def ask_each(
    pool: Pool,
    jobs: Sequence[J],
    task: Callable[[Engine, J], R],
    at: Callable[[TtsRenderError, J], TtsRenderError],
) -> list[R]:
    """Ask the engines about all jobs.

    Raises:
        SpeechError: they had no answer to some of them.
    """
    answers: list[R] = []
    failures: list[TtsRenderError] = []
    for index, answer in pool.run(jobs, task):
        if isinstance(answer, TtsRenderError):
            failures.append(at(answer, jobs[index]))
        else:
            answers.append(answer)
    if failures:
        message = said_count(
            "the engine cannot say {count} utterance; nothing was written",
            "the engine cannot say {count} utterances; nothing was written",
            count=len(failures),
        )
        raise SpeechError(message, failures, path=pool.labels[0])
    return answers
