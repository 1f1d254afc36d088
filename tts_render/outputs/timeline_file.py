"""The timeline as a file: all utterances, captions, chapters, jingles and the bed with their times, for other programs.

docs/timeline.schema.json describes it. Its version is increased when readers would have to change.
"""

from __future__ import annotations

import io
import json
from itertools import islice
from typing import TYPE_CHECKING

from tts_render.ground.units import Frames, frames_to_ms
from tts_render.outputs.finished import utterance_ids

if TYPE_CHECKING:
    from tts_render.mix.bed import BedPlace
    from tts_render.mix.timeline import Placement
    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["SCHEMA", "timeline_json"]

SCHEMA = 1

_TOKENS = 10_000
"""Of JSON that are encoded at a time: all those of a long episode take far more memory than the file."""


def timeline_json(published: FinishedEpisode) -> bytes:
    """The whole timeline. Frames are those of the MP3 when it is decoded, milliseconds are rounded from them."""
    timeline = published.timeline
    ids = utterance_ids(published.utterances)

    def span(start: Frames, end: Frames) -> dict[str, int]:
        return {
            "start_frame": start,
            "end_frame": end,
            "start_ms": frames_to_ms(start, timeline.rate),
            "end_ms": frames_to_ms(end, timeline.rate),
        }

    def spoken(placement: Placement) -> dict[str, object]:
        utterance = placement.utterance
        if utterance is None:
            raise ValueError("nothing is said there")
        return {
            "id": ids[utterance.index],
            "text": utterance.text,
            "reading": utterance.reading,
            "voice": utterance.voice,
            "line": utterance.line,
            **span(placement.start, placement.end),
        }

    def laid(bed: BedPlace) -> dict[str, object]:
        return {
            "name": bed.sound,
            **span(bed.start, bed.end),
            "fade_in": span(bed.start, Frames(bed.start + bed.fade_in)),
            "fade_out": span(Frames(bed.end - bed.fade_out), bed.end),
            "levels": [
                {"frame": at, "ms": frames_to_ms(at, timeline.rate), "level": round(bed.level + rise, 2)}
                for at, rise in bed.rises
            ],
        }

    facts = {
        "schema": SCHEMA,
        "title": published.title,
        "audio": published.audio,
        "language": published.language,
        "rate": timeline.rate,
        "frames": timeline.frames,
        "duration_ms": frames_to_ms(timeline.frames, timeline.rate),
        "utterances": [spoken(placement) for placement in timeline.speech],
        "captions": [
            {
                "start_ms": caption.start_ms,
                "end_ms": caption.end_ms,
                "text": caption.text,
                "lines": list(caption.lines),
                "speaker": caption.speaker,
                "utterances": [ids[index] for index in caption.utterances],
                "estimated": caption.estimated,
            }
            for caption in published.captions
        ],
        "chapters": [
            {"title": chapter.title, "url": chapter.url, **span(chapter.start, chapter.end)}
            for chapter in published.chapters
        ],
        "sounds": [
            {"name": placement.sound, **span(placement.start, placement.end)}
            for placement in timeline.placements
            if placement.sound is not None
        ],
        "bed": None if published.bed is None else laid(published.bed),
        "credits": list(published.credits),
    }
    tokens = json.JSONEncoder(ensure_ascii=False, indent=1).iterencode(facts)
    data = io.BytesIO()
    while text := "".join(islice(tokens, _TOKENS)):
        data.write(text.encode())
    data.write(b"\n")
    return data.getvalue()
