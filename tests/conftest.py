"""Fixtures that several test files share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.kit.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def fake_engine() -> Iterator[FakeEngine]:
    """An engine on the loopback interface that does as it is told."""
    with FakeEngine() as fake:
        yield fake


# How long an example takes says more of the machine than of the code; speed is measured in benchmarks/.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
