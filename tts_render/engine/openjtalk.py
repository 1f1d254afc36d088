"""Open JTalk with the HTS voice Mei, in this process: fast and small, for drafts and tests."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tts_render.engine.base import KANA, Identity, MoraTime, Phrasing, Scales, Spoken, Style, StyleId
from tts_render.engine.embedded import (
    READING_PACKAGES,
    Ignored,
    Takes,
    Word,
    import_openjtalk,
    installed,
    missing,
    processors,
    read,
)
from tts_render.engine.moras import PAUSE, AccentPhrase, Mora, count_moras, is_open, parse_notation, to_kana
from tts_render.ground.errors import EngineReplyError
from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of
from tts_render.ground.units import Frames, conform_frames, half_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from tts_render.engine.htsvoice import HtsVoice, Pace
    from tts_render.ground.units import Decibels, Seconds

__all__ = ["OpenJtalkEngine"]

_NAME = "openjtalk"
_MEI = Style("Mei", "ノーマル", StyleId(0))

_RATE = 24_000
"""Rate of the clips, as with the other engines. The vocoder's own 48 kHz would double the cache to gain 0.06 LU."""
_FULL_SCALE = 65536.0
"""Vocoder samples are scaled like 16-bit numbers but exceed their range: peaks reach 69,000. So speech is at about
-23 LUFS."""
_RUNAWAY = 120_000.0
"""Vocoder samples beyond this are not speech: it has become unstable."""
_MARGIN = 4
"""HTS frames of silence to keep before and after: 20 ms."""
_QUIET: Decibels = -55.0
"""Silence is below this, relative to the peak: an s or h is above -50, the vocoder's own noise below -60."""
_COMPANION = "さわやかな風の吹く朝です。公園の池に、小さな鳥が集まって、にぎやかに鳴いています。"
"""Spoken after an utterance in which the vocoder became unstable, and cut off again."""

