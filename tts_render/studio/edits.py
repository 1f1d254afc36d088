"""What a change on the page is in files: where text can say it, one line of the script; the rest, a take.

Everything else stays byte for byte. How a line is said by the text is asked of the engine before it is written.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tts_render.engine.moras import is_open
from tts_render.episode.takes import Take, encode_takes, read_takes
from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.ground.reasons import reason_of
from tts_render.run.journal import Change, StaleError
from tts_render.run.rereading import Rewording
from tts_render.run.retuning import opened
from tts_render.run.rewording import Draft
from tts_render.run.saying import Saying, drop_readings, write_readings
from tts_render.script import Line, Script
from tts_render.speech.casting import Utterance, cast
from tts_render.speech.fitting import carry_takes, carry_takes_along, utterance_ids
from tts_render.speech.speaking import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.engine import Engine
    from tts_render.engine.moras import AccentPhrase
    from tts_render.run.replacing import Replacing
    from tts_render.run.session import Session
    from tts_render.studio.sheet import Sheet

__all__ = [
    "Edit",
    "change_line",
    "change_text",
    "change_wording",
    "find_again",
    "replace_text",
    "say_line",
    "source_line",
]


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that is not made yet."""

    changes: tuple[Change, ...]
    saved: Literal["script", "take"]
    """Where it is kept."""


def source_line(sheet: Sheet, index: int) -> str:
    """A line of a script as it is written, without its end; of a slide deck, what the line shows.

    Raises:
        StaleError: the script was changed meanwhile.
    """
    draft = Draft(sheet.episode)
    utterance = sheet.utterances[index]
    return draft.row(utterance.line) if draft.has_markup else utterance.text


def change_line(sheet: Sheet, line: int, before: str, after: str) -> Edit:
    """One line of a script as somebody has typed it.

    Args:
        sheet: the episode.
        line: 1-based, where it was when somebody began to change it.
        before: the line then.
        after: what it becomes; empty takes the line out, with its end.

    Raises:
        StaleError: the line is another one now; the error has it.
        ScriptError: ``after`` has several lines, or the script could not be read with it.
    """
    draft = Draft(sheet.episode)
    row = draft.replace_row(line, before, after)
    lines = [utterance.line for utterance in _spoken(sheet)]
    changed = range(bisect_left(lines, row), bisect_right(lines, row))
    return Edit((_script(sheet, draft), *_carried(sheet, draft, changed)), "script")


def change_text(sheet: Sheet, index: int, text: str) -> Edit:
    """What a line says, for a notation in which lines of the file are not lines of the script.

    Raises:
        StaleError: the script was changed meanwhile.
        ScriptError: it cannot be put there.
    """
    draft = Draft(sheet.episode)
    if not text.strip() or not draft.make([Rewording(_place(sheet, index), text)]):
        raise _refused(sheet, index, said("this text cannot be put into the notes"))
    return Edit((_script(sheet, draft), *_carried(sheet, draft, range(index, index + 1))), "script")


def change_wording(sheet: Sheet, index: int, change: Rewording, what: str) -> Edit:
    """The manner, voice or pauses of a line, or the line left out, as markup. Its take goes with it.

    Args:
        sheet: the episode.
        index: of the utterance.
        change: what is to become of it; its index is filled in.
        what: it in words, for messages.

    Raises:
        StaleError: the script was changed meanwhile.
        ScriptError: the script cannot say this of the line.
    """
    draft = Draft(sheet.episode)
    if not draft.has_markup:
        raise _refused(sheet, index, said("{what} cannot be written here, since a slide deck has no markup", what=what))
    if not draft.make([replace(change, index=_place(sheet, index))]):
        raise _refused(sheet, index, said("{what} cannot be written for this line alone", what=what))
    take = sheet.utterances[index].take
    if take is not None and change.voice is not None:
        take = replace(take, phrases=opened(take.phrases))  # pitches and lengths of another voice
    return Edit((_script(sheet, draft), _takes(sheet, draft, index, take)), "script")


