"""The timeline as a file: all utterances, captions, chapters, jingles and the bed with their times, for other programs.

docs/timeline.schema.json describes it. Its version is increased when readers would have to change.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tts_render.ground.messages import said
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.outputs.finished import utterance_ids

if TYPE_CHECKING:
    from tts_render.mix.bed import BedPlace
    from tts_render.mix.timeline import Placement
    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["SCHEMA", "timeline_json"]

SCHEMA = 1


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
            raise ValueError(said("nothing is said there"))
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

    facts: dict[str, object] = {
        "schema": SCHEMA,
        "title": published.title,
        "audio": published.audio,
        "language": published.language,
        "rate": timeline.rate,
        "frames": timeline.frames,
        "duration_ms": frames_to_ms(timeline.frames, timeline.rate),
        "utterances": map(spoken, timeline.speech),
        "captions": (
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
        ),
        "chapters": (
            {"title": chapter.title, "url": chapter.url, **span(chapter.start, chapter.end)}
            for chapter in published.chapters
        ),
        "sounds": (
            {"name": placement.sound, **span(placement.start, placement.end)}
            for placement in timeline.placements
            if placement.sound is not None
        ),
        "bed": None if published.bed is None else laid(published.bed),
        "credits": list(published.credits),
    }
    data = io.BytesIO()
    for number, (name, value) in enumerate(facts.items()):
        data.write(f"{',' if number else '{'}\n {json.dumps(name)}: ".encode())
        data.writelines(piece.encode() for piece in _json_pieces(value))
    data.write(b"\n}\n")
    return data.getvalue()


def _json_pieces(value: object) -> Iterator[str]:
    """JSON as it stands in an object with an indent of 1; of an iterator an array, made and written entry by entry."""
    if not isinstance(value, Iterator):
        yield _json(value, 1)
        return
    number = -1
    for number, entry in enumerate(value):
        yield f"{',' if number else '['}\n  {_json(entry, 2)}"
    yield "[]" if number < 0 else "\n ]"


def _json(value: object, depth: int) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1).replace("\n", "\n" + " " * depth)
