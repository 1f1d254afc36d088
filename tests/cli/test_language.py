"""The command line in the language of who uses it; what programs read is the same in every language."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import SiteKit
from tts_render.cli import main
from tts_render.cli.language import columns, language, language_asked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龠]")


@pytest.fixture
def site(tmp_path: Path, fake_engine: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", (fake_engine.url,)).make()


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ("render", {}, "en"),
        ("render", {"LANG": "ja_JP.UTF-8"}, "ja"),
        ("render", {"LANG": "de_DE.UTF-8"}, "en"),
        ("render", {"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ("render", {"LANG": "en_US.UTF-8", "LC_MESSAGES": "ja_JP"}, "ja"),
        ("render", {"LANG": "en_US.UTF-8", "LANGUAGE": "ja:en"}, "ja"),
        ("render", {"LANG": "C", "LANGUAGE": "ja"}, "en"),
        ("render --lang en", {"LANG": "ja_JP.UTF-8"}, "en"),
        ("--lang ja render", {"LANG": "en_US.UTF-8"}, "ja"),
        ("--lang en render --lang=ja", {}, "ja"),
        ("render --lang fr", {"LANG": "ja_JP.UTF-8"}, "ja"),
        ("read -- --lang ja", {"LANG": "C"}, "en"),
    ],
)
def test_the_language_is_that_of_the_option_else_of_the_locale(
    arguments: str, environment: dict[str, str], expected: str
) -> None:
    assert language_asked(arguments.split(), {"LANG": "C", **environment}) == expected


def test_a_run_in_japanese_does_the_same_and_says_it_in_japanese(site: SiteKit) -> None:
    told = site.run("render", site.post, "--lang", "ja")
    assert told.code == 0
    assert told.err.splitlines()[0] == f"{site.post}: 発話 6 件、うちキャッシュ 0 件"
    assert re.search(r": 完了: .*\.mp3、00:\d\d、[\d.]+ kB、-16\.\d LUFS、合成 6 件、キャッシュ 0 件、", told.err)
    assert "audio_file_size 0 -> " in told.err
    again = site.run("render", "--lang=ja", site.post)
    assert ": 変更なし: " in again.err
    assert language() == "en"


def test_an_error_is_in_japanese_with_its_place_and_what_to_do(site: SiteKit) -> None:
    voices = site.root / "voices.yaml"
    voices.write_text(voices.read_text(encoding="utf-8").replace("speed: 0.95", "sped: 0.95"), encoding="utf-8")
    english, japanese = (site.run("render", site.post, "--lang", name) for name in ("en", "ja"))
    assert english.code == japanese.code == 1
    place = f"{voices}:4: voices.お嬢様ずんだもん.sped: "
    assert english.err == f"{place}is not a setting\n  Did you mean speed?\n"
    assert japanese.err == f"{place}知らない設定です\n  もしかして speed ですか？\n"


def test_findings_states_and_plans_are_in_japanese(site: SiteKit) -> None:
    found = site.run("check", site.post, "--lang", "ja")
    assert "警告: audio_file_path: Apple はファイル名に ASCII の英数字を求めています [audio-name]\n" in found.out
    assert re.search(r"^1 件を検査しました: エラー 0 件、警告 \d 件$", found.err, re.MULTILINE)
    state = site.run("status", site.root, "--lang", "ja")
    assert re.search(r"^missing    .*: audio/.*\.mp3 がありません$", state.out, re.MULTILINE)
    plan = site.run("plan", site.post, "--lang", "ja").out.splitlines()
    assert plan[0].startswith(f"{site.post}: 発話 6 件、新しく合成 6 件、約 00:")
    rows = [line for line in plan[2:] if "ordinary" not in line]
    assert {line[9:].split()[0] for line in rows} == {"チャプター", "間", "音", "新規"}
    starts = {columns(line[: re.match(r" {2}.{5}  \S+ +", line).end()]) for line in rows}  # type: ignore[union-attr]
    assert len(starts) == 1, "the columns hold"


def test_what_programs_read_is_the_same_in_every_language(site: SiteKit) -> None:
    calls = (
        ("check", site.post, "--json"),
        ("status", site.root, "--json"),
        ("plan", site.post, "--json"),
        ("render", site.post, "--json"),
        ("render", site.post, "--json", "--offset", "1"),
        ("write-back", site.post, "--json"),
        ("voices", "--json"),
        ("cache", "info", "--json"),
        ("plan", site.root / "none.md", "--json"),
        ("render", site.root / "none.md", "--json"),
    )
    site.run("render", site.post)
    site.script.write_text("もう一度。\n", encoding="utf-8")
    for call in calls:
        english, japanese = (site.run(*call, "--lang", name) for name in ("en", "ja"))
        assert english.code == japanese.code, call
        for facts in (told := [json.loads(one.out) for one in (english, japanese)]):
            for one in facts if isinstance(facts, list) else ():
                one.pop("elapsed_seconds", None)
                one.pop("synthesized", None), one.pop("cached", None), one.pop("changed", None)
        assert told[0] == told[1], call
    assert "cannot be read" in told[0][0]["error"]


def test_what_is_published_is_the_same_in_every_language(tmp_path: Path, fake_engine: FakeEngine) -> None:
    made: list[dict[str, bytes]] = []
    for name in ("en", "ja"):
        site = SiteKit(tmp_path / name / "site", tmp_path / name / "cache", (fake_engine.url,)).make()
        site.script.write_text(site.script.read_text(encoding="utf-8") + "<blink>はい。</blink>\n", encoding="utf-8")
        also = "vtt,srt,chapters,timeline,transcript,report"
        assert site.run("render", site.post, "--also", also, "--lang", name).code == 0
        made.append({str(path.relative_to(site.root)): path.read_bytes() for path in _files(site.root)})
    assert made[0] == made[1]


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_help_is_in_japanese_to_the_last_option_and_fits_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("", "render", "plan", "check", "status", "read", "cache prune", "lexicon diff", "init", "studio"):
        assert main([*command.split(), "--help", "--lang", "ja"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith(f"使い方: tts-render {command}".rstrip())
        assert max(map(columns, lines)) <= 80
        for line in lines[lines.index("オプション:") + 1 :]:
            assert line.startswith((" " * 9, "コマンド:")) or not line or JAPANESE.search(line) or len(line) > 20, line
        assert not [line for line in lines if re.match(r"[、。」）！？]", line.strip())]
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: tts-render [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("render --bad", "'--bad' というオプションはありません。"),
        ("bad", "'bad' というコマンドはありません。"),
        ("plan", "引数がありません 'エピソード...'"),
        ("render --format xml x.md", "'--format' の値が正しくありません: 'xml' は 'text', 'json', 'github' のどれでも"),
        ("render", "引数「エピソード...」がありません。"),
        ("render --also vt x.md", "--also: 「vt」はありません。もしかして vtt ですか？"),
    ],
)
def test_what_is_wrong_with_the_command_line_is_said_in_japanese(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments.split(), "--lang", "ja"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(said), told
    assert " --help で表示できます。\n" in told
