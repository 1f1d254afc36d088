"""What the page is told, as JSON: plain values, made of what the rest of the program knows."""

from __future__ import annotations

import math
import os
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from tts_render.engine.moras import write_phrases
from tts_render.ground.errors import EngineError, EngineUnreachableError, SpeechError
from tts_render.ground.messages import said
from tts_render.ground.units import frames_to_seconds
from tts_render.outputs.slide_times import show_deck
from tts_render.run.journal import StaleError
from tts_render.speech.cache import CachedClip
from tts_render.studio.ruby import ruby

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tts_render.engine.base import Identity
    from tts_render.engine.moras import AccentPhrase
    from tts_render.ground.errors import TtsRenderError
    from tts_render.mix.timeline import Timeline
    from tts_render.outputs.plots import Plots, Talk
    from tts_render.script.deck import Deck
    from tts_render.site.receipt import Receipt
    from tts_render.speech.casting import Utterance
    from tts_render.speech.orders import ClipSource
    from tts_render.studio.press import Progress
    from tts_render.studio.sheet import Sheet
    from tts_render.studio.shelf import Listed, Standing
    from tts_render.studio.stream import Heard
    from tts_render.upkeep.checks import Finding

__all__ = [
    "engine_facts",
    "error_facts",
    "finding_facts",
    "heard_facts",
    "listed_facts",
    "made_facts",
    "mora_facts",
    "phrase_facts",
    "plots_facts",
    "progress_facts",
    "sheet_facts",
    "shown",
    "slide_facts",
    "sound_name",
    "standing_facts",
    "utterance_facts",
]


_AT_ONCE = 0.002  # seconds between two moments that are the same but for rounding
_UNSEEN = ("type", "title", "notes", "url", "src", "image", "file", "id", "lang", "layout")
"""Keys of a slide whose texts are not on it, or are shown elsewhere."""
_MOST_TEXTS = 12
_LONGEST_TEXT = 200


def listed_facts(listed: Listed, root: Path) -> dict[str, Any]:
    """An episode in the list, before it is known how it stands."""
    return {
        "path": listed.path.relative_to(root).as_posix(),
        "title": listed.title,
        "date": None if listed.date is None else listed.date.isoformat(),
        "show": listed.show,
        "order": listed.order[0],
        "problem": listed.problem,
    }


def standing_facts(standing: Standing, root: Path) -> dict[str, Any]:
    """How an episode stands."""
    return {
        "path": standing.path.relative_to(root).as_posix(),
        "state": standing.state,
        "why": standing.why,
        "seconds": standing.seconds,
        "errors": standing.errors,
        "warnings": standing.warnings,
    }


def sheet_facts(
    sheet: Sheet, clips: tuple[CachedClip | None, ...], root: Path, *, problem: TtsRenderError | None = None
) -> dict[str, Any]:
    """An episode with everything that sounds in it, in order.

    Args:
        sheet: the episode as it was read last.
        clips: the sound of each utterance, as far as it is there.
        root: root of the site.
        problem: why its files cannot be read any more.
    """
    episode, engines = sheet.episode, sheet.engines
    order = []
    timeline = sheet.timeline(clips)
    slides = deque(() if sheet.deck is None else slide_facts(sheet.deck, timeline))
    for item in sheet.order(timeline):
        before = -_AT_ONCE if item.kind == "chapter" else _AT_ONCE  # the title of a chapter comes before its slide
        while slides and slides[0]["start"] <= item.start + before:
            order.append(slides.popleft())
        facts: dict[str, Any] = {"kind": item.kind, "start": item.start, "seconds": item.seconds}
        if item.utterance is not None:
            facts["utterance"] = item.utterance
        elif item.name is not None:
            facts["name"] = item.name
        if item.kind == "pause":
            facts["ordinary"] = item.ordinary
        order.append(facts)
    return {
        "path": shown(episode.path, root),
        "script": shown(episode.script.path, root),
        "audio": None if episode.audio is None else shown(episode.audio, root),
        "title": episode.title,
        "show": episode.show.name,
        "date": None if episode.date is None else episode.date.isoformat(),
        "engine": None if isinstance(engines, EngineError) else engine_facts(engines.identity),
        "no_engine": error_facts(engines) if isinstance(engines, EngineError) else None,
        "problem": None if problem is None else error_facts(problem),
        "utterances": [
            utterance_facts(sheet, index, utterance, clip)
            for index, (utterance, clip) in enumerate(zip(sheet.utterances, clips, strict=True))
        ],
        "items": order,
        "remarks": [{"line": remark.line, "message": remark.message} for remark in episode.script.remarks],
        "misfits": [{"line": misfit.line, "message": misfit.whole} for misfit in sheet.misfits],
    }


def slide_facts(deck: Deck, timeline: Timeline) -> Iterator[dict[str, Any]]:
    """The slides of a deck, each when it is shown, with the texts that are on it."""
    for shown, content in zip(show_deck(deck, timeline), deck.content, strict=True):
        start, end = shown.start_ms / 1000, shown.end_ms / 1000
        yield {
            "kind": "slide",
            "start": start,
            "seconds": round(end - start, 3),
            "number": shown.slide.number,
            "name": shown.slide.title,
            "type": shown.slide.kind,
            "texts": list(islice(_texts(content), _MOST_TEXTS)),
        }


def _texts(value: object, key: str = "") -> Iterator[str]:
    """The texts that are on a slide, in the order in which they are written there."""
    if isinstance(value, str) and key not in _UNSEEN and value.strip():
        yield value.replace("[[", "").replace("]]", "").strip()[:_LONGEST_TEXT]  # brackets stress
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, str(name))


