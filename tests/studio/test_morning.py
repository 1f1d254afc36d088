"""A morning's work in the studio, in a browser: what it leaves on the disk is what the command line would have made."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.node_packages import fetch
from tests.kit.studio_page import EXAMPLE, browser, started, tree

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine

REAL = Path(__file__).parents[3] / "shared" / "site"


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(EXAMPLE, id="the example with the embedded engine"),
        pytest.param(
            REAL,
            id="the real site with the stand-in",
            marks=pytest.mark.skipif(not REAL.is_dir(), reason="needs the folder of real posts"),
        ),
    ],
)
def test_a_morning_changes_two_lines_of_a_script_two_of_a_post_and_makes_the_mp3_of_the_command_line(
    tmp_path: Path, fake_engine: FakeEngine, request: pytest.FixtureRequest, source: Path
) -> None:
    if not browser():
        pytest.skip("needs chromium")
    engine = "openjtalk" if source == EXAMPLE else fake_engine.url
    site = Path(shutil.copytree(source, tmp_path / "site"))
    playwright = fetch("browser", request.config) / "playwright-core"
    seen: dict[str, dict[str, bytes]] = {}

    with started(site, tmp_path / "cache", engine, playwright) as studio:

        def keep(name: str) -> None:
            seen[name] = tree(studio.root)

        keep("before")
        told = studio.use("morning", {name: partial(keep, name) for name in ("text", "accent", "rendered", "written")})
    assert told["problems"] == []
    assert told["lines"] > 10

    (script,) = different(seen["before"], seen["text"])
    assert lines_changed(seen["before"][script], seen["text"][script]) == [
        f"-{told['source']}",
        f"+{told['source']}いい朝です。",
    ]
    (mended,) = different(seen["text"], seen["accent"])
    if mended == script:
        assert [line[0] for line in lines_changed(seen["text"][script], seen["accent"][script])] == ["-", "+"]
    else:
        assert mended == str(Path(script).with_suffix(".takes.json"))

    made = different(seen["accent"], seen["rendered"])
    (post,) = different(seen["rendered"], seen["written"])
    (mp3,) = (name for name in made if name.endswith(".mp3"))
    assert post not in made, "the post waits to be confirmed"
    changed = lines_changed(seen["rendered"][post], seen["written"][post])
    assert [line.split(":")[0] for line in changed] == [
        "-audio_file_size",
        "+audio_file_size",
        "-duration",
        "+duration",
    ]

    command = [sys.executable, "-m", "tts_render", "render", str(site / post), "--engine", engine, "--force"]
    subprocess.run([*command, "--cache-dir", str(tmp_path / "other cache")], check=True, capture_output=True)
    assert (site / mp3).read_bytes() == seen["written"][mp3], "the same MP3"
    assert (site / post).read_bytes() == seen["written"][post]


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The files that differ or are in only one of two trees."""
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def lines_changed(before: bytes, after: bytes) -> list[str]:
    """The lines that are taken and added between two texts."""
    one, other = before.decode().splitlines(), after.decode().splitlines()
    changed = difflib.unified_diff(one, other, n=0, lineterm="")
    return [line for line in changed if line[0] in "-+" and line[:3] not in ("---", "+++")]
