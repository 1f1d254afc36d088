"""The voice of the fake engine: accent phrases of a text by simple fixed rules, and a tone for each of their moras.

It knows no Japanese beyond kana. What matters is that equal texts get equal phrases, that a word in the dictionary
changes just the texts that hold it, that marks alone give no phrases, and that sounds are as long as a real engine's
would be.
"""

from __future__ import annotations

import copy
import math
import re
import struct
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RATE = 24_000
HOP = 256

Json = dict[str, Any]

_SYLLABLES = """
ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko ガ ga ギ gi グ gu ゲ ge ゴ go サ sa シ shi ス su セ se ソ so
ザ za ジ ji ズ zu ゼ ze ゾ zo タ ta チ chi ツ tsu テ te ト to ダ da ヂ ji ヅ zu デ de ド do
ナ na ニ ni ヌ nu ネ ne ノ no
ハ ha ヒ hi フ fu ヘ he ホ ho バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po マ ma ミ mi ム mu メ me モ mo
ヤ ya ユ yu ヨ yo ラ ra リ ri ル ru レ re ロ ro ワ wa ヲ o ン N ッ cl ヴ vu
キャ kya キュ kyu キョ kyo ギャ gya ギュ gyu ギョ gyo シャ sha シュ shu シェ she ショ sho
ジャ ja ジュ ju ジェ je ジョ jo
チャ cha チュ chu チェ che チョ cho ニャ nya ニュ nyu ニョ nyo ヒャ hya ヒュ hyu ヒョ hyo ビャ bya ビュ byu ビョ byo
ピャ pya ピュ pyu ピョ pyo ミャ mya ミュ myu ミョ myo リャ rya リュ ryu リョ ryo ファ fa フィ fi フェ fe フォ fo
ティ ti ディ di デュ dyu トゥ tu ドゥ du ウィ wi ウェ we ウォ wo ヴァ va ヴィ vi ヴェ ve ヴォ vo ツァ tsa
"""
_WORDS = _SYLLABLES.split()
_SOUNDS = {
    kana: (None, sound) if sound in ("N", "cl") else (sound[:-1] or None, sound[-1])
    for kana, sound in zip(_WORDS[::2], _WORDS[1::2], strict=True)
}
_PLAIN = [kana for kana in _SOUNDS if len(kana) == 1 and kana not in "ンッヲ"]
_VOWEL_KANA = {"a": "ア", "i": "イ", "u": "ウ", "e": "エ", "o": "オ", "N": "ン", "cl": "ッ"}
_LETTER_NAMES = (
    "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー キュー アール エス ティー"
    " ユー ブイ ダブリュー エックス ワイ ゼット"
)
_DIGIT_NAMES = "ゼロ イチ ニ サン ヨン ゴ ロク ナナ ハチ キュウ"
_LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTER_NAMES.split(), strict=True))
_DIGITS = dict(zip("0123456789", _DIGIT_NAMES.split(), strict=True))
_NOISE = np.random.default_rng(7).uniform(-1, 1, RATE).astype(np.float32)


