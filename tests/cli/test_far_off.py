"""What the command line says about clusters before there is one: addresses, engines, and what is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import SiteKit
from tts_render.cluster.ensemble import Where, parse_address, parse_where
from tts_render.ground.errors import CommandLineError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.fake_engine import FakeEngine

WRONG = [
    "", "host", "tcp://host", "tcp://:8786", "tcp://host:x", "tcp://host:99999", "http://host:8786", "tcp://host:8786/there",
    "tcp://host:8786?there", "tcp://host:8786#there", "tcp://[::1", "local://host", "localhost",
]  # fmt: skip
SECRETS = ["tcp://me:geheim@host:8786", "me:geheim@host:8786", "local://me:geheim@host:8786", "tls://:geheim@host:1"]


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


def test_an_address_is_read_as_it_is_meant() -> None:
    assert parse_where("local") == Where(None, os.cpu_count() or 1)
    assert parse_where("local:3") == Where(None, 3)
    for text in ("tcp://host:8786", "ws://host:80", "tcp://[::1]:8786"):
        assert parse_where(text) == Where(text)
        assert parse_address(text) == text
    assert parse_where("host:8786") == Where("tcp://host:8786"), "as Dask takes it"


@pytest.mark.parametrize("text", [*WRONG, *SECRETS])
def test_what_is_no_address_is_refused_and_nothing_secret_is_told(text: str) -> None:
    with pytest.raises(CommandLineError, match="--cluster: this is not the address of a scheduler") as caught:
        parse_where(text)
    assert "geheim" not in str(caught.value)
    assert "local:4" in str(caught.value)
    with pytest.raises(CommandLineError, match="worker: this is not the address of a scheduler") as caught:
        parse_address(text)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "257", "1.5", "1 ", "٣"])
def test_a_number_of_workers_is_one_that_makes_sense(number: str) -> None:
    with pytest.raises(CommandLineError, match=f"--cluster: local:{number} does not say how many workers"):
        parse_where(f"local:{number}")


def test_a_worker_has_a_scheduler_that_runs_elsewhere(site: SiteKit) -> None:
    result = site.run("worker", "local:2", "--engine", "openjtalk")
    assert result.code == 2
    assert result.err.startswith("worker: this is not the address of a scheduler\n")


def test_a_wrong_cluster_is_a_mistake_of_the_command_line_in_both_languages(site: SiteKit) -> None:
    before = site.files()
    for words in ([], ["--lang", "ja"]):
        result = site.run("render", site.post, "--cluster", SECRETS[0], *words)
        assert result.code == 2
        assert "geheim" not in result.err
        assert ("スケジューラーのアドレスではありません" in result.err) == bool(words)
    site.environment["TTS_RENDER_CLUSTER"] = "local:0"
    assert "local:0 does not say how many workers" in site.run("render", site.post).err
    assert site.files() == before


def test_the_engines_of_a_scheduler_that_runs_elsewhere_are_its_workers(site: SiteKit) -> None:
    result = site.run("render", site.post, "--cluster", "tcp://127.0.0.1:1", "--engine", "openjtalk")
    assert result.code == 2
    assert "its workers have their own engines" in result.err
    assert "tts-render worker ADDRESS --engine URL" in result.err


def test_episodes_with_different_engines_are_not_for_one_cluster_of_this_machine(
    site: SiteKit, fake_engine: FakeEngine
) -> None:
    other = SiteKit(site.root.with_name("other"), site.cache).make()
    for one, engine in ((site, fake_engine.url), (other, "openjtalk")):
        path = one.root / "voices.yaml"
        path.write_text(f"engine: {{urls: ['{engine}']}}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = site.run("render", site.post, other.post, "--cluster", "local:1")
    assert result.code == 2
    assert result.err.splitlines() == [
        f"--cluster: the episodes name different engines: {fake_engine.url}, openjtalk",
        "  Name the engines with --engine, or render the shows one by one.",
    ]
    assert fake_engine.requests == []


def test_a_worker_needs_an_engine(site: SiteKit) -> None:
    result = site.run("worker", "tcp://127.0.0.1:1", "--cache-dir", site.cache)
    assert result.code == 2
    assert "--engine" in result.err
    assert "TTS_RENDER_ENGINE" in result.err


@pytest.mark.slow
def test_a_worker_without_a_scheduler_is_exit_3(site: SiteKit, fake_engine: FakeEngine) -> None:
    result = site.run("worker", "tcp://127.0.0.1:1", "--engine", fake_engine.url, "--cache-dir", site.cache)
    assert result.code == 3
    assert result.err.startswith("tcp://127.0.0.1:1: the scheduler does not answer\n")
    assert "--wait" in result.err


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["render", "a.md", "--cluster", "local:2"], ["worker", "tcp://127.0.0.1:1"]])
@pytest.mark.parametrize("missing", ["distributed", "dask"])
def test_without_the_extra_it_is_said_what_to_install(words: list[str], missing: str) -> None:
    hidden = f"import sys\nsys.modules[{missing!r}] = None\nfrom tts_render.cli import main\n"
    done = python(f"{hidden}sys.exit(main({words!r}))")
    asked = "--cluster" if words[0] == "render" else "worker"
    assert done.returncode == 2
    assert done.stderr == f"{asked}: {missing} is not installed\n  pip install 'tts-render[cluster]'\n"


def test_nothing_of_dask_is_loaded_unless_a_cluster_is_asked_for(site: SiteKit, fake_engine: FakeEngine) -> None:
    words = [str(site.post), "--cache-dir", str(site.cache), "--engine", fake_engine.url]
    done = python(
        "import sys\nfrom tts_render.cli import main\n"
        "found = lambda: {name.partition('.')[0] for name in sys.modules} & {'dask', 'distributed', 'cloudpickle', 'bokeh'}\n"
        f"codes = [main(words) for words in (['worker', '--help'], ['render', '--help'], ['render', *{words!r}])]\n"
        "sys.exit(str((codes, found())) if found() or any(codes) else 0)\n"
    )
    assert done.returncode == 0, done.stderr
