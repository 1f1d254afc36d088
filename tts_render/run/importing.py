"""What somebody has changed in VOICEVOX's editor, brought back to an episode.

What the script can say goes into the script (texts, accents, speed, pitch, volume), the rest into takes (lengths and
pitches of moras, intonation, accents that no text says). Whatever can be said by neither is named with its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from tts_render.engine.moras import to_kana
from tts_render.episode.takes import encode_takes
from tts_render.ground.errors import InputError
from tts_render.ground.files import locked
from tts_render.ground.messages import said
from tts_render.run.exporting import ask_all
from tts_render.run.journal import Change, Journal
from tts_render.run.notes import Notes
from tts_render.run.pairing import Known, pair
from tts_render.run.rereading import Rewording
from tts_render.run.retaking import Retaking
from tts_render.run.retuning import is_near
from tts_render.run.rewording import Draft
from tts_render.run.vvproj import SILENCE, item_key
from tts_render.run.writing import prosody
from tts_render.script import Manner
from tts_render.script.cleaning import fold_space
from tts_render.speech.casting import Utterance
from tts_render.speech.fitting import utterance_ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.episode.episode import Episode
    from tts_render.run.notes import Note
    from tts_render.run.session import Session
    from tts_render.run.vvproj import AudioItem, Query

__all__ = ["Imported", "import_items", "save"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What a project changes about an episode. Nothing is written yet."""

    files: tuple[Change, ...]
    """The script and the takes, as far as they change."""
    changes: tuple[Note, ...]
    left: tuple[Note, ...]
    """What the project says and neither the script nor takes can."""


