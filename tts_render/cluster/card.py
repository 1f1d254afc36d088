"""The card of a worker: what it is and can do. Workers of one kind must agree, or they would not make the same bytes.

Its digest is in the name of the resource that the worker offers to Dask, so that work cannot even reach a worker that
is another than the one it was meant for.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from tts_render.engine.base import Identity, Style, StyleId
from tts_render.engine.dispatch import differences
from tts_render.ground.messages import said
from tts_render.run.digests import RECIPE
from tts_render.site.receipt import digest_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CARD", "Card", "Trade", "card_in", "conflicts", "program"]

CARD = "tts-render"
"""Under which a worker shows its card among what Dask tells about it."""

Trade = Literal["speak", "mix"]
"""What a worker does."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a worker is."""

    trade: Trade
    program: str
    """Version of this program, and its recipe."""
    labels: tuple[str, ...] = ()
    """Its engines, for people."""
    identity: Identity | None = None
    """What its engines are, without the words of their dictionary; None where nothing is spoken."""
    encoder: str = ""
    """Name and version of its encoder; empty where nothing is encoded."""

    @property
    def resource(self) -> str:
        """The name of the resource that it offers: whoever offers it makes the same bytes."""
        identity = self.identity
        known = None if identity is None else (identity.engine, identity.version, identity.dictionary, identity.styles)
        return f"{self.trade}-{digest_facts((self.program, known and _styled(known), self.encoder))[:16]}"

    def to_json(self) -> dict[str, Any]:
        """The card as JSON."""
        facts = asdict(self)
        if facts["identity"] is not None:
            del facts["identity"]["words"]
        return facts


def program() -> str:
    """Version of this program and its recipe: only equal ones make the same bytes."""
    return f"{version('tts-render')}/{RECIPE}"


def card_in(facts: Mapping[str, Any]) -> Card | None:
    """The card among what Dask tells about a worker; None if it is no worker of this program."""
    shown = facts.get(CARD)
    if not isinstance(shown, dict):
        return None
    found = shown.get("identity")
    identity = None
    if found is not None:
        styles = tuple(
            Style(style["speaker"], style["name"], StyleId(style["id"]), style["speaker_id"])
            for style in found["styles"]
        )
        identity = Identity(found["engine"], found["version"], found["dictionary"], styles, id=found["id"])
    return Card(shown["trade"], shown["program"], tuple(shown["labels"]), identity, shown["encoder"])


def conflicts(one: Card, other: Card, name: str, other_name: str) -> list[str]:
    """What keeps two workers from one cluster, in words; empty if nothing does.

    Args:
        one: a card.
        other: another one.
        name: whose the first is.
        other_name: whose the other is.
    """
    if one.program != other.program:
        return [
            said(
                "{name} runs tts-render {program}, and {other_name} {other}",
                name=name,
                program=one.program,
                other_name=other_name,
                other=other.program,
            )
        ]
    if one.trade != other.trade:
        return []
    if one.encoder != other.encoder:
        return [
            said(
                "{name} encodes with {encoder}, and {other_name} with {other}",
                name=name,
                encoder=one.encoder,
                other_name=other_name,
                other=other.encoder,
            )
        ]
    if one.identity is None or other.identity is None:
        return []
    return differences(one.identity, other.identity, name, other_name)


def _styled(known: tuple[str, str, str, tuple[Style, ...]]) -> list[object]:
    *facts, styles = known
    return [*facts, [(style.speaker, style.name, style.id) for style in styles]]
