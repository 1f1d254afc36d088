"""Which posts are episodes: those that the site's own generator builds, as the real one does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tts_render.site.generator import find_posts

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "---\ntitle: {title}\nlayout: null\n{more}---\n\nMARK({name})\n"


def write(root: Path, names: dict[str, str]) -> None:
    """Pages, each with what its front matter holds besides; in its text stands its own path."""
    for name, more in names.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGE.format(title=path.stem, more=more, name=name), encoding="utf-8")


def found(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in find_posts([root], root)}


def built(target: Path) -> set[str]:
    """The paths of all sources whose text stands in what a generator has built."""
    return {
        name
        for path in target.rglob("*.html")
        for name in re.findall(r"MARK\((.+?)\)", path.read_text(encoding="utf-8"))
    }


JEKYLL = {
    "_posts/2026-01-01-plain.md": "",
    "_posts/2026-01-02-other.markdown": "",
    "_posts/2026-1-3-short.md": "",
    "_posts/2126-01-01-to-come.md": "",
    "_posts/2026-01-04-withdrawn.md": "published: false\n",
    "_posts/2026-01-05-empty.md": "published:\n",
    "_posts/2026-01-06-shown.md": "published: true\n",
    "_posts/2026-01-07-jekyll-knows-no-draft.md": "draft: true\n",
    "_posts/without-a-date.md": "",
    "_posts/deeper/2026-01-08-deeper.md": "",
    "_posts/deeper/_aside/2026-01-09-deep-aside.md": "",
    "_posts/_aside/2026-01-10-aside.md": "",
    "_posts/_2026-01-11-hidden.md": "",
    "_posts/#2026-01-12-hash.md": "",
    "_posts/2026-01-14-out.md": "",
    "_posts.bak/2026-01-15-backup.md": "",
    "_drafts/2026-01-16-draft.md": "",
    "news/_posts/2026-01-17-news.md": "",
    "news/_posts.bak/2026-01-18-backup.md": "",
    "news/_hidden/_posts/2026-01-19-hidden.md": "",
    ".hidden/_posts/2026-01-20-hidden.md": "",
    "_extra/_posts/2026-01-21-included.md": "",
    "backup~/_posts/2026-01-22-backup.md": "",
    "vendor-old/_posts/2026-01-23-excluded.md": "",
    "node_modules/_posts/2026-01-24-module.md": "",
    "_talks/first.md": "",
    "_talks/withdrawn.md": "published: false\n",
    "_talks/_aside.md": "",
    "_people/somebody.md": "",
}
CONFIG = """\
exclude: [vendor-old, "_posts/2026-01-14-*"]
include: [_extra]
collections:
  talks: {output: true}
  people: {output: false}
"""


@pytest.mark.jekyll
@pytest.mark.skipif(shutil.which("jekyll") is None, reason="needs jekyll")
@pytest.mark.parametrize("more", ["", "collections_dir: news\n"], ids=["root", "collections_dir"])
def test_a_post_of_a_jekyll_site_is_what_jekyll_builds(tmp_path: Path, more: str) -> None:
    site = tmp_path / "site"
    pages = JEKYLL | {"news/_talks/second.md": ""}
    write(site, pages)
    (site / "_config.yml").write_text(CONFIG + more, encoding="utf-8")
    done = subprocess.run(
        ["jekyll", "build", "--quiet", "--future", "--disable-disk-cache", "-s", site, "-d", tmp_path / "built"],
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        cwd=site,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = built(tmp_path / "built")
    assert len(told) >= 2
    assert found(site) == told
