"""Where a site gets tts-render from: the repository and the revision that its workflow, compose file and hooks name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from tts_render.ground.errors import CommandLineError

__all__ = ["Repository", "parse_repository", "recorded_repository"]

_ADDRESS = re.compile(r"(?:git\+)?https://github\.com/([\w-]+/[\w.-]+?)(?:\.git)?/?(?:@([\w./-]+))?")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of tts-render on GitHub, at one revision."""

    name: str
    """Account and repository, as an action is named: ``account/tts_render``."""
    revision: str
    """A tag, a branch or a commit."""

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"https://github.com/{self.name}"


def parse_repository(text: str) -> Repository:
    """Read ``https://github.com/NAME/tts_render@REVISION``.

    Raises:
        CommandLineError: it is no such address, or it lacks the revision.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or match[2] is None:
        raise CommandLineError(
            f"--repository {text}: no revision of a repository on GitHub. Write "
            "https://github.com/NAME/tts_render@main, or a tag or commit instead of main."
        )
    return Repository(match[1], match[2])


def recorded_repository() -> Repository | None:
    """Where pip got this very tts-render from, at the commit; None where it does not say.

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
