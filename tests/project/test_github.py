"""The GitHub action and workflows: their promises in YAML, their shell steps against real repositories."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.kit.documents import blocks
from tests.kit.fake_engine import FakeEngine

if TYPE_CHECKING:
    from tests.kit.buckets import S3, Way

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "examples" / "site"
ACTION = ROOT / "action.yml"
RENDER = SITE / ".github" / "workflows" / "render.yml"
CI = ROOT / ".github" / "workflows" / "ci.yml"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
RELEASE_JOBS = [(RELEASE, job) for job in ("build", "image", "pypi", "release")]
POST = "_posts/2025-10-08-2.md"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def load(path: Path) -> dict[Any, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps_of(path: Path, job: str | None = None) -> list[dict[str, Any]]:
    loaded = load(path)
    steps = loaded["jobs"][job]["steps"] if job else loaded["runs"]["steps"]
    assert isinstance(steps, list)
    return steps


def step(path: Path, name: str, job: str | None = None) -> dict[str, Any]:
    return next(step for step in steps_of(path, job) if step.get("name") == name)


def shell(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner does."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(autouse=True)
def own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[init]\n\tdefaultBranch = main\n[user]\n\tname = Author\n\temail = author@example.com\n", encoding="utf-8"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """The repository of the sample site, with one commit on main."""
    bare, work = tmp_path / "origin.git", tmp_path / "author"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    shutil.copytree(SITE, work)
    git(work, "init", "--quiet")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "-m", "Begin")
    git(work, "remote", "add", "origin", str(bare))
    git(work, "push", "--quiet", "origin", "HEAD:main")
    return bare


def clone(origin: Path, target: Path) -> Path:
    """As the workflow gets the branch: without its history."""
    git(target.parent, "clone", "--quiet", "--depth=1", origin.as_uri(), target.name)
    return target


def commit(runner: Path) -> str:
    done = shell(runner, step(RENDER, "Commit MP3s, receipts and posts", "render")["run"])
    assert done.returncode == 0, done.stderr
    return git(runner, "rev-parse", "HEAD")


def push(runner: Path) -> subprocess.CompletedProcess[str]:
    return shell(runner, step(RENDER, "Push", "render")["run"], BRANCH="main")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", ACTION),
        ("vendor.github-workflows", RENDER),
        ("vendor.github-workflows", CI),
        ("vendor.github-workflows", RELEASE),
    ],
    ids=["action", "render", "ci", "release"],
)
def test_the_files_follow_the_published_schemas(schema: str, path: Path) -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "job"), [(ACTION, None), (RENDER, "render"), (RENDER, "deploy"), (CI, "check"), *RELEASE_JOBS]
)
def test_nothing_is_interpolated_into_a_shell(path: Path, job: str | None) -> None:
    assert [step for step in steps_of(path, job) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize(("path", "job"), [(ACTION, None), (RENDER, "render"), (CI, "check"), *RELEASE_JOBS])
def test_the_shell_of_the_steps_is_sound(path: Path, job: str | None, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("shellcheck")
    if not program.exists():
        pytest.skip("needs shellcheck")
    scripts = []
    for number, found in enumerate(step for step in steps_of(path, job) if "run" in step):
        scripts.append(tmp_path / f"{number}.sh")
        scripts[-1].write_text(found["run"], encoding="utf-8")
    done = subprocess.run([program, "--shell=bash", *scripts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("path", "job"), [(ACTION, None), (RENDER, "render"), (RENDER, "deploy"), (CI, "check"), *RELEASE_JOBS]
)
def test_every_foreign_action_is_pinned_to_a_version(path: Path, job: str | None) -> None:
    used = [step["uses"] for step in steps_of(path, job) if not step.get("uses", "NAME").startswith("NAME")]
    assert [name for name in used if not re.search(r"@(v\d+(\.\d+\.\d+)?|[0-9a-f]{40})$", name)] == []


def test_each_job_may_do_only_what_it_needs() -> None:
    workflow = load(RENDER)
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["render"]["permissions"] == {"contents": "write"}
    assert workflow["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert load(CI)["permissions"] == {"contents": "read"}


def test_runs_follow_one_another_and_start_from_the_branch_as_it_is() -> None:
    workflow = load(RENDER)
    assert workflow["concurrency"] == {"group": "render", "cancel-in-progress": False}
    checkout = steps_of(RENDER, "render")[0]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"] == {"ref": "${{ github.ref_name }}"}


def test_the_engine_is_a_service_of_a_pinned_version_the_same_as_in_the_compose_file() -> None:
    service = load(RENDER)["jobs"]["render"]["services"]["voicevox"]
    compose = load(ROOT / "docker-compose.yml")["services"]["voicevox"]
    assert service == {"image": compose["image"], "ports": ["50021:50021"]}
    waits = [step["with"]["wait"] for step in steps_of(RENDER, "render") if step.get("id") == "render"]
    assert waits == ["60"]
    assert load(ACTION)["inputs"]["wait"]["default"] == "60"


def test_the_site_is_built_after_the_audio_and_deployed_in_the_same_run() -> None:
    jobs = load(RENDER)["jobs"]
    order = [step.get("uses", step.get("name", "")).split("@")[0] for step in jobs["render"]["steps"]]
    wanted = [
        "NAME/tts_render",
        "Commit MP3s, receipts and posts",
        "actions/jekyll-build-pages",
        "actions/upload-pages-artifact",
        "Push",
    ]
    assert [name for name in order if name in wanted] == wanted
    build = next(step for step in jobs["render"]["steps"] if "jekyll-build-pages" in step.get("uses", ""))
    assert "if" not in build, "the site must not be built where an episode failed"
    assert jobs["deploy"]["needs"] == "render"
    assert "if" not in jobs["deploy"]
    assert any(step.get("uses", "").startswith("actions/deploy-pages@") for step in jobs["deploy"]["steps"])


def test_the_cache_rolls_on_and_is_kept_even_where_an_episode_failed() -> None:
    restore, save = (
        next(step for step in steps_of(ACTION) if step.get("uses", "").startswith(f"actions/cache/{kind}@"))
        for kind in ("restore", "save")
    )
    assert restore["with"]["key"] == save["with"]["key"]
    assert "${{ github.run_id }}" in save["with"]["key"]
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert restore["with"]["path"] == save["with"]["path"] == step(ACTION, "Render")["env"]["TTS_RENDER_CACHE_FOLDER"]
    assert save["if"].startswith("always()")


def test_with_clips_in_a_bucket_the_runners_cache_is_left_alone(
    origin: Path, tmp_path: Path, fake_engine: FakeEngine, s3: S3, way: Way
) -> None:
    for one in (*steps_of(ACTION), step(ACTION, "Keep the cache small")):
        if "actions/cache" in one.get("uses", "") or "prune" in one.get("run", ""):
            assert one["if"].endswith("inputs.store == ''")
    address = f"s3://{s3.bucket()}/podcast"
    for number in range(2):
        (tmp_path / f"runner {number}").mkdir()
        site = clone(origin, tmp_path / f"runner {number}" / "site")
        done, _ = run_action(site, fake_engine.url, posts=POST, store=address, **way.environment())
        assert done.returncode == 0, done.stderr
    spoken = sum("synthesis" in request for request in fake_engine.requests)
    assert len(list(way.store(address.split("/")[2], "podcast").listing("clips"))) == spoken > 0


def test_the_example_for_a_bucket_gives_the_action_what_it_takes() -> None:
    (block,) = blocks(ROOT / "docs" / "cache.md", "yaml")
    (one,) = yaml.safe_load(block.text)
    (real,) = (found for found in steps_of(RENDER, "render") if found.get("id") == "render")
    assert one["uses"] == real["uses"]
    assert one["with"] == real["with"] | {"store": "s3://our-clips/podcast"}
    assert set(one["with"]) <= set(load(ACTION)["inputs"])


def test_the_action_hands_every_input_over_through_the_environment() -> None:
    inputs = set(load(ACTION)["inputs"])
    handed = re.findall(r"\$\{\{ inputs\.(\w+) \}\}", "\n".join(map(str, step(ACTION, "Render")["env"].values())))
    assert set(handed) == inputs
    assert steps_of(ACTION)[1]["run"].count("--require-hashes") == 1


def test_the_ci_calls_the_one_script() -> None:
    assert [step["run"] for step in steps_of(CI, "check") if "run" in step] == [".ci/run"]


def test_what_was_rendered_is_committed_as_the_bot(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    before = git(runner, "rev-parse", "HEAD")
    assert commit(runner) == before, "nothing was rendered, so nothing is committed"
    receipts = runner / ".tts-render" / "receipts" / "audio"
    receipts.mkdir(parents=True)
    for path in (runner / "audio" / "新しい回.mp3", receipts / "新しい回.mp3.json"):
        path.write_bytes(b"new")
    assert commit(runner) != before
    assert git(runner, "log", "-1", "--format=%an <%ae>") == (
        "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"
    )
    listed = git(runner, "-c", "core.quotepath=off", "diff", "--name-only", "HEAD^", "HEAD").splitlines()
    assert listed == [".tts-render/receipts/audio/新しい回.mp3.json", "audio/新しい回.mp3"]


def test_a_push_in_between_is_kept_and_its_posts_are_still_to_be_rendered(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    author = tmp_path / "author"
    (author / "_posts" / "2025-10-15-4.md").write_text(front_matter("later"), encoding="utf-8")
    git(author, "add", "--all")
    git(author, "commit", "--quiet", "-m", "Another post")
    git(author, "push", "--quiet", "origin", "HEAD:main")
    (runner / "audio" / "new.mp3").write_bytes(b"new")
    commit(runner)
    assert push(runner).returncode == 0
    names = git(origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert {"_posts/2025-10-15-4.md", "audio/new.mp3"} <= set(names)
    done, _ = run_action(clone(origin, tmp_path / "following"), "http://127.0.0.1:9")
    assert "_posts/2025-10-15-4.md" in done.stdout


def test_a_push_that_conflicts_ends_the_run(origin: Path, tmp_path: Path) -> None:
    runner, author = clone(origin, tmp_path / "runner"), tmp_path / "author"
    for folder, text in ((author, "theirs"), (runner, "ours")):
        (folder / POST).write_text(text, encoding="utf-8")
        git(folder, "commit", "--quiet", "-am", text)
    git(author, "push", "--quiet", "origin", "HEAD:main")
    assert push(runner).returncode != 0
    assert git(origin, "rev-parse", "main") == git(author, "rev-parse", "HEAD")


def front_matter(name: str) -> str:
    return (
        f"---\ntitle: {name}\nactor_ids:\n  - ずんだもん\naudio_file_path: /audio/{name}.mp3\n"
        'audio_file_size: 0\nduration: "00:00"\ndate: 2025-10-15 05:00:00 +0900\n---\nこんにちは。\n'
    )


def run_action(site: Path, engine: str, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the action's own steps on a clone; gives what they did and the summary of the run."""
    settings = {name.upper(): str(facts["default"]) for name, facts in load(ACTION)["inputs"].items()}
    settings |= {name.upper(): value for name, value in inputs.items()}
    settings |= {
        "VENV": str(Path(sys.executable).parents[1]),
        "TTS_RENDER_CACHE_FOLDER": str(site.parent / "cache"),
        "TTS_RENDER_ENGINE": engine,
        "TTS_RENDER_WAIT": "0",
        "GITHUB_STEP_SUMMARY": str(site.parent / "summary.md"),
        "GITHUB_OUTPUT": str(site.parent / "output"),
    }
    for name in ("summary.md", "output"):
        (site.parent / name).unlink(missing_ok=True)
    done = shell(site, step(ACTION, "Render")["run"], **settings)
    episodes = outputs(site.parent / "output").get("episodes", "")
    if episodes:
        checked = shell(site, step(ACTION, "Check")["run"], **settings, EPISODES=episodes)
        done.stdout += checked.stdout
        done.stderr += checked.stderr
        done.returncode = done.returncode or checked.returncode
    summary = site.parent / "summary.md"
    return done, summary.read_text(encoding="utf-8") if summary.exists() else ""


