"""Browsers that are killed, as a machine out of memory does it: the studio goes on, and nothing is left of them."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.fake_engine import FakeEngine
    from tests.kit.studio_page import Studio

SCRIPT = "_scripts/houkago-server-3.txt"
FIRST = "皆さま、ごきげんよう。お嬢様ずんだもんですわ。"


def until(so: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "what was waited for has not happened"
        time.sleep(0.02)


def connections(studio: Studio) -> int:
    """Sockets that the studio holds open towards browsers, whether or not there is a browser at the other end."""
    port = f":{urlsplit(studio.address).port:04X}"
    folder = Path(f"/proc/{studio.process.pid}")
    held = set()
    for file in (folder / "fd").iterdir():
        try:
            held |= set(re.findall(r"^socket:\[(\d+)\]$", str(file.readlink())))
        except FileNotFoundError:
            continue  # closed this moment
    rows = [line.split() for line in (folder / "net" / "tcp").read_text(encoding="ascii").splitlines()[1:]]
    listening = "0A"
    return sum(row[1].endswith(port) and row[3] != listening and row[9] in held for row in rows)


def threads(studio: Studio) -> int:
    return sum(1 for _ in Path(f"/proc/{studio.process.pid}/task").iterdir())


@pytest.mark.chromium
@pytest.mark.slow
def test_a_browser_that_is_killed_while_it_listens_leaves_no_connection_and_nothing_is_spoken_for_it(
    studio: Studio, fake_engine: FakeEngine
) -> None:
    (studio.root / SCRIPT).write_text("".join(f"これは{n}番目の行ですわ。\n" for n in range(60)), encoding="utf-8")
    fake_engine.service = 0.3
    seen: list[tuple[int, int, int]] = []

    def speaking() -> None:
        before = fake_engine.asked
        until(lambda: fake_engine.asked >= before + 2)

    def killed() -> None:
        until(lambda: connections(studio) == 0)
        asked = fake_engine.asked
        quiet = time.monotonic()
        last = fake_engine.asked
        while time.monotonic() < quiet + 2:  # longer than any line takes
            if fake_engine.asked != last:
                last, quiet = fake_engine.asked, time.monotonic()
            time.sleep(0.02)
        seen.append((asked, last, threads(studio)))

    told = studio.use("killedWhileSpeaking", {"speaking": speaking, "killed": killed})
    assert told["problems"] == []
    assert told["heard"] == [told["wanted"]], "another browser hears the same episode"
    assert len(seen) == 3
    for before, after, _ in seen:
        assert after <= before + 5, "what it was at and what it began until it was noticed, not all 60 lines"
    assert seen[2][2] <= seen[0][2] + 1, "no thread is left of a browser; one more may have been needed at a time"


@pytest.mark.chromium
@pytest.mark.slow
def test_of_a_browser_that_is_killed_while_it_saves_all_files_are_old_or_new(studio: Studio) -> None:
    before = studio.read(SCRIPT).decode()
    assert before.startswith(FIRST)
    rest = before.removeprefix(FIRST)
    firsts: list[str] = [FIRST]
    left: list[bool] = []

    def killed() -> None:
        until(lambda: connections(studio) == 0)
        now = studio.read(SCRIPT).decode()
        assert now.endswith(rest)
        firsts.append(now.removesuffix(rest))
        left.append(any("tts-render-tmp" in path.name for path in studio.root.rglob("*")))

    told = studio.use("killedWhileSaving", {"killed": killed})
    assert told["problems"] == []
    for number, (old, new) in enumerate(pairwise(firsts)):
        assert new in (old, f"{number}番目の文ですわ。")
    assert not any(left)
    assert told["before"] == firsts[-1].split("。")[0] + "。"
    assert studio.read(SCRIPT).decode() == f"最後の文ですわ。{rest}"
