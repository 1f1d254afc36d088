"""Prints a plan, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.cli.language import columns, filled, shown
from tts_render.ground.messages import joined, listed, said, said_count
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
    facts = [said_count("{count} utterance", "{count} utterances", count=len(planned.utterances))]
    if not planned.engine_problem:
        facts.append(said("{count} to be spoken anew", count=new))
    facts.append(said("about {clock}", clock=format_clock(half_up(planned.estimated_seconds))))
    return "\n".join(
        [
            shown(joined((str(planned.episode), listed(facts)), ": ")),
            f"  {planned.script} -> {planned.audio or shown(said('no audio path'))}",
            *_rows(planned),
        ]
    )


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
            yield f"  {'':>5}  {_word(item.kind)}  {format_clock(int(item.start))}  {item.name}"
        elif not item.ordinary:
            name = "" if item.name is None else f"  {item.name}"
            yield f"  {'':>5}  {_word(item.kind)}  {item.seconds:.2f} s{name}"


def _utterance_row(u: PlannedUtterance) -> str:
    reading = "" if u.reading == u.text else f"  => {u.reading}"
    voice = f"{u.voice}（{u.style}）" if u.style else u.voice
    return f"  {u.line:>5}  {_word(u.cached)}  {voice}  {u.text}{reading}"


def _word(of: str | bool | None) -> str:
    """What a row is about, in a column of its own."""
    words: dict[str | bool | None, str] = {
        "chapter": said("chapter"), "sound": said("sound"), "pause": said("pause"), True: said("cached"),
        False: said("new"), None: "?",
    }  # fmt: skip
    width = max(columns(shown(word)) for word in words.values())
    return filled(shown(words[of]), width)
