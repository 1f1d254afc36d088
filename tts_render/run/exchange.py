"""The way to VOICEVOX's editor and back: an episode as a project, and what somebody has changed there.

What the script can say goes into the script (texts, speed, pitch, volume), the rest into takes (accent phrases, their
lengths and pitches, intonation). Whatever can be said by neither is named with its line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from tts_render.engine.moras import digest_phrases, is_open, to_kana
from tts_render.episode.takes import SUFFIX as TAKES_SUFFIX
from tts_render.episode.takes import Take, encode_takes
from tts_render.ground.errors import EngineError, InputError, SpeechError, TtsRenderError
from tts_render.ground.events import Warned
from tts_render.ground.files import locked
from tts_render.ground.messages import joined, said, said_count
from tts_render.run.journal import Change, Journal
from tts_render.run.lines import direct_lines
from tts_render.run.pairing import Known, pair
from tts_render.run.rereading import Rewording
from tts_render.run.retuning import are_near, is_near, left_open, opened, what_differs
from tts_render.run.rewording import Draft
from tts_render.run.vvproj import SILENCE, SUFFIX, AudioItem, Query, item_key
from tts_render.run.writing import prosody
from tts_render.script import Manner
from tts_render.script.cleaning import fold_space
from tts_render.settings.embedded import EMBEDDED
from tts_render.site.folder import confine
from tts_render.speech.casting import Utterance, cast
from tts_render.speech.fitting import cast_mended, utterance_ids
from tts_render.speech.speaking import phrase, placed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tts_render.engine import Engine
    from tts_render.engine.base import Style, StyleId
    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.pool import Pool
    from tts_render.episode.episode import Episode
    from tts_render.run.lines import Lines
    from tts_render.run.session import Session
    from tts_render.speech.casting import Cast

__all__ = ["Imported", "Note", "export_items", "import_items", "project_beside", "save"]

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Note:
    """What was changed about one line, or could not be."""

    line: int | None
    """1-based line in the script, before the change; None for what belongs to no line."""
    text: str
    """Its display text, before the change."""
    about: str

    @property
    def whole(self) -> str:
        """All of it as a message."""
        text = self.text if len(self.text) <= 30 else self.text[:29] + "…"
        return said("「{text}」: {about}", text=text, about=self.about)

    def __str__(self) -> str:
        return str(self.whole)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a project changes about an episode. Nothing is written yet."""

    files: tuple[Change, ...]
    """The script and the takes, as far as they change."""
    changes: tuple[Note, ...]
    left: tuple[Note, ...]
    """What the project says and neither the script nor takes can."""


@dataclass(frozen=True, slots=True)
class _State:
    """An episode as the engine says it now."""

    pool: Pool
    plain: Cast
    """As it is cast without an engine, with its takes."""
    lines: Lines
    phrases: tuple[tuple[AccentPhrase, ...], ...]
    """Of each utterance of ``plain``, complete."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """The accent phrases of an audio item that are not those of the utterance."""

    index: int
    """The utterance, in the old script."""
    text: str
    """The item's."""
    phrases: tuple[AccentPhrase, ...]
    """The item's."""
    reading: str
    """What the engine is asked to say for the line, in the new script."""
    style: StyleId
    reworded: bool
    """Whether its text is another one."""


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
    state = _ask_all(episode, session)
    styles = _styles(state)
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


def import_items(episode: Episode, session: Session, items: Sequence[AudioItem], project: Path) -> Imported:
    """Find out what somebody has changed in the editor, and how the site can say it. Writes nothing.

    Args:
        episode: the episode that the project was made of.
        session: its engine must be the one that it was exported with.
        items: the project's.
        project: its path, for messages.

    Raises:
        InputError: the project is of another episode.
        EngineError, ScriptError, SpeechError: as for :func:`export_items`.
    """
    return _Import(episode, session, items, project).run()


