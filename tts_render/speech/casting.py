"""Casting: who says each line of a script, and what exactly the engine is asked to say.

An :class:`Utterance` holds what can change the sound and nothing else. Which style of which engine a voice maps to is
decided by :func:`direct`, once the engine has listed its speakers.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tts_render.engine.base import KANA, Identity, Scales, Style, StyleId
from tts_render.engine.voicevox.dictionary import to_kana
from tts_render.ground.errors import EngineMismatchError, ScriptError
from tts_render.ground.messages import joined, listed, said, said_count
from tts_render.ground.reasons import words_of
from tts_render.ground.yamltree import nearest
from tts_render.reading import Lexicon, read, speakable
from tts_render.reading.normalise import normalise
from tts_render.script import Cue, Line, Manner, Pause, Script, Sound
from tts_render.settings.embedded import EMBEDDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tts_render.episode.takes import Take
    from tts_render.settings.config import Bend, Config, VoiceSettings
    from tts_render.settings.lexicon import Entry

_MARKS = ("\U0010fff0", "\U0010fff1")
"""Placeholders for the marks of kana while a text is read: no text can contain them."""
_KANA = re.compile(f"{_MARKS[0]}([^{_MARKS[1]}]*){_MARKS[1]}(?:([はがをにのへともで])(?![ぁ-んー]))?")
_REMEMBERED_TEXTS = 20_000
_REMEMBERED_LEXICONS = 4  # one without an engine and one with each, before and after a change
_PARTICLES = dict(zip("はがをにのへともで", "ワガオニノエトモデ", strict=True))

__all__ = [
    "Cast",
    "CastItem",
    "Direction",
    "Readings",
    "Role",
    "Utterance",
    "cast",
    "direct",
    "direct_roles",
    "held_by",
    "stand_ins",
]


class Role(NamedTuple):
    """Everything that the voice of an utterance depends on."""

    voice: str
    """Its name in voices.yaml."""
    style: str | None
    """The engine's name of the style, where the script names one."""
    manner: Manner


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing to say, in one voice."""

    index: int
    """0-based, in the order of the script."""
    text: str
    """The display text."""
    reading: str
    """The text that the engine is asked to say."""
    voice: str
    """The voice's name in voices.yaml."""
    line: int
    """1-based line in its source."""
    end_of_sentence: bool
    """False if the sentence continues in the next utterance."""
    style: str | None = None
    """The engine's name of the style, where the script names one."""
    manner: Manner = Manner()  # noqa: RUF009  # frozen
    quoted: bool = False
    """Whether it quotes somebody whom the speaker answers."""
    take: Take | None = None
    """How somebody has mended it."""

    @property
    def wording(self) -> str:
        """What decides its accent phrases: the reading, or the take."""
        return f"\0take {self.take.digest}" if self.take is not None and self.take.phrases else self.reading

    @property
    def role(self) -> Role:
        """Everything that its voice depends on."""
        return Role(self.voice, self.style, self.manner)


CastItem = Utterance | Pause | Cue | Sound


@dataclass(frozen=True, slots=True)
class Cast:
    """A script with its voices."""

    path: Path
    items: tuple[CastItem, ...]

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """Only what is spoken."""
        return tuple(item for item in self.items if isinstance(item, Utterance))


@dataclass(frozen=True, slots=True)
class Direction:
    """How one engine speaks a voice."""

    speaker: str
    """The engine's name of the speaker."""
    style: StyleId
    scales: Scales


class Readings:
    """What texts are read as, remembered: where a script is cast again, most of its lines are as they were.

    It may be used from any thread, and what one has read the others need not read.
    """

    def __init__(self) -> None:
        self._choosing = threading.Lock()
        self._known: dict[tuple[object, ...], dict[str, str]] = {}

    def reader(self, config: Config, held: Mapping[str, str]) -> Callable[[str], str]:
        """What reads a text with the words of some settings.

        Args:
            config: lexicon, and what is said for links.
            held: words that are left to the engine; see :func:`stand_ins`.
        """
        words = (config.links, *config.lexicon.items(), None, *held.items())
        with self._choosing:
            known = self._known.pop(words, {})
            known = known if len(known) < _REMEMBERED_TEXTS else {}
            self._known[words] = known
            for old in list(self._known)[:-_REMEMBERED_LEXICONS]:
                del self._known[old]
        lexicon = Lexicon(config.lexicon, held)

        def said(text: str) -> str:
            if text not in known:
                known[text] = _read(text, lexicon, config.links)
            return known[text]

        return said


