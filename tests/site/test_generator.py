"""Which posts are episodes: those that the site's own generator builds, as the real one does."""

from __future__ import annotations

import datetime
import os
import re
import resource
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.node_packages import fetch
from tts_render.ground.errors import InputError
from tts_render.site.generator import find_posts, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = "---\ntitle: {title}\nlayout: null\n{more}---\n\nMARK({name})\n"


def write(root: Path, names: Mapping[str, str]) -> None:
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
    "_talks/deeper/second.md": "",
    "_talks/deeper/_aside.md": "",
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


HUGO = {
    "plain.md": "",
    "posts/a.md": "",
    "posts/b.markdown": "",
    "posts/static.mkd": "",
    "posts/_index.md": "",
    "posts/_other.md": "",
    "posts/.dot.md": "",
    "posts/#hash.md": "",
    "posts/~tilde.md": "",
    "posts/to-come.md": "date: 2126-01-01\n",
    "posts/published-to-come.md": "publishDate: 2126-01-01\n",
    "posts/expired.md": "expiryDate: 2020-01-01\n",
    "posts/draft.md": "draft: true\n",
    "posts/draft-in-capitals.md": "Draft: TRUE\n",
    "posts/draft-as-text.md": 'draft: "true"\n',
    "posts/draft-as-number.md": "draft: 1\n",
    "posts/no-draft.md": 'draft: "false"\n',
    "posts/empty-draft.md": "draft:\n",
    "posts/withdrawn.md": "published: false\n",
    "posts/withdrawn-as-text.md": 'published: "false"\n',
    "posts/empty-published.md": "published:\n",
    "posts/published-on-a-day.md": "published: 2026-01-01\n",
    "posts/published-and-no-draft.md": "published: false\ndraft: false\n",
    ".hidden/a.md": "",
    "#hash/a.md": "",
    "backup~/a.md": "",
    "_folder/a.md": "",
    "leaf/index.md": "",
    "leaf/aside.md": "",
    "leaf/deeper/aside.md": "",
    "leaf/bundle/index.md": "",
    "leaf-of-a-draft/index.md": "draft: true\n",
    "leaf-of-a-draft/aside.md": "",
    "branch/_index.md": "",
    "branch/a.md": "",
    "branch/leaf/index.markdown": "",
    "branch/leaf/aside.md": "",
    "headless/index.md": "headless: true\n",
    "headless/aside.md": "",
    "render/always.md": "_build: {render: always}\n",
    "render/link.md": "_build: {render: link}\n",
    "render/never.md": "_build: {render: never}\n",
    "render/false.md": "_build: {render: false}\n",
    "render/unlisted.md": "_build: {list: never}\n",
    "section-that-is-none/_index.md": "_build: {render: never}\n",
    "section-that-is-none/a.md": "",
    "drafts/_index.md": "cascade: {Draft: true}\n",
    "drafts/a.md": "",
    "drafts/deeper/a.md": "",
    "drafts/leaf/index.md": "",
    "unrendered/_index.md": "cascade:\n- _build: {render: never}\n",
    "unrendered/a.md": "",
    "unrendered/own.md": "_build: {render: always}\n",
    "unrendered/nearer/_index.md": "cascade: {_build: {render: always}}\n",
    "unrendered/nearer/a.md": "",
    "ignored/a.md": "",
    "posts/ignored-by-name.md": "",
    "cache_of_something/a.md": "",
    "two/talk.en.md": "",
    "two/talk.ja.md": "",
    "two/leaf/index.en.md": "",
    "two/leaf/index.ja.md": "",
    "two/leaf/aside.ja.md": "",
    "two/drafts/_index.ja.md": "cascade: {draft: true}\n",
    "two/drafts/talk.ja.md": "",
    "two/drafts/talk.en.md": "",
}
HUGO_CONFIGS = {
    "plain": ("content", "hugo.toml", ""),
    "contentDir": ("text/pages", "hugo.toml", 'ContentDir = "text/pages/"\n'),
    "ignoreFiles": ("content", "hugo.yaml", "ignoreFiles: ['/ignored/', 'ignored-.*\\.md$', '_something$']\n"),
}
LANGUAGES = {
    "hugo.toml": 'defaultContentLanguage = "en"\n[languages.en]\nweight = 1\n[languages.ja]\nweight = 2\n',
    "hugo.yaml": "defaultContentLanguage: en\nlanguages: {en: {weight: 1}, ja: {weight: 2}}\n",
}


