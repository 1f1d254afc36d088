from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest

from tests.kit.embedded import MARKS, level, mono, pitches, quiet_ends, run
from tts_render.engine import openjtalk as module
from tts_render.engine.base import Scales, Spoken, StyleId
from tts_render.engine.htsvoice import HtsVoice
from tts_render.engine.moras import to_kana
from tts_render.engine.openjtalk import OpenJtalkEngine
from tts_render.ground.errors import EngineMissingError, EngineReplyError

pytestmark = [
    pytest.mark.openjtalk,
    pytest.mark.filterwarnings("ignore:Dictionary.create:DeprecationWarning"),  # pyopenjtalk uses SudachiPy so
    pytest.mark.skipif(find_spec("pyopenjtalk") is None, reason="the extra openjtalk is not installed"),
]

MEI = StyleId(0)
WEATHER = "明日は、広い範囲で雨が降るでしょう。"
LINES = [
    WEATHER,
    "はい。",
    "静かな湖のほとりです。",
    "ひとつ目は、新しい図書館。",
    "え、本当に？",
]


@pytest.fixture(scope="module")
def engine() -> OpenJtalkEngine:
    def fail(message: str) -> None:
        raise AssertionError(message)

    return OpenJtalkEngine(warn=fail)


@pytest.fixture(scope="module")
def voice() -> HtsVoice:
    import pyopenjtalk

    return HtsVoice(Path(pyopenjtalk.DEFAULT_HTS_VOICE.decode()))


def say(engine: OpenJtalkEngine, text: str, scales: Scales | None = None) -> Spoken:
    return engine.speak(engine.phrase(text, MEI), MEI, scales or Scales())


# Who it is


def test_it_tells_who_it_is_without_loading_anything_heavy() -> None:
    done = run(
        "from tts_render.engine.openjtalk import OpenJtalkEngine\n"
        "identity = OpenJtalkEngine(warn=print).identify()\n"
        "print(identity.engine, identity.styles[0].speaker, identity.styles[0].name, repr(identity.dictionary))\n"
        "print(identity.version)\n"
        "print(sorted({'pyopenjtalk', 'onnxruntime', 'numpy', 'soundfile'} & set(sys.modules)))\n"
    )
    who, version, heavy = done.stdout.splitlines()
    assert who == "openjtalk Mei ノーマル ''"
    assert [part.split()[0] for part in version.split(", ")] == ["pyopenjtalk-plus", "onnxruntime", "sudachidict-core"]
    assert heavy == "[]"


@pytest.mark.parametrize("call", ["identify()", "phrase('はい', 0)"])
def test_without_its_package_it_says_how_to_install_it(call: str) -> None:
    done = run(
        "from tts_render.engine.openjtalk import OpenJtalkEngine\n"
        "from tts_render.ground.errors import EngineMissingError\n"
        f"try: OpenJtalkEngine(warn=print).{call}\n"
        "except EngineMissingError as error: print(error)\n",
        "-S",
    )
    assert 'pip install "tts-render[openjtalk]"' in done.stdout
    assert done.stderr == ""


def test_nothing_is_written_to_standard_output_or_error() -> None:
    done = run(
        "from tts_render.engine.openjtalk import OpenJtalkEngine\n"
        "from tts_render.engine.base import Scales\n"
        "engine = OpenJtalkEngine(warn=print)\n"
        f"for text in {[*MARKS, '！？えっ', 'あ。ーい', '何ですか', 'え' * 12]!r}:\n"
        "    phrasing = engine.phrase(text, 0)\n"
        "    if phrasing.moras:\n"
        "        engine.speak(phrasing, 0, Scales(speed=10.0))\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# How it reads


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("20歳です", "ニジュッサイデス"),
        ("3.5倍", "サンテンゴバイ"),
        ("3月1日", "サンガツツイタチ"),
        ("何ですか？", "ナンデスカ？"),
        ("今日は、晴れ。", "キョーワ、ハレ。"),
    ],
)
def test_figures_and_words_are_read(engine: OpenJtalkEngine, text: str, kana: str) -> None:
    assert engine.phrase(text, MEI).kana == kana


@pytest.mark.parametrize("text", MARKS)
def test_marks_alone_have_no_moras(engine: OpenJtalkEngine, text: str) -> None:
    assert engine.phrase(text, MEI).moras == 0


@pytest.mark.parametrize(("text", "moras"), [("はい", 2), ("キャンプ", 3), ("らっぱ、コーヒー。", 7), ("学校", 4)])
def test_moras_are_counted(engine: OpenJtalkEngine, text: str, moras: int) -> None:
    assert engine.phrase(text, MEI).moras == moras


def test_marks_that_begin_a_line_change_nothing(engine: OpenJtalkEngine) -> None:
    plain = engine.phrase("あ、いい。", MEI)
    assert plain.moras == 3
    for text in ("！？あ、いい。", "ーあ、いい。", "」…あ、ーいい。"):
        assert engine.phrase(text, MEI).digest == plain.digest


