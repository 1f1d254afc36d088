"""Alignment: characters of the display text get the moras that are heard when they are read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.fake_voice import to_phrases
from tts_render.engine.base import MoraTime
from tts_render.ground.units import Frames
from tts_render.outputs.alignment import align, share

STEP = 10
"""Frames of each mora here."""


def moras(*texts: str) -> list[MoraTime]:
    return [MoraTime(text, Frames(STEP * at), Frames(STEP * (at + 1))) for at, text in enumerate(texts)]


def spoken(text: str) -> list[MoraTime]:
    """The moras that the stand-in engine makes of ``text``."""
    found: list[str] = []
    for phrase in to_phrases(text, {}, 3):
        found += [mora["text"] for mora in phrase["moras"]]
        found += ["、"] if phrase["pause_mora"] else []
    return moras(*found)


def place(text: str, before: str, *heard: str) -> tuple[int, int]:
    """End and start of the edge after ``before``, in moras."""
    edge = align(text, moras(*heard))[len(before)]
    return edge.end // STEP, edge.start // STEP


@pytest.mark.parametrize(
    ("text", "before", "heard", "edge"),
    [
        ("あさひが", "あさ", "ア サ ヒ ガ", (2, 2)),
        ("きょうは、はれ", "きょうは、", "キョ オ ワ 、 ハ レ", (3, 4)),
        ("東京へ行く", "東京へ", "ト オ キョ オ エ イ ク", (5, 5)),
        ("志を立てる", "志を", "コ コ ロ ザ シ オ タ テ ル", (6, 6)),
        ("今日の話題は鍵です", "今日の話題は", "キョ オ ノ ワ ダ イ ワ カ ギ デ ス", (7, 7)),
        ("LLMの話", "LLMの", "エ ル エ ル エ ム ノ ハ ナ シ", (7, 7)),
        ("2026年の夏", "2026年の", "ニ セ ン ニ ジュ ウ ロ ク ネ ン ノ ナ ツ", (11, 11)),
        ("コードを書く", "コードを", "コ オ ド オ カ ク", (4, 4)),
        ("「はい。」と言う", "「はい。」", "ハ イ 、 ト イ ウ", (2, 3)),
        ("はい、そうです", "はい", "ハ イ ソ オ デ ス", (2, 2)),
        ("題は「鍵」です", "題は", "ダ イ ワ 、 カ ギ デ ス", (3, 4)),
    ],
)
def test_the_border_between_phrases_is_exact(text: str, before: str, heard: str, edge: tuple[int, int]) -> None:
    assert place(text, before, *heard.split()) == edge


def test_a_number_with_a_sign_takes_all_its_moras() -> None:
    heard = "カ ブ カ ワ サ ン テ ン ゴ パ ア セ ン ト ジョ オ ショ オ 、 ツ ギ ニ"
    assert place("株価は3.5%上昇、次に", "株価は3.5%上昇、", *heard.split()) == (18, 19)


@settings(deadline=None)
@given(st.text(alphabet="あかさたなはまやらわんアイウーッ漢字音声、。！？「」aZ3 %", min_size=1, max_size=60))
def test_edges_never_go_back_and_cover_everything(text: str) -> None:
    heard = spoken(text) or moras("ア")
    for edges in (align(text, heard), share(text, Frames(1000))):
        assert len(edges) == len(text) + 1
        assert edges[0].start == edges[0].end == 0
        assert edges[-1].end == edges[-1].start
        assert [edge.end for edge in edges] == sorted(edge.end for edge in edges)
        assert [edge.start for edge in edges] == sorted(edge.start for edge in edges)
        assert all(edge.end <= edge.start for edge in edges)
    assert align(text, heard)[-1].end == heard[-1].end


@settings(deadline=None)
@given(st.lists(st.text(alphabet="あかさたなはまらわがざだば", min_size=1, max_size=8), min_size=2, max_size=8))
def test_kana_between_commas_get_just_their_own_moras(words: list[str]) -> None:
    text = "、".join(words)
    edges = align(text, spoken(text))
    at = time = 0
    for word in words[:-1]:
        at += len(word) + 1
        time += len(word)
        assert (edges[at].end, edges[at].start) == (STEP * time, STEP * (time + 1))
        time += 1


def test_without_moras_kanji_count_for_two_kana_and_a_comma_for_a_pause() -> None:
    edges = share("漢字かなかなか、かな", Frames(12800))
    assert edges[2].end == pytest.approx(3800, abs=1)
    assert (edges[8].end, edges[8].start) == pytest.approx((8800, 10800), abs=1)


def test_a_text_without_a_sound_of_its_own_is_shared_out_evenly() -> None:
    assert [edge.end for edge in share("。。。。", Frames(8))] == [0, 2, 4, 6, 8]


def test_a_sound_much_longer_than_its_text_is_shared_out() -> None:
    edges = align("ああ", moras(*["ラ"] * 200))
    assert edges[1].end == pytest.approx(1000, abs=10)
