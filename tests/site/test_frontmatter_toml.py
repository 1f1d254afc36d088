"""TOML: only the value's own characters change, keys go where their table is, and the rest is refused."""

from pathlib import Path

import pytest

from tts_render.ground.errors import PostError
from tts_render.site.frontmatter import FrontMatter, Value, read_front_matter, toml_block

PATH = Path("post.md")


def read(block: str) -> FrontMatter:
    front = read_front_matter(PATH, f"+++\n{block}+++\nbody\n")
    assert front is not None
    return front


def edit(block: str, *values: tuple[str, Value]) -> str:
    front = read(block)
    for key, value in values:
        front = front.with_value(tuple(key.split(".")), value)
    text = front.encode().decode()
    return text.removeprefix("+++\n").removesuffix("+++\nbody\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('duration = "00:00"', 'duration = "07:25"'),
        ("duration='00:00'", "duration='07:25'"),
        ("duration = 445   # comment", 'duration = "07:25"   # comment'),
        ("  duration\t= 00:07:25", '  duration\t= "07:25"'),
        ("duration = 1979-05-27 07:32:00Z # c", 'duration = "07:25" # c'),
        ('duration = """\n"00"""', 'duration = "07:25"'),
        ("duration = '''00''''", 'duration = "07:25"'),
        ('duration = """00"""""', 'duration = "07:25"'),
        ('"duration" = ""', '"duration" = "07:25"'),
    ],
)
def test_only_the_value_is_replaced(before: str, after: str) -> None:
    around = (
        "title = 'A.I. [放送局] ☆' # 'c'\n"
        "tags = [ 'a', # ]\n  \"b]\",\n]\n"
        "text = '''\nduration = 1\n[extra]\n'''\n"
        'more = """a\\"""\\"\nduration = 2"""\n{}\n'
        "date = 2026-07-06T00:00:00+09:00\nf = 1.0\n[extra]\nduration = 3\n"
    )
    assert edit(around.format(before), ("duration", "07:25")) == around.format(after)


@pytest.mark.parametrize("written", ["445", '"07:26"', '"07:25"\nb = 1', '"07:25', "[", "'07:25'\na = 1"])
@pytest.mark.parametrize("block", ["a = 1\nduration = 0\n", "a = 1\n"])
def test_an_edit_that_says_anything_else_is_found_out(
    monkeypatch: pytest.MonkeyPatch, block: str, written: str
) -> None:
    monkeypatch.setattr(toml_block, "write_value", lambda value, like: written)
    with pytest.raises(PostError, match="without changing something else"):
        edit(block, ("duration", "07:25"))


