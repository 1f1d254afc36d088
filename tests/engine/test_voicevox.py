"""The VOICEVOX client against a loopback engine that refuses, breaks off, hangs and lies."""

from __future__ import annotations

import itertools
import json
import random
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.fake_voice import to_phrases, to_wav
from tts_render.engine import open_engine
from tts_render.engine.base import KANA, Phrasing, Scales, Spoken, StyleId
from tts_render.engine.moras import Mora, count_moras, digest_phrases, read_phrases
from tts_render.engine.voicevox.audit import LengthAudit
from tts_render.engine.voicevox.client import VoicevoxEngine
from tts_render.engine.voicevox.http import Patience, engine_label, parse_json, tidy
from tts_render.engine.voicevox.lengths import Prediction, predict
from tts_render.engine.voicevox.wav import parse_wav
from tts_render.ground.errors import (
    EngineError,
    EngineMismatchError,
    EngineRefusedError,
    EngineReplyError,
    EngineUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.fake_http import Kind, Shape

ZUNDAMON = StyleId(3)
TEXT = "きょうは、はれです。さんぽにいきますか？"
PLAIN = Scales()
QUICK = Patience(query=0.3, synthesis=0.3, synthesis_share=0.01, time_outs=5)


class Helper:
    """Opens clients that do not really sleep, and closes them."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.warnings: list[str] = []
        self.engines: list[VoicevoxEngine] = []
        self.now = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()

    def open(self, url: str, patience: Patience | None = None) -> VoicevoxEngine:
        engine = VoicevoxEngine(
            url, patience=patience, warn=self.warnings.append, sleep=self.sleep, clock=lambda: self.now
        )
        self.engines.append(engine)
        return engine


@pytest.fixture
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    for engine in helper.engines:
        engine.close()


def say(engine: VoicevoxEngine, text: str = TEXT, scales: Scales = PLAIN) -> Spoken:
    return engine.speak(engine.phrase(text, ZUNDAMON), ZUNDAMON, scales)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Who it is


def test_an_engine_tells_version_and_the_styles_that_talk_in_its_own_order(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    fake_engine.sings = True
    identity = helper.open(fake_engine.url).identify()
    assert (identity.engine, identity.version) == ("voicevox", "0.25.2")
    assert [(style.speaker, style.name, style.id) for style in identity.styles] == [
        ("ずんだもん", "ノーマル", 3),
        ("ずんだもん", "あまあま", 1),
        ("四国めたん", "ノーマル", 2),
        ("春日部つむぎ", "ノーマル", 8),
    ]


def test_another_brand_with_the_same_number_is_another_version(helper: Helper) -> None:
    with FakeEngine(brand="SHAREVOX") as fake:
        assert helper.open(fake.url).identify().version == "SHAREVOX 0.25.2"


def test_the_dictionary_digest_follows_words_and_not_their_ids_or_order(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url)
    empty = engine.identify().dictionary
    fake_engine.add_word("晴れ", "ハレ")
    fake_engine.add_word("散歩", "サンポ")
    full = engine.identify().dictionary
    fake_engine.words.clear()
    fake_engine.add_word("散歩", "サンポ")
    fake_engine.add_word("晴れ", "ハレ")
    other_ids = engine.identify().dictionary
    fake_engine.add_word("晴れ", "ハーレ")
    assert empty != full == other_ids != engine.identify().dictionary


def test_of_two_words_written_alike_the_order_counts(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    digests = []
    for readings in (("コンニチ", "キョウ"), ("キョウ", "コンニチ")):
        fake_engine.words.clear()
        for reading in readings:
            fake_engine.add_word("今日", reading)
        digests.append(engine.identify().dictionary)
    assert digests[0] != digests[1]


def test_an_engine_from_before_dictionaries_has_none(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.lacks = {"/user_dict", "/engine_manifest"}
    identity = helper.open(fake_engine.url).identify()
    assert (identity.version, identity.dictionary) == ("0.25.2", "")


@pytest.mark.parametrize("kind", ["html", "json", "garbage"])
@pytest.mark.parametrize("path", ["/version", "/speakers", "/user_dict"])
def test_a_server_that_is_something_else_is_named_as_such(
    fake_engine: FakeEngine, helper: Helper, path: str, kind: Kind
) -> None:
    fake_engine.fail(path, *[Fault(kind)] * 9)
    with pytest.raises(EngineReplyError) as caught:
        helper.open(fake_engine.url).identify()
    assert fake_engine.url in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_server_without_these_routes_is_something_else(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url + "/blog")
    engine.wait(0)
    with pytest.raises(EngineReplyError, match="not a VOICEVOX engine"):
        engine.identify()
    assert helper.slept == []


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/x", "127.0.0.1:50021", "openjtalkk", "http://", "http://[::1", "http://h:port", "http://h/?x=1"],
)
def test_what_is_no_http_url_is_refused_with_exit_code_3(url: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        open_engine(url, cache_dir=tmp_path)
    assert caught.value.exit_code == 3


def test_a_label_has_no_password_and_no_slash_at_the_end() -> None:
    assert engine_label("HTTP://me:secret@Engine.local:50021/") == "http://engine.local:50021"
    with pytest.raises(EngineError) as caught:
        engine_label("gopher://me:secret@engine.local")
    assert "secret" not in str(caught.value)


# Waiting


def test_nobody_there_is_said_at_once_and_how_to_wait(helper: Helper) -> None:
    engine = helper.open(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(EngineUnreachableError, match="--wait"):
        engine.wait(0)
    assert helper.slept == []


@pytest.mark.parametrize("kind", ["status", "drop", "cut", "html"])
def test_whoever_answers_is_there_however_badly(fake_engine: FakeEngine, helper: Helper, kind: Kind) -> None:
    fake_engine.fail("/version", Fault(kind))
    helper.open(fake_engine.url).wait(0)
    assert fake_engine.requests == ["GET /version"]


def test_whoever_takes_a_call_and_says_nothing_is_not_there(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/version", Fault("hang"))
    with pytest.raises(EngineUnreachableError, match="--wait"):
        helper.open(fake_engine.url, Patience(connect=0.1)).wait(0)


def test_a_busy_engine_has_a_moment_to_say_that_it_is_there(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/version", Fault("hang", seconds=0.8))
    helper.open(fake_engine.url).wait(0)
    assert fake_engine.requests == ["GET /version"]


def test_waiting_goes_on_until_the_engine_has_started(helper: Helper) -> None:
    fake = FakeEngine(port=free_port())
    helper.on_sleep = lambda: fake.start() if len(helper.slept) == 5 else None
    engine = helper.open(fake.url)
    try:
        engine.wait(60)
    finally:
        fake.stop()
    assert len(helper.slept) == 5
    assert helper.slept == sorted(helper.slept)
    assert set(fake.requests) == {"GET /version"}


def test_waiting_ends_after_the_seconds_that_were_given(helper: Helper) -> None:
    engine = helper.open(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(EngineUnreachableError, match="within 30 s"):
        engine.wait(30)
    assert sum(helper.slept) == pytest.approx(30)


def test_a_port_that_opens_before_its_engine_is_waited_for(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.refuse = 3
    helper.open(fake_engine.url).wait(60)
    assert len(helper.slept) == 3


@pytest.mark.parametrize(
    ("rate", "asked"), [(15_999, 24_000), (16_000, 16_000), (48_000, 48_000), (48_001, 24_000), ("24000", 24_000)]
)
def test_sounds_are_asked_for_at_the_engines_own_rate_if_that_is_any(
    fake_engine: FakeEngine, helper: Helper, rate: int, asked: int
) -> None:
    fake_engine.rate = rate
    engine = helper.open(fake_engine.url)
    engine.identify()
    assert say(engine).rate == asked


# Phrases


def test_phrases_are_counted_digested_and_readable(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    first, again = engine.phrase(TEXT, ZUNDAMON), engine.phrase(TEXT, StyleId(8))
    assert first.moras == 16
    assert first.kana.startswith("キョウハ")
    assert first.digest == again.digest  # another style has other lengths and pitches, and the same phrases
    assert fake_engine.queries == [(TEXT, 3), (TEXT, 8)]


def test_the_digest_changes_with_mora_accent_pause_and_question() -> None:
    query = {"accent_phrases": to_phrases("はれだ、ね。", {}, 3)}
    digests = {digest_phrases(read_phrases(query))}
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda phrase: phrase["moras"][0].update(text="バ"),
        lambda phrase: phrase["moras"][-1].update(vowel="U"),
        lambda phrase: phrase.update(accent=phrase["accent"] + 1),
        lambda phrase: phrase.update(pause_mora=None),
        lambda phrase: phrase.update(is_interrogative=True),
    ]
    for change in changes:
        other = json.loads(json.dumps(query))
        change(other["accent_phrases"][0])
        digests.add(digest_phrases(read_phrases(other)))
    assert len(digests) == 6
    query["accent_phrases"][0]["moras"][0].update(vowel_length=9.0, pitch=1.0)
    assert digest_phrases(read_phrases(query)) in digests


def test_marks_alone_have_no_mora_and_are_never_synthesized(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    for text in ("。", "…！？", "「」", "🍎", " "):
        phrasing = engine.phrase(text, ZUNDAMON)
        assert phrasing.moras == 0
        with pytest.raises(ValueError, match="mora"):
            engine.speak(phrasing, ZUNDAMON, PLAIN)
    assert fake_engine.asked == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("これ、【ハ'シ/デ'ス】。", "コレ、ハシデス"),
        ("あ、い【ハ'シ/デ'ス】、うえ。", "ア、イハシデス、ウエ"),
        ("【ハ'シ】、【デ'ス】！", "ハシ、デス"),
        ("あ【ハ'シ】い。", "アハシイ"),
    ],
)
def test_kana_with_accents_keep_the_pauses_around_them(
    fake_engine: FakeEngine, helper: Helper, text: str, said: str
) -> None:
    marked = text.replace("【", KANA[0]).replace("】", KANA[1])
    assert "".join(mora.text for mora in say(helper.open(fake_engine.url), marked).moras) == said


@pytest.mark.parametrize("kind", ["html", "json", "garbage", "status"])
@pytest.mark.parametrize("path", ["/accent_phrases", "/mora_data"])
def test_kana_with_accents_are_asked_for_again_after_an_accident(
    fake_engine: FakeEngine, helper: Helper, path: str, kind: Kind
) -> None:
    fake_engine.fail(path, Fault(kind))
    assert say(helper.open(fake_engine.url), f"これ、{KANA[0]}ハ'シ{KANA[1]}。").moras[-1].text == "シ"


def test_marks_that_an_engine_lists_as_moras_do_not_count() -> None:
    pause = {
        "text": "…",
        "consonant": None,
        "consonant_length": None,
        "vowel": "pau",
        "vowel_length": 0.0,
        "pitch": 0.0,
    }
    phrases = read_phrases({"accent_phrases": [{"moras": [pause], "accent": 1}]})
    assert phrases[0].moras == (Mora("…", None, "pau", None, 0.0, 0.0),)
    assert count_moras(phrases) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda query: query.pop("accent_phrases"),
        lambda query: query.update(accent_phrases={}),
        lambda query: query["accent_phrases"][0].pop("moras"),
        lambda query: query["accent_phrases"][0].update(accent="1"),
        lambda query: query["accent_phrases"][0]["moras"].append("ア"),
        lambda query: query["accent_phrases"][0]["moras"][0].update(vowel_length="0.1"),
        lambda query: query["accent_phrases"][0]["moras"][0].update(vowel_length=-0.1),
        lambda query: query["accent_phrases"][0]["moras"][0].update(consonant_length=-0.1),
        lambda query: query["accent_phrases"][0]["moras"][0].update(vowel_length=float("nan")),
        lambda query: query["accent_phrases"][0]["moras"][0].update(pitch=10**400),
        lambda query: query["accent_phrases"][0]["moras"][0].pop("text"),
    ],
)
def test_phrases_of_another_shape_are_nonsense(damage: Callable[[dict[str, object]], object]) -> None:
    query: dict[str, object] = {"accent_phrases": to_phrases(TEXT, {}, 3)}
    damage(query)
    with pytest.raises(ValueError, match=r"accent|mora"):
        read_phrases(query)


# Sound


def test_a_sound_is_as_long_as_its_moras_which_leave_no_gap(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    spoken = say(engine)
    assert spoken.rate == 24_000
    assert spoken.samples.dtype == np.int16
    assert spoken.samples.shape == (spoken.moras[-1].end, 1)
    assert len(spoken.samples) % 256 == 0
    assert spoken.moras[0].start == 0
    assert all(mora.end == following.start for mora, following in itertools.pairwise(spoken.moras))
    assert "".join(mora.text for mora in spoken.moras) == "キョウハ、ハレデス、サンポニイキマスカ"


def test_a_mora_sounds_when_it_is_said_to(fake_engine: FakeEngine, helper: Helper) -> None:
    spoken = say(helper.open(fake_engine.url), "あ、い。")
    loud = [int(np.abs(spoken.samples[mora.start : mora.end]).max()) for mora in spoken.moras]
    assert [mora.text for mora in spoken.moras] == ["ア", "、", "イ"]
    assert loud[0] > 1000
    assert loud[1] == 0
    assert loud[2] > 1000


def test_the_scales_reach_the_engine_and_silence_around_is_refused(fake_engine: FakeEngine, helper: Helper) -> None:
    say(helper.open(fake_engine.url), scales=Scales(speed=1.25, pitch=0.02, intonation=0.5, volume=0.7, pause=0.4))
    query = fake_engine.syntheses[0].query
    sent = {key: value for key, value in query.items() if key not in ("accent_phrases", "kana", "pauseLength")}
    assert sent == {
        "speedScale": 1.25,
        "pitchScale": 0.02,
        "intonationScale": 0.5,
        "volumeScale": 0.7,
        "pauseLengthScale": 0.4,
        "prePhonemeLength": 0.0,
        "postPhonemeLength": 0.0,
        "outputSamplingRate": 24000,
        "outputStereo": False,
    }


def test_an_engine_that_does_not_know_pause_scales_gets_shorter_pauses(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    phrasing = engine.phrase(TEXT, ZUNDAMON)
    old = {key: value for key, value in phrasing.payload.items() if not key.startswith("pause")}  # type: ignore[attr-defined]
    half = Scales(pause=0.5)
    new = engine.speak(phrasing, ZUNDAMON, half)
    spoken = engine.speak(Phrasing(phrasing.digest, phrasing.kana, phrasing.moras, old), ZUNDAMON, half)
    assert len(spoken.samples) == len(new.samples)
    assert fake_engine.asked == 2
    assert phrasing.payload["accent_phrases"][0]["pause_mora"]["vowel_length"] == pytest.approx(0.32)  # type: ignore[index]


def test_lengths_are_predicted_to_the_sample_at_any_speed(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    chance = random.Random(5)
    for text in (TEXT, "ん？", "そうです？", "ちょっとまって、キャットフードは3.5キロですよ？ほんとうに？"):
        phrasing = engine.phrase(text, ZUNDAMON)
        query = phrasing.payload
        for _ in range(20):
            scales = Scales(speed=chance.uniform(0.5, 2.5), pause=chance.uniform(0, 2))
            spoken = engine.speak(phrasing, ZUNDAMON, scales)
            assert len(spoken.samples) == predict(read_phrases(query), scales).total * 256
    assert fake_engine.asked == 80
    assert helper.slept == []


def test_half_a_step_goes_to_the_even_neighbour_as_in_the_engine() -> None:
    for halves, steps in ((1, 0), (3, 2), (5, 2), (7, 4)):
        mora = {"text": "ア", "vowel": "a", "vowel_length": halves / 187.5, "pitch": 5.5}
        phrases = read_phrases({"accent_phrases": [{"moras": [mora], "accent": 1}]})
        assert predict(phrases, PLAIN).total == steps


def test_a_question_is_drawn_out_unless_its_last_vowel_is_whispered() -> None:
    def length(text: str, *, question: bool) -> int:
        query = {"accent_phrases": to_phrases(text, {}, 3)}
        query["accent_phrases"][-1]["is_interrogative"] = question
        return predict(read_phrases(query), PLAIN).total

    assert length("そうですか", question=True) - length("そうですか", question=False) == 14  # 0.15 s
    assert length("そうです", question=True) == length("そうです", question=False)


def test_one_connection_serves_a_whole_run_and_tells_no_origin(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    for number in range(5):
        say(engine, f"{number}かいめ")
    assert fake_engine.connections == 1


def test_proxy_variables_are_not_heeded(
    fake_engine: FakeEngine, helper: Helper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert helper.open(fake_engine.url).identify().version == "0.25.2"


# Errors


SHAPES: list[tuple[Shape, str]] = [
    ("A", "body.accent_phrases: Field required"),
    ("B", "スタイルの読み込みに失敗しました。"),
    ("C", "該当するスタイルIDが見つかりません"),
    ("D", "UNKNOWN_TEXT: 読み仮名が不正です"),
    ("E", "answered 422"),
]


@pytest.mark.parametrize("path", ["/audio_query", "/synthesis"])
@pytest.mark.parametrize(("shape", "told"), SHAPES)
def test_a_refusal_in_any_shape_is_one_short_error_and_not_tried_again(
    fake_engine: FakeEngine, helper: Helper, shape: Shape, told: str, path: str
) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail(path, Fault("status", status=422, shape=shape))
    with pytest.raises(EngineRefusedError) as caught:
        say(engine)
    assert told in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 250
    assert caught.value.status == 422
    assert helper.slept == []


def test_json_that_is_nested_too_deeply_is_no_json() -> None:
    assert parse_json(b"[" * 20 + b"]" * 20)
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize("status", [400, 451])
def test_each_status_that_blames_who_asks_is_a_refusal(fake_engine: FakeEngine, helper: Helper, status: int) -> None:
    fake_engine.fail("/audio_query", Fault("status", status=status))
    with pytest.raises(EngineRefusedError):
        say(helper.open(fake_engine.url))


@pytest.mark.parametrize("shape", ["A", "B", "C", "D", "E"])
def test_what_fails_inside_the_engine_is_tried_again(fake_engine: FakeEngine, helper: Helper, shape: Shape) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail("/synthesis", Fault("status", status=500, shape=shape))
    assert len(say(engine).samples) > 0
    assert len(fake_engine.syntheses) == 1
    assert len(helper.slept) == 1


KINDS: list[Kind] = [
    "status",
    "drop",
    "cut",
    "short",
    "html",
    "garbage",
    "json",
    "empty",
    "hang",
    "stall",
    "huge",
    "drip",
]


@pytest.mark.parametrize("kind", KINDS)
def test_after_one_bad_reply_the_sound_is_the_same_as_from_a_good_engine(
    fake_engine: FakeEngine, helper: Helper, kind: Kind
) -> None:
    engine = helper.open(fake_engine.url, QUICK)
    good = say(engine)
    for share in (0.6, 0.98):
        fake_engine.fail("/synthesis", Fault(kind, share=share))
        spoken = say(engine)
        assert np.array_equal(spoken.samples, good.samples)
        assert spoken.moras == good.moras


@pytest.mark.parametrize("kind", ["status", "drop", "cut", "html", "garbage", "json", "hang"])
def test_after_one_bad_reply_the_phrases_are_the_same(fake_engine: FakeEngine, helper: Helper, kind: Kind) -> None:
    engine = helper.open(fake_engine.url, QUICK)
    good = engine.phrase(TEXT, ZUNDAMON)
    fake_engine.fail("/audio_query", Fault(kind))
    assert engine.phrase(TEXT, ZUNDAMON) == good


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("status", "answered 500: スタイルの読み込み"),
        ("cut", "cut off"),
        ("html", "no WAV"),
        ("json", "no WAV"),
        ("empty", "without sound"),
        ("huge", "MiB"),
    ],
)
def test_what_is_bad_on_every_try_says_what_came_and_how_often(
    fake_engine: FakeEngine, helper: Helper, kind: Kind, told: str
) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail("/synthesis", *[Fault(kind)] * 9)
    with pytest.raises(EngineReplyError, match=told) as caught:
        say(engine)
    assert "6 tries" in str(caught.value)
    assert fake_engine.asked == 6


def test_a_single_try_is_not_counted_in_the_message(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/audio_query", Fault("status"))
    with pytest.raises(EngineReplyError, match="answered 500") as caught:
        say(helper.open(fake_engine.url, Patience(tries=1)))
    assert "tries" not in str(caught.value)


def test_the_waits_between_tries_grow(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/synthesis", *[Fault("status")] * 5)
    say(helper.open(fake_engine.url))
    assert helper.slept == [0.25, 0.5, 1.0, 2.0, 4.0]


def test_an_engine_that_always_fails_is_not_asked_six_times_for_each_of_hundreds_of_texts(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail("/synthesis", *[Fault("status")] * 28)
    for _ in range(13):
        with pytest.raises(EngineReplyError):
            say(engine)
    assert fake_engine.asked == 3 * 6 + 10
    say(engine)
    fake_engine.fail("/synthesis", Fault("status"))
    say(engine)  # once it has done well, it is worth trying again


def test_a_redirect_is_not_followed(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/audio_query", Fault("redirect"))
    with pytest.raises(EngineReplyError, match="redirects are not followed"):
        helper.open(fake_engine.url).phrase(TEXT, ZUNDAMON)
    assert fake_engine.requests == ["POST /audio_query"]


def test_a_reply_without_end_is_not_kept(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.fail("/speakers", *[Fault("huge")] * 9)
    with pytest.raises(EngineReplyError, match="32 MiB"):
        helper.open(fake_engine.url).identify()


def test_messages_hold_no_control_characters() -> None:
    assert tidy("\x1b[2J赤い\r\n\u202e字" + "あ" * 500, 20) == "[2J赤い 字" + "あ" * 12 + "…"


# Engines that go away


def test_a_dead_engine_is_unreachable_at_once(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    phrasing = engine.phrase(TEXT, ZUNDAMON)
    fake_engine.die_at = 0
    with pytest.raises(EngineUnreachableError):
        engine.speak(phrasing, ZUNDAMON, PLAIN)
    assert sum(helper.slept) <= 1.0


def test_an_engine_restarted_between_two_sentences_is_not_even_noticed(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    before = say(engine)
    fake_engine.restart()
    assert np.array_equal(say(engine).samples, before.samples)
    assert helper.slept == []


def test_a_connection_that_was_closed_for_idleness_costs_no_try(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.idle = 0.15
    engine = helper.open(fake_engine.url, Patience(tries=1))
    engine.identify()
    quiet = threading.Event()
    for _ in range(2):
        say(engine)
        quiet.wait(0.4)
    engine.identify()
    assert fake_engine.connections >= 3
    assert helper.slept == []


def test_a_connection_dropped_just_as_it_is_used_again_costs_no_try(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url, Patience(tries=1))
    engine.identify()
    fake_engine.fail("/audio_query", Fault("drop"))
    engine.phrase(TEXT, ZUNDAMON)
    assert helper.slept == []


@pytest.mark.parametrize("quietly", [True, False])
def test_an_engine_replaced_in_the_middle_is_never_taken_for_the_old_one(
    fake_engine: FakeEngine, helper: Helper, quietly: bool
) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    phrasing = engine.phrase(TEXT, ZUNDAMON)
    fake_engine.version = "0.26.0"
    if quietly:
        helper.now += 10
    else:
        fake_engine.fail("/synthesis", Fault("drop"))
    fake_engine.fail("/version", Fault("html"), Fault("drop"))  # accidents are not taken for another engine
    with pytest.raises(EngineMismatchError, match=r"was version 0\.25\.2 and is version 0\.26\.0"):
        engine.speak(phrasing, ZUNDAMON, PLAIN)
    assert fake_engine.syntheses == []


def test_an_engine_replaced_between_two_calls_is_not_even_believed_one_reply(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    phrasing = engine.phrase(TEXT, ZUNDAMON)
    aside = engine.aside()
    fake_engine.stop()
    fake_engine.version = "0.26.0"
    fake_engine.start()
    fake_engine.fail("/synthesis", Fault("status"))
    with pytest.raises(EngineMismatchError, match=r"was version 0\.25\.2 and is version 0\.26\.0"):
        engine.speak(phrasing, ZUNDAMON, PLAIN)
    with pytest.raises(EngineMismatchError, match=r"is version 0\.26\.0"):
        aside.phrase(TEXT, ZUNDAMON)
    aside.close()


def test_the_version_is_asked_again_for_each_new_connection_and_no_more(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    asked = fake_engine.requests.count("GET /version")
    for _ in range(3):
        engine.phrase(TEXT, ZUNDAMON)
    assert fake_engine.requests.count("GET /version") == asked
    fake_engine.curt = True
    for _ in range(3):
        engine.phrase(TEXT, ZUNDAMON)
    assert fake_engine.requests.count("GET /version") >= asked + 2


def test_a_port_that_another_server_has_taken_over_is_told(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    engine.identify()
    fake_engine.lacks = {"/version"}
    helper.now += 10
    with pytest.raises(EngineMismatchError, match="is something else now"):
        engine.phrase(TEXT, ZUNDAMON)


def test_an_engine_that_hangs_but_greets_is_given_up_after_two_time_outs(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url, Patience(synthesis=0.3, synthesis_share=0.01))
    engine.identify()
    fake_engine.fail("/synthesis", *[Fault("hang")] * 9)
    with pytest.raises(EngineUnreachableError, match=r"has not answered within 0\.6 s"):
        say(engine)
    assert fake_engine.asked == 2
    with pytest.raises(EngineUnreachableError, match=r"has not answered within 0\.3 s"):
        say(engine)
    assert fake_engine.asked == 3


def test_an_engine_that_does_not_even_greet_is_gone_after_one_time_out(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url, Patience(connect=0.1, synthesis=0.2, synthesis_share=0.01))
    engine.identify()
    fake_engine.fail("/synthesis", Fault("hang"))
    fake_engine.fail("/version", *[Fault("hang")] * 9)
    with pytest.raises(EngineUnreachableError):
        say(engine)
    assert fake_engine.asked == 1


def test_long_texts_get_long_time_outs(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url, Patience(synthesis=0.05, synthesis_share=1.0))
    fake_engine.service = 0.1
    spoken = say(engine, TEXT, Scales(speed=2.0))
    assert len(spoken.samples) / 24_000 * 0.1 > 0.05


def test_slow_voices_get_long_time_outs(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url, Patience(synthesis=0.05, synthesis_share=0.1))
    fake_engine.service = 0.1
    spoken = say(engine, TEXT, Scales(speed=0.5))
    assert len(spoken.samples) / 24_000 * 0.1 > 2 * 16 * 0.2 * 0.5 * 0.1  # what the time-outs of a fast one come to


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_whose_engine_is_gone_counts_as_unreachable(
    fake_engine: FakeEngine, helper: Helper, status: int
) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail("/synthesis", *[Fault("status", status=status)] * 9)
    with pytest.raises(EngineUnreachableError, match=str(status)):
        say(engine)


# The length audit


def test_an_engine_whose_lengths_are_nonsense_is_named_once_and_believed(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    fake_engine.lengths = "mock"
    engine = helper.open(fake_engine.url)
    for number in range(4):
        spoken = say(engine, f"{number}かいめのほうそうです。")
        assert len(spoken.samples) > 24_000
        assert spoken.moras == ()
    assert len(helper.warnings) == 1
    assert fake_engine.url in helper.warnings[0]
    assert fake_engine.asked == 3 + 2 * 2 + 3  # the first on every try, two probes twice, then once each


def test_an_engine_without_lengths_is_believed_too(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.lengths = "zero"
    engine = helper.open(fake_engine.url)
    assert say(engine).moras == ()
    assert len(helper.warnings) == 1
    assert fake_engine.asked == 1


def test_once_a_reply_has_agreed_each_disagreement_is_a_fault(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    say(engine)
    fake_engine.fail("/synthesis", *[Fault("short")] * 9)
    with pytest.raises(EngineReplyError, match=r"where its lengths add up to \d\.\d\d s"):
        say(engine)
    assert fake_engine.asked == 7
    assert helper.warnings == []


def test_a_first_reply_cut_short_on_every_try_does_not_discredit_an_engine_whose_probe_agrees(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    engine = helper.open(fake_engine.url)
    fake_engine.fail("/synthesis", *[Fault("short")] * 3)
    good = say(engine)
    assert len(good.samples) == good.moras[-1].end
    assert helper.warnings == []
    assert fake_engine.texts[0] == "はい、そうです。"
    assert fake_engine.texts[-1] == TEXT


def test_an_engine_whose_lengths_change_from_try_to_try_is_not_believed(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    fake_engine.lengths = "erratic"
    with pytest.raises(EngineReplyError):
        say(helper.open(fake_engine.url))
    assert helper.warnings == []


def test_probes_that_are_cut_in_different_ways_prove_nothing(fake_engine: FakeEngine, helper: Helper) -> None:
    cuts = (0.6, 0.6, 0.6, 0.5, 0.7, 0.5, 0.7)
    fake_engine.fail("/synthesis", *(Fault("short", share=share) for share in cuts))
    spoken = say(helper.open(fake_engine.url))
    assert spoken.moras[-1].end == len(spoken.samples)
    assert helper.warnings == []


def test_an_engine_that_rounds_in_another_way_is_asked_twice_and_then_trusted(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    fake_engine.lengths = "loose"
    engine = helper.open(fake_engine.url)
    for _ in range(3):
        spoken = say(engine)
        assert spoken.moras[-1].end == len(spoken.samples)
    assert fake_engine.asked == 4
    assert helper.warnings == []


def test_a_little_cut_away_is_noticed_in_an_engine_that_is_exact(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    good = say(engine)
    fake_engine.fail("/synthesis", Fault("short", share=0.999))
    assert np.array_equal(say(engine).samples, good.samples)
    assert fake_engine.asked == 3


def test_a_reply_of_a_converted_rate_may_be_two_frames_off_and_no_more() -> None:
    prediction = Prediction((("ア", 40),), phonemes=1)
    expected = prediction.frames(44_100)
    verdicts = [LengthAudit().judge("voice", prediction, 44_100, [expected + off]) for off in range(-3, 4)]
    assert verdicts == ["wrong", *["right"] * 5, "wrong"]


EPISODE = [
    f"{opening}、{number}ばん{rest}"
    for number, (opening, rest) in enumerate(
        itertools.product(
            ("はい", "さて、きょうのはなしは", "ところで", "なるほど、それはすごい"),
            ("です。", "のニュースをつたえますか？", "。"),
        )
    )
] * 4


@pytest.mark.parametrize("speed", [0.95, 1.0, 1.3])
@pytest.mark.parametrize(
    ("lengths", "stretch"),
    [("unrounded", 1.0), ("unrounded", 0.99), ("true", 1.03), ("unrounded", 1.03), ("true", 0.97)],
)
def test_a_steady_ratio_is_learnt_and_costs_an_episode_a_handful_of_syntheses(
    fake_engine: FakeEngine, helper: Helper, lengths: Literal["unrounded", "true"], stretch: float, speed: float
) -> None:
    fake_engine.lengths, fake_engine.stretch = lengths, stretch
    engine = helper.open(fake_engine.url)
    for text in EPISODE:
        before = fake_engine.asked
        spoken = say(engine, text, Scales(speed=speed))
        assert spoken.moras[-1].end == len(spoken.samples)
        assert fake_engine.asked - before <= 2
    assert fake_engine.asked <= len(EPISODE) + 5
    assert helper.warnings == []


def test_each_voice_has_a_ratio_of_its_own(fake_engine: FakeEngine, helper: Helper) -> None:
    engine = helper.open(fake_engine.url)
    for text in EPISODE:
        for stretch, speed in ((1.0, 1.0), (1.03, 1.1), (0.97, 1.2)):
            fake_engine.stretch = stretch
            say(engine, text, Scales(speed=speed))
    assert fake_engine.asked <= 3 * len(EPISODE) + 2 * 5
    assert helper.warnings == []


def test_what_is_cut_short_against_the_learnt_ratio_is_asked_for_again(fake_engine: FakeEngine, helper: Helper) -> None:
    fake_engine.stretch = 1.03
    engine = helper.open(fake_engine.url)
    whole = [say(engine, text).samples for text in EPISODE]
    chance = random.Random(3)
    for text, samples in zip(EPISODE, whole, strict=True):
        before = fake_engine.asked
        fake_engine.fail("/synthesis", Fault("short", share=chance.uniform(0.5, 0.9)))
        assert np.array_equal(say(engine, text).samples, samples)
        assert fake_engine.asked - before == 2


def test_a_ratio_is_learnt_from_an_engine_that_cuts_one_sound_in_three(fake_engine: FakeEngine, helper: Helper) -> None:
    chance = random.Random(4)
    fake_engine.lengths, fake_engine.stretch = "unrounded", 0.98
    fake_engine.every, fake_engine.mishaps = 3, [Fault("short", share=chance.uniform(0.3, 0.9)) for _ in range(99)]
    engine = helper.open(fake_engine.url)
    for text in EPISODE:
        spoken = say(engine, text)
        assert len(spoken.samples) == round(fake_engine.syntheses[-1].seconds * 24_000)
    assert fake_engine.asked <= 1.5 * len(EPISODE) + 9
    assert helper.warnings == []


@pytest.mark.parametrize("stretch", [0.85, 0.9, 1.1, 1.5])
def test_an_engine_far_off_in_the_same_way_each_time_is_taken_with_one_warning(
    fake_engine: FakeEngine, helper: Helper, stretch: float
) -> None:
    fake_engine.stretch = stretch
    engine = helper.open(fake_engine.url)
    for text in EPISODE:
        say(engine, text)
    assert fake_engine.asked <= len(EPISODE) + 2 + 2 * 2
    assert len(helper.warnings) == 1


def test_a_single_line_far_off_each_time_is_taken_from_an_engine_that_is_not_exact(
    fake_engine: FakeEngine, helper: Helper
) -> None:
    fake_engine.stretch = 1.03
    engine = helper.open(fake_engine.url)
    for text in EPISODE:
        fake_engine.stretch = 0.9 if text is EPISODE[7] else 1.03
        spoken = say(engine, text)
        assert spoken.moras[-1].end == len(spoken.samples)
    assert len(helper.warnings) == 1
    assert "such sounds are accepted" in helper.warnings[0]


# WAV


def test_samples_and_rate_come_out_of_a_wav_as_they_went_in() -> None:
    tone = np.arange(-500, 500, dtype=np.int16)
    samples, rate = parse_wav(to_wav(tone, 44_100))
    assert rate == 44_100
    assert np.array_equal(samples[:, 0], tone)
    samples, _ = parse_wav(to_wav(tone, stereo=True))
    assert samples.shape == (1000, 1)
    assert np.array_equal(samples[:, 0], tone)
    samples[0] = 1  # the caller's own


@pytest.mark.parametrize(("kind", "wrong"), [(1, None), (3, "format 3")])
def test_an_extensible_wav_is_read_where_it_holds_pcm(kind: int, wrong: str | None) -> None:
    plain = to_wav(np.array([1, 2, 3], np.int16))
    form = (
        struct.pack("<H", 0xFFFE) + plain[22:36] + struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", kind) + bytes(14)
    )
    data = plain[:16] + struct.pack("<I", len(form)) + form + plain[36:]
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    if wrong:
        with pytest.raises(ValueError, match=wrong):
            parse_wav(data)
    else:
        assert parse_wav(data)[0][:, 0].tolist() == [1, 2, 3]


def test_chunks_that_are_not_needed_are_passed_over() -> None:
    plain = to_wav(np.array([1, 2, 3], np.int16))
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0"
    data = plain[:12] + extra + plain[12:]
    samples, _ = parse_wav(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert samples[:, 0].tolist() == [1, 2, 3]


def test_no_cut_wav_is_taken_for_a_whole_one() -> None:
    whole = to_wav(np.arange(200, dtype=np.int16))
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="WAV"):
            parse_wav(whole[:length])


def test_a_header_that_promises_more_or_less_than_there_is_is_refused() -> None:
    whole = to_wav(np.arange(200, dtype=np.int16))
    for damaged in (
        whole + b"more",
        whole[:40] + struct.pack("<I", 402) + whole[44:],
        whole[:4] + struct.pack("<I", len(whole) - 10) + whole[8:],
    ):
        with pytest.raises(ValueError, match="WAV"):
            parse_wav(damaged)


@pytest.mark.parametrize(("at", "value"), [(20, 3), (22, 3), (24, 0), (32, 3), (34, 24), (40, 7), (36, 0)])
def test_another_coding_is_refused(at: int, value: int) -> None:
    damaged = bytearray(to_wav(np.arange(200, dtype=np.int16)))
    damaged[at : at + 2] = struct.pack("<H", value)
    with pytest.raises(ValueError, match="WAV"):
        parse_wav(bytes(damaged))
