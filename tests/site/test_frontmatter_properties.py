"""Front matter of any shape: the two values change, and not one byte more."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tts_render.ground.errors import PostError
from tts_render.site.frontmatter import FrontMatter, decode_post, read_front_matter

PATH = Path("post.md")
SIZE, DURATION = ("audio_file_size",), ("duration",)

CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t☆.[]&#:'\"|>")
TEXT = st.text(CHARACTERS, max_size=30)
NAME = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=12).filter(
    lambda name: name.strip() and name.casefold() not in ("audio_file_size", "duration")
)
EOL = st.sampled_from(["\n", "\r\n", "\r"])
BODY = st.text(st.sampled_from("あ☆ \n\r-+:d\"'#"), max_size=30)

YAML_OLD = st.sampled_from(
    ["0", '"00:00"', "'12:34'", "12:34", "", "~", "!!str 1", "54.6 MB", '"a\n  b"', "2026-07-06"]
)
COMMENT = st.sampled_from(["", "   ", "  # comment: '☆'"])


def new_token(old: str, text: str) -> str:
    return f"'{text}'" if old.startswith("'") and not old.startswith("'''") else f'"{text}"'


def read(text: str) -> FrontMatter:
    front = read_front_matter(PATH, decode_post(PATH, text.encode()))
    assert front is not None
    return front


@st.composite
def yaml_entries(draw: st.DrawFn) -> list[str]:
    """Keys with values of any kind, each a few lines, as a YAML writer lays them out."""
    value: st.SearchStrategy[Any] = st.recursive(
        TEXT | st.integers() | st.booleans() | st.none() | st.dates() | st.datetimes() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAME | st.just("duration"), inner, max_size=3),
        max_leaves=5,
    )
    entries = []
    for name in draw(st.lists(NAME, max_size=4, unique=True)):
        entry = yaml.dump(
            {name: draw(value)},
            allow_unicode=True,
            default_style=draw(st.sampled_from([None, '"', "'", "|", ">"])),
            default_flow_style=draw(st.sampled_from([True, False, None])),
            width=draw(st.sampled_from([12, 80, 10**6])),
        )
        assume(not entry.startswith(("{", "?")))
        entry = entry.removesuffix("...\n")  # the end of a document, which ends the block, too
        entries.append(draw(st.sampled_from(["", "\n", "# duration: 1\n"])) + entry)
    return entries


@settings(deadline=None, max_examples=100)
@given(yaml_entries(), YAML_OLD, YAML_OLD, COMMENT, st.booleans(), st.booleans(), EOL, st.booleans(), BODY, st.data())
def test_yaml_changes_in_the_two_values_only(
    entries: list[str],
    old_size: str,
    old_duration: str,
    comment: str,
    has_size: bool,
    has_duration: bool,
    eol: str,
    bom: bool,
    body: str,
    data: st.DataObject,
) -> None:
    slots = []
    if has_size:
        slots.append(("audio_file_size:", old_size, "7123456"))
    if has_duration:
        slots.append(("duration:", old_duration, new_token(old_duration, "07:25")))
    pieces = [(entry, entry) for entry in entries]
    for key, old, new in slots:
        before = f"{key} {old}{comment}\n" if old else f"{key}{comment}\n"
        after = f"{key} {new}{comment}\n"
        pieces.insert(data.draw(st.integers(0, len(pieces))), (before, after))
    added = ("" if has_size else "audio_file_size: 7123456\n") + ("" if has_duration else 'duration: "07:25"\n')

    def whole(block: str) -> str:
        head = "\ufeff" if bom else ""
        return f"{head}---{eol}{block.replace(chr(10), eol)}---{eol}{body}"

    text = whole("".join(piece[0] for piece in pieces))
    front = read(text)
    assert front.encode() == text.encode()
    changed = front.with_value(SIZE, 7123456).with_value(DURATION, "07:25")
    assert changed.encode() == whole("".join(piece[1] for piece in pieces) + added).encode()
    assert changed.body == front.body
    assert (changed.data["audio_file_size"], changed.data["duration"]) == (7123456, "07:25")


def toml_text(value: str) -> st.SearchStrategy[str]:
    forms = [json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")]
    if "'" not in value and "\n" not in value:
        forms.append(f"'{value}'")
    if "'''" not in value and not value.endswith("'"):
        forms.append(f"'''{value}'''")
    if "\\" not in value and '"""' not in value:
        # Up to two quotes may stand right before the closing three.
        forms.append(f'"""\n{value}"""')
    return st.sampled_from(forms)