def replace_text(sheet: Sheet, replacing: Replacing) -> Edit:
    """Replacements that are made in a text. Takes stay with the lines that say what they did.

    Raises:
        StaleError: the script was changed meanwhile.
        ScriptError: the files cannot be read.
    """
    script = _script(sheet, replacing)
    episode = sheet.episode
    before = _content(episode.takes_file)
    takes = read_takes(episode.takes_file)
    if not takes:
        return Edit((script,), "script")
    now = cast(replacing.script, episode.config, episode.voice)
    items = sheet.lines.script.items
    both = ((items[old], now.items[new]) for old, new in replacing.same)
    pairs = [(old, new) for old, new in both if isinstance(old, Utterance) and isinstance(new, Utterance)]
    carried = carry_takes_along(takes, _spoken(sheet), now.utterances, pairs)
    return Edit((script, *_changed_takes(sheet, before, takes, carried)), "script")


def say_line(
    sheet: Sheet, index: int, session: Session, *, phrases: Sequence[AccentPhrase] | None, intonation: float | None
) -> Edit:
    """How a line is said: as readings in its text where the engine says them as wanted, else as a take.

    Args:
        sheet: the episode.
        index: of the utterance.
        session: knows what the engine has said before.
        phrases: what is said; empty for the engine's own, None for what is said now.
        intonation: factor for the voice's; None for what it is now.

    Raises:
        StaleError: the script was changed meanwhile.
        ScriptError: the files cannot be read, or this line is not of the script.
        EngineError: the engine cannot be asked.
    """
    draft = Draft(sheet.episode)
    take = sheet.utterances[index].take
    if intonation is None:
        intonation = 1.0 if take is None else take.intonation
    kept = tuple(phrases) if phrases is not None else () if take is None else take.phrases
    if phrases is not None and draft.has_markup and _is_written(sheet, index, session, draft, kept):
        kept = ()
    wanted = Take("", 1, "", "", "", phrases=kept, intonation=intonation)
    saved: Literal["script", "take"] = "take" if kept or (intonation != 1.0 and phrases is None) else "script"
    return Edit((_script(sheet, draft), _takes(sheet, draft, index, wanted)), saved)


def find_again(old: Sheet, index: int, new: Sheet) -> int:
    """Where an utterance stands in an episode that was changed meanwhile.

    Raises:
        StaleError: it is not there any more, or it cannot be told which one it is; the error has what is there.
    """
    texts, now = ([utterance.text for utterance in sheet.utterances] for sheet in (old, new))
    text = texts[index]
    places = [at for at, other in enumerate(now) if other == text]
    if len(places) == texts.count(text):
        return places[texts[:index].count(text)]
    near = [at for at in places if _neighbours(now, at) == _neighbours(texts, index)]
    if len(near) == 1:
        return near[0]
    path, line = new.episode.script.path, old.utterances[index].line
    if places:
        raise StaleError(
            said(
                "「{text}」 is there {count} times now, and it is not clear which one is meant",
                text=text,
                count=len(places),
            ),
            path=path,
            line=line,
            remedy=said("Look at the new text, and change that."),
        )
    earlier = [at for at, other in enumerate(now[:-1]) if index and other == texts[index - 1]]
    there = (
        now[earlier[0] + 1]
        if len(earlier) == 1
        else next((said.text for said in new.utterances if said.line >= line), now[-1])
    )
    raise StaleError(
        said("「{text}」 is not there any more; reads now: {there}", text=text, there=there),
        path=path,
        line=line,
        remedy=said("Look at the new text, and change that."),
        there=there,
    )


def _is_written(sheet: Sheet, index: int, session: Session, draft: Draft, phrases: tuple[AccentPhrase, ...]) -> bool:
    """Write accent phrases into the draft; whether the text says them now."""
    utterance, style = sheet.utterances[index], sheet.direction(sheet.utterances[index]).style
    place = _place(sheet, index)
    if not phrases:
        return bool(drop_readings(draft, [place]))
    if not is_open(phrases):
        return False

    def ask(engine: Engine) -> tuple[tuple[AccentPhrase, ...], tuple[AccentPhrase, ...]]:
        own, wanted = phrase(engine, replace(utterance, take=None), style), engine.follow(phrases, style)
        return engine.unfold(own), engine.unfold(wanted)

    saying = Saying(place, *sheet.pool.ask(ask), style)
    return bool(write_readings(draft, [saying], sheet.episode, sheet.pool, session.cache))


