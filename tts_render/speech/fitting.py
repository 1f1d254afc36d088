"""Fitting takes to the utterances of a cast script: a take is used where its line is still the one that was mended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import TYPE_CHECKING

from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said
from tts_render.speech.casting import Utterance, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tts_render.episode.takes import Take
    from tts_render.script import Script
    from tts_render.settings.config import Config, VoiceSettings
    from tts_render.speech.casting import Cast, Readings

__all__ = ["Misfit", "carry_takes", "carry_takes_along", "cast_mended", "fit_takes", "utterance_ids", "with_takes"]


@dataclass(frozen=True, slots=True)
class Misfit:
    """A take that is not used."""

    take: Take
    line: int
    """1-based line of the utterance that it was made of; where there is none of its text, the line where it stood."""
    why: str

    @property
    def whole(self) -> str:
        """All of it as a message."""
        text = self.take.text if len(self.take.text) <= 30 else self.take.text[:29] + "…"
        return said("the take of 「{text}」 is not used: {why}", text=text, why=self.why)

    def __str__(self) -> str:
        return str(self.whole)


def cast_mended(
    script: Script, config: Config, voice: VoiceSettings, takes: Sequence[Take], *, readings: Readings | None = None
) -> tuple[Cast, tuple[Misfit, ...]]:
    """Give every line a voice, a reading and its take, before an engine is asked.

    Args:
        script: the script.
        config: voices and lexicon.
        voice: the voice for lines without a speaker.
        takes: of this script.
        readings: what is known of earlier casts.

    Returns:
        The cast script, and the takes that fit none of its lines.

    Raises:
        ScriptError: as for :func:`tts_render.speech.casting.cast`.
    """
    plain = cast(script, config, voice, readings=readings)
    used, misfits = fit_takes(plain, takes)
    return with_takes(plain, used), misfits


def utterance_ids(utterances: Iterable[Utterance]) -> tuple[str, ...]:
    """An id for each utterance, that stays the same while others around it change.

    It follows from the display text and, of equal texts, from which of them it is.
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for utterance in utterances:
        seen[utterance.text] += 1
        ids.append(_id(utterance.text, seen[utterance.text]))
    return tuple(ids)


def _id(text: str, number: int) -> str:
    return digest_bytes(f"{text}\n{number}".encode())[:12]


def carry_takes(
    takes: Sequence[Take], before: Sequence[Utterance], now: Sequence[Utterance], changed: range
) -> tuple[Take, ...]:
    """The takes of a script in which some lines have other texts now.

    Takes of lines that are still there stay with them, also where equal lines have become more or fewer. Those of the
    others fit none, and are told to be misfits.

    Args:
        takes: of the script before.
        before: its utterances.
        now: those that it has now.
        changed: the places in ``before`` between which all changes are.
    """
    pairs = list(takewhile(_alike, zip(before[: changed.start], now, strict=False)))
    left = now[len(pairs) :]
    behind = list(takewhile(_alike, zip(reversed(before[changed.stop :]), reversed(left), strict=False)))
    left = left[: len(left) - len(behind)]
    pairs += behind
    for one in before[changed.start : changed.stop]:
        same = next((at for at, other in enumerate(left) if other.text == one.text), None)
        if same is not None:
            pairs.append((one, left[same]))
            left = left[same + 1 :]
    return carry_takes_along(takes, before, now, pairs)


def carry_takes_along(
    takes: Sequence[Take],
    before: Sequence[Utterance],
    now: Sequence[Utterance],
    pairs: Iterable[tuple[Utterance, Utterance]],
) -> tuple[Take, ...]:
    """The takes of a script, of which it is known what has become of each line.

    Args:
        takes: of the script before.
        before: its utterances.
        now: those that it has now.
        pairs: those that say the same, before and now, each of them an object of the two. Takes of all others fit none.
    """
    old, new = (dict(zip(map(id, each), utterance_ids(each), strict=True)) for each in (before, now))
    places = {old[id(one)]: new[id(other)] for one, other in pairs}
    used = set(new.values())
    carried: list[Take] = []
    for take in takes:
        place = places.get(take.utterance, take.utterance)
        if take.utterance not in places and place in used:  # another line has its place now
            place = next(free for number in count(1) if (free := _id(take.text, number)) not in used)
        used.add(place)
        carried.append(replace(take, utterance=place))
    return tuple(carried)


def _alike(pair: tuple[Utterance, Utterance]) -> bool:
    return pair[0].text == pair[1].text


def fit_takes(plain: Cast, takes: Sequence[Take]) -> tuple[dict[int, Take], tuple[Misfit, ...]]:
    """Which takes are used, by the index of their utterance, and which are not.

    Args:
        plain: the script as it is cast without an engine, so that its readings depend on nothing else.
        takes: of this script.
    """
    if not takes:
        return {}, ()
    places = dict(zip(utterance_ids(plain.utterances), plain.utterances, strict=True))
    used: dict[int, Take] = {}
    misfits: list[Misfit] = []
    for take in takes:
        utterance = places.get(take.utterance)
        if utterance is None:
            misfits.append(Misfit(take, take.line, said("its line was changed or taken out")))
        elif (utterance.voice, utterance.style) != (take.voice, take.style):
            misfits.append(
                Misfit(
                    take, utterance.line, said("it was made of the voice {voice}", voice=_named(take.voice, take.style))
                )
            )
        elif utterance.reading != take.reading:
            misfits.append(
                Misfit(take, utterance.line, said("it was made of the reading {reading}", reading=take.reading))
            )
        else:
            used[utterance.index] = take
    return used, tuple(misfits)


def with_takes(plain: Cast, used: Mapping[int, Take]) -> Cast:
    """The script with its takes. It may leave more to the engine than the one that they were fitted to.

    Args:
        plain: the script.
        used: by the index of their utterance.
    """
    if not used:
        return plain

    def mended(utterance: Utterance) -> Utterance:
        take = used.get(utterance.index)
        if take is None:
            return utterance
        manner = replace(utterance.manner, intonation=utterance.manner.intonation * take.intonation)
        return replace(utterance, take=take, manner=manner)

    return replace(plain, items=tuple(mended(item) if isinstance(item, Utterance) else item for item in plain.items))


def _named(voice: str, style: str | None) -> str:
    return f"{voice}（{style}）" if style else voice
