"""Front matter: where it begins and ends, and what is said of a file that has none or a broken one."""

from pathlib import Path

import pytest

from tts_render.ground.errors import PostError
from tts_render.site.frontmatter import FrontMatter, decode_post, read_front_matter

PATH = Path("post.md")


def read(text: str, *, any_case: bool = False) -> FrontMatter:
    front = read_front_matter(PATH, text, any_case=any_case)
    assert front is not None
    return front


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_yaml_is_found_with_any_line_ending_and_byte_order_mark(eol: str, bom: str) -> None:
    text = bom + eol.join(["---", 'duration: "00:00"', "---", "", "body", ""])
    front = read(text)
    assert front.kind == "yaml"
    assert front.data == {"duration": "00:00"}
    assert front.body == eol + "body" + eol
    assert front.body_line == 4
    assert front.encode() == text.encode()


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_toml_is_found_with_either_line_ending_and_byte_order_mark(eol: str, bom: str) -> None:
    text = bom + eol.join(["+++", "title = '☆'", "+++", "body", ""])
    front = read(text)
    assert front.kind == "toml"
    assert front.data == {"title": "☆"}
    assert front.body == "body" + eol
    assert front.body_line == 4
    assert front.encode() == text.encode()


@pytest.mark.parametrize(
    "text",
    [
        "---  \na: 1\n--- \t\nbody",
        "---\na: 1\n...\nbody",
        "\n \n---\na: 1\n---\nbody",
        "\n+++ \na = 1\n+++\t\nbody",
    ],
)
def test_what_the_generators_take_for_a_fence_is_one(text: str) -> None:
    front = read(text)
    assert front.data == {"a": 1}
    assert front.body == "body"
    assert text.splitlines()[front.body_line - 1] == "body"


def test_a_file_may_end_with_its_fence() -> None:
    front = read("---\na: 1\n---")
    assert front.body == ""
    assert front.with_value(("b",), 2).encode() == b"---\na: 1\nb: 2\n---"


@pytest.mark.parametrize("text", ["body\n---\na: 1\n---\n", "# ---\n", "--- a: 1\n---\n", "----\na: 1\n----\n", "{}\n"])
def test_text_without_a_fence_at_its_beginning_has_no_front_matter(text: str) -> None:
    assert read_front_matter(PATH, text) is None


def test_fences_and_keys_in_the_body_are_body() -> None:
    body = 'text\n---\nduration: "99:99"\n---\n+++\n'
    front = read('---\nduration: "00:00"\n---\n' + body)
    changed = front.with_value(("duration",), "07:25")
    assert changed.body == body
    assert changed.encode().decode() == '---\nduration: "07:25"\n---\n' + body


def test_a_fence_that_is_longer_or_followed_by_text_does_not_close() -> None:
    front = read('---\na: "x\n  ---\n  --- y"\n---\nbody\n')
    assert front.data == {"a": "x --- --- y"}


def test_a_fence_in_a_comment_does_not_close() -> None:
    assert read("---\na: 1 # ---\nb: 2\n---\n").data == {"a": 1, "b": 2}
    assert read("+++\na = 1 # +++\nb = 2\n+++\n").data == {"a": 1, "b": 2}


@pytest.mark.parametrize("text", ["---\na: 1\n", "---\na: 1\n--- b\n", "+++\na = 1\n---\n", "---\n"])
def test_front_matter_that_is_not_closed_is_named(text: str) -> None:
    with pytest.raises(PostError, match="not closed") as caught:
        read(text)
    assert caught.value.line == 1
    assert caught.value.path == PATH
    assert text[:3] in (caught.value.remedy or "")


def test_a_block_with_nothing_in_it_has_no_keys() -> None:
    assert read("---\n---\nbody\n").data == {}
    assert read("---\n# comment\n\n---\nbody\n").data == {}
    assert read("+++\n+++\nbody\n").data == {}


@pytest.mark.parametrize("source", [b"", b"\n", b" \r\n\t"])
def test_an_empty_file_is_named(source: bytes) -> None:
    with pytest.raises(PostError, match="is empty"):
        decode_post(PATH, source)


