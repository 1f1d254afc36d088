"""Write docs/cli.md: the command line as the program itself describes it. Run: python -m tools.make_cli_reference."""

from __future__ import annotations

from pathlib import Path

import click

from tts_render.cli import cli
from tts_render.cli.language import speaking

TARGET = Path(__file__).parent.parent / "docs" / "cli.md"

HEAD = """\
# Command line

Generated from the program by `make docs`; a test keeps it up to date.

Exit codes: 0 done; 1 the work failed, or errors were found; 2 the command line was wrong; 3 the engine could not be
reached, refused, or is not an engine; 130 interrupted. Results go to standard output, all else to standard error.

"""


def reference() -> str:
    """The whole page."""
    parts = [HEAD]

    def describe(command: click.Command, names: tuple[str, ...]) -> None:
        context = click.Context(command, info_name=" ".join(names), terminal_width=100, **cli.context_settings)
        parts.append(f"## {' '.join(names)}\n\n```\n{command.get_help(context)}\n```\n\n")
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                describe(command.commands[name], (*names, name))

    with speaking("en"):
        describe(cli, ("tts-render",))
    return "".join(parts).rstrip("\n") + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