def save(episode: Episode, session: Session, imported: Imported, project: Path) -> None:
    """Write what an import changes, all of it or nothing. It can be undone in the studio.

    Args:
        episode: the episode.
        session: knows where journal and locks are.
        imported: its changes.
        project: what was imported.

    Raises:
        StaleError: a file was changed meanwhile.
        OutputError: a file could not be written.
        BusyError: the episode is being rendered.
    """
    script = episode.script.path
    root = episode.site.root if script.is_relative_to(episode.site.root) else script.parent
    target = episode.audio or script
    busy = said("{audio}: another run is at work on this episode", audio=target)
    with locked(session.lock(target), busy=busy):
        Journal(session.folder, root).make(said("import of {name}", name=project.name), imported.files)


class _Import:
    """One import."""

    def __init__(self, episode: Episode, session: Session, items: Sequence[AudioItem], project: Path) -> None:
        self._episode = episode
        self._session = session
        self._state = _ask_all(episode, session)
        self._draft = Draft(episode)
        self._changes: list[Note] = []
        self._left: list[Note] = []
        self._items = self._recognise(items, project)

    def run(self) -> Imported:
        lines = self._state.plain.utterances
        kept, reworded = self._rewrite()
        intonations: dict[int, float] = {}
        for index, item in self._items.items():
            if item.query is not None:
                intonations[index] = self._intonation(lines[index], item.query)
                self._leave_out(lines[index], item.query)
            if item.morphed:
                self._leave(lines[index], said("is mixed with another voice, which only the editor can do"))
        new = self._new_takes(kept, reworded, intonations)
        files: list[Change] = []
        if encode_takes(new) != encode_takes(self._episode.takes):
            files.append(_changed(self._episode.takes_file, encode_takes(new) if new else None))
        if self._draft.changed:
            script = self._episode.script.path
            files.insert(0, _changed(script, self._draft.encode(script.read_bytes())))
        changes, left = (sorted(notes, key=lambda note: note.line or 0) for notes in (self._changes, self._left))
        return Imported(
            tuple(files),
            tuple(changes),
            tuple(left),
        )

    def _recognise(self, items: Sequence[AudioItem], project: Path) -> dict[int, AudioItem]:
        """The audio item of each utterance that has one in the same voice, in the order of the script."""
        lines = self._state.plain.utterances
        pairs = pair(
            [
                Known(item_key(number), to_kana(phrases), utterance.text)
                for number, utterance, phrases in zip(utterance_ids(lines), lines, self._state.phrases, strict=True)
            ],
            [Known(item.key, item.query.kana if item.query else None, fold_space(item.text)) for item in items],
        )
        if not pairs.found:
            raise InputError(
                said("has none of the lines of {name}", name=self._state.plain.path.name),
                path=project,
                remedy=said("Name the episode that it was exported from."),
            )
        for index in pairs.missing:
            self._leave(lines[index], said("is not in the project; if it is to go, take it out of the script"))
        for position in pairs.extra:
            text = fold_space(items[position].text)
            self._left.append(Note(None, text, said("is no line of the script; if it is to be said, write it there")))
        found = sorted(pairs.found.items())
        for (index, position), (_, following) in pairwise(found):
            if position > following:
                self._leave(
                    lines[index], said("stands behind later lines in the project; lines are moved in the script")
                )
                break
        return {
            index: items[position] for index, position in found if self._is_same_voice(lines[index], items[position])
        }

    def _is_same_voice(self, utterance: Utterance, item: AudioItem) -> bool:
        direction = self._state.lines.directions[utterance.role]
        if item.style == direction.style and item.engine == self._state.pool.identity.id:
            return True
        style = next((style for style in self._state.pool.identity.styles if style.id == item.style), None)
        name = f"{style.speaker}（{style.name}）" if style else said("style {style}", style=item.style)
        self._leave(
            utterance, said("is spoken by {name} there; name the voice before the line in the script", name=name)
        )
        return False

    def _rewrite(self) -> tuple[dict[int, AudioItem], set[int]]:
        """Change the lines in the script.

        Returns:
            The audio items whose text their line has now, by the utterance, and the utterances whose text is new.
        """
        lines = self._state.plain.utterances
        places = [place for place, item in enumerate(self._state.plain.items) if isinstance(item, Utterance)]
        changes: dict[int, Rewording] = {}
        for index, item in self._items.items():
            text = fold_space(item.text)
            if not text:
                self._leave(lines[index], said("is empty there; if it is to go, take it out of the script"))
            new = text if text and text != lines[index].text else None
            factor = Manner() if item.query is None else self._factor(lines[index], item.query)
            changes[index] = Rewording(places[index], new, factor)
        wanted = {
            index: change for index, change in changes.items() if change.text is not None or prosody(change.factor)
        }
        done = self._draft.make(list(wanted.values()))
        refused = {index: change for index, change in wanted.items() if change.index not in done}
        slower = {
            index: change for index, change in refused.items() if change.text is not None and prosody(change.factor)
        }
        done |= self._draft.make([replace(change, text=None) for change in slower.values()])
        for index, change in wanted.items():
            if change.text is not None:
                if index in refused:
                    why = said(
                        "text 「{text}」 cannot be put into this line; write it into the script", text=change.text
                    )
                    self._leave(lines[index], why)
                else:
                    self._change(lines[index], said("text -> 「{text}」", text=change.text))
            if prosody(change.factor):
                if change.index in done:
                    self._change(lines[index], _told(change.factor))
                else:
                    self._leave(
                        lines[index],
                        said("{told}; {advice}", told=_told(change.factor), advice=self._advice(change.factor)),
                    )
        kept = {
            index: item
            for index, item in self._items.items()
            if fold_space(item.text) and not (index in refused and changes[index].text is not None)
        }
        return kept, {index for index in kept if changes[index].text is not None}

    def _factor(self, utterance: Utterance, query: Query) -> Manner:
        """How the item changes the speed, pitch and volume of an utterance."""
        now, wanted = self._state.lines.directions[utterance.role].scales, query.scales
        if not now.volume and wanted.volume:
            self._leave(
                utterance, said("volume {volume:g}, but it is 0 now; write it into the script", volume=wanted.volume)
            )
        return Manner(
            1.0 if is_near(now.speed, wanted.speed) else wanted.speed / now.speed,
            0.0 if is_near(now.pitch, wanted.pitch) else wanted.pitch - now.pitch,
            1.0 if not now.volume or is_near(now.volume, wanted.volume) else wanted.volume / now.volume,
        )

    def _advice(self, factor: Manner) -> str:
        if self._episode.deck == self._state.plain.path:
            return said("a slide deck has no markup")
        return said("write {prosody}…</prosody> around it", prosody=prosody(factor))

    def _intonation(self, utterance: Utterance, query: Query) -> float:
        """The factor for the voice's intonation that the item asks for."""
        now, wanted = self._state.lines.directions[utterance.role].scales.intonation, query.scales.intonation
        if is_near(now, wanted):
            return 1.0 if utterance.take is None else utterance.take.intonation
        own = self._episode.config.voices[utterance.voice].intonation
        if not own or wanted > 10 * own:
            self._leave(
                utterance,
                said(
                    "intonation {wanted:g}, but its voice has {own:g}; change that in voices.yaml",
                    wanted=wanted,
                    own=own,
                ),
            )
            return 1.0 if utterance.take is None else utterance.take.intonation
        self._change(utterance, said("intonation {now:g} -> {wanted:g}", now=now, wanted=wanted))
        return 1.0 if is_near(wanted, own) else round(wanted / own, 6)

    def _leave_out(self, utterance: Utterance, query: Query) -> None:
        """Name what neither script nor takes can say."""
        pause = self._state.lines.directions[utterance.role].scales.pause
        if not is_near(query.scales.pause, pause):
            self._leave(
                utterance,
                said(
                    "length of pauses {pause:g}; set `pause` of the voice in voices.yaml, or change the pause itself",
                    pause=query.scales.pause,
                ),
            )
        if not is_near(query.before, SILENCE):
            what = said("silence before it {seconds:g} s; write <break> into the script", seconds=query.before)
            self._leave(utterance, what)
        if not is_near(query.after, SILENCE):
            what = said("silence after it {seconds:g} s; write <break> into the script", seconds=query.after)
            self._leave(utterance, what)
        if query.rate is not None or query.stereo:
            self._leave(utterance, said("sampling rate or stereo; set `master` in voices.yaml for the episode"))

    def _new_takes(
        self, kept: dict[int, AudioItem], reworded: set[int], intonations: dict[int, float]
    ) -> tuple[Take, ...]:
        """All takes of the episode after the import."""
        plain, old = self._state.plain, self._state.plain.utterances
        episode = self._episode
        lines = self._state.lines
        if self._draft.changed:
            plain = cast(self._draft.script, episode.config, episode.voice)
            lines = direct_lines(
                plain, self._draft.script, episode.config, episode.voice, self._state.pool, self._session.cache,
                remember=False,
            )  # fmt: skip
        made: dict[int, list[int]] = defaultdict(list)  # the new utterances of each old one
        origins = _utterances_at(self._state.plain)
        for place, item in enumerate(plain.items):
            if isinstance(item, Utterance) and self._draft.origins[place] in origins:
                made[origins[self._draft.origins[place]]].append(item.index)
        phrases = self._new_phrases(kept, reworded, made, lines)
        ids = utterance_ids(plain.utterances)
        takes: list[Take] = []
        for index, utterance in enumerate(old):
            take = utterance.take
            intonation = intonations.get(index, 1.0 if take is None else take.intonation)
            for new in made[index]:
                same = phrases.get(index, () if take is None or index in reworded else take.phrases)
                line = plain.utterances[new]
                facts = (ids[new], line.text, line.reading, line.voice, line.style, same, intonation)
                if take is not None and facts == _facts(take):
                    takes.append(take)
                elif same or intonation != 1.0:
                    takes.append(Take(ids[new], line.line, *facts[1:]))
        used = {utterance.take for utterance in old}
        gone = {take.utterance for take in takes} | {ids[new] for index in reworded for new in made[index]}
        return (*takes, *(take for take in episode.takes if take not in used and take.utterance not in gone))

    def _new_phrases(
        self, kept: dict[int, AudioItem], reworded: set[int], made: dict[int, list[int]], lines: Lines
    ) -> dict[int, tuple[AccentPhrase, ...]]:
        """The accent phrases that are not what they were, by the old utterance; empty where they are the engine's."""
        wishes: list[_Wish] = []
        for index, item in kept.items():
            if not made[index] or item.query is None:
                continue
            if index not in reworded and are_near(item.query.phrases, self._state.phrases[index]):
                continue
            utterance = self._state.plain.utterances[index]
            if not item.query.phrases:
                self._leave(utterance, said("has no accent phrases there"))
                continue
            now = lines.script.utterances[made[index][0]]
            style = lines.directions[now.role].style
            wishes.append(_Wish(index, item.text, item.query.phrases, now.reading, style, index in reworded))
        answers = _ask(self._state.pool, wishes, _engines_own, self._placed)
        phrases: dict[int, tuple[AccentPhrase, ...]] = {}
        for wish, (own, raw, filled) in zip(wishes, answers, strict=True):
            utterance, theirs = self._state.plain.utterances[wish.index], wish.phrases
            if len(made[wish.index]) > 1:
                if not are_near(theirs, raw):
                    self._leave(utterance, said("its accents and lengths, since its text is several sentences now"))
                continue
            phrases[wish.index] = left_open(theirs, filled)
            as_own = is_open(phrases[wish.index]) and digest_phrases(theirs) == digest_phrases(own)
            if as_own or are_near(theirs, raw):  # not tuned by anybody
                phrases[wish.index] = ()
            if wish.reworded and phrases[wish.index]:
                self._change(utterance, what_differs(own, theirs))
            elif not wish.reworded and phrases[wish.index] != (utterance.take.phrases if utterance.take else ()):
                self._change(utterance, what_differs(self._state.phrases[wish.index], theirs))
        return phrases

    def _placed(self, error: TtsRenderError, wish: _Wish) -> TtsRenderError:
        return placed(error, self._state.plain.path, self._state.plain.utterances[wish.index])

    def _change(self, utterance: Utterance, what: str) -> None:
        self._changes.append(Note(utterance.line, utterance.text, what))

    def _leave(self, utterance: Utterance, why: str) -> None:
        self._left.append(Note(utterance.line, utterance.text, why))


