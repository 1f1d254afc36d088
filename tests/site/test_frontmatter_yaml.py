"""YAML: only the value's own characters change, and what cannot be changed alone is refused."""

import time
from pathlib import Path

import pytest

from tts_render.ground.errors import PostError
from tts_render.site.frontmatter import FrontMatter, Value, read_front_matter, yaml_block

PATH = Path("post.md")


def read(block: str) -> FrontMatter:
    front = read_front_matter(PATH, f"---\n{block}---\nbody\n")
    assert front is not None
    return front


def edit(block: str, *values: tuple[str, Value]) -> str:
    front = read(block)
    for key, value in values:
        front = front.with_value(tuple(key.split(".")), value)
    text = front.encode().decode()
    return text.removeprefix("---\n").removesuffix("---\nbody\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('duration: "00:00"', 'duration: "07:25"'),
        ("duration: '00:00'", "duration: '07:25'"),
        ("duration: 12:34", 'duration: "07:25"'),
        ("duration:   12:34   # comment", 'duration:   "07:25"   # comment'),
        ("duration:", 'duration: "07:25"'),
        ("duration:   ", 'duration: "07:25"   '),
        ("duration:    # comment", 'duration: "07:25"    # comment'),
        ("duration: ~", 'duration: "07:25"'),
        ("duration: null # c", 'duration: "07:25" # c'),
        ('duration: "00\n  :00" # c', 'duration: "07:25" # c'),
        ("duration: 00\n  00", 'duration: "07:25"'),
        ("duration: !!str 12:34", 'duration: "07:25"'),
        ('"duration" :  "00:00"', '"duration" :  "07:25"'),
        ("? duration\n: 12:34", '? duration\n: "07:25"'),
        ("duration: 2026-13-45", 'duration: "07:25"'),
    ],
)
def test_only_the_value_is_replaced(before: str, after: str) -> None:
    around = "title: ☆A.I. [放送局] ※5/31 😀\n{}\n# comment\nlist:\n- 1\n-  2\n"
    assert edit(around.format(before), ("duration", "07:25")) == around.format(after)


def test_nothing_between_braces_is_filled_in() -> None:
    assert edit("{duration:  , a: 1}\n", ("duration", "07:25")) == '{duration: "07:25"  , a: 1}\n'
    assert edit("{a: 1, duration: }\n", ("duration", "07:25")) == '{a: 1, duration: "07:25" }\n'


@pytest.mark.parametrize(
    "written", ["07:25", '"07:26"', '"07:25"\nb: 1', '"07:25" # c\nb: 1', "'07:25\n'", '"07:25', "!!int 445", "["]
)
@pytest.mark.parametrize("block", ["a: 1\nduration: 0\n", "a: 1\n"])
def test_an_edit_that_says_anything_else_is_found_out(
    monkeypatch: pytest.MonkeyPatch, block: str, written: str
) -> None:
    monkeypatch.setattr(yaml_block, "write_value", lambda value, like: written)
    with pytest.raises(PostError, match="without changing something else"):
        edit(block, ("duration", "07:25"))


def test_a_description_that_looks_like_keys_stays() -> None:
    block = (
        "description: 'one  \n"
        '  duration: "11:11"\n'
        "  audio_file_size: 5\n"
        "\n"
        "  it''s: # no comment'\n"
        'duration: "00:00"\n'
        "text: |\n"
        '  duration: "22:22"\n'
        '  # duration: "33:33"\n'
        "audio_file_size: 0\n"
    )
    after = edit(block, ("audio_file_size", 7), ("duration", "07:25"))
    assert after == block.replace('"00:00"', '"07:25"').replace("audio_file_size: 0", "audio_file_size: 7")


