"""The commands: what they print, what they promise to leave alone, and what they end with."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SiteKit

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


def test_a_plan_says_what_would_be_spoken_and_touches_nothing(site: SiteKit, fake_engine: FakeEngine) -> None:
    before = site.files()
    (plan,) = site.run("plan", site.post, "--json").json
    assert [u["cached"] for u in plan["utterances"]] == [False] * 6
    assert plan["utterances"][0] == {
        "text": "おはようございます。",
        "reading": "おはようございます。",
        "voice": "春日部つむぎ",
        "style": None,
        "line": 1,
        "cached": False,
    }
    assert 15 < plan["estimated_seconds"] < 60
    assert site.files() == before
    assert not site.cache.exists()
    assert fake_engine.syntheses == []


def test_a_plan_of_a_rendered_episode_is_exact(site: SiteKit) -> None:
    (receipt,) = site.run("render", site.post, "--json").json
    (plan,) = site.run("plan", site.post, "--json").json
    assert all(u["cached"] for u in plan["utterances"])
    assert plan["estimated_seconds"] == pytest.approx(receipt["duration_seconds"], abs=0.05)


def test_a_plan_of_a_rendered_episode_has_everything_in_the_place_where_it_sounds(site: SiteKit) -> None:
    (receipt,) = site.run("render", site.post, "--also", "timeline", "--json").json
    timeline = json.loads(site.audio.with_suffix(".timeline.json").read_bytes())
    (plan,) = site.run("plan", site.post, "--json").json
    items = plan["items"]

    def times(kind: str) -> list[tuple[float, float]]:
        return [(i["start_seconds"], i["start_seconds"] + i["seconds"]) for i in items if i["kind"] == kind]

    for kind in ("utterance", "sound", "chapter"):
        told = [(span["start_ms"] / 1000, span["end_ms"] / 1000) for span in timeline[f"{kind}s"]]
        assert times(kind) == [pytest.approx(span, abs=0.0011) for span in told]
    assert [i["utterance"] for i in items if i["kind"] == "utterance"] == list(range(6))
    assert [i["name"] for i in items if i["kind"] == "sound"] == ["opening", "bumper", "ending"]
    assert [(i["title"], i["start_seconds"]) for i in items if i["kind"] == "chapter"] == [
        (chapter["title"], chapter["start_seconds"]) for chapter in receipt["chapters"]
    ]
    lasting = [item for item in items if item["kind"] != "chapter"]
    ends = [item["start_seconds"] + item["seconds"] for item in lasting]
    assert [item["start_seconds"] for item in lasting] == pytest.approx([0, *ends[:-1]], abs=0.0011)
    assert ends[-1] == pytest.approx(receipt["duration_seconds"], abs=0.0011)
    starts = [item["start_seconds"] for item in items]
    assert starts == sorted(starts)


def test_a_plan_tells_the_pauses_that_a_script_asks_for_from_the_ordinary_ones(site: SiteKit) -> None:
    text = '一つ。二つ。\n三つ。\n\n四つ。<break time="2.5s"/>五つ。\n'
    site.script.write_text(text, encoding="utf-8")
    (plan,) = site.run("plan", site.post, "--json").json
    first = next(index for index, item in enumerate(plan["items"]) if item["kind"] == "utterance")
    pauses = [(i["seconds"], i["ordinary"]) for i in plan["items"][first:] if i["kind"] == "pause"]
    assert pauses[:4] == [(0.35, True), (0.35, True), (0.7, False), (2.5, False)]


def test_a_plan_knows_that_a_changed_dictionary_changes_one_line(site: SiteKit, fake_engine: FakeEngine) -> None:
    assert site.run("render", site.post).code == 0
    fake_engine.add_word("技術", "ワザ")
    (plan,) = site.run("plan", site.post, "--json").json
    assert [u["cached"] for u in plan["utterances"]] == [True, False, True, True, True, True]


def test_a_plan_without_an_engine_says_what_it_cannot_know(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.stop()
    result = site.run("plan", site.post, "--json")
    assert result.code == 0
    assert {u["cached"] for u in result.json[0]["utterances"]} == {None}
    assert result.err.count("warning") == 1


def test_a_plan_for_people_names_lines_and_readings(site: SiteKit) -> None:
    out = site.run("plan", site.post).out
    assert "6 utterances, 6 to be spoken anew" in out
    assert "春日部つむぎ  今日は鍵の話をします！" in out


def test_a_plan_for_people_shows_what_is_between_the_lines(site: SiteKit) -> None:
    rows = [line.split() for line in site.run("plan", site.post).out.splitlines()[2:]]
    between = [" ".join(row[:2]) if row[0] in ("chapter", "sound", "pause") else "words" for row in rows]
    names = [row[-1] for row in rows if row[0] == "sound"]
    assert names == ["opening", "bumper", "ending"]
    assert next(row[:3] for row in rows if row[0] == "chapter") == ["chapter", "00:00", "オープニング"]
    words = [index for index, row in enumerate(between) if row == "words"]
    assert between[words[0] : words[3] + 1] == ["words", "words", "words", "pause 0.70", "words"]
    assert [row.split()[0] for row in between[words[4] + 1 : words[5]]] == ["pause", "chapter", "sound", "pause"]


def test_write_back_needs_no_engine_and_reports_each_post(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    right = site.post.read_bytes()
    site.post.write_text(POST, encoding="utf-8")
    other = site.root / "_posts" / "2026-11-20-40.md"
    other.write_text(POST.replace("_20261121", "_20261120"), encoding="utf-8")
    result = site.run("write-back", site.post, other)
    assert result.code == 1
    assert site.post.read_bytes() == right
    assert f'{site.post}: audio_file_size 0 -> {site.audio.stat().st_size}, duration "00:00" -> "' in result.out
    assert str(other) in result.err
    assert "2 posts: 1 changed, 0 right already, 1 failed" in result.err
    again = site.run("write-back", site.post, "--json")
    assert again.json[0]["changed"] is False
    assert site.post.read_bytes() == right


def test_voices_shows_what_the_engine_offers_and_who_uses_it(site: SiteKit) -> None:
    out = site.run("voices").out
    assert "ずんだもん（ノーマル）" in out
    result = site.run("voices", "--json", "--site", site.root)
    used = {style["style_id"]: style["used_by"] for style in result.json["styles"]}
    assert used[8] == ["春日部つむぎ"]
    assert used[3] == ["ずんだもん", "お嬢様ずんだもん"]


def test_read_answers_with_one_line_for_each_line(site: SiteKit) -> None:
    result = site.run("read", "--site", site.root, stdin="今日わ、エーアイの話。\n\n**太字**です\n")
    assert result.code == 0, result.err
    assert result.out.split("\n") == ["今日わ、エーアイの話。", "", "太字です", ""]
    assert site.run("read", "一", "二").out == "一\n二\n"


def test_read_explains_layer_by_layer(site: SiteKit) -> None:
    result = site.run("read", "--explain", "LLMを&amp;と$100で", "一", "--site", site.root)
    assert result.out == (
        "LLMを&amp;と$100で\n"
        "  characters LLMを&と$100で\n"
        "  numbers    LLMをアンドと100ドルで\n"
        "  words      エルエルエムをアンドと100ドルで\n"
        "一\n"
    )


def test_the_cache_tells_its_size_and_can_be_pruned(site: SiteKit) -> None:
    assert site.run("render", site.post).code == 0
    facts = json.loads(site.run("cache", "info", "--json").out)
    assert facts["clips"] == 6
    assert site.run("cache", "prune", "--max-size", "1MB", "--max-age", "30d").out.startswith("removed")
    assert site.run("cache", "prune", "--max-size", "0").code == 0
    assert json.loads(site.run("cache", "info", "--json").out)["clips"] == 0
    assert site.run("cache", "prune").code == 2
    assert site.run("cache", "prune", "--max-size", "much").code == 2


def test_json_is_alone_on_standard_output(site: SiteKit) -> None:
    for command in ("render", "plan"):
        result = site.run(command, site.post, "--json", "-v")
        assert isinstance(result.json, list)


def test_quiet_says_nothing(site: SiteKit) -> None:
    result = site.run("render", site.post, "-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_progress_in_ci_is_plain_lines(site: SiteKit) -> None:
    result = site.run("render", site.post, "-v")
    assert "1/6 spoken" in result.err
    assert "\x1b" not in result.err
    assert "\r" not in result.err


def test_the_engine_may_come_from_the_environment(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.engines = ()
    site.environment = {"TTS_RENDER_ENGINE": f"{fake_engine.url} , {fake_engine.url}/", "TTS_RENDER_WAIT": "1"}
    assert site.run("render", site.post).code == 0


def test_the_engine_may_come_from_voices_yaml(site: SiteKit, fake_engine: FakeEngine) -> None:
    site.engines = ()
    path = site.root / "voices.yaml"
    path.write_text(f"engine: {{urls: ['{fake_engine.url}']}}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert site.run("render", site.post).code == 0


def test_it_waits_for_an_engine_that_is_still_starting(site: SiteKit, fake_engine: FakeEngine) -> None:
    fake_engine.refuse = 3
    assert site.run("render", site.post, "--wait", "30").code == 0


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["--version"], ["cache", "prune", "-h"]])
def test_help_and_version_end_with_0(arguments: list[str]) -> None:
    run = subprocess.run([sys.executable, "-m", "tts_render", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert "tts-render" in run.stdout


def test_help_loads_no_sound_and_no_network(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom tts_render.cli import main\nmain(['--help'])\n"
        "heavy = {'numpy', 'soundfile', 'requests', 'soxr', 'mutagen', 'yaml', 'rich', 'markdown_it'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


# The signal may come between opening a file and entering its block, where nobody can close it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupted_run_is_exit_130_and_changes_nothing(site: SiteKit, fake_engine: FakeEngine) -> None:
    before = site.files()
    real = fake_engine.make_sound
    count = 0

    def interrupt(query: dict, style: int, share: float = 1.0) -> bytes:  # type: ignore[type-arg]
        nonlocal count
        count += 1
        if count == 3:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
        return real(query, style, share)

    fake_engine.make_sound = interrupt  # type: ignore[method-assign]
    result = site.run("render", site.post)
    assert result.code == 130
    assert "interrupted" in result.err
    assert site.files() == before


def test_write_back_can_leave_posts_alone_whose_audio_is_not_there(site: SiteKit) -> None:
    before = site.files()
    result = site.run("write-back", site.post, "--skip-missing")
    assert result.code == 0
    assert "1 skipped" in result.err
    assert site.files() == before


def test_the_hooks_for_pre_commit_run_without_an_engine(site: SiteKit, fake_engine: FakeEngine) -> None:
    import shlex
    from pathlib import Path

    import yaml

    hooks = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in hooks} == {"tts-render-check", "tts-render-write-back"}
    for hook in hooks:
        program, *words = shlex.split(hook["entry"])
        assert program == "tts-render"
        assert site.run(*words, site.post).code == 0
    assert fake_engine.requests == []


def test_an_output_that_is_no_mp3_is_refused(site: SiteKit, tmp_path: Path) -> None:
    result = site.run("render", site.post, "-o", tmp_path / "a.wav")
    assert result.code == 2
    assert ".mp3" in result.err


def test_twice_verbose_shows_where_an_error_came_from(site: SiteKit) -> None:
    site.script.write_text("。\n", encoding="utf-8")
    assert "Traceback" in site.run("render", site.post, "-vv").err
    assert "Traceback" not in site.run("render", site.post, "-v").err