def outputs(path: Path) -> dict[str, str]:
    """What a step has told later ones, as the runner reads it."""
    found: dict[str, str] = {}
    lines = iter(path.read_text(encoding="utf-8").splitlines() if path.exists() else ())
    for line in lines:
        name, mark = line.split("<<", 1) if "<<" in line else (line, "")
        if mark:
            found[name] = "\n".join(iter(functools.partial(next, lines), mark))
        else:
            found[name.split("=", 1)[0]] = name.split("=", 1)[1]
    return found


def test_what_later_steps_are_told_is_read_back(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("a<<end\none\ntwo=2\nend\nb=3\n", encoding="utf-8")
    assert outputs(tmp_path / "output") == {"a": "one\ntwo=2", "b": "3"}


@pytest.mark.slow
def test_the_action_renders_what_is_new_and_a_second_run_changes_nothing(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    posts = "_posts/2025-10-06-1.md, _posts/2025-10-08-2.md\n"
    with FakeEngine() as engine:
        done, summary = run_action(runner, engine.url, posts=posts)
        assert done.returncode == 0, done.stdout + done.stderr
        commit(runner)
        assert push(runner).returncode == 0
        git(runner, "fetch", "--quiet", "--unshallow")
        changed = git(runner, "diff", "--name-only", "HEAD^", "HEAD").splitlines()
        assert [name for name in changed if name.endswith(".mp3")] == [
            "audio/asaichi-commit-2.mp3",
            "audio/houkago-server-3.mp3",
            "audio/shuake-build-1.mp3",
        ]
        assert len(changed) == 9, "an MP3, a receipt and a post for each"
        assert git(runner, "diff", "--numstat", "HEAD^", "HEAD", "--", POST).split()[:2] == ["2", "2"]
        assert summary.count("✅ rendered") == 3
    before = git(runner, "rev-parse", "HEAD")
    again, summary = run_action(runner, "http://127.0.0.1:9", posts=posts)
    assert again.returncode == 0, again.stdout + again.stderr
    assert summary == "### tts-render\n\nNo episode is new or out of date.\n"
    assert outputs(tmp_path / "output") == {"episodes": "", "taken": "0"}
    assert commit(runner) == before


def test_of_a_site_without_receipts_the_action_takes_the_newest_post(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    done, summary = run_action(runner, "http://127.0.0.1:9")
    assert done.returncode == 3
    assert [line.split("::")[1] for line in done.stdout.splitlines() if line.startswith("::error")] == [
        "error file=_posts/2025-10-10-3.md"
    ]
    assert summary.endswith("\nOlder ones without audio, left alone: 2.\n")


@pytest.mark.slow
def test_a_failed_episode_is_annotated_at_its_line_and_the_others_are_rendered(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    path = runner / POST
    path.write_text(path.read_text(encoding="utf-8").replace("- ずんだもん\n", "- ずんだもそ\n"), encoding="utf-8")
    git(runner, "commit", "--quiet", "-am", "Misspell")
    with FakeEngine() as engine:
        done, summary = run_action(runner, engine.url, posts=POST)
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert len(errors) == 1, done.stdout
    assert errors[0].startswith(f"::error file={POST},line=2::")
    assert "ずんだもそ" in errors[0]
    assert (runner / "audio" / "houkago-server-3.mp3").exists()
    assert not (runner / "audio" / "asaichi-commit-2.mp3").exists()
    assert summary.count("❌") == summary.count("✅ rendered") == 1


@pytest.mark.slow
def test_what_breaks_the_feed_is_annotated_although_it_was_rendered(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    path = runner / "_posts" / "2025-10-10-3.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub("(?m)^description: .*$", "description: A & B", text), encoding="utf-8")
    with FakeEngine() as engine:
        done, _ = run_action(runner, engine.url)
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert len(errors) == 1, done.stdout
    assert errors[0].startswith("::error file=_posts/2025-10-10-3.md,line=")
    assert ",title=description-xml::" in errors[0]
