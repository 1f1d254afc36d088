"""Rendering end to end through a real loopback engine: what comes out, what is spoken, what changes on disk."""

from __future__ import annotations

import difflib
import json
import os
import sys
import time
from shutil import which
from typing import TYPE_CHECKING

import mutagen
import numpy as np
import pytest
import soundfile

from tests.kit.fake_engine import FakeEngine, Fault
from tests.kit.signals import needs_lame
from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit
from tts_render import Session, open_episode, render
from tts_render.ground.files import digest_bytes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_a_post_becomes_an_mp3_and_gets_its_size_and_duration(site: SiteKit) -> None:
    result = site.run("render", site.post, "--json")
    assert result.code == 0, result.err
    (receipt,) = result.json
    data = site.audio.read_bytes()
    frames = soundfile.info(site.audio).frames
    seconds = frames / 44100
    clock = f"{int(seconds + 0.5) // 60:02d}:{int(seconds + 0.5) % 60:02d}"
    assert changed_lines(POST, site.post.read_text(encoding="utf-8")) == [
        "-audio_file_size: 0",
        f"+audio_file_size: {len(data)}",
        '-duration: "00:00"',
        f'+duration: "{clock}"',
    ]
    assert receipt["bytes"] == len(data)
    assert receipt["sha256"] == digest_bytes(data)
    assert receipt["duration"] == clock
    assert receipt["duration_seconds"] == pytest.approx(seconds, abs=1e-6)
    assert receipt["utterances"] == receipt["synthesized"] == 6
    assert receipt["credits"] == ["VOICEVOX:春日部つむぎ"]
    assert receipt["loudness_lufs"] == pytest.approx(-16, abs=0.5)
    assert receipt["true_peak_dbtp"] <= -1.0
    assert receipt["changed"] is True
    assert receipt["engines"][0]["name"] == "voicevox"


