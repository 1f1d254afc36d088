"""Shapes: how the sound of a line looks, and when its moras sound. Each clip is looked at once."""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from tts_render.studio.facts import mora_facts, sound_name

if TYPE_CHECKING:
    from tts_render.sound.audio import Samples
    from tts_render.speech.cache import CachedClip

__all__ = ["Shapes", "peaks"]

_BINS = 160
_MOST = 4000  # shapes; each takes about two kilobytes


class Shapes:
    """The shapes of clips, remembered. They may be asked for from any thread."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, clip: CachedClip) -> dict[str, Any]:
        """The shape of a clip: its name, peaks and moras.

        Raises:
            OutputError: the clip was removed or damaged.
        """
        name = sound_name(clip)
        with self._changing:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        drawn = base64.b64encode(peaks(clip.load().samples)).decode()
        shape = {"sound": name, "peaks": drawn, "moras": mora_facts(clip)}
        with self._changing:
            self._known[name] = shape
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return shape


def peaks(samples: Samples) -> bytes:
    """The largest sample of each of 160 equal parts, or of each frame if there are fewer: 255 is full scale.

    Args:
        samples: shape ``(frames, channels)``, full scale at 1.0.
    """
    level = np.abs(samples).max(axis=1) if len(samples) else np.zeros(1, np.float32)
    starts = np.unique(np.arange(_BINS) * len(level) // _BINS)
    return bytes(np.minimum(255, np.maximum.reduceat(level, starts) * 255).round().astype(np.uint8))
