"""Projects of VOICEVOX's editor (``.vvproj``), as plain values: written, and read with suspicion.

The form is that of editor 0.22, which later ones read as it stands. When it opens a project, the editor gives every
audio item a new key and forgets what it does not know; the ``kana`` of a query it keeps as it is, whatever is changed.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_render.engine.base import Scales
from tts_render.engine.moras import read_phrases
from tts_render.ground.errors import InputError
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.engine.moras import AccentPhrase, Mora

__all__ = ["SILENCE", "SUFFIX", "AudioItem", "Query", "item_key", "read_project", "write_project"]

SILENCE = 0.1
"""Seconds of silence before and after an audio item, in files that the editor makes."""
SUFFIX = ".vvproj"

_VERSION = "0.22.0"
_LARGEST = 64 * 1024 * 1024  # bytes; ten hours of speech
_MOST_ITEMS = 20_000
_TRACK = "c7b1d0c2-6f0d-4e0a-9d53-5f6c1f6a3b58"  # the editor's singing half is never without one
_PROBLEM = said("It may have been made by another program, or damaged; save it again in VOICEVOX's editor.")


@dataclass(frozen=True, slots=True)
class Query:
    """How an audio item is said."""

    phrases: tuple[AccentPhrase, ...]
    """Complete: every mora has its length and pitch."""
    scales: Scales
    kana: str | None
    """The accent phrases in kana as they were when the item was made."""
    before: float = SILENCE
    """Seconds of silence before it, in files that the editor makes."""
    after: float = SILENCE
    rate: float | None = None
    """Frames per second; None for the engine's own."""
    stereo: bool = False


@dataclass(frozen=True, slots=True)
class AudioItem:
    """One line of the editor."""

    key: str
    text: str
    engine: str
    """Id of the engine."""
    speaker: str
    """Id of the speaker."""
    style: int
    query: Query | None
    """None if the editor has never asked the engine about it."""
    morphed: bool = False
    """Whether it is mixed with another voice."""


