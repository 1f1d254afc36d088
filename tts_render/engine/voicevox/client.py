"""Client for the VOICEVOX engine and compatible ones, over HTTP.

Other engines offer the same interface (AivisSpeech, SHAREVOX, COEIROINK), so nothing here depends on VOICEVOX itself.
The version includes the brand, so that two engines with equal numbers are never confused.
"""

from __future__ import annotations

import copy
import json
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlencode

from tts_render.engine.base import KANA, Identity, Phrasing, Scales, Spoken, Style, StyleId
from tts_render.engine.moras import (
    count_moras,
    digest_phrases,
    fill,
    is_complete,
    is_open,
    read_phrases,
    to_kana,
    write_phrases,
)
from tts_render.engine.voicevox.audit import LengthAudit
from tts_render.engine.voicevox.dictionary import held_words, read_words
from tts_render.engine.voicevox.http import EngineHttp, FaultError, Patience, parse_json, tidy
from tts_render.engine.voicevox.lengths import predict
from tts_render.engine.voicevox.wav import parse_wav
from tts_render.ground.errors import EngineRefusedError, EngineReplyError
from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of
from tts_render.script.cleaning import speakable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tts_render.engine.moras import AccentPhrase
    from tts_render.engine.voicevox.lengths import Prediction
    from tts_render.ground.units import Seconds

__all__ = ["VoicevoxEngine"]

T = TypeVar("T")

_RATE = 24_000
"""Rate of an engine that does not report one."""
_NO_MANIFEST = ("VOICEVOX", _RATE, "")
_LONGEST_NAME = 1000
"""Maximum number of characters in a version or brand."""
_RATES = range(16_000, 48_001)
"""Sounds are requested at the engine's own rate: a lower one loses sound, a higher one only adds size."""
_NOTATION = re.compile("[ァ-ヺー'/、_？]*")
"""All characters of a reading in VOICEVOX's notation."""
_PROBES = ("はい、そうです。", "今日はいい天気です。")
"""Spoken by an engine whose lengths are in doubt; with the utterance that raised the doubt they make three."""
_SECONDS_PER_MORA = 0.2
"""Generous, and used only for the time-out, so that the lengths in the query need not be trusted."""


_PARTS = re.compile(f"({KANA[0]}[^{''.join(KANA)}]*{KANA[1]})")
_PAUSES = "、，。！？,!?"
_NEUTRAL: dict[str, object] = {"pauseLength": None, "pauseLengthScale": 1.0}
"""The rest of a query besides its phrases; the scales are filled in when it is spoken."""


