"""How an episode says its lines after an import: as readings in the text, or else by takes.

Accents are readings where the engine then reads the text so. Lengths, pitches and intonation are takes, and so are
accents that no text says.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tts_render.engine.moras import digest_phrases, is_open
from tts_render.episode.takes import Take
from tts_render.ground.messages import said
from tts_render.run.exporting import ask_each
from tts_render.run.lines import direct_lines
from tts_render.run.retuning import are_near, left_open, opened, what_differs
from tts_render.run.saying import Saying, drop_readings, write_readings
from tts_render.speech.casting import Utterance, cast
from tts_render.speech.fitting import utterance_ids
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import placed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from tts_render.engine import Engine
    from tts_render.engine.base import StyleId
    from tts_render.engine.moras import AccentPhrase
    from tts_render.episode.episode import Episode
    from tts_render.ground.errors import TtsRenderError
    from tts_render.run.exporting import Answers
    from tts_render.run.lines import Lines
    from tts_render.run.notes import Notes
    from tts_render.run.rewording import Draft
    from tts_render.run.session import Session
    from tts_render.run.vvproj import AudioItem
    from tts_render.script import Span
    from tts_render.speech.casting import Cast

__all__ = ["Retaking"]


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


class Retaking:
    """How the takes of one episode change.

    Args:
        episode: the episode.
        session: knows what the engine has said before.
        answers: how the engine says it.
        draft: its script, with the new texts.
        notes: gets what changes about accent phrases, and what cannot be brought back.
    """

    def __init__(self, episode: Episode, session: Session, answers: Answers, draft: Draft, notes: Notes) -> None:
        self._episode = episode
        self._session = session
        self._answers = answers
        self._draft = draft
        self._notes = notes
        self._places = [place for place, item in enumerate(answers.plain.items) if isinstance(item, Utterance)]

    def takes(
        self, kept: Mapping[int, AudioItem], reworded: AbstractSet[int], intonations: Mapping[int, float]
    ) -> tuple[Take, ...]:
        """All takes of the episode after the import.

        Args:
            kept: the audio items whose text their line has in the draft, by the utterance.
            reworded: the utterances whose text is new there.
            intonations: factors for the voices' intonation, by the utterance; the others keep theirs.

        Raises:
            SpeechError: the engine cannot say some lines.
            EngineError: it cannot be asked.
        """
        episode, old = self._episode, self._answers.plain.utterances
        plain, lines = self._answers.plain, self._answers.lines
        if self._draft.changed:
            plain = cast(self._draft.script, episode.config, episode.voice)
            speakers = EnginesHere(self._answers.pool, self._session.cache)
            lines = direct_lines(plain, self._draft.script, episode.config, episode.voice, speakers, remember=False)
        made = self._made(plain)
        phrases = self._new_phrases(self._wishes(kept, reworded, made, lines), made)
        if self._draft.changed:
            plain = cast(self._draft.script, episode.config, episode.voice)  # with the readings that it has now
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

    def _made(self, plain: Cast) -> dict[int, list[int]]:
        """The new utterances of each old one."""
        old = {place: index for index, place in enumerate(self._places)}
        made: dict[int, list[int]] = defaultdict(list)
        for item, origin in zip(plain.items, self._draft.origins, strict=True):
            if isinstance(item, Utterance) and origin in old:
                made[old[origin]].append(item.index)
        return made

    def _wishes(
        self, kept: Mapping[int, AudioItem], reworded: AbstractSet[int], made: Mapping[int, list[int]], lines: Lines
    ) -> list[_Wish]:
        """What the engine is asked about."""
        wishes: list[_Wish] = []
        for index, item in kept.items():
            if not made[index] or item.query is None:
                continue
            if index not in reworded and are_near(item.query.phrases, self._answers.phrases[index]):
                continue
            utterance = self._answers.plain.utterances[index]
            if not item.query.phrases:
                self._notes.leave(utterance, said("has no accent phrases there"))
                continue
            now = lines.script.utterances[made[index][0]]
            style = lines.directions[now.role].style
            wishes.append(_Wish(index, item.text, item.query.phrases, now.reading, style, index in reworded))
        return wishes

    def _new_phrases(
        self, wishes: Sequence[_Wish], made: Mapping[int, list[int]]
    ) -> dict[int, tuple[AccentPhrase, ...]]:
        """Have the text say accent phrases; what it cannot say, by the old utterance, and nothing where it can."""
        phrases: dict[int, tuple[AccentPhrase, ...]] = {}
        before: dict[int, tuple[tuple[AccentPhrase, ...], tuple[Span, ...]]] = {}
        sayings: list[Saying] = []
        untuned: list[int] = []
        answers = ask_each(self._answers.pool, wishes, _engines_own, self._placed)
        for wish, (own, raw, filled) in zip(wishes, answers, strict=True):
            index, place, theirs = wish.index, self._places[wish.index], wish.phrases
            if len(made[index]) > 1:
                if not are_near(theirs, raw):
                    why = said("its accents and lengths, since its text is several sentences now")
                    self._notes.leave(self._answers.plain.utterances[index], why)
                continue
            phrases[index] = left_open(theirs, filled)
            before[index] = own if wish.reworded else self._answers.phrases[index], self._draft.line(place).spans
            as_own = is_open(phrases[index]) and digest_phrases(theirs) == digest_phrases(own)
            if are_near(theirs, raw) and not as_own:  # nobody has tuned them there
                untuned.append(place)
            elif is_open(phrases[index]):
                sayings.append(Saying(place, own, theirs, wish.style))
        done = drop_readings(self._draft, untuned)
        done |= write_readings(self._draft, sayings, self._episode, self._answers.pool, self._session.cache)
        for wish in wishes:
            index, place = wish.index, self._places[wish.index]
            if index not in phrases:
                continue
            if place in done:
                phrases[index] = ()
            utterance = self._answers.plain.utterances[index]
            said_before, spans = before[index]
            taken = () if wish.reworded or utterance.take is None else utterance.take.phrases
            if phrases[index] != taken or self._draft.line(place).spans != spans:
                self._notes.change(utterance, what_differs(said_before, wish.phrases))
        return phrases

    def _placed(self, error: TtsRenderError, wish: _Wish) -> TtsRenderError:
        return placed(error, self._answers.plain.path, self._answers.plain.utterances[wish.index])


def _engines_own(
    engine: Engine, wish: _Wish
) -> tuple[tuple[AccentPhrase, ...], tuple[AccentPhrase, ...], tuple[AccentPhrase, ...]]:
    """What the engine says by itself: for the reading, for the text as the editor sends it, for the item's phrases."""
    own = engine.unfold(engine.phrase(wish.reading, wish.style))
    raw = engine.unfold(engine.phrase(wish.text, wish.style))
    return own, raw, engine.unfold(engine.follow(opened(wish.phrases), wish.style))


def _facts(take: Take) -> tuple[object, ...]:
    return (take.utterance, take.text, take.reading, take.voice, take.style, take.phrases, take.intonation)
