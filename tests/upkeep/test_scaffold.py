"""init: a site gets what it lacks, made from its posts, and keeps what it has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.kit.site_kit import POST, Result, SiteKit
from tts_render.settings.config import load_config
from tts_render.upkeep.repository import Repository, parse_repository

if TYPE_CHECKING:
    from tests.kit.fake_engine import FakeEngine

ROOT = Path(__file__).parents[2]
WHERE = "https://github.com/somebody/tts_render@v1"
FILES = ("voices.yaml", ".pre-commit-config.yaml", ".github/workflows/render.yml", "docker-compose.yml")


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    kit = SiteKit(tmp_path / "site", tmp_path / "cache").make()
    (kit.root / "voices.yaml").unlink()
    return kit


def init(kit: SiteKit, repository: str = WHERE) -> Result:
    return kit.run("init", "--site", kit.root, "--repository", repository)


def test_a_bare_site_gets_everything_and_renders(site: SiteKit, fake_engine: FakeEngine) -> None:
    result = init(site)
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
    assert init(site).code == 0
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
    result = init(site)
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
    assert init(kit).code == 0
    assert load_config(root / "voices.yaml").preset.name == "castanet"


def test_what_is_laid_is_valid(site: SiteKit) -> None:
    assert init(site).code == 0
    for name in FILES:
        assert yaml.safe_load((site.root / name).read_text(encoding="utf-8"))


def test_every_file_gets_tts_render_from_the_repository_that_was_named_once(site: SiteKit) -> None:
    assert init(site).code == 0
    compose, workflow, hooks = (
        yaml.safe_load((site.root / name).read_text(encoding="utf-8"))
        for name in ("docker-compose.yml", ".github/workflows/render.yml", ".pre-commit-config.yaml")
    )
    built = {name: service["build"] for name, service in compose["services"].items() if "build" in service}
    repository = "https://github.com/somebody/tts_render.git#v1"
    assert built.pop("worker") == {"context": repository, "target": "worker"}
    assert built == dict.fromkeys(("render", "scheduler", "client"), repository)
    assert [step["uses"] for step in workflow["jobs"]["render"]["steps"] if "/tts_render" in step.get("uses", "")] == [
        "somebody/tts_render@v1"
    ]
    assert (hooks["repos"][0]["repo"], hooks["repos"][0]["rev"]) == ("https://github.com/somebody/tts_render", "v1")
    shown = (ROOT / "examples/site/.github/workflows/render.yml").read_text(encoding="utf-8")
    laid = (site.root / ".github/workflows/render.yml").read_text(encoding="utf-8")
    assert laid == shown.replace("NAME/tts_render@main", "somebody/tts_render@v1")
    assert all("NAME" not in (site.root / name).read_text(encoding="utf-8") for name in FILES)


@pytest.mark.parametrize(
    ("written", "name", "revision"),
    [
        ("https://github.com/a-b/tts_render@main", "a-b/tts_render", "main"),
        ("https://github.com/a/tts_render.git@v1.2.3", "a/tts_render", "v1.2.3"),
        ("git+https://github.com/a/tts.render/@feature/x", "a/tts.render", "feature/x"),
    ],
)
def test_an_address_is_read_as_pip_and_browsers_write_it(written: str, name: str, revision: str) -> None:
    assert parse_repository(written) == Repository(name, revision)


@pytest.mark.parametrize(
    "written",
    [
        "https://github.com/a/tts_render",
        "https://example.com/a/b@main",
        "a/tts_render@main",
        "https://github.com/a/b@x y",
    ],
)
def test_what_is_no_such_address_is_refused_before_anything_is_written(site: SiteKit, written: str) -> None:
    before = site.files()
    result = init(site, written)
    assert (result.code, site.files()) == (2, before)
    assert "https://github.com/NAME/tts_render@main" in result.err


def test_without_an_address_the_one_that_pip_wrote_down_is_taken_and_else_it_is_asked_for(site: SiteKit) -> None:
    # How pip's own record is read is seen in tests/project/test_packaging.py; here the tests run from a checkout.
    before = site.files()
    result = site.run("init", "--site", site.root)
    assert (result.code, site.files()) == (2, before)
    assert "--repository https://github.com/NAME/tts_render@main" in result.err


def test_an_empty_site_gets_the_packaged_voices(tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    shutil.copy(ROOT / "examples" / "site" / "_config.yml", root)
    kit = SiteKit(root, tmp_path / "cache")
    assert init(kit).code == 0
    assert list(load_config(root / "voices.yaml").voices) == list(load_config(ROOT / "voices.yaml").voices)
