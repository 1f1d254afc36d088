"""What must hold whatever bytes come in: one function for each of the three inputs that people write.

The first bytes of a case choose how it is read, all others are the file. A target returns where every promise is kept,
be the input read or refused, and raises where one is broken.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tts_render.engine.base import KANA, MoraTime
from tts_render.ground.errors import ScriptError, TtsRenderError
from tts_render.ground.units import Frames, frames_to_ms
from tts_render.mix.timeline import Placement, Timeline
from tts_render.outputs.alignment import align, share
from tts_render.outputs.slide_times import show_deck, write_deck
from tts_render.reading import read
from tts_render.script import (
    Cue,
    Line,
    Notation,
    Script,
    Source,
    SpokenShortcode,
    Templates,
    decode_script,
    find_form,
    read_script,
)
from tts_render.script.cleaning import speakable
from tts_render.script.deck import parse_deck
from tts_render.settings.config import load_config, packaged_config_path
from tts_render.site.frontmatter import decode_post, read_front_matter
from tts_render.site.post import edit_post, read_post
from tts_render.site.presets import PRESETS, format_duration, format_size
from tts_render.speech.casting import Utterance, cast

if TYPE_CHECKING:
    from tts_render.settings.config import Config
    from tts_render.site.frontmatter import FrontMatter, Value
    from tts_render.site.post import Post, PostEdit
    from tts_render.site.presets import Key, Preset

__all__ = ["CSV_BEGINS", "TARGETS", "BrokenPromiseError", "try_post", "try_script", "try_voices"]

_RAW = 0x80  # in the first byte: bytes as they are, instead of without what is no UTF-8
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000f0000-\U000ffffd]")
_LINE_END = re.compile("\r\n|\r|\n")
_ANY_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # those of YAML, too


class BrokenPromiseError(AssertionError):
    """What was promised for every input does not hold for this one."""


def promise(kept: object, what: str, *facts: object) -> None:
    """Raise unless ``kept``.

    Raises:
        BrokenPromiseError: it is not.
    """
    if not kept:
        raise BrokenPromiseError(f"{what}: " + ", ".join(map(repr, facts)))


def check_error(error: TtsRenderError, path: Path, lines: int | None) -> None:
    """An error is text for people, and names a place in the file.

    Args:
        error: that was raised.
        path: the file.
        lines: in the file; None where an error need not name one.
    """
    promise(not _UNPRINTABLE.search(str(error)), "an error is harmless text", error.message, error.remedy)
    promise(error.path is None or Path(error.path) == path, "an error names the file", error.path)
    if lines is not None:
        promise(error.line is None or 1 <= error.line <= lines, "an error names a line of the file", str(error))


def _case(data: bytes, header: int) -> tuple[bytes, bytes]:
    """The bytes that choose, and the file; most cases are made UTF-8, or few would come further than that."""
    head, rest = data[:header].ljust(header, b"\0"), data[header:]
    return head, rest if head[0] & _RAW else rest.decode("utf-8", "ignore").encode()


def _count_lines(data: bytes) -> int:
    return len(_ANY_LINE_END.findall(data.decode("utf-8", "replace"))) + 1


# A post

_SIZES = (0, 1, 7_123_456, 104_857_600)
_SECONDS = (0, 59, 445, 36_000)
_BESIDE = {("transcript",): "/a/x.vtt", ("chapters",): "/a/x.json", ("episode", "transcript"): "x.vtt"}
_STRUCTURE = re.compile(r"""[\s:=,.{}\[\]"']+""")


