"""Audio items are recognised whatever the editor has done to them."""

from __future__ import annotations

import pytest

from tts_render.run.pairing import Known, pair

LINES = [Known("k1", "ア'", "あ。"), Known("k2", "イ'", "い。"), Known("k3", "ア'", "あ。"), Known("k4", "ウ'", "う。")]


def item(kana: str | None, text: str, key: str = "new") -> Known:
    return Known(key, kana, text)


@pytest.mark.parametrize(
    ("items", "found", "missing", "extra"),
    [
        ([item("ア'", "あ。"), item("イ'", "い。"), item("ア'", "あ。"), item("ウ'", "う。")], [0, 1, 2, 3], (), ()),
        ([item("イ'", "い。"), item("ア'", "あ。"), item("ウ'", "う。")], [None, 0, 1, 2], (0,), ()),
        ([item("ア'", "え。"), item("イ'", "お。"), item("ア'", "あ。"), item("ウ'", "う。")], [0, 1, 2, 3], (), ()),
        ([item("ウ'", "う。"), item("ア'", "あ。"), item("イ'", "い。"), item("ア'", "あ。")], [1, 2, 3, 0], (), ()),
        ([item(None, "い。"), item("", "う。"), item("エ'", "あ。")], [2, 0, None, 1], (2,), ()),
        ([item("エ'", "え。"), item("ウ'", "う。")], [None, None, None, 1], (0, 1, 2), (0,)),
        ([item("エ'", "え。", "k2"), item("イ'", "い。", "k4")], [None, 0, None, 1], (0, 2), ()),
        ([item("ア'", "あ。"), item("エ'", "え。"), item("ア'", "あ。"), item("ウ'", "う。")], [0, 1, 2, 3], (), ()),
        ([item("ア'", "あ。"), item("イ'", "い。"), item("ウ'", "あ。"), item("ウ'", "う。")], [0, 1, 2, 3], (), ()),
        (
            [item("ア'", "あ。"), item("エ'", "え。"), item("オ'", "お。"), item("ウ'", "う。")],
            [0, None, None, 3],
            (1, 2),
            (1, 2),
        ),
        (
            [item("ア'", "あ。"), item("エ'", "え。"), item("イ'", "い。"), item("ウ'", "う。")],
            [0, 2, None, 3],
            (2,),
            (1,),
        ),
    ],
    ids=[
        "untouched",
        "one taken out",
        "reworded",
        "moved",
        "without kana",
        "another one",
        "the keys kept",
        "another one in its place",
        "reworded, and brought back before",
        "too many other ones",
        "another one elsewhere",
    ],
)
def test_an_utterance_is_found_where_it_went(
    items: list[Known], found: list[int | None], missing: tuple[int, ...], extra: tuple[int, ...]
) -> None:
    pairs = pair(LINES, items)
    assert [pairs.found.get(index) for index in range(len(LINES))] == found
    assert (pairs.missing, pairs.extra) == (missing, extra)
