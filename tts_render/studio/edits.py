"""What a change on the page is in files: one line of a script, or one take. Everything else stays byte for byte."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.episode.episode import DECK_SUFFIX
from tts_render.episode.takes import Take, encode_takes, read_takes
from tts_render.ground.errors import ScriptError
from tts_render.run.journal import Change, StaleError
from tts_render.speech.casting import cast
from tts_render.speech.fitting import utterance_ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine.moras import AccentPhrase
    from tts_render.studio.sheet import Sheet

__all__ = ["change_line", "change_take", "source_line"]

_LINE_END = re.compile(rb"\r\n|\r|\n")


def source_line(path: Path, line: int) -> str:
    """A line of a script as it is written, without its end.

    Args:
        path: the script, or the post whose body is spoken.
        line: 1-based.

    Raises:
        StaleError: there is no such line any more.
        ScriptError: the script is a slide deck, whose lines are not those of its file, or is not UTF-8.
    """
    start, end, content = _span(path, line)
    return _decoded(path, line, content[start:end])


def change_line(path: Path, line: int, before: str, after: str) -> Change:
    """One line of a script, replaced.

    Args:
        path: the script, or the post whose body is spoken.
        line: 1-based.
        before: the line as it was when somebody began to change it.
        after: what it becomes; empty takes the line out, with its end.

    Raises:
        StaleError: the line is another one now; the error has it.
        ScriptError: ``after`` has several lines, or the script is a slide deck.
    """
    if _LINE_END.search(after.encode()):
        raise ScriptError("one line cannot become several", path=path, line=line, remedy="Add lines in an editor.")
    start, end, content = _span(path, line)
    now = _decoded(path, line, content[start:end])
    if now != before:
        raise StaleError(
            f"reads now: {now}", path=path, line=line, remedy="Your text is kept; look at both, and save again."
        )
    if not after:
        ending = _LINE_END.match(content, end)
        end = ending.end() if ending else end
    return Change(path, content, content[:start] + after.encode() + content[end:])


def change_take(sheet: Sheet, index: int, *, phrases: Sequence[AccentPhrase] = (), intonation: float = 1.0) -> Change:
    """The takes of an episode with another one for an utterance; one that changes nothing is taken out.

    Args:
        sheet: the episode.
        index: of the utterance.
        phrases: what is said; empty for the engine's own.
        intonation: factor for the voice's.

    Raises:
        ScriptError: the file of the takes cannot be read.
        StaleError: the line is another one now.
    """
    episode = sheet.episode
    plain = cast(episode.script, episode.config, episode.voice).utterances
    if index >= len(plain):
        raise ScriptError(
            "this is said by the settings, not by the script", path=episode.path, remedy="Change voices.yaml."
        )
    utterance, number = plain[index], utterance_ids(plain)[index]
    if utterance.text != sheet.utterances[index].text:
        raise StaleError("was changed in the meantime", path=episode.script.path, line=utterance.line)
    kept = [take for take in read_takes(episode.takes_file) if take.utterance != number]
    take = Take(number, utterance.line, utterance.text, utterance.reading, utterance.voice, utterance.style)
    if phrases or intonation != 1.0:
        kept.append(replace(take, phrases=tuple(phrases), intonation=intonation))
    before = episode.takes_file.read_bytes() if episode.takes_file.exists() else None
    return Change(episode.takes_file, before, encode_takes(kept) if kept else None)


def _span(path: Path, line: int) -> tuple[int, int, bytes]:
    """Where a line begins and ends in the content of a file."""
    if path.suffix.lower() == DECK_SUFFIX:
        raise ScriptError("the notes of a slide deck are changed in the deck", path=path, line=line)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ScriptError(f"cannot be read: {error.strerror or error}", path=path) from error
    start = len(b"\xef\xbb\xbf") if content.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(line - 1):
        found = _LINE_END.search(content, start)
        if found is None:
            raise StaleError("has fewer lines now", path=path, line=line)
        start = found.end()
    found = _LINE_END.search(content, start)
    return start, found.start() if found else len(content), content


def _decoded(path: Path, line: int, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ScriptError("is not UTF-8", path=path, line=line) from error