def try_post(data: bytes, folder: Path) -> None:
    """A post is refused, or changes in its two values and in not one byte more."""
    head, source = _case(data, 2)
    preset = list(PRESETS.values())[head[0] % len(PRESETS)]
    size, seconds = _SIZES[head[1] & 3], _SECONDS[head[1] >> 2 & 3]
    path = folder / "post.md"
    path.write_bytes(source)
    try:
        post = read_post(path, preset, bare=bool(head[1] & 16))
        _read_all(post)
        edit = edit_post(post, size=size, seconds=seconds)
    except TtsRenderError as error:
        check_error(error, path, _count_lines(source))
        return
    promise(edit.before == source and post.front is not None, "an edit begins with what is there")
    if post.front is not None:
        _check_edit(edit, post.front, preset, size, seconds)
    after = _written(path, edit.after, preset)
    promise(after.body == post.body, "the body stays", edit.after)
    for key in (preset.size.key, preset.duration.key):
        _check_others(post.data, after.data, preset, key)
    again = edit_post(after, size=size, seconds=seconds)
    promise(not again.changed and again.after == edit.after, "what is right is not changed again", again.after)
    if head[1] & 32:
        _check_beside(after, path, size, seconds)


def _read_all(post: Post) -> None:
    """Everything that a post says can be asked for."""
    said = (post.audio, post.title, post.description, post.script, post.permalink, *post.actors, *post.images)
    promise(all(isinstance(text, str) for text in said if text is not None), "what a post says is text", said)
    promise(post.date is None or post.date.year, "a date has a year")
    for number in (post.season, post.number):
        promise(number is None or number >= 0, "a number counts", number)
    for key in (post.preset.audio, post.preset.title):
        line = post.line_of(key)
        promise(line is None or 1 <= line <= _count_lines(post.source), "a key stands in a line of the file", line)


def _written(path: Path, data: bytes, preset: Preset) -> Post:
    path.write_bytes(data)
    try:
        return read_post(path, preset)
    except TtsRenderError as error:
        raise BrokenPromiseError(f"what was written can be read: {error}") from error


def _check_edit(edit: PostEdit, front: FrontMatter, preset: Preset, size: int, seconds: int) -> None:
    """The edit is one splice for each of the two values, of no other characters than theirs."""
    again = read_front_matter(edit.path, decode_post(edit.path, edit.after), any_case=preset.any_case)
    promise(again is not None, "a post stays a post")
    wanted: tuple[tuple[Key, Value], ...] = (
        (preset.size.key, format_size(preset.size.form, size)),
        (preset.duration.key, format_duration(preset.duration.form, seconds)),
    )
    for key, value in wanted:
        found = again.find(key) if again else None
        if found is None:  # an optional one
            promise(front.find(key) is None, "a value is not taken away", key)
            continue
        promise(found.says(value), "the post says the value", key, found.text)
        written = front.find(key)
        if written is not None and written.says(value):
            continue
        changed = front.with_value(key, value)
        _check_splice(front, changed, key, value)
        front = changed
    promise(front.encode() == edit.after, "nothing but the two values changes", front.encode(), edit.after)


def _check_splice(front: FrontMatter, changed: FrontMatter, key: Key, value: Value) -> None:
    before, after = front.encode().decode(), changed.encode().decode()
    start = _common(before, after)
    end = min(_common(before[::-1], after[::-1]), min(len(before), len(after)) - start)
    removed, added = before[start : len(before) - end], after[start : len(after) - end]
    old = front.find(key)
    promise(removed in (old.text if old else ""), "only the old value is taken out", key, removed)
    if old is not None and old.text:
        new = changed.find(key)
        promise(new is not None and added in new.text, "only the new value is put in", key, added)
        return
    # A whole key may be put in, and where it is like its neighbours it is not known where exactly it begins.
    letters = sorted(_STRUCTURE.sub("", added))
    texts = ("".join(key[n:]) + str(value) for n in range(len(key) + 1))
    promise(letters in [sorted(_STRUCTURE.sub("", text)) for text in texts], "only key and value are put in", added)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _check_others(before: Mapping[str, object], after: Mapping[str, object], preset: Preset, key: Key) -> None:
    keys = {preset.size.key, preset.duration.key}
    one, other = ([repr(item) for item in _others(data, (), keys, preset)] for data in (before, after))
    promise(one == other, "every other key says what it said", key, one, other)


