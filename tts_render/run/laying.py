"""Laying a change onto a file that was changed elsewhere since: whole lines, and only where they are unmistakable."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Patch", "common", "laid", "patch_of", "places", "row_of"]

_LARGEST = 64 * 1024  # bytes of lines: a file that is one long line is not remembered with each change of it


@dataclass(frozen=True, slots=True)
class Patch:
    """The lines that a change is about, each with its end, and the lines around them."""

    row: int
    """1-based, of the first of them."""
    above: bytes
    """The line before them; empty at the beginning of the file."""
    below: bytes
    """The line after them; empty at the end of the file."""
    lines: tuple[bytes, bytes]
    """Before and after the change."""
    ranks: tuple[tuple[int, int], tuple[int, int]]
    """Before and after: which of the equal ones in the file they were, from 0, and of how many. Of lines that are not
    there, it is that of the line above."""

    def turned(self) -> Patch:
        """The change back."""
        return Patch(self.row, self.above, self.below, self.lines[::-1], self.ranks[::-1])


def patch_of(before: bytes, after: bytes) -> Patch | None:
    """What has changed, in whole lines; None if they are too long."""
    first = after.rfind(b"\n", 0, common(before, after)) + 1
    rest = common(before[first:][::-1], after[first:][::-1])
    # Letters of other lines may begin with the same bytes: only lines that stay as a whole are not of the change.
    while rest and not all(_is_whole(each[first : len(each) - rest]) for each in (before, after)):
        rest -= len(_line(after, len(after) - rest))
    ends = len(before) - rest, len(after) - rest
    lines = before[first : ends[0]], after[first : ends[1]]
    above = after[after.rfind(b"\n", 0, max(0, first - 1)) + 1 : first]
    below = _line(after, ends[1])
    if len(above) + len(below) + sum(map(len, lines)) > _LARGEST:
        return None
    ranks = [_rank(each, above, part, first) for each, part in zip((before, after), lines, strict=True)]
    return Patch(after.count(b"\n", 0, first) + 1, above, below, lines, (ranks[0], ranks[1]))


def laid(patch: Patch, now: bytes) -> bytes | None:
    """The file with the change, the rest of it byte for byte as it is now; None if it is not clear where.

    Lines that stood there once and still do are known by themselves. Others are where they have the same neighbours and
    are the same one of as many: neighbours alone may have come together elsewhere.
    """
    old, new = patch.lines
    rank = patch.ranks[0]
    found = places(now, None, None, old)
    if not old or rank != (0, 1) or len(found) != 1:
        found = places(now, patch.above, patch.below, old)
        if len(found) != 1:
            return None
        if rank != _rank(now, patch.above, old, found[0]) and not (old and rank == (0, 1)):
            return None
    behind = now[found[0] + len(old) :]
    if behind and not _is_whole(new):
        return None  # the last line has got others behind it, and would become one with them
    return now[: found[0]] + new + behind


def places(now: bytes, above: bytes | None, below: bytes | None, lines: bytes) -> list[int]:
    """Where lines stand in a file, between these two unless they are None; empty ones are its beginning and end."""
    wanted = (above or b"") + lines + (below or b"")
    found: list[int] = []
    if not wanted:
        return [0] if above is not None and not now else []
    at = now.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        begins = at == 0 if above == b"" else at == 0 or now[at - 1 : at] == b"\n"
        stops = end == len(now) if below == b"" else end == len(now) or wanted.endswith(b"\n")
        if begins and stops:
            found.append(at + len(above or b""))
        at = now.find(wanted, at + 1)
    return found


def row_of(patch: Patch, now: bytes) -> int:
    """Where the lines of a change would have to stand in a file: 1-based, as well as can be told."""
    found = places(now, None, None, patch.above) if patch.above else [0]
    return now.count(b"\n", 0, found[0] + len(patch.above)) + 1 if len(found) == 1 else patch.row


def common(one: bytes, other: bytes) -> int:
    """How many bytes the two have in common at the beginning."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least


def _rank(content: bytes, above: bytes, lines: bytes, at: int) -> tuple[int, int]:
    key, start = (lines, at) if lines else (above, at - len(above))
    equal = places(content, None, None, key)
    return (equal.index(start) if start in equal else -1), len(equal)


def _is_whole(part: bytes) -> bool:
    return not part or part.endswith(b"\n")


def _line(content: bytes, at: int) -> bytes:
    end = content.find(b"\n", at) + 1
    return content[at : end or len(content)]
