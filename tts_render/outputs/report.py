"""The report: one page that shows, plays and explains the result of a run.

It contains everything it needs except the MP3, which is beside it. Its policy lets a browser run and style nothing but
what is packaged here, and load nothing but that MP3. Texts come from scripts and posts: each is escaped on insertion.

It speaks two languages, so that it does not depend on who rendered it. Its text is in that of the episode, and what is
said in the other one is in attributes (``data-en``, ``data-ja-label``), from which the page takes the browser's.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

import soundfile

from tts_render.ground.errors import OutputError
from tts_render.ground.messages import said, said_count, template_in, translate
from tts_render.ground.reasons import words_of
from tts_render.ground.units import format_clock, frames_to_ms, half_up
from tts_render.outputs.finished import safe_link
from tts_render.outputs.plots import draw
from tts_render.sound.audio import BLOCK_FRAMES, feed
from tts_render.sound.loudness import ProfileMeter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tts_render.ground.messages import Language
    from tts_render.mix.timeline import Chapter, Placement
    from tts_render.outputs.finished import FinishedEpisode, Run
    from tts_render.sound.loudness import Profile

__all__ = ["decode_profile", "report_html"]

_COLOURS = 8  # for speakers; the ninth has that of the first


def report_html(published: FinishedEpisode) -> bytes:
    """Make the page about the run in ``published``.

    Raises:
        ValueError: nothing is known about the run.
    """
    run = published.run
    if run is None:
        raise ValueError("a report needs the facts of a run")
    texts = {name: _package_text(f"report.{name}") for name in ("html", "css", "js")}
    words = _Words("ja" if published.language.startswith("ja") else "en")
    parts = {
        "lang": words.language,
        "words": _text(json.dumps(_templates(texts["js"]), ensure_ascii=False)),
        "css": texts["css"],
        "js": texts["js"],
        "policy": _policy(texts["css"], texts["js"]),
        **_texts(published, run, words),
        **_drawing(published, run, words),
    }
    page = re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], texts["html"])
    return page.encode(errors="replace")  # lone surrogates cannot be encoded


@dataclass(frozen=True, slots=True)
class _Words:
    """Messages in both languages of the page."""

    language: Language
    """That of its text; the other one is in attributes."""

    @property
    def other(self) -> Language:
        return "en" if self.language == "ja" else "ja"

    def tag(self, tag: str, message: str, attributes: str = "") -> str:
        """An element that says ``message``."""
        text, other = _text(translate(message, self.language)), _text(translate(message, self.other))
        both = "" if text == other else f' data-{self.other}="{other}"'
        return f"<{tag}{attributes}{both}>{text}</{tag}>"

    def label(self, message: str) -> str:
        """The attributes of an element that is called ``message``."""
        return (
            f'aria-label="{_text(translate(message, self.language))}"'
            f' data-{self.other}-label="{_text(translate(message, self.other))}"'
        )

    def here(self, message: str) -> str:
        """``message`` in the page's own language, for what the script says in the other one."""
        return _text(translate(message, self.language))


def _templates(script: str) -> dict[str, str]:
    """What the script says, in Japanese."""
    return {text: template_in(text, "ja") for text in re.findall(r'\bsay\("([^"]*)"', script)}