TOML_LEAF = TEXT.flatmap(toml_text) | st.sampled_from(
    ["0", "-1", "1_000", "0xff", "1e5", "inf", "true", "2026-07-06", "07:25:00", "2026-07-06 00:00:00.5+09:00"]
)
TOML_NAME = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=6) | NAME.map(
    lambda name: json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
)
TOML_VALUE = st.recursive(
    TOML_LEAF,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[ # ]\n  " + ",\n".join(items) + "\n]")
        | st.lists(inner, max_size=3).map(lambda items: "[" + " , ".join(items) + "]")
        | st.lists(
            st.tuples(TOML_NAME | st.just("duration"), inner), max_size=2, unique_by=lambda pair: pair[0].strip('"')
        ).map(lambda pairs: "{ " + ", ".join(f"{name} = {value}" for name, value in pairs) + " }")
    ),
    max_leaves=5,
)


@st.composite
def toml_entries(draw: st.DrawFn, prefix: str) -> list[str]:
    """Keys with values of any kind; the prefix keeps them apart from others."""
    entries = []
    for n in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from([f"{prefix}{n}", f'"{prefix}{n} ☆."', f"{prefix}{n} . sub.'x y'"]))
        entries.append(f"{name} = {draw(TOML_VALUE)}{draw(COMMENT)}\n{draw(st.sampled_from(['', chr(10)]))}")
    return entries


TOML_OLD = st.sampled_from(
    ["0", '"00:00"', "'12:34'", "00:07:25", "2026-07-06 07:25:00", '"""\n00"""', "'''0''''", '"a#\\""']
)


@settings(deadline=None, max_examples=100)
@given(
    toml_entries("a"),
    toml_entries("b"),
    st.booleans(),
    TOML_OLD,
    TOML_OLD,
    COMMENT,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    BODY,
    st.data(),
)
def test_toml_changes_in_the_two_values_only(
    above: list[str],
    inside: list[str],
    others: bool,
    old_size: str,
    old_duration: str,
    comment: str,
    has_size: bool,
    has_duration: bool,
    eol: str,
    body: str,
    data: st.DataObject,
) -> None:
    """The size at the top, the duration in a table."""

    def with_slot(entries: list[str], key: str, old: str, new: str, there: bool) -> tuple[str, str]:
        if not there:
            # A new key goes below the last one; blank lines and comments after that stay where they are.
            *most, last = entries or [""]
            kept = last.rstrip("\n") + "\n" if last else ""
            return "".join(entries), "".join(most) + kept + f"{key} = {new}\n" + last[len(kept) :]
        at = data.draw(st.integers(0, len(entries)))
        lines = [f"{key} = {token}{comment}\n" for token in (old, new)]
        before, after = ("".join([*entries[:at], line, *entries[at:]]) for line in lines)
        return before, after

    top = with_slot(above, "audio_file_size", old_size, "7123456", has_size)
    old_if_any = old_duration if has_duration else ""
    table = with_slot(inside, "duration", old_duration, new_token(old_if_any, "07:25"), has_duration)
    rest = "[[other]]\nduration = 1\n[[other]]\n[other.extra]\nduration = 2\n" if others else ""

    def whole(n: int) -> str:
        block = f"{top[n]}[extra]\n{table[n]}{rest}".replace("\n", eol)
        return f"+++{eol}{block}+++{eol}{body}"

    front = read(whole(0))
    after = front.with_value(SIZE, 7123456).with_value(("extra", *DURATION), "07:25")
    assert after.encode() == whole(1).encode()
    assert after.body == front.body


SYNTAX = st.lists(
    st.sampled_from([*"ab:-{}[]\"'#&*!|>%@`,? \n\t\r~=<.0+\\☆😀\x85\u2028\x00", "duration", "\n  ", ": ", '"""']),
    max_size=40,
).map("".join)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(["---", "+++"]),
    SYNTAX,
    SYNTAX,
    st.sampled_from(["duration: 1", "duration = '1'", "{duration: 1", ""]),
)
@example("---", "? duration", "", "")
@example("---", "a: &a {duration: 1", "\nb: *a", "")
@example("+++", "a = [", "]\n", "duration = '1'")
def test_any_text_is_changed_in_one_value_or_refused(fence: str, before: str, after: str, middle: str) -> None:
    text = f"{fence}\n{before}\n{middle}{after}\n{fence}\nbody: 1\n---\n"
    try:
        front = read_front_matter(PATH, text)
        assert front is not None
        changed = front.with_value(DURATION, "07:25")
    except PostError:
        return
    again = read_front_matter(PATH, changed.encode().decode())
    assert again is not None
    assert again.data["duration"] == "07:25"
    assert again.body == front.body
    kept = {key: repr(value) for key, value in front.data.items() if key != "duration"}
    assert {key: repr(value) for key, value in again.data.items() if key != "duration"} == kept


@pytest.mark.parametrize("old", ['"00:00"', "'00:00'", "12:34", "~", ""])
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_marks_after_astral_characters_are_right(old: str, eol: str) -> None:
    text = f"---{eol}title: 😀𠮷{eol}duration: {old} # 🎧{eol}---{eol}"
    changed = read(text).with_value(DURATION, "07:25").encode().decode()
    assert changed == text.replace(f": {old} #", f": {new_token(old, '07:25')} #" if old else ': "07:25"  #')