def test_the_mp3_says_what_it_is(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    tags = mutagen.File(site.audio).tags
    assert str(tags["TIT2"]) == "朝の技術だより☆A.I. 20261121 [特別]"
    assert str(tags["TALB"]) == "朝の技術だより"
    assert str(tags["TPE1"]) == "春日部つむぎ"
    assert str(tags["TRCK"]) == "41"
    assert "VOICEVOX:春日部つむぎ" in str(tags.getall("COMM")[0])
    assert any("https://example.com/episode/41" in str(frame) for frame in [*tags.getall("WXXX"), *tags.getall("WOAS")])
    assert tags.version[:2] == (2, 3)


def test_the_right_lines_are_spoken_in_the_right_voice(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    assert fake_engine.texts == [
        "おはようございます。",
        "朝の技術だよりの時間です。",
        "今日は鍵の話をします！",
        "鍵を二つに分けると、片方は配ってよくなります。",
        "「本当に？」と思いましたか。",
        "それでは、また明日お会いしましょう。",
    ]
    assert {synthesis.style for synthesis in fake_engine.syntheses} == {8}
    query = fake_engine.syntheses[0].query
    assert (query["prePhonemeLength"], query["postPhonemeLength"], query["outputSamplingRate"]) == (0, 0, 24000)


def test_it_is_silent_just_where_the_pauses_are(site: SiteKit) -> None:
    (site.root / "voices.yaml").write_text(VOICES.partition("sounds:")[0], encoding="utf-8")
    # Without commas, at which the engine pauses by itself.
    site.script.write_text(
        "ひとつめ。ふたつめ。\nみっつめ。\n\nよっつめ。\nいつつめ。\n----\nむっつめ。\n", encoding="utf-8"
    )
    assert site.run("render", site.post).code == 0
    samples, rate = soundfile.read(site.audio)
    loud = np.abs(samples) > 10 ** (-50 / 20)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    runs = edges.reshape(-1, 2)
    gaps = (runs[1:, 0] - runs[:-1, 1]) / rate
    pauses = [round(float(gap), 2) for gap in gaps if gap > 0.25]
    expected = [0.35, 0.35, 0.7, 0.35, 1.2]
    assert len(pauses) == len(expected), pauses
    # An MP3 smears an edge over a granule (13 ms at 44.1 kHz), and the stand-in voice fades in and out.
    assert pauses == pytest.approx(expected, abs=0.05)
    assert runs[0, 0] / rate == pytest.approx(0.3, abs=0.05)
    assert (len(samples) - runs[-1, 1]) / rate == pytest.approx(1.0, abs=0.05)


def test_nothing_is_spoken_or_written_where_nothing_changed(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    before = {path: path.stat().st_mtime_ns for path in (site.audio, site.post, site.receipt)}
    fake_engine.syntheses.clear()
    fake_engine.queries.clear()
    (receipt,) = site.run("render", site.post, "--json").json
    assert (receipt["changed"], receipt["synthesized"], receipt["cached"]) == (False, 0, 6)
    assert fake_engine.syntheses == []
    assert fake_engine.queries == []
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_one_changed_line_is_one_synthesis(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.syntheses.clear()
    site.script.write_text(SCRIPT.replace("鍵の話", "錠の話"), encoding="utf-8")
    (receipt,) = site.run("render", site.post, "--json").json
    assert fake_engine.texts == ["今日は錠の話をします！"]
    assert (receipt["changed"], receipt["synthesized"], receipt["cached"]) == (True, 1, 5)


def test_a_changed_dictionary_speaks_just_the_lines_that_hold_the_word(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.syntheses.clear()
    fake_engine.add_word("技術", "ワザ")
    assert site.run("render", site.post).code == 0
    assert fake_engine.texts == ["朝の技術だよりの時間です。"]


def test_a_changed_engine_version_speaks_everything(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.syntheses.clear()
    fake_engine.version = "0.25.3"
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.texts) == 6


def test_a_changed_voice_speaks_just_its_lines(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.syntheses.clear()
    (site.root / "voices.yaml").write_text(VOICES.replace("pitch: 0.02", "pitch: 0.03"), encoding="utf-8")
    (receipt,) = site.run("render", site.post, "--json").json
    assert (receipt["changed"], fake_engine.texts) == (False, [])
    (site.root / "voices.yaml").write_text(
        VOICES.replace("aliases: [つむぎ]", "aliases: [つむぎ], speed: 1.1"), encoding="utf-8"
    )
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.texts) == 6


def test_the_same_clips_give_the_same_bytes(tmp_path: Path, site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    first = site.files()
    with FakeEngine() as one, FakeEngine() as two, FakeEngine() as three:
        other = SiteKit(tmp_path / "elsewhere", tmp_path / "cache2", (one.url, two.url, three.url)).make()
        assert other.run("render", other.post).code == 0
        assert other.files() == first


def test_a_repeated_line_is_spoken_once(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.write_text("はい。\nいいえ。\nはい。\n", encoding="utf-8")
    (receipt,) = site.run("render", site.post, "--json").json
    assert sorted(fake_engine.texts) == sorted(["はい。", "いいえ。"])
    assert (receipt["utterances"], receipt["synthesized"], receipt["cached"]) == (3, 2, 1)


def test_a_post_that_lost_its_values_gets_them_back_without_rendering(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    right = site.post.read_bytes()
    before = site.audio.stat().st_mtime_ns
    site.post.write_text(POST, encoding="utf-8")
    (receipt,) = site.run("render", site.post, "--json").json
    assert site.post.read_bytes() == right
    assert site.audio.stat().st_mtime_ns == before
    assert receipt["changed"] is True


@pytest.mark.parametrize("damage", ["cut short", "one bit flipped"])
def test_a_damaged_mp3_is_made_anew_without_speaking(site: SiteKit, fake_engine: FakeEngine, damage: str) -> None:
    assert site.run("render", site.post).code == 0
    good = site.audio.read_bytes()
    middle = len(good) // 2
    flipped = good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]
    site.audio.write_bytes(good[:-1000] if damage == "cut short" else flipped)
    fake_engine.syntheses.clear()
    assert site.run("render", site.post).code == 0
    assert site.audio.read_bytes() == good
    assert fake_engine.syntheses == []


@needs_lame
def test_an_encoder_that_loses_some_of_the_sound_publishes_nothing(site: SiteKit, tmp_path: Path) -> None:
    lame = tmp_path / "lame"
    # Whole for the question which version it is; of the sound it takes the first second.
    lame.write_text(f'#!/bin/sh\nhead -c {44100 * 4} > "$0.part"; cat > /dev/null\n{which("lame")} "$@" < "$0.part"\n')
    lame.chmod(0o755)
    settings = VOICES + "master: {encoder: lame}\n"
    (site.root / "voices.yaml").write_text(settings, encoding="utf-8")
    before = site.files()
    site.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    result = site.run("render", site.post)
    assert result.code == 1
    assert "the MP3 decodes to 44100 frames, but the episode has " in result.err
    assert "lame" in result.err
    assert site.files() == before


@needs_lame
@pytest.mark.parametrize("warned", [True, False])
def test_a_true_peak_that_no_correction_brings_down_is_a_warning(
    site: SiteKit, tmp_path: Path, *, warned: bool
) -> None:
    lame = tmp_path / "lame"
    loud = (
        'len(sound) // 400 * (b"\\xff\\xff\\xff\\x7f" * 50 + b"\\x01\\0\\0\\x80" * 50) + sound[-(len(sound) % 400) :]'
    )
    lame.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\n"
        'sound = sys.stdin.buffer.read() if "-" in sys.argv else b""\n'
        f"sound = {loud if warned else 'sound'}\n"
        f"subprocess.run([{which('lame')!r}, *sys.argv[1:]], input=sound, check=True)\n"
    )
    lame.chmod(0o755)
    (site.root / "voices.yaml").write_text(VOICES + "master: {encoder: lame}\n", encoding="utf-8")
    site.environment["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    result = site.run("render", site.post, "--json")
    assert result.code == 0
    (receipt,) = result.json
    assert (receipt["true_peak_dbtp"] > -1) is warned
    assert (f"warning: the true peak is {receipt['true_peak_dbtp']:.2f} dBTP, over -1" in result.err) is warned


def test_force_renders_again(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    before = site.files()
    result = site.run("render", site.post, "--force", "--json")
    assert result.json[0]["cached"] == 6
    assert site.files() == before


def test_an_utterance_that_fails_publishes_nothing_and_all_failures_are_told(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    before = site.files()
    refused = [Fault("status", status=422)] * 2  # ahead, and again in its turn
    fake_engine.fail("/audio_query", None, *refused, None, *refused)
    result = site.run("render", site.post, "--json")
    assert result.code == 3
    assert site.files() == before
    assert f"{site.script}:1" in result.err
    assert f"{site.script}:4" in result.err
    assert "2 utterances could not be spoken" in result.json[0]["error"]
    # What was spoken is kept for the next try.
    assert len(fake_engine.texts) == 4
    assert site.run("render", site.post).code == 0
    assert len(fake_engine.texts) == 6


@pytest.mark.parametrize(("length", "shown"), [(30, "あ" * 29 + "。"), (31, "あ" * 29 + "…")])
def test_a_long_utterance_that_fails_is_named_by_its_beginning(
    site: SiteKit, fake_engine: FakeEngine, length: int, shown: str
) -> None:
    site.script.write_text("あ" * (length - 1) + "。\n", encoding="utf-8")
    fake_engine.fail("/synthesis", Fault("status", status=422))
    assert f"「{shown}」: " in site.run("render", site.post).err


def test_a_plan_of_a_slow_voice_is_longer(site: SiteKit) -> None:
    estimates = []
    for speed in (0.5, 1.0, 2.0):
        (site.root / "voices.yaml").write_text(
            f"voices: {{つむぎ: {{style_id: 8, speed: {speed}}}}}\n", encoding="utf-8"
        )
        estimates.append(site.run("plan", site.script, "--json").json[0]["estimated_seconds"])
    slow, plain, fast = estimates
    assert slow - plain == pytest.approx(2 * (plain - fast), rel=0.01)
    assert plain > fast


def test_no_engine_is_exit_3_and_says_what_to_do(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.stop()
    before = site.files()
    result = site.run("render", site.post)
    assert result.code == 3
    assert fake_engine.url in result.err
    assert site.files() == before


def test_without_an_engine_an_unchanged_episode_says_that_only_the_engine_is_unknown(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.stop()
    result = site.run("render", site.post)
    assert result.code == 3
    assert "only the engine could not be compared" in result.err


def test_an_episode_that_fails_does_not_stop_the_others(site: SiteKit) -> None:
    bad = site.root / "_posts" / "2026-11-20-40.md"
    bad.write_text(
        POST.replace("春日部つむぎ\naudio", "春日部つむじ\naudio").replace("_20261121", "_b"), encoding="utf-8"
    )
    result = site.run("render", bad, site.post, "--json")
    assert result.code == 1
    assert "Did you mean 春日部つむぎ" in result.err
    assert "error" in result.json[0]
    assert result.json[1]["changed"] is True


def test_two_episodes_with_one_target_are_refused_before_anything_is_spoken(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    other = site.root / "_posts" / "2026-11-20-40.md"
    other.write_text(POST, encoding="utf-8")
    result = site.run("render", other, site.post)
    assert result.code == 2
    assert fake_engine.requests == []


def test_a_bare_script_is_spoken_by_the_default_voice_beside_itself(site: SiteKit, fake_engine: FakeEngine) -> None:
    script = site.root / "試し.txt"
    script.write_text("試しです。\n", encoding="utf-8")
    assert site.run("render", script).code == 0
    assert script.with_suffix(".mp3").is_file()
    assert {synthesis.style for synthesis in fake_engine.syntheses} == {3}
    assert site.run("render", script, "--voice", "つむぎ", "-o", site.root / "b.mp3").code == 0
    assert fake_engine.syntheses[-1].style == 8


def test_an_output_elsewhere_leaves_the_post_alone(site: SiteKit, tmp_path: Path) -> None:
    assert site.run("render", site.post, "-o", tmp_path / "preview.mp3").code == 0
    assert (tmp_path / "preview.mp3").is_file()
    assert site.post.read_text(encoding="utf-8") == POST
    assert not site.audio.exists()
    assert site.run("render", site.post, "-o", site.audio).code == 0
    assert site.post.read_text(encoding="utf-8") != POST


def test_no_write_back_leaves_the_post_alone(site: SiteKit) -> None:
    assert site.run("render", site.post, "--no-write-back").code == 0
    assert site.post.read_text(encoding="utf-8") == POST
    assert site.audio.is_file()


@pytest.mark.parametrize("asked", [None, True, False])
def test_who_calls_from_python_gets_the_post_written_back_unless_it_is_left_out(
    site: SiteKit, *, asked: bool | None
) -> None:
    began = time.monotonic()
    with Session(site.cache, engines=site.engines) as session:
        episode = open_episode(site.post)
        rendered = render(episode, session) if asked is None else render(episode, session, post=asked)
    assert 0 < rendered.elapsed_seconds < time.monotonic() - began
    assert (site.post.read_text(encoding="utf-8") == POST) is (asked is False)


def test_a_post_without_an_audio_path_names_the_key_to_add(site: SiteKit) -> None:
    text = "".join(line for line in POST.splitlines(keepends=True) if not line.startswith("audio_file_path"))
    site.post.write_text(text, encoding="utf-8")
    assert site.run("plan", site.post).code == 0
    result = site.run("render", site.post)
    assert result.code == 1
    assert "audio_file_path" in result.err


def test_the_stored_receipt_names_no_machine(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    text = site.receipt.read_text(encoding="utf-8")
    assert str(site.root) not in text
    assert "127.0.0.1" not in text
    assert json.loads(text)["audio"] == f"audio/{site.audio.name}"


def test_a_post_edited_while_the_engine_speaks_keeps_the_edit(site: SiteKit, fake_engine: FakeEngine) -> None:
    real = fake_engine.make_sound

    def edit(query: dict, style: int, share: float = 1.0) -> bytes:  # type: ignore[type-arg]
        site.post.write_text(POST.replace("[特別]", "[号外]"), encoding="utf-8")
        return real(query, style, share)

    fake_engine.make_sound = edit  # type: ignore[method-assign]
    assert site.run("render", site.post).code == 0
    text = site.post.read_text(encoding="utf-8")
    assert "[号外]" in text
    assert "audio_file_size: 0" not in text


def test_a_body_only_post_speaks_its_body(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.script.unlink()
    assert site.run("render", site.post).code == 0
    assert fake_engine.texts == ["鍵の仕組み", "鍵を二つに分けると、片方は配ってよくなります。"]


@pytest.mark.ffmpeg
def test_the_mp3_measures_as_promised_by_another_meter(site: SiteKit) -> None:
    import re
    import shutil
    import subprocess

    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    assert site.run("render", site.post).code == 0
    run = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", str(site.audio), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    summary = run.stderr[run.stderr.rindex("Summary:") :]
    loudness = float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1])  # type: ignore[index]
    peak = float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])  # type: ignore[index]
    assert loudness == pytest.approx(-16, abs=0.5)
    assert peak <= -1.0
