"""The command ``studio`` at work on a copy of a site, used in a browser by the stories of tests/studio/stories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["EXAMPLE", "Studio", "browser", "started", "tree"]

TESTS = Path(__file__).parents[1]
EXAMPLE = TESTS.parent / "examples" / "site"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Studio:
    """The command ``studio`` at work on a copy of the example site."""

    root: Path
    address: str
    process: subprocess.Popen[str]
    playwright: Path

    def use(self, story: str, asked: Mapping[str, Callable[[], object]] | None = None, *, locale: str = "en-US") -> Any:
        """What a browser tells of a story of the driver; ``asked`` is done when the story asks for it."""
        driver = TESTS / "studio" / "page_driver.cjs"
        with subprocess.Popen(
            ["node", str(driver), str(self.playwright), browser(), self.address, story, locale],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        ) as node:  # fmt: skip
            assert node.stdin is not None
            assert node.stdout is not None
            assert node.stderr is not None
            try:
                for line in node.stdout:
                    facts = json.loads(line)
                    if "told" in facts:
                        return facts["told"]
                    (asked or {})[facts["ask"]]()
                    node.stdin.write("\n")
                    node.stdin.flush()
                raise AssertionError(node.stderr.read())
            finally:
                node.kill()

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def browser() -> str:
    return next((found for name in BROWSERS if (found := shutil.which(name))), "")


@contextmanager
def started(root: Path, cache: Path, engine: str, playwright: Path) -> Iterator[Studio]:
    command = [sys.executable, "-m", "tts_render", "studio", "--no-open", "--engine", engine, "--cache-dir", str(cache)]
    with subprocess.Popen(
        [*command, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=TESTS.parent,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        studio = Studio(root, address, process, playwright)
        try:
            yield studio
        finally:
            studio.stop()


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