def cast(
    script: Script,
    config: Config,
    voice: VoiceSettings,
    *,
    held: Mapping[str, str] = MappingProxyType({}),
    readings: Readings | None = None,
) -> Cast:
    """Give every line a voice and a reading. Lines with nothing to say become pauses.

    Args:
        script: the script to cast.
        config: voices and lexicon.
        voice: the voice for lines without a speaker.
        held: words of the lexicon that are in the engine's user dictionary, and what is sent for each; see
            :func:`stand_ins`.
        readings: what is known of earlier casts.

    Raises:
        ScriptError: a line names a speaker that is not in voices.yaml, or there is nothing to say.
    """
    items: list[CastItem] = []
    read = (readings or Readings()).reader(config, held)
    count = 0
    for item in script.items:
        if not isinstance(item, Line):
            items.append(item)
            continue
        speaker = voice if item.speaker is None else config.voice(item.speaker)
        if speaker is None:
            raise ScriptError(
                said("there is no voice {speaker!r}", speaker=item.speaker),
                path=script.path,
                line=item.line,
                remedy=config.nearest_voice(item.speaker or ""),
            )
        reading = _reading(item, read)
        if not speakable(reading):
            items.append(Pause("sentence", item.line))
            continue
        items.append(
            Utterance(
                count,
                item.text,
                reading,
                speaker.name,
                item.line,
                item.end_of_sentence,
                item.style,
                item.manner,
                item.quoted,
            )
        )
        count += 1
    if not count:
        raise ScriptError(
            said("has nothing to say"), path=script.path, remedy=said("Write at least one sentence into it.")
        )
    return Cast(script.path, tuple(items))


def direct(voices: Iterable[VoiceSettings], config: Config, identity: Identity) -> dict[str, Direction]:
    """Find each voice among the engine's styles.

    Raises:
        EngineMismatchError: the engine lacks a speaker, style or style id; the error names all of them.
    """
    found: dict[str, Direction] = {}
    missing: list[str] = []
    for voice in voices:
        try:
            found[voice.name] = _direct(voice, config, identity)
        except LookupError as error:
            missing.append(joined((f"{config.path}:{voice.line}", voice.name, words_of(error)), ": "))
    if missing:
        raise EngineMismatchError(
            joined(
                (said_count("does not have this voice", "does not have these voices", count=len(missing)), *missing),
                "\n  ",
            ),
            engine=f"{identity.engine} {identity.version}",
            remedy=said("`tts-render voices` lists what it has."),
        )
    return found


def direct_roles(
    utterances: Iterable[Utterance], config: Config, identity: Identity, path: Path
) -> dict[Role, Direction]:
    """Find every voice that a script asks for among the engine's styles.

    Args:
        utterances: all utterances of the script.
        config: the voices.
        identity: the engine.
        path: the script, for messages.

    Raises:
        EngineMismatchError: the engine lacks a speaker, style or style id; the error names all of them.
    """
    lines: dict[Role, int] = {}
    for utterance in utterances:
        lines.setdefault(utterance.role, utterance.line)
    plain = direct([config.voices[name] for name in dict.fromkeys(role.voice for role in lines)], config, identity)
    found: dict[Role, Direction] = {}
    missing: list[str] = []
    for role, line in lines.items():
        direction = plain[role.voice]
        if role.style is not None and identity.engine not in EMBEDDED:  # embedded engines have voices, but no styles
            wanted = replace(
                config.voices[role.voice], speaker=direction.speaker, style=role.style, style_id=None, line=line
            )
            try:
                direction = _direct(wanted, config, identity)
            except LookupError as error:
                missing.append(joined((f"{path}:{line}", f"{role.voice}（{role.style}）", words_of(error)), ": "))
        found[role] = replace(direction, scales=_in_manner(direction.scales, role.manner))
    if missing:
        raise EngineMismatchError(
            joined(
                (said_count("does not have this style", "does not have these styles", count=len(missing)), *missing),
                "\n  ",
            ),
            engine=f"{identity.engine} {identity.version}",
            remedy=said("`tts-render voices` lists what it has."),
        )
    return found


def held_by(identity: Identity, config: Config) -> tuple[Entry, ...]:
    """The words of the lexicon whose entries in the engine's user dictionary are identical, in normal form."""
    normal = (replace(entry, surface=normalise(entry.surface)) for entry in config.words)
    return tuple(entry for entry in normal if entry in identity.words)


def stand_ins(held: Iterable[Entry], lost: frozenset[Entry] = frozenset()) -> dict[str, str]:
    """What is sent for words that are in the engine's user dictionary.

    They are sent as written, so that the engine knows their accent and lexicon and dictionary never interfere. Only
    those that the engine reads differently all the same (``lost``) become kana with their accent.
    """
    return {
        entry.surface: f"{_MARKS[0]}{to_kana(entry)}{_MARKS[1]}" if entry in lost else entry.surface for entry in held
    }


