"""The studio, with an engine that does as it is told: a small site as a client finds it, the example site in a browser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.node_packages import fetch
from tests.kit.site_kit import SiteKit
from tests.kit.studio_kit import open_studio
from tests.kit.studio_page import EXAMPLE, Studio, browser, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.studio_kit import Page


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.fixture
def page(site: SiteKit) -> Iterator[Page]:
    """It watches neither files nor engines."""
    with open_studio(site) as page:
        yield page


@pytest.fixture
def studio(tmp_path: Path, fake_engine: FakeEngine, request: pytest.FixtureRequest) -> Iterator[Studio]:
    if not browser():
        pytest.skip("needs chromium")
    playwright = fetch("browser", request.config) / "playwright-core"
    root = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    with started(root, tmp_path / "cache", fake_engine.url, playwright) as studio:
        yield studio
