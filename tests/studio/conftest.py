"""The studio in a browser, on a copy of the example site with an engine that does as it is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.node_packages import fetch
from tests.kit.studio_page import EXAMPLE, Studio, browser, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def studio(tmp_path: Path, fake_engine: FakeEngine, request: pytest.FixtureRequest) -> Iterator[Studio]:
    if not browser():
        pytest.skip("needs chromium")
    playwright = fetch("browser", request.config) / "playwright-core"
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with started(root, tmp_path / "cache", fake_engine.url, playwright) as studio:
        yield studio
