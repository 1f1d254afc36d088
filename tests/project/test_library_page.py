"""docs/library.md: every example runs, in the order of the page, and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import shutil
import traceback
from typing import TYPE_CHECKING, Any

import pytest

import tts_render
from tests.kit.documents import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

PAGE = ROOT / "docs" / "library.md"


def test_every_example_runs_and_prints_what_the_page_says(
    tmp_path: Path, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "examples" / "site", site)
    monkeypatch.chdir(site)
    found = blocks(PAGE, "python", "text")
    names: dict[str, Any] = {}
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.language == "text":
            continue
        # Blank lines before it, so that a failure names the line of the page.
        source = "\n" * (block.line - 1) + block.text.replace("http://127.0.0.1:50021", fake_engine.url)
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(source, str(PAGE), "exec"), names)
        except Exception:
            pytest.fail(traceback.format_exc())
        if following is not None and following.language == "text":
            assert out.getvalue() == following.text, f"{PAGE.name}:{following.line}"
    assert names["done"].changed
    assert not names["again"].changed
    assert names["again"].synthesized == 0


def test_the_page_shows_every_step_of_the_package() -> None:
    text = PAGE.read_text(encoding="utf-8")
    steps = [name for name in tts_render.__all__ if name.islower()]
    assert [name for name in steps if f"{name}(" not in text] == []
