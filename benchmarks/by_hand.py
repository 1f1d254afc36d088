"""The baseline: what a user writes by hand today, with requests and pydub. Run: python -m benchmarks.by_hand ...

It leaves the query as it comes, with the engine's own silence around each line: 3 % more sound than ours to speak.
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

import requests

warnings.simplefilter("ignore")
from pydub import AudioSegment  # noqa: E402


def main() -> None:
    script, target, url = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    episode = AudioSegment.silent(300)
    for line in script.read_text(encoding="utf-8").splitlines():
        if not line.strip("-"):
            episode += AudioSegment.silent(700)
            continue
        query = requests.post(f"{url}/audio_query", params={"text": line, "speaker": "3"}, timeout=60).json()
        sound = requests.post(f"{url}/synthesis", params={"speaker": 3}, json=query, timeout=600).content
        episode += AudioSegment.from_wav(io.BytesIO(sound)) + AudioSegment.silent(350)
    episode.set_frame_rate(44100).export(target, format="mp3", bitrate="128k")


if __name__ == "__main__":
    main()
