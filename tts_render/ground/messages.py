"""Messages that are English text and can still be shown in another language.

A :class:`Said` is an ordinary ``str``, the English message: JSON, receipts, logs and comparisons see nothing else. It
also remembers of which template and values it was made, so that whoever shows it to a person can look the template up
in the catalogue of that person's language. ``str()``, f-strings and ``+`` make plain text of it, and that is English.
"""

from __future__ import annotations

import functools
import gettext
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "CATALOGUES", "DOMAIN", "LANGUAGES", "Language", "Said", "from_json", "joined", "listed", "page_words", "said",
    "said_count", "template_in", "to_json", "translate", "translate_all",
]  # fmt: skip

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

DOMAIN = "tts_render"
"""Of the catalogues, as gettext calls it."""

CATALOGUES = Path(__file__).parent.parent / "locale"
"""The folder of the catalogues, as gettext lays it out."""


class _Source(Protocol):
    """How a message was made."""

    def shown(self, language: Language) -> str:
        """The message in ``language``."""

    def to_json(self) -> dict[str, Any] | None:
        """How it was made; None if that cannot be written down."""


class Said(str):
    """An English message that can be shown in another language; made by the functions of this module."""

    __slots__ = ("_source",)

    _source: _Source

    def __new__(cls, text: str, source: _Source) -> Self:
        made = super().__new__(cls, text)
        made._source = source
        return made

    def __getnewargs__(self) -> tuple[str, _Source]:  # type: ignore[override]  # what copies and pickles are made of
        return str(self), self._source

    def shown(self, language: Language) -> str:
        """The message in ``language``, as plain text."""
        return str(self) if language == "en" else self._source.shown(language)

    def through(self, change: Callable[[str], str]) -> Said:
        """What ``change`` makes of the message, in every language."""
        return Said(change(str(self)), _Changed(self, change))


def said(template: str, /, **values: object) -> Said:
    """A message.

    Args:
        template: English text with the names of ``values`` in braces, as for ``str.format``; a brace itself is doubled.
            It is the key of the catalogue, so it must be a literal.
        values: what is put in; a :class:`Said` is translated too.
    """
    return Said(template.format(**values), _Sentence(template, None, 1, values))


def said_count(one: str, many: str, /, count: int, **values: object) -> Said:
    """A message that depends on a number.

    Args:
        one: the template where ``count`` is 1.
        many: the template for other numbers.
        count: the number, which both templates can name as ``{count}``.
        values: what else is put in.
    """
    template = one if count == 1 else many
    return Said(template.format(count=count, **values), _Sentence(one, many, count, {"count": count, **values}))


def joined(parts: Iterable[str], separator: str = "") -> Said:
    """Messages or texts in a row; ``separator`` may be a message too."""
    row = tuple(parts)
    return Said(str(separator).join(row), _Row(row, separator))


def listed(parts: Iterable[str]) -> Said:
    """A list within a sentence: with commas."""
    return joined(parts, said(", "))


def translate(text: str, language: Language) -> str:
    """``text`` in ``language`` if it is a message, else as it is; plain text in any case."""
    return text.shown(language) if isinstance(text, Said) else str(text)


def template_in(template: str, language: Language) -> str:
    """``template`` in ``language``, its values not put in yet; for what fills it elsewhere."""
    return template if language == "en" else _catalogue(language).gettext(template)


def translate_all(facts: Any, language: Language) -> Any:
    """A copy of JSON-like ``facts`` with all messages in them in ``language``; the keys of mappings stay."""
    # The commonest first: an episode of the studio has a hundred thousand values.
    if isinstance(facts, str):
        return facts.shown(language) if isinstance(facts, Said) else facts
    if facts is None or isinstance(facts, int | float):
        return facts
    if isinstance(facts, list | tuple):
        return [translate_all(value, language) for value in facts]
    if isinstance(facts, dict | Mapping):
        return {key: translate_all(value, language) for key, value in facts.items()}
    return facts


def to_json(text: str) -> Any:
    """A text or message as JSON, from which :func:`from_json` makes it again."""
    written = text._source.to_json() if isinstance(text, Said) else None  # noqa: SLF001
    return str(text) if written is None else written


def from_json(facts: Any) -> str:
    """The text or message that :func:`to_json` has written.

    Raises:
        ValueError: it has written nothing of the kind.
    """
    match facts:
        case str():
            return facts
        case {"template": str(template), "values": dict(values)}:
            made = {str(name): _value(value) for name, value in values.items()}
            try:
                match facts:
                    case {"many": str(many), "count": int(count)}:
                        return said_count(template, many, count=count, **made)
                    case _:
                        return said(template, **made)
            except (LookupError, AttributeError, TypeError) as error:
                raise ValueError("values that do not fit a template") from error
        case {"parts": list(parts), "separator": separator}:
            return joined([from_json(part) for part in parts], from_json(separator))
    raise ValueError("no message")


def page_words(language: Language) -> dict[str, str | list[str]]:
    """What the studio's page says, in ``language``, by the English templates; empty for English.

    What depends on a number is there by the template for one, with all its forms.
    """
    if language == "en":
        return {}
    words: dict[str, str | list[str]] = json.loads((CATALOGUES / language / "page.json").read_text(encoding="utf-8"))
    return words


@functools.cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    with (CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as stream:
        return gettext.GNUTranslations(stream)


@dataclass(frozen=True, slots=True)
class _Sentence:
    template: str
    many: str | None
    count: int
    values: Mapping[str, object]

    def shown(self, language: Language) -> str:
        catalogue = _catalogue(language)
        template = (
            catalogue.gettext(self.template)
            if self.many is None
            else catalogue.ngettext(self.template, self.many, self.count)
        )
        return template.format(
            **{name: value.shown(language) if isinstance(value, Said) else value for name, value in self.values.items()}
        )

    def to_json(self) -> dict[str, Any]:
        values = {name: value for name, value in self.values.items() if self.many is None or name != "count"}
        facts = {"template": self.template, "values": {name: _plain(value) for name, value in values.items()}}
        return facts if self.many is None else {**facts, "many": self.many, "count": self.count}


@dataclass(frozen=True, slots=True)
class _Row:
    parts: tuple[str, ...]
    separator: str

    def shown(self, language: Language) -> str:
        return translate(self.separator, language).join(translate(part, language) for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        return {"parts": [to_json(part) for part in self.parts], "separator": to_json(self.separator)}


@dataclass(frozen=True, slots=True)
class _Changed:
    before: Said
    change: Callable[[str], str]

    def shown(self, language: Language) -> str:
        return self.change(self.before.shown(language))

    def to_json(self) -> None:
        return None


def _plain(value: object) -> Any:
    """A value as JSON."""
    return value if isinstance(value, int | float) else to_json(value if isinstance(value, str) else str(value))


def _value(value: Any) -> object:
    return value if isinstance(value, int | float) else from_json(value)