def test_what_sounds_different_has_another_digest(engine: OpenJtalkEngine) -> None:
    texts = ["橋です。", "箸です。", "橋です？", "橋、です。", "端ですね。"]
    assert len({engine.phrase(text, MEI).digest for text in texts}) == len(texts)
    assert engine.phrase("橋です。", MEI).digest == engine.phrase("橋です", MEI).digest


# How long it lasts


@pytest.mark.parametrize("text", LINES)
def test_the_length_of_every_phone_is_known_to_the_frame(voice: HtsVoice, text: str) -> None:
    import pyopenjtalk
    from pyopenjtalk.htsengine import HTSEngine

    vocoder = HTSEngine(pyopenjtalk.DEFAULT_HTS_VOICE)
    labels = pyopenjtalk.extract_fullcontext(text)
    pace = voice.pace(labels, slice(1, len(labels) - 1), 1.0)
    # At speed 1 the length of a phone depends on its own label alone, so each can be spoken by itself.
    alone = [len(vocoder.synthesize([label])) // voice.period for label in labels]
    assert pace.frames == tuple(alone)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("text", ["はい。", WEATHER])
def test_what_is_said_is_shorter_by_the_speed_however_short_it_is(
    engine: OpenJtalkEngine, text: str, speed: float
) -> None:
    around = 0.040
    usual = len(say(engine, text).samples) / 24_000 - around
    bent = len(say(engine, text, Scales(speed=speed)).samples) / 24_000 - around
    assert bent == pytest.approx(usual / speed, abs=0.050)  # how quickly it fades in and out changes, too


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("text", LINES)
def test_the_phones_together_last_as_long_as_the_speed_asks(voice: HtsVoice, text: str, speed: float) -> None:
    import pyopenjtalk

    labels = pyopenjtalk.extract_fullcontext(text)
    said = slice(1, len(labels) - 1)
    usual, bent = (sum(voice.pace(labels, said, factor).frames[said]) for factor in (1.0, speed))
    assert bent == pytest.approx(usual / speed, abs=1.5)


def test_a_speed_beyond_the_voice_gives_the_shortest_it_can(engine: OpenJtalkEngine) -> None:
    import pyopenjtalk

    text = "すみません、ちょっとよろしいですか。"
    phones = len(pyopenjtalk.extract_fullcontext(text)) - 2
    shortest = phones * 0.025 + 0.040  # five frames of 5 ms a phone, and 20 ms of silence on each side
    assert len(say(engine, text, Scales(speed=10.0)).samples) / 24_000 == pytest.approx(shortest, abs=0.030)


def test_a_file_that_is_no_voice_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"RIFF" * 20, b"[GLOBAL]\nNUM_STATES:3\n[DATA]\n", b"NUM_STATES:5\n[DATA]\nxx"):
        path = tmp_path / "no.htsvoice"
        path.write_bytes(data)
        with pytest.raises(ValueError, match="voice"):
            HtsVoice(path)


# How it sounds


def test_clips_are_float32_at_24_khz_and_about_as_loud_as_a_broadcast(engine: OpenJtalkEngine) -> None:
    spoken = [say(engine, text) for text in LINES]
    assert {clip.rate for clip in spoken} == {24_000}
    sound = np.concatenate([mono(clip) for clip in spoken])
    assert pyloudnorm.Meter(24_000).integrated_loudness(sound) == pytest.approx(-23.0, abs=2.0)
    assert np.abs(sound).max() < 1.0


@pytest.mark.parametrize("half_tones", [-12, -5, 3, 12])
def test_the_pitch_moves_by_half_tones(engine: OpenJtalkEngine, half_tones: int) -> None:
    usual = pitches(say(engine, WEATHER))
    bent = pitches(say(engine, WEATHER, Scales(pitch=half_tones / 12)))
    length = min(len(usual), len(bent))
    ratios = bent[:length] / usual[:length]
    assert np.isfinite(ratios).sum() > 40
    assert np.nanmedian(ratios) == pytest.approx(2 ** (half_tones / 12), rel=0.01)


def test_the_volume_is_a_linear_gain(engine: OpenJtalkEngine) -> None:
    assert np.array_equal(say(engine, "はい。", Scales(volume=0.5)).samples, say(engine, "はい。").samples * 0.5)


