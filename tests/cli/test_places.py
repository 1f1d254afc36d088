"""Where the cache is, and with whose credentials: as the command line and the tools of the cloud are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import pytest

from tests.kit.buckets import KEY, SECRET
from tests.kit.site_kit import SiteKit
from tts_render.cli.places import cache_folder, open_session

if TYPE_CHECKING:
    from tests.kit.buckets import S3, Way
    from tests.kit.fake_engine import FakeEngine

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "TTS_RENDER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def profile(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "home" / ".aws"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def syntheses(engine: FakeEngine) -> int:
    return sum("synthesis" in request for request in engine.requests)


def test_the_folder_is_the_one_named_or_the_one_in_front_or_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    users = platformdirs.user_cache_path("tts-render")
    assert cache_folder(None) == users
    assert cache_folder(str(tmp_path)) == tmp_path
    assert cache_folder("s3://bucket/clips") == users
    monkeypatch.setenv("TTS_RENDER_CACHE_FOLDER", str(tmp_path / "front"))
    assert cache_folder("s3://bucket/clips") == tmp_path / "front"
    assert cache_folder(None) == users
    assert cache_folder(str(tmp_path)) == tmp_path


def test_the_environment_says_whose_bucket_it_is(monkeypatch: pytest.MonkeyPatch, s3: S3, way: Way) -> None:
    for name, value in way.environment().items():
        monkeypatch.setenv(name, value)
    with open_session(f"s3://{s3.bucket()}/clips", ()) as session:
        assert session.cache.backing is not None
        apart = session.apart(tell=lambda _: None, turn=lambda: None)
        assert apart.cache.backing is not None
    assert f"Credential={KEY}/" in way.headers[-1]


@pytest.mark.parametrize(
    ("name", "environment"), [("default", {}), ("podcast", {"AWS_PROFILE": "podcast"})], ids=["default", "named"]
)
def test_a_profile_of_the_tools_does_as_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, s3: S3, way: Way, name: str, environment: dict[str, str]
) -> None:
    head = name if name == "default" else f"profile {name}"
    profile(tmp_path, "config", f"[{head}]\nregion = ap-northeast-1\nendpoint_url = {way.url}\n")
    profile(tmp_path, "credentials", f"[{name}]\naws_access_key_id = AKPROFILE\naws_secret_access_key = {SECRET}\n")
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with open_session(f"s3://{s3.bucket()}", ()):
        assert "Credential=AKPROFILE/" in way.headers[-1]
        assert "/ap-northeast-1/s3/" in way.headers[-1]


def test_the_environment_comes_before_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, s3: S3, way: Way
) -> None:
    profile(tmp_path, "config", "[default]\nregion = ap-northeast-1\nendpoint_url = http://127.0.0.1:9\n")
    profile(
        tmp_path,
        "credentials",
        "[default]\naws_access_key_id = AKPROFILE\naws_secret_access_key = x\naws_session_token = y\n",
    )
    for variable, value in way.environment().items():
        monkeypatch.setenv(variable, value)
    with open_session(f"s3://{s3.bucket()}", ()):
        assert f"Credential={KEY}/" in way.headers[-1]
        assert "/us-east-1/s3/" in way.headers[-1]
        assert "x-amz-security-token" not in way.headers[-1].lower()


def test_a_file_of_the_tools_that_cannot_be_read_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, s3: S3, way: Way
) -> None:
    profile(tmp_path, "config", "no section\n")
    profile(tmp_path, "credentials", "[default]\naws_access_key_id = %(\n")
    for variable, value in way.environment().items():
        monkeypatch.setenv(variable, value)
    with open_session(f"s3://{s3.bucket()}", ()):
        assert f"Credential={KEY}/" in way.headers[-1]


def test_a_folder_needs_nothing_of_it(tmp_path: Path) -> None:
    program = (
        "import sys; from tts_render.cli.places import open_session\n"
        "with open_session(sys.argv[1], ()) as session: assert session.cache.backing is None\n"
        "assert 'obstore' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, cwd=ROOT)


def test_without_the_library_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['obstore'] = None\n"
        "from tts_render.cli import main; sys.exit(main(['cache', 'info', '--cache-dir', 's3://bucket/clips']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'tts-render[bucket]'" in done.stderr


def test_what_one_machine_spoke_another_plans_and_renders_without_an_engine_speaking(
    tmp_path: Path, s3: S3, way: Way, fake_engine: FakeEngine
) -> None:
    address = f"s3://{s3.bucket()}/clips"
    one, other = (
        SiteKit(tmp_path / name, tmp_path / f"{name} cache", (fake_engine.url,), way.environment(), address).make()
        for name in ("one", "other")
    )
    assert one.run("render", one.post).code == 0
    spoken = syntheses(fake_engine)
    planned = other.run("plan", "--json", other.post)
    assert all(utterance["cached"] for utterance in planned.json[0]["utterances"])
    result = other.run("render", other.post)
    assert "0 spoken" in result.err
    assert other.audio.read_bytes() == one.audio.read_bytes()
    assert syntheses(fake_engine) == spoken
    assert all("/clips/utterances" not in line and "/locks" not in line for line in way.asked)
    assert list((other.cache / "locks").iterdir()) != []


def test_a_clip_whose_phrases_are_not_remembered_is_fetched_rather_than_spoken(
    tmp_path: Path, s3: S3, way: Way, fake_engine: FakeEngine
) -> None:
    address = f"s3://{s3.bucket()}/clips"
    one, other = (
        SiteKit(tmp_path / name, tmp_path / f"{name} cache", (fake_engine.url,), way.environment(), address).make()
        for name in ("one", "other")
    )
    assert one.run("render", one.post).code == 0
    spoken = syntheses(fake_engine)
    store = way.store(address.split("/")[2], "clips")
    store.remove(*[entry.name for entry in store.listing("phrases")])
    result = other.run("render", other.post)
    assert "0 spoken" in result.err
    assert syntheses(fake_engine) == spoken
    assert other.audio.read_bytes() == one.audio.read_bytes()
