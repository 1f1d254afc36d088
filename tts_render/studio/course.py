"""The course of a stream: what comes next, by the episode as it is when it comes.

Somebody who listens may mend a line further on. What is not mixed yet is taken from the newest sheet; where the stream
has got to is found again by the ids of lines, which stay the same while others around them change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tts_render.speech.casting import Utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tts_render.speech.casting import CastItem
    from tts_render.studio.sheet import Sheet

__all__ = ["course", "next_line"]


def course(
    sheet: Sheet, first: int | None, newest: Callable[[], Sheet], followed: Callable[[Sheet, int], None]
) -> Iterator[tuple[Sheet, CastItem]]:
    """Everything from an utterance on, each with the sheet it is from.

    Args:
        sheet: the episode as it is at the beginning.
        first: index of the utterance; None for the very beginning.
        newest: the episode as it is now.
        followed: told of each sheet that is taken up, and from which utterance on.
    """
    items = sheet.lines.script.items
    at = 0 if first is None else items.index(sheet.utterances[first])
    spoken: int | None = None
    while True:
        latest = newest()
        if latest is not sheet and spoken is not None and _alike(sheet, latest):
            following = next_line(sheet.ids, spoken, latest.ids)
            direct = isinstance(items[at - 1], Utterance)
            sheet, items = latest, latest.lines.script.items
            at = _place(sheet, following, after_last=direct)
            spoken = following - 1
            followed(sheet, following)
        if at >= len(items):
            return
        item = items[at]
        at += 1
        yield sheet, item
        if isinstance(item, Utterance):
            spoken = item.index


def next_line(before: tuple[str, ...], spoken: int, now: tuple[str, ...]) -> int:
    """Which line comes next in an episode that was changed, after one that was spoken.

    Args:
        before: ids of the lines as they were.
        spoken: index of the line that was spoken last.
        now: ids of the lines as they are.
    """
    places = {number: index for index, number in enumerate(now)}
    known = next((index for index in range(spoken, -1, -1) if before[index] in places), None)
    after = places[before[known]] + 1 if known is not None else 0
    # Lines that were spoken and are others now stand where they stood; what was taken out leaves no gap.
    after += spoken - (known if known is not None else -1)
    following = next((places[number] for number in before[spoken + 1 :] if number in places), len(now))
    return min(after, following)


def _alike(one: Sheet, other: Sheet) -> bool:
    """Whether all but the words is the same: sounds, pauses, levels and engines are settled when a stream begins."""
    config, now = one.episode.config, other.episode.config
    return (
        one.jingles is other.jingles
        and one.engines is other.engines
        and (config.pacing, config.master) == (now.pacing, now.master)
    )


def _place(sheet: Sheet, following: int, *, after_last: bool) -> int:
    """Where to go on in the items, so that a line is the next; pauses before it are passed over if they have been."""
    items = sheet.lines.script.items
    if after_last and following:
        return items.index(sheet.utterances[following - 1]) + 1
    return items.index(sheet.utterances[following]) if following < len(sheet.utterances) else len(items)