class VoicevoxEngine:
    """One engine at one URL. It speaks one utterance at a time, as the engine itself does."""

    workers = 1

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        version: str | None = None,
        warn: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the client; no request is sent yet.

        Args:
            url: where the engine listens.
            patience: how long to wait for it and how often to ask.
            version: its version, if known; None to ask for it.
            warn: called once if sounds are accepted whose lengths are far from what the engine says.
            sleep: waits for that many seconds.
            clock: returns seconds that never go backwards.

        Raises:
            EngineError: ``url`` is not an http or https URL.
        """
        self._url = url
        self._patience = patience or Patience()
        self._version = version
        self._http = EngineHttp(url, self._patience, sleep=sleep, clock=clock)
        if version is not None:
            self._http.hold_to(version)
        self._audit = LengthAudit()
        self._probed: dict[tuple[StyleId, float, float], bool] = {}
        self._warned = False
        self._rate = _RATE
        self._warn = warn
        self.label = self._http.label

    def wait(self, seconds: Seconds) -> None:
        """Wait at most ``seconds`` for the engine to answer.

        Raises:
            EngineUnreachableError: it does not answer in time.
        """
        self._http.wait(seconds)

    def identify(self) -> Identity:
        """Return its version, user dictionary and talk styles.

        Raises:
            EngineUnreachableError: nothing answers.
            EngineReplyError: it is not such an engine, or is broken.
        """
        try:
            version = self._http.get_json("/version", _version, tries=4)
            styles = self._http.get_json("/speakers", _styles)
            dictionary = self._optional("/user_dict", read_words)
            brand, self._rate, number = self._optional("/engine_manifest", _manifest) or _NO_MANIFEST
        except (EngineRefusedError, EngineReplyError) as error:
            if isinstance(error, EngineReplyError) and error.status is not None:
                raise
            raise EngineReplyError(
                said("something answers there, but not a VOICEVOX engine: {message}", message=error.message),
                engine=self.label,
                remedy=said("An engine usually listens on http://127.0.0.1:50021; name it with --engine."),
            ) from error
        self._version = version
        self._http.hold_to(version)
        return Identity(
            engine="voicevox",
            version=tidy(version if brand == "VOICEVOX" else f"{brand} {version}"),
            dictionary="" if dictionary is None else _digest_dictionary(dictionary),
            styles=styles,
            words=frozenset() if dictionary is None else held_words(dictionary),
            id=number,
        )

    def phrase(self, text: str, style: StyleId) -> Phrasing:
        """Return the accent phrases of ``text``.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot handle this text.
        """
        if KANA[0] in text:
            return self._phrase_with_kana(text, style)

        def work(stretch: float) -> Phrasing:
            body = self._http.ask(
                "POST",
                "/audio_query",
                params={"text": text, "speaker": style},
                seconds=self._patience.query * stretch,
            )
            try:
                query = parse_json(body)
                phrases = read_phrases(query)
            except ValueError as error:
                raise FaultError(said("/audio_query answered nonsense: {error}", error=words_of(error))) from error
            return _phrasing(cast("dict[str, object]", query), phrases)

        return self._http.patiently("/audio_query", work)

    def _phrase_with_kana(self, text: str, style: StyleId) -> Phrasing:
        """Return the accent phrases of a text with parts in kana with accents.

        Each part is asked for separately; lengths and pitches are then computed for the whole.
        """
        phrases: list[object] = []
        for part in filter(None, _PARTS.split(text)):
            kana = part.startswith(KANA[0])
            said = part.strip("".join(KANA)) if kana else part
            if not kana and phrases and said[0] in _PAUSES:
                phrases[-1] = _followed_by_pause(phrases[-1])
            if not kana and not speakable(said):
                continue
            params: dict[str, str | int] = {"text": said, "speaker": style, "is_kana": "true" if kana else "false"}
            phrases += self._ask("/accent_phrases", params)
            if not kana and phrases and said[-1] in _PAUSES:
                phrases[-1] = _followed_by_pause(phrases[-1])
        if phrases:
            phrases[-1] = cast("dict[str, object]", phrases[-1]) | {"pause_mora": None}
            phrases = self._ask("/mora_data", {"speaker": style}, phrases)
        query = _NEUTRAL | {"accent_phrases": phrases}
        return _phrasing(query, read_phrases(query))

    def follow(self, phrases: Sequence[AccentPhrase], style: StyleId) -> Phrasing:
        """Return ``phrases`` as the engine says them; missing lengths and pitches become its own.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot do these phrases.
        """
        digest = (
            digest_phrases(phrases) if is_open(phrases) else digest_bytes(json.dumps(write_phrases(phrases)).encode())
        )
        whole = phrases
        if not is_complete(phrases):
            own = self._ask("/mora_data", {"speaker": style}, write_phrases(fill(phrases, phrases)))
            try:
                whole = fill(phrases, read_phrases({"accent_phrases": own}))
            except ValueError as error:
                raise EngineReplyError(
                    said("/mora_data answered nonsense: {error}", error=words_of(error)), engine=self.label
                ) from error
        query = _NEUTRAL | {"accent_phrases": write_phrases(whole)}
        return Phrasing(digest=digest, kana=to_kana(phrases), moras=count_moras(phrases), payload=query)

    def unfold(self, phrasing: Phrasing) -> tuple[AccentPhrase, ...]:
        """Return the accent phrases of ``phrasing``, complete."""
        return read_phrases(phrasing.payload)

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:
        """Speak ``phrasing``.

        Raises:
            EngineUnreachableError: the engine is gone.
            EngineRefusedError, EngineReplyError: it cannot handle this text.
        """
        if not phrasing.moras:
            raise ValueError(said("accent phrases without a mora cannot be spoken"))  # a mock engine crashes on them
        query, prediction = _bend(phrasing, scales, self._rate)
        seconds = self._seconds(phrasing, scales)
        lengths: list[int] = []

        def work(stretch: float) -> Spoken:
            samples, rate = self._synthesize(query, style, seconds * stretch)
            lengths.append(len(samples))
            verdict = self._audit.judge(_voice(style, scales), prediction, rate, lengths)
            steady = verdict == "steady" and self._accept(style, scales, prediction, lengths, rate)
            if verdict != "right" and not steady:
                raise FaultError(
                    said(
                        "/synthesis answered with a sound of {samples:.2f} s"
                        " where its lengths add up to {frames:.2f} s",
                        samples=len(samples) / rate,
                        frames=prediction.frames(rate) / rate,
                    )
                )
            return Spoken(samples, rate, () if self._audit.believed else prediction.times(len(samples)))

        return self._http.patiently("/synthesis", work)

    def _ask(self, path: str, params: dict[str, str | int], body: object = None) -> list[object]:
        """The accent phrases that ``path`` answers with."""

        def work(stretch: float) -> list[object]:
            answer = self._http.ask("POST", path, params=params, body=body, seconds=self._patience.query * stretch)
            try:
                found = parse_json(answer)
                read_phrases({"accent_phrases": found})
            except ValueError as error:
                raise FaultError(said("{path} answered nonsense: {error}", path=path, error=words_of(error))) from error
            return cast("list[object]", found)

        return self._http.patiently(path, work)

    def terms(self, speaker: str) -> str:
        """Return the terms of use of a speaker, as the engine gives them; empty if it has none.

        Raises:
            EngineUnreachableError, EngineReplyError: it cannot be asked.
        """
        number = self._optional("/speakers", lambda listed: _number(listed, speaker))
        if number is None:
            return ""
        # Pictures and samples come as URLs: inside the reply they would be megabytes.
        query = urlencode({"speaker_uuid": number, "resource_format": "url"})
        info = self._optional(f"/speaker_info?{query}", _object) or {}
        policy = info.get("policy")
        return policy.strip() if isinstance(policy, str) else ""

    def aside(self) -> VoicevoxEngine:
        """The same engine over a separate connection, with each question asked once."""
        return VoicevoxEngine(
            self._url, patience=replace(self._patience, tries=1, time_outs=1), version=self._version, warn=self._warn
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _synthesize(self, query: dict[str, object], style: StyleId, seconds: Seconds) -> tuple[NDArray[np.int16], int]:
        """Request the sound of ``query`` once.

        Raises:
            FaultError: no sound came.
        """
        body = self._http.ask("POST", "/synthesis", params={"speaker": style}, body=query, seconds=seconds)
        try:
            samples, rate = parse_wav(body)
        except ValueError as error:
            raise FaultError(said("/synthesis answered {error}", error=words_of(error))) from error
        if not len(samples):
            raise FaultError(said("/synthesis answered with a WAV without sound"))
        return samples, rate

    def _seconds(self, phrasing: Phrasing, scales: Scales) -> Seconds:
        """How long to wait for the sound."""
        expected = phrasing.moras * _SECONDS_PER_MORA / scales.speed
        return max(self._patience.synthesis, expected * self._patience.synthesis_share)

    def _accept(self, style: StyleId, scales: Scales, prediction: Prediction, lengths: list[int], rate: int) -> bool:
        """Whether to accept a sound whose length is repeated but far from what its query says."""
        voice = _voice(style, scales)
        if voice not in self._probed:
            self._probed[voice] = self._probe(style, scales)
        keeps = self._audit.keeps(voice)
        if keeps == "exactly" or not self._probed[voice]:
            return False
        self._audit.believed |= keeps == "not"
        if not self._warned:
            self._warned = True
            seconds = prediction.frames(rate) / rate
            told = said("{seconds:.2f} s", seconds=seconds) if prediction.total else said("nothing")
            came = said("({told} expected, {seconds:.2f} s came)", told=told, seconds=lengths[-1] / rate)
            self._warn(
                said(
                    "{label}: its sounds never have the length that it announces {came}; for this run they"
                    " are accepted as they come, so a truncated sound cannot be noticed",
                    label=self.label,
                    came=came,
                )
                if keeps == "not"
                else said(
                    "{label}: a sound does not have the announced length, but the same one each time {came};"
                    " for this run such sounds are accepted",
                    label=self.label,
                    came=came,
                )
            )
        return True

    def _probe(self, style: StyleId, scales: Scales) -> bool:
        """Speak our own sentences, each twice, for the audit; return whether the two were always the same."""
        voice = _voice(style, scales)
        for text in _PROBES:
            phrasing = self.phrase(text, style)
            query, prediction = _bend(phrasing, scales, self._rate)
            if not prediction.total:
                continue
            seconds = self._seconds(phrasing, scales)

            def work(
                stretch: float, query: dict[str, object] = query, seconds: float = seconds
            ) -> tuple[NDArray[np.int16], int]:
                return self._synthesize(query, style, seconds * stretch)

            lengths: list[int] = []
            for _ in range(2):
                samples, rate = self._http.patiently("/synthesis", work)
                lengths.append(len(samples))
                if self._audit.judge(voice, prediction, rate, lengths) == "right":
                    break
            else:
                if lengths[0] != lengths[1]:
                    return False
        return True

    def _optional(self, path: str, read: Callable[[object], T]) -> T | None:
        """Parse the answer of ``path`` with ``read``; None if the engine does not have this path."""
        try:
            return self._http.get_json(path, read)
        except EngineRefusedError:
            return None


def _version(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        raise ValueError(said("no version"))
    return value


def _styles(speakers: object) -> tuple[Style, ...]:
    """The talk styles in an answer of ``/speakers``."""
    styles: list[Style] = []
    try:
        for speaker in cast("list[dict[str, list[dict[str, object]]]]", speakers):
            for style in speaker["styles"]:
                name, number, owner = style["name"], style["id"], cast("object", speaker["name"])
                if not isinstance(name, str) or not isinstance(number, int) or not isinstance(owner, str):
                    raise TypeError  # noqa: TRY301
                if style.get("type", "talk") == "talk":
                    owner_id = _known_id(cast("object", speaker.get("speaker_uuid")))
                    styles.append(Style(owner, name, StyleId(number), owner_id))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(said("not a list of speakers")) from error
    return tuple(styles)


def _number(speakers: object, name: str) -> str | None:
    """The id of a speaker in an answer of ``/speakers``; None if the speaker is missing, or has no id."""
    if not isinstance(speakers, list):
        raise ValueError(said("not a list of speakers"))  # noqa: TRY004  # the type of a foreign value
    entries = (entry for entry in speakers if isinstance(entry, dict))
    number = next((entry.get("speaker_uuid") for entry in entries if entry.get("name") == name), None)
    return number if isinstance(number, str) else None


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(said("not a JSON object"))  # noqa: TRY004  # the type of a foreign value
    return value


def _manifest(value: object) -> tuple[str, int, str]:
    """Brand, frames per second of its sounds, and id."""
    told = _object(value)
    brand, rate, number = told.get("brand_name"), told.get("default_sampling_rate"), told.get("uuid")
    if isinstance(brand, str) and len(brand) > _LONGEST_NAME:
        raise ValueError(said("an absurdly long brand"))
    return (
        brand if isinstance(brand, str) and brand else _NO_MANIFEST[0],
        rate if isinstance(rate, int) and rate in _RATES else _NO_MANIFEST[1],
        _known_id(number),
    )


def _known_id(value: object) -> str:
    """The id of an engine or a speaker; empty if there is none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME else ""


