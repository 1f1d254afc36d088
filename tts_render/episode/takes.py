"""Takes: what somebody has mended about single utterances and the text of a script cannot say.

They are kept in ``NAME.takes.json`` beside the script, or for the body of a post beside its audio, and belong to the
site as the script does: the same takes give the same sound everywhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tts_render.engine.moras import read_phrases, write_phrases
from tts_render.ground.errors import ScriptError
from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tts_render.engine.moras import AccentPhrase

__all__ = ["SUFFIX", "Take", "encode_takes", "read_takes", "takes_in"]

SUFFIX = ".takes.json"
"""What the name of the file ends with, in place of the script's or the audio's suffix."""

_SCHEMA = 1
_LARGEST = 16 * 1024 * 1024  # bytes
_FIELDS = frozenset({"utterance", "line", "text", "reading", "voice", "style", "accent_phrases", "intonation"})


@dataclass(frozen=True, slots=True)
class Take:
    """One utterance as somebody has mended it."""

    utterance: str
    """The id of the utterance."""
    line: int
    """1-based line where it stood then, for messages."""
    text: str
    """Its display text then."""
    reading: str
    """What the engine was asked to say then. A take is used only while that and the voice are the same."""
    voice: str
    """The voice's name in voices.yaml then."""
    style: str | None = None
    """The engine's name of the style then, where the script named one."""
    phrases: tuple[AccentPhrase, ...] = ()
    """What is said instead of the engine's own accent phrases; empty leaves them as they are. Lengths and pitches that
    are None are the engine's."""
    intonation: float = 1.0
    """Multiplies the voice's; 0 to 10."""

    @property
    def digest(self) -> str:
        """Digest of what can be heard of it."""
        return _digest(self.phrases, self.intonation)


@lru_cache(maxsize=1024)
def _digest(phrases: tuple[AccentPhrase, ...], intonation: float) -> str:
    return digest_bytes(json.dumps([write_phrases(phrases), intonation]).encode())


def read_takes(path: Path) -> tuple[Take, ...]:
    """The takes in a file; none where there is no file.

    Raises:
        ScriptError: the file cannot be read, or is not in the form of takes; the take is named.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise ScriptError(said("is larger than {largest} MiB", largest=_LARGEST // 2**20), path=path)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        reason = said("it is not UTF-8") if isinstance(error, UnicodeDecodeError) else reason_of(error)
        raise ScriptError(said("cannot be read: {reason}", reason=reason), path=path) from error
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise ScriptError(said("is not valid JSON: {error}", error=words_of(error)), path=path, line=line) from error
    return takes_in(facts, path)


def takes_in(facts: object, path: Path) -> tuple[Take, ...]:
    """The takes in what is read from a file.

    Raises:
        ScriptError: it is not in the form of takes; the take is named.
    """
    if not isinstance(facts, dict) or facts.get("schema") != _SCHEMA or not isinstance(facts.get("takes"), list):
        raise ScriptError(
            said("does not hold takes of schema {schema}", schema=_SCHEMA),
            path=path,
            remedy=said("A newer version may have written it."),
        )
    takes: list[Take] = []
    for number, value in enumerate(facts["takes"], 1):
        try:
            takes.append(_take(value))
        except ValueError as error:
            raise ScriptError(
                said("take {number}: {error}", number=number, error=words_of(error)), path=path
            ) from error
    if len({take.utterance for take in takes}) < len(takes):
        raise ScriptError(said("holds two takes of one utterance"), path=path, remedy=said("Take one of them out."))
    return tuple(takes)


def encode_takes(takes: Iterable[Take]) -> bytes:
    """The content of the file, in the order of the lines; the same takes give the same bytes."""
    listed = [
        {
            "utterance": take.utterance,
            "line": take.line,
            "text": take.text,
            "reading": take.reading,
            "voice": take.voice,
            "style": take.style,
            "accent_phrases": write_phrases(take.phrases),
            "intonation": take.intonation,
        }
        for take in sorted(takes, key=lambda take: (take.line, take.utterance))
    ]
    return (json.dumps({"schema": _SCHEMA, "takes": listed}, ensure_ascii=False, indent=1) + "\n").encode()


def _take(value: object) -> Take:
    if not isinstance(value, dict):
        raise ValueError(said("is not an object"))  # noqa: TRY004  # the type of a foreign value
    if unknown := sorted(set(value) - _FIELDS):
        raise ValueError(said("{unknown} is unknown", unknown=unknown[0]))
    phrases = read_phrases(value, open_ends=True) if value.get("accent_phrases") else ()
    for phrase in phrases:
        if not phrase.moras or not 1 <= phrase.accent <= len(phrase.moras):
            raise ValueError(said("an accent that is on none of its moras"))
    intonation = value.get("intonation", 1.0)
    if not isinstance(intonation, int | float) or isinstance(intonation, bool) or not 0 <= intonation <= 10:
        raise ValueError(said("intonation must be a number from 0 to 10"))
    line = value.get("line")
    if not isinstance(line, int) or isinstance(line, bool) or line < 1:
        raise ValueError(said("line must be a whole number from 1 on"))
    style = value.get("style")
    return Take(
        *(_text(value, "utterance"), line, _text(value, "text"), _text(value, "reading"), _text(value, "voice")),
        None if style is None else _text(value, "style"),
        phrases,
        float(intonation),
    )


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise ValueError(said("{key} must be a text", key=key))
    return text
