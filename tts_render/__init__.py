"""tts_render: podcast scripts to MP3, spoken by VOICEVOX, with size and duration written back into the post.

The whole process from Python::

    from pathlib import Path
    from tts_render import Session, open_episode, render

    episode = open_episode(Path("_posts/2026-11-21-1.md"))
    with Session(Path("cache"), engines=["http://127.0.0.1:50021"], tell=print) as session:
        print(render(episode, session).receipt.duration)

Each stage can also be used on its own; see docs/library.md. Names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tts_render.episode.episode import Episode, open_episode
    from tts_render.ground.errors import TtsRenderError
    from tts_render.run.plan import Plan, plan
    from tts_render.run.render import Rendered, render
    from tts_render.run.session import Session
    from tts_render.run.write_back import write_back
    from tts_render.site.receipt import Receipt
    from tts_render.upkeep.checks import Finding, check

__all__ = [
    "Episode",
    "Finding",
    "Plan",
    "Receipt",
    "Rendered",
    "Session",
    "TtsRenderError",
    "check",
    "open_episode",
    "plan",
    "render",
    "write_back",
]

_HOMES = {
    "Episode": "episode.episode",
    "Finding": "upkeep.checks",
    "Plan": "run.plan",
    "Receipt": "site.receipt",
    "Rendered": "run.render",
    "Session": "run.session",
    "TtsRenderError": "ground.errors",
    "check": "upkeep.checks",
    "open_episode": "episode.episode",
    "plan": "run.plan",
    "render": "run.render",
    "write_back": "run.write_back",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
