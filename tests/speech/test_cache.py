"""The utterance cache: what was spoken once is found, what is damaged is not believed."""

import dataclasses
import hashlib
import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tts_render.engine.base import Identity, MoraTime, Phrasing, Scales, Spoken, StyleId
from tts_render.ground.errors import OutputError
from tts_render.ground.units import Frames
from tts_render.speech.cache import CachedClip, UtteranceCache

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
    short = Spoken(spoken().samples[:400], 24000, MORAS)
    path = cache.keep(IDENTITY, STYLE, Scales(), PHRASING, short).path
    whole = path.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None, place
        path.write_bytes(whole[:place])
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None, place
        path.write_bytes(whole[:place] + whole[place + 1 :])
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None, place
    path.write_bytes(whole + b"\0")
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None
    path.write_bytes(whole)
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is not None


def sealed(header: object, samples: bytes = b"", magic: bytes = b"TTSRCLP1") -> bytes:
    """An entry that is whole: what another version of the program may have written."""
    text = json.dumps(header).encode()
    content = struct.pack("<I", len(text)) + text + samples
    return magic + hashlib.sha256(content).digest() + content


@pytest.mark.parametrize(
    "change",
    [
        {"format": "s24"},
        {"format": None},
        {"frames": 99},
        {"frames": "many"},
        {"rate": 0},
        {"rate": None},
        {"moras": None},
        {"moras": [["ア", 0]]},
        {"moras": [["ア", 0, "end"]]},
        {"key": "another"},
        {"frames": None, "rate": None, "format": None, "moras": None, "key": None},
    ],
)
def test_an_entry_of_another_format_version_is_as_good_as_missing(tmp_path: Path, change: dict[str, object]) -> None:
    cache = UtteranceCache(tmp_path)
    path = keep(cache).path
    header = {"key": path.stem, "format": "s16", "rate": 24000, "frames": 2, "moras": [["ア", 0, 2]]}
    path.write_bytes(sealed(header, bytes(4)))
    found = cache.clip(IDENTITY, STYLE, Scales(), PHRASING)
    assert found is not None
    assert found.moras() == (MoraTime("ア", Frames(0), Frames(2)),)
    for other in (
        sealed(header | change, bytes(4)),
        sealed(header, bytes(4), magic=b"TTSRCLP2"),
        sealed({name: value for name, value in header.items() if name not in change}, bytes(4)),
        sealed([header], bytes(4)),
        sealed("header"),
        b"TTSRCLP1" + hashlib.sha256(b"").digest(),
        b"TTSRCLP1" + hashlib.sha256(b"\xff\xff\xff\xff").digest() + b"\xff\xff\xff\xff",
    ):
        path.write_bytes(other)
        assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None
        assert found.moras() == ()
        with pytest.raises(OutputError):
            found.load()
    assert keep(cache) == cache.clip(IDENTITY, STYLE, Scales(), PHRASING)


@pytest.mark.parametrize(
    "content", [b"[]", b"null", b"{}", b'{"digest": "a"}', b'{"digest": "a", "kana": "", "moras": []}', b"\xff", b""]
)
def test_phrases_of_another_format_version_are_forgotten(tmp_path: Path, content: bytes) -> None:
    cache = UtteranceCache(tmp_path)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    (path,) = (tmp_path / "phrases").glob("*/*")
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    assert cache.phrasing(IDENTITY, STYLE, "亜") is None


def test_a_cache_full_of_folders_links_and_nonsense_is_no_trouble(tmp_path: Path) -> None:
    cache = UtteranceCache(tmp_path)
    kept = keep(cache)
    kept.path.unlink()
    kept.path.mkdir()
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None
    kept.path.rmdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    kept.path.symlink_to(victim)
    assert cache.clip(IDENTITY, STYLE, Scales(), PHRASING) is None
    assert keep(cache) == cache.clip(IDENTITY, STYLE, Scales(), PHRASING)
    assert victim.read_bytes() == b"precious"


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
    with pytest.raises(OutputError, match="Try again"):
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
    assert cache.prune(max_age=100, now=1_000_000) == (0, 0)
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
        "import sys; from pathlib import Path; import tests.speech.test_cache as t\n"
        "cache = t.UtteranceCache(Path(sys.argv[1]))\n"
        "for _ in range(200):\n"
        "    t.keep(cache)\n"
        "    assert cache.clip(t.IDENTITY, t.STYLE, t.Scales(), t.PHRASING) is not None\n"
    )
    root = Path(__file__).parents[2]
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=root) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0]
    assert UtteranceCache(tmp_path).info().clips == 1