def _digest_dictionary(words: Mapping[str, Mapping[str, object]]) -> str:
    """Digest of everything in the user dictionary that can change a reading.

    The ids of the words and the order in which they were added cannot, except among words that are written alike: those
    are kept in the engine's order.
    """
    kept = sorted(words.values(), key=lambda word: str(word.get("surface")))
    return digest_bytes(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode())


def _voice(style: StyleId, scales: Scales) -> tuple[StyleId, float, float]:
    """Everything besides the text that affects how long a sound is."""
    return style, scales.speed, scales.pause


def _phrasing(query: dict[str, object], phrases: tuple[AccentPhrase, ...]) -> Phrasing:
    kana, digest = query.get("kana"), digest_phrases(phrases)
    if not isinstance(kana, str) or not kana or not _NOTATION.fullmatch(kana):
        if kana:  # AivisSpeech: this is the text, which decides how the phrases are said
            digest = digest_bytes(json.dumps([digest, kana]).encode())
        kana = "、".join("".join(mora.text for mora in phrase.moras) for phrase in phrases)
    return Phrasing(digest=digest, kana=kana, moras=count_moras(phrases), payload=query)


def _followed_by_pause(phrase: object) -> object:
    """The same accent phrase followed by a silence, whose length the engine fills in."""
    pause = {
        "text": "、",
        "consonant": None,
        "consonant_length": None,
        "vowel": "pau",
        "vowel_length": 0.3,
        "pitch": 0.0,
    }
    return cast("dict[str, object]", phrase) | {"pause_mora": pause}


