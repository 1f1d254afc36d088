"""Scripts out of a post's body: what of a page is heard, in which order, and from which line it comes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.growth import growth
from tts_render.ground.errors import ScriptError
from tts_render.script import Cue, Item, Line, Notation, Pause, Script, Sound, read_script
from tts_render.script.cleaning import speakable

PATH = Path("post.md")
SHARED = Path(__file__).parents[3] / "shared"
REAL = sorted([*SHARED.glob("site/_posts/*.md"), *SHARED.glob("seeds/00[04]*.txt")])


def script(text: str, longest: int = Notation().longest) -> Script:
    return read_script(PATH, text, Notation(longest=longest))


def said(text: str) -> list[str]:
    return [line.text for line in script(text).lines]


def shape(text: str) -> list[str]:
    """Items in short: a line as its text, a pause as its kind, a border with its title and address."""
    return [in_short(item) for item in script(text).items]


def in_short(item: Item) -> str:
    match item:
        case Line(text):
            return text
        case Pause(kind):
            return f"~{kind}"
        case Sound(name):
            return f"({name})"
        case Cue():
            return " ".join(filter(None, ["====", item.title, item.url]))
        case _:
            raise AssertionError(item)


def silent(markdown: str) -> bool:
    """Whether a body says nothing but the two paragraphs around ``markdown``."""
    return said(f"はじめ。\n\n{markdown}\n\nおわり。\n") == ["はじめ。", "おわり。"]


def test_headings_paragraphs_items_and_links_are_spoken() -> None:
    text = "## 話題\n\n[本文](https://e.com/)です。\n\n- 一つ\n- 二つ\n\n1. 三つ\n\n> 引用です。\n"
    assert said(text) == ["話題", "本文です。", "一つ", "二つ", "三つ", "引用です。"]


def test_the_title_of_an_article_begins_a_section_with_its_address() -> None:
    text = "- [一つ目の記事](https://e.com/1)  \n\n\nまとめ。\n\n引用元: https://e.com/1\n\n\n- [二つ目](https://e.com/2)\n\nまとめ二。\n"
    assert shape(text) == [
        "==== 一つ目の記事 https://e.com/1", "一つ目の記事", "~paragraph", "まとめ。",
        "==== 二つ目 https://e.com/2", "二つ目", "~paragraph", "まとめ二。",
    ]  # fmt: skip


def test_an_article_may_hold_its_summary_inside_of_its_item() -> None:
    text = "- [一](https://e.com/1)\n\n  まとめ一。\n\n- [二](https://e.com/2)\n\n  まとめ二。\n"
    assert [item.title for item in script(text).items if isinstance(item, Cue)] == ["一", "二"]


def test_a_close_list_of_links_is_a_list_and_no_row_of_sections() -> None:
    assert shape("読む。\n\n- [一](https://e.com/1)\n- [二](https://e.com/2)\n") == ["読む。", "~paragraph", "一", "二"]


@pytest.mark.parametrize(
    ("title", "heard"),
    [
        ("[速報] 新版", "[速報] 新版"),
        ("閉じ] 忘れ", "閉じ] 忘れ"),
        ("C:\\", "C:\\"),
        ("**太い**題", "太い題"),
        ("R&amp;D", "R&D"),
    ],
)
def test_a_title_that_markdown_would_stumble_over_is_a_title(title: str, heard: str) -> None:
    (cue, line, *_) = script(f"- [{title}](https://e.com/x)\n\n本文。\n").items
    assert cue == Cue("section", 1, heard, "https://e.com/x")
    assert line == Line(heard, 1)


def test_a_heading_begins_a_section_and_a_small_one_only_a_paragraph() -> None:
    assert shape("前。\n\n# 大\n\n文。\n\n## 中\n\n文。\n\n### 小\n\n文。\n") == [
        "前。", "==== 大", "大", "~paragraph", "文。", "==== 中", "中", "~paragraph", "文。", "~paragraph",
        "小", "~paragraph", "文。",
    ]  # fmt: skip


def test_a_heading_that_is_a_link_gives_its_section_the_address() -> None:
    assert shape("### [題](https://e.com/)\n\n文。\n")[0] == "==== 題 https://e.com/"


def test_a_heading_with_nothing_to_be_said_under_it_is_not_spoken() -> None:
    player = '<div class="v"><iframe src="https://e.com/"></iframe></div>'
    assert said(f"## 動画\n\n{player}\n\n## 話題\n\n文。\n\n## おわり\n") == ["話題", "文。"]
    assert said("# 今週\n\n## 一つ目\n\n文。\n") == ["今週", "一つ目", "文。"]


def test_the_label_of_a_list_of_articles_is_not_spoken() -> None:
    assert shape("## 関連リンク\n\n- [題](https://e.com/)\n\n文。\n")[:2] == ["==== 題 https://e.com/", "題"]


def test_a_line_under_a_paragraph_is_a_border_and_takes_no_text_with_it() -> None:
    assert shape("一。二。\n---\n三。\n") == ["一。", "二。", "====", "三。"]
    assert shape("見出し\n---\n文。\n") == ["==== 見出し", "見出し", "~paragraph", "文。"]
    assert said("文。\n\n最後の行\n---\n") == ["文。", "最後の行"]


@pytest.mark.parametrize(
    "markdown",
    [
        "```python\nprint('読まない')\n```",
        "    字下げされたコード",
        "| 列 | 列 |\n|---|---|\n| 表 | 表 |",
        "![画像の説明](/a.png)",
        "[![絵](/a.png)](https://e.com/)",
        '<iframe src="https://e.com/" title="動画">見えない</iframe>',
        "<table>\n<tr><td>表</td></tr>\n</table>",
        "<script>\nconst a = '文字';\n</script>",
        "<!-- 覚え書き\n二行目 -->",
        "https://example.com/path?a=b",
        "<https://example.com/>",
        "引用元: https://example.com/",
        "引用元：[題名](https://example.com/)",
        "出典: [題名](https://example.com/)",
        "Source: https://example.com/",
        "- [お便り投稿フォーム](https://forms.gle/abc)",
        "[おたよりはこちら](https://example.com/form)",
        "VOICEVOX:春日部つむぎ",
        "VOICEVOX：ずんだもん、四国めたん",
        "音声: VOICEVOX:ずんだもん",
        "音声合成：VOICEVOX",
        'HTS Voice "Mei" (c) 2009-2013 Nagoya Institute of Technology',
        "クレジット: ずんだもん",
        "BGM: 魔法の森",
        "***",
        "{{< youtube abc123 >}}",
        '{{< figure src="/a.png" caption="図の説明" >}}',
        "{{< highlight go >}}\nfunc 関数() {}\n{{< /highlight >}}",
        "{% include player.html %}",
        "{% highlight ruby %}\n読まない\n{% endhighlight %}",
        "{: .note}",
    ],
)
def test_what_is_only_there_to_be_looked_at_or_for_the_page_is_silent(markdown: str) -> None:
    assert silent(markdown)


@pytest.mark.parametrize(
    ("markdown", "heard"),
    [
        ("引用されることの多い文です。", None),
        ("出典: この数字は次の記事で説明しています。", None),
        ("[お便り](https://forms.gle/a)を待っています。", "お便りを待っています。"),
        ("VOICEVOXの新しい版が出ました。", None),
        ("- 音楽: 自動で作られた曲を流せる", "音楽: 自動で作られた曲を流せる"),
        ("表にすると`a | b`となる。", "表にするとa | bとなる。"),
        ("<think>\n声に出す考え\n</think>", "声に出す考え"),
        ("<p>段落の<b>文</b>。</p>", "段落の文。"),
        ("<ruby>漢字<rt>かんじ</rt></ruby>です。", "漢字です。"),
        ("Research &amp; Development &lt;α&gt; &#12354;", "Research & Development <α> あ"),
        ("~~消した~~言葉。", "消した言葉。"),
        ("**「括弧」**強調と*斜体*です。", "「括弧」強調と斜体です。"),
        ("{% if page.lang %}本文です。{% endif %}", "本文です。"),
        ("{{% notice tip %}}注意です。{{% /notice %}}", "注意です。"),
        ('[一覧]({{< ref "/posts/" >}})へ。', "一覧へ。"),
        ("[題]({{ site.url }}/a)の話。", "題の話。"),
        ("脚注です[^1]。", "脚注です。"),
        ("[題](https://e.com/){:target=\"_blank\"}の話。", "題の話。"),
    ],
)  # fmt: skip
def test_what_is_part_of_the_text_is_spoken(markdown: str, heard: str | None) -> None:
    assert said(markdown) == [heard or markdown]


def test_lines_of_a_paragraph_are_joined_as_their_script_asks() -> None:
    assert said("日本語の行は\n何も挟まず、\nLatin words\nwith a space, 数は\n3.5倍です。\n") == [
        "日本語の行は何も挟まず、Latin words with a space, 数は3.5倍です。"
    ]


def test_a_line_that_ends_a_sentence_or_is_a_small_heading_stands_by_itself() -> None:
    text = "一文目。\n二文目の\n続き。\n**小見出し**\n本文です。\n特徴：\n速い\n・軽い\n値段:\n安い\nIt works.\n次です。\n改行<br>する。  \n次"
    assert said(text) == [
        "一文目。", "二文目の続き。", "小見出し", "本文です。", "特徴：", "速い", "軽い値段:", "安いIt works.", "次です。", "改行", "する。", "次",
    ]  # fmt: skip


def test_items_of_a_close_list_are_sentences_and_of_a_loose_one_paragraphs() -> None:
    assert shape("- 一\n- 二\n") == ["一", "二"]
    assert shape("- 一\n\n- 二\n") == ["一", "~paragraph", "二"]


def test_every_line_knows_where_it_stands_in_the_file() -> None:
    body = '# 題\n\n一行目。二文目。\n続きの\n行。`a\nb`も\n次。\nその次。\n\n```\nx\n```\n\n- 項目\n  続き。\n\n> 引用\n> です。\n\n<p>\n生の\nHTML。</p>\n{{< figure\n  src="a" >}}\n\n最後。\n'
    lines = read_script(PATH, body, Notation(), first_line=10).lines
    found = {line.text: line.line for line in lines}
    assert found == {
        "題": 10, "一行目。": 12, "二文目。": 12, "続きの行。": 13, "a bも次。": 14, "その次。": 17,
        "項目続き。": 23, "引用です。": 26, "生のHTML。": 30, "最後。": 35,
    }  # fmt: skip


def test_line_ends_of_windows_make_no_difference() -> None:
    body = "## 題\n\n一。\n二。\n\n- [記事](https://e.com/)\n\n三。\n"
    assert script(body.replace("\n", "\r\n")).items == script(body).items


@pytest.mark.parametrize(
    ("markdown", "line", "what"),
    [
        ('あ。\n\n{{<quoteBox body="知らない人の言葉" color="">}}\n', 3, "quoteBox contains text .body."),
        ('あ。\n{{% details summary="もっと" %}}\nい。\n{{% /details %}}', 2, "details contains text"),
        ('{{< card "二つの 言葉" >}}', 1, "card contains text"),
        ('あ。\n{% include box.html text="言葉です" %}', 2, "include contains text"),
        ('あ。\n{{< figure\n  src="a" >}}\n{{< card "二つの 言葉" >}}', 4, "card contains text"),
        ("あ。\n\nこれは{{ page.title }}です。", 3, "page.title"),
        ("あ。\n{{< box \n\nい。", 2, "no end"),
    ],
)
def test_text_that_only_the_site_generator_could_fill_in_is_an_error_with_its_line(
    markdown: str, line: int, what: str
) -> None:
    with pytest.raises(ScriptError, match=what) as caught:
        script(markdown)
    assert (caught.value.path, caught.value.line) == (PATH, line)
    assert caught.value.remedy


def test_text_between_tags_that_hold_none_is_spoken() -> None:
    assert said("{{< box color=\"#fff\" >}}\n中身です。\n{{< /box >}}") == ["中身です。"]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "## 題\n", "![絵](a.png)", "- \n- \n", "<!-- -->", "***\n***"])
def test_a_body_with_nothing_to_say_is_an_error(text: str) -> None:
    with pytest.raises(ScriptError, match="nothing to say"):
        script(text)


BLOCKS = st.lists(
    st.sampled_from(
        [
            "# 題", "## 小題", "### 細題", "文です。", "一行目\n二行目。", "- 項目", "- [記事](https://e.com/a)", "1. 番号", "> 引用",
            "---", "続く\n---", "・点\n・点", "「開く", "」閉じる", "！", "**太字**", "Word word", "<b>太</b>",
        ]
    ),
    max_size=12,
)  # fmt: skip
HEARD = re.compile(r"[一-龠々ぁ-んァ-ヴA-Za-z]+")


@given(BLOCKS, st.sampled_from(["\n", "\n\n", "\n\n\n"]), st.integers(min_value=5, max_value=40))
@settings(deadline=None, max_examples=300)
@example(["「開く", "」閉じる"], "\n\n", 40)
def test_every_word_but_an_empty_heading_is_spoken_once_and_in_order(
    blocks: list[str], between: str, longest: int
) -> None:
    # With text at the end no heading is empty.
    text = between.join([*blocks, "\n\n終わりです。\n"])
    heard = "".join(HEARD.findall("".join(line.text for line in script(text, longest=longest).lines)))
    written = re.sub(r"https://\S*|</?b>", "", text)
    for heading in ("小題", "細題", "題"):  # one that stands right before another of its kind has nothing under it
        written, heard = written.replace(heading, ""), heard.replace(heading, "")
    assert heard == "".join(HEARD.findall(written))


@given(st.text() | st.lists(st.sampled_from("*_`[]()<>#-|~\\&!{}%:\"' \n\tあ。「」"), max_size=60).map("".join))
@settings(deadline=None, max_examples=400)
@example("*")
@example("[あ](")
@example("{{")
def test_no_text_at_all_breaks_the_reader(text: str) -> None:
    try:
        items = script(text).items
    except ScriptError:
        return
    for item in items:
        if isinstance(item, Line):
            assert speakable(item.text)
            assert item.text[0] not in "」』）)。、！？!?ー"
        assert 1 <= item.line <= text.count("\n") + text.count("\r") + 1


@pytest.mark.parametrize(
    "unit", ["あ。\n\n", "- あ\n", "- [あ](https://e.com/)\n\nい。\n\n", "**あ**", "{{< x >}}あ", "あ\n"]
)
def test_time_grows_with_the_body_and_no_faster(unit: str) -> None:
    calls, seconds = growth(lambda length: script(unit * (length // len(unit))), 2_500)
    assert calls < 1.2
    assert seconds < 3


@pytest.mark.shared
@pytest.mark.parametrize(
    "path", REAL or [pytest.param(None, marks=pytest.mark.skip("needs the folder of real posts"))], ids=str
)
def test_a_real_post_is_heard_from_title_to_title(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    items = read_script(path, text, Notation()).items
    cues = [item for item in items if isinstance(item, Cue)]
    lines = [item for item in items if isinstance(item, Line)]
    articles = re.findall(r"^- \[(.*)\]\((.*)\) *$", text, re.MULTILINE)[:-1]  # the last one is the form for letters
    assert [cue.url for cue in cues] == [address for _, address in articles]
    assert items[0] == cues[0]
    source = text.split("\n")
    for line in lines:
        assert line.text[:4].strip("（「【") in re.sub(r"[*`]|&amp;|\]\(.*", "", source[line.line - 1]), line
    heard = "".join(line.text for line in lines)
    assert not re.search(r"https?:|引用元|VOICEVOX|お便り|youtube|関連リンク|\*\*|`", heard)
    assert not [line for line in lines if line.text[0] in "」』）)。、！？!?ー・"]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the folder of real posts")
def test_a_real_post_of_shortcodes_is_refused_and_not_half_read() -> None:
    for path in SHARED.glob("seeds/00[12]*.txt"):
        with pytest.raises(ScriptError, match="matomeQuote contains text") as caught:
            read_script(path, path.read_text(encoding="utf-8"), Notation())
        assert caught.value.line == 17
