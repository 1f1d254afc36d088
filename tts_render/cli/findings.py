"""How the findings of a check are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.ground.printable import plain

if TYPE_CHECKING:
    from tts_render.upkeep.checks import Finding

__all__ = ["finding_json", "finding_text"]


def finding_json(finding: Finding) -> dict[str, Any]:
    """For programs."""
    return {
        "rule": finding.rule,
        "level": finding.level,
        "path": str(finding.path),
        "line": finding.line,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def finding_text(finding: Finding, form: str) -> str:
    """For people, or as the workflow command that GitHub makes an annotation of."""
    if form != "github":
        return plain(str(finding))
    message = finding.message + (f"\n{finding.remedy}" if finding.remedy else "")
    places = f"file={_property(str(finding.path))}" + (f",line={finding.line}" if finding.line else "")
    return f"::{finding.level} {places},title={_property(finding.rule)}::{_data(plain(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(plain(text)).replace(":", "%3A").replace(",", "%2C")