def import_items(episode: Episode, session: Session, items: Sequence[AudioItem], project: Path) -> Imported:
    """Find out what somebody has changed in the editor, and how the site can say it. Writes nothing.

    Args:
        episode: the episode that the project was made of.
        session: its engine must be the one that it was exported with.
        items: the project's.
        project: its path, for messages.

    Raises:
        InputError: the project is of another episode.
        EngineError, ScriptError, SpeechError: as for :func:`tts_render.run.exporting.export_items`.
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
        self._answers = ask_all(episode, session)
        self._draft = Draft(episode)
        self._notes = Notes()
        self._items = self._recognise(items, project)

    def run(self) -> Imported:
        lines = self._answers.plain.utterances
        kept, reworded = self._rewrite()
        intonations: dict[int, float] = {}
        for index, item in self._items.items():
            if item.query is not None:
                intonations[index] = self._intonation(lines[index], item.query)
                self._leave_out(lines[index], item.query)
            if item.morphed:
                self._notes.leave(lines[index], said("is mixed with another voice, which only the editor can do"))
        retaking = Retaking(self._episode, self._session, self._answers, self._draft, self._notes)
        new = retaking.takes(kept, reworded, intonations)
        files: list[Change] = []
        if encode_takes(new) != encode_takes(self._episode.takes):
            files.append(_changed(self._episode.takes_file, encode_takes(new) if new else None))
        if self._draft.changed:
            script = self._episode.script.path
            files.insert(0, _changed(script, self._draft.encode(script.read_bytes())))
        return Imported(tuple(files), self._notes.changes, self._notes.left)

    def _recognise(self, items: Sequence[AudioItem], project: Path) -> dict[int, AudioItem]:
        """The audio item of each utterance that has one in the same voice, in the order of the script."""
        lines = self._answers.plain.utterances
        pairs = pair(
            [
                Known(item_key(number), to_kana(phrases), utterance.text)
                for number, utterance, phrases in zip(utterance_ids(lines), lines, self._answers.phrases, strict=True)
            ],
            [Known(item.key, item.query.kana if item.query else None, fold_space(item.text)) for item in items],
        )
        if not pairs.found:
            raise InputError(
                said("has none of the lines of {name}", name=self._answers.plain.path.name),
                path=project,
                remedy=said("Name the episode that it was exported from."),
            )
        for index in pairs.missing:
            self._notes.leave(lines[index], said("is not in the project; if it is to go, take it out of the script"))
        for position in pairs.extra:
            text = fold_space(items[position].text)
            self._notes.leave_text(text, said("is no line of the script; if it is to be said, write it there"))
        found = sorted(pairs.found.items())
        for (index, position), (_, following) in pairwise(found):
            if position > following:
                self._notes.leave(
                    lines[index], said("stands behind later lines in the project; lines are moved in the script")
                )
                break
        return {
            index: items[position] for index, position in found if self._is_same_voice(lines[index], items[position])
        }

    def _is_same_voice(self, utterance: Utterance, item: AudioItem) -> bool:
        direction = self._answers.lines.directions[utterance.role]
        if item.style == direction.style and item.engine == self._answers.pool.identity.id:
            return True
        style = next((style for style in self._answers.pool.identity.styles if style.id == item.style), None)
        name = f"{style.speaker}（{style.name}）" if style else said("style {style}", style=item.style)
        self._notes.leave(
            utterance, said("is spoken by {name} there; name the voice before the line in the script", name=name)
        )
        return False

    def _rewrite(self) -> tuple[dict[int, AudioItem], set[int]]:
        """Change the lines in the script.

        Returns:
            The audio items whose text their line has now, by the utterance, and the utterances whose text is new.
        """
        lines = self._answers.plain.utterances
        places = [place for place, item in enumerate(self._answers.plain.items) if isinstance(item, Utterance)]
        changes: dict[int, Rewording] = {}
        for index, item in self._items.items():
            text = fold_space(item.text)
            if not text:
                self._notes.leave(lines[index], said("is empty there; if it is to go, take it out of the script"))
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
                    self._notes.leave(lines[index], why)
                else:
                    self._notes.change(lines[index], said("text -> 「{text}」", text=change.text))
            if prosody(change.factor):
                if change.index in done:
                    self._notes.change(lines[index], _told(change.factor))
                else:
                    self._notes.leave(
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
        now, wanted = self._answers.lines.directions[utterance.role].scales, query.scales
        if not now.volume and wanted.volume:
            self._notes.leave(
                utterance, said("volume {volume:g}, but it is 0 now; write it into the script", volume=wanted.volume)
            )
        return Manner(
            1.0 if is_near(now.speed, wanted.speed) else wanted.speed / now.speed,
            0.0 if is_near(now.pitch, wanted.pitch) else wanted.pitch - now.pitch,
            1.0 if not now.volume or is_near(now.volume, wanted.volume) else wanted.volume / now.volume,
        )

    def _advice(self, factor: Manner) -> str:
        if self._episode.deck == self._answers.plain.path:
            return said("a slide deck has no markup")
        return said("write {prosody}…</prosody> around it", prosody=prosody(factor))

    def _intonation(self, utterance: Utterance, query: Query) -> float:
        """The factor for the voice's intonation that the item asks for."""
        now, wanted = self._answers.lines.directions[utterance.role].scales.intonation, query.scales.intonation
        if is_near(now, wanted):
            return 1.0 if utterance.take is None else utterance.take.intonation
        own = self._episode.config.voices[utterance.voice].intonation
        if not own or wanted > 10 * own:
            self._notes.leave(
                utterance,
                said(
                    "intonation {wanted:g}, but its voice has {own:g}; change that in voices.yaml",
                    wanted=wanted,
                    own=own,
                ),
            )
            return 1.0 if utterance.take is None else utterance.take.intonation
        self._notes.change(utterance, said("intonation {now:g} -> {wanted:g}", now=now, wanted=wanted))
        return 1.0 if is_near(wanted, own) else round(wanted / own, 6)

    def _leave_out(self, utterance: Utterance, query: Query) -> None:
        """Name what neither script nor takes can say."""
        pause = self._answers.lines.directions[utterance.role].scales.pause
        if not is_near(query.scales.pause, pause):
            self._notes.leave(
                utterance,
                said(
                    "length of pauses {pause:g}; set `pause` of the voice in voices.yaml, or change the pause itself",
                    pause=query.scales.pause,
                ),
            )
        if not is_near(query.before, SILENCE):
            what = said("silence before it {seconds:g} s; write <break> into the script", seconds=query.before)
            self._notes.leave(utterance, what)
        if not is_near(query.after, SILENCE):
            what = said("silence after it {seconds:g} s; write <break> into the script", seconds=query.after)
            self._notes.leave(utterance, what)
        if query.rate is not None or query.stereo:
            self._notes.leave(utterance, said("sampling rate or stereo; set `master` in voices.yaml for the episode"))


def _changed(path: Path, after: bytes | None) -> Change:
    return Change(path, path.read_bytes() if path.exists() else None, after)


def _told(factor: Manner) -> str:
    """``factor`` in words: ``rate 110%, pitch +1st``."""
    return re.sub('="([^"]*)"', r" \1,", prosody(factor)).removeprefix("<prosody ").removesuffix(",>")
