"""What the journal remembers of a step, and how it is written: the parts that have changed, not whole files."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_render.ground.files import digest_bytes
from tts_render.ground.messages import from_json, to_json
from tts_render.run.laying import Patch, common, patch_of

__all__ = ["SCHEMA", "Kept", "Step", "digest_of", "kept_of", "load_steps", "step_json"]

SCHEMA = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a change: the part of the file that it is about, for a script is large and a line small."""

    path: Path
    start: int
    """How many bytes before it stay."""
    rest: int
    """How many bytes after it stay."""
    before: bytes | None
    """The part before; None where there was no file."""
    after: bytes | None
    digests: tuple[str | None, str | None]
    """Of the whole file, before and after."""
    patch: Patch | None
    """Its lines, for a file that was changed elsewhere since."""


Step = tuple[str, tuple[Kept, ...]]


def kept_of(path: Path, before: bytes | None, after: bytes | None) -> Kept:
    """What is remembered of a file that was changed; None is a file that is not there."""
    digests = (digest_of(before), digest_of(after))
    if before is None or after is None:
        return Kept(path, 0, 0, before, after, digests, None)
    start = common(before, after)
    rest = common(before[start:][::-1], after[start:][::-1])
    ends = len(before) - rest, len(after) - rest
    patch = patch_of(before, after)
    return Kept(path, start, rest, before[start : ends[0]], after[start : ends[1]], digests, patch)


def digest_of(content: bytes | None) -> str | None:
    """Digest of a file; None of one that is not there."""
    return None if content is None else digest_bytes(content)


def step_json(step: Step, root: Path) -> dict[str, Any]:
    """A step as JSON, from which :func:`load_steps` makes it again."""
    name, changes = step
    listed = [
        {
            "path": one.path.relative_to(root).as_posix(),
            "start": one.start,
            "rest": one.rest,
            "before": _packed(one.before),
            "after": _packed(one.after),
            "digests": list(one.digests),
            "patch": None if one.patch is None else _patch_json(one.patch),
        }
        for one in changes
    ]
    return {"name": name, "said": to_json(name), "changes": listed, "digest": _digest(name, listed)}


def load_steps(file: Path, root: Path) -> tuple[list[Step], list[Step]]:
    """What was remembered; nothing, where the file is not whole."""
    try:
        facts = json.loads(file.read_bytes())
        if facts["schema"] != SCHEMA:
            return [], []
        return [_step(value, root) for value in facts["done"]], [_step(value, root) for value in facts["undone"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [], []


def _step(value: dict[str, Any], root: Path) -> Step:
    name, listed = value["name"], value["changes"]
    if value["digest"] != _digest(name, listed):
        raise ValueError("a damaged step")
    changes = [
        Kept(
            root / each["path"],
            each["start"],
            each["rest"],
            _unpacked(each["before"]),
            _unpacked(each["after"]),
            (each["digests"][0], each["digests"][1]),
            None if each["patch"] is None else _patch(each["patch"]),
        )
        for each in listed
    ]
    if not all(Path(os.path.realpath(one.path)).is_relative_to(root) for one in changes):
        raise ValueError("a step that leaves the site")
    return _name(str(name), value.get("said")), tuple(changes)


def _patch_json(patch: Patch) -> dict[str, Any]:
    return {
        "row": patch.row,
        "parts": [_packed(part) for part in (patch.above, patch.below, *patch.lines)],
        "ranks": [*patch.ranks[0], *patch.ranks[1]],
    }


def _patch(value: dict[str, Any]) -> Patch:
    above, below, before, after = (base64.b64decode(part) for part in value["parts"])
    ranks = value["ranks"]
    return Patch(value["row"], above, below, (before, after), ((ranks[0], ranks[1]), (ranks[2], ranks[3])))


def _name(english: str, written: object) -> str:
    """The name of a step, as a message if it was one."""
    try:
        message = from_json(written)
    except ValueError:
        return english
    return message if message == english else english


def _digest(name: str, listed: list[dict[str, Any]]) -> str:
    return digest_bytes(json.dumps([name, listed], sort_keys=True).encode())[:32]


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
