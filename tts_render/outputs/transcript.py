"""The text of an episode: captions for players, a fragment for the site's own page, plain text for the tags.

Sources: WebVTT (W3C), and the common ground of SubRip players. SubRip has no escapes: anything that a player could take
for markup is replaced by full-width characters that look the same.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tts_render.ground.units import frames_to_ms
from tts_render.outputs.captions import join_texts
from tts_render.outputs.finished import safe_link
from tts_render.script import Cue
from tts_render.speech.casting import CastItem, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tts_render.ground.units import Frames
    from tts_render.outputs.finished import FinishedEpisode

__all__ = ["plain_text", "transcript_html", "transcript_srt", "transcript_vtt"]

_ENTITY = re.compile("&(?=#|[A-Za-z])")
_FULL_WIDTH = {ord("<"): "＜", ord(">"): "＞", ord("{"): "｛", ord("}"): "｝"}
_BRACES = {ord("{"): "&#123;", ord("}"): "&#125;"}
"""Jekyll would evaluate what is in braces."""


def transcript_vtt(published: FinishedEpisode) -> bytes:
    """Captions as WebVTT, each with its speaker."""
    blocks = ["WEBVTT\n"]
    for caption in published.captions:
        times = f"{_clock(caption.start_ms, '.')} --> {_clock(caption.end_ms, '.')}"
        text = "\n".join(html.escape(line, quote=False) for line in caption.lines)
        blocks.append(f"{times}\n<v {html.escape(_one_line(caption.speaker), quote=False)}>{text}</v>\n")
    return "\n".join(blocks).encode()


def transcript_srt(published: FinishedEpisode) -> bytes:
    """Captions as SubRip, without speakers, which it does not support."""
    blocks: list[str] = []
    for number, caption in enumerate(published.captions, 1):
        times = f"{_clock(caption.start_ms, ',')} --> {_clock(caption.end_ms, ',')}"
        text = "\n".join(_ENTITY.sub("＆", line).translate(_FULL_WIDTH) for line in caption.lines)
        blocks.append(f"{number}\n{times}\n{text}\n")
    return "\n".join(blocks).encode()


def plain_text(items: Iterable[CastItem]) -> str:
    """What is said, one paragraph per line, an empty line between sections; with names if several people speak."""
    paragraphs = list(_paragraphs(items))
    several = len({paragraph.speaker for paragraph in paragraphs}) > 1
    lines: list[str] = []
    for paragraph in paragraphs:
        if paragraph.opens_section and lines:
            lines.append("")
        text = join_texts(utterance.text for utterance in paragraph.utterances)
        lines.append(f"{paragraph.speaker}：{text}" if several else text)
    return "\n".join(lines)


def transcript_html(published: FinishedEpisode) -> bytes:
    """An HTML fragment: sections with headings and links, paragraphs with speakers, times of every utterance.

    Times are seconds, in ``data-start`` and ``data-end``. It contains no styles and no scripts.
    """
    rate = published.timeline.rate
    placed = dict(enumerate(published.timeline.speech))
    starts = [chapter.start for chapter in published.chapters]
    parts = [f'<div class="tts-transcript" lang="{_attribute(published.language)}">']
    section: int | None = None
    speaker: str | None = None
    for paragraph in _paragraphs(published.items):
        here = max(0, bisect_right(starts, placed[paragraph.utterances[0].index].start) - 1)
        if here != section:
            if section is not None:
                parts.append("</section>")
            section = here
            parts.append(_section(published, here))
        who = f'<b class="tts-speaker">{_text(paragraph.speaker)}</b> ' if paragraph.speaker != speaker else ""
        speaker = paragraph.speaker
        said = "".join(
            f"<span {_times(placed[u.index].start, placed[u.index].end, rate)}>{_text(u.text)}</span>"
            for u in paragraph.utterances
        )
        parts.append(f'<p data-speaker="{_attribute(paragraph.speaker)}">{who}{said}</p>')
    if section is not None:
        parts.append("</section>")
    parts.append("</div>\n")
    return "\n".join(parts).encode()


@dataclass(slots=True)
class _Paragraph:
    """What one speaker says without interruption."""

    speaker: str
    opens_section: bool
    utterances: list[Utterance] = field(default_factory=list)


def _paragraphs(items: Iterable[CastItem]) -> Iterator[_Paragraph]:
    paragraph: _Paragraph | None = None
    section = True
    for item in items:
        if isinstance(item, Utterance):
            if paragraph is None or paragraph.speaker != item.voice:
                if paragraph is not None:
                    yield paragraph
                paragraph = _Paragraph(item.voice, section)
                section = False
            paragraph.utterances.append(item)
        elif isinstance(item, Cue) or item.kind == "paragraph":
            section = section or isinstance(item, Cue)
            if paragraph is not None:
                yield paragraph
            paragraph = None
    if paragraph is not None:
        yield paragraph


def _section(published: FinishedEpisode, number: int) -> str:
    """The opening tags of a section."""
    if not published.chapters:
        return "<section>"
    chapter, rate = published.chapters[number], published.timeline.rate
    link = safe_link(chapter.url)
    title = f'<a href="{_attribute(link)}">{_text(chapter.title)}</a>' if link else _text(chapter.title)
    return f"<section {_times(chapter.start, chapter.end, rate)}>\n<h3>{title}</h3>"


def _text(text: str) -> str:
    return html.escape(_one_line(text), quote=False).translate(_BRACES)


def _attribute(text: str) -> str:
    return html.escape(_one_line(text)).translate(_BRACES)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _times(start: Frames, end: Frames, rate: int) -> str:
    begin, finish = frames_to_ms(start, rate), frames_to_ms(end, rate)
    return f'data-start="{begin / 1000:.3f}" data-end="{finish / 1000:.3f}"'


def _clock(ms: int, point: str) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}{point}{rest:03d}"
