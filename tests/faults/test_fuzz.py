"""What is promised of posts, scripts and voices.yaml holds for samples and for what random changes make of them."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.seeds import mutate, seeds
from tests.fuzz.targets import TARGETS, BrokenPromiseError
from tts_render.ground.yamltree import Tree
from tts_render.site.frontmatter.block import Source

ROOT = Path(__file__).resolve().parents[2]


def cases(target: str) -> list[bytes]:
    """Samples, and what changes make of them; the same each time."""
    source = random.Random(20261120)
    found = seeds(target)
    return [*found, *(mutate(source.choice(found), target, source) for _ in range(250))]


def broken(target: str, folder: Path) -> str:
    """The first promise that is found broken."""
    for case in cases(target):
        try:
            TARGETS[target](case, folder)
        except BrokenPromiseError as error:
            return str(error).split(":", maxsplit=1)[0]
    pytest.fail("nobody notices")


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_promised_holds_for_samples_and_what_changes_make_of_them(target: str, tmp_path: Path) -> None:
    for case in cases(target):
        TARGETS[target](case, tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_most_samples_are_read_and_not_refused(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[object] = []
    monkeypatch.setattr("tests.fuzz.targets.check_error", lambda error, *_: refused.append(error))
    for case in seeds(target):
        TARGETS[target](case, tmp_path)
    assert len(refused) < len(seeds(target)) / 4, refused


@pytest.mark.parametrize("target", TARGETS)
def test_changes_are_many_and_the_same_for_the_same_random_numbers(target: str) -> None:
    made = cases(target)
    assert made == cases(target)
    assert len(set(made)) > 0.9 * len(made)


def test_a_comment_that_loses_a_character_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spliced = Source.spliced

    def losing(source: Source, start: int, end: int, text: str) -> Source:
        found = spliced(source, start, end, text)
        return replace(found, text=found.text.replace("註", ""))

    monkeypatch.setattr(Source, "spliced", losing)
    assert broken("post", tmp_path) == "only the old value is taken out"


def test_a_body_that_loses_a_byte_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tts_render.site.frontmatter.FrontMatter.encode",
        lambda front: (front.head + front.block.source.text + front.fence + front.body[:-1]).encode(),
    )
    assert broken("post", tmp_path) == "the body stays"


def test_an_edit_that_is_no_edit_of_the_post_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts_render.site.post.format_duration", lambda *_: "00:01")
    assert broken("post", tmp_path) == "the post says the value"


@pytest.mark.parametrize("notation", ["text", "markdown", "deck"])
def test_a_sentence_that_is_lost_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notation: str) -> None:
    lost = {"text": "まずは", "markdown": "前の行", "deck": "次。"}[notation]
    path, text = {
        "text": (0, "はい。\nまずは鍵。\n"),
        "markdown": (1, "**はい**。\n\n前の行。\n\n> 後。\n"),
        "deck": (2, '[{"notes": "はい。\\n次。"}]'),
    }[notation]
    case = bytes([path, 0]) + text.encode()
    TARGETS["script"](case, tmp_path)
    monkeypatch.setattr(f"tts_render.script.{notation}.clean", lambda text: text.replace(lost, ""))
    with pytest.raises(BrokenPromiseError, match="no sentence is missing"):
        TARGETS["script"](case, tmp_path)


@pytest.mark.parametrize(
    ("name", "wrong", "promise"),
    [
        ("tts_render.speech.casting.speakable", lambda _: True, "an utterance can be said"),
        ("tts_render.speech.casting._plain", lambda said: said + "\x1b", "a reading is clean"),
        ("tts_render.script.builder.speakable", lambda _: True, "a line can be said"),
        ("tests.fuzz.targets.align", lambda text, _: [None] * len(text), "every place of a text has an edge"),
        ("tests.fuzz.targets.write_deck", lambda deck, _: json.dumps([{}] * len(deck.slides)), "a deck changes in its times only"),
    ],
)  # fmt: skip
def test_a_script_that_is_read_wrongly_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, wrong: object, promise: str
) -> None:
    monkeypatch.setattr(name, wrong)
    assert broken("script", tmp_path) == promise


def test_an_error_without_its_place_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Tree.wrong

    def nowhere(tree: Tree, message: str, remedy: str | None = None) -> Exception:
        error = wrong(tree, message, remedy)
        error.line = None
        return error

    monkeypatch.setattr(Tree, "wrong", nowhere)
    assert broken("voices", tmp_path) == "an error names a line"


@pytest.mark.parametrize("error", [RecursionError, UnicodeError, MemoryError, KeyError])
@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("post", "tts_render.site.post.decode_post"),
        ("script", "tts_render.script.text.clean"),
        ("voices", "tts_render.settings.config.read_lexicon"),
    ],
)
def test_an_error_that_nobody_foresaw_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, name: str, error: type[Exception]
) -> None:
    def fail(*_: object) -> object:
        raise error("unforeseen")

    monkeypatch.setattr(name, fail)
    with pytest.raises(error, match="unforeseen"):
        broken(target, tmp_path)


def fuzz(target: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


needs_atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")


@pytest.mark.slow
@needs_atheris
@pytest.mark.parametrize("target", TARGETS)
def test_the_fuzzer_runs_as_long_as_it_is_told(tmp_path: Path, target: str) -> None:
    run = fuzz(target, "--seconds", "2", "--seed", "7", "--keep", str(tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "DONE" in run.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@needs_atheris
def test_what_the_fuzzer_finds_is_kept_and_can_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import tts_render.site.frontmatter as f\n"
        "f.FrontMatter.encode = lambda s: (s.head + s.block.source.text + s.fence + s.body[:-1]).encode()\n",
        encoding="utf-8",
    )
    keep = tmp_path / "kept"
    run = fuzz("post", "--seconds", "20", "--keep", str(keep), PYTHONPATH=str(tmp_path))
    assert run.returncode == 1
    (case,) = keep.iterdir()
    assert f"-m tests.fuzz post --replay {case}" in run.stdout
    again = fuzz("post", "--replay", str(case), PYTHONPATH=str(tmp_path))
    assert again.returncode == 1
    assert "the body stays" in again.stderr
    assert fuzz("post", "--replay", str(case)).returncode == 0