def _others(data: object, place: Key, keys: set[Key], preset: Preset) -> list[tuple[Key, object]]:
    """Places and values of all but ``keys``; a group that holds nothing else is none."""
    if isinstance(data, Mapping):
        found = [item for name, value in data.items() for item in _others(value, (*place, name), keys, preset)]
        if found:
            return found
        data = None
    here = tuple(_folded(name, preset) for name in place)
    if any(here == tuple(_folded(name, preset) for name in key[: len(here)]) for key in keys):
        return []
    return [(place, data)]


def _folded(name: object, preset: Preset) -> object:
    return name.casefold() if preset.any_case and isinstance(name, str) else name


def _check_beside(post: Post, path: Path, size: int, seconds: int) -> None:
    try:
        edit = edit_post(post, size=size, seconds=seconds, beside=_BESIDE)
    except TtsRenderError as error:
        check_error(error, path, _count_lines(post.source))
        return
    after = _written(path, edit.after, post.preset)
    promise(after.body == post.body, "the body stays", edit.after)
    again = edit_post(after, size=size, seconds=seconds, beside=_BESIDE)
    promise(not again.changed, "what is right is not changed again", again.after)


# A script

_NAMES = ("script.txt", "post.md", "deck.json", "page.html", "script", "page.txt")
_LONGEST = (120, 120, 120, 40)
_PLAIN = re.compile("[ぁ-んァ-ン一-龠A-Za-z0-9、。！？「」（）]+")
_WORDS = re.compile("[ぁ-んァ-ン一-龠A-Za-z0-9]+")
_SHORTCODES = {
    "quote": SpokenShortcode("body", "user", ("つむぎ", "ずんだもん")),
    "fold": SpokenShortcode("summary"),
    "ref": SpokenShortcode(),
}
_TEMPLATES = Templates("{title}、{date}の{count}本です。", "{n}本目、{article}。", "おわりです。", "題", "十一月二十日")
_RATE = 44100


@dataclass(frozen=True)
class _Reader:
    """How a case is read."""

    path: Path
    form: str | None
    first_line: int
    notation: Notation

    def read(self, text: str) -> Script:
        return read_script(self.path, text, self.notation, first_line=self.first_line, form=self.form)


@cache
def _packaged() -> Config:
    return load_config(packaged_config_path())


def _reader(head: bytes) -> _Reader:
    name = _NAMES[head[0] % len(_NAMES)]
    config = _packaged()
    notation = Notation(
        speakers=frozenset(config.names()),
        longest=_LONGEST[head[1] & 3],
        sounds=frozenset(config.sounds),
        shortcodes=_SHORTCODES,
        templates=_TEMPLATES if head[1] & 4 else Templates(),
    )
    first_line = 7 if head[1] & 8 and not name.endswith(".json") else 1  # a deck is a whole file
    return _Reader(Path(name), "rendered" if name == "page.txt" else None, first_line, notation)


def try_script(data: bytes, _: Path) -> None:
    """A script is refused, or all of it is said, and nothing of it but what can be said."""
    head, source = _case(data, 2)
    reader = _reader(head)
    last = reader.first_line - 1 + _count_lines(source)
    try:
        text = decode_script(reader.path, source)
        script = reader.read(text)
    except TtsRenderError as error:
        check_error(error, reader.path, last)
        return
    promise(reader.read(text) == script, "a script is always the same")
    for item in script.items:
        promise(reader.first_line <= item.line <= last, "an item names its line", item)
        if isinstance(item, Cue) and item.title:
            promise(not _CONTROL.search(item.title), "a title is clean", item.title)
    for remark in script.remarks:
        promise(not _UNPRINTABLE.search(remark.message), "a remark is harmless text", remark.message)
    uncut = (
        len(text) <= reader.notation.longest
    )  # a part of a long sentence may be nothing but marks, and is no utterance
    for line in script.lines:
        promise(not uncut or speakable(line.text), "a line can be said", line.text)
        _check_line(line)
    _check_nothing_lost(reader, text, script)
    utterances = _check_reading(script)
    timeline = _timeline(script.lines[:40])
    for utterance in utterances[-1:]:
        _check_alignment(utterance)
    if reader.path.suffix == ".json" and find_form(Source(reader.path, text, reader.first_line))[0] == "deck":
        _check_deck(reader.path, text.removeprefix("\ufeff"), timeline)


