"""A cache with a store behind its folder, which others share, and which may give or refuse anything."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.speech.test_cache import IDENTITY, PHRASING, STYLE, keep, spoken
from tts_render.engine.base import Phrasing, Scales, Spoken, StyleId
from tts_render.ground.errors import StoreError, StoreRefusedError
from tts_render.ground.files import digest_bytes
from tts_render.ground.stores import FolderStore
from tts_render.speech.backing import Backing
from tts_render.speech.cache import CachedClip, UtteranceCache
from tts_render.speech.entries import blob_name, clip_name, encode_phrasing, phrase_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tts_render.ground.stores import Store, Stored

CLIP = clip_name(IDENTITY, STYLE, Scales(), PHRASING)
PHRASE = phrase_name(IDENTITY, STYLE, "亜")


def find(cache: UtteranceCache) -> CachedClip | None:
    return cache.clip(IDENTITY, STYLE, Scales(), PHRASING)


@dataclass
class Shared:
    """A store in a folder, which refuses when it is told to, and counts."""

    store: FolderStore
    reading: StoreError | None = None
    writing: StoreError | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return "s3://shared"

    def read(self, name: str) -> bytes | None:
        self.asked.append(f"read {name}")
        if self.reading:
            raise self.reading
        return self.store.read(name)

    def create(self, name: str, data: bytes) -> bool:
        self.asked.append(f"create {name}")
        if self.writing:
            raise self.writing
        return self.store.create(name, data)

    def replace(self, name: str, was: bytes, data: bytes) -> bool:
        self.asked.append(f"replace {name}")
        return self.store.replace(name, was, data)

    def remove(self, *names: str) -> None:
        if self.writing:
            raise self.writing
        self.store.remove(*names)

    def listing(self, prefix: str) -> Iterator[Stored]:
        if self.reading:
            raise self.reading
        return self.store.listing(prefix)


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(FolderStore(tmp_path / "shared"))


def test_what_one_machine_made_the_other_has(tmp_path: Path, shared: Shared) -> None:
    one, other = (UtteranceCache(tmp_path / name, shared) for name in ("one", "other"))
    kept = keep(one)
    one.remember(IDENTITY, STYLE, "亜", PHRASING)
    digest = one.keep_blob(b"a jingle")
    found = find(other)
    assert found is not None
    assert found.path.is_relative_to(tmp_path / "other")
    assert found.path.read_bytes() == kept.path.read_bytes()
    assert other.phrasing(IDENTITY, STYLE, "亜") == PHRASING
    blob = other.blob(digest)
    assert blob is not None
    assert blob.read_bytes() == b"a jingle"
    assert other.blob(digest_bytes(b"another")) is None


def test_what_came_once_is_not_fetched_again(tmp_path: Path, shared: Shared) -> None:
    keep(UtteranceCache(tmp_path / "one", shared))
    other = UtteranceCache(tmp_path / "other", shared)
    find(other)
    shared.asked.clear()
    assert find(other) is not None
    assert shared.asked == []


def test_the_first_clip_counts_for_everybody(tmp_path: Path, shared: Shared) -> None:
    first = keep(UtteranceCache(tmp_path / "one", shared))
    other = UtteranceCache(tmp_path / "other", shared)
    longer = Spoken(spoken().samples.repeat(2, axis=0), 24000, ())
    kept = other.keep(IDENTITY, STYLE, Scales(), PHRASING, longer)
    assert (kept.frames, kept.rate) == (first.frames, first.rate)
    assert kept.path.read_bytes() == first.path.read_bytes()
    assert kept == find(other)


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"TTSRCLP1" + bytes(100)])
def test_a_damaged_entry_is_not_used_but_written_again(tmp_path: Path, shared: Shared, content: bytes) -> None:
    shared.store.write(CLIP, content)
    shared.store.write(PHRASE, content)
    told: list[str] = []
    cache = UtteranceCache(tmp_path / "one", shared, warn=told.append)
    assert find(cache) is None
    assert cache.phrasing(IDENTITY, STYLE, "亜") is None
    assert cache.blob(digest_bytes(b"")) is None
    (warning,) = told
    assert "s3://shared" in warning
    assert "damaged" in warning
    assert cache.info().bytes == 0
    kept = keep(cache)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    assert shared.store.read(CLIP) == kept.path.read_bytes()
    assert UtteranceCache(tmp_path / "two", shared).phrasing(IDENTITY, STYLE, "亜") == PHRASING


def test_an_entry_of_another_name_is_not_believed(tmp_path: Path, shared: Shared) -> None:
    cache = UtteranceCache(tmp_path / "one", shared)
    keep(cache)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    digest = cache.keep_blob(b"a jingle")
    other = clip_name(IDENTITY, StyleId(8), Scales(), PHRASING)
    elsewhere = digest_bytes(b"another")
    for name, taken in (
        (other, CLIP),
        (phrase_name(IDENTITY, STYLE, "伊"), PHRASE),
        (blob_name(elsewhere), blob_name(digest)),
    ):
        shared.store.write(name, shared.store.read(taken) or b"")
    stranger = UtteranceCache(tmp_path / "two", shared)
    assert stranger.clip(IDENTITY, StyleId(8), Scales(), PHRASING) is None
    assert stranger.phrasing(IDENTITY, STYLE, "伊") is None
    assert stranger.blob(elsewhere) is None


def test_phrases_of_earlier_versions_are_believed_in_the_folder_only(tmp_path: Path, shared: Shared) -> None:
    content = b'{"digest": "abc", "kana": "\xe3\x82\xa2\'", "moras": 1}'
    entry = digest_bytes(content).encode() + b"\n" + content
    shared.store.write(PHRASE, entry)
    cache = UtteranceCache(tmp_path / "one", shared)
    assert cache.phrasing(IDENTITY, STYLE, "亜") is None
    FolderStore(tmp_path / "one").write(PHRASE, entry)
    assert cache.phrasing(IDENTITY, STYLE, "亜") == PHRASING


def test_a_store_that_fails_is_told_once_and_the_folder_does_alone(tmp_path: Path, shared: Shared) -> None:
    told: list[str] = []
    shared.reading = shared.writing = StoreError("answers with status 503", path="s3://shared")
    cache = UtteranceCache(tmp_path / "one", shared, warn=told.append)
    assert find(cache) is None
    kept = keep(cache)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    cache.remember(IDENTITY, STYLE, "伊", PHRASING)
    assert find(cache) == kept
    assert cache.phrasing(IDENTITY, STYLE, "亜") == PHRASING
    assert cache.phrasing(IDENTITY, STYLE, "宇") is None
    assert told == ["s3://shared: answers with status 503; the clips are kept in the folder alone for now"]
    assert shared.asked == [f"read {CLIP}", f"create {CLIP}"]
    assert cache.backing is not None
    assert cache.backing.unsent == 3


def test_a_store_that_may_only_be_read_is_read_on(tmp_path: Path, shared: Shared) -> None:
    keep(UtteranceCache(tmp_path / "one", shared))
    shared.writing = StoreRefusedError("no", path="s3://shared")
    other = UtteranceCache(tmp_path / "other", shared)
    other.remember(IDENTITY, STYLE, "亜", PHRASING)
    assert find(other) is not None


def test_a_store_that_failed_is_asked_again_after_a_while(shared: Shared) -> None:
    now = 0.0
    told: list[str] = []
    backing = Backing(shared, warn=told.append, rest=300, clock=lambda: now)
    shared.writing = StoreError("cannot be reached", path="s3://shared")
    data = encode_phrasing(PHRASE, PHRASING)
    assert backing.send(PHRASE, data) is None
    shared.writing = None
    now = 299.0
    assert backing.send(PHRASE, data) is None
    now = 300.0
    assert backing.send(PHRASE, data) == data
    assert backing.unsent == 2
    assert len(told) == 1


def test_an_entry_that_comes_and_goes_ends_nothing(tmp_path: Path, shared: Shared) -> None:
    class Flickering(Shared):
        def create(self, name: str, data: bytes) -> bool:
            return False

    store: Store = Flickering(shared.store)
    cache = UtteranceCache(tmp_path / "one", store)
    assert find(cache) is None
    assert keep(cache) == find(cache)


def test_forgetting_takes_back_from_the_store_what_this_process_remembered(tmp_path: Path, shared: Shared) -> None:
    old = UtteranceCache(tmp_path / "one", shared)
    old.remember(IDENTITY, STYLE, "古い", PHRASING)
    name = phrase_name(IDENTITY, STYLE, "古い")
    os.utime(tmp_path / "one" / name, (1, 1))
    cache = UtteranceCache(tmp_path / "one", shared)
    cache.remember(IDENTITY, STYLE, "亜", PHRASING)
    cache.forget_new_phrases()
    assert [entry.name for entry in shared.store.listing("phrases")] == [name]
    assert cache.phrasing(IDENTITY, STYLE, "亜") is None
    assert cache.phrasing(IDENTITY, STYLE, "古い") == PHRASING


def test_many_are_found_in_the_order_in_which_they_were_asked_for(tmp_path: Path, shared: Shared) -> None:
    one = UtteranceCache(tmp_path / "one", shared)
    wanted = [(STYLE, f"文{number}") for number in range(60)]
    phrasings = [Phrasing(f"d{number}", "ア'", 1, None) for number in range(60)]
    for number in range(0, 60, 3):
        one.remember(IDENTITY, *wanted[number], phrasings[number])
        one.keep(IDENTITY, STYLE, Scales(), phrasings[number], spoken())
    other = UtteranceCache(tmp_path / "other", shared)
    expected = [phrasing if number % 3 == 0 else None for number, phrasing in enumerate(phrasings)]
    assert other.phrasings(IDENTITY, wanted) == expected
    clips = other.clips(IDENTITY, [(STYLE, Scales(), phrasing) for phrasing in phrasings])
    assert [clip is not None for clip in clips] == [number % 3 == 0 for number in range(60)]
    assert other.info() == other.info().__class__(str(tmp_path / "other"), 20, 20, 0, one.info().bytes)


def test_both_levels_are_measured_and_pruned(tmp_path: Path, shared: Shared) -> None:
    cache = UtteranceCache(tmp_path / "one", shared)
    kept = keep(cache)
    cache.keep_blob(b"12345")
    size = kept.path.stat().st_size
    front, back = cache.info(), cache.back_info()
    assert back is not None
    assert (front.address, back.address) == (str(tmp_path / "one"), "s3://shared")
    assert (front.clips, front.phrases, front.blobs, front.bytes) == (1, 0, 1, size + 5)
    assert (back.clips, back.phrases, back.blobs, back.bytes) == (1, 0, 1, size + 5)
    assert cache.prune(max_bytes=0) == (2, size + 5)
    assert find(cache) is not None
    assert cache.prune_back(max_bytes=0) == (2, size + 5)
    assert UtteranceCache(tmp_path / "two", shared).info().clips == 0
    shared.reading = StoreError("cannot be reached", path="s3://shared")
    with pytest.raises(StoreError):
        cache.back_info()
    assert UtteranceCache(tmp_path / "one").back_info() is None
    assert UtteranceCache(tmp_path / "one").prune_back(max_bytes=0) == (0, 0)