def test_bytes_that_are_no_utf8_are_named_with_their_line() -> None:
    with pytest.raises(PostError, match="byte 0x82 at offset 14") as caught:
        decode_post(PATH, "---\ntitle: あ".encode() + "い\n---\n".encode("cp932"))
    assert caught.value.line == 2
    assert "UTF-8" in (caught.value.remedy or "")


def test_a_file_in_utf16_is_named_at_its_first_byte() -> None:
    with pytest.raises(PostError, match="byte 0xFF at offset 0"):
        decode_post(PATH, "---\n---\n".encode("utf-16"))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\na: 1\nb: c: d\n---\n", 3, "mapping values are not allowed"),
        ('---\na: 1\nb: "open\nc: 1\n---\n', 5, "opened in line 3"),
        ("---\na: 1\n@b: 1\n---\n", 3, "cannot start any token"),
        ("---\n\n- a\n---\n", 3, "not a list of keys"),
        ("---\njust text\n---\n", 2, "not a list of keys"),
        ("---\na: 1\nb: 2\x07\n---\n", 3, "U+0007"),
        ("---\na: 1\nb: *x\n---\n", 3, "refers to nothing"),
        ("---\na: &a\n  - *a\n---\n", 3, "refers to nothing"),
        ("---\na: 1\n--- b: 2\n---\n", 3, "second YAML document"),
        ("---\na: {[1]: 2}\n---\n", 2, "not valid YAML"),
        ("+++\na = " + "9" * 5000 + "\n+++\n", 3, "5000 digits"),
        ("+++\na = 1\nb = \n+++\n", 3, "Invalid value"),
        ('+++\na = 1\nb = "open\n+++\n', 3, "not valid TOML"),
        ("+++\na = 1\na = 2\n+++\n", 3, "Cannot overwrite"),
        ("+++\na = 1\n[t\n+++\n", 3, "not valid TOML"),
        ('+++\na = 1\nb = """\nx\n+++\n', 5, "not valid TOML"),
    ],
)
def test_a_broken_block_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(PostError) as caught:
        read(text)
    assert words in str(caught.value)
    assert caught.value.line == line
    assert caught.value.remedy
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_lines_are_counted_in_the_file_after_wide_characters_and_any_line_ending(eol: str) -> None:
    front = read("\ufeff\n---\ntitle: 😀𠮷\n\nduration: 12:34\n---\nbody\n".replace("\n", eol))
    duration = front.find(("duration",))
    assert duration is not None
    assert duration.line == 5
    assert duration.text == "12:34"
    assert front.body_line == 7


def test_the_body_begins_a_line_later_when_a_line_was_added() -> None:
    front = read("---\na: 1\n---\nbody\n").with_value(("b",), 1)
    assert front.body_line == 5
    assert front.encode().splitlines()[front.body_line - 1] == b"body"


def test_what_was_read_cannot_be_changed() -> None:
    front = read("---\na: {b: [1, {c: 2}]}\n---\n")
    inner = front.data["a"]
    assert inner == {"b": (1, {"c": 2})}
    with pytest.raises(TypeError, match="does not support item assignment"):
        front.data["x"] = 1  # type: ignore[index]
    with pytest.raises(TypeError, match="does not support item assignment"):
        inner["b"] = 1


def test_the_case_of_a_key_matters_unless_the_generator_ignores_it() -> None:
    text = "---\nDuration: 1\n---\n"
    assert read(text).find(("duration",)) is None
    assert read(text, any_case=True).with_value(("duration",), "1:00").encode() == b'---\nDuration: "1:00"\n---\n'
    text = "+++\nDuration = 1\n+++\n"
    assert read(text).find(("duration",)) is None
    assert read(text, any_case=True).with_value(("duration",), "1:00").encode() == b'+++\nDuration = "1:00"\n+++\n'


@pytest.mark.parametrize(
    ("text", "any_case"),
    [
        ("---\na: 1\nsize: 1\nb: 2\nsize: 2\n---\n", False),
        ("---\na: 1\nsize: 1\nb: 2\nSize: 2\n---\n", True),
        ("+++\na = 1\nsize = 1\nb = 2\nSize = 2\n+++\n", True),
    ],
)
def test_a_key_that_stands_twice_is_named_with_both_lines(text: str, any_case: bool) -> None:
    with pytest.raises(PostError, match="in line 3 and in line 5") as caught:
        read(text, any_case=any_case).find(("size",))
    assert caught.value.line == 5
