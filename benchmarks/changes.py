"""What a second run costs: nothing changed, one line, or something that changes the sound of a few."""

from __future__ import annotations

import contextlib
import statistics
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from benchmarks.table import Row
from benchmarks.workshop import EPISODE, SERVICE, Engine, Site, busy_seconds, engines, lame_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LEXICON, _DICTIONARY = "話題", "重み"  # words that some lines hold
_SECOND_VOICE = 36  # the first utterance of a section that is spoken by another voice


def unchanged(folder: Path) -> Row:
    site = Site(folder / "unchanged", EPISODE)
    with engines(1, 0.0) as (engine,):
        site.render([engine.url])
        before = {path: path.stat().st_mtime_ns for path in (site.audio, site.post)}
        spoken = engine.stats()["syntheses"]
        times = [site.render([engine.url])[0].seconds for _ in range(5)]
        kept = before == {path: path.stat().st_mtime_ns for path in before}
        asked = engine.stats()["syntheses"] - spoken
    seconds = statistics.median(times)
    return Row(
        "nothing changed",
        f"{seconds:.2f} s, {asked} syntheses, files {'kept' if kept else 'CHANGED'}",
        "-",
        "-",
        "under 1.0 s, none, kept",
        seconds < 1.0 and not asked and kept,
    )


def one_line(folder: Path, encoder: str, limit: float) -> Row:
    site = Site(folder / f"line-{encoder}", EPISODE, encoder=encoder)
    with engines(1, SERVICE) as running:
        urls = [running[0].url]
        site.render(urls)
        lame, alike = lame_seconds(site.audio, folder), lame_seconds(site.audio, folder, "-q", "5")
        found: list[float] = []
        for marker in range(3):
            site.change_a_line(marker)
            spoken, busy = running[0].stats()["syntheses"], busy_seconds(running)
            ran, _ = site.render(urls)
            if running[0].stats()["syntheses"] != spoken + 1:
                raise SystemExit("more than one synthesis for one changed line")
            found.append(ran.seconds - (busy_seconds(running) - busy))
    rest = statistics.median(found)
    return Row(
        f"one line changed, encoder {encoder}: one synthesis, and the rest",
        f"{rest:.2f} s",
        f"lame as it comes {lame:.2f} s (at quality 5, as here, {alike:.2f} s)",
        f"{(rest - 1.0) / lame:.2f}x + 1.0 s",
        f"at most {limit}x + 1.0 s",
        rest <= limit * lame + 1.0,
    )


def spoken_again(folder: Path) -> list[Row]:
    """How many lines are spoken again, beside how many there are whose sound is another."""
    site = Site(folder / "again", EPISODE)
    lines = [line for line in site.script.read_text(encoding="utf-8").split("\n") if line.strip("-")]
    site.script.write_text(
        site.script.read_text(encoding="utf-8").replace(lines[_SECOND_VOICE], f"春日部つむぎ：{lines[_SECOND_VOICE]}"),
        encoding="utf-8",
    )
    settings = site.root / "voices.yaml"

    def rewrite(old: str, new: str) -> None:
        text = settings.read_text(encoding="utf-8")
        if old not in text:
            raise SystemExit(f"voices.yaml no longer holds {old!r}")
        settings.write_text(text.replace(old, new, 1), encoding="utf-8")

    def again(engine: Engine, what: str, change: Callable[[], object], expected: int, which: str) -> Row:
        change()
        spoken = engine.stats()["syntheses"]
        site.render([engine.url])
        count = engine.stats()["syntheses"] - spoken
        return Row(
            what, f"{count} of {EPISODE} spoken again", f"{which}: {expected}", "-", "the same", count == expected
        )

    def holding(word: str) -> int:
        return sum(word in line for line in lines)

    with engines(1, 0.0) as (engine,):
        site.render([engine.url])
        word = urlencode({"surface": _DICTIONARY, "pronunciation": "オモサ", "accent_type": 1})
        request = urllib.request.Request(f"{engine.url}/user_dict_word?{word}", method="POST")
        rows = [
            again(
                engine,
                "a voice changed (speed)",
                lambda: rewrite("    speaker: 春日部つむぎ\n", "    speaker: 春日部つむぎ\n    speed: 1.1\n"),
                EPISODE - _SECOND_VOICE,
                "lines of that voice",
            ),
            again(
                engine,
                "a lexicon entry added",
                lambda: rewrite("  LLM: ", f"  {_LEXICON}: トピック\n  LLM: "),
                holding(_LEXICON),
                "lines that hold the word",
            ),
            again(
                engine,
                "a word added to the user dictionary",
                lambda: urllib.request.urlopen(request, timeout=10).close(),
                holding(_DICTIONARY),
                "lines that hold the word",
            ),
        ]
    with contextlib.closing(Engine(0.0, version="0.26.0")) as newer:
        rows.append(again(newer, "another version of the engine", lambda: None, EPISODE, "all"))
    return rows
