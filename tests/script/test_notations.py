"""The notations around plain text: dialogue, spoken shortcodes, a post with templates, the page of an episode."""

from __future__ import annotations

import datetime
import html
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.fake_engine import FakeEngine
from tests.kit.site_kit import SiteKit
from tts_render.episode.episode import open_episode
from tts_render.ground.errors import ConfigError, ScriptError
from tts_render.script import (
    Cue,
    Line,
    Notation,
    Pause,
    Script,
    Source,
    SpokenShortcode,
    Templates,
    find_form,
    read_script,
    spoken_date,
)
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.speech.casting import cast

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"

NOTATION = Notation(
    speakers=frozenset({"ずんだもん", "つむぎ"}),
    shortcodes={
        "quote": SpokenShortcode("body", "user", ("つむぎ", "ずんだもん")),
        "fold": SpokenShortcode("summary"),
        "ref": SpokenShortcode(),
    },
)


def script(text: str, name: str = "script.txt", notation: Notation = NOTATION) -> Script:
    return read_script(Path(name), text, notation, first_line=1 if name.endswith(".txt") else 5)


def spoken(text: str, name: str = "script.txt") -> list[tuple[str | None, str]]:
    return [(line.speaker, line.text) for line in script(text, name).lines]


# Dialogue


@pytest.mark.parametrize("name", ["script.txt", "post.md"])
def test_a_label_holds_until_the_next_one(name: str) -> None:
    text = "前。\n\nずんだもん：一。\n二。\n\n三。\nつむぎ: 四。\n"
    assert spoken(text, name) == [
        (None, "前。"),
        ("ずんだもん", "一。"),
        ("ずんだもん", "二。"),
        ("ずんだもん", "三。"),
        ("つむぎ", "四。"),
    ]


@pytest.mark.parametrize(
    "text", ["注意：これは文です。", "時刻は10:30です。", "URL: こちら", "https://example.com/ です。"]
)
def test_a_colon_after_any_other_word_is_text(text: str) -> None:
    assert spoken(text) == [(None, text)]


def test_a_label_alone_on_its_line_is_no_pause() -> None:
    assert script("ずんだもん：\nはい。").items == (Line("はい。", 2, "ずんだもん"),)


def test_a_label_begins_a_line_even_where_markdown_would_join_it() -> None:
    assert spoken("ずんだもん：そうかな\nつむぎ：そうだよ", "post.md") == [
        ("ずんだもん", "そうかな"),
        ("つむぎ", "そうだよ"),
    ]


@pytest.mark.parametrize("label", ["ずんだもん（ささやき）：", "ずんだもん(ささやき):", "ずんだもん （ささやき） ："])
def test_a_style_stands_in_brackets(label: str) -> None:
    (line,) = script(label + "はい。").lines
    assert (line.speaker, line.style, line.text) == ("ずんだもん", "ささやき", "はい。")


def test_a_label_is_found_however_its_kana_are_composed() -> None:
    assert spoken("ず\u3099んた\u3099もん：はい。".replace("ず\u3099", "す\u3099"))[0][0] == "ずんだもん"


# Shortcodes


def test_everybody_keeps_a_voice_drawn_in_turn() -> None:
    post = "\n\n".join(f'{{{{<quote body="{n}です。" user="{user}">}}}}' for n, user in enumerate("abacb"))
    assert spoken(post, "post.md") == [
        ("つむぎ", "0です。"),
        ("ずんだもん", "1です。"),
        ("つむぎ", "2です。"),
        ("つむぎ", "3です。"),
        ("ずんだもん", "4です。"),
    ]


def test_a_break_is_a_pause_and_a_quoted_row_is_the_narrators() -> None:
    items = script('{{<quote body="＞そうなの？<br>そうだよ。<br/>でしょ" user="a">}}', "post.md").items
    assert items == (
        Line("そうなの？", 5, quoted=True),
        Pause("sentence", 5),
        Line("そうだよ。", 5, "つむぎ"),
        Pause("sentence", 5),
        Line("でしょ", 5, "つむぎ"),
    )


def test_the_text_of_a_shortcode_is_cleaned() -> None:
    post = '{{<quote body="**太字** &amp; <b>HTML</b><br>https://example.com/" user="a">}}'
    assert spoken(post, "post.md") == [("つむぎ", "太字 & HTML")]


def test_a_mark_in_a_shortcode_begins_no_block() -> None:
    post = "".join(f'{{{{<quote body="{text}" user="a">}}}}\n' for text in ("# 一", "- 二", "1. 三", "```四", "| 五 |"))
    assert [re.sub(r"\W|1", "", text) for _, text in spoken(post, "post.md")] == list("一二三四五")


def test_a_shortcode_that_is_not_in_the_table_and_holds_text_stays_an_error() -> None:
    with pytest.raises(ScriptError) as caught:
        script('前。\n\n{{<other body="本文">}}', "post.md")
    assert caught.value.line == 7
    assert "shortcodes:" in (caught.value.remedy or "")