def _bend(phrasing: Phrasing, scales: Scales, rate: int) -> tuple[dict[str, object], Prediction]:
    """The query to send, and the predicted length of its sound."""
    query = cast("dict[str, object]", phrasing.payload)
    phrases = read_phrases(query)
    pause_length = query.get("pauseLength")
    prediction = predict(
        phrases, scales, pause_length=float(pause_length) if isinstance(pause_length, int | float) else None
    )
    bent = query | {
        "speedScale": scales.speed,
        "pitchScale": scales.pitch,
        "intonationScale": scales.intonation,
        "volumeScale": scales.volume,
        "prePhonemeLength": 0.0,
        "postPhonemeLength": 0.0,
        "outputSamplingRate": rate,
        "outputStereo": False,
    }
    if "pauseLengthScale" in query:
        bent["pauseLengthScale"] = scales.pause
    elif scales.pause != 1.0:  # an engine before 0.20 would ignore it
        bent["accent_phrases"] = _with_pauses(query["accent_phrases"], scales.pause)
    return bent, prediction


def _with_pauses(phrases: object, scale: float) -> object:
    changed = copy.deepcopy(cast("list[dict[str, dict[str, float] | None]]", phrases))
    for phrase in changed:
        pause = phrase.get("pause_mora")
        if pause:
            pause["vowel_length"] *= scale
    return changed
