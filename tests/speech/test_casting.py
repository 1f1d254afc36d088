"""Casting: each line gets a voice and a reading, and what cannot be spoken is a pause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tts_render.engine.base import KANA, Identity, Scales, Style, StyleId
from tts_render.ground.errors import EngineMismatchError, ScriptError
from tts_render.script import Notation, Pause, read_script
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.settings.lexicon import Entry
from tts_render.speech.casting import Cast, Direction, Utterance, cast, direct_roles, stand_ins


def cast_of(text: str, **lexicon: str) -> Cast:
    config = replace(load_config(packaged_config_path()), lexicon=lexicon)
    voice = config.voice("ずんだもん")
    assert voice
    return cast(read_script(Path("script.txt"), text, Notation()), config, voice)


def test_a_line_whose_reading_has_nothing_to_speak_is_a_pause_where_it_stands() -> None:
    items = cast_of("はい。\n合図。\nいいえ。\n", 合図="……").items
    spoken = [item for item in items if isinstance(item, Utterance)]
    assert [(utterance.index, utterance.text, utterance.line) for utterance in spoken] == [
        (0, "はい。", 1),
        (1, "いいえ。", 3),
    ]
    assert Pause("sentence", 2) in items[items.index(spoken[0]) + 1 : items.index(spoken[1])]


@pytest.mark.parametrize(("text", "lexicon"), [("……\n🐸\n", {}), ("合図。\n", {"合図": "……"})])
def test_a_script_without_anything_to_speak_is_refused(text: str, lexicon: dict[str, str]) -> None:
    with pytest.raises(ScriptError, match="nothing to say") as caught:
        cast_of(text, **lexicon)
    assert caught.value.path == Path("script.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("最中は甘い。", "【モ'ナカワ】甘い。"),
        ("最中はある。", "【モ'ナカ】はある。"),
        ("最中のー。", "【モ'ナカ】のー。"),
        ("桜が咲く。", "【サクラガ'】咲く。"),
        ("桜、枝豆。", "【サクラ'】、枝豆。"),
    ],
)
def test_a_word_that_its_dictionary_loses_is_kana_with_the_particle_behind_it(text: str, said: str) -> None:
    words = [Entry("最中", "モナカ", 1), Entry("桜", "サクラ", 0), Entry("枝豆", "エダマメ", 2)]
    (utterance,) = cast_of(text, **stand_ins(words, frozenset(words[:2]))).utterances
    assert utterance.reading == said.replace("【", KANA[0]).replace("】", KANA[1])


VOICEVOX = Identity(
    "voicevox",
    "0.25.2",
    "",
    tuple(
        Style(speaker, name, StyleId(number))
        for speaker, name, number in [("ずんだもん", "ノーマル", 3), ("ずんだもん", "ささやき", 22), ("四国めたん", "ノーマル", 2)]
    ),
)  # fmt: skip
OPENJTALK = Identity("openjtalk", "1", "", (Style("mei", "normal", StyleId(0)), Style("takumi", "normal", StyleId(1))))
KOKORO = Identity("kokoro", "1", "", (Style("jf_alpha", "", StyleId(0)), Style("jf_nezumi", "", StyleId(1))))
VOICES = """\
voices:
  ア: {speaker: ずんだもん, style: ノーマル, speed: 1.2}
  イ: {style_id: 2, pitch: 0.5, openjtalk: {half_tone: -3, speed: 0.9}}
  ウ: {speaker: ずんだもん, kokoro: jf_nezumi, pitch: 0.5}
  エ: {speaker: ずんだもん, style: ささやき}