def test_a_key_of_the_same_name_in_a_group_is_another_key() -> None:
    block = 'a: {duration: 1}\nb:\n  duration: 2\nc:\n- duration: 3\nduration: "00:00"\n'
    assert edit(block, ("duration", "07:25")) == block.replace('"00:00"', '"07:25"')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'duration: "07:25"\n'),
        ("# comment\n", '# comment\nduration: "07:25"\n'),
        ("a: 1\n\n# end\n", 'a: 1\n\n# end\nduration: "07:25"\n'),
        ("a: |+\n  text\n\n", 'a: |+\n  text\n\nduration: "07:25"\n'),
        ("  a: 1\n  b: 2\n", '  a: 1\n  b: 2\n  duration: "07:25"\n'),
        ("{a: 1, b: [2]}\n", '{a: 1, b: [2], duration: "07:25"}\n'),
        ("{a: 1, b:  }\n", '{a: 1, b:  , duration: "07:25"}\n'),
        ("{a: 1,}\n", '{a: 1, duration: "07:25",}\n'),
        ("{}\n", '{duration: "07:25"}\n'),
        ("<<: {duration: 1}\n", '<<: {duration: 1}\nduration: "07:25"\n'),
        ('text: "\n  duration: 1"\n', 'text: "\n  duration: 1"\nduration: "07:25"\n'),
    ],
)
def test_a_missing_key_is_added_at_the_end(before: str, after: str) -> None:
    assert edit(before, ("duration", "07:25")) == after


def test_a_missing_key_has_the_line_ending_of_the_block() -> None:
    front = read_front_matter(PATH, "---\r\na: 1\r\n---\r\nbody\n")
    assert front is not None
    after = front.with_value(("e", "size"), 5).with_value(("duration",), "07:25").encode()
    assert after == b'---\r\na: 1\r\ne:\r\n  size: 5\r\nduration: "07:25"\r\n---\r\nbody\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n", "a: 1\nepisode:\n  size: 5\n  duration: 445\n"),
        ("episode:\na: 1\n", "episode:\n  size: 5\n  duration: 445\na: 1\n"),
        ("episode:   # c\n", "episode:   # c\n  size: 5\n  duration: 445\n"),
        ("episode: {}\na: 1\n", "episode: {size: 5, duration: 445}\na: 1\n"),
        ("episode: {a: 1 # c\n  }\n", "episode: {a: 1, size: 5, duration: 445 # c\n  }\n"),
        (
            "episode:\n    a: 1 # c\n    # end\nb: 1\n",
            "episode:\n    a: 1 # c\n    size: 5\n    duration: 445\n    # end\nb: 1\n",
        ),
        (
            "episode:\n  a:\n    - b: |\n        text\n\nc: 1\n",
            "episode:\n  a:\n    - b: |\n        text\n\n  size: 5\n  duration: 445\nc: 1\n",
        ),
        (
            "episode:\n  a: [1,\n    2] # c\nb: 1\n",
            "episode:\n  a: [1,\n    2] # c\n  size: 5\n  duration: 445\nb: 1\n",
        ),
        ("episode:\n  size: # c\n\n  a: 1\nb: 1\n", "episode:\n  size: 5 # c\n\n  a: 1\n  duration: 445\nb: 1\n"),
    ],
)
def test_a_missing_key_is_added_to_its_group(before: str, after: str) -> None:
    assert edit(before, ("episode.size", 5), ("episode.duration", 445)) == after


def test_names_and_texts_that_yaml_would_misread_are_quoted() -> None:
    after = edit("", ("yes", 1), ("長さ", 'あ"い\\'), ("12:34", "x"))
    assert after == '"yes": 1\n"長さ": "あ\\"い\\\\"\n"12:34": "x"\n'
    assert read(after).data == {"yes": 1, "長さ": 'あ"い\\', "12:34": "x"}


@pytest.mark.parametrize(
    ("block", "line", "words"),
    [
        ("a: 1\nduration: |\n  00:00\n", 3, "a multi-line text"),
        ("duration: >-  # c\n  00:00\n", 2, "a multi-line text"),
        ("duration: [1]\n", 2, "a list or a group"),
        ("a: 1\nduration:\n  minutes: 7\n", 4, "a list or a group"),
        ("a: 1\nduration: &d 12:34\nb: *d\n", 3, "&d"),
        ("? duration\n", 3, "a value is missing"),
    ],
)
def test_a_value_that_is_no_single_value_is_refused_where_it_stands(block: str, line: int, words: str) -> None:
    with pytest.raises(PostError) as caught:
        edit(block, ("duration", "07:25"))
    assert words in str(caught.value)
    assert caught.value.line == line
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("episode: text\n", "episode is not a group"),
        ("episode: ~\n", "episode is not a group"),
        ("episode:\n- a\n", "episode is not a group"),
        ("e: &x\n  a: 1\nepisode: *x\n", "episode is not a group"),
        ("episode: &x\n  a: 1\nb: *x\n", "&x"),
    ],
)
def test_a_group_that_others_share_or_that_is_none_is_refused(block: str, words: str) -> None:
    with pytest.raises(PostError, match=words):
        edit(block, ("episode.size", 5))


