"""The utterance cache: what was spoken once is found, what is damaged is not believed."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tts_render.cache import CachedClip, UtteranceCache
from tts_render.engine.base import Identity, MoraTime, Phrasing, Scales, Spoken, StyleId
from tts_render.errors import OutputError
from tts_render.units import Frames

IDENTITY = Identity("voicevox", "0.25.2", "d1", ())
STYLE = StyleId(3)
PHRASING = Phrasing("abc", "ア'", 1, None)
MORAS = (MoraTime("ア", Frames(0), Frames(1200)), MoraTime("、", Frames(1200), Frames(2400)))


def spoken(dtype: type = np.int16) -> Spoken:
    wave = np.sin(np.arange(2400) * 0.1)
    samples = (wave * 30000).astype(np.int16) if dtype is np.int16 else (wave * 1.7).astype(np.float32)
    return Spoken(samples.reshape(-1, 1), 24000, MORAS)


def keep(cache: UtteranceCache) -> CachedClip:
    return cache.keep(IDENTITY, STYLE, Scales(), PHRASING, spoken())


def test_a_clip_comes_back_as_it_was_spoken(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    kept = keep(cache)
    found = cache.clip(IDENTITY, STYLE, Scales(), PHRASING)
    assert found == kept
    clip = kept.load()
    assert (clip.rate, clip.samples.shape) == (24000, (2400, 1))
    assert clip.samples.dtype == np.float32
    assert np.array_equal(clip.samples * 32768, spoken().samples.astype(np.float32))
    assert kept.moras() == MORAS


def test_float_samples_keep_peaks_over_full_scale(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    kept = cache.keep(IDENTITY, STYLE, Scales(), PHRASING, spoken(np.float32))
    assert np.array_equal(kept.load().samples, spoken(np.float32).samples)


@pytest.mark.parametrize(
    "other",
    [
        (dataclasses.replace(IDENTITY, version="0.25.3"), STYLE, Scales(), PHRASING),
        (dataclasses.replace(IDENTITY, engine="kokoro"), STYLE, Scales(), PHRASING),
        (IDENTITY, StyleId(8), Scales(), PHRASING),
        (IDENTITY, STYLE, Scales(speed=1.1), PHRASING),
        (IDENTITY, STYLE, Scales(pause=0.5), PHRASING),
        (IDENTITY, STYLE, Scales(), dataclasses.replace(PHRASING, digest="abd")),
    ],
)
def test_whatever_can_change_the_sound_is_in_the_key(
    tmp_path: Path, other: tuple[Identity, StyleId, Scales, Phrasing]
) -> None:
    cache = UtteranceCache(tmp_path)
    keep(cache)
    assert cache.clip(*other) is None


def test_the_dictionary_keys_phrases_but_never_clips(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    keep(cache)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    changed = dataclasses.replace(IDENTITY, dictionary="d2")
    assert cache.phrasing(IDENTITY, STYLE, "亜") == PHRASING
    assert cache.phrasing(changed, STYLE, "亜") is None
    assert cache.phrasing(IDENTITY, StyleId(8), "亜") is None
    assert cache.clip(changed, STYLE, Scales(), PHRASING) is not None


def test_no_flipped_or_missing_byte_is_believed(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    path = keep(cache).path
    whole = path.read_bytes()
    for place in [*range(200), *range(200, len(whole), 97), len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None, place
        path.write_bytes(whole[:place])
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None, place
    path.write_bytes(whole)
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is not None


def test_a_damaged_memory_of_phrases_is_forgotten(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    (path,) = (tmp_path / "phrases").glob("*/*")
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        assert cache.phrasing(IDENTITY, STYLE, "亜") is None, place


def test_an_entry_under_another_name_is_not_believed(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    one = keep(cache)
    other = cache.keep(IDENTITY, StyleId(8), Scales(), PHRASING, spoken())
    other.path.write_bytes(one.path.read_bytes())
    assert cache.clip(IDENTITY, StyleId(8), Scales(), PHRASING) is None


def test_a_clip_that_vanished_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    kept = keep(UtteranceCache(tmp_path))
    kept.path.unlink()
    with pytest.raises(OutputError, match="Run this again"):
        kept.load()
    assert kept.moras() == ()


def test_prune_removes_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    clips = [cache.keep(IDENTITY, StyleId(n), Scales(), PHRASING, spoken()) for n in range(4)]
    for age, clip in enumerate(clips):
        os.utime(clip.path, (1_000_000 - age * 100, 1_000_000 - age * 100))
    size = clips[0].path.stat().st_size
    assert cache.prune(max_bytes=2 * size, now=1_000_000) == (2, 2 * size)
    assert [clip.path.exists() for clip in clips] == [True, True, False, False]
    assert cache.prune(max_age=50, now=1_000_000) == (1, size)
    assert cache.info().clips == 1


def test_what_is_used_is_young_again(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    kept = keep(cache)
    os.utime(kept.path, (1, 1))
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is not None
    assert cache.prune(max_age=3600) == (0, 0)


def test_two_processes_may_store_the_same_clip_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; import tests.test_cache as t\n"
        "cache = t.UtteranceCache(Path(sys.argv[1]))\n"
        "for _ in range(200):\n"
        "    t.keep(cache)\n"
        "    assert cache.clip(t.IDENTITY, t.STYLE, t.Scales(), t.PHRASING) is not None\n"
    )
    root = Path(__file__).parent.parent
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=root) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert UtteranceCache(tmp_path).info().clips == 1
