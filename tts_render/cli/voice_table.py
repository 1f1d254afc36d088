"""What `tts-render voices` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tts_render.engine.terms_of_use import terms_of
from tts_render.ground.errors import EngineMismatchError, TtsRenderError
from tts_render.ground.messages import joined, said
from tts_render.speech.casting import direct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tts_render.engine import Identity, StyleId
    from tts_render.engine.pool import Pool
    from tts_render.settings.config import Config

__all__ = ["read_terms", "terms_text", "voices_json", "voices_text"]


def _users(config: Config, identity: Identity) -> tuple[dict[StyleId, list[str]], dict[str, str]]:
    """Which voices use each style, and why others do not find one."""
    users: dict[StyleId, list[str]] = {}
    problems: dict[str, str] = {}
    for name, voice in config.voices.items():
        try:
            users.setdefault(direct([voice], config, identity)[name].style, []).append(name)
        except EngineMismatchError as error:
            problems[name] = error.message.splitlines()[-1].strip()
    return users, problems


def voices_json(config: Config, identity: Identity) -> dict[str, Any]:
    """The engine, its styles with the voices that use them, and the voices that do not find one."""
    users, problems = _users(config, identity)
    return {
        "engine": {"name": identity.engine, "version": identity.version},
        "voices_file": str(config.path),
        "styles": [
            {"speaker": s.speaker, "style": s.name, "style_id": s.id, "used_by": users.get(s.id, [])}
            for s in identity.styles
        ],
        "missing": problems,
    }


def voices_text(config: Config, identity: Identity) -> str:
    """The same for people: one line for each style."""
    users, problems = _users(config, identity)
    lines: list[str] = [
        said(
            "{engine} {version}, {count} styles; voices of {path}",
            engine=identity.engine,
            version=identity.version,
            count=len(identity.styles),
            path=config.path,
        )
    ]
    for style in identity.styles:
        used = ", ".join(users.get(style.id, []))
        lines.append(f"  {style.id:>4}  {style.speaker}（{style.name}）" + (f"  <- {used}" if used else ""))
    lines += [said("  missing: {problem}", problem=problem) for problem in problems.values()]
    return joined(lines, "\n")


def read_terms(config: Config, pool: Pool) -> dict[str, str]:
    """The engine's terms of use for each speaker that voices.yaml uses; empty if it has none.

    Raises:
        EngineError: it cannot be asked.
    """
    users, _ = _users(config, pool.identity)
    speakers = tuple(dict.fromkeys(style.speaker for style in pool.identity.styles if style.id in users))
    found: dict[str, str] = {}
    for index, answer in pool.run(speakers, terms_of):
        if isinstance(answer, TtsRenderError):
            raise answer
        found[speakers[index]] = answer
    return found


def terms_text(terms: Mapping[str, str]) -> str:
    """The same for people, with a heading for each speaker."""
    return joined(
        (joined((f"# {speaker}", text or said("(nothing)")), "\n\n") for speaker, text in terms.items()), "\n\n"
    )
