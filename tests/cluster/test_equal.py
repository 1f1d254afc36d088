"""On a cluster, every file is byte for byte what one machine makes, and nothing is spoken twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.clusters import render_on
from tests.kit.site_kit import POST, SiteKit

if TYPE_CHECKING:
    from tests.cluster.conftest import Farm
    from tests.kit.fake_engine import FakeEngine

EXAMPLE = Path(__file__).parents[2] / "examples" / "site"
REAL = Path(__file__).parents[3] / "shared" / "site"
ALSO = "vtt,srt,chapters,timeline,transcript"
MUSIC = """\
sounds:
  opening: builtin:opening
  music: {file: builtin:ending}
shows:
  - {opening: opening, bed: {sound: music}}
"""


def posts(root: Path) -> list[Path]:
    return sorted((root / "_posts").glob("*.md"))


def both(tmp_path: Path, source: Path, engines: tuple[FakeEngine, ...]) -> tuple[SiteKit, Path]:
    """A site that one machine has rendered with an engine, and a copy of it as it was."""
    one = SiteKit(Path(shutil.copytree(source, tmp_path / "one")), tmp_path / "cache", (engines[0].url,))
    other = Path(shutil.copytree(source, tmp_path / "other"))
    done = one.run("render", *posts(one.root), "--also", ALSO)
    assert done.code == 0, done.err
    return one, other


def test_the_files_of_a_cluster_are_byte_for_byte_those_of_one_machine(tmp_path: Path, farm: Farm) -> None:
    one, other = both(tmp_path, EXAMPLE, farm.engines)
    done = farm.render(*posts(other), "--also", ALSO)
    assert done.returncode == 0, done.stderr
    assert SiteKit(other, tmp_path).files() == one.files()
    for post in posts(other):
        assert f"{post}: done: " in done.stderr, "a line for each episode"
    assert "2 workers" in done.stderr
    assert "Traceback" not in done.stderr


def test_voices_that_are_levelled_and_music_under_the_words_come_out_the_same(tmp_path: Path, farm: Farm) -> None:
    one = SiteKit(tmp_path / "one", tmp_path / "cache", (farm.engines[0].url,)).make()
    voices = (one.root / "voices.yaml").read_text(encoding="utf-8")
    (one.root / "voices.yaml").write_text(voices[: voices.index("sounds:")] + MUSIC, encoding="utf-8")
    one.script.write_text("ずんだもん：曲の上で話します。\nつむぎ：こちらは声が違います。\n", encoding="utf-8")
    other = SiteKit(Path(shutil.copytree(one.root, tmp_path / "other")), tmp_path)
    assert one.run("render", one.post).code == 0
    done = farm.render(other.post)
    assert done.returncode == 0, done.stderr
    assert other.files() == one.files()


@pytest.mark.slow
@pytest.mark.openjtalk
def test_workers_here_with_open_jtalk_make_the_same_files(tmp_path: Path) -> None:
    one = SiteKit(Path(shutil.copytree(EXAMPLE, tmp_path / "one")), tmp_path / "cache", ("openjtalk",))
    other = SiteKit(Path(shutil.copytree(EXAMPLE, tmp_path / "other")), tmp_path)
    some = posts(one.root)[:2]
    assert one.run("render", *some).code == 0
    done = render_on("local:2", tmp_path / "far", *posts(other.root)[:2], "--engine", "openjtalk")
    assert done.returncode == 0, done.stderr
    assert other.files() == one.files()


@pytest.mark.slow
@pytest.mark.shared
def test_the_real_site_comes_out_the_same(tmp_path: Path, farm: Farm) -> None:
    if not REAL.exists():
        pytest.skip("needs the folder of real posts")
    one = SiteKit(Path(shutil.copytree(REAL, tmp_path / "one")), tmp_path / "cache", (farm.engines[0].url,))
    other = SiteKit(Path(shutil.copytree(REAL, tmp_path / "other")), tmp_path)
    done = one.run("render", "--all", one.root, "--json")
    far = farm.render("--all", other.root, "--json")
    assert far.returncode == done.code, far.stderr
    assert other.files() == one.files()
    assert [facts.get("sha256") for facts in json.loads(far.stdout)] == [facts.get("sha256") for facts in done.json]


def test_a_greeting_of_all_episodes_is_spoken_once_and_nothing_a_second_time(farm: Farm, site: SiteKit) -> None:
    others = []
    site.script.write_text("みなさんこんにちは、共通の挨拶です。\nひとつめの話です。\n", encoding="utf-8")
    for number, word in enumerate(("ふたつめ", "みっつめ"), 1):
        post = site.root / "_posts" / f"2026-11-0{number}-{number}.md"
        post.write_text(POST.replace("朝の技術だより☆A.I._20261121", f"ep{number}"), encoding="utf-8")
        script = site.root / "audio" / f"ep{number}.txt"
        script.write_text(f"みなさんこんにちは、共通の挨拶です。\n{word}の話です。\n", encoding="utf-8")
        others.append(post)
    before = len(farm.spoken())
    done = farm.render(site.post, *others)
    assert done.returncode == 0, done.stderr
    spoken = farm.spoken()
    assert len(spoken) == before + 4
    assert sum("共通の挨拶" in text for text in spoken) == 1

    files, count = site.files(), len(spoken)
    done = farm.render(site.post, *others)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(": unchanged: ") == 3
    assert (site.files(), len(farm.spoken())) == (files, count)

    site.script.write_text("みなさんこんにちは、共通の挨拶です。\nひとつめの話を直しました。\n", encoding="utf-8")
    done = farm.render(site.post, *others)
    assert "1 spoken, " in done.stderr
    assert len(farm.spoken()) == count + 1


def test_an_episode_that_cannot_be_spoken_fails_alone_and_its_line_is_named(farm: Farm, site: SiteKit) -> None:
    bad = site.root / "_posts" / "2026-11-01-1.md"
    bad.write_text(POST.replace("朝の技術だより☆A.I._20261121", "bad"), encoding="utf-8")
    (site.root / "audio" / "bad.txt").write_text(
        "言える行です。\n<phoneme ph=\"ンン'ン/'\">壊れた</phoneme>読みです。\n", encoding="utf-8"
    )
    before = bad.read_bytes()
    done = farm.render("--json", bad, site.post)
    assert done.returncode in {1, 3}, done.stderr
    failed, made = json.loads(done.stdout)
    assert "audio/bad.txt:2" in failed["error"]
    assert made["changed"] is True
    assert site.audio.exists()
    assert not (site.root / "audio" / "bad.mp3").exists()
    assert bad.read_bytes() == before
