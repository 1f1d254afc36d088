"""Fixes: findings of a check that can be mended without touching anything else.

These are size and duration from the existing file, quotes around a duration, a bare ``&`` or ``<`` in a description
that goes into the feed unescaped, and a missing credit line at the end. Everything else is for people to decide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tts_render.episode.episode import audio_target
from tts_render.ground.errors import PostError
from tts_render.ground.files import replace_bytes
from tts_render.ground.messages import said
from tts_render.ground.units import frames_to_seconds, half_up
from tts_render.site.frontmatter import decode_post, read_front_matter
from tts_render.site.post import edit_post, read_post
from tts_render.sound.mpeg import read_length
from tts_render.upkeep.checks import BARE_MARKUP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tts_render.site.folder import Site
    from tts_render.site.post import Post
    from tts_render.site.presets import Preset
    from tts_render.upkeep.checks import Finding

__all__ = ["FIXABLE", "fix"]

FIXABLE = frozenset(
    {
        "credit-missing",
        "description-xml",
        "duration-form",
        "duration-unquoted",
        "duration-unset",
        "duration-wrong",
        "size-form",
        "size-unset",
        "size-wrong",
    }
)
"""Rules whose findings may be mended here."""


def fix(path: Path, findings: Sequence[Finding], site: Site, preset: Preset) -> tuple[str, ...]:
    """Mend what can be mended in one post, in a single write.

    Args:
        path: the post.
        findings: the findings of this post's check.
        site: the site with its audio.
        preset: which keys hold what.

    Returns:
        What was done, one line each; empty if nothing was.

    Raises:
        PostError: the post cannot be changed safely; nothing was written.
        OutputError: it cannot be written.
    """
    rules = {finding.rule for finding in findings} & FIXABLE
    post = before = read_post(path, preset)
    done: list[str] = []
    if any(rule.startswith(("size-", "duration-")) for rule in rules):
        post, what = _values(post, site)
        done += what
    if "description-xml" in rules:
        post = _with_escaped_description(post)
        done.append(said("escaped the description"))
    for finding in findings:
        if finding.rule == "credit-missing" and finding.line_to_add:
            post = _with_last_line(post, finding.line_to_add)
            done.append(said("added the line {line_to_add}", line_to_add=finding.line_to_add))
    if post.source != before.source:
        replace_bytes(path, post.source)
    return tuple(done)


def _values(post: Post, site: Site) -> tuple[Post, list[str]]:
    """The post with size and duration of its file; without a file, with quotes around the duration."""
    audio = audio_target(post, site)
    if audio is not None and audio.is_file():
        frames, rate = read_length(audio)
        edit = edit_post(post, size=audio.stat().st_size, seconds=half_up(frames_to_seconds(frames, rate)))
        return _reread(post, edit.after), [edit.summary] if edit.changed else []
    written = post.duration
    if post.front is None or written is None or written.quoted or ":" not in written.text:
        return post, []
    front = post.front.with_value(post.preset.duration.key, written.text)
    return _reread(post, front.encode()), [said("put {text} in quotes", text=written.text)]


def _with_escaped_description(post: Post) -> Post:
    written = post.front.find(post.preset.description) if post.front is not None else None
    if written is None:
        return post
    text = post.source.decode("utf-8")
    head, found, tail = text.partition(written.text)
    if not found or written.text in tail:
        raise PostError(said("the description cannot be escaped safely"), path=post.path, line=written.line)
    escaped = BARE_MARKUP.sub(lambda match: "&amp;" if match[0] == "&" else "&lt;", written.text)
    after = _reread(post, (head + escaped + tail).encode())
    key = post.preset.description[0]
    if {k: v for k, v in after.data.items() if k != key} != {k: v for k, v in post.data.items() if k != key}:
        raise PostError(said("the description cannot be escaped safely"), path=post.path, line=written.line)
    return after


def _with_last_line(post: Post, line: str) -> Post:
    """The post with another paragraph at the end, in the line endings of the file."""
    eol = b"\r\n" if b"\r\n" in post.source else b"\n"
    body = post.source.rstrip(b"\r\n \t")
    return _reread(post, body + eol + eol + line.encode() + eol)


def _reread(post: Post, source: bytes) -> Post:
    """The post with different content."""
    front = read_front_matter(post.path, decode_post(post.path, source), any_case=post.preset.any_case)
    if front is None:
        raise PostError(said("no longer has front matter"), path=post.path)
    return replace(post, source=source, front=front, body=front.body, body_line=front.body_line)