_PAUSE = "、"
_PAUSES = "、，,"
_MARK = "記号"
_PARTS = re.compile(f"({KANA[0]}[^{''.join(KANA)}]*{KANA[1]})")
_FEATURE = {
    "pos": "名詞", "pos_group1": "一般", "pos_group2": "*", "pos_group3": "*", "ctype": "*", "cform": "*",
    "acc": 0, "mora_size": 0, "chain_rule": "*", "chain_flag": 0,
}  # fmt: skip
"""What a word of Open JTalk holds besides its kana, where it has no grammar."""
_PLACE = re.compile(r"/A:-?\d+\+(?P<place>\d+)\+\d+/.*/F:\d+_(?P<accent>\d+)#(?P<question>\d)")
_MORA_ENDS = frozenset([*"aiueoAIUEO", "N", "cl"])
"""Phones that end a mora; an upper-case vowel is whispered."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """A mora, or a pause inside the utterance."""

    kana: str
    """In katakana; 、 for a pause; empty for a mora that cannot be identified."""
    labels: int
    """How many labels it spans."""


@dataclass(frozen=True, slots=True)
class _Score:
    """What the vocoder needs to speak an utterance."""

    labels: tuple[str, ...]
    """Full-context labels, one per phone; the first and the last are silence."""
    segments: tuple[_Segment, ...]
    """Segments of the labels between these two."""


class OpenJtalkEngine:
    """Open JTalk in this process. It follows ``speed``, ``pitch``, ``pause`` and ``volume``, but not ``intonation``.

    Args:
        warn: called once for a scale that has no effect, in the speaking thread.
    """

    def __init__(self, *, warn: Callable[[str], None], cache_dir: Path | None = None) -> None:  # noqa: ARG002  # has no model
        self.label = _NAME
        self.workers = processors()
        self._ignored = Ignored(_NAME, ("intonation",), warn)
        self._takes = Takes(_NAME, warn)
        self._starting = threading.Lock()
        self._started: tuple[ModuleType, HtsVoice] | None = None
        self._vocoders = threading.local()  # a vocoder releases the interpreter's lock, but holds one of its own

    def wait(self, seconds: Seconds) -> None:
        """Return at once: there is nothing to wait for."""

    def identify(self) -> Identity:
        """Return its identity without loading it.

        Raises:
            EngineMissingError: it is not installed.
        """
        return Identity(_NAME, installed(_NAME, READING_PACKAGES), "", (_MEI,))

    def phrase(self, text: str, style: StyleId) -> Phrasing:  # noqa: ARG002  # there is one style
        """Return the reading of ``text``; kana with accents are phrases of their own.

        Raises:
            EngineMissingError: it is not installed.
        """
        openjtalk, _ = self._start()
        words = tuple(_words(openjtalk, text))
        labels = _labels(openjtalk, words)
        segments = _segments(labels, [mora for word in words for mora in word.moras])
        return Phrasing(
            digest=digest_bytes("\n".join(labels).encode()),
            kana="".join(word.kana or word.surface for word in words),
            moras=sum(segment.kana != _PAUSE for segment in segments),
            payload=_Score(labels, segments),
        )

    def follow(self, phrases: Sequence[AccentPhrase], style: StyleId) -> Phrasing:  # noqa: ARG002  # there is one style
        """Return ``phrases`` by their moras and accents; lengths and pitches are always its own.

        Raises:
            EngineMissingError: it is not installed.
        """
        openjtalk, _ = self._start()
        if not is_open(phrases):
            self._takes.leave_out(said("pitches and lengths"))
        labels = tuple(openjtalk.make_label(list(_features(phrases))))
        segments = _segments(labels, [mora.text for phrase in phrases for mora in phrase.moras])
        return Phrasing(
            digest=digest_bytes("\n".join(labels).encode()),
            kana=to_kana(phrases),
            moras=count_moras(phrases),
            payload=_Score(labels, segments),
        )

    def unfold(self, phrasing: Phrasing) -> tuple[AccentPhrase, ...]:
        """Return the accent phrases of ``phrasing``, without lengths and pitches."""
        return tuple(_phrases(cast("_Score", phrasing.payload)))

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:  # noqa: ARG002
        """Speak ``phrasing``: float32 at 24 kHz, with the times of its moras.

        Raises:
            EngineMissingError: it is not installed.
            EngineReplyError: the vocoder did not produce speech.
        """
        openjtalk, voice = self._start()
        self._ignored.check(scales)
        score = cast("_Score", phrasing.payload)
        # The voice gives every utterance the same variance of loudness, and becomes unstable if all of it is one vowel.
        # With a companion, there is something else to vary.
        for companion in ("", _COMPANION):
            labels = score.labels + _labels(openjtalk, read(openjtalk, companion))
            pace = voice.pace(labels, slice(1, len(score.labels) - 1), scales.speed)
            wave = self._synthesize(openjtalk, labels, pace, scales.pitch)
            if len(wave) != sum(pace.frames) * voice.period:
                raise EngineReplyError(
                    said("the sound of {kana!r} does not have the length of its phones", kana=phrasing.kana),
                    engine=_NAME,
                    remedy=said("Please report this, with the output of `pip list`."),
                )
            if abs(wave).max() <= _RUNAWAY:  # false for values that are not numbers, too
                return _spoken(wave, voice, score.segments, pace.frames, scales)
        raise EngineReplyError(
            said("the vocoder produced noise instead of {kana!r}", kana=phrasing.kana),
            engine=_NAME,
            remedy=said("Write the line with fewer repetitions, or with 、 between them."),
        )

    def aside(self) -> None:
        """None: reading a text never waits."""

    def close(self) -> None:
        """Release the vocoders."""
        self._vocoders = threading.local()

    def _start(self) -> tuple[ModuleType, HtsVoice]:
        with self._starting:
            if self._started is None:
                openjtalk = import_openjtalk(_NAME)
                from tts_render.engine.htsvoice import HtsVoice

                try:
                    voice = HtsVoice(Path(openjtalk.DEFAULT_HTS_VOICE.decode()))
                except (OSError, ValueError) as error:
                    raise missing(_NAME, said("its voice cannot be read: {error}", error=words_of(error))) from error
                self._started = openjtalk, voice
            return self._started

    def _synthesize(
        self, openjtalk: ModuleType, labels: Sequence[str], pace: Pace, pitch: float
    ) -> NDArray[np.float64]:
        vocoder = getattr(self._vocoders, "mei", None)
        if vocoder is None:
            vocoder = self._vocoders.mei = openjtalk.HTSEngine(openjtalk.DEFAULT_HTS_VOICE)
        vocoder.set_speed(pace.speed)  # reset by every synthesis, like the pitch
        vocoder.add_half_tone(12.0 * pitch)
        try:
            wave: NDArray[np.float64] = vocoder.synthesize(list(labels))
        except RuntimeError as error:
            raise EngineReplyError(said("the vocoder failed: {error}", error=words_of(error)), engine=_NAME) from error
        return wave


def _words(openjtalk: ModuleType, text: str) -> Iterator[Word]:
    """The words of a text in which some parts are kana with accents."""
    begun = False
    for part in filter(None, _PARTS.split(text)):
        if part.startswith(KANA[0]):
            phrases = parse_notation(part.strip("".join(KANA)))
            kana = iter(phrases)
            for feature in _features(phrases):
                said = next(kana) if feature["pos"] != _MARK else None
                moras = () if said is None else tuple(mora.text for mora in said.moras)
                yield Word(str(feature["string"]), "".join(moras), moras, feature)
            begun = begun or bool(phrases)
            continue
        found = read(openjtalk, part)
        if begun and part[0] in _PAUSES:  # it has no sound of its own, and is left out where a text begins
            yield Word(_PAUSE, "", (), _mark(_PAUSE))
        yield from found
        begun = begun or bool(found)


def _mark(mark: str) -> dict[str, object]:
    return _FEATURE | {"pos": _MARK, "string": mark, "orig": mark, "read": mark, "pron": mark}


def _labels(openjtalk: ModuleType, words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(openjtalk.make_label([word.feature for word in words])) if words else ()


def _features(phrases: Sequence[AccentPhrase]) -> Iterator[dict[str, object]]:
    """``phrases`` as the words of which Open JTalk makes labels, one for each phrase."""
    for index, phrase in enumerate(phrases):
        kana = "".join(mora.text + ("’" if mora.vowel in "AIUEO" else "") for mora in phrase.moras)
        count = len(phrase.moras)
        accent = phrase.accent if phrase.accent < count else 0  # a pitch that does not fall is 0 here
        yield _FEATURE | {"string": kana, "orig": kana, "read": kana, "pron": kana, "acc": accent, "mora_size": count}
        mark = "？" if phrase.question else "、" if phrase.pause and index < len(phrases) - 1 else ""
        if mark:
            yield _mark(mark)


def _phrases(score: _Score) -> Iterator[AccentPhrase]:
    """The accent phrases that the labels of ``score`` describe.

    Fields A (place of a mora in its phrase) and F (moras, accent and question of a phrase) of the HTS label format.
    """
    moras: list[Mora] = []
    accent, question, at = 0, False, 1
    found: list[AccentPhrase] = []
    for segment in score.segments:
        labels = score.labels[at : at + segment.labels]
        at += segment.labels
        if segment.kana == _PAUSE:
            if moras:
                found.append(AccentPhrase(tuple(moras), accent, Mora(_PAUSE, None, PAUSE, None, None, None), question))
                moras = []
            continue
        place = _PLACE.search(labels[-1])
        if place is None:
            return
        if place["place"] == "1" and moras:
            found.append(AccentPhrase(tuple(moras), accent, None, question))
            moras = []
        accent, question = int(place["accent"]), place["question"] == "1"
        phones = [label.partition("-")[2].partition("+")[0] for label in labels]
        moras.append(Mora(segment.kana, "".join(phones[:-1]) or None, phones[-1], None, None, None))
    if moras:
        found.append(AccentPhrase(tuple(moras), accent, None, question))
    yield from found


def _segments(labels: Sequence[str], moras: Sequence[str]) -> tuple[_Segment, ...]:
    """The moras and pauses that ``labels`` consist of, named by ``moras`` if the numbers agree."""
    found: list[_Segment] = []
    held = 0
    for label in labels[1:-1]:
        phone = label.partition("-")[2].partition("+")[0]
        held += 1
        if phone == "pau" or phone in _MORA_ENDS:
            found.append(_Segment(_PAUSE if phone == "pau" else "", held))
            held = 0
    if sum(not segment.kana for segment in found) != len(moras):
        return tuple(found)
    names = iter(moras)
    return tuple(segment if segment.kana else _Segment(next(names), segment.labels) for segment in found)


def _spoken(
    wave: NDArray[np.float64], voice: HtsVoice, segments: Sequence[_Segment], frames: Sequence[int], scales: Scales
) -> Spoken:
    """Cut ``segments`` from ``wave``, which begins with them, lengthening or shortening their pauses in the middle.

    Args:
        wave: from the vocoder.
        voice: gives the sample rate.
        segments: segments of the utterance alone.
        frames: HTS frames of each label in ``wave``.
        scales: only ``pause`` and ``volume`` are applied here.
    """
    import numpy as np

    from tts_render.sound.audio import Clip, conform

    counts = list(_counts(segments, frames))
    first, last = _sounding(wave, voice.period, frames[0], frames[0] + sum(counts))
    parts: list[NDArray[np.float64]] = []
    ends: list[int] = []
    start, at, grown = first, frames[0], 0
    for segment, count in zip(segments, counts, strict=True):
        wanted = half_up(count * Fraction(repr(scales.pause))) if segment.kana == _PAUSE else count
        if wanted != count:
            stays = min(count, wanted)
            parts.append(wave[start * voice.period : (at + stays // 2) * voice.period])
            parts.append(np.zeros(max(0, wanted - count) * voice.period))
            start = at + count - (stays - stays // 2)
        at += count
        grown += wanted - count
        ends.append(at + grown - first)
    parts.append(wave[start * voice.period : last * voice.period])
    ends[-1] = last + grown - first
    samples = (np.concatenate(parts) * (scales.volume / _FULL_SCALE)).astype(np.float32)
    clip = conform(Clip(samples[:, np.newaxis], voice.rate), _RATE, 1)
    return Spoken(clip.samples, _RATE, tuple(_mora_times(segments, ends, voice)))


def _counts(segments: Sequence[_Segment], frames: Sequence[int]) -> Iterator[int]:
    """HTS frames of each segment."""
    at = 1
    for segment in segments:
        yield sum(frames[at : at + segment.labels])
        at += segment.labels


def _sounding(wave: NDArray[np.float64], period: int, first: int, last: int) -> tuple[int, int]:
    """The audible part of the HTS frames ``first`` to ``last``, with the margin: phones begin and end in silence."""
    import numpy as np

    from tts_render.sound.audio import amplitude

    said = wave[first * period : last * period].reshape(-1, period)
    levels = np.sqrt(np.square(said).mean(axis=1))
    (loud,) = np.nonzero(levels >= np.abs(said).max() * amplitude(_QUIET))
    return first + int(loud[0]) - _MARGIN, first + int(loud[-1]) + 1 + _MARGIN


def _mora_times(segments: Sequence[_Segment], ends: Sequence[int], voice: HtsVoice) -> Iterator[MoraTime]:
    """The times of the segments, if all have a name; ``ends`` are in HTS frames of the clip."""
    if not all(segment.kana for segment in segments):
        return
    start = Frames(0)
    for segment, frame in zip(segments, ends, strict=True):
        end = conform_frames(Frames(max(0, frame) * voice.period), voice.rate, _RATE)
        if end > start:
            yield MoraTime(segment.kana, start, end)
            start = end
