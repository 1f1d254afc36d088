"""What the client brings to the cluster: the content of sounds, as it was when they were opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import soundfile

from tts_render.cluster.card import Card
from tts_render.cluster.far import FarCrew
from tts_render.cluster.travel import pack
from tts_render.engine.base import Identity
from tts_render.ground.errors import SoundError
from tts_render.ground.units import Frames
from tts_render.mix.timeline import Placement
from tts_render.sound.audio import open_sound
from tts_render.speech.cache import UtteranceCache

if TYPE_CHECKING:
    from pathlib import Path


def crew(cache: UtteranceCache) -> FarCrew:
    nobody = cast("Any", None)
    card = Card("mix", "1/1")
    identity = Identity("voicevox", "1", "", ())
    return FarCrew(nobody, nobody, cache, speaker=card, mixer=card, labels=(), identity=identity)


def test_a_jingle_goes_out_as_it_was_when_it_was_opened_or_not_at_all(tmp_path: Path) -> None:
    jingle = tmp_path / "jingle.wav"
    soundfile.write(jingle, np.zeros(2400, dtype=np.float32), 24000)
    sound = open_sound(jingle)
    place = Placement(Frames(0), sound.frames, sound)
    cache = UtteranceCache(tmp_path / "cache")
    (packed,) = pack([place], lambda one: crew(cache).bring(one))
    found = cache.blob(sound.digest)
    assert found is not None
    assert found.read_bytes() == jingle.read_bytes()
    assert str(tmp_path) not in repr(packed)

    soundfile.write(jingle, np.ones(2400, dtype=np.float32), 24000)
    with pytest.raises(SoundError, match="changed while it was in use"):
        pack([place], lambda one: crew(cache).bring(one))
    jingle.unlink()
    with pytest.raises(SoundError, match="cannot be read"):
        pack([place], lambda one: crew(cache).bring(one))
