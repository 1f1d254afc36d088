"""The work of the GitHub action: find the new and changed episodes, render them, tell GitHub what came of it.

Progress goes to the log, problems become annotations, and a table goes into the summary of the run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tts_render.episode.episode import POST_SUFFIXES, audio_target, open_config
from tts_render.ground.errors import TtsRenderError
from tts_render.site.folder import find_site
from tts_render.site.post import read_post

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = dict[str, Any]

CONSEQUENCES = {"audio-missing", "size-unset", "duration-unset"}
"""Rules of the check that an episode breaks because it could not be rendered."""


def changed_files(site: Path, since: str) -> list[Path]:
    """Files of the site that differ between ``since`` and the last commit, without those that are gone.

    Where ``since`` is no commit (a new branch, a first run), the last commit alone counts.
    """
    base = _git(site, "rev-parse", "--verify", "--quiet", f"{since}^{{commit}}") if since else None
    base = base or _git(site, "rev-parse", "--verify", "--quiet", "HEAD^") or _git(site, "mktree")
    listed = _git(site, "diff", "--name-only", "--diff-filter=d", "--relative", "-z", (base or "").strip(), "HEAD")
    return [Path(name) for name in (listed or "").split("\0") if name]


def episodes_of(files: Iterable[Path], site: Path, folder: Path) -> list[Path]:
    """The posts among ``files``, and the posts whose script is among them, as paths relative to the site."""
    found: set[Path] = set()
    scripts: set[str] = set()
    for file in files:
        if file.suffix.lower() in POST_SUFFIXES and file.is_relative_to(folder):
            found.add(file)
        elif file.suffix.lower() == ".txt":
            scripts.add(_nfc(file.name))
    if scripts:
        names = {name for script in scripts for name in (script, script.removesuffix(".txt") + ".mp3")}
        for post in (site / folder).rglob("*"):
            if post.suffix.lower() in POST_SUFFIXES and post.is_file():
                text = unquote(_nfc(post.read_text(encoding="utf-8", errors="replace")))
                if any(f"/{name}" in text for name in names):
                    found.add(post.relative_to(site))
    return sorted(found)


def is_episode(path: Path, site: Path) -> bool:
    """Whether a post has an MP3 that belongs into this repository; one that cannot be read counts, to be reported.

    An address whose file is not here belongs to an episode that has been moved to other storage.
    """
    try:
        home = find_site(site / path, site)
        post = read_post(site / path, open_config(home, None).preset)
        if post.audio is None:
            return False
        target = audio_target(post, home)
        return "://" not in post.audio or (target is not None and target.exists())
    except TtsRenderError:
        return True


def run(arguments: Sequence[str], site: Path) -> tuple[int, list[Json]]:
    """Run tts-render and read the JSON that it prints; what it says otherwise goes to the log."""
    command = [str(Path(sys.executable).with_name("tts-render")), *arguments, "--json", "--site", "."]
    done = subprocess.run(command, cwd=site, stdout=subprocess.PIPE, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode or 1, []


def annotation(level: str, message: str, path: str | None, line: int | None, site: Path) -> str:
    """A workflow command that GitHub shows beside the line."""
    place = ""
    if path is not None:
        workspace = Path(os.environ.get("GITHUB_WORKSPACE", ".")).resolve()
        whole = (site / path).resolve()
        shown = whole.relative_to(workspace) if whole.is_relative_to(workspace) else whole
        place = f" file={_escaped(str(shown), ':,')}" + (f",line={line}" if line is not None else "")
    return f"::{level}{place}::{_escaped(message)}"


def failure(episode: Json, site: Path) -> str:
    """The annotation of an episode that could not be rendered."""
    message = str(episode["error"])
    named = re.match(r"(?P<path>[^\n]+?):(?:(?P<line>\d+):)? (?P<rest>.*)", message, re.DOTALL)
    if named and (site / named["path"]).is_file():
        line = int(named["line"]) if named["line"] else None
        return annotation("error", named["rest"], named["path"], line, site)
    return annotation("error", message, str(episode["episode"]), None, site)


def summary(rendered: Sequence[Json]) -> str:
    """What came of each episode, as a table in Markdown."""
    lines = ["### tts-render", "", "| episode | length | bytes | spoken | from the cache | LUFS | |", "|---" * 7 + "|"]
    for episode in rendered:
        if "error" in episode:
            cells = [episode["episode"], "", "", "", "", "", "❌ " + str(episode["error"]).partition("\n")[0]]
        else:
            loud = episode["loudness_lufs"]
            cells = [
                episode["episode"],
                episode["duration"],
                f"{episode['bytes']:,}",
                episode["synthesized"],
                episode["cached"],
                "" if loud is None else f"{loud:.1f}",
                "✅ rendered" if episode["changed"] else "unchanged",
            ]
        lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=Path(), help="root of the site, in a clone of its repository")
    parser.add_argument("--folder", type=Path, default=Path("_posts"), help="folder of the posts, seen from the site")
    parser.add_argument("--since", default="", help="the commit whose posts are rendered already")
    parser.add_argument("--posts", default="", help="posts to render besides, with commas or line ends between")
    options = parser.parse_args(arguments)
    site: Path = options.site
    named = [Path(name.strip()) for name in re.split(r"[,\n]", options.posts) if name.strip()]
    changed = episodes_of(changed_files(site, options.since), site, options.folder)
    posts = list(dict.fromkeys([*named, *(path for path in changed if is_episode(path, site))]))
    if not posts:
        print("No episode is new or changed.")
        _append("GITHUB_STEP_SUMMARY", "### tts-render\n\nNo episode is new or changed.\n")
        return 0
    _append("GITHUB_OUTPUT", "found=true\n")
    paths = [str(path) for path in posts]
    code, rendered = run(["render", *paths], site)
    worst, findings = run(["check", "--published", *paths], site)
    failed = {episode["episode"] for episode in rendered if "error" in episode}
    told = [finding["message"] for finding in findings if finding["level"] == "error"]
    for episode in rendered:
        if "error" in episode and not any(message in episode["error"] for message in told):
            print(failure(episode, site))
    for finding in findings:
        if finding["path"] in failed and finding["rule"] in CONSEQUENCES:
            continue
        remedy = f"\n{finding['remedy']}" if finding["remedy"] else ""
        message = f"{finding['message']} [{finding['rule']}]{remedy}"
        print(annotation(finding["level"], message, finding["path"], finding["line"], site))
    _append("GITHUB_STEP_SUMMARY", summary(rendered))
    return code or worst


def _git(site: Path, *arguments: str) -> str | None:
    """What git prints; None where it fails."""
    done = subprocess.run(["git", *arguments], cwd=site, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    return os.fsdecode(done.stdout) if done.returncode == 0 else None


def _append(variable: str, text: str) -> None:
    if variable in os.environ:
        with Path(os.environ[variable]).open("a", encoding="utf-8") as stream:
            stream.write(text)


def _escaped(text: str, marks: str = "") -> str:
    for mark in "%\r\n" + marks:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return text


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


if __name__ == "__main__":
    sys.exit(main())
