"""The package as users get it: from the wheel, from a wheel made of the sdist, and from an editable install."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

pytestmark = pytest.mark.slow

OFFLINE = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
"""The build backend is fetched only where it is not installed."""


def build(kind: str, source: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "build", f"--{kind}", *OFFLINE, "--outdir", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel_of_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xzf", sdist, "-C", folder], check=True)
    (source,) = folder.iterdir()
    return build("wheel", source, tmp_path_factory.mktemp("wheel-of-sdist"))


@dataclass(frozen=True)
class Environment:
    """A virtual environment that sees the dependencies of this one, but not its tts_render."""

    root: Path

    def run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.root / "bin" / program, *arguments], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def install(root: Path, *what: str) -> Environment:
    bundled = [] if importlib.util.find_spec("pip") is None else ["--without-pip"]
    subprocess.run([sys.executable, "-m", "venv", *bundled, root], check=True)
    packages = root / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    python = str(root / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python] if bundled else [python, "-m", "pip"]
    isolation = ["--no-build-isolation"] if OFFLINE else []
    command = [*pip, "install", "--quiet", "--no-deps", "--force-reinstall", *isolation, *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Environment(root)


LOOK = """
import json, sys
from importlib.metadata import version
from pathlib import Path
import soundfile
import tts_render
from tts_render.settings.config import BUILTIN_SOUNDS, load_config, packaged_config_path
path = packaged_config_path()
config = load_config(path)
package = Path(tts_render.__file__).parent
sounds = {name: soundfile.info(config.sounds[name].path).frames for name in BUILTIN_SOUNDS}
print(json.dumps({
    "package": str(package),
    "version": version("tts-render"),
    "voices_file": str(path),
    "voices": list(config.voices),
    "sounds": sounds,
    "typed": (package / "py.typed").is_file(),
}))
"""


@pytest.mark.parametrize("kind", ["wheel", "wheel of the sdist", "editable"])
def test_an_install_has_the_command_the_voices_and_the_sounds(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sources = {"wheel": "wheel", "wheel of the sdist": "wheel_of_sdist"}
    what = ["--editable", str(ROOT)] if kind == "editable" else [str(request.getfixturevalue(sources[kind]))]
    environment = install(tmp_path / "venv", *what)
    assert PROJECT["version"] in environment.run("tts-render", "--version")
    assert "write-back" in environment.run("tts-render", "--help")
    seen = json.loads(environment.run("python", "-c", LOOK))
    home = ROOT if kind == "editable" else environment.root
    assert Path(seen["package"]).is_relative_to(home)
    assert Path(seen["voices_file"]).is_relative_to(home)
    assert seen["version"] == PROJECT["version"]
    assert "ずんだもん" in seen["voices"]
    assert min(seen["sounds"].values()) > 0
    assert seen["typed"]


@pytest.fixture
def repository(sdist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What git and pip take for a repository on GitHub, made of the sdist; its one commit is given."""
    subprocess.run(["tar", "-xzf", sdist, "-C", tmp_path], check=True)
    (source,) = tmp_path.iterdir()
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\n\tname = a\n\temail = a@example.com\n"
        f'[url "{source.as_uri()}"]\n\tinsteadOf = https://github.com/somebody/tts_render\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "All"]):
        subprocess.run(["git", *words], cwd=source, check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=source, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_from_its_address_it_installs_and_writes_workflows_that_use_that_very_commit(
    repository: str, tmp_path: Path
) -> None:
    environment = install(tmp_path / "venv", "tts-render @ git+https://github.com/somebody/tts_render")
    site = tmp_path / "site"
    site.mkdir()
    environment.run("tts-render", "init", "--site", str(site))
    workflow = (site / ".github" / "workflows" / "render.yml").read_text(encoding="utf-8")
    assert f"- uses: somebody/tts_render@{repository}\n" in workflow
    hooks = (site / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert f"repo: https://github.com/somebody/tts_render\n    rev: {repository}\n" in hooks


def test_the_wheel_holds_the_very_settings_at_the_top_of_the_repository(wheel: Path, wheel_of_sdist: Path) -> None:
    settings = (ROOT / "voices.yaml").read_bytes()
    for made in (wheel, wheel_of_sdist):
        with zipfile.ZipFile(made) as archive:
            assert archive.read("tts_render/voices.yaml") == settings


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path, wheel_of_sdist: Path) -> None:
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(wheel_of_sdist) as other:
        names = archive.namelist()
        assert sorted(names) == sorted(other.namelist())
    package = f"tts_render-{PROJECT['version']}.dist-info/"
    assert [name for name in names if not name.startswith(("tts_render/", package))] == []
    assert {"tts_render/py.typed", f"{package}licenses/LICENSE", f"{package}entry_points.txt"} <= set(names)
    package_files = [
        path for name in ("*.py", "*.po", "*.mo", "page.json") for path in (ROOT / "tts_render").rglob(name)
    ]
    here = {f"tts_render/{path.relative_to(ROOT / 'tts_render')}" for path in package_files}
    assert here <= set(names)
    assert [name for name in names if name.endswith((".pyc", ".tts-render-tmp"))] == []


def test_the_sdist_holds_what_the_tests_and_a_build_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"voices.yaml", "pyproject.toml", "README.md", "LICENSE", "tests/project/test_packaging.py"} <= names