@pytest.mark.parametrize("text", ["はい。", "あお。", "え、そう？", "涼しい朝。", "秘密の話。", "ふたりです", "薬"])
def test_at_most_25_ms_of_silence_are_left_around_and_nothing_of_a_soft_beginning_is_lost(
    engine: OpenJtalkEngine, text: str
) -> None:
    spoken = say(engine, text)
    assert max(quiet_ends(spoken)) <= 0.025
    margin = mono(spoken)[: 24_000 // 100]
    assert level(margin) < level(mono(spoken)) - 40  # the first 10 ms are silence still: nothing was cut into


def test_moras_and_pauses_are_placed_gaplessly_where_they_sound(engine: OpenJtalkEngine) -> None:
    spoken = say(engine, "たこ、いか。")
    assert [mora.text for mora in spoken.moras] == ["タ", "コ", "、", "イ", "カ"]
    assert spoken.moras[0].start == 0
    assert spoken.moras[-1].end == len(spoken.samples)
    assert all(one.end == other.start for one, other in pairwise(spoken.moras))
    sound = mono(spoken)
    levels = [level(sound[mora.start : mora.end]) for mora in spoken.moras]
    assert levels[2] < min(levels[:2] + levels[3:]) - 30


def test_a_pause_is_made_longer_or_shorter_and_nothing_else(engine: OpenJtalkEngine) -> None:
    def split(pause: float) -> tuple[Spoken, int]:
        spoken = say(engine, "たこ、いか。", Scales(pause=pause))
        return spoken, sum(mora.end - mora.start for mora in spoken.moras if mora.text == "、")

    usual, length = split(1.0)
    for factor in (0.0, 0.5, 2.0):
        bent, bent_length = split(factor)
        assert bent_length == pytest.approx(length * factor, abs=120)
        assert len(bent.samples) - len(usual.samples) == bent_length - length
        quarter = 24_000 // 4
        assert np.allclose(bent.samples[:quarter], usual.samples[:quarter], atol=1e-3)
        assert np.allclose(bent.samples[-quarter:], usual.samples[-quarter:], atol=1e-3)


@pytest.mark.parametrize("text", ["え" * 10, "え" * 50, "は" * 11, "ＡＡＡＡＡＡＡＡ"])
def test_a_run_of_one_sound_is_spoken_where_the_vocoder_alone_runs_away(engine: OpenJtalkEngine, text: str) -> None:
    phrasing = engine.phrase(text, MEI)
    spoken = engine.speak(phrasing, MEI, Scales())
    assert np.abs(spoken.samples).max() < 2.0
    assert level(mono(spoken)) > -45
    assert len(spoken.samples) / 24_000 > 0.06 * phrasing.moras
    assert max(quiet_ends(spoken)) <= 0.045


def test_the_vocoder_really_runs_away_in_a_run_of_one_sound(
    engine: OpenJtalkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_COMPANION", "")
    with pytest.raises(EngineReplyError, match="エエエエ") as caught:
        say(engine, "え" * 20)
    assert caught.value.remedy


def test_threads_give_the_same_samples_as_one_after_the_other(engine: OpenJtalkEngine) -> None:
    jobs = [(text, Scales(speed=speed)) for text in LINES[1:] for speed in (1.0, 1.3)]
    serial = [say(engine, *job).samples for job in jobs]
    with ThreadPoolExecutor(4) as pool:
        parallel = list(pool.map(lambda job: say(engine, *job).samples, jobs))
    assert all(np.array_equal(one, other) for one, other in zip(serial, parallel, strict=True))


def test_a_scale_it_cannot_follow_is_named_once() -> None:
    told: list[str] = []
    engine = OpenJtalkEngine(warn=told.append)
    for _ in range(2):
        say(engine, "はい。", Scales(intonation=1.2, speed=1.1, pitch=0.1, pause=0.9, volume=0.9))
    assert len(told) == 1
    assert "intonation" in told[0]


def test_after_closing_it_can_speak_again(engine: OpenJtalkEngine) -> None:
    usual = say(engine, "はい。").samples
    engine.close()
    assert np.array_equal(say(engine, "はい。").samples, usual)


def test_without_onnxruntime_it_is_missing_for_it_would_read_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('is not for this machine')\n", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "onnxruntime", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineMissingError, match=r"is not for this machine.*\n?.*tts-render\[openjtalk\]"):
        OpenJtalkEngine(cache_dir=tmp_path, warn=print).phrase("はい。", MEI)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("⟦ハ'シオ⟧持って、橋を渡る。", "ハ'シオ/モ'ッテ、ハシ'ヲ/ワタル'"),
        ("⟦ハシ'オ⟧持って、橋を渡る。", "ハシ'オ/モ'ッテ、ハシ'ヲ/ワタル'"),
        ("箸を⟦モッテ'⟧、橋を渡る。", "ハ'シヲ/モッテ'、ハシ'ヲ/ワタル'"),
        ("⟦ハ'シオ/モッテ'、ハ_シオ'/ワタル'⟧。", "ハ'シオ/モッテ'、ハ_シオ'/ワタル'"),
        ("はい、⟦ハ'シ？⟧", "ハ'イ、ハ'シ？"),
    ],
)
def test_kana_with_accents_in_a_text_are_followed(engine: OpenJtalkEngine, text: str, said: str) -> None:
    phrasing = engine.phrase(text, MEI)
    assert to_kana(engine.unfold(phrasing)) == said
    assert [mora.text for mora in engine.speak(phrasing, MEI, Scales()).moras] == re.findall(
        "[ァ-ヴー][ァィゥェォャュョ]?|、", said
    )