def widen(text: str) -> str:
    """Half-width letters and digits as full-width ones, the way the dictionary keeps them."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def to_phrases(
    text: str, words: dict[str, Json], style: int, known: Mapping[str, int] = MappingProxyType({})
) -> list[Json]:
    """Accent phrases of ``text``, in the form of ``/audio_query``.

    ``known`` are words of the engine's own dictionary, and the priority from which the user's win against them.
    """
    surfaces = sorted(
        ((widen(str(word["surface"])), word) for word in words.values()),
        key=lambda pair: (-len(pair[0]), -int(pair[1].get("priority", 5))),
    )
    phrases: list[Json] = []
    kana = ""

    def end_phrase(accent: int | None = None) -> None:
        nonlocal kana
        moras = _to_moras(kana)
        kana = ""
        if accent is not None and moras:  # a word, never parted
            phrases.append(_phrase(moras, min(len(moras), accent or len(moras)), style))
            return
        for at in range(0, len(moras), 7):
            part = moras[at : at + 7]
            phrases.append(_phrase(part, min(len(part), 1 + ord(part[0][0][0]) % len(part)), style))

    rest = widen(unicodedata.normalize("NFC", text))
    while rest:
        word = next((word for surface, word in surfaces if surface and rest.startswith(surface)), None)
        if word is not None and int(word.get("priority", 5)) >= known.get(str(word["surface"]), 0):
            end_phrase()
            kana = str(word["pronunciation"])
            end_phrase(int(word["accent_type"]))
            rest = rest[len(widen(str(word["surface"]))) :]
            continue
        letter, rest = rest[0], rest[1:]
        if letter in "、，。．！？…":
            end_phrase()
            if phrases:
                phrases[-1]["pause_mora"] = _mora("、", None, "pau", 0.0, 0.32, 0.0)
                phrases[-1]["is_interrogative"] |= letter == "？"
        elif letter.isspace():
            end_phrase()
        else:
            kana += _to_kana(letter)
    end_phrase()
    if phrases:
        phrases[-1]["pause_mora"] = None
    return phrases


def to_notation(phrases: list[Json]) -> str:
    """The reading, with accents, as the engine writes it."""
    parts = []
    for phrase in phrases:
        moras = ["_" * mora["vowel"].isupper() * (mora["vowel"] != "N") + mora["text"] for mora in phrase["moras"]]
        moras.insert(phrase["accent"], "'")
        parts.append("".join(moras) + ("？" if phrase["is_interrogative"] else ""))
        parts.append("、" if phrase["pause_mora"] else "/")
    return "".join(parts[:-1])


def from_notation(notation: str, style: int) -> list[Json]:
    """Accent phrases of kana with accents, in the form of ``/accent_phrases``; ValueError where it is none."""
    phrases: list[Json] = []
    for part, border in re.findall(r"([^/、]+)([/、]?)", notation):
        before, accent, after = part.rstrip("？").partition("'")
        moras = _to_moras((before + after).replace("_", ""))
        if not accent or not moras:
            raise ValueError(part)
        phrases.append(_phrase(moras, len(_to_moras(before.replace("_", ""))), style))
        phrases[-1]["is_interrogative"] = part.endswith("？")
        if border == "、":
            phrases[-1]["pause_mora"] = _mora("、", None, "pau", 0.0, 0.32, 0.0)
    return phrases


def with_mora_data(phrases: list[Json], style: int) -> list[Json]:
    """The same accent phrases with the engine's own lengths and pitches, as ``/mora_data`` gives them."""
    made: list[Json] = []
    for phrase in phrases:
        moras = [(mora["text"], mora["consonant"], mora["vowel"]) for mora in phrase["moras"]]
        pause = _mora("、", None, "pau", 0.0, 0.32, 0.0) if phrase["pause_mora"] else None
        own = _phrase(moras, phrase["accent"], style)
        made.append(own | {"pause_mora": pause, "is_interrogative": phrase["is_interrogative"]})
    return made


def synthesize(query: Json, style: int, *, whole_steps: bool = True) -> NDArray[np.int16]:
    """The sound of a query: a tone for each vowel, noise for each consonant; its length follows the query exactly.

    Shape ``(frames,)``. Each length is rounded to steps of ``HOP``, or to frames.
    """
    speed = query["speedScale"]
    segments: list[tuple[float, float, bool]] = [(query["prePhonemeLength"], 0.0, False)]  # seconds, pitch, consonant
    for phrase in copy.deepcopy(query["accent_phrases"]):
        moras = phrase["moras"]
        if phrase["is_interrogative"] and moras and moras[-1]["pitch"] > 0:
            moras.append(_mora("ア", None, "a", 0.0, 0.15, min(moras[-1]["pitch"] + 0.3, 6.5)))
        for mora in moras:
            if mora["consonant"]:
                segments.append((mora["consonant_length"], 0.0, True))
            segments.append((mora["vowel_length"], mora["pitch"], False))
        if phrase["pause_mora"]:
            length = query.get("pauseLength")
            length = phrase["pause_mora"]["vowel_length"] if length is None else length
            segments.append((length * query.get("pauseLengthScale", 1.0), 0.0, False))
    segments.append((query["postPhonemeLength"], 0.0, False))
    hop = HOP if whole_steps else 1
    steps = np.round(np.array([seconds / speed * RATE / hop for seconds, _, _ in segments])).astype(int)
    pitch = np.array([pitch for _, pitch, _ in segments]) * 2 ** query["pitchScale"]
    voiced = pitch > 0
    if voiced.any():
        mean = pitch[voiced].mean()
        pitch[voiced] = (pitch[voiced] - mean) * query["intonationScale"] + mean
    hertz = np.repeat(np.where(voiced, np.exp(pitch), 0.0), steps * hop)
    noisy = np.repeat(np.array([consonant for _, _, consonant in segments]), steps * hop)
    phase = np.cumsum(hertz * (2 * math.pi / RATE)) % (2 * math.pi)
    tone = np.sin(phase, dtype=np.float32) + np.float32(0.2 + 0.1 * (style % 5)) * np.sin(2 * phase, dtype=np.float32)
    wave = np.where(hertz > 0, 0.16 * tone, 0.0) + np.where(noisy, 0.03 * np.resize(_NOISE, len(hertz)), 0.0)
    scaled: NDArray[np.float64] = np.clip(np.round(wave * float(query["volumeScale"]) * 32767), -32768, 32767)
    return scaled.astype(np.int16)