def _check_line(line: Line) -> None:
    promise(not _CONTROL.search(line.text), "a line is clean", line.text)
    if line.spans:
        promise("".join(span.text for span in line.spans) == line.text, "the spans are the line", line)
    else:  # a part that is said in its own way is cut anywhere, if it must be
        promise(line.text == line.text.strip(), "no space stands around a line", line.text)
        first = line.text[0] if speakable(line.text) else ""
        promise(first not in tuple("」』）)。、！？!?ー"), "no line begins with a closing mark", line.text)


def _check_nothing_lost(reader: _Reader, text: str, script: Script) -> None:
    heard = "".join(word for line in script.lines for word in _WORDS.findall(line.text))
    position = 0
    for line in _sure(reader, text):
        words = "".join(_WORDS.findall(line))
        found = heard.find(words, position)
        promise(found >= 0, "no sentence is missing", line, heard)
        position = found + len(words)


def _sure(reader: _Reader, text: str) -> list[str]:
    """The lines of a source that are text and nothing else, whatever stands around them."""
    if reader.form:
        return []
    form, source = find_form(Source(reader.path, text.removeprefix("\ufeff"), reader.first_line))
    body = source.text
    if form == "deck":
        notes = (slide.notes for slide in parse_deck(reader.path, body).slides)
        return [line for note in notes for line in _LINE_END.split(note) if _PLAIN.fullmatch(line)]
    lines = _LINE_END.split(body)
    if form == "text" and not re.search("[<\x1b]", body):
        return [line for line in lines if _PLAIN.fullmatch(line)]
    if form == "markdown" and not re.search("[<`~{\\[&\\\\\x00-\x08\x0b\x0c\x0e-\x1f\x85\u2028\u2029]", body):
        alone = zip(["", *lines], lines, [*lines[1:], ""], strict=False)
        return [line for one, line, other in alone if not one and not other and _PLAIN.fullmatch(line)]
    return []


def _check_reading(script: Script) -> tuple[Utterance, ...]:
    """What reaches an engine is clean; where the script says itself how it is said, there are at least no controls."""
    config = _packaged()
    try:
        found = cast(script, config, config.voices[config.default]).utterances
    except ScriptError as error:
        check_error(error, script.path, None)
        return ()
    own = {line.text for line in script.lines if line.spans}
    for utterance in found:
        reading = utterance.reading
        promise(speakable(reading), "an utterance can be said", reading)
        promise(not _CONTROL.search(reading.replace(KANA[0], "").replace(KANA[1], "")), "a reading is clean", reading)
        if utterance.text not in own:
            promise(unicodedata.is_normalized("NFC", reading), "a reading is composed", reading)
            unwanted = re.search(r"[\u200b-\u200f\ufe00-\ufe0f０-９Ａ-Ｚａ-ｚｦ-ﾟ]|([^\s0-9])\1{4}|  |^\s|\s$", reading)
            promise(not unwanted, "a reading is spelled for an engine", reading)
    return found


def _check_alignment(utterance: Utterance) -> None:
    text = utterance.text[:60]
    moras = [character if character.isalpha() else "、" for character in utterance.reading[:60]]
    times = [MoraTime(mora, Frames(100 * n), Frames(100 * n + 100)) for n, mora in enumerate(moras)]
    for edges in (align(text, times), share(text, Frames(100 * len(moras)))):
        promise(len(edges) == len(text) + 1, "every place of a text has an edge", text)
        promise(all(edge.end <= edge.start for edge in edges), "an edge ends before it starts", text)
        promise(all(a.start <= b.start and a.end <= b.end for a, b in pairwise(edges)), "edges never go back", text)
        promise(edges[-1].end == 100 * len(moras), "the last edge is the end of the sound", text)


