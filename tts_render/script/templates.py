"""Templates: what a show says around the articles of a post's body, so that a post alone makes an episode.

::

    intro: "{date}の{title}です。"                     2026年7月6日、月曜日の朝の便りです。
    before_article: "{n}つ目は、{article}です。"       1つ目は、鍵の仕組みです。
    outro: "以上、{count}本の記事でした。"             以上、2本の記事でした。
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tts_render.ground.errors import ScriptError
from tts_render.ground.messages import said
from tts_render.script.cleaning import clean, fold_space

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from tts_render.script.base import Templates

__all__ = ["fill", "holds_article", "spoken_date"]

_PLACE = re.compile(r"\{(\w+)\}")
_WEEKDAYS = "月火水木金土日"


def fill(template: str, templates: Templates, path: Path, *, count: int, n: int = 0, article: str = "") -> str:
    """Fill in the placeholders of ``template``.

    Args:
        template: one of those of ``templates``.
        templates: title and date of the post.
        path: the post, for messages.
        count: number of articles.
        n: 1-based number of the article that begins.
        article: its title.

    Raises:
        ScriptError: it says the date, but the post has none.
    """
    values = {"title": fold_space(clean(templates.title)), "date": templates.date, "count": str(count), "n": str(n)}
    values["article"] = article.rstrip("。．")  # the template may continue the sentence of the title

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]
        if text is None:
            raise ScriptError(
                said("has no date, but the show says {found}", found=found.group()),
                path=path,
                remedy=said("Add a date to the front matter, or take it out of the template in voices.yaml."),
            )
        return text

    return _PLACE.sub(value, fold_space(clean(template)))


def holds_article(template: str) -> bool:
    """Whether a template itself says the title of the article."""
    return "{article}" in template


def spoken_date(date: datetime.date) -> str:
    """A date as it is spoken: 2026年7月6日、月曜日."""
    return f"{date.year}年{date.month}月{date.day}日、{_WEEKDAYS[date.weekday()]}曜日"
