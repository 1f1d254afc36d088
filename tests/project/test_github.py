"""The GitHub action and workflows: their promises in YAML, their shell steps against real repositories."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.fake_engine import FakeEngine
from tools import render_changed

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "examples" / "site"
ACTION = ROOT / "action.yml"
RENDER = SITE / ".github" / "workflows" / "render.yml"
CI = ROOT / ".github" / "workflows" / "ci.yml"
RELEASE = ROOT / ".github" / "workflows" / "release.yml"
RELEASE_JOBS = [(RELEASE, job) for job in ("build", "image", "pypi", "release")]
MARK = "refs/tts-render/rendered"
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
    git(target.parent, "clone", "--quiet", str(origin), target.name)
    return target


def outputs(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines())


def find_last(runner: Path, before: str) -> str:
    target = runner.parent / "found"
    target.unlink(missing_ok=True)
    script = step(RENDER, "Find the last commit that was rendered", "render")["run"]
    done = shell(runner, script, BEFORE=before, GITHUB_OUTPUT=str(target))
    assert done.returncode == 0, done.stderr
    return outputs(target)["since"]


def commit(runner: Path) -> str:
    target = runner.parent / "committed"
    target.unlink(missing_ok=True)
    done = shell(runner, step(RENDER, "Commit MP3s, receipts and posts", "render")["run"], GITHUB_OUTPUT=str(target))
    assert done.returncode == 0, done.stderr
    return outputs(target)["rendered"]


def push(runner: Path, rendered: str, outcome: str) -> subprocess.CompletedProcess[str]:
    script = step(RENDER, "Push", "render")["run"]
    return shell(runner, script, BRANCH="main", RENDERED=rendered, OUTCOME=outcome)


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
    assert checkout["with"] == {"ref": "${{ github.ref_name }}", "fetch-depth": 0}


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
    assert restore["with"]["path"] == save["with"]["path"] == step(ACTION, "Render")["env"]["TTS_RENDER_CACHE"]
    assert save["if"].startswith("always()")


def test_the_action_hands_every_input_over_through_the_environment() -> None:
    inputs = set(load(ACTION)["inputs"])
    handed = re.findall(r"\$\{\{ inputs\.(\w+) \}\}", "\n".join(map(str, step(ACTION, "Render")["env"].values())))
    assert set(handed) == inputs
    assert steps_of(ACTION)[1]["run"].count("--require-hashes") == 1


def test_the_ci_calls_the_one_script() -> None:
    assert [step["run"] for step in steps_of(CI, "check") if "run" in step] == [".ci/run"]


def test_the_first_run_starts_from_the_push_and_later_ones_from_the_mark(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    assert find_last(runner, "abc123") == "abc123"
    assert push(runner, commit(runner), "success").returncode == 0
    assert find_last(runner, "abc123") == MARK
    assert git(runner, "rev-parse", MARK) == git(origin, "rev-parse", "main")


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
    (author / "_posts" / "2025-10-15-4.md").write_text("---\ntitle: later\n---\n", encoding="utf-8")
    git(author, "add", "--all")
    git(author, "commit", "--quiet", "-m", "Another post")
    git(author, "push", "--quiet", "origin", "HEAD:main")
    (runner / "audio" / "new.mp3").write_bytes(b"new")
    rendered = commit(runner)
    assert push(runner, rendered, "success").returncode == 0
    names = git(origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert {"_posts/2025-10-15-4.md", "audio/new.mp3"} <= set(names)
    following = clone(origin, tmp_path / "following")
    since = find_last(following, "")
    assert render_changed.changed_files(following, since) == [Path("_posts/2025-10-15-4.md")]


def test_after_a_failed_episode_the_next_run_tries_it_again(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    assert push(runner, commit(runner), "success").returncode == 0
    (runner / POST).write_text("---\ntitle: broken\n---\n", encoding="utf-8")
    git(runner, "commit", "--quiet", "-am", "Break it")
    assert push(runner, commit(runner), "failure").returncode == 0
    following = clone(origin, tmp_path / "following")
    assert render_changed.changed_files(following, find_last(following, "")) == [Path(POST)]


def test_a_push_that_conflicts_ends_the_run(origin: Path, tmp_path: Path) -> None:
    runner, author = clone(origin, tmp_path / "runner"), tmp_path / "author"
    for folder, text in ((author, "theirs"), (runner, "ours")):
        (folder / POST).write_text(text, encoding="utf-8")
        git(folder, "commit", "--quiet", "-am", text)
    git(author, "push", "--quiet", "origin", "HEAD:main")
    assert push(runner, git(runner, "rev-parse", "HEAD"), "success").returncode != 0
    assert MARK not in git(origin, "for-each-ref", "--format=%(refname)").splitlines()


def test_new_and_changed_posts_are_found_and_deleted_ones_are_not(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    start = git(runner, "rev-parse", "HEAD")
    (runner / "_posts" / "2025-10-06-1.md").unlink()
    (runner / "_posts" / "2025-10-15-★ 新しい回.md").write_text("---\ntitle: new\n---\n", encoding="utf-8")
    (runner / "feed.xml").write_text("changed", encoding="utf-8")
    git(runner, "add", "--all")
    git(runner, "commit", "--quiet", "-m", "Two changes")
    files = render_changed.changed_files(runner, start)
    assert render_changed.episodes_of(files, runner, Path("_posts")) == [Path("_posts/2025-10-15-★ 新しい回.md")]


@pytest.mark.parametrize("since", ["", "0" * 40, "no-such-ref", "-x"])
def test_without_a_commit_to_start_from_the_last_one_counts(origin: Path, tmp_path: Path, since: str) -> None:
    runner = clone(origin, tmp_path / "runner")
    assert Path(POST) in render_changed.changed_files(runner, since), "the first commit of all"
    (runner / "_posts" / "2025-10-15-4.md").write_text("---\ntitle: new\n---\n", encoding="utf-8")
    git(runner, "add", "--all")
    git(runner, "commit", "--quiet", "-m", "One more")
    assert render_changed.changed_files(runner, since) == [Path("_posts/2025-10-15-4.md")]


@pytest.mark.parametrize("script", ["audio/asaichi-commit-2.txt", "_scripts/houkago-server-3.txt"])
def test_a_changed_script_means_its_post(origin: Path, tmp_path: Path, script: str) -> None:
    runner = clone(origin, tmp_path / "runner")
    posts = render_changed.episodes_of([Path(script)], runner, Path("_posts"))
    assert posts == [Path("_posts/2025-10-08-2.md" if "commit" in script else "_posts/2025-10-10-3.md")]


@pytest.mark.parametrize(
    ("front", "wanted"),
    [
        ("audio_file_path: /audio/new.mp3\n", True),
        ("title: a notice, not an episode\n", False),
        ("audio_file_path: https://storage.example.com/audio/moved.mp3\n", False),
        ("audio_file_path: https://storage.example.com/audio/here.mp3\n", True),
        ("audio_file_path: [broken\n", True),
    ],
    ids=["site path", "no audio", "moved to storage", "moved, but still here", "unreadable"],
)
def test_only_posts_whose_audio_belongs_here_are_rendered(tmp_path: Path, front: str, wanted: bool) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "here.mp3").write_bytes(b"")
    (tmp_path / "post.md").write_text(f"---\n{front}---\n", encoding="utf-8")
    assert render_changed.is_episode(Path("post.md"), tmp_path) is wanted


def test_an_annotation_escapes_what_github_would_read() -> None:
    line = render_changed.annotation("error", "50 % of\nit: bad", "_posts/a,b.md", 3, Path("/site"))
    assert line == "::error file=/site/_posts/a%2Cb.md,line=3::50 %25 of%0Ait: bad"


def run_action(site: Path, engine: str, **inputs: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the action's own step on a clone; gives what it did and the summary of the run."""
    found = step(ACTION, "Render")
    defaults = {name.upper(): str(facts["default"]) for name, facts in load(ACTION)["inputs"].items()}
    settings = {name: defaults.get(name, "") for name in found["env"]}
    settings |= {name.upper(): value for name, value in inputs.items()}
    settings |= {
        "VENV": str(Path(sys.executable).parents[1]),
        "TTS_RENDER_CACHE": str(site.parent / "cache"),
        "TTS_RENDER_ENGINE": engine,
        "TTS_RENDER_WAIT": "0",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_WORKSPACE": str(site),
        "GITHUB_STEP_SUMMARY": str(site.parent / "summary.md"),
        "GITHUB_OUTPUT": str(site.parent / "output"),
    }
    done = shell(site, found["run"], **settings)
    summary = site.parent / "summary.md"
    return done, summary.read_text(encoding="utf-8") if summary.exists() else ""