def _timeline(lines: tuple[Line, ...]) -> Timeline:
    length, gap = _RATE, _RATE // 2
    spoken = [
        Placement(
            Frames(n * (length + gap)), Frames(length), None, utterance=Utterance(n, line.text, "", "", line.line, True)
        )
        for n, line in enumerate(lines)
    ]
    return Timeline((*spoken, Placement(Frames(len(lines) * (length + gap)), Frames(0), None)), _RATE)


def _check_deck(path: Path, text: str, timeline: Timeline) -> None:
    deck = parse_deck(path, text)
    shown = show_deck(deck, timeline, offset_ms=250)
    promise(shown[0].start_ms == 250, "the first slide begins at the offset", shown[0])
    promise(all(a.end_ms == b.start_ms for a, b in pairwise(shown)), "slides touch", shown)
    promise(all(at.start_ms <= at.end_ms for at in shown), "no slide ends before it begins", shown)
    films = sum(slide.raw_ms or 0 for slide in deck.slides)
    promise(
        shown[-1].end_ms == frames_to_ms(timeline.frames, timeline.rate) + films + 250, "the last slide ends with all"
    )
    again = json.loads(write_deck(deck, shown))
    for before, after in zip(json.loads(text), again, strict=True):
        others = [
            {k: repr(v) for k, v in slide.items() if k not in ("start_ms", "end_ms")} for slide in (before, after)
        ]
        promise(others[0] == others[1], "a deck changes in its times only", *others)


# voices.yaml

CSV_BEGINS = b"=== words.csv\n"
"""What divides a case into voices.yaml and the file words.csv beside it."""


def try_voices(data: bytes, folder: Path) -> None:
    """A voices.yaml can be used, or is refused with the place of what is wrong."""
    _, source = _case(data, 1)
    settings, _, words = source.partition(CSV_BEGINS)
    path, csv = folder / "voices.yaml", folder / "words.csv"
    path.write_bytes(settings)
    csv.write_bytes(words)
    try:
        config = load_config(path, root=folder)
    except TtsRenderError as error:
        where = csv if error.path == csv else path
        check_error(error, where, _count_lines(words if where is csv else settings))
        known = ("is empty", "bytes long")
        promise(
            error.line is not None or any(text in error.message for text in known), "an error names a line", str(error)
        )
        return
    promise(config.voice(config.default) is not None, "the default is a voice", config.default)
    for name in config.names():
        voice = config.voice(name)
        promise(voice is not None, "every name answers", name)
    for show in config.shows:
        sounds = (show.opening, show.between_sections, show.ending)
        promise(all(sound in config.sounds for sound in sounds if sound), "a show has its sounds", sounds)
    show = config.show(actor=config.default, title="題", file="2026-11-20-1.md")
    said = read("今日はLLMの話。" + "".join(config.lexicon)[:200], config.lexicon, links=config.links).said
    promise(not _CONTROL.search(said), "a reading is clean", said, config.lexicon, config.links)
    notation = Notation(
        speakers=frozenset(config.names()),
        sounds=frozenset(config.sounds),
        shortcodes=config.shortcodes,
        templates=Templates(show.intro, show.before_article, show.outro, "題", "今日"),
    )
    body = "ずんだもん：文です。\n\n- [一](https://e.com/1)\n\n本文。\n"
    if "quote" in config.shortcodes:
        body += '\n{{<quote body="言葉" user="a">}}\n'
    try:
        script = read_script(Path("post.md"), body, notation)
        cast(script, config, config.voices[config.default])
    except TtsRenderError as error:
        check_error(error, Path("post.md"), _count_lines(body.encode()))


TARGETS: Mapping[str, Callable[[bytes, Path], None]] = {"post": try_post, "script": try_script, "voices": try_voices}
"""By name. Each takes a case, and a folder that is its own."""
