"""The site: its root is found, its own words are read, and no path leaves it."""

import datetime
from pathlib import Path

import pytest

from tts_render.ground.errors import InputError, OutsideSiteError
from tts_render.site.folder import Site, article_url, confine, find_site


@pytest.mark.parametrize("marker", ["_config.yml", "hugo.toml", "config.toml", ".git"])
def test_the_root_is_the_nearest_parent_with_a_marker(tmp_path: Path, marker: str) -> None:
    posts = tmp_path / "content" / "posts"
    posts.mkdir(parents=True)
    (tmp_path / marker).write_text("")
    site = find_site(posts / "a.md")
    assert site.root == tmp_path.resolve()
    assert site.marked


def test_without_a_marker_the_root_is_the_folder_of_the_input(tmp_path: Path) -> None:
    # A parent of the temporary folder could hold a marker only if the machine itself were a site.
    site = find_site(tmp_path / "a.txt")
    assert site.root == tmp_path.resolve()
    assert not site.marked


def test_a_jekyll_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "_config.yml").write_text(
        "title: 朝の技術だより\nauthor: 編集部\nurl: https://example.com/\nbaseurl: /radio\npermalink: /episode/:title\n"
        "timezone: Asia/Tokyo\n",
        encoding="utf-8",
    )
    site = find_site(tmp_path / "_posts" / "a.md")
    assert (site.title, site.author, site.timezone) == ("朝の技術だより", "編集部", "Asia/Tokyo")
    assert site.url == "https://example.com/radio"


def test_a_hugo_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "hugo.toml").write_text('title = "夜の部"\nbaseURL = "https://example.com/"\n', encoding="utf-8")
    site = find_site(tmp_path / "a.md")
    assert (site.title, site.url) == ("夜の部", "https://example.com")


@pytest.mark.parametrize(
    ("name", "text", "generator"),
    [
        ("_config.yml", "base_url: https://example.com/\n", "jekyll"),
        ("hugo.toml", 'base_url = "https://example.com/"\n', "hugo"),
        ("config.toml", 'baseURL = "https://example.com/"\n', "hugo"),
        ("config.toml", 'base_url = "https://example.com/"\n', "zola"),
    ],
)
def test_the_generator_is_known_by_its_configuration(tmp_path: Path, name: str, text: str, generator: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert find_site(tmp_path / "a.md").generator == generator


@pytest.mark.parametrize("text", ["title: [", "\xff"])
def test_a_broken_configuration_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "_config.yml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"_config\.yml"):
        find_site(tmp_path / "a.md")


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        find_site(tmp_path / "a.md", tmp_path / "missing")


@pytest.mark.parametrize("path", ["../x.mp3", "audio/../../x.mp3", "/etc/passwd", "link/x.mp3", "a\0b"])
def test_no_path_leaves_the_site(tmp_path: Path, path: str) -> None:
    root = tmp_path / "site"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(OutsideSiteError) as caught:
        confine(Site(root.resolve()), Path(path), what="audio", source=Path("post.md"), line=4)
    assert str(caught.value).startswith("post.md:4: ")


def test_a_path_inside_stays_what_it_is(tmp_path: Path) -> None:
    found = confine(Site(tmp_path.resolve()), Path("audio/./a.mp3"), what="audio", source=Path("p"), line=1)
    assert found == tmp_path.resolve() / "audio" / "a.mp3"


def test_a_path_is_told_as_seen_from_the_root_where_it_lies_below(tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    assert site.relative(tmp_path / "site" / "audio" / "a.mp3") == "audio/a.mp3"
    assert site.relative(tmp_path / "a.mp3") == str(tmp_path / "a.mp3")


DATE = datetime.datetime(2026, 7, 6, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=9)))


@pytest.mark.parametrize(
    ("permalink", "url"),
    [
        ("/episode/:title", "https://example.com/episode/518"),
        ("/:year/:month/:day/:title:output_ext", "https://example.com/2026/07/06/518.html"),
        ("pretty", "https://example.com/2026/07/06/518/"),
        (None, "https://example.com/2026/07/06/518.html"),
        ("/:collection/:name", None),
    ],
)
def test_an_article_is_where_jekyll_puts_it(permalink: str | None, url: str | None) -> None:
    site = Site(Path("/site"), url="https://example.com", permalink=permalink)
    assert article_url(site, Path("_posts/2026-07-06-518.md"), DATE, None) == url


def test_an_article_without_a_known_address_has_none() -> None:
    assert article_url(Site(Path("/site")), Path("_posts/2026-07-06-518.md"), DATE, None) is None
    assert article_url(Site(Path("/site"), url="https://example.com"), Path("posts/page.md"), DATE, None) is None