def to_wav(samples: NDArray[np.int16], rate: int = RATE, *, stereo: bool = False) -> bytes:
    """A plain WAV with a header of 44 bytes."""
    channels = 2 if stereo else 1
    data = (np.repeat(samples, 2) if stereo else samples).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(data))
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", len(data))
        + data
    )


def _to_kana(letter: str) -> str:
    narrow = unicodedata.normalize("NFKC", letter)
    if "ぁ" <= letter <= "ゖ":
        return chr(ord(letter) + 0x60)
    if "ァ" <= letter <= "ヴ" or letter == "ー":
        return letter
    if narrow.upper() in _LETTERS:
        return _LETTERS[narrow.upper()]
    if narrow in _DIGITS:
        return _DIGITS[narrow]
    if unicodedata.category(letter) == "Lo":  # a kanji has two moras that its number decides
        return _PLAIN[ord(letter) * 7 % len(_PLAIN)] + _PLAIN[ord(letter) * 11 % len(_PLAIN)]
    return ""


def _to_moras(kana: str) -> list[tuple[str, str | None, str]]:
    moras: list[tuple[str, str | None, str]] = []
    for part in re.findall(r".[ァィゥェォャュョヮ]?", kana):
        if part in _SOUNDS:
            moras.append((part, *_SOUNDS[part]))
            continue
        for letter in part:
            if letter == "ー" and moras:
                moras.append((_VOWEL_KANA[moras[-1][2]], None, moras[-1][2]))
            elif letter in _SOUNDS:
                moras.append((letter, *_SOUNDS[letter]))
    return moras


def _phrase(moras: list[tuple[str, str | None, str]], accent: int, style: int) -> Json:
    base = math.log(180 + 23 * (style % 11))
    listed = []
    if [text for text, _, _ in moras[-2:]] in (["デ", "ス"], ["マ", "ス"]):  # their last vowel is whispered
        moras = [*moras[:-1], ("ス", "s", "U")]
    for at, (text, consonant, vowel) in enumerate(moras):
        high = at < accent and (at > 0 or accent == 1)
        pitch = 0.0 if vowel in ("cl", "U") else base + (0.12 if high else 0.0) - 0.01 * at
        vowel_length = (0.085 + 0.007 * (ord(text[0]) % 6) + 0.03 * (at == len(moras) - 1)) * (1 + 0.01 * (style % 5))
        listed.append(_mora(text, consonant, vowel, 0.03 + 0.006 * (ord(text[0]) % 7), vowel_length, pitch))
    return {"moras": listed, "accent": accent, "pause_mora": None, "is_interrogative": False}


def _mora(
    text: str, consonant: str | None, vowel: str, consonant_length: float, vowel_length: float, pitch: float
) -> Json:
    return {
        "text": text,
        "consonant": consonant,
        "consonant_length": float(np.float32(consonant_length)) if consonant else None,
        "vowel": vowel,
        "vowel_length": float(np.float32(vowel_length)),
        "pitch": float(np.float32(pitch)),
    }
