"""A site on a disk that fails on demand, and what must be true of it after every failure.

The ordinary run of the tests tries a seeded part of what can fail; with TORTURE=1 in the environment, as ``make
torture`` sets it, everything.
"""

from __future__ import annotations

import ctypes.util
import dataclasses
import errno
import os
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.kit.forks import Forks, Run

OLD_SCRIPT = "おはよう。\n鍵の話。\n"
NEW_SCRIPT = "おはよう。\n錠の話です。\n"
OUTPUTS = "vtt,srt,chapters,timeline,transcript"
BESIDE = (".vtt", ".srt", ".chapters.json", ".chapters.txt", ".timeline.json", ".transcript.html")

VOICES = """\
voices:
  春日部つむぎ: {{speaker: 春日部つむぎ, style: ノーマル}}
pacing: {{head: 0, sentence: 0.05, paragraph: 0.05, section: 0.05, tail: 0}}
master: {{encoder: {encoder}}}
"""

Change = Literal["first", "script", "pacing", "nothing"]
"""What has changed since the last run: there was none; a line of the script; the pauses, so that nothing is spoken."""

Files = dict[str, bytes]
"""Files by their path."""

TORTURE = os.environ.get("TORTURE", "") not in ("", "0")
"""Whether everything is to be tried."""


def some(numbers: Sequence[int], most: int) -> Sequence[int]:
    """All of ``numbers`` under torture, else at most ``most`` of them, always the same ones."""
    if TORTURE or len(numbers) <= most:
        return numbers
    return sorted(random.Random(7).sample(numbers, most))


class Kind(IntEnum):
    """Operations, as ``disk_shim.c`` numbers them."""

    WRITE = 0
    FSYNC = 1
    RENAME = 2
    CREATE = 3
    UNLINK = 4
    MKDIR = 5
    CHMOD = 6


class Act(IntEnum):
    """What befalls an operation, likewise."""

    COUNT = 0
    FAIL = 1
    FILL = 2
    SHORTEN = 3
    KILL_BEFORE = 4
    KILL_AFTER = 5


