"""What a run reports to GitHub: annotations beside lines, a table for the summary, and the outputs for later steps.

Sources: GitHub's documentation of workflow commands (``::error file=...``, ``GITHUB_OUTPUT``, ``GITHUB_STEP_SUMMARY``).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_render.cli.language import shown
from tts_render.ground.errors import SpeechError
from tts_render.ground.messages import joined, said
from tts_render.ground.printable import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tts_render.ground.errors import TtsRenderError

__all__ = ["annotation", "failures", "report"]


def annotation(
    level: str, message: str, path: str, line: int | None, *, title: str | None = None, remedy: str | None = None
) -> str:
    """Make the workflow command for an annotation beside a line.

    Args:
        level: ``error`` or ``warning``.
        message: what is wrong.
        path: the file, relative to the repository's root.
        line: 1-based line in the file.
        title: heading of the message.
        remedy: what to do.
    """
    places = f"file={_property(path)}"
    if line is not None:
        places += f",line={line}"
    if title is not None:
        places += f",title={_property(title)}"
    text = f"{shown(message)}\n{shown(remedy)}" if remedy else shown(message)
    return f"::{level} {places}::{_data(text)}"


def failures(episode: Path, error: TtsRenderError) -> Iterator[str]:
    """Why an episode could not be rendered: at the line that an error gives, else at the episode.

    Each utterance that could not be spoken has its own annotation.
    """
    for each in error.failures if isinstance(error, SpeechError) else (error,):
        path = str(each.path) if each.path is not None else str(episode)
        if not Path(path).is_file():
            yield annotation("error", joined((path, each.message), ": "), str(episode), None, remedy=each.remedy)
        else:
            yield annotation("error", each.message, path, each.line, remedy=each.remedy)


def report(rendered: Sequence[tuple[Path, Mapping[str, Any]]], *, older: int) -> None:
    """Add the result of each episode to the run's summary, and tell later steps which ones exist now.

    Args:
        rendered: the path of each episode, and what ``--json`` prints for it.
        older: number of older episodes that were left alone.

    Raises:
        OSError: a file given by GitHub cannot be written.
    """
    there = [str(path) for path, facts in rendered if "error" not in facts]
    mark = secrets.token_hex(8)  # a file name must not be able to end the list
    _append("GITHUB_OUTPUT", "\n".join([f"episodes<<{mark}", *there, mark, f"taken={len(rendered)}"]) + "\n")
    _append("GITHUB_STEP_SUMMARY", _summary(rendered, older))


def _summary(rendered: Sequence[tuple[Path, Mapping[str, Any]]], older: int) -> str:
    lines = ["### tts-render", ""]
    if rendered:
        heads = (
            said("episode"), said("length"), said("bytes"), said("spoken"), said("from the cache"), "LUFS", "",
        )  # fmt: skip
        lines += [_cells(heads), "|---" * len(heads) + "|"]
        lines += [_row(path, facts) for path, facts in rendered]
    else:
        lines.append(shown(said("No episode is new or out of date.")))
    if older:
        lines += ["", shown(said("Older ones without audio, left alone: {older}.", older=older))]
    return "\n".join(lines) + "\n"


def _row(path: Path, facts: Mapping[str, Any]) -> str:
    if "error" in facts:
        return _cells((str(path), "", "", "", "", "", "❌ " + shown(facts["error"]).partition("\n")[0]))
    loud = facts["loudness_lufs"]
    return _cells(
        (
            str(path),
            facts["duration"],
            f"{facts['bytes']:,}",
            str(facts["synthesized"]),
            str(facts["cached"]),
            "" if loud is None else f"{loud:.1f}",
            said("✅ rendered") if facts["changed"] else said("unchanged"),
        )
    )


def _cells(texts: Sequence[str]) -> str:
    return "| " + " | ".join(one_line(shown(text)).replace("|", "\\|") for text in texts).rstrip() + " |"


def _append(variable: str, text: str) -> None:
    if os.environ.get(variable):
        with Path(os.environ[variable]).open("a", encoding="utf-8") as stream:
            stream.write(text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