"""


def directed(path: Path, identity: Identity, *roles: tuple[str, str | None], voices: str = VOICES) -> list[Direction]:
    (path / "voices.yaml").write_text(voices, encoding="utf-8")
    utterances = [Utterance(n, "はい。", "はい。", voice, n + 1, True, style) for n, (voice, style) in enumerate(roles)]
    found = direct_roles(utterances, load_config(path / "voices.yaml"), identity, Path("script.txt"))
    return [found[utterance.role] for utterance in utterances]


def test_each_line_is_spoken_in_the_style_that_it_names_or_else_in_its_voices_own(tmp_path: Path) -> None:
    roles = [("ア", None), ("ア", "ささやき"), ("イ", None), ("ウ", None), ("エ", None), ("エ", "ノーマル")]
    found = directed(tmp_path, VOICEVOX, *roles)
    assert [direction.style for direction in found] == [3, 22, 2, 3, 22, 3]
    assert {direction.speaker for direction in found if direction.style != 2} == {"ずんだもん"}
    assert [direction.scales.speed for direction in found] == [1.2, 1.2, 1.0, 1.0, 1.0, 1.0]


def test_an_embedded_engine_has_a_voice_for_each_and_no_styles(tmp_path: Path) -> None:
    plain = directed(tmp_path, OPENJTALK, ("ア", None), ("イ", None), ("ウ", None))
    assert plain == [
        Direction("mei", StyleId(0), Scales(speed=1.2)),
        Direction("takumi", StyleId(1), Scales(speed=0.9, pitch=-0.25)),
        Direction("mei", StyleId(0), Scales(pitch=0.5)),
    ]
    assert directed(tmp_path, OPENJTALK, ("ア", "ささやき"), ("イ", "ない"), ("ウ", None)) == plain


def test_a_voice_of_an_embedded_engine_that_is_named_keeps_its_own_pitch(tmp_path: Path) -> None:
    assert directed(tmp_path, KOKORO, ("ウ", None)) == [Direction("jf_nezumi", StyleId(1), Scales())]


@pytest.mark.parametrize(("offered", "told"), [("jf_nezumy", "; did you mean jf_nezumy?"), ("mei", "")])
def test_a_voice_that_an_embedded_engine_does_not_have_is_named(tmp_path: Path, offered: str, told: str) -> None:
    other = replace(KOKORO, styles=(Style(offered, "", StyleId(0)),))
    with pytest.raises(EngineMismatchError) as caught:
        directed(tmp_path, other, ("ウ", None))
    assert f"kokoro voice 'jf_nezumi' is unknown{told}" in str(caught.value)
    assert ("did you mean" in str(caught.value)) is bool(told)


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ([("ア", "怒り")], ["this style", "script.txt:1: ア（怒り）: style '怒り' is unknown; ずんだもん has ノーマル, ささやき"]),
        ([("ア", None), ("ア", "怒り"), ("イ", "涙")], ["these styles", "script.txt:2: ア（怒り）", "script.txt:3: イ（涙）"]),
    ],
)  # fmt: skip
def test_styles_that_the_engine_does_not_have_are_all_named(
    tmp_path: Path, roles: list[tuple[str, str | None]], told: list[str]
) -> None:
    with pytest.raises(EngineMismatchError) as caught:
        directed(tmp_path, VOICEVOX, *roles)
    assert [part for part in told if part not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("voices", "told"),
    [
        ("{ア: {speaker: ずんだまん}}", ["this voice", "voices.yaml:1: ア: speaker 'ずんだまん' is unknown; did you mean ずんだもん?"]),
        ("{ア: {style_id: 9}, イ: {speaker: 琴}}", ["these voices", "ア: style_id 9 is unknown", "イ: speaker '琴' is unknown"]),
    ],
)  # fmt: skip
def test_voices_that_the_engine_does_not_have_are_all_named(tmp_path: Path, voices: str, told: list[str]) -> None:
    names = ["ア", "イ"][: len(told) - 1]
    with pytest.raises(EngineMismatchError) as caught:
        directed(tmp_path, VOICEVOX, *((name, None) for name in names), voices=f"voices: {voices}\n")
    assert [part for part in told if part not in str(caught.value)] == []
