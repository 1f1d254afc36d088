"""Which part of a text an accent phrase belongs to: whatever is written there is heard as was wanted, or not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.fake_voice import from_notation, to_phrases
from tts_render.engine.moras import digest_phrases, read_phrases, to_kana
from tts_render.run.spelling import spellings, without_kana
from tts_render.script import Line, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tts_render.engine.moras import AccentPhrase


def engine(spans: Sequence[Span], text: str) -> tuple[AccentPhrase, ...]:
    """What a simple engine makes of a line, part by part."""
    found: list[AccentPhrase] = []
    pieces = spans or (Span(text),)
    for span in pieces:
        if span.said is not None:
            found += read_phrases({"accent_phrases": from_notation(span.said, 3)})
            continue
        parts = read_phrases({"accent_phrases": to_phrases(span.text, {}, 3)})
        if span.text[:1] == "、" and found:
            found[-1] = read_phrases({"accent_phrases": from_notation(to_kana(found[-1:]) + "、", 3)})[0]
        found += parts
        if span.text.endswith("、") and parts:
            found[-1] = read_phrases({"accent_phrases": from_notation(to_kana(found[-1:]) + "、", 3)})[0]
    if found:
        found[-1] = read_phrases({"accent_phrases": from_notation(to_kana(found[-1:]), 3)})[0]
    return tuple(found)


def of(notation: str) -> tuple[AccentPhrase, ...]:
    return read_phrases({"accent_phrases": from_notation(notation, 3)})


def narrowest(line: Line, wanted: tuple[AccentPhrase, ...]) -> tuple[Span, ...] | None:
    tried = spellings(line, engine(line.spans, line.text), wanted)
    return next((spans for spans in tried if digest_phrases(engine(spans, line.text)) == digest_phrases(wanted)), None)


WORDS = st.sampled_from(["ハラ", "ナノ", "ミドリ", "ヤマ", "アノ", "ラムネ", "モノ"])


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_every_change_of_accents_can_be_written_and_is_heard_as_wanted(words: list[str], data: st.DataObject) -> None:
    line = Line("、".join(words) + "。", 1)
    own = engine((), line.text)
    wanted = []
    for phrase in own:
        kana = "".join(mora.text for mora in phrase.moras)
        accent = data.draw(st.integers(1, len(phrase.moras)))
        wanted.append(kana[:accent] + "'" + kana[accent:])
    borders = [data.draw(st.sampled_from("/、")) for _ in wanted[1:]]
    notation = wanted[0] + "".join(border + phrase for border, phrase in zip(borders, wanted[1:], strict=True))
    spans = narrowest(line, of(notation))
    assert spans is not None or digest_phrases(own) == digest_phrases(of(notation))
    if spans:
        assert "".join(span.text for span in spans) == line.text, "what people read stays"
        again = Line(line.text, 1, spans=spans)
        assert without_kana(again) == ()
        assert narrowest(again, own) == ()


@pytest.mark.parametrize(
    ("text", "own", "wanted", "spans"),
    [
        ("箸を持って橋を渡る。", "ハ'シヲ/モ'ッテ/ハシ'ヲ/ワタル'", "ハシ'ヲ/モ'ッテ/ハシ'ヲ/ワタル'", [("箸を", "ハシ'ヲ"), ("持って橋を渡る。", None)]),
        ("箸を持って橋を渡る。", "ハ'シヲ/モ'ッテ/ハシ'ヲ/ワタル'", "ハ'シヲ/モ'ッテ/ハシヲ'/ワタル'", [("箸を持って", None), ("橋を", "ハシヲ'"), ("渡る。", None)]),
        ("今日は、いい天気です。", "キョ'オワ、イ'イ/テ'ンキデス", "キョオワ'、イ'イ/テ'ンキデス", [("今日は", "キョオワ'"), ("、いい天気です。", None)]),
        ("今日は、いい天気です。", "キョ'オワ、イ'イ/テ'ンキデス", "キョ'オワ/イ'イ/テ'ンキデス", [("今日は、いい", "キョ'オワ/イ'イ"), ("天気です。", None)]),
        ("東京特許許可局", "ト'オキョオ/ト'ッキョ/キョ'カ/キョ'ク", "ト'オキョオ/トッキョ'/キョ'カ/キョ'ク", [("東京特許許可局", "ト'オキョオ/トッキョ'/キョ'カ/キョ'ク")]),
        ("本当に？", "ホ'ントオニ？", "ホントオニ'？", [("本当に", "ホントオニ'？"), ("？", None)]),
    ],
)  # fmt: skip
def test_the_first_try_is_the_narrowest_part_that_may_be_meant(
    text: str, own: str, wanted: str, spans: list[tuple[str, str | None]]
) -> None:
    found = next(spellings(Line(text, 1), of(own), of(wanted)))
    assert [(span.text, span.said) for span in found] == spans
