"""Draws docs/images: what ``make demo`` prints, and the episode that it makes. Run: python -m tools.make_pictures.

Both pictures show real output; nothing in them is written by hand. They are plain SVG without fonts or addresses from
elsewhere, in colours that can be seen on a light and on a dark page.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tts_render.episode.episode import open_episode
from tts_render.ground.units import format_clock
from tts_render.mix.timeline import Timeline, arrange
from tts_render.run.prepare import open_jingles
from tts_render.run.session import Session
from tts_render.sound.mp3 import inspect
from tts_render.speech.casting import cast, direct_roles
from tts_render.speech.orders import EnginesHere
from tts_render.speech.speaking import look_up, speak

if TYPE_CHECKING:
    from tts_render.episode.episode import Episode
    from tts_render.mix.timeline import Placement

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
SITE = ROOT / "build" / "demo"
POST = SITE / "_posts" / "2025-10-08-2.md"
AUDIO = SITE / "audio" / "asaichi-commit-2.mp3"

WIDE = 134  # characters in a line of the terminal
WIDTH, HEIGHT, STEP = 880, 190, 3
MIDDLE, REACH = 92, 58  # of the wave: where its middle is, and how far it swings, in pixels
COLOURS = {"speech": "#2f81d6", "jingle": "#d9822b", "pause": "#8b949e"}
LABELS = "#7d8590"


def terminal(output: str, command: str) -> str:
    """A command and what it printed, as a terminal shows it."""
    console = Console(record=True, width=WIDE, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    styles = {"-": "red", "+": "green", "@": "cyan"}
    for line in output.splitlines():
        console.print(Text(line, styles.get(line[:1], "")), soft_wrap=False)
    svg = console.export_svg(title=command)
    svg = re.sub(r"<!--.*?-->|@font-face\s*\{[^}]*\}", "", svg)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, monospace")
    return re.sub(r'textLength="([\d.]+)"([^>]*)>([^<]*)<', _with_wide_characters, svg)


def _with_wide_characters(found: re.Match[str]) -> str:
    """Rich counts a full-width character as one; it is as wide as two."""
    text = unescape(found[3])
    length = float(found[1]) * cell_len(text) / len(text)
    return f'textLength="{length:g}"{found[2]}>{found[3]}<'


def placements_of(episode: Episode, session: Session) -> Timeline:
    """Where the sounds of an episode sit; all of it is in the cache."""
    script = cast(episode.script, episode.config, episode.voice)
    pool = session.pool(episode.config.engines)
    directions = direct_roles(script.utterances, episode.config, pool.identity, script.path)
    found = look_up(script.utterances, directions, pool.identity, session.cache)
    clips = speak(
        script.utterances,
        directions,
        EnginesHere(pool, session.cache),
        path=script.path,
        found=found,
        spoken=lambda _: None,
    )
    rate = episode.config.master.rate
    return Timeline(tuple(arrange(script.items, clips, open_jingles(episode), episode.config.pacing, rate=rate)), rate)


def kind_of(start: float, end: float, placements: tuple[Placement, ...]) -> str:
    """What sounds between two frames, if only for a part of the time."""
    for placement in placements:
        if placement.frames and placement.start < end and start < placement.end:
            return "speech" if placement.utterance else "jingle"
    return "pause"


def waveform(mp3: Path, timeline: Timeline) -> str:
    """The level of an MP3, coloured by what its sounds are: speech, jingles, and the pauses between."""
    found = inspect(mp3)
    samples, rate = soundfile.read(mp3, dtype="float32", always_2d=True)
    columns = WIDTH // STEP
    levels = np.array([np.sqrt(np.square(part).mean()) for part in np.array_split(samples, columns)])
    heights = np.maximum(0.6, levels / levels.max() * REACH)
    paths: dict[str, list[str]] = {kind: [] for kind in COLOURS}
    for column, height in enumerate(heights):
        edges = (column / columns * timeline.frames, (column + 1) / columns * timeline.frames)
        kind = kind_of(*edges, timeline.placements)
        paths[kind].append(f"M{column * STEP + 1} {MIDDLE - height:.1f}V{MIDDLE + height:.1f}")
    seconds = found.frames / rate
    loudness = f"{found.loudness.integrated:.1f} LUFS · {found.loudness.true_peak:.1f} dBTP"
    facts = f"{mp3.name} · {format_clock(found.seconds)} · {found.bytes:,} bytes · {loudness}"
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    font = f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" fill="{LABELS}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>',
        f"<title>{escape(facts)}</title>",
        f'<text x="0" y="13">{escape(facts)}</text>',
    ]
    for kind, strokes in paths.items():
        lines.append(f'<path stroke="{COLOURS[kind]}" stroke-width="2" d="{"".join(strokes)}"/>')
    for placement in timeline.placements:
        if placement.sound is not None:
            middle = (placement.start + placement.end) / 2 / timeline.frames * WIDTH
            x = min(max(middle, 28.0), WIDTH - 24.0)
            lines.append(
                f'<text x="{x:.0f}" y="30" text-anchor="middle" fill="{COLOURS["jingle"]}">{placement.sound}</text>'
            )
    for second in range(0, int(seconds) + 1, 15):
        x = second / seconds * WIDTH
        lines.append(f'<path stroke="{LABELS}" d="M{x:.1f} 156v6"/>')
        anchor = "start" if second == 0 else "middle" if x < WIDTH - 24 else "end"
        lines.append(f'<text x="{x:.0f}" y="177" text-anchor="{anchor}">{format_clock(second)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def main() -> None:
    engine = sys.argv[1] if len(sys.argv) > 1 else "kokoro"
    command = "make demo" + ("" if engine == "kokoro" else f" ENGINE={engine}")
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {
            "LC_ALL": "C.UTF-8",  # in English, wherever it is drawn
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TTS_RENDER_CACHE": cache,
        }
        done = subprocess.run(
            [str(ROOT / "tools" / "demo.sh"), engine],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True,
        )  # fmt: skip
        IMAGES.mkdir(exist_ok=True)
        shown = done.stdout.replace(str(ROOT), "~/tts_render")
        (IMAGES / "terminal.svg").write_text(terminal(shown, command), encoding="utf-8")
        with Session(Path(cache), engines=[engine], tell=lambda _: None) as session:
            episode = open_episode(POST, site=SITE)
            timeline = placements_of(episode, session)
        (IMAGES / "episode.svg").write_text(waveform(AUDIO, timeline), encoding="utf-8")


if __name__ == "__main__":
    main()