@pytest.mark.slow
def test_the_action_renders_what_is_new_and_a_second_run_changes_nothing(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    with FakeEngine() as engine:
        done, summary = run_action(runner, engine.url)
        assert done.returncode == 0, done.stdout + done.stderr
        rendered = commit(runner)
        assert push(runner, rendered, "success").returncode == 0
        changed = git(runner, "diff", "--name-only", "HEAD^", "HEAD").splitlines()
        assert [name for name in changed if name.endswith(".mp3")] == [
            "audio/asaichi-commit-2.mp3",
            "audio/houkago-server-3.mp3",
            "audio/shuake-build-1.mp3",
        ]
        assert len(changed) == 9, "an MP3, a receipt and a post for each"
        assert git(runner, "diff", "--numstat", "HEAD^", "HEAD", "--", POST).split()[:2] == ["2", "2"]
        assert summary.count("✅ rendered") == 3
        spoken = engine.asked

        since = find_last(runner, "")
        again, summary = run_action(runner, engine.url, posts=f"{POST}, _posts/2025-10-10-3.md", since=since)
        assert again.returncode == 0, again.stdout + again.stderr
        assert engine.asked == spoken
        assert summary.count("unchanged") == 2
        assert commit(runner) == rendered


def test_a_site_without_news_needs_no_engine(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    git(runner, "update-ref", MARK, "HEAD")
    done, summary = run_action(runner, "http://127.0.0.1:9", since=MARK)
    assert (done.returncode, done.stdout) == (0, "No episode is new or changed.\n")
    assert "No episode" in summary
    assert not (tmp_path / "output").exists()


@pytest.mark.slow
def test_a_failed_episode_is_annotated_at_its_line_and_the_others_are_rendered(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    path = runner / POST
    path.write_text(path.read_text(encoding="utf-8").replace("- ずんだもん\n", "- ずんだもそ\n"), encoding="utf-8")
    git(runner, "commit", "--quiet", "-am", "Misspell")
    with FakeEngine() as engine:
        done, summary = run_action(runner, engine.url, posts="_posts/2025-10-10-3.md")
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error")]
    assert len(errors) == 1, done.stdout
    assert errors[0].startswith(f"::error file={POST},line=2::")
    assert "ずんだもそ" in errors[0]
    assert (runner / "audio" / "houkago-server-3.mp3").exists()
    assert not (runner / "audio" / "asaichi-commit-2.mp3").exists()
    assert summary.count("❌") == summary.count("✅ rendered") == 1


def test_without_an_engine_each_episode_is_annotated_and_the_run_ends_with_3(origin: Path, tmp_path: Path) -> None:
    runner = clone(origin, tmp_path / "runner")
    done, _ = run_action(runner, "http://127.0.0.1:9")
    assert done.returncode == 3
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error") and "127.0.0.1:9" in line]
    assert [line.split("::")[1] for line in errors] == [
        f"error file=_posts/2025-10-{day}.md" for day in ("06-1", "08-2", "10-3")
    ]