def test_a_shortcode_without_its_text_is_an_error() -> None:
    with pytest.raises(ScriptError, match="has no body"):
        script('{{<quote user="a">}}', "post.md")


@pytest.mark.shared
@pytest.mark.skipif(not SEEDS.is_dir(), reason="needs the folder of real posts")
@pytest.mark.parametrize(("name", "count"), [("001", 82), ("002", 84)])
def test_a_real_thread_comes_out_whole(name: str, count: int) -> None:
    config = load_config(packaged_config_path())
    notation = Notation(speakers=frozenset(config.names()), shortcodes=config.shortcodes)
    text = next(SEEDS.glob(f"{name}_*")).read_text(encoding="utf-8")
    read = script(text, "post.md", notation)
    quotes = re.findall(r'<matomeQuote body="([^"]*)" userName="([^"]*)"', text)
    assert len(quotes) == count
    lines = [text[: found.start()].count("\n") + 5 for found in re.finditer("<matomeQuote", text)]
    by_line: dict[int, list[Line]] = defaultdict(list)
    for line in read.lines:
        by_line[line.line].append(line)
    voices: dict[str, set[str | None]] = defaultdict(set)
    for at, (body, user) in zip(lines, quotes, strict=True):
        said = "\n".join(line.text for line in by_line[at])
        rows = [html.unescape(row) for row in re.split("<br>", body)]
        written = "\n".join(re.sub(r"https?://[A-Za-z0-9_/.?=&#%~-]+", "", row) for row in rows)
        assert letters(written) == letters(re.sub(r"https?://[A-Za-z0-9_/.?=&#%~-]+", "", said)), at
        voices[user] |= {line.speaker for line in by_line[at] if not line.quoted}
    assert all(len(speakers) == 1 for speakers in voices.values())
    assert {speaker for speakers in voices.values() for speaker in speakers} == {"春日部つむぎ", "四国めたん"}
    assert script(text, "post.md", notation) == read


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


# Templates

POST = """\
## 関連リンク

- [鍵の仕組み](https://example.com/keys)

鍵は二つです。

- [橋の話。](https://example.com/bridge)

橋は長いです。
"""


def test_templates_make_an_episode_of_a_post() -> None:
    templates = Templates(
        "{date}の{title}です。",
        "{n}つ目、{article}です。",
        "以上、{count}本でした。",
        "朝の便り",
        spoken_date(datetime.date(2026, 7, 6)),
    )
    items = script(POST, "post.md", Notation(templates=templates)).items
    assert items == (
        Line("2026年7月6日、月曜日の朝の便りです。", 5),
        Cue("section", 7, "鍵の仕組み", "https://example.com/keys"),
        Line("1つ目、鍵の仕組みです。", 7),
        Pause("paragraph", 7),
        Line("鍵は二つです。", 9),
        Cue("section", 11, "橋の話。", "https://example.com/bridge"),
        Line("2つ目、橋の話です。", 11),
        Pause("paragraph", 11),
        Line("橋は長いです。", 13),
        Cue("section", 13),
        Line("以上、2本でした。", 13),
    )


def test_a_template_without_the_title_leaves_it_where_it_is() -> None:
    lines = script(POST, "post.md", Notation(templates=Templates(before_article="次です。"))).lines
    assert [line.text for line in lines][:2] == ["次です。", "鍵の仕組み"]


def test_a_date_that_a_post_does_not_have_cannot_be_said() -> None:
    with pytest.raises(ScriptError, match="has no date"):
        script(POST, "post.md", Notation(templates=Templates(intro="{date}です。")))


