"""Packages of node that tests need, in the versions that are locked beside this file."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

__all__ = ["fetch", "fetch_into"]


def fetch(name: str, config: pytest.Config) -> Path:
    """The folder ``node_modules`` with what the folder ``name`` here locks; it is fetched once into pytest's cache."""
    assert config.cache is not None
    return fetch_into(name, Path(config.cache.mkdir(name)))


def fetch_into(name: str, cached: Path) -> Path:
    """The same, in a folder that is given.

    Processes that run side by side may each fetch it; the first that has all of it puts it in place.
    """
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs node and npm")
    cached.mkdir(parents=True, exist_ok=True)
    locked = [Path(__file__).with_name(name) / file for file in ("package.json", "package-lock.json")]
    place = cached / hashlib.sha256(locked[1].read_bytes()).hexdigest()[:16]
    if not place.is_dir():
        with tempfile.TemporaryDirectory(dir=cached) as folder:
            fresh = Path(folder) / "fresh"
            fresh.mkdir()
            for path in locked:
                shutil.copy(path, fresh)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(fresh)]
            try:
                subprocess.run(command, capture_output=True, check=True, timeout=120)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                pytest.skip(f"npm cannot fetch what tests/kit/{name} locks")
            try:
                fresh.rename(place)
            except OSError:
                # Another was first.
                if not place.is_dir():
                    raise
    return place / "node_modules"