@dataclass
class Shim:
    """The plan that ``disk_shim.c`` follows."""

    library: Path
    plan: Path

    @classmethod
    def build(cls, folder: Path) -> Shim:
        """Compile it; the test is skipped where that cannot be done."""
        compiler = shutil.which("cc")
        if sys.platform != "linux" or compiler is None or ctypes.util.find_library("c") is None:
            pytest.skip("needs Linux and a C compiler")
        library, plan = folder / "disk_shim.so", folder / "plan"
        source = Path(__file__).with_name("disk_shim.c")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        plan.write_bytes(bytes(16_384))
        return cls(library, plan)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to be under it."""
        return {"LD_PRELOAD": str(self.library), "DISK_SHIM": str(self.plan)}

    def arm(self, root: Path, act: Act, kinds: set[Kind], at: int = 0, error: int = errno.EIO) -> None:
        """Let the operation with the 1-based number ``at`` among those of ``kinds`` under ``root`` meet ``act``."""
        numbers = [act, sum(1 << kind for kind in kinds), at, error, 0, 0, *[0] * len(Kind)]
        with self.plan.open("r+b") as stream:
            stream.write(struct.pack(f"{len(numbers)}q", *numbers) + str(root).encode() + b"\0")

    def counted(self) -> dict[Kind, int]:
        """How many operations there were since then."""
        size = struct.calcsize("q")
        each = struct.unpack_from(f"{len(Kind)}q", self.plan.read_bytes(), 6 * size)
        return dict(zip(Kind, each, strict=True))


@dataclass
class Scene:
    """A site that was rendered once, whose script has changed since; or that was never rendered."""

    site: SiteKit
    forks: Forks
    shim: Shim | None
    template: Path
    old: Files = dataclasses.field(default_factory=dict)
    new: Files = dataclasses.field(default_factory=dict)
    old_cache: Files = dataclasses.field(default_factory=dict)
    new_cache: Files = dataclasses.field(default_factory=dict)
    tried: int = 0
    """How many runs that met a fault were looked at."""

    @classmethod
    def make(
        cls,
        folder: Path,
        forks: Forks,
        shim: Shim | None,
        engine: str,
        *,
        encoder: str = "soundfile",
        change: Change = "script",
    ) -> Scene:
        """Build the site, and learn what a healthy run makes of it."""
        folder.mkdir()
        scene = cls(
            SiteKit(folder / "there" / "site", folder / "there" / "cache", (engine,)), forks, shim, folder / "template"
        )
        site = scene.site.make()
        (site.root / "voices.yaml").write_text(VOICES.format(encoder=encoder), encoding="utf-8")
        site.script.write_text(OLD_SCRIPT if change == "script" else NEW_SCRIPT, encoding="utf-8")
        if change != "first":
            scene.run_well()
        site.script.write_text(NEW_SCRIPT, encoding="utf-8")
        if change == "pacing":
            paced = VOICES.format(encoder=encoder).replace("tail: 0", "tail: 0.5")
            (site.root / "voices.yaml").write_text(paced, encoding="utf-8")
        shutil.copytree(folder / "there", scene.template)
        scene.old, scene.old_cache = scene.site_files(), scene.cache_files()
        scene.run_well()
        scene.new, scene.new_cache = scene.site_files(), scene.cache_files()
        return scene

    def count(self, kinds: set[Kind]) -> int:
        """How many such operations a healthy run needs."""
        assert self.shim is not None
        self.restore()
        self.arm(Act.COUNT, kinds)
        assert self.start().wait() == 0, self.said
        return sum(self.shim.counted().values())

    @property
    def folder(self) -> Path:
        """Where site and cache lie."""
        return self.template.with_name("there")

    def restore(self) -> None:
        """Make it as it was before the run."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.template, self.folder)

    def arm(self, act: Act, kinds: set[Kind], at: int = 0, error: int = errno.EIO) -> None:
        assert self.shim is not None
        self.shim.arm(self.folder, act, kinds, at, error)

    def disarm(self) -> None:
        if self.shim is not None:
            self.arm(Act.COUNT, set())

    def start(self, *more: str, largest: int | None = None) -> Run:
        """Begin to render."""
        return self.forks.start(
            "render", self.site.post, "--also", OUTPUTS, "--cache-dir", self.site.cache, "--engine", *self.site.engines,
            *more, output=self.template.with_name("said"), largest=largest,
        )  # fmt: skip

    @property
    def said(self) -> str:
        """What the last run said."""
        return self.template.with_name("said").read_text(encoding="utf-8")

    def run_well(self) -> None:
        """Render on a disk without faults."""
        self.disarm()
        assert self.start().wait() == 0, self.said

    def site_files(self) -> Files:
        return _files(self.site.root)

    def cache_files(self) -> Files:
        return {path: data for path, data in _files(self.site.cache).items() if not path.startswith("locks/")}

    def check(self, code: int) -> Files:
        """See that every file is wholly old or wholly new, and the post not ahead; then that the next run ends well.

        Args:
            code: what the run ended with; negative if it was killed.

        Returns:
            What the run had left of the site.
        """
        self.tried += 1
        site, cache = self.site_files(), self.cache_files()
        left = [path for path in (*site, *cache) if path.endswith(".tts-render-tmp")]
        if code >= 0:
            assert left == [], self.said
        site, cache = _without(site, left), _without(cache, left)
        for path in site.keys() | self.old.keys():
            assert site.get(path) in (self.old.get(path), self.new.get(path)), f"{path} is neither old nor new"
        for path in cache.keys() | self.old_cache.keys():
            assert cache.get(path) in (self.old_cache.get(path), self.new_cache.get(path)), f"{path} is half there"
        order = [self._turned(site, path) for path in self.in_order()]
        assert order == sorted(order, reverse=True), f"out of order: {dict(zip(self.in_order(), order, strict=True))}"
        if code == 0:
            assert all(order), self.said
        elif code > 0:
            assert code == 1, self.said
            assert "Traceback" not in self.said
            assert "This is a bug" not in self.said
            assert not ("Nothing was changed" in self.said and any(order)), self.said
        self.run_well()
        assert self.site_files() == self.new
        assert self.cache_files() == self.new_cache
        return site

    def in_order(self) -> list[str]:
        """What changes, in the order in which it may turn new: MP3, what is published beside it, receipt, post."""
        root, audio = self.site.root, self.site.audio
        beside = (audio.with_suffix(suffix) for suffix in BESIDE)
        paths = (audio, *beside, self.site.receipt, self.site.post)
        named = [path.relative_to(root).as_posix() for path in paths]
        return [path for path in named if self.old.get(path) != self.new.get(path)]

    def _turned(self, site: Mapping[str, bytes], path: str) -> bool:
        return site.get(path) == self.new.get(path)


def _files(root: Path) -> Files:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _without(files: Files, left: list[str]) -> Files:
    return {path: data for path, data in files.items() if path not in left}