def test_a_key_in_an_array_of_tables_is_another_key() -> None:
    front = read("[[extra]]\nduration = 1\n[[extra]]\nduration = 2\n[extra.sub]\nduration = 3\n")
    assert front.find(("extra", "duration")) is None
    assert front.find(("extra", "sub", "duration")) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'duration = "07:25"\n'),
        ("a = 1 # c\n\n# end\n", 'a = 1 # c\n\n# end\nduration = "07:25"\n'),
        (
            "a = [\n  1,\n] # c\n\n# of t\n[t]\nb = 1\n",
            'a = [\n  1,\n] # c\nduration = "07:25"\n\n# of t\n[t]\nb = 1\n',
        ),
        ("# c\n[t]\nb = 1\n", 'duration = "07:25"\n# c\n[t]\nb = 1\n'),
        ("[[t]]\nduration = 1\n[[t]]\nb = 2\n", 'duration = "07:25"\n[[t]]\nduration = 1\n[[t]]\nb = 2\n'),
    ],
)
def test_a_missing_key_is_added_above_the_first_table(before: str, after: str) -> None:
    assert edit(before, ("duration", "07:25")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = 1\n", "a = 1\n\n[extra]\nx = 5\nz = 6\n"),
        ("", "[extra]\nx = 5\nz = 6\n"),
        ("[extra]\n", "[extra]\nx = 5\nz = 6\n"),
        ("[extra] # c\n[other]\nb = 1\n", "[extra] # c\nx = 5\nz = 6\n[other]\nb = 1\n"),
        (
            "[extra]\na = 1 # c\n\n# of other\n[other]\nb = 1\n",
            "[extra]\na = 1 # c\nx = 5\nz = 6\n\n# of other\n[other]\nb = 1\n",
        ),
        ('[ "extra" ]\na = 1\n', '[ "extra" ]\na = 1\nx = 5\nz = 6\n'),
        ("[extra.sub]\na = 1\n", "[extra.sub]\na = 1\n\n[extra]\nx = 5\nz = 6\n"),
        ("[other]\nextra.a = 1\n\n", "[other]\nextra.a = 1\n\n[extra]\nx = 5\nz = 6\n"),
        ("extra = {}\n", "extra = { x = 5, z = 6 }\n"),
        ("extra = { a = { b = 1 } } # c\n", "extra = { a = { b = 1 }, x = 5, z = 6 } # c\n"),
        ("extra.a = 1\nb = 2\n", "extra.a = 1\nextra.x = 5\nextra.z = 6\nb = 2\n"),
    ],
)
def test_a_missing_key_is_added_to_its_table(before: str, after: str) -> None:
    assert edit(before, ("extra.x", 5), ("extra.z", 6)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[a]\nb.c = 1\nd = 2\n", "[a]\nb.c = 1\nb.x = 5\nd = 2\n"),
        ("a.b.c = 1\n", "a.b.c = 1\na.b.x = 5\n"),
        ("a = { d = 1 }\n", "a = { d = 1, b.x = 5 }\n"),
        ("a = { b = {} }\n", "a = { b = { x = 5 } }\n"),
        ("[a]\n", "[a]\n\n[a.b]\nx = 5\n"),
        ("[a.b]\nx = 1\n[a]\nb2 = 1\n", "[a.b]\nx = 5\n[a]\nb2 = 1\n"),
    ],
)
def test_deeper_tables_are_found_however_they_are_written(before: str, after: str) -> None:
    assert edit(before, ("a.b.x", 5)) == after


def test_a_missing_key_has_the_line_ending_of_the_block() -> None:
    front = read_front_matter(PATH, "+++\r\na = 1\r\n[t]\r\nb = 2\r\n+++\r\nbody\r\n")
    assert front is not None
    after = front.with_value(("size",), 5).with_value(("extra", "duration"), "07:25").encode()
    assert after == (
        b'+++\r\na = 1\r\nsize = 5\r\n[t]\r\nb = 2\r\n\r\n[extra]\r\nduration = "07:25"\r\n+++\r\nbody\r\n'
    )


@pytest.mark.parametrize(
    ("block", "key", "line", "words"),
    [
        ("a = 1\nduration = [7, 25]\n", "duration", 3, "not a list or a table"),
        ("duration = {}\n", "duration", 2, "not a list or a table"),
        ("duration.minutes = 7\n", "duration", 2, "without changing something else"),
        ("a = 1\nextra = 5\n", "extra.duration", 3, "extra is not a table"),
        ("[[extra]]\na = 1\n", "extra.duration", 2, "without changing something else"),
    ],
)
def test_what_cannot_be_changed_alone_is_refused(block: str, key: str, line: int, words: str) -> None:
    with pytest.raises(PostError) as caught:
        edit(block, (key, "07:25"))
    assert words in str(caught.value)
    assert caught.value.line == line
    assert caught.value.remedy


@pytest.mark.parametrize(
    "block",
    ["a = " + "[" * 5000 + "]" * 5000 + "\n", "a = " + "[" * 100 + "]" * 100 + "\n", "a" + ".a" * 100 + " = 1\n"],
)
def test_a_block_that_is_too_deep_is_refused(block: str) -> None:
    with pytest.raises(PostError, match="nested too deeply"):
        read(block)


def test_how_a_value_stands_there_is_told() -> None:
    front = read("a = 5 # c\nb = '1'\nc = \"2\"\nd = '''3'''\ne = [ 4 ]\n")
    found = [front.find((name,)) for name in "abcde"]
    assert [(w.text, w.style, w.line) for w in found if w] == [
        ("5", "plain", 2),
        ("'1'", "single", 3),
        ('"2"', "double", 4),
        ("'''3'''", "block", 5),
        ("[ 4 ]", "collection", 6),
    ]
    assert [w.value for w in found if w] == [5, "1", "2", "3", (4,)]
