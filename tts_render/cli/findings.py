"""How the findings of a check are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.cli.github import annotation
from tts_render.cli.language import shown

if TYPE_CHECKING:
    from tts_render.upkeep.checks import Finding

__all__ = ["finding_json", "finding_text"]


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs."""
    return {
        "rule": finding.rule,
        "level": finding.level,
        "path": str(finding.path),
        "line": finding.line,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def finding_text(finding: Finding, form: str) -> str:
    """A finding for people, or as the workflow command from which GitHub makes an annotation."""
    if form != "github":
        return shown(finding.whole)
    return annotation(
        finding.level, finding.message, str(finding.path), finding.line, title=finding.rule, remedy=finding.remedy
    )
