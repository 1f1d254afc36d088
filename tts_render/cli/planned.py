"""Prints a plan, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.cli.options import count_of
from tts_render.ground.printable import plain
from tts_render.ground.units import format_clock, half_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tts_render.run.plan import Plan, PlannedUtterance
    from tts_render.run.running_order import RunningItem

__all__ = ["planned_json", "planned_text"]


def planned_json(planned: Plan) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "episode": str(planned.episode),
        "script": str(planned.script),
        "audio": None if planned.audio is None else str(planned.audio),
        "utterances": [
            {
                "text": u.text,
                "reading": u.reading,
                "voice": u.voice,
                "style": u.style,
                "line": u.line,
                "cached": u.cached,
            }
            for u in planned.utterances
        ],
        "items": [_item_json(item) for item in planned.items],
        "estimated_seconds": planned.estimated_seconds,
    }


def planned_text(planned: Plan) -> str:
    """A plan for people: one line for each utterance, and one for anything special between two."""
    new = sum(u.cached is False for u in planned.utterances)
    count = count_of(len(planned.utterances), "utterance")
    known = "" if planned.engine_problem else f", {new} to be spoken anew"
    lines = [f"{planned.episode}: {count}{known}, about {format_clock(half_up(planned.estimated_seconds))}"]
    lines.append(f"  {planned.script} -> {planned.audio or 'no audio path'}")
    lines += _rows(planned)
    return plain("\n".join(lines))


def _item_json(item: RunningItem) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": item.kind, "start_seconds": item.start, "seconds": item.seconds}
    match item.kind:
        case "utterance":
            facts["utterance"] = item.utterance
        case "sound":
            facts["name"] = item.name
        case "pause":
            facts["ordinary"] = item.ordinary
        case "chapter":
            facts["title"] = item.name
    return facts


def _rows(planned: Plan) -> Iterator[str]:
    for item in planned.items:
        if item.utterance is not None:
            yield _utterance_row(planned.utterances[item.utterance])
        elif item.kind == "chapter":
            yield f"  {'':>5}  chapter  {format_clock(int(item.start))}  {item.name}"
        elif not item.ordinary:
            name = "" if item.name is None else f"  {item.name}"
            yield f"  {'':>5}  {item.kind:<7}  {item.seconds:.2f} s{name}"


def _utterance_row(u: PlannedUtterance) -> str:
    state = {True: "cached", False: "new", None: "?"}[u.cached]
    said = "" if u.reading == u.text else f"  => {u.reading}"
    voice = f"{u.voice}（{u.style}）" if u.style else u.voice
    return f"  {u.line:>5}  {state:<7}  {voice}  {u.text}{said}"
