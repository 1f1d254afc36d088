"""Lines that a post needs only as a page: sources, credits, forms, labels. Nobody wants to hear them."""

from __future__ import annotations

import re

from tts_render.script.cleaning import ADDRESS

__all__ = ["is_credit", "is_form", "is_label", "is_source"]

_SOURCE = re.compile(r"[（(]?引用元\s*[:：]")
_LINKED_SOURCE = re.compile(
    r"[（(]?(?:引用元?|出典|参照元?|参考(?:URL|リンク|記事|文献)?|情報元|元記事|ソース|sources?|via|link|url)\s*[:：]",
    re.IGNORECASE,
)
_ENGINE = (
    r"(?:VOICEVOX(?:\s*Nemo)?|COEIROINK|AivisSpeech|SHAREVOX|LMROID|VOICEPEAK|A\.I\.VOICE2?|CeVIO(?:\s*AI)?|VOICEROID2?"
    r"|Kokoro(?:-82M)?|Open\s*JTalk|HTS\s+Voice)"
)
_CREDIT = re.compile(
    rf"""
    (?:[^:：。！？]{{1,16}}[:：]\s*)? {_ENGINE} (?:\s*[:：]\s*|\s*[“"]) [^。！？]{{1,100}}
    | (?:音声(?:合成)?|声|ボイス|読み上げ|ナレーション|CV|voices?|tts)\s*[:：]\s*{_ENGINE} [^。！？]{{0,60}}
    | (?:クレジット|credits?)(?:表記)?\s*[:：] [^。！？]{{0,100}}
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MUSIC = re.compile(r"(?:BGM|SE|効果音|ジングル|音楽|楽曲|音源|素材)(?:提供)?\s*[:：][^。！？]{1,60}", re.IGNORECASE)
_LETTERS = re.compile("お便り|おたより|お問い?合わ?せ|投稿フォーム|メッセージフォーム")
_FORM_HOST = re.compile(r"https?://(?:forms\.gle|docs\.google\.com/forms|forms\.office\.com|form\.run|tayori\.com)/")
_LABELS = frozenset(["関連リンク", "参考リンク", "リンク", "リンク集", "links", "related links"])


def is_source(line: str, *, linked: bool) -> bool:
    """Whether a line only gives a source: ``引用元: https://…``.

    Args:
        line: text of the line.
        linked: whether part of it is a link.
    """
    if _SOURCE.match(line):
        return True
    return bool(_LINKED_SOURCE.match(line) and not line.endswith("。") and (linked or ADDRESS.search(line)))


def is_credit(line: str, *, listed: bool) -> bool:
    """Whether a line only credits voices or music: ``VOICEVOX:ずんだもん``.

    Args:
        line: text of the line.
        listed: whether it is a list item, where ``音楽: …`` is more likely a point in the text.
    """
    return _CREDIT.fullmatch(line) is not None or (not listed and _MUSIC.fullmatch(line) is not None)


def is_form(text: str, address: str) -> bool:
    """Whether a link on its own leads to the form for listeners' letters (お便り)."""
    return bool(_LETTERS.search(text) or _FORM_HOST.match(address))


def is_label(heading: str) -> bool:
    """Whether a heading is only the label of the list of articles below it."""
    return heading.casefold().strip("：: ") in _LABELS
