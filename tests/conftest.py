"""Fixtures that several test files share, and the limit on what CI may skip."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.kit import skips
from tests.kit.buckets import S3, Way
from tests.kit.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_CI = os.environ.get("CI") == "true"

# The tests read English, whatever the machine speaks; those of other languages ask for them.
os.environ.update(LC_ALL="C.UTF-8")


@pytest.fixture
def fake_engine() -> Iterator[FakeEngine]:
    """An engine on the loopback interface that does as it is told."""
    with FakeEngine() as fake:
        yield fake


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """A server of buckets on the loopback interface."""
    with S3() as server:
        yield server


@pytest.fixture
def way(s3: S3) -> Iterator[Way]:
    """The way to it, on which everything may happen."""
    with Way(s3.port) as proxy:
        yield proxy


# How long an example takes says more of the machine than of the code; speed is measured in benchmarks/.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


def skipped(config: pytest.Config) -> list[str]:
    """Why tests were skipped, a reason for each."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [report.longrepr[2].removeprefix("Skipped: ") for report in reports]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if IN_CI and session.exitstatus == pytest.ExitCode.OK and skips.faults(skipped(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not IN_CI:
        return
    reasons = skipped(config)
    terminalreporter.section("what was skipped, and why")
    for line in skips.table(reasons):
        terminalreporter.write_line(line)
    for fault in skips.faults(reasons):
        terminalreporter.write_line(f"FAILED: {fault}", red=True)
