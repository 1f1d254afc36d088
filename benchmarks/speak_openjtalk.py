"""Speak a script with Open JTalk and print the seconds. Run: python -m benchmarks.speak_openjtalk SCRIPT"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tts_render.engine import Engine, Scales, StyleId
from tts_render.engine.openjtalk import OpenJtalkEngine
from tts_render.engine.pool import connect


def main() -> None:
    engine = OpenJtalkEngine(warn=print)
    pool = connect([engine])
    lines = [line for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines() if line.strip("-")]

    def speak(engine: Engine, line: str) -> int:
        return len(engine.speak(engine.phrase(line, StyleId(0)), StyleId(0), Scales()).samples)

    engine.phrase(lines[0], StyleId(0))  # the dictionary is read once
    began = time.monotonic()
    for _ in pool.run(lines, speak):
        pass
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