def utterance_facts(sheet: Sheet, index: int, utterance: Utterance, clip: CachedClip | None) -> dict[str, Any]:
    """One line of the page."""
    return {
        "id": sheet.ids[index],
        "index": index,
        "line": utterance.line,
        "text": utterance.text,
        "reading": utterance.reading,
        "ruby": ruby(utterance.text, utterance.reading) if utterance.reading != utterance.text else [],
        "voice": utterance.voice,
        "style": utterance.style,
        "take": utterance.take is not None,
        "state": "new" if clip is None else "spoken",
        "seconds": None if clip is None else round(frames_to_seconds(clip.frames, clip.rate), 3),
        "sound": None if clip is None else sound_name(clip),
    }


def engine_facts(identity: Identity) -> dict[str, Any]:
    """What speaks."""
    return {"kind": identity.engine, "version": identity.version}


def phrase_facts(phrases: Sequence[AccentPhrase], *, follows: dict[str, str | None]) -> dict[str, Any]:
    """The accent phrases of a line, and for everything that its engine does not follow, why not."""
    return {"accent_phrases": write_phrases(phrases), "follows": follows}


def heard_facts(heard: Heard) -> dict[str, Any]:
    """When a sound of the stream is heard."""
    placement = heard.placement
    facts: dict[str, Any] = {"start": round(heard.start, 3), "end": round(heard.end, 3)}
    if placement.utterance is not None:
        facts["utterance"] = placement.utterance.index
        facts["id"] = heard.line
        if isinstance(placement.source, CachedClip):
            facts["sound"] = sound_name(placement.source)
            facts["moras"] = mora_facts(placement.source, heard.start)
    else:
        facts["jingle"] = placement.sound
    return facts


def progress_facts(progress: Progress) -> dict[str, Any]:
    """How a render stands."""
    error = progress.error
    failures = error.failures if isinstance(error, SpeechError) else ()
    return {
        "state": progress.state,
        "total": progress.total,
        "ready": progress.ready,
        "cached": progress.cached,
        "cancelling": progress.cancelling,
        "changed": progress.changed,
        "elapsed": progress.elapsed,
        "warnings": list(progress.warnings),
        "error": None if error is None else error_facts(error),
        "failures": [error_facts(failure) for failure in failures],
    }


def finding_facts(finding: Finding, root: Path, *, made: bool) -> dict[str, Any]:
    """One problem in an episode. Where the page itself mends it, it says so, rather than name a command.

    Args:
        finding: what was found.
        root: root of the site.
        made: whether the MP3 was rendered here, so that the page can write what it is into the post.
    """
    remedy = finding.remedy
    if finding.rule == "audio-missing":
        remedy = said("Use “Render” above.")
    elif remedy and made and finding.rule.startswith(("size-", "duration-")):
        remedy = said("Use “Write to the post” above.")
    return {
        "rule": finding.rule,
        "level": finding.level,
        "path": shown(finding.path, root),
        "line": finding.line,
        "message": finding.message,
        "remedy": remedy,
    }


def made_facts(receipt: Receipt) -> dict[str, Any]:
    """What was rendered."""
    return {
        "seconds": receipt.duration_seconds,
        "bytes": receipt.bytes,
        "loudness": receipt.loudness_lufs,
        "peak": receipt.true_peak_dbtp,
        "utterances": receipt.utterances,
        "engines": [{"kind": engine.name, "version": engine.version} for engine in receipt.engines],
        "encoder": receipt.encoder,
        "credits": list(receipt.credits),
        "chapters": [{"start": chapter.start_seconds, "title": chapter.title} for chapter in receipt.chapters],
        "files": [receipt.audio, *(sidecar.path for sidecar in receipt.sidecars)],
    }


def plots_facts(plots: Plots, voices: Sequence[Talk] | None) -> dict[str, Any]:
    """What is drawn of an MP3; without ``voices``, only what can be heard in it."""
    spoken = voices is not None
    return {
        "columns": plots.columns,
        "milliseconds": plots.milliseconds,
        "wave": plots.wave,
        "loudness": plots.loudness,
        "grid": plots.grid,
        "levels": [list(level) for level in plots.levels],
        "mean": plots.mean,
        "ticks": [list(tick) for tick in plots.ticks],
        "borders": plots.borders if spoken else "",
        "lane": [[piece.start, piece.length, piece.voice] for piece in plots.lane] if spoken else [],
        "voices": [
            {
                "voice": talk.voice,
                "seconds": talk.milliseconds / 1000,
                "loudness": round(talk.loudness, 1) if math.isfinite(talk.loudness) else None,
            }
            for talk in voices or ()
        ],
    }


def mora_facts(clip: ClipSource, start: float = 0.0) -> list[list[object]]:
    """The moras of a clip: text, beginning and end in seconds.

    Args:
        clip: the clip.
        start: when it begins.
    """
    return [
        [mora.text, round(start + mora.start / clip.rate, 3), round(start + mora.end / clip.rate, 3)]
        for mora in clip.moras()
    ]


def sound_name(clip: CachedClip) -> str:
    """What tells one sound of a line from another."""
    return os.path.basename(clip.file)[:16]  # noqa: PTH119  # making a path of each takes long


def error_facts(error: TtsRenderError) -> dict[str, Any]:
    """What went wrong, where, and what to do on the page."""
    here = said("Start the engine; the page notices when it answers.")
    facts = {
        "kind": type(error).__name__,
        "message": error.message,
        "path": None if error.path is None else str(error.path),
        "line": error.line,
        "remedy": here if isinstance(error, EngineUnreachableError) else error.remedy,
    }
    return {**facts, "there": error.there} if isinstance(error, StaleError) else facts


def shown(path: Path, root: Path) -> str:
    """A path as the page shows it: relative to the site, if it is in it."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
