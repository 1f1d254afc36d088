"""A cluster that the tests of a module share: a scheduler, and two workers with a stand-in engine each."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.kit.clusters import render_on, scheduler_running, worker_running
from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Farm:
    """A cluster, and the engines of its workers."""

    address: str
    cache: Path
    engines: tuple[FakeEngine, ...]

    def render(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return render_on(self.address, self.cache, *arguments)

    def spoken(self) -> list[str]:
        """What the engines have spoken, and were not asked for before."""
        return [text for engine in self.engines for text in engine.texts]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    cache = tmp_path_factory.mktemp("farm")
    with ExitStack() as stack:
        engines = tuple(stack.enter_context(FakeEngine()) for _ in range(2))
        address = stack.enter_context(scheduler_running())
        for engine in engines:
            stack.enter_context(worker_running(address, cache, engine.url))
        yield Farm(address, cache, engines)


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()
