"""Stores in folders: whole entries, the first of which stays, and what was used longest ago goes first."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from tts_render.ground.stores import FolderStore, prune

NAME = "clips/ab/abc.clip"


def names(store: FolderStore) -> list[str]:
    return sorted(entry.name for entry in store.listing("clips"))


def test_what_was_created_comes_back_and_stays(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "not there yet")
    assert store.read(NAME) is None
    assert names(store) == []
    assert store.create(NAME, b"one")
    assert not store.create(NAME, b"two")
    assert store.read(NAME) == b"one"
    assert names(store) == [NAME]
    assert list((store.folder / "incoming").iterdir()) == []


def test_of_many_that_create_an_entry_at_once_one_was_first(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    together = Barrier(8)

    def create(name: str, content: bytes) -> bool:
        together.wait()
        return store.create(name, content)

    contents = [bytes([number]) * 10_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        for name in (f"clips/ab/{number}" for number in range(100)):
            first = list(threads.map(create, [name] * 8, contents))
            assert first.count(True) == 1
            assert store.read(name) == contents[first.index(True)]


def test_only_what_was_seen_is_replaced(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create(NAME, b"damaged")
    assert not store.replace(NAME, b"something else", b"new")
    assert store.read(NAME) == b"damaged"
    assert store.replace(NAME, b"damaged", b"new")
    assert store.read(NAME) == b"new"


def test_what_is_not_there_is_as_good_as_removed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.create(NAME, b"one")
    store.remove(NAME, "clips/cd/cde.clip")
    assert names(store) == []


def test_prune_counts_only_the_folders_that_it_is_given(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for number, name in enumerate(("clips/ab/1", "clips/ab/2", "phrases/ab/3", "other/ab/4")):
        store.create(name, b"12345")
        os.utime(store.path(name), (1000 + number, 1000 + number))
    assert prune(store, ("clips", "phrases"), max_bytes=10, now=2000) == (1, 5)
    assert names(store) == ["clips/ab/2"]
    assert prune(store, ("clips", "phrases"), max_age=998.5, now=2000) == (1, 5)
    assert [entry.name for entry in store.listing("phrases")] == ["phrases/ab/3"]
    assert store.read("other/ab/4") == b"12345"