@pytest.mark.parametrize(
    ("key", "template"),
    [("intro", "{article}です。"), ("outro", "{titel}です。"), ("before_article", "{です。"), ("intro", "{n}")],
)
def test_a_placeholder_that_stands_for_nothing_is_named_with_its_line(tmp_path: Path, key: str, template: str) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text(f'voices:\n  あ: {{speaker: あ}}\nshows:\n  - {key}: "{template}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="is not a placeholder") as caught:
        load_config(path)
    assert caught.value.line == 4


# The page of an episode

PAGE = """\
朝の技術だより 20261121
Description
関連リンク
鍵を二つに分けます。片方は配ります。
- 公開鍵: 配るもの
- 秘密鍵: 配らないもの
引用元: https://example.com/keys
橋の話です。
引用元: https://example.com/bridge
- お便り投稿フォーム
VOICEVOX:春日部つむぎ
"""


def test_the_page_of_an_episode_is_known_by_what_it_holds() -> None:
    assert find_form(Source(Path("a.txt"), PAGE))[0] == "rendered"
    for other in ("朝の話\nDescription\nそれだけ。\n", "題\n本文です。\n引用元: https://example.com/\n"):
        assert find_form(Source(Path("a.txt"), other))[0] == "text"


def test_the_page_of_an_episode_is_read_like_its_post() -> None:
    assert script(PAGE).items == (
        Cue("section", 4, None, "https://example.com/keys"),
        Line("鍵を二つに分けます。", 4),
        Line("片方は配ります。", 4),
        Pause("paragraph", 4),
        Line("公開鍵: 配るもの", 5),
        Line("秘密鍵: 配らないもの", 6),
        Cue("section", 8, None, "https://example.com/bridge"),
        Line("橋の話です。", 8),
    )


@pytest.mark.shared
@pytest.mark.skipif(not SEEDS.is_dir(), reason="needs the folder of real posts")
def test_a_real_page_has_a_section_for_each_source_and_none_of_its_furniture() -> None:
    text = next(SEEDS.glob("003_*")).read_text(encoding="utf-8")
    read = script(text)
    assert [item.url for item in read.items if isinstance(item, Cue)] == re.findall("引用元: (.*)", text)
    said = "".join(line.text for line in read.lines)
    kept = [line for line in text.splitlines()[3:] if line and not line.startswith(("引用元", "VOICEVOX"))]
    assert letters(said) == letters("".join(kept))


# The samples of the repository

SAMPLES = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.parametrize(
    ("name", "voices", "sections"),
    [
        ("dialogue.txt", ["ずんだもん", "春日部つむぎ", "四国めたん"], 1),
        ("hugo-thread.md", ["ずんだもん", "春日部つむぎ", "四国めたん"], 0),
        ("rendered-page.txt", ["ずんだもん"], 2),
        ("markup.txt", ["ずんだもん", "春日部つむぎ"], 1),
    ],
)
def test_each_sample_shows_its_notation(name: str, voices: list[str], sections: int) -> None:
    episode = open_episode(SAMPLES / name, voices=packaged_config_path())
    made = cast(episode.script, episode.config, episode.voice)
    assert list(dict.fromkeys(utterance.voice for utterance in made.utterances)) == voices
    assert sum(isinstance(item, Cue) for item in made.items) == sections
    assert episode.script.remarks == ()


# To the end


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        yield engine


@pytest.fixture
def kit(tmp_path: Path, fake: FakeEngine) -> SiteKit:
    return SiteKit(tmp_path / "site", tmp_path / "cache", engines=(fake.url,)).make()


def test_a_dialogue_is_spoken_by_its_voices_in_their_styles(kit: SiteKit, fake: FakeEngine) -> None:
    kit.script.write_text(
        "はい。\nずんだもん：元気。\nずんだもん（あまあま）：甘い。\nつむぎ：そう。\n", encoding="utf-8"
    )
    plan = kit.run("plan", kit.post, "--json")
    (planned,) = plan.json
    assert [(u["voice"], u["style"], u["text"], u["line"]) for u in planned["utterances"]] == [
        ("春日部つむぎ", None, "はい。", 1),
        ("ずんだもん", None, "元気。", 2),
        ("ずんだもん", "あまあま", "甘い。", 3),
        ("春日部つむぎ", None, "そう。", 4),
    ]
    done = kit.run("render", kit.post, "--json")
    assert done.code == 0, done.err
    styles = {synthesis.text: synthesis.style for synthesis in fake.syntheses}
    assert styles == {"はい。": 8, "元気。": 3, "甘い。": 1, "そう。": 8}
    assert done.json[0]["credits"] == ["VOICEVOX:春日部つむぎ", "VOICEVOX:ずんだもん"]


def test_an_unknown_style_is_named_with_its_line(kit: SiteKit) -> None:
    kit.script.write_text("はい。\nずんだもん（怒り）：やあ。\n", encoding="utf-8")
    done = kit.run("render", kit.post)
    assert done.code == 3
    assert f"{kit.script}:2: ずんだもん（怒り）: style '怒り' is unknown; ずんだもん has ノーマル, あまあま" in done.err


def test_a_post_alone_is_an_episode_with_chapters(kit: SiteKit) -> None:
    kit.script.unlink()
    settings = kit.root / "voices.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace(
            "{opening: opening,",
            '{intro: "{date}です。", before_article: "{n}、{article}。", outro: "以上。", opening: opening,',
        ),
        encoding="utf-8",
    )
    episode = open_episode(kit.post)
    assert [line.text for line in episode.script.lines] == [
        "2026年11月21日、土曜日です。",
        "1、鍵の仕組み。",
        "鍵を二つに分けると、片方は配ってよくなります。",
        "以上。",
    ]
    done = kit.run("render", kit.post, "--json")
    assert done.code == 0, done.err
    assert [(chapter["title"], chapter["url"]) for chapter in done.json[0]["chapters"]][1] == (
        "鍵の仕組み",
        "https://example.com/keys",
    )


def test_what_is_no_text_in_a_title_or_a_template_is_not_said() -> None:
    notation = Notation(templates=Templates(intro="\U000f0001{title}\x1bです。", title="題\U000f0000\n\u202e名"))
    assert [line.text for line in script("本文。", "post.md", notation).lines] == ["題 名です。", "本文。"]