def _place(sheet: Sheet, index: int) -> int:
    """The index of an utterance's line among the items of the script."""
    place = sheet.place(index)
    if place is None:
        raise ScriptError(
            said("this is said by the settings, not by the script"),
            path=sheet.episode.path,
            remedy=said("Change voices.yaml."),
        )
    return place


def _script(sheet: Sheet, draft: Draft | Replacing) -> Change:
    path = sheet.episode.script.path
    try:
        before = path.read_bytes()
    except OSError as error:
        raise ScriptError(said("cannot be read: {reason}", reason=reason_of(error)), path=path) from error
    return Change(path, before, draft.encode(before))


def _takes(sheet: Sheet, draft: Draft, index: int, wanted: Take | None) -> Change:
    """The takes after a change of a line: its own as wanted, and those of equal lines by their new places."""
    episode, place = sheet.episode, _place(sheet, index)
    path = episode.takes_file
    before = _content(path)
    items = sheet.lines.script.items
    said: list[tuple[Utterance, bool]] = []  # and whether it is the line that was changed
    for item, origin in zip(draft.script.items, draft.origins, strict=True):
        known = items[origin] if origin >= 0 else None
        if not isinstance(item, Line) or not isinstance(known, Utterance):
            continue
        if origin == place:
            (known,) = cast(Script(episode.script.path, (item,)), episode.config, episode.voice).utterances
        said.append((known, origin == place))
    ids = list(zip(said, utterance_ids(utterance for utterance, _ in said), strict=True))
    moved = {sheet.ids[utterance.index]: number for (utterance, is_changed), number in ids if not is_changed}
    kept = [
        replace(take, utterance=moved.get(take.utterance, take.utterance))
        for take in read_takes(path)
        if take.utterance != sheet.ids[index]
    ]
    if wanted is not None and (wanted.phrases or wanted.intonation != 1.0):
        for (utterance, is_changed), number in ids:
            if is_changed:
                facts = (number, utterance.line, utterance.text, utterance.reading, utterance.voice, utterance.style)
                kept.append(Take(*facts, wanted.phrases, wanted.intonation))
    if encode_takes(kept) == encode_takes(read_takes(path)):
        return Change(path, before, before)
    return Change(path, before, encode_takes(kept) if kept else None)


def _spoken(sheet: Sheet) -> list[Utterance]:
    """What the script says, without what the settings add at the end."""
    items = sheet.lines.script.items[: len(sheet.episode.script.items)]
    return [item for item in items if isinstance(item, Utterance)]


def _carried(sheet: Sheet, draft: Draft, changed: range) -> tuple[Change, ...]:
    """How the takes change with texts, if they do."""
    episode = sheet.episode
    before = _content(episode.takes_file)
    takes = read_takes(episode.takes_file)
    if not takes:
        return ()
    now = cast(draft.script, episode.config, episode.voice).utterances
    carried = carry_takes(takes, _spoken(sheet), now, changed)
    return _changed_takes(sheet, before, takes, carried)


def _changed_takes(
    sheet: Sheet, before: bytes | None, takes: Sequence[Take], carried: Sequence[Take]
) -> tuple[Change, ...]:
    if tuple(carried) == tuple(takes):
        return ()
    return (Change(sheet.episode.takes_file, before, encode_takes(carried)),)


def _content(path: Path) -> bytes | None:
    """What is in a file before it is understood: what somebody writes afterwards is then not written over."""
    return path.read_bytes() if path.exists() else None


def _refused(sheet: Sheet, index: int, why: str) -> ScriptError:
    return ScriptError(
        why,
        path=sheet.episode.script.path,
        line=sheet.utterances[index].line,
        remedy=said("Change the text in an editor."),
    )


def _neighbours(texts: Sequence[str], at: int) -> tuple[str | None, str | None]:
    return texts[at - 1] if at else None, texts[at + 1] if at + 1 < len(texts) else None