def _ask_all(episode: Episode, session: Session) -> _State:
    """Cast an episode, and ask its engine how it says each line."""
    _refuse_embedded(session.targets(episode.config.engines))
    plain, misfits = cast_mended(episode.script, episode.config, episode.voice, episode.takes)
    for misfit in misfits:
        session.tell(Warned(joined((f"{plain.path}:{misfit.line}", misfit.whole), ": ")))
    pool = session.pool(episode.config.engines)
    lines = direct_lines(plain, episode.script, episode.config, episode.voice, pool, session.cache, remember=False)
    spoken = lines.script.utterances[: len(plain.utterances)]  # without the closing words

    def ask(engine: Engine, utterance: Utterance) -> tuple[AccentPhrase, ...]:
        return engine.unfold(phrase(engine, utterance, lines.directions[utterance.role].style))

    phrases = _ask(pool, spoken, ask, lambda error, utterance: placed(error, plain.path, utterance))
    return _State(pool, plain, lines, tuple(phrases))


def _refuse_embedded(targets: Iterable[str]) -> None:
    for target in targets:
        if target in EMBEDDED:
            raise EngineError(
                said("speaks inside this program, and VOICEVOX's editor does not know its voices"),
                engine=target,
                remedy=said("Name a VOICEVOX engine with --engine."),
            )


