"""The shape of the package: imports flow one way, errors have one base, ``__all__`` is true, import does nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import tts_render
from tts_render.ground.errors import TtsRenderError

ROOT = Path(tts_render.__file__).resolve().parent

MODULE_ORDER = (
    "tts_render.ground",
    "tts_render.ground.messages",
    "tts_render.ground.printable",
    "tts_render.ground.errors",
    "tts_render.ground.reasons",
    "tts_render.ground.units",
    "tts_render.ground.files",
    "tts_render.ground.names",
    "tts_render.ground.events",
    "tts_render.ground.bounded",
    "tts_render.ground.yamltree",
    "tts_render.ground.stores",
    "tts_render.ground.bucket",
    "tts_render.site",
    "tts_render.site.presets",
    "tts_render.site.frontmatter.block",
    "tts_render.site.frontmatter.yaml_block",
    "tts_render.site.frontmatter.toml_block",
    "tts_render.site.frontmatter",
    "tts_render.site.post",
    "tts_render.site.folder",
    "tts_render.site.sections",
    "tts_render.site.generator",
    "tts_render.site.receipt",
    "tts_render.script.base",
    "tts_render.script.cleaning",
    "tts_render.script.sentences",
    "tts_render.script.phrases",
    "tts_render.script.inserts",
    "tts_render.script.builder",
    "tts_render.script.dialogue",
    "tts_render.script.attributes",
    "tts_render.script.sayas",
    "tts_render.script.markup",
    "tts_render.script.shortcodes",
    "tts_render.script.furniture",
    "tts_render.script.inline",
    "tts_render.script.text",
    "tts_render.script.deck",
    "tts_render.script.templates",
    "tts_render.script.markdown",
    "tts_render.script.copied_page",
    "tts_render.script",
    "tts_render.sound",
    "tts_render.sound.mpeg",
    "tts_render.sound.audio",
    "tts_render.sound.loudness",
    "tts_render.sound.mastering",
    "tts_render.sound.encoders",
    "tts_render.sound.mp3",
    "tts_render.settings",
    "tts_render.settings.bed",
    "tts_render.settings.publication",
    "tts_render.settings.lexicon",
    "tts_render.settings.lexicon_file",
    "tts_render.settings.notations",
    "tts_render.settings.embedded",
    "tts_render.settings.config",
    "tts_render.reading.normalise",
    "tts_render.reading.characters",
    "tts_render.reading.links",
    "tts_render.reading.tame",
    "tts_render.reading.lexicon",
    "tts_render.reading.terms",
    "tts_render.reading.measures",
    "tts_render.reading.numbers",
    "tts_render.reading.derivation",
    "tts_render.reading.words",
    "tts_render.reading",
    "tts_render.reading.dropped",
    "tts_render.engine.moras",
    "tts_render.engine.base",
    "tts_render.engine.ahead",
    "tts_render.engine.voicevox.dictionary",
    "tts_render.engine.voicevox.http",
    "tts_render.engine.voicevox.wav",
    "tts_render.engine.voicevox.lengths",
    "tts_render.engine.voicevox.audit",
    "tts_render.engine.voicevox.client",
    "tts_render.engine.voicevox",
    "tts_render.engine.embedded",
    "tts_render.engine.htsvoice",
    "tts_render.engine.openjtalk",
    "tts_render.engine.kokoro",
    "tts_render.engine.terms_of_use",
    "tts_render.engine.dispatch",
    "tts_render.engine.pool",
    "tts_render.engine",
    "tts_render.episode",
    "tts_render.episode.takes",
    "tts_render.episode.episode",
    "tts_render.episode.cover",
    "tts_render.speech",
    "tts_render.speech.user_dictionary",
    "tts_render.speech.casting",
    "tts_render.speech.fitting",
    "tts_render.speech.credits",
    "tts_render.speech.closing_words",
    "tts_render.speech.entries",
    "tts_render.speech.backing",
    "tts_render.speech.cache",
    "tts_render.speech.orders",
    "tts_render.speech.held_words",
    "tts_render.speech.speaking",
    "tts_render.mix",
    "tts_render.mix.timeline",
    "tts_render.mix.mixdown",
    "tts_render.mix.levelling",
    "tts_render.mix.bed",
    "tts_render.mix.metering",
    "tts_render.mix.to_mp3",
    "tts_render.outputs",
    "tts_render.outputs.alignment",
    "tts_render.outputs.captions",
    "tts_render.outputs.finished",
    "tts_render.outputs.slide_times",
    "tts_render.outputs.chapters",
    "tts_render.outputs.transcript",
    "tts_render.outputs.timeline_file",
    "tts_render.outputs.plots",
    "tts_render.outputs.report",
    "tts_render.outputs.registry",
    "tts_render.outputs.sidecars",
    "tts_render.run",
    "tts_render.run.digests",
    "tts_render.run.session",
    "tts_render.run.tags",
    "tts_render.run.describe",
    "tts_render.run.prepare",
    "tts_render.run.lines",
    "tts_render.run.put_in_place",
    "tts_render.run.running_order",
    "tts_render.run.plan",
    "tts_render.run.write_back",
    "tts_render.run.crew",
    "tts_render.run.render",
    "tts_render.run.several",
    "tts_render.run.vvproj",
    "tts_render.run.pairing",
    "tts_render.run.retuning",
    "tts_render.run.laying",
    "tts_render.run.steps",
    "tts_render.run.journal",
    "tts_render.run.writing",
    "tts_render.run.rereading",
    "tts_render.run.rewording",
    "tts_render.run.replacing",
    "tts_render.run.spelling",
    "tts_render.run.saying",
    "tts_render.run.exporting",
    "tts_render.run.notes",
    "tts_render.run.retaking",
    "tts_render.run.importing",
    "tts_render.upkeep",
    "tts_render.upkeep.checks",
    "tts_render.upkeep.fixes",
    "tts_render.upkeep.status",
    "tts_render.upkeep.selection",
    "tts_render.upkeep.repository",
    "tts_render.upkeep.scaffold",
    "tts_render.studio",
    "tts_render.studio.language",
    "tts_render.studio.guard",
    "tts_render.studio.watching",
    "tts_render.studio.attending",
    "tts_render.studio.sources",
    "tts_render.studio.known_clips",
    "tts_render.studio.sheet",
    "tts_render.studio.opened",
    "tts_render.studio.course",
    "tts_render.studio.ruby",
    "tts_render.studio.narrator",
    "tts_render.studio.underlay",
    "tts_render.studio.stream",
    "tts_render.studio.edits",
    "tts_render.studio.manners",
    "tts_render.studio.shelf",
    "tts_render.studio.precedence",
    "tts_render.studio.press",
    "tts_render.studio.facts",
    "tts_render.studio.shapes",
    "tts_render.studio.desk",
    "tts_render.studio.asking",
    "tts_render.studio.listing",
    "tts_render.studio.ranges",
    "tts_render.studio.hearing",
    "tts_render.studio.mending",
    "tts_render.studio.airing",
    "tts_render.studio.searching",
    "tts_render.studio.trying",
    "tts_render.studio.dictionary",
    "tts_render.studio.server",
    "tts_render.cluster",
    "tts_render.cluster.card",
    "tts_render.cluster.travel",
    "tts_render.cluster.booth",
    "tts_render.cluster.trampoline",
    "tts_render.cluster.joining",
    "tts_render.cluster.window",
    "tts_render.cluster.far",
    "tts_render.cluster.ensemble",
    "tts_render",
    "tts_render.cli.language",
    "tts_render.cli.help",
    "tts_render.cli.progress",
    "tts_render.cli.voice_table",
    "tts_render.cli.github",
    "tts_render.cli.findings",
    "tts_render.cli.tally",
    "tts_render.cli.options",
    "tts_render.cli.places",
    "tts_render.cli.planned",
    "tts_render.cli.far_off",
    "tts_render.cli.render",
    "tts_render.cli.studio",
    "tts_render.cli.upkeep",
    "tts_render.cli.tools",
    "tts_render.cli.lexicon",
    "tts_render.cli.exchange",
    "tts_render.cli.worker",
    "tts_render.cli",
    "tts_render.__main__",
)
"""Every module of the package; each imports only from those before it, be it for types or inside a function."""

WINGS = (
    "ground",
    "site",
    "script",
    "sound",
    "settings",
    "reading",
    "engine",
    "episode",
    "speech",
    "mix",
    "outputs",
    "run",
    "upkeep",
    "studio",
    "cluster",
    "cli",
)
"""The folders of the package; each imports only from those before it."""

ENDINGS = ("", "s", "es", "e", "ed", "er", "ers", "ing", "ings", "ion", "ions", "ation", "cation", "shing", "shed")
"""What tells words of one stem apart."""

COMMAND_LINE = tuple(name for name in MODULE_ORDER if name.startswith(("tts_render.cli", "tts_render.__main__")))
LIBRARY = tuple(name for name in MODULE_ORDER if name not in COMMAND_LINE)

SIGNALS = frozenset({"FaultError", "_LostError", "ShapeError"})
"""How the parts of an engine tell one another that a try has failed; none of them leaves ``tts_render.engine``."""


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def modules_on_disk() -> set[str]:
    found = set()
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_text(encoding="utf-8"))


def imported(tree: ast.AST, modules: frozenset[str]) -> set[str]:
    """The modules of the package that ``tree`` imports anywhere, by their full names."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.split(".")[0] == "tts_render")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            if node.module and node.module.split(".")[0] == "tts_render":
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    found.add(whole if whole in modules else node.module)
    return found