def decode_profile(path: Path) -> Profile:
    """Measure how loudness and peaks run through the decoded MP3 ``path``.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        with soundfile.SoundFile(path) as file:
            meter = ProfileMeter(file.samplerate, file.channels)
            feed(file.blocks(BLOCK_FRAMES, dtype="float32", always_2d=True), meter.add)
    except (soundfile.LibsndfileError, OSError) as error:
        raise OutputError(
            said("the MP3 cannot be read: {error}", error=words_of(error)), path=path, remedy=said("Render it again.")
        ) from error
    return meter.profile()


def _package_text(name: str) -> str:
    return (files("tts_render.outputs") / "page" / name).read_text(encoding="utf-8")


def _policy(css: str, js: str) -> str:
    """A Content-Security-Policy; ``file:`` is for a page opened from the disk."""

    def only(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {only(js)}; style-src {only(css)}; media-src 'self' file:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _texts(published: FinishedEpisode, run: Run, words: _Words) -> dict[str, str]:
    """The texts of the page."""
    timeline = published.timeline
    length = frames_to_ms(timeline.frames, timeline.rate)
    mixed = 0 < sum(run.cached) < len(run.cached)
    only_new = f'<label><input type="checkbox" id="only-new"> {words.tag("span", said("Only what is new"))}</label>'
    return {
        "title": words.tag("title", said("Report: {title}", title=published.title)),
        "heading": _heading(published),
        "show": _text(published.show or ""),
        "language": _text(published.language),
        "seconds": f"{length / 1000:.3f}",
        "audio": quote(published.audio.encode(errors="replace"), safe=""),
        "facts": _facts(published, run, words),
        "warnings": _warnings(run.warnings, words),
        "player": words.label(said("Player")),
        "chapters": _chapters(published, words),
        "said": words.tag("h2", said("Utterances"), ' id="said"'),
        "follow": words.tag("span", said("Keep in view what sounds")),
        "only_new": only_new if mixed else "",
        "utterances": _sections(published, run, words),
    }


def _heading(published: FinishedEpisode) -> str:
    link, title = safe_link(published.url), _text(published.title)
    return f'<a href="{_text(link)}" rel="noreferrer">{title}</a>' if link else title


def _facts(published: FinishedEpisode, run: Run, words: _Words) -> str:
    timeline = published.timeline
    new = len(run.cached) - sum(run.cached)
    counts = said("{count}: {new} new, {cached} cached", count=len(run.cached), new=new, cached=sum(run.cached))
    facts = [
        (said("Length"), format_clock(half_up(Fraction(timeline.frames, timeline.rate)))),
        (said("File"), f"{published.audio}, {run.bytes / 1e6:.1f} MB"),
        (said("Loudness"), said("silence") if run.loudness is None else f"{_level(run.loudness)} LUFS"),
        (said("True peak"), said("silence") if run.true_peak is None else f"{_level(run.true_peak)} dBTP"),
        (said("Utterances"), counts),
        (said("Engine"), ", ".join(run.engines)),
        (said("Encoder"), run.encoder),
    ]
    rows = [f"<div>{words.tag('dt', name)}{words.tag('dd', value)}</div>" for name, value in facts if value]
    if published.credits:
        credits_ = f'<span lang="{_text(published.language)}">{_text(" / ".join(published.credits))}</span>'
        rows.append(f"<div>{words.tag('dt', said('Credits'))}<dd>{credits_}</dd></div>")
    return "\n".join(rows)


def _warnings(messages: Sequence[str], words: _Words) -> str:
    if not messages:
        return ""
    items = "\n".join(words.tag("li", message) for message in messages)
    count = said_count("{count} warning", "{count} warnings", count=len(messages))
    head = words.tag("h2", count, ' id="warnings"')
    return f'<section class="warnings" aria-labelledby="warnings">{head}\n<ul>\n{items}\n</ul></section>'


def _chapters(published: FinishedEpisode, words: _Words) -> str:
    if not published.chapters:
        return ""
    rate = published.timeline.rate
    buttons = "\n".join(
        f'<li><button type="button" data-start="{_seconds(chapter.start, rate)}">'
        f"<time>{format_clock(chapter.start // rate, minute_digits=1)}</time> "
        f'<span lang="{_text(published.language)}">{_text(chapter.title)}</span></button></li>'
        for chapter in published.chapters
    )
    head = words.tag("h2", said("Chapters"), ' id="chapters"')
    return f'<nav class="chapters" aria-labelledby="chapters">{head}\n<ol>\n{buttons}\n</ol></nav>'


def _sections(published: FinishedEpisode, run: Run, words: _Words) -> str:
    """Everything that sounds, in order, grouped by chapters."""
    timeline = published.timeline
    starts = [chapter.start for chapter in published.chapters]
    colours = _colours(published)
    parts: list[str] = []
    section: int | None = None
    for placement in timeline.placements:
        if placement.utterance is None and placement.sound is None:
            continue
        here = max(0, bisect_right(starts, placement.start) - 1)
        if here != section:
            parts += ["</ol>"] if section is not None else []
            parts += [_section_title(published.chapters[here], published.language)] if starts else []
            parts.append("<ol>")
            section = here
        parts.append(_line(placement, published, run, colours, words))
    return "\n".join([*parts, "</ol>"] if section is not None else parts)


def _section_title(chapter: Chapter, language: str) -> str:
    link, title = safe_link(chapter.url), _text(chapter.title)
    inside = f'<a href="{_text(link)}" rel="noreferrer">{title}</a>' if link else title
    return f'<h3 lang="{_text(language)}">{inside}</h3>'


def _line(placement: Placement, published: FinishedEpisode, run: Run, colours: Mapping[str, str], words: _Words) -> str:
    """One utterance or jingle; the script says what is said of each in the other language."""
    rate, language = published.timeline.rate, _text(published.language)
    utterance = placement.utterance
    start = _clock(frames_to_ms(placement.start, rate))
    lasts = f"<span>{frames_to_ms(placement.frames, rate) / 1000:.2f} s</span>"
    if utterance is None:
        kind, name, text = "sound", "♪", f"<i>{_text(placement.sound or '')}</i>"
        about = lasts
    else:
        cached = run.cached[utterance.index]
        kind = f"{colours[utterance.voice]} {'cached' if cached else 'new'}"
        style = f"（{_text(utterance.style)}）" if utterance.style else ""
        name, text = f"{_text(utterance.voice)}{style}", _text(utterance.text)
        if utterance.reading != utterance.text:
            text += f' <span class="reading">{_text(utterance.reading)}</span>'
        about = (
            f'<span class="line">{words.here(said("line {line}", line=utterance.line))}</span>{lasts}'
            f'<span class="state">{words.here(said("cached") if cached else said("new"))}</span>'
        )
    play = words.here(said("Play from {time}", time=start))
    return (
        f'<li class="{kind}" data-start="{_seconds(placement.start, rate)}">'
        f'<button type="button" aria-label="{play}"><time>{start}</time></button>'
        f'<span class="speaker" lang="{language}">{name}</span>'
        f'<span class="words" lang="{language}">{text}</span>'
        f'<span class="about">{about}</span></li>'
    )


def _colours(published: FinishedEpisode) -> dict[str, str]:
    """The class of each speaker, in the order of first appearance."""
    voices = dict.fromkeys(utterance.voice for utterance in published.utterances)
    return {voice: f"v{number % _COLOURS}" for number, voice in enumerate(voices)}


def _drawing(published: FinishedEpisode, run: Run, words: _Words) -> dict[str, str]:
    """The plots."""
    timeline, colours = published.timeline, _colours(published)
    mean = run.loudness
    plots = draw(timeline, published.chapters, run.profile, mean)
    lane = [
        f'<rect class="{"sound" if piece.voice is None else colours[piece.voice]}" x="{piece.start}" '
        f'width="{piece.length}" height="10"/>'
        for piece in plots.lane
    ]
    talk: dict[str, int] = dict.fromkeys(colours, 0)
    for piece in plots.lane:
        if piece.voice is not None:
            talk[piece.voice] += piece.length
    speakers = [
        f'<li class="{colours[voice]}"><span class="dot"></span><span lang="{_text(published.language)}">{_text(voice)}'
        f"</span> {_clock(ms)}</li>"
        for voice, ms in talk.items()
    ]
    if any(piece.voice is None for piece in plots.lane):
        speakers.append(f'<li class="sound"><span class="dot"></span>{words.tag("span", said("sounds"))}</li>')
    length = frames_to_ms(timeline.frames, timeline.rate)
    return {
        "columns": str(plots.columns),
        "milliseconds": str(plots.milliseconds),
        "wave": plots.wave,
        "borders": plots.borders,
        "lane": "\n".join(lane),
        "loudness": plots.loudness,
        "grid": plots.grid,
        "mean": plots.mean,
        "legend": words.tag(
            "p",
            said("Above: peaks. Below: short-term loudness in LUFS, over 3 s.")
            if mean is None
            else said(
                "Above: peaks. Below: short-term loudness in LUFS, over 3 s; dashed: all of it, {mean}.",
                mean=_level(mean),
            ),
        ),
        "levels": "\n".join(
            f'<text x="4" y="{height / 10:g}%">{_level(level, 0)}</text>' for level, height in plots.levels
        ),
        "axis": "\n".join(
            f'<line x1="{x:.3f}%" x2="{x:.3f}%" y2="4"/>\n<text x="{x:.3f}%" y="16">{clock}</text>'
            for x, clock in plots.ticks
        ),
        "speakers": "\n".join(speakers),
        "described": words.label(
            said(
                "Waveform, speakers and loudness of {length}; a click moves the player there",
                length=format_clock(half_up(Fraction(length, 1000))),
            )
        ),
        "talking": words.label(said("Speakers")),
    }


def _clock(ms: int) -> str:
    """Minutes, seconds and tenths, rounded down."""
    return f"{format_clock(ms // 1000, minute_digits=1)}.{ms % 1000 // 100}"


def _level(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace("-", "\u2212")


def _seconds(frame: int, rate: int) -> str:
    return f"{half_up(Fraction(frame * 1000, rate)) / 1000:.3f}"


def _text(text: str) -> str:
    """Escape ``text`` in one line, for content and for quoted attributes."""
    return html.escape(" ".join(text.split()))
