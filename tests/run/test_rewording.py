"""A line is changed in the source of a script, and nothing else is; or it is not changed at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.site_kit import POST, SiteKit
from tts_render.episode.episode import open_episode
from tts_render.ground.errors import ScriptError
from tts_render.run.rewording import Draft, Rewording, prosody
from tts_render.script import Line, Manner

if TYPE_CHECKING:
    from pathlib import Path

FASTER = Manner(speed=1.2)
FAST = '<prosody rate="120%">'
END = "</prosody>"


@pytest.fixture
def site(tmp_path: Path) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache").make()


def draft_of(site: SiteKit, script: str) -> Draft:
    site.script.write_text(script, encoding="utf-8")
    return Draft(open_episode(site.post))


def body_of(site: SiteKit, body: str) -> Draft:
    site.script.unlink()
    site.post.write_text(POST.partition("## 関連リンク")[0] + body, encoding="utf-8")
    return Draft(open_episode(site.post))


def place_of(draft: Draft, text: str, number: int = 1) -> int:
    """The index of the line with this text, or of the ``number``-th of them."""
    return [i for i, item in enumerate(draft.script.items) if isinstance(item, Line) and item.text == text][number - 1]


def change(draft: Draft, old: str, new: str | None = None, factor: Manner = Manner(), number: int = 1) -> bool:  # noqa: B008
    place = place_of(draft, old, number)
    return draft.make([Rewording(place, new, factor)]) == {place}


@pytest.mark.parametrize(
    ("script", "old", "new", "wanted"),
    [
        ("前です。\n後です。\n", "後です。", "先です。", "前です。\n先です。\n"),
        ("つむぎ: はい。\n", "はい。", "うん。", "つむぎ: うん。\n"),
        ("はい、はい。\n", "はい、はい。", "はい。いいえ。", "はい。いいえ。\n"),
        ("1 &lt; 2です。\n", "1 < 2です。", "1 < 3です。", "1 &lt; 3です。\n"),
        ("前です。\n", "前です。", "&lt;です。", "&amp;lt;です。\n"),
        ("前です。\n", "前です。", "Q&Aです。", "Q&amp;Aです。\n"),
        (
            "<prosody rate='fast'>前です。</prosody>\n",
            "前です。",
            "後です。",
            "<prosody rate='fast'>後です。</prosody>\n",
        ),
    ],
)
def test_a_text_is_replaced_where_it_stands(site: SiteKit, script: str, old: str, new: str, wanted: str) -> None:
    draft = draft_of(site, script)
    assert change(draft, old, new)
    assert draft.text == wanted
    assert "".join(line.text for line in draft.script.lines).endswith(new)


@pytest.mark.parametrize(
    ("script", "old", "new"),
    [
        ("前です。\n", "前です。", "つむぎ：前です。"),
        ("前です。\n", "前です。", "**前**です。"),
        ("前です。\n", "前です。", "----"),
        ("前は<break time='1s'/>後です。\n", "前は", "前は。"),
        ("<sub alias='エーアイ'>AI</sub>\n", "AI", "BI"),
        ("<ruby>颯<rt>はやて</rt></ruby>です。\n", "颯です。", "颯だ。"),
    ],
)
def test_a_text_that_would_be_read_as_something_else_is_refused(site: SiteKit, script: str, old: str, new: str) -> None:
    draft = draft_of(site, script)
    before = draft.script
    assert not change(draft, old, new)
    assert (draft.text, draft.script, draft.changed) == (script, before, False)


def test_a_heading_stays_since_it_is_the_title_of_a_chapter_too(site: SiteKit) -> None:
    draft = body_of(site, "# 鍵\n\n本文です。\n")
    assert not change(draft, "鍵", "錠")
    assert change(draft, "本文です。", "文です。")


@pytest.mark.parametrize(
    ("script", "old", "number", "wanted"),
    [
        ("はい。はい。\n", "はい。", 2, f"はい。{FAST}はい。{END}\n"),
        ("前です。後です。\n", "前です。", 1, f"{FAST}前です。{END}後です。\n"),
        ("<sub alias='ハイ'>はい。</sub>\n", "はい。", 1, f"{FAST}<sub alias='ハイ'>はい。</sub>{END}\n"),
        ('<prosody rate="150%">はい。</prosody>\n', "はい。", 1, f'<prosody rate="180%">はい。{END}\n'),
        ('<prosody rate="150%">はい。うん。</prosody>\n', "うん。", 1, f'<prosody rate="150%">はい。{FAST}うん。{END}{END}\n'),
        (f'<prosody volume="50%">はい。{END}\n', "はい。", 1, f'<prosody rate="120%" volume="50%">はい。{END}\n'),
    ],
)  # fmt: skip
def test_an_element_is_put_around_one_line(site: SiteKit, script: str, old: str, number: int, wanted: str) -> None:
    draft = draft_of(site, script)
    assert change(draft, old, factor=FASTER, number=number)
    assert draft.text == wanted


def test_an_element_that_says_nothing_any_more_is_taken_away(site: SiteKit) -> None:
    draft = draft_of(site, f"{FAST}はい。{END}うん。\n")
    assert change(draft, "はい。", factor=Manner(speed=1 / 1.2))
    assert draft.text == "はい。うん。\n"


def test_of_many_changes_those_are_made_that_can_be_and_the_others_are_told(site: SiteKit) -> None:
    draft = draft_of(site, "".join(f"これは{number}番です。\n" for number in range(9)))
    places = range(9)
    refused = {2, 5}
    done = draft.make([Rewording(i, "つむぎ：はい。" if i in refused else f"それは{i}番です。") for i in places])
    assert done == set(places) - refused
    assert draft.text == "".join(f"{'これ' if i in refused else 'それ'}は{i}番です。\n" for i in places)


def test_a_line_that_became_two_is_known_to_be_their_origin(site: SiteKit) -> None:
    draft = draft_of(site, "前です。\n中です。\n後です。\n")
    assert draft.make([Rewording(1, "一つ。二つ。"), Rewording(2, "後でした。")]) == {1, 2}
    assert draft.origins == [0, 1, 1, 2]


def test_a_script_that_was_changed_meanwhile_is_left_alone(site: SiteKit) -> None:
    episode = open_episode(site.post)
    site.script.write_text("別の話です。\n", encoding="utf-8")
    with pytest.raises(ScriptError, match="was changed meanwhile"):
        Draft(episode)


def test_a_file_that_was_changed_meanwhile_is_left_alone(site: SiteKit) -> None:
    draft = draft_of(site, "前です。\n")
    assert change(draft, "前です。", "後です。")
    with pytest.raises(ScriptError, match="was changed meanwhile"):
        draft.encode("中です。\n".encode())


@pytest.mark.parametrize(
    ("manner", "tag"),
    [
        (Manner(), ""),
        (Manner(1.0004, -0.0004, 1.0004), ""),
        (Manner(1.1 / 0.95), '<prosody rate="115.79%">'),
        (Manner(pitch=-0.02), '<prosody pitch="-0.24st">'),
        (Manner(0.9, 0.1, 0.0), '<prosody rate="90%" pitch="+1.2st" volume="0%">'),
    ],
)
def test_the_tag_is_as_short_as_it_can_be(manner: Manner, tag: str) -> None:
    assert prosody(manner) == tag
