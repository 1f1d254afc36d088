"""The cover: found in the site and nowhere else, small enough for every player, whatever it is made of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.kit.site_kit import POST, VOICES, SiteKit
from tts_render.episode.cover import LARGEST_BYTES, find_cover, make_cover
from tts_render.episode.episode import open_episode
from tts_render.ground.errors import InputError, OutsideSiteError

if TYPE_CHECKING:
    from pathlib import Path

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


def paint(
    path: Path, size: tuple[int, int] = (64, 48), mode: str = "RGB", *, noise: bool = False, **how: object
) -> Path:
    """A picture; with noise it is as hard to make small as can be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3)
    pixels = np.random.default_rng(3).integers(0, 256, shape, np.uint8) if noise else np.full(shape, 200, np.uint8)
    Image.fromarray(pixels).convert(mode).save(path, **how)
    return path


def opened(data: bytes) -> object:
    return Image.open(io.BytesIO(data))


def with_image(site: SiteKit, value: str, *, voices: str = VOICES) -> SiteKit:
    site.post.write_text(POST.replace("layout: article", f"image_url: {value}\nlayout: article"), encoding="utf-8")
    (site.root / "voices.yaml").write_text(voices, encoding="utf-8")
    return site


@pytest.mark.parametrize("value", ["/images/絵.png", "images/絵.png", "https://example.com/images/%E7%B5%B5.png?v=2"])
def test_the_picture_of_the_post_is_found_in_the_site(site: SiteKit, value: str) -> None:
    paint(site.root / "images" / "絵.png")
    cover = find_cover(open_episode(with_image(site, value).post))
    assert cover is not None
    assert cover.path == site.root / "images" / "絵.png"


@pytest.mark.parametrize("value", ["https://elsewhere.example/images/a.png", "/images/missing.png", "''"])
def test_another_picture_is_not_fetched_and_the_show_gives_its_own(site: SiteKit, value: str) -> None:
    assert find_cover(open_episode(with_image(site, value).post)) is None
    show = paint(site.root / "images" / "show.png")
    voices = VOICES.replace("{opening: opening,", "{cover: images/show.png, opening: opening,")
    cover = find_cover(open_episode(with_image(site, value, voices=voices).post))
    assert cover is not None
    assert cover.path == show


@pytest.mark.parametrize(
    "value", ["../secret.png", "/../secret.png", "https://example.com/../secret.png", "linked/a.png"]
)
def test_a_picture_outside_the_site_is_refused(site: SiteKit, tmp_path: Path, value: str) -> None:
    paint(tmp_path / "secret.png")
    paint(tmp_path / "elsewhere" / "a.png")
    (site.root / "linked").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutsideSiteError) as caught:
        find_cover(open_episode(with_image(site, value).post))
    assert caught.value.line is not None


def test_the_check_finds_a_picture_that_is_missing_or_outside(site: SiteKit) -> None:
    voices = VOICES.replace("{opening: opening,", "{cover: images/no.png, opening: opening,")
    for value in ("''", "../secret.png"):
        found = site.run("check", with_image(site, value, voices=voices).post, "--json").json
        assert [finding["level"] for finding in found if finding["rule"] == "cover"] == ["error"]
    paint(site.root / "images" / "no.png")
    found = site.run("check", with_image(site, "''", voices=voices).post, "--json").json
    assert not [finding for finding in found if finding["rule"] == "cover"]


def test_a_missing_picture_of_the_show_is_named_with_its_line(site: SiteKit) -> None:
    voices = VOICES.replace("{opening: opening,", "{cover: images/no.png, opening: opening,")
    with pytest.raises(InputError, match=r"no\.png") as caught:
        find_cover(open_episode(with_image(site, "''", voices=voices).post))
    (line,) = (number for number, text in enumerate(voices.splitlines(), 1) if "no.png" in text)
    assert caught.value.line == line


@pytest.mark.parametrize(("mode", "suffix"), [("RGB", "png"), ("RGBA", "png"), ("L", "png"), ("LA", "png"), ("P", "gif"), ("RGB", "webp"), ("CMYK", "jpg")])  # fmt: skip
def test_any_picture_becomes_a_small_jpeg_of_the_same_shape(tmp_path: Path, mode: str, suffix: str) -> None:
    path = paint(tmp_path / f"a.{suffix}", (800, 600), mode)
    made = make_cover(path)
    assert len(made) <= LARGEST_BYTES
    picture = opened(made)
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (800, 600))  # type: ignore[attr-defined]


def test_a_large_picture_is_made_smaller_until_it_fits(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png", (3000, 3000), noise=True)
    assert path.stat().st_size > 20_000_000
    made = make_cover(path)
    assert 100_000 < len(made) <= LARGEST_BYTES
    width, height = opened(made).size  # type: ignore[attr-defined]
    assert width == height <= 1400


def test_a_small_jpeg_stays_as_it_is(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.jpg", (500, 500))
    assert make_cover(path) == path.read_bytes()


def test_a_large_jpeg_does_not(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.jpg", (1400, 1400), noise=True, quality=95)
    assert path.stat().st_size > LARGEST_BYTES
    assert len(make_cover(path)) <= LARGEST_BYTES


def test_what_is_see_through_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert opened(make_cover(tmp_path / "a.png")).getpixel((10, 10)) == (255, 255, 255)  # type: ignore[attr-defined]


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (300, 100)).save(tmp_path / "a.png", exif=exif)
    assert opened(make_cover(tmp_path / "a.png")).size == (100, 300)  # type: ignore[attr-defined]


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png", (900, 900), noise=True)
    assert make_cover(path) == make_cover(path)


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"no picture at all", b"\x89PNG\r\n\x1a\n" + bytes(100), b"\xff\xd8\xff\xe0" + bytes(200)])  # fmt: skip
def test_what_is_no_picture_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.png"):
        make_cover(tmp_path / "a.png")


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 200_000
    with pytest.raises(InputError, match="pixels"):
        make_cover(tmp_path / "bomb.png")


def test_a_truncated_picture_is_one_clear_error(tmp_path: Path) -> None:
    path = paint(tmp_path / "a.png", (400, 400), noise=True)
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(InputError, match=r"a\.png"):
        make_cover(path)