def write_hugo(root: Path, content: str, config: str, text: str) -> None:
    write(root, {f"{content}/{page}": more for page, more in HUGO.items()} | {"README.md": "", "posts/outside.md": ""})
    for name, line in {"toml.md": "draft = false", "toml-draft.md": "Draft = true"}.items():
        matter = f'+++\ntitle = "{name}"\n{line}\n+++\n\nMARK({content}/posts/{name})\n'
        (root / content / "posts" / name).write_text(matter, encoding="utf-8")
    layouts = root / "layouts" / "_default"
    layouts.mkdir(parents=True)
    (layouts / "single.html").write_text("{{ .RawContent | safeHTML }}", encoding="utf-8")
    (layouts / "list.html").write_text("The page of a section is no post.", encoding="utf-8")
    (root / config).write_text(text + LANGUAGES[config], encoding="utf-8")


def hugo(site: Path, target: Path, *more: str) -> set[str]:
    command = ["hugo", "--quiet", *more, "-s", str(site), "-d", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # The newest Hugo ends with 1 after it has built, because it has another name for _build.
    assert target.is_dir(), done.stdout + done.stderr
    return built(target)


ELEVENTY = {
    "plain.md": "",
    "posts/a.md": "",
    "posts/upper.MD": "",
    "posts/b.markdown": "",
    "posts/deeper/a.md": "",
    "posts/draft.md": "draft: true\n",
    "posts/no-draft.md": "draft: false\n",
    "posts/unwritten.md": "permalink: false\n",
    "posts/moved.md": "permalink: elsewhere/index.html\n",
    "posts/to-come.md": "date: 2126-01-01\n",
    "posts/tagged.md": "tags: [episodes]\n",
    "posts/in-no-collection.md": "eleventyExcludeFromCollections: true\n",
    "posts/withdrawn.md": "published: false\n",
    "posts/_other.md": "",
    "posts/.dot.md": "",
    "posts/#hash.md": "",
    "posts/~tilde.md": "",
    "_posts/a.md": "",
    ".hidden/a.md": "",
    "backup~/a.md": "",
    "_includes/a.md": "",
    "_data/a.md": "",
    "_site/a.md": "",
    "posts/_site/a.md": "",
    "posts/_includes/a.md": "",
    "posts/_data/a.md": "",
    "node_modules/a.md": "",
    "posts/node_modules/a.md": "",
    "out/a.md": "",
    "posts/out/a.md": "",
    "rooted-out/a.md": "",
    "ignored.md": "",
    "posts/ignored.md": "",
    "ignored-too/a.md": "",
    "ignored-too.md": "",
    "posts/ignored-by-star.md": "",
    "posts/deeper/ignored-by-star.md": "",
    "posts/taken-back-in-vain-ignored-by-star.md": "",
    "!called-so/a.md": "",
    "deep/1/ignored-anywhere.md": "",
    "ignored-anywhere.md": "",
    "deep/all/1/2/a.md": "",
    "star-1/a.md": "",
    "star-1/deeper/a.md": "",
    "case/a.md": "",
    "one-1.md": "",
    "one-12.md": "",
    "dotted/a.md": "",
    "deep/in-a-folder/a.md": "",
}
ELEVENTY_IGNORE = """\
# a comment

ignored.md
ignored-too
posts/*ignored-by-star.md
!posts/taken-back-in-vain-ignored-by-star.md
!called-so
**/ignored-anywhere.md
deep/all/**
star-*
CASE
one-?.md
./dotted/
**/in-a-folder
"""
ELEVENTY_CONFIG = """\
export default function (config) {
  config.addPreprocessor("drafts", "*", (data) => !data.draft && undefined);
}
"""
NOT_OURS = {"posts/_includes/a.md", "posts/_data/a.md"}
"""Where the input of a site lies is told by a program, so that these two are taken for those of an input below."""


@pytest.mark.hugo
@pytest.mark.skipif(shutil.which("hugo") is None, reason="needs hugo")
@pytest.mark.parametrize("form", HUGO_CONFIGS)
def test_a_post_of_a_hugo_site_is_what_hugo_builds_whatever_the_day(tmp_path: Path, form: str) -> None:
    content, config, text = HUGO_CONFIGS[form]
    site = tmp_path / "site"
    write_hugo(site, content, config, text)
    told = hugo(site, tmp_path / "whenever", "--buildFuture", "--buildExpired")
    assert len(told) > 20
    assert found(site) == told
    by_day = {f"{content}/posts/{name}.md" for name in ("to-come", "published-to-come", "expired")}
    assert told - hugo(site, tmp_path / "today") == by_day


@pytest.fixture(scope="module")
def eleventy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that Eleventy has built, with its pages in ``_site``."""
    modules = fetch("eleventy", request.config)
    site = tmp_path_factory.mktemp("eleventy")
    write(site, ELEVENTY)
    (site / "eleventy.config.mjs").write_text(ELEVENTY_CONFIG, encoding="utf-8")
    (site / ".eleventyignore").write_text(ELEVENTY_IGNORE, encoding="utf-8")
    (site / ".gitignore").write_text("out/\n/rooted-out\n", encoding="utf-8")
    command = ["node", str(modules / "@11ty" / "eleventy" / "cmd.cjs"), "--quiet"]
    done = subprocess.run(command, cwd=site, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


@pytest.mark.eleventy
@pytest.mark.slow
def test_a_post_of_an_eleventy_site_is_what_eleventy_builds(eleventy: Path) -> None:
    told = built(eleventy / "_site")
    assert len(told) > 20
    assert told - found(eleventy) == NOT_OURS
    assert found(eleventy) - told == set()


def posts_of(root: Path, config: str, text: str, names: Mapping[str, str]) -> set[str]:
    """What is found of pages in a site with this configuration."""
    write(root, names)
    (root / config).write_text(text, encoding="utf-8")
    return found(root)


def test_a_post_of_an_eleventy_site_whose_input_lies_below_is_found_there(tmp_path: Path) -> None:
    pages = {
        "src/posts/a.md": "",
        "src/posts/draft.md": "draft: true\n",
        "src/_includes/a.md": "",
        "src/_data/a.md": "",
    }
    assert posts_of(tmp_path, ".eleventy.js", "", pages) == {"src/posts/a.md"}


def test_where_versions_of_hugo_differ_the_newest_is_right(tmp_path: Path) -> None:
    pages = {
        "content/never.md": "build: {render: never}\n",
        "content/headless.md": "headless: true\n",
        "content/upper.MD": "",
        "content/drafts/_index.md": "draft: true\ncascade: {draft: true}\n",
        "content/drafts/a.md": "",
        "content/drafts/own.md": "draft: false\n",
        "content/draft/_index.md": "draft: true\n",
        "content/draft/a.md": "",
    }
    shown = {"content/upper.MD", "content/drafts/own.md", "content/draft/a.md"}
    assert posts_of(tmp_path, "hugo.toml", "", pages) == shown


def test_what_belongs_to_a_page_in_html_is_no_post_of_a_hugo_site(tmp_path: Path) -> None:
    write(tmp_path, {"content/leaf/index.html": ""})
    assert posts_of(tmp_path, "hugo.toml", "", {"content/leaf/aside.md": "", "content/a.md": ""}) == {"content/a.md"}


def test_what_is_not_known_of_a_hugo_site_hides_no_post(tmp_path: Path) -> None:
    config = 'ignoreFiles = ["/[[:lower:]]+\\\\.md$", "(", 1]\n'
    pages = {
        "content/_index.md": "cascade:\n- _target: {path: '**/a*'}\n  draft: true\n- some text\n",
        "content/a.md": "",
        "content/list.md": "_build: [never]\n",
        "content/text.md": "_build: never\n",
    }
    assert posts_of(tmp_path, "hugo.toml", config, pages) == set(pages) - {"content/_index.md"}


def test_a_post_whose_front_matter_is_broken_is_found_so_that_it_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("---\ndraft: [\n---\n", encoding="utf-8")
    assert posts_of(tmp_path, "hugo.toml", "", {"content/b.md": "draft: true\n"}) == {"content/a.md"}


ZOLA = {
    "content/plain.md": "",
    "content/posts/_index.md": "",
    "content/posts/_index.ja.md": "",
    "content/posts/a.md": "",
    "content/posts/a.ja.md": "",
    "content/posts/b.markdown": "",
    "content/posts/.dot.md": "",
    "content/posts/_other.md": "",
    "content/posts/#hash.md": "",
    "content/posts/to-come.md": "date: 2126-01-01\n",
    "content/posts/draft.md": "draft: true\n",
    "content/posts/no-draft.md": "draft: false\n",
    "content/posts/unrendered.md": "render: false\n",
    "content/posts/ignored.md": "",
    "content/.hidden/a.md": "",
    "content/leaf/index.md": "",
    "content/leaf/aside.md": "",
    "content/drafts/_index.md": "draft: true\n",
    "content/drafts/a.md": "",
    "content/drafts/deeper/a.md": "",
    "content/unrendered/_index.md": "render: false\n",
    "content/unrendered/a.md": "",
    "content/ignored/a.md": "",
    "posts/outside.md": "",
}


def test_a_post_of_a_zola_site_is_what_its_loader_takes(tmp_path: Path) -> None:
    config = 'base_url = "https://example.com"\nignored_content = ["*/ignored.md", "**/ignored/*"]\n'
    assert posts_of(tmp_path, "config.toml", config, ZOLA) == {
        "content/plain.md",
        "content/posts/a.md",
        "content/posts/a.ja.md",
        "content/posts/_other.md",
        "content/posts/#hash.md",
        "content/posts/to-come.md",
        "content/posts/no-draft.md",
        "content/.hidden/a.md",
        "content/leaf/index.md",
        "content/leaf/aside.md",
        "content/unrendered/a.md",
    }


def test_a_post_of_an_astro_site_is_a_page_or_belongs_to_a_collection(tmp_path: Path) -> None:
    pages = {
        "src/pages/a.md": "",
        "src/pages/deeper/a.markdown": "",
        "src/pages/_aside.md": "",
        "src/pages/_aside/a.md": "",
        "src/pages/.dot.md": "",
        "src/content/blog/a.md": "",
        "src/content/blog/deeper/index.md": "",
        "src/content/blog/deeper/aside.md": "",
        "src/content/blog/draft.md": "draft: true\n",
        "src/content/blog/to-come.md": "pubDate: 2126-01-01\n",
        "src/content/blog/_aside.md": "",
        "src/content/blog/.hidden/a.md": "",
        "src/content/in-no-collection.md": "",
        "src/data/a.md": "",
        "posts/a.md": "",
    }
    assert posts_of(tmp_path, "astro.config.mjs", "export default {};\n", pages) == {
        "src/pages/a.md",
        "src/pages/deeper/a.markdown",
        "src/content/blog/a.md",
        "src/content/blog/deeper/index.md",
        "src/content/blog/deeper/aside.md",
        "src/content/blog/to-come.md",
    }


def test_a_post_of_a_site_that_nothing_is_known_of_is_any_page_that_no_generator_hides(tmp_path: Path) -> None:
    pages = {
        "a.md": "",
        "posts/a.mkd": "",
        "_posts/2026-01-01-a.md": "",
        "_other/a.md": "",
        ".hidden/a.md": "",
        "#hash.md": "",
        "backup~/a.md": "",
        "public/a.md": "",
        "themes/some/a.md": "",
        "vendor/a.md": "",
        "draft.md": "draft: true\n",
        "withdrawn.md": "published: false\n",
        "empty.md": "published:\n",
    }
    write(tmp_path, pages)
    (tmp_path / "README.md").write_text("# No front matter\n", encoding="utf-8")
    (tmp_path / "gone.md").symlink_to("nowhere.md")
    (tmp_path / "_posts" / "2026-01-02-told.md").write_text(
        "no front matter, but called like a post\n", encoding="utf-8"
    )
    assert found(tmp_path) == {"a.md", "posts/a.mkd", "_posts/2026-01-01-a.md", "_posts/2026-01-02-told.md"}


def test_posts_that_are_named_are_taken_as_they_are_and_once(tmp_path: Path) -> None:
    write(tmp_path, {"_posts/2026-01-02-b.md": "", "_posts/2026-01-01-a.md": "", "draft.md": "draft: true\n"})
    posts = tmp_path / "_posts"
    named = [tmp_path / "draft.md", posts / "2026-01-02-b.md", posts]
    assert find_posts(named) == [*named[:2], posts / "2026-01-01-a.md"]


def test_links_lead_out_of_no_folder_and_round_in_none(tmp_path: Path) -> None:
    write(tmp_path, {"site/a.md": "", "site/deeper/b.md": "", "outside/c.md": ""})
    (tmp_path / "site" / "out").symlink_to(tmp_path / "outside")
    (tmp_path / "site" / "deeper" / "round").symlink_to(tmp_path / "site")
    assert {path.name for path in find_posts([tmp_path / "site"])} == {"a.md", "b.md"}


def test_the_oldest_comes_first_and_what_has_no_date_before_it() -> None:
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    dated = [
        (Path("2026-01-02-b.md"), None),
        (Path("c.md"), day),
        (Path("2026-13-40-d.md"), None),
        (Path("a.md"), None),
    ]
    assert [path.name for path, _ in sorted(dated, key=lambda pair: in_order(*pair))] == [
        "2026-13-40-d.md",
        "a.md",
        "c.md",
        "2026-01-02-b.md",
    ]
    beyond = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=14)))
    assert in_order(Path("a.md"), beyond.replace(tzinfo=None)) <= (0.0, "a.md")


def test_a_page_of_a_jekyll_site_that_is_no_post_is_no_episode(tmp_path: Path) -> None:
    pages = {"about.md": "", "news/index.md": "", "_posts/2026-01-01-a.md": ""}
    assert posts_of(tmp_path, "_config.yml", "title: x\n", pages) == {"_posts/2026-01-01-a.md"}


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(InputError, match="cannot be read: Too many open files") as caught:
            find_posts([tmp_path])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.path == tmp_path
