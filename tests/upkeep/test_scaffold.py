"""init: a site gets what it lacks, made from its posts, and keeps what it has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.kit.site_kit import POST, SiteKit
from tts_render.settings.config import load_config

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine

ROOT = Path(__file__).parents[2]
FILES = ("voices.yaml", ".pre-commit-config.yaml", ".github/workflows/render.yml", "docker-compose.yml")


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    (kit.root / "voices.yaml").unlink()
    return kit


def test_a_bare_site_gets_everything_and_renders(site: SiteKit, fake_engine: FakeEngine) -> None:
    result = site.run("init", "--site", site.root)
    assert result.code == 0, result.err
    assert [line.split()[0] for line in result.out.splitlines()] == ["new"] * 4
    assert all((site.root / name).is_file() for name in FILES)
    assert "preset yattecast, actors: 春日部つむぎ" in result.err
    config = load_config(site.root / "voices.yaml")
    assert config.default == "春日部つむぎ"
    assert next(iter(config.voices)) == "春日部つむぎ"
    assert config.voices["春日部つむぎ"].aliases == ("つむぎ",)
    site.engines = (fake_engine.url,)
    assert site.run("render", site.post).code == 0


def test_every_actor_gets_the_voice_that_its_name_holds(site: SiteKit) -> None:
    for number, actor in enumerate(("お嬢様ずんだもん", "夜のずんだもん", "だれか: さん")):
        text = POST.replace("  - 春日部つむぎ", f'  - "{actor}"')
        (site.root / "_posts" / f"2026-01-0{number + 1}-x.md").write_text(text, encoding="utf-8")
    assert site.run("init", "--site", site.root).code == 0
    config = load_config(site.root / "voices.yaml")
    assert config.voices["お嬢様ずんだもん"].pitch == 0.02
    assert config.voices["夜のずんだもん"].speaker == "ずんだもん"
    assert config.voices["だれか: さん"].speaker == "だれか: さん"


def test_nothing_is_overwritten(site: SiteKit) -> None:
    for name in FILES:
        path = site.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine\n", encoding="utf-8")
    (site.root / "voices.yaml").write_text("voices: {a: {style_id: 1}}\n", encoding="utf-8")
    before = site.files()
    result = site.run("init", "--site", site.root)
    assert site.files() == before
    assert [line.split()[0] for line in result.out.splitlines()] == ["kept"] * 4


def test_a_hugo_site_is_known_by_its_keys(tmp_path: Path) -> None:
    root = tmp_path / "hugo"
    (root / "content").mkdir(parents=True)
    (root / "hugo.toml").write_text('title = "夜"\n', encoding="utf-8")
    (root / "content" / "1.md").write_text(
        '+++\ntitle = "一"\npodcast_file = "a.mp3"\npodcast_bytes = "0"\nhosts = ["ずんだもん"]\n+++\n本文。\n',
        encoding="utf-8",
    )
    kit = SiteKit(root, tmp_path / "cache")
    assert kit.run("init", "--site", root).code == 0
    assert load_config(root / "voices.yaml").preset.name == "castanet"


def test_what_is_laid_is_valid(site: SiteKit) -> None:
    assert site.run("init", "--site", site.root).code == 0
    for name in FILES:
        assert yaml.safe_load((site.root / name).read_text(encoding="utf-8"))
    compose = yaml.safe_load((site.root / "docker-compose.yml").read_text(encoding="utf-8"))
    assert compose["services"]["render"]["build"].startswith("https://")
    workflow = (site.root / ".github/workflows/render.yml").read_bytes()
    assert workflow == (ROOT / "examples/site/.github/workflows/render.yml").read_bytes()


def test_an_empty_site_gets_the_packaged_voices(tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    shutil.copy(ROOT / "examples" / "site" / "_config.yml", root)
    kit = SiteKit(root, tmp_path / "cache")
    assert kit.run("init", "--site", root).code == 0
    assert list(load_config(root / "voices.yaml").voices) == list(load_config(ROOT / "voices.yaml").voices)
