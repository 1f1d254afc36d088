"""A text is replaced where lines say it, in the source, and nothing else becomes another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tts_render.episode.episode import open_episode
from tts_render.ground.errors import ScriptError
from tts_render.run.journal import StaleError
from tts_render.run.replacing import Replacing

if TYPE_CHECKING:
    from pathlib import Path


def replaced(folder: Path, source: str, find: str, by: str, *, case: bool = False) -> tuple[str, list[str]]:
    """The source with everything replaced, and what the lines say in which something could not be."""
    path = folder / "x.txt"
    path.write_bytes(source.encode())
    replacing = Replacing(open_episode(path, site=folder), find, by, case=case)
    left = replacing.make(replacing.places)
    return replacing.encode(path.read_bytes()).decode(), [replacing.line(place).text for place in left]


@pytest.mark.parametrize(
    ("source", "find", "by", "wanted"),
    [
        ("鍵です。鍵と鍵。\n", "鍵", "錠", "錠です。錠と錠。\n"),
        ("\ufeff一。\r\n二、一。\r三。", "一", "壱", "\ufeff壱。\r\n二、壱。\r三。"),
        # what stands in names, markup and readings is not what a line says
        ("ずんだもん：ずんだもんなのだ。\n", "ずんだもん", "ぼく", "ずんだもん：ぼくなのだ。\n"),
        ('<break time="1s"/>breakです。\n', "break", "区切り", '<break time="1s"/>区切りです。\n'),
        (
            "<ruby>東京<rt>とうきょう</rt></ruby>はとうきょう。",
            "とうきょう",
            "都",
            "<ruby>東京<rt>とうきょう</rt></ruby>は都。",
        ),
        # characters that markup would be made of
        ("A&amp;Bの話。\n", "A&B", "<C>", "&lt;C>の話。\n"),
        # sentences come and go
        ("一。二だ。そうだ。\n", "。", "、", "一、二だ、そうだ、\n"),
        ("一、二。\n三。\n", "、", "。", "一。二。\n三。\n"),
    ],
)
def test_what_lines_say_is_replaced_byte_for_byte(tmp_path: Path, source: str, find: str, by: str, wanted: str) -> None:
    assert replaced(tmp_path, source, find, by) == (wanted, [])


@pytest.mark.parametrize(
    ("source", "find", "by", "left"),
    [
        ("<ruby>東京<rt>とうきょう</rt></ruby>へ。\n", "東京", "大阪", "東京へ。"),
        ("これは**太字**だ。\n一。\n", "一", "----", "一。"),
        ('あ<break time="1s"/>い。\n', "い。", "い<break time='1s'/>", None),
    ],
)
def test_what_would_break_is_left_and_named(tmp_path: Path, source: str, find: str, by: str, left: str | None) -> None:
    text, lines = replaced(tmp_path, source + "後で。\n", find, by)
    if left is None:
        assert lines == []
        assert "い&lt;break" in text, "what is typed is said, and is no markup"
    else:
        assert (text, lines) == (source + "後で。\n", [left])


def test_what_can_be_replaced_is_replaced_beside_what_cannot(tmp_path: Path) -> None:
    source = "東京へ。\n<ruby>東京<rt>とうきょう</rt></ruby>へ。\n東京だ。\n"
    assert replaced(tmp_path, source, "東京", "大阪") == (
        "大阪へ。\n<ruby>東京<rt>とうきょう</rt></ruby>へ。\n大阪だ。\n",
        ["東京へ。"],
    )


def test_capitals_count_only_where_they_are_asked_to(tmp_path: Path) -> None:
    assert replaced(tmp_path, "AIとai。\n", "ai", "知能") == ("知能と知能。\n", [])
    assert replaced(tmp_path, "AIとai。\n", "ai", "知能", case=True) == ("AIと知能。\n", [])


def test_no_pattern_is_read_into_the_text(tmp_path: Path) -> None:
    assert replaced(tmp_path, "C++とC。\n", "C++", r"\1.*", case=True) == ("\\1.*とC。\n", [])


def test_one_of_several_places_in_a_line_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("つむぎ：つむぎとつむぎ。\n", encoding="utf-8")
    replacing = Replacing(open_episode(path, site=tmp_path), "つむぎ", "ぼく", case=True)
    first, second = replacing.places
    assert replacing.make([second]) == ()
    assert replacing.encode(path.read_bytes()).decode() == "つむぎ：つむぎとぼく。\n"
    assert replacing.make([first]) == (), "and then another"
    assert replacing.encode(path.read_bytes()).decode() == "つむぎ：ぼくとぼく。\n"


def test_the_notes_of_a_deck_stay_json(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[\n {"title": "鍵", "notes": "鍵の話です。"}\n]\n', encoding="utf-8")
    replacing = Replacing(open_episode(path, site=tmp_path), "鍵の", '"錠"の', case=True)
    assert replacing.make(replacing.places) == ()
    assert replacing.encode(path.read_bytes()).decode() == ('[\n {"title": "鍵", "notes": "\\"錠\\"の話です。"}\n]\n')


def test_the_front_matter_of_a_post_stays(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01-x.md"
    path.write_text("---\ntitle: 鍵\n---\n\n**鍵**の話です。鍵だ。\n", encoding="utf-8")
    replacing = Replacing(open_episode(path, site=tmp_path), "鍵", "錠", case=True)
    assert replacing.make(replacing.places) == ()
    assert replacing.encode(path.read_bytes()).decode() == "---\ntitle: 鍵\n---\n\n**錠**の話です。錠だ。\n"


def test_a_script_that_was_changed_meanwhile_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("一。\n", encoding="utf-8")
    episode = open_episode(path, site=tmp_path)
    replacing = Replacing(episode, "一", "壱", case=True)
    path.write_text("一。\n二。\n", encoding="utf-8")
    with pytest.raises(StaleError):
        replacing.encode(path.read_bytes())
    with pytest.raises(StaleError):
        Replacing(episode, "一", "壱", case=True)


def test_a_line_cannot_become_several(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("一。\n", encoding="utf-8")
    with pytest.raises(ScriptError, match="cannot become several"):
        Replacing(open_episode(path, site=tmp_path), "一", "a\nb", case=True)