def _reading(line: Line, read: Callable[[str], str]) -> str:
    """What the engine is asked to say for a line; the reading layers apply where the script gives no reading."""
    if not line.spans:
        return read(line.text)
    parts: list[str] = []
    for span in line.spans:
        if span.said is None:
            reading = read(span.text)
            # Read on its own, the text would lose its leading mark, and with it the pause.
            parts.append("、" * (bool(parts) and span.text[0] in "、，," and not reading.startswith("、")) + reading)
        elif span.kana and span.said:
            parts.append(KANA[0] + span.said + KANA[1])
        else:
            parts.append(_plain(span.said))
    return "".join(parts)


def _read(text: str, lexicon: Lexicon, links: str) -> str:
    """Read ``text`` through the layers; a particle after kana joins it, since both form one accent phrase."""
    return _KANA.sub(_with_particle, _plain(read(text, lexicon, links=links).said))


def _with_particle(found: re.Match[str]) -> str:
    kana = found[1] + _PARTICLES.get(found[2], "")
    return KANA[0] + (kana if "'" in kana else kana + "'") + KANA[1]


def _plain(reading: str) -> str:
    """``reading`` without the marks that begin and end kana with accents."""
    return reading.replace(KANA[0], "").replace(KANA[1], "")


def _in_manner(scales: Scales, manner: Manner) -> Scales:
    return replace(
        scales,
        speed=min(10.0, max(0.1, scales.speed * manner.speed)),
        pitch=min(1.0, max(-1.0, scales.pitch + manner.pitch)),
        volume=min(10.0, scales.volume * manner.volume),
        intonation=min(10.0, scales.intonation * manner.intonation),
    )


def _direct(voice: VoiceSettings, config: Config, identity: Identity) -> Direction:
    if identity.engine in EMBEDDED:
        bend = voice.bend(identity.engine)
        style = _embedded_style(voice, bend, config, identity)
        return Direction(style.speaker, style.id, _bent(voice, bend))
    style = _style(voice, identity)
    return Direction(
        style.speaker,
        style.id,
        Scales(
            speed=voice.speed, pitch=voice.pitch, intonation=voice.intonation, volume=voice.volume, pause=voice.pause
        ),
    )


def _style(voice: VoiceSettings, identity: Identity) -> Style:
    if voice.style_id is not None:
        for style in identity.styles:
            if style.id == voice.style_id:
                return style
        raise LookupError(said("style_id {style_id} is unknown", style_id=voice.style_id))
    speakers = {_nfc(style.speaker): style.speaker for style in identity.styles}
    wanted = _nfc(voice.speaker or "")
    if wanted not in speakers:
        near = nearest(wanted, speakers)
        message = said("speaker {speaker!r} is unknown", speaker=voice.speaker)
        raise LookupError(said("{message}; did you mean {near}?", message=message, near=near) if near else message)
    styles = [style for style in identity.styles if style.speaker == speakers[wanted]]
    if voice.style is None:
        return styles[0]
    for style in styles:
        if _nfc(style.name) == _nfc(voice.style):
            return style
    raise LookupError(
        said(
            "style {style!r} is unknown; {speaker} has {styles}",
            style=voice.style,
            speaker=voice.speaker,
            styles=listed(style.name for style in styles),
        )
    )


def _embedded_style(voice: VoiceSettings, bend: Bend, config: Config, identity: Identity) -> Style:
    if bend.voice is None:
        # Go by its position in the file, so that shows differ without a setting and stay the same.
        return identity.styles[list(config.voices).index(voice.name) % len(identity.styles)]
    for style in identity.styles:
        if style.speaker == bend.voice:
            return style
    near = nearest(bend.voice, [style.speaker for style in identity.styles])
    message = said("{engine} voice {voice!r} is unknown", engine=identity.engine, voice=bend.voice)
    raise LookupError(said("{message}; did you mean {near}?", message=message, near=near) if near else message)


def _bent(voice: VoiceSettings, bend: Bend) -> Scales:
    pitch = voice.pitch if bend.half_tone is None else bend.half_tone / 12
    if bend.voice is not None:
        pitch = 0.0  # chosen for its own pitch, which cannot be changed
    return Scales(
        speed=voice.speed if bend.speed is None else bend.speed,
        pitch=pitch,
        intonation=voice.intonation,
        volume=voice.volume,
        pause=voice.pause,
    )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