def _styles(state: _State) -> dict[int, Style]:
    """The engine's styles, which the editor knows by their ids."""
    identity = state.pool.identity
    if not identity.id or not all(style.speaker_id for style in identity.styles):
        raise EngineError(
            said("does not give the ids by which VOICEVOX's editor knows engine and speakers"),
            engine=state.pool.labels[0],
            remedy=said("Use VOICEVOX's own engine, 0.12 or newer."),
        )
    return {style.id: style for style in identity.styles}


def _ask(
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


def _engines_own(
    engine: Engine, wish: _Wish
) -> tuple[tuple[AccentPhrase, ...], tuple[AccentPhrase, ...], tuple[AccentPhrase, ...]]:
    """What the engine says by itself: for the reading, for the text as the editor sends it, for the item's phrases."""
    own = engine.unfold(engine.phrase(wish.reading, wish.style))
    raw = engine.unfold(engine.phrase(wish.text, wish.style))
    return own, raw, engine.unfold(engine.follow(opened(wish.phrases), wish.style))


def _utterances_at(script: Cast) -> dict[int, int]:
    """The index of the utterance at each place in a script."""
    return {place: item.index for place, item in enumerate(script.items) if isinstance(item, Utterance)}


def _facts(take: Take) -> tuple[object, ...]:
    return (take.utterance, take.text, take.reading, take.voice, take.style, take.phrases, take.intonation)


def _changed(path: Path, after: bytes | None) -> Change:
    return Change(path, path.read_bytes() if path.exists() else None, after)


def _told(factor: Manner) -> str:
    """``factor`` in words: ``rate 110%, pitch +1st``."""
    return re.sub('="([^"]*)"', r" \1,", prosody(factor)).removeprefix("<prosody ").removesuffix(",>")
