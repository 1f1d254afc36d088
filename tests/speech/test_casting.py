"""Casting: each line gets a voice and a reading, and what cannot be spoken is a pause."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tts_render.ground.errors import ScriptError
from tts_render.script import Notation, Pause, read_script
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.speech.casting import Cast, Utterance, cast


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