def test_an_alias_is_replaced_and_what_it_stood_for_stays() -> None:
    assert edit("a: &a 1\nduration: *a # c\n", ("duration", "07:25")) == 'a: &a 1\nduration: "07:25" # c\n'


def test_how_a_value_stands_there_is_told() -> None:
    front = read("a: 12:34\nb: '1'\nc: \"2\"\nd: |\n  3\ne: [4]\nf:\n")
    found = [front.find((name,)) for name in "abcdef"]
    assert [(w.text, w.style, w.quoted) for w in found if w] == [
        ("12:34", "plain", False),
        ("'1'", "single", True),
        ('"2"', "double", True),
        ("|\n  3", "block", False),
        ("[4]", "collection", False),
        ("", "plain", False),
    ]
    assert [w.value for w in found if w] == [754, "1", "2", "3\n", (4,), None]


def test_groups_that_are_missing_in_braces_are_written_in_braces() -> None:
    assert edit("x: {a: 1}\n", ("x.b.c.d", "e")) == 'x: {a: 1, b: {c: {d: "e"}}}\n'
    assert edit("x: {}\n", ("x.b.c", "e")) == 'x: {b: {c: "e"}}\n'


@pytest.mark.parametrize(
    "text",
    [
        "!!int ''",
        "!!int x",
        "!!float x",
        "!!bool x",
        "!!timestamp x",
        "0b_",
        "1:" * 300 + "1.5",
        "2026-01-01 00:00:00 +99:99",
    ],
)
def test_what_looks_like_a_number_or_date_and_is_none_is_text(text: str) -> None:
    assert read(f"a: {text}\n").data == {
        "a": text.rpartition("!")[2].partition(" ")[2].strip("'") if "!" in text else text
    }


def test_what_yaml_cannot_make_a_value_of_is_text_as_in_jekyll() -> None:
    front = read("a: 2026-13-45\nb: !mine x\nc: =\nd: !mine {e: 1}\n")
    assert front.data == {"a": "2026-13-45", "b": "x", "c": "=", "d": {"e": 1}}


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + last] * 9)}]\n" for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGE_BOMB = "a: &a {x: 1, y: 2}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join(['*' + last] * 9)}]}}\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
SMALL_BOMB = "".join(
    f"{name}: &{name} [{', '.join([inner] * 40)}]\n" for name, inner in zip("abc", ("x", "*a", "*b"), strict=True)
)
EMPTY_BOMB = BOMB.replace("x", "[]")
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 5000))


@pytest.mark.parametrize(
    "block",
    [
        BOMB,
        SMALL_BOMB,
        EMPTY_BOMB,
        MERGE_BOMB,
        CHAIN,
        "a: " + "[" * 1000 + "]" * 1000 + "\n",
        "a: [" + "x, " * 60_000 + "]\n",
    ],
    ids=["lists", "a few lists", "empty lists", "merges", "chain", "depth", "length"],
)
def test_a_block_that_stands_for_too_much_is_refused_cheaply(block: str) -> None:
    begun = time.process_time()
    with pytest.raises(PostError, match=r"more values, or deeper ones|nested too deeply"):
        read(block)
    assert time.process_time() - begun < 5  # loaded whole, the bombs would take hours


def test_aliases_within_reason_are_read_and_kept() -> None:
    block = "base: &base {a: 1, b: [2]}\nother: *base\nmore:\n  <<: *base\n  c: 3\nduration: 1\n"
    assert edit(block, ("duration", "07:25")) == block.replace("duration: 1", 'duration: "07:25"')
    assert read(block).data["more"] == {"a": 1, "b": (2,), "c": 3}


def test_a_line_of_a_megabyte_is_handled() -> None:
    block = "text: '" + "あ " * 500_000 + "'\nduration: 1\n"
    assert edit(block, ("duration", "07:25")) == block.replace("duration: 1", 'duration: "07:25"')


def test_a_value_with_a_wide_space_behind_it_is_not_the_value_yet() -> None:
    path = Path("post.md")
    front = read_front_matter(path, "---\naudio_file_size: 5\u3000\n---\n")
    assert front is not None
    written = front.find(("audio_file_size",))
    assert written is not None
    assert (written.value, written.says(5)) == ("5\u3000", False)
    assert front.with_value(("audio_file_size",), 5).encode() == b"---\naudio_file_size: 5\n---\n"
