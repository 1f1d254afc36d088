"""Where a site gets tts-render from: the repository and revision in its workflow, compose file and hooks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from tts_render.ground.errors import CommandLineError
from tts_render.ground.messages import said

__all__ = ["Repository", "parse_repository", "recorded_repository"]

_ADDRESS = re.compile(r"(?:git\+)?https://github\.com/([\w-]+/[\w.-]+?)(?:\.git)?/?(?:@([\w./-]+))?")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of tts-render on GitHub, at one revision."""

    name: str
    """Owner and repository, as in the name of an action: ``account/tts_render``."""
    revision: str
    """A tag, a branch or a commit."""

    @property
    def address(self) -> str:
        """URL of the repository for a browser."""
        return f"https://github.com/{self.name}"


def parse_repository(text: str) -> Repository:
    """Parse ``https://github.com/NAME/tts_render@REVISION``.

    Raises:
        CommandLineError: it is not such a URL, or it lacks the revision.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or match[2] is None:
        raise CommandLineError(
            said(
                "--repository {text}: not a revision of a repository on GitHub. Write"
                " https://github.com/NAME/tts_render@main, or a tag or commit instead of main.",
                text=text,
            )
        )
    return Repository(match[1], match[2])


def recorded_repository() -> Repository | None:
    """The repository and commit from which pip installed this tts-render; None if it did not record them.

    Source: the file ``direct_url.json`` beside an installed package, as the Python packaging guide specifies it.
    """
    try:
        text = distribution("tts-render").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    record = json.loads(text or "{}")
    match = _ADDRESS.fullmatch(record.get("url", ""))
    commit = record.get("vcs_info", {}).get("commit_id")
    return Repository(match[1], commit) if match and commit else None