def item_key(utterance: str) -> str:
    """The key of the audio item for the utterance with this id."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"tts-render utterance {utterance}"))


def write_project(items: Iterable[AudioItem]) -> bytes:
    """The content of a project with these audio items; the same items give the same bytes."""
    listed = tuple(items)
    track = {
        "name": "無名トラック",
        "keyRangeAdjustment": 0,
        "volumeRangeAdjustment": 0,
        "notes": [],
        "pitchEditData": [],
        "volumeEditData": [],
        "phonemeTimingEditData": {},
        "solo": False,
        "mute": False,
        "gain": 1,
        "pan": 0,
    }
    project = {
        "appVersion": _VERSION,
        "talk": {
            "audioKeys": [item.key for item in listed],
            "audioItems": {item.key: _item_json(item) for item in listed},
        },
        "song": {
            "tpqn": 480,
            "tempos": [{"position": 0, "bpm": 120}],
            "timeSignatures": [{"measureNumber": 1, "beats": 4, "beatType": 4}],
            "tracks": {_TRACK: track},
            "trackOrder": [_TRACK],
        },
    }
    return json.dumps(project, ensure_ascii=False, separators=(",", ":")).encode()


def read_project(path: Path) -> tuple[AudioItem, ...]:
    """The audio items of a project, in the editor's order.

    Raises:
        InputError: it cannot be read, or is not such a project; the audio item is named.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(said("is larger than {largest} MiB", largest=_LARGEST // 2**20), path=path)
        project = json.loads(path.read_bytes().decode("utf-8-sig").strip())
    except OSError as error:
        raise InputError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            said("is not a VOICEVOX project: {error}", error=words_of(error)), path=path, remedy=_PROBLEM
        ) from error
    talk = project.get("talk") if isinstance(project, dict) else None
    if talk is None and isinstance(project, dict) and "audioKeys" in project:
        raise InputError(
            said("was saved by an editor older than 0.17"),
            path=path,
            remedy=said("Open it in a newer one and save it again."),
        )
    keys = talk.get("audioKeys") if isinstance(talk, dict) else None
    values = talk.get("audioItems") if isinstance(talk, dict) else None
    if not isinstance(keys, list) or not isinstance(values, dict):
        raise InputError(
            said("is not a VOICEVOX project: it has no talk with audioKeys and audioItems"), path=path, remedy=_PROBLEM
        )
    if len(keys) > _MOST_ITEMS:
        raise InputError(said("has more than {most_items:,} audio items", most_items=_MOST_ITEMS), path=path)
    items: list[AudioItem] = []
    for number, key in enumerate(keys, 1):
        try:
            items.append(_item(key, values))
        except ValueError as error:
            raise InputError(
                said("audio item {number}: {error}", number=number, error=words_of(error)), path=path, remedy=_PROBLEM
            ) from error
    if len({item.key for item in items}) < len(items):
        raise InputError(said("lists an audio item twice"), path=path, remedy=_PROBLEM)
    return tuple(items)


def _item_json(item: AudioItem) -> dict[str, object]:
    voice = {"engineId": item.engine, "speakerId": item.speaker, "styleId": item.style}
    made: dict[str, object] = {"text": item.text, "voice": voice}
    return made if item.query is None else made | {"query": _query_json(item.query)}


def _query_json(query: Query) -> dict[str, object]:
    return {
        "accentPhrases": [_phrase_json(phrase) for phrase in query.phrases],
        "speedScale": query.scales.speed,
        "pitchScale": query.scales.pitch,
        "intonationScale": query.scales.intonation,
        "volumeScale": query.scales.volume,
        "pauseLengthScale": query.scales.pause,
        "prePhonemeLength": query.before,
        "postPhonemeLength": query.after,
        "outputSamplingRate": "engineDefault" if query.rate is None else query.rate,
        "outputStereo": query.stereo,
    } | ({} if query.kana is None else {"kana": query.kana})


def _phrase_json(phrase: AccentPhrase) -> dict[str, object]:
    made: dict[str, object] = {"moras": [_mora_json(mora) for mora in phrase.moras], "accent": phrase.accent}
    if phrase.pause is not None:
        made["pauseMora"] = _mora_json(phrase.pause)
    return made | {"isInterrogative": phrase.question}


def _mora_json(mora: Mora) -> dict[str, object]:
    made: dict[str, object] = {
        "text": mora.text,
        "vowel": mora.vowel,
        "vowelLength": mora.vowel_length or 0.0,
        "pitch": mora.pitch or 0.0,
    }
    if mora.consonant is not None:
        made |= {"consonant": mora.consonant, "consonantLength": mora.consonant_length or 0.0}
    return made


def _item(key: object, values: dict[str, Any]) -> AudioItem:
    if not isinstance(key, str) or not isinstance(value := values.get(key), dict):
        raise ValueError(said("is listed but not there"))  # noqa: TRY004  # the type of a foreign value
    voice, query = value.get("voice"), value.get("query")
    if not isinstance(voice, dict):
        raise ValueError(said("has no voice"))  # noqa: TRY004
    style = voice.get("styleId")
    if not isinstance(style, int) or isinstance(style, bool):
        raise ValueError(said("voice.styleId must be a whole number"))  # noqa: TRY004
    return AudioItem(
        key,
        _text(value, "text"),
        _text(voice, "engineId"),
        _text(voice, "speakerId"),
        style,
        None if query is None else _query(query),
        morphed=value.get("morphingInfo") is not None,
    )


def _query(query: object) -> Query:
    if not isinstance(query, dict):
        raise ValueError(said("query must be an object"))  # noqa: TRY004
    phrases = query.get("accentPhrases")
    if not isinstance(phrases, list):
        raise ValueError(said("query.accentPhrases must be a list"))  # noqa: TRY004
    rate, kana, stereo = query.get("outputSamplingRate"), query.get("kana"), query.get("outputStereo")
    if not isinstance(kana, str | None) or not isinstance(stereo, bool):
        raise ValueError(said("query.kana must be a text, and query.outputStereo true or false"))  # noqa: TRY004
    try:
        read = read_phrases({"accent_phrases": [_engine_form(phrase) for phrase in phrases]})
    except ValueError as error:
        raise ValueError(said("query.accentPhrases: {error}", error=words_of(error))) from error
    if not all(phrase.moras and 1 <= phrase.accent <= len(phrase.moras) for phrase in read):
        raise ValueError(said("query.accentPhrases: an accent that is on none of its moras"))
    moras = [mora for phrase in read for mora in (*phrase.moras, *([phrase.pause] if phrase.pause else []))]
    if any(mora.consonant is not None and mora.consonant_length is None for mora in moras):
        raise ValueError(said("query.accentPhrases: a consonant without length"))
    return Query(
        phrases=read,
        scales=Scales(
            speed=_number(query, "speedScale", least=0.01),
            pitch=_number(query, "pitchScale", least=-10),
            intonation=_number(query, "intonationScale"),
            volume=_number(query, "volumeScale"),
            pause=_number(query, "pauseLengthScale") if "pauseLengthScale" in query else 1.0,
        ),
        kana=kana,
        before=_number(query, "prePhonemeLength"),
        after=_number(query, "postPhonemeLength"),
        rate=None if rate == "engineDefault" else _number(query, "outputSamplingRate", most=1e6),
        stereo=stereo,
    )


def _engine_form(phrase: object) -> object:
    """An accent phrase with the names that the engine's own interface has."""
    if not isinstance(phrase, dict) or not isinstance(phrase.get("moras"), list):
        return phrase
    pause = phrase.get("pauseMora")
    return {
        "moras": [_engine_mora(mora) for mora in phrase["moras"]],
        "accent": phrase.get("accent"),
        "pause_mora": None if pause is None else _engine_mora(pause),
        "is_interrogative": phrase.get("isInterrogative", False),
    }


def _engine_mora(mora: object) -> object:
    if not isinstance(mora, dict):
        return mora
    return {
        "text": mora.get("text"),
        "consonant": mora.get("consonant"),
        "vowel": mora.get("vowel"),
        "consonant_length": mora.get("consonantLength"),
        "vowel_length": mora.get("vowelLength"),
        "pitch": mora.get("pitch"),
    }


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(said("{key} must be a text", key=key))
    return text


def _number(query: dict[str, Any], key: str, *, least: float = 0.0, most: float = 1e3) -> float:
    number = query.get(key)
    if not isinstance(number, int | float) or isinstance(number, bool) or not least <= number <= most:
        raise ValueError(
            said("query.{key} must be a number from {least:g} to {most:g}", key=key, least=least, most=most)
        )
    return float(number)
