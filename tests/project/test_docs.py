"""The documents say what is so."""

from pathlib import Path

from tools.make_cli_reference import TARGET, reference

ROOT = Path(__file__).parents[2]


def test_the_reference_of_the_command_line_is_what_the_program_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run: make docs"
