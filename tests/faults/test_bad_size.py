"""Input of absurd size: refused, or handled in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.measured import measure
from tests.kit.site_kit import SiteKit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

    Property = Callable[[str, str], None]

LIMIT = 220.0
"""MiB."""
PAUSES = "pacing: {sentence: 0.05, paragraph: 0.05, section: 0.05}\nmaster: {encoder: soundfile}\n"

BRISK = """\
voices: {ずんだもん: {speaker: ずんだもん, style: ノーマル, speed: 2}, 春日部つむぎ: {speaker: 春日部つむぎ, speed: 2}}
default: ずんだもん
pacing: {head: 0, sentence: 0, paragraph: 0, section: 0, tail: 0}
master: {encoder: soundfile}
"""
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよわ"


@pytest.mark.slow
def test_memory_does_not_grow_with_the_episode(
    tmp_path: Path, fake_engine: FakeEngine, record_property: Property
) -> None:
    peaks = []
    for count in (24, 288):
        site = SiteKit(tmp_path / f"site {count}", tmp_path / f"cache {count}", (fake_engine.url,)).make()
        voices = site.root / "voices.yaml"
        voices.write_text(voices.read_text(encoding="utf-8") + PAUSES, encoding="utf-8")
        lines = [f"{number}番目の話は、山の上から見える海と、その先にある島の話です。" for number in range(count)]
        site.script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        run = measure(
            "render", site.post, "--also", "vtt,timeline", "--cache-dir", site.cache, "--engine", fake_engine.url
        )
        assert run.code == 0, run.err
        peaks.append(run.peak)
    record_property("peaks in MiB", " ".join(f"{peak:.0f}" for peak in peaks))
    assert peaks[1] < LIMIT
    assert peaks[1] <= 1.25 * peaks[0], peaks


@pytest.mark.slow
def test_an_utterance_more_costs_little_memory_and_time(
    tmp_path: Path, fake_engine: FakeEngine, record_property: Property
) -> None:
    counts = 1_000, 6_000
    runs = []
    for count in counts:
        site = SiteKit(tmp_path / f"site {count}", tmp_path / f"cache {count}", (fake_engine.url,)).make()
        (site.root / "voices.yaml").write_text(BRISK, encoding="utf-8")
        lines = [f"{KANA[number % 39]}{KANA[number % 9]}。" for number in range(count)]
        site.script.write_text("\n".join(lines) + "\n", encoding="utf-8")
        run = measure(
            "render", site.post, "--also", "vtt,timeline", "--cache-dir", site.cache, "--engine", fake_engine.url
        )
        assert run.code == 0, run.err
        runs.append(run)
    each = (runs[1].peak - runs[0].peak) * 2**20 / (counts[1] - counts[0])
    record_property("bytes an utterance, and times as long", f"{each:.0f} {runs[1].seconds / runs[0].seconds:.1f}")
    assert each < 2500
    assert runs[1].seconds < 8 * runs[0].seconds  # of the processor; what takes the square of the number takes more


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("はい。\n" * 100_000, ".txt"),
        ("あ" * 340_000, ".txt"),
        ("はい、" * 110_000, ".md"),
        ("a" * 300_000, ".txt"),
        ("1" * 300_000, ".md"),
        ("「" * 340_000 + "あ", ".md"),
    ],
    ids=["100,000 utterances", "no end", "no full stop", "one word", "one number", "quotes"],
)
def test_a_script_of_absurd_size_is_planned_in_bounded_memory_and_time(
    tmp_path: Path, text: str, suffix: str, record_property: Property
) -> None:
    script = tmp_path / f"script{suffix}"
    front = "---\ntitle: a\naudio_file_path: /a.mp3\n---\n" if suffix == ".md" else ""
    script.write_text(front + text + "\n", encoding="utf-8")
    run = measure("plan", script, "--site", tmp_path, "--engine", "http://127.0.0.1:9", "-q", limit=120)
    assert run.code == 0, run.err[-500:]
    record_property("MiB and seconds", f"{run.peak:.0f} {run.seconds:.0f}")
    assert run.peak < LIMIT
    assert run.seconds < 60  # of the processor; what takes the square of the length takes hours


@pytest.mark.parametrize("name", ["post.md", "script.txt", "deck.json", "voices.yaml", "words.csv", "_config.yml"])
def test_a_file_that_is_larger_than_any_episode_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    script = tmp_path / "short.txt"
    script.write_text("はい。\n", encoding="utf-8")
    huge = tmp_path / name
    with huge.open("wb") as stream:
        stream.truncate(3 * 2**30)  # takes no room on the disk
    if name == "words.csv":
        (tmp_path / "voices.yaml").write_text(
            "voices: {声: {style_id: 3}}\nlexicon: {file: words.csv}\n", encoding="utf-8"
        )
    run = measure("check", huge if name in ("post.md", "script.txt", "deck.json") else script, "--site", tmp_path)
    assert run.code == 1
    assert "bytes" in run.err + run.out
    assert run.peak < LIMIT
