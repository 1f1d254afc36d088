"""docs/architecture.md: its boxes, arrows and modules are those of the package."""

from __future__ import annotations

import importlib
import re

import pytest

from tests.kit.documents import ROOT, blocks, rows
from tests.project.test_structure import MODULE_ORDER, WINGS

PAGE = ROOT / "docs" / "architecture.md"

BOXES = {row.code("box")[0]: row.code("module")[0] for row in rows(PAGE, "box", "module")}

METHODS = {"identify": ("tts_render.engine", "Engine")}
"""Arrows that are no functions of a module."""


def chart() -> str:
    values, _ = blocks(PAGE, "mermaid")
    return values.text


@pytest.mark.parametrize("box", BOXES)
def test_a_box_is_a_class_of_its_module(box: str) -> None:
    assert isinstance(getattr(importlib.import_module(BOXES[box]), box), type)


def test_the_chart_has_the_boxes_of_the_table() -> None:
    assert set(re.findall(r"\b([A-Z][A-Za-z0-9]+)$", chart().partition("\n")[2], re.MULTILINE)) == set(BOXES)


def test_an_arrow_is_a_function_of_the_package() -> None:
    labels = re.findall(r'-- "?([^"\n]+?)"? -->', chart())
    names = {name for label in labels for name in label.split(", ")}
    assert len(names) > 12
    offered = {name for module in MODULE_ORDER for name in getattr(importlib.import_module(module), "__all__", ())}
    for name in names - offered:
        module, owner = METHODS[name]
        assert hasattr(getattr(importlib.import_module(module), owner), name)


def test_the_picture_of_the_wings_has_every_wing() -> None:
    _, wings = blocks(PAGE, "mermaid")
    assert set(WINGS) <= set(re.findall(r"\w+", wings.text))


def test_the_wings_and_their_modules_stand_in_their_order() -> None:
    order: dict[str, list[str]] = {wing: [] for wing in WINGS}
    for name in MODULE_ORDER:
        _, *parts = name.split(".")
        if len(parts) > 1 and parts[1] not in order[parts[0]]:
            order[parts[0]].append(parts[1])
    page = {row.code("wing")[0]: row.code("modules") for row in rows(PAGE, "wing", "modules")}
    assert list(page.items()) == list(order.items()), "say in docs/architecture.md where each module is"


def test_the_files_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:tts_render|tests|tools|docs)/[\w/.]+)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).exists()] == []
