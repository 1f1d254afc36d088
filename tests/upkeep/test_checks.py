"""Checks: each problem has a rule, a level and a line, and all of them are told at once."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SCRIPT, VOICES, SiteKit
from tts_render.upkeep.checks import Finding, check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


@pytest.fixture
def rendered(site: SiteKit, fake_engine: FakeEngine) -> SiteKit:
    site.engines = (fake_engine.url,)
    assert site.run("render", site.post).code == 0
    return site


def found(site: SiteKit, **options: object) -> dict[str, Finding]:
    return {finding.rule: finding for finding in check(site.post, **options)}  # type: ignore[arg-type]


def edit(site: SiteKit, old: str, new: str) -> None:
    text = site.post.read_text(encoding="utf-8")
    assert old in text
    site.post.write_text(text.replace(old, new), encoding="utf-8")


def test_a_fresh_post_has_warnings_only(site: SiteKit) -> None:
    findings = found(site)
    assert set(findings) == {"audio-name", "audio-missing", "size-unset", "duration-unset"}
    assert {finding.level for finding in findings.values()} == {"warning"}
    assert findings["duration-unset"].line == 9
    assert site.run("check", site.post).code == 0
    assert site.run("check", site.post, "--strict").code == 1


def test_a_rendered_post_has_nothing_but_its_name(rendered: SiteKit) -> None:
    assert set(found(rendered)) == {"audio-name"}


def test_a_value_that_contradicts_the_file_is_an_error(rendered: SiteKit) -> None:
    size = rendered.audio.stat().st_size
    edit(rendered, f"audio_file_size: {size}", "audio_file_size: 123")
    finding = found(rendered)["size-wrong"]
    assert (finding.level, finding.line) == ("error", 5)
    assert str(size) in finding.message
    assert "write-back" in (finding.remedy or "")


def test_a_duration_that_contradicts_the_file_is_an_error(rendered: SiteKit) -> None:
    text = rendered.post.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("duration:"))
    edit(rendered, line, 'duration: "59:58"')
    assert found(rendered)["duration-wrong"].level == "error"


@pytest.mark.parametrize("value", ["12:34", "01:02:03", "0:30"])
def test_a_duration_without_quotes_is_an_error(site: SiteKit, value: str) -> None:
    edit(site, '"00:00"', value)
    assert found(site)["duration-unquoted"].level == "error"


@pytest.mark.parametrize("value", ["54.6 MB", "12MMB", "-5", "[1]"])
def test_a_size_that_is_no_number_of_bytes_is_an_error(site: SiteKit, value: str) -> None:
    edit(site, "audio_file_size: 0", f"audio_file_size: {value}")
    assert found(site)["size-form"].level == "error"


@pytest.mark.parametrize(
    ("text", "bad"), [("A & B", True), ("a < b", True), ("A &amp; B &lt; C &#38;", False), ("&;", True)]
)
def test_a_description_that_breaks_the_feed_is_an_error(site: SiteKit, text: str, bad: bool) -> None:
    edit(site, "'今日の話題", f"'{text} 今日の話題")
    assert ("description-xml" in found(site)) == bad


def test_what_engines_would_leave_out_is_a_warning_with_its_line(site: SiteKit) -> None:
    assert "dropped" not in found(site)
    site.script.write_text(f"{SCRIPT}\n한국の話なのだ。\n", encoding="utf-8")
    finding = found(site)["dropped"]
    assert (finding.level, finding.path, finding.line) == ("warning", site.script, len(SCRIPT.splitlines()) + 2)
    assert finding.message == "engines leave out 한 국 (한국の話なのだ。)"


def test_a_missing_credit_is_a_warning_that_offers_the_line(site: SiteKit) -> None:
    edit(site, "VOICEVOX:春日部つむぎ\n", "")
    finding = found(site)["credit-missing"]
    assert finding.level == "warning"
    assert "VOICEVOX:春日部つむぎ" in (finding.remedy or "")


def test_a_credit_of_another_voice_is_a_warning(site: SiteKit) -> None:
    edit(site, "VOICEVOX:春日部つむぎ", "VOICEVOX:ずんだもん")
    assert {"credit-missing", "credit-wrong"} <= set(found(site))


def test_a_credit_in_another_spelling_says_so(site: SiteKit) -> None:
    edit(site, "VOICEVOX:春日部つむぎ", "VOICEVOX：春日部つむぎ")
    assert "spelled differently" in found(site)["credit-missing"].message


def test_the_credit_is_of_the_voice_that_speaks_not_of_the_actor(site: SiteKit) -> None:
    edit(site, "  - 春日部つむぎ", "  - お嬢様ずんだもん")
    assert "VOICEVOX:ずんだもん" in found(site)["credit-missing"].message


def test_all_problems_are_told_at_once(site: SiteKit) -> None:
    edit(site, "  - 春日部つむぎ", "  - だれか")
    edit(site, '"00:00"', "12:34")
    edit(site, "'今日の話題", "'A & B 今日の話題")
    (site.root / "voices.yaml").write_text(VOICES.replace("builtin:opening", "none.flac"), encoding="utf-8")
    site.script.write_bytes(b"\xff")
    errors = {rule for rule, finding in found(site).items() if finding.level == "error"}
    assert errors == {"actor", "duration-unquoted", "description-xml", "sound", "script"}


def test_a_script_that_was_announced_must_be_there(site: SiteKit) -> None:
    edit(site, "layout: article", "layout: article\nscript: scripts/none.txt")
    assert found(site)["script"].level == "error"


def test_a_due_post_without_audio_is_an_error_only_when_asked(site: SiteKit) -> None:
    due = datetime.datetime(2026, 11, 20, 20, 0, 1, tzinfo=datetime.UTC)  # the post is of 05:00 in Japan
    assert found(site)["audio-missing"].level == "warning"
    assert found(site, published=due)["audio-missing"].level == "error"
    assert found(site, published=due - datetime.timedelta(seconds=2))["audio-missing"].level == "warning"


def test_an_address_is_matched_to_the_local_file_of_its_name(rendered: SiteKit) -> None:
    edit(
        rendered,
        "/audio/朝の技術だより☆A.I._20261121.mp3",
        "https://storage.example.com/x/%E6%9C%9D%E3%81%AE%E6%8A%80%E8%A1%93%E3%81%A0%E3%82%88%E3%82%8A%E2%98%86A.I._20261121.mp3",
    )
    assert set(found(rendered)) == {"audio-name"}
    edit(rendered, "audio_file_size: ", "audio_file_size: 1")
    assert "size-wrong" in found(rendered)


def test_an_address_without_a_local_file_cannot_be_missing(site: SiteKit) -> None:
    edit(site, "/audio/朝の技術だより☆A.I._20261121.mp3", "https://storage.example.com/old.mp3")
    assert "audio-missing" not in found(site, published=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))


def test_a_broken_mp3_is_an_error(rendered: SiteKit) -> None:
    rendered.audio.write_bytes(b"no sound at all")
    assert found(rendered)["audio-broken"].level == "error"


def test_a_script_can_be_checked_by_itself(site: SiteKit) -> None:
    assert check(site.script) == ()
    site.script.write_text("。\n", encoding="utf-8")
    assert [finding.rule for finding in check(site.script)] == ["unusable"]
    site.script.write_text(SCRIPT, encoding="utf-8")


def test_a_folder_stands_for_the_posts_in_it(site: SiteKit) -> None:
    result = site.run("check", site.root / "_posts", "--json")
    assert {finding["path"] for finding in result.json} == {str(site.post)}
    assert "1 checked: 0 errors, 4 warnings" in result.err


def many(site: SiteKit, count: int) -> list[str]:
    """Posts that were never filled in, besides the one that is there; their names, the newest first."""
    names = [f"2026-10-{number:02}-1.md" for number in range(count, 0, -1)]
    for name in names:
        (site.root / "_posts" / name).write_text(POST, encoding="utf-8")
    return names


def test_of_many_warnings_the_newest_ten_are_listed_and_a_table_counts_them_all(site: SiteKit) -> None:
    names = many(site, 20)
    result = site.run("check", site.root / "_posts")
    listed = [line.split(":")[0].rpartition("/")[2] for line in result.out.splitlines() if "[size-unset]" in line]
    assert listed == [site.post.name, *names[:9]]
    assert re.search(r"^ +21  size-unset +\(11 not shown; --rule size-unset lists all\)$", result.err, re.MULTILINE)
    assert result.err.splitlines()[-1] == "21 checked: 0 errors, 84 warnings"


@pytest.mark.parametrize("more", [("--rule", "size-unset"), ("-v",), ("--format", "github"), ("--json",)])
def test_all_of_a_rule_is_listed_where_it_is_asked_for(site: SiteKit, more: tuple[str, ...]) -> None:
    many(site, 20)
    result = site.run("check", site.root / "_posts", *more)
    assert result.out.count("size-unset") == 21
    assert ("duration-unset" in result.out) is (more[0] != "--rule")


def test_every_error_is_listed(site: SiteKit) -> None:
    many(site, 20)
    for path in (site.root / "_posts").iterdir():
        path.write_text(POST.replace('"00:00"', "12:34"), encoding="utf-8")
    result = site.run("check", site.root / "_posts")
    assert result.out.count("[duration-unquoted]") == 21
    assert re.search(r"^ +21  duration-unquoted$", result.err, re.MULTILINE)


def test_only_the_rules_that_are_asked_for_decide(site: SiteKit) -> None:
    edit(site, '"00:00"', "12:34")
    assert site.run("check", "--rule", "duration-unquoted", site.post).code == 1
    result = site.run("check", "--rule", "size-unset,size-wrong", site.post)
    assert (result.code, "duration" in result.out) == (0, False)
    wrong = site.run("check", "--rule", "size-unsett", site.post)
    assert wrong.code == 2
    assert "did you mean size-unset?" in wrong.err


def test_findings_name_file_line_and_rule(site: SiteKit) -> None:
    edit(site, '"00:00"', "12:34")
    result = site.run("check", site.post)
    assert result.code == 1
    assert f"{site.post}:9: error: duration: 12:34 has no quotes" in result.out
    assert "[duration-unquoted]" in result.out


def test_the_check_changes_nothing(rendered: SiteKit) -> None:
    before = rendered.files()
    rendered.run("check", rendered.post, "--published", "--strict")
    assert rendered.files() == before
    assert rendered.post.read_text(encoding="utf-8") != POST


def test_github_gets_annotations(site: SiteKit) -> None:
    edit(site, '"00:00"', "12:34")
    lines = site.run("check", site.post, "--format", "github").out.splitlines()
    assert lines
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
    (line,) = [line for line in lines if "duration-unquoted" in line]
    assert line.startswith(f"::error file={site.post},line=9,title=duration-unquoted::duration: 12:34 has no quotes")
    assert "%0A" in line


def test_a_fix_fills_in_what_the_file_says(rendered: SiteKit) -> None:
    right = rendered.post.read_bytes()
    rendered.post.write_text(POST, encoding="utf-8")
    result = rendered.run("check", rendered.post, "--fix")
    assert rendered.post.read_bytes() == right
    assert f"audio_file_size 0 -> {rendered.audio.stat().st_size}" in result.err


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_a_fix_mends_what_it_can_and_not_one_byte_more(site: SiteKit, eol: str) -> None:
    text = POST.replace('"00:00"', "12:34  # 仮").replace("'今日の話題", "'A & B <i> &amp; 今日の話題")
    text = text.replace("VOICEVOX:春日部つむぎ\n", "").replace("\n", eol)
    site.post.write_bytes(text.encode())
    site.run("check", site.post, "--fix")
    wanted = text.replace("12:34", '"12:34"').replace("A & B <i>", "A &amp; B &lt;i>")
    assert site.post.read_bytes().decode() == wanted.rstrip() + eol * 2 + "VOICEVOX:春日部つむぎ" + eol
    assert not {"duration-unquoted", "description-xml", "credit-missing"} & set(found(site))
    before = site.post.read_bytes()
    site.run("check", site.post, "--fix")
    assert site.post.read_bytes() == before


def test_a_fix_leaves_a_post_alone_that_it_cannot_read(site: SiteKit) -> None:
    site.post.write_text("---\ntitle: [\n---\n", encoding="utf-8")
    before = site.files()
    assert site.run("check", site.post, "--fix").code == 1
    assert site.files() == before


def test_the_credit_is_that_of_the_engine_that_spoke(rendered: SiteKit) -> None:
    stored = rendered.receipt.read_text(encoding="utf-8")
    rendered.receipt.write_text(stored.replace("VOICEVOX:春日部つむぎ", "HTS Voice Mei"), encoding="utf-8")
    finding = found(rendered)["credit-missing"]
    assert "HTS Voice Mei" in finding.message


def test_findings_come_in_the_order_of_the_file(site: SiteKit) -> None:
    edit(site, "  - 春日部つむぎ", "  - だれか")
    edit(site, '"00:00"', "12:34")
    lines = [finding.line for finding in check(site.post) if finding.path == site.post and finding.line]
    assert lines == sorted(lines)
    assert lines[0] == 2


def test_what_is_wrong_with_the_settings_is_told_once(site: SiteKit) -> None:
    (site.root / "voices.yaml").write_text(VOICES.replace("builtin:opening", "none.flac"), encoding="utf-8")
    (site.root / "_posts" / "2026-01-01-1.md").write_text(POST, encoding="utf-8")
    result = site.run("check", site.root / "_posts")
    assert result.out.count("[sound]") == 1
    assert "1 error," in result.err


def test_a_post_without_an_audio_path_gets_one_warning(site: SiteKit) -> None:
    text = "".join(line for line in POST.splitlines(keepends=True) if not line.startswith("audio_file_path"))
    site.post.write_text(text, encoding="utf-8")
    assert set(found(site)) == {"audio-missing"}


def test_a_post_without_front_matter_is_found_in_its_folder(site: SiteKit) -> None:
    (site.root / "_posts" / "2026-11-22-42.md").write_text("", encoding="utf-8")
    (site.root / "_posts" / "README.md").write_text("覚え書き\n", encoding="utf-8")
    result = site.run("check", site.root / "_posts", "--json")
    assert result.code == 1
    assert {finding["path"].rpartition("/")[2] for finding in result.json} == {site.post.name, "2026-11-22-42.md"}