def calls_and_attributes(tree: ast.AST) -> set[str]:
    """Dotted names that ``tree`` uses, such as ``os.replace``, and bare names that it calls."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(node.func.id)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_every_module_has_its_place_in_the_order() -> None:
    assert sorted(modules_on_disk()) == sorted(MODULE_ORDER)
    assert len(set(MODULE_ORDER)) == len(MODULE_ORDER)


@pytest.mark.parametrize("module", MODULE_ORDER)
def test_a_module_imports_only_modules_before_it(module: str) -> None:
    before = set(MODULE_ORDER[: MODULE_ORDER.index(module)])
    later = imported(tree_of(module), frozenset(MODULE_ORDER)) - before
    assert not later, f"{module} imports {sorted(later)}, which come later"


def test_the_wings_are_the_folders_and_the_modules_follow_their_order() -> None:
    assert sorted(WINGS) == sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
    wings = [name.split(".")[1] for name in MODULE_ORDER if name.count(".") and "__" not in name]
    assert list(dict.fromkeys(wings)) == list(WINGS)
    assert wings == sorted(wings, key=WINGS.index)


@pytest.mark.parametrize("wing", WINGS)
def test_a_wing_says_in_its_first_sentence_what_it_is_for(wing: str) -> None:
    (first, *_) = (importlib.import_module(f"tts_render.{wing}").__doc__ or "").splitlines() or [""]
    assert first.endswith("."), f"tts_render/{wing}/__init__.py"


def same_stem(one: str, other: str) -> bool:
    """Whether two names differ, but only by an ending."""
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one != other and shared >= 4 and one[shared:] in ENDINGS and other[shared:] in ENDINGS


def test_no_two_modules_are_told_apart_by_an_ending_alone() -> None:
    assert same_stem("publication", "publishing")
    assert same_stem("publishing", "published")
    assert same_stem("lexicon", "lexicons")
    assert not same_stem("chapters", "characters")
    names = sorted({part for module in MODULE_ORDER for part in module.split(".")[1:]})
    assert [(one, other) for one in names for other in names if one < other and same_stem(one, other)] == []


def test_an_import_that_goes_up_is_seen_wherever_it_stands() -> None:
    modules = frozenset(MODULE_ORDER)
    top = "from tts_render import cli"
    inside = "def f():\n    import tts_render.run.render"
    typing = "if TYPE_CHECKING:\n    from tts_render.cli import main"
    assert imported(ast.parse(top), modules) == {"tts_render.cli"}
    assert imported(ast.parse(inside), modules) == {"tts_render.run.render"}
    assert imported(ast.parse(typing), modules) == {"tts_render.cli"}


@pytest.mark.parametrize("module", MODULE_ORDER)
def test_every_error_of_the_package_has_the_one_base(module: str) -> None:
    loaded = importlib.import_module(module)
    errors = [
        value
        for value in vars(loaded).values()
        if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module
    ]
    foreign = {error.__name__ for error in errors if not issubclass(error, TtsRenderError)}
    assert foreign <= (SIGNALS if module.startswith("tts_render.engine.") else set())


def test_the_signals_inside_an_engine_are_known_nowhere_else() -> None:
    outside = [module for module in MODULE_ORDER if not module.startswith("tts_render.engine.")]
    told = {
        module: {node.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Name)} & SIGNALS
        for module in outside
    }
    assert {module: names for module, names in told.items() if names} == {}


def test_the_tree_in_the_errors_module_is_drawn_as_it_grows() -> None:
    from tts_render.ground import errors

    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = next((word for word in line.split() if word.endswith("Error")), None)
        if name:
            drawn.append((line.index(name), name))
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for indent, name in drawn:
        above = [(i, n) for i, n in above if i < indent]
        if above:
            parents[name] = above[-1][1]
        above.append((indent, name))
    real = {name: base.__name__ for name in errors.__all__ if (base := getattr(errors, name).__base__) is not Exception}
    assert parents == real
    assert {name for _, name in drawn} == set(errors.__all__)


@pytest.mark.parametrize("module", LIBRARY)
def test_all_names_what_is_public_and_nothing_else(module: str) -> None:
    loaded = importlib.import_module(module)
    defined: set[str] = set()
    for node in tree_of(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign) and not ast.unparse(node.value).startswith("TypeVar("):
            defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
    public = {name for name in defined if not name.startswith("_")}
    listed = list(getattr(loaded, "__all__", ()))
    assert [name for name in listed if not hasattr(loaded, name)] == []
    assert len(listed) == len(set(listed))
    assert public - set(listed) == set(), "public, but not in __all__"
    if file_of(module).name != "__init__.py":
        assert set(listed) - public == set(), "in __all__, but defined elsewhere"


def test_a_module_uses_only_what_another_offers() -> None:
    hidden = []
    for module in MODULE_ORDER:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ImportFrom) and node.module in MODULE_ORDER:
                offered = importlib.import_module(node.module).__all__
                hidden += [
                    f"{module}: {node.module}.{alias.name}"
                    for alias in node.names
                    if alias.name not in offered and f"{node.module}.{alias.name}" not in MODULE_ORDER
                ]
    assert hidden == []


@pytest.mark.parametrize("module", LIBRARY)
def test_only_the_command_line_prints_or_reads_the_environment(module: str) -> None:
    forbidden = {"print", "input", "os.environ", "os.environb", "os.getenv", "sys.argv", "sys.exit", "click.echo"}
    assert calls_and_attributes(tree_of(module)) & forbidden == set()


@pytest.mark.parametrize("module", [name for name in MODULE_ORDER if name != "tts_render.ground.files"])
def test_only_files_puts_a_file_in_the_place_of_another(module: str) -> None:
    forbidden = {"os.replace", "os.rename", "os.renames", "os.link", "shutil.move"}
    assert calls_and_attributes(tree_of(module)) & forbidden == set()


WATCH = """
import json, os, sys
seen = []
def watch(event, args):
    if event == "open":
        name = os.fspath(args[0]) if isinstance(args[0], (str, bytes, os.PathLike)) else str(args[0])
        seen.append([event, os.fsdecode(name), bool((args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))])
    elif event in {"os.mkdir", "os.rename", "os.remove", "os.chdir", "subprocess.Popen", "socket.__new__", "os.putenv"}:
        seen.append([event, str(args[0]), True])
sys.addaudithook(watch)
import MODULE
json.dump({"seen": seen, "modules": sorted(sys.modules)}, sys.stdout)
"""


@pytest.mark.parametrize("module", ["tts_render", "tts_render.cli"])
def test_importing_touches_no_disk_and_loads_nothing_heavy(module: str) -> None:
    program = WATCH.replace("MODULE", module)
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    code = (".py", ".pyc", ".so", ".pyd")
    touched = [entry for entry in report["seen"] if entry[2] or not entry[1].endswith(code)]
    assert touched == []
    heavy = {
        "numpy",
        "soundfile",
        "soxr",
        "requests",
        "pydub",
        "mutagen",
        "onnxruntime",
        "pyopenjtalk",
        "budoux",
        "kanalizer",
        "obstore",
    }
    assert heavy & set(report["modules"]) == set()
    assert done.stderr == ""
