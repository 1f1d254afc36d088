"""Engines that speak VOICEVOX's interface each in its own way, as their sources say: what works with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tts_render.engine.base import Scales, StyleId
from tts_render.engine.terms_of_use import terms_of
from tts_render.engine.voicevox.client import VoicevoxEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine

TEXTS = ["きょうは、はれです。", "さんぽにいきますか？", "ほんとうにいいてんきですね。"]


class Kin:
    """An engine of another make, and a client of it."""

    def __init__(self, fake: FakeEngine) -> None:
        self.fake = fake
        self.warnings: list[str] = []
        self.engine = VoicevoxEngine(fake.url, warn=self.warnings.append, sleep=lambda _: None)
        self.identity = self.engine.identify()

    def say(self, text: str, scales: Scales) -> tuple[int, float, int]:
        """Rate, seconds, and how many moras have times."""
        style = self.identity.styles[0].id
        spoken = self.engine.speak(self.engine.phrase(text, style), style, scales)
        return spoken.rate, len(spoken.samples) / spoken.rate, len(spoken.moras)


def old_voicevox(fake: FakeEngine) -> None:
    """VOICEVOX 0.14 to 0.19: no fields for pauses."""
    fake.version = "0.14.7"
    fake.omits = {"pauseLength", "pauseLengthScale"}


def sharevox(fake: FakeEngine) -> None:
    """Like VOICEVOX 0.14, at 48 kHz."""
    old_voicevox(fake)
    fake.brand, fake.version, fake.rate = "SHAREVOX", "0.2.1", 48_000


def coeiroink(fake: FakeEngine) -> None:
    """COEIROINK v2 behind a bridge: no lengths, no reading."""
    fake.brand, fake.version, fake.lengths = "COEIROINK v2", "0.3.0", "zero"
    fake.omits = {"pauseLength", "pauseLengthScale"}


def aivisspeech(fake: FakeEngine) -> None:
    """AivisSpeech: no lengths, large style ids, 44.1 kHz, the text beside the phrases, and no two sounds alike."""
    fake.brand, fake.version, fake.rate = "AivisSpeech", "1.2.0", 44_100
    fake.lengths, fake.says_text = "zero", True
    fake.speakers = (("Anneli", "ノーマル", 888_753_760), ("Anneli", "テンション高め", 2_147_483_647))


MAKES = {
    "VOICEVOX 0.14.7": (old_voicevox, "0.14.7", 24_000, 0),
    "SHAREVOX": (sharevox, "SHAREVOX 0.2.1", 48_000, 0),
    "COEIROINK v2": (coeiroink, "COEIROINK v2 0.3.0", 24_000, 1),
    "AivisSpeech": (aivisspeech, "AivisSpeech 1.2.0", 44_100, 1),
}


@pytest.fixture(params=MAKES)
def make(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def kin(fake_engine: FakeEngine, make: str) -> Iterator[Kin]:
    MAKES[make][0](fake_engine)
    kin = Kin(fake_engine)
    yield kin
    kin.engine.close()


def test_each_make_speaks_an_episode_at_its_own_rate_without_a_synthesis_too_many(kin: Kin, make: str) -> None:
    _, version, rate, warnings = MAKES[make]
    assert kin.identity.version == version
    for text in TEXTS * 5:
        told, seconds, moras = kin.say(text, Scales(speed=1.1, pause=0.5))
        assert told == rate
        assert seconds > 0.5
        assert bool(moras) is (warnings == 0)
    assert kin.fake.asked == 3 * 5
    assert len(kin.warnings) == warnings


@pytest.mark.parametrize("brand", ["", 5, None])
def test_an_engine_that_does_not_tell_its_make_counts_as_voicevox(fake_engine: FakeEngine, brand: object) -> None:
    fake_engine.brand = brand  # type: ignore[assignment]  # the engine answers what it likes
    kin = Kin(fake_engine)
    assert kin.identity.version == "0.25.2"
    kin.engine.close()


def test_the_reading_is_shown_in_kana_on_each_make(kin: Kin) -> None:
    kana = kin.engine.phrase("晴れ、です。", kin.identity.styles[0].id).kana
    assert kana
    assert "晴" not in kana


def test_the_terms_of_each_make_are_handed_out(kin: Kin) -> None:
    speaker = kin.identity.styles[0].speaker
    kin.fake.policies[speaker] = "名前を書いてください。"
    assert terms_of(kin.engine, speaker) == "名前を書いてください。"


def test_where_the_text_decides_how_phrases_are_said_two_texts_never_share_a_sound(fake_engine: FakeEngine) -> None:
    aivisspeech(fake_engine)
    kin = Kin(fake_engine)
    style = StyleId(888_753_760)
    one, other, again = (kin.engine.phrase(text, style) for text in ("ハレです", "はれです", "ハレです"))
    assert one.kana == other.kana
    assert one.digest != other.digest
    assert one.digest == again.digest
    kin.engine.close()


def test_pauses_are_scaled_on_an_engine_without_a_field_for_them(fake_engine: FakeEngine) -> None:
    sharevox(fake_engine)
    kin = Kin(fake_engine)
    whole, half = (kin.say(TEXTS[0], Scales(pause=pause))[1] for pause in (1.0, 0.5))
    assert whole - half == pytest.approx(0.16, abs=0.011)
    kin.engine.close()
