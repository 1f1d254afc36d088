"""Watching: what other programs do to the files of a site is noticed within a moment."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from watchfiles import watch

from tts_render.ground.files import is_temporary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from watchfiles import Change

__all__ = ["Watcher"]

_STEP = 50  # milliseconds of silence after which a change is told
_DEBOUNCE = 400  # milliseconds that changes are gathered at most: a checkout of hundreds of files is told a few times
_GLANCE = 200  # milliseconds after which it is known that it watches
_PASSED_OVER = frozenset({".git", "node_modules", "_site", ".jekyll-cache"})


class Watcher:
    """Watches folders, in a thread of its own. Use it as a context manager.

    Args:
        root: the folder that is watched with all that is in it.
        more: files elsewhere; the folders in which they lie are watched too, without what is in these.
        changed: told of the files that have changed, and of none as soon as it watches: what was looked at before that
            may have changed unseen.
        failed: told why it cannot watch.
    """

    def __init__(
        self,
        root: Path,
        more: tuple[Path, ...],
        changed: Callable[[frozenset[str]], None],
        failed: Callable[[str], None],
    ) -> None:
        self._changed = changed
        self._failed = failed
        self._ended = threading.Event()
        self._root = root
        folders = sorted({file.parent for file in more if not file.is_relative_to(root)})
        self._threads = [threading.Thread(target=self._watch, args=((root,), True), name="watcher", daemon=True)]
        if folders:
            self._threads.append(
                threading.Thread(target=self._watch, args=(tuple(folders), False), name="watcher", daemon=True)
            )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, folders: tuple[Path, ...], recursive: bool) -> None:
        fresh = True
        try:
            for found in watch(
                *folders,
                watch_filter=self._matters,
                step=_STEP,
                debounce=_DEBOUNCE,
                rust_timeout=_GLANCE,
                yield_on_timeout=True,
                stop_event=self._ended,
                raise_interrupt=False,
                recursive=recursive,
                ignore_permission_denied=True,
            ):
                if found or fresh:
                    self._tell(frozenset(path for _, path in found))
                fresh = False
        except (OSError, RuntimeError) as error:  # of the kernel's watches there are only so many
            self._failed(str(error))

    def _tell(self, paths: frozenset[str]) -> None:
        try:
            self._changed(paths)
        except Exception as error:  # noqa: BLE001  # of what comes next there is to be told too
            self._failed(f"{type(error).__name__}: {error}")

    def _matters(self, change: Change, path: str) -> bool:  # noqa: ARG002
        inside = path.removeprefix(str(self._root)).replace("\\", "/").split("/")
        return _PASSED_OVER.isdisjoint(inside) and not is_temporary(inside[-1])
