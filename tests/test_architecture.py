"""The house rules that a machine can check."""

import ast
import subprocess
import sys
from collections import defaultdict

import pytest
from conftest import ROOT

ROOMS = ("scoretok", "mir", "planner", "renderer", "editing")
MODEL_ROOMS = ("mir", "planner", "renderer")
HEAVY = {"music21", "matplotlib", "verovio", "gruut", "soundfile", "pretty_midi", "svglib", "reportlab"}
HEAVY_OUTSIDE_MODELS = {"torch", "diffusers", "transformers", "accelerate", "safetensors", "scoretok.nn"}
# The modules of the models themselves; the engine imports them when it is made.
MODELS = (
    "scoretok/nn/", "mir/training/", "mir/notes/network.py", "mir/onset_beats/beat_network.py", "mir/beatnet/crnn.py",
    "planner/checkpoint.py", "planner/incremental.py", "planner/llama.py", "planner/tasks.py",
    "planner/token_sampling.py", "planner/training.py",
    "renderer/codec/", "renderer/dit/", "renderer/hub.py", "renderer/inpaint_track.py", "renderer/pipeline.py",
    "renderer/singing/", "renderer/training/", "renderer/voice/", "editing/inpainting/", "editing/voice/",
)  # fmt: skip
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
LAYERS = {
    "scoretok": set(),
    "scoretok.audio": {"scoretok"},
    "scoretok.nn": {"scoretok", "scoretok.audio"},
    **{room: {"scoretok", "scoretok.audio", "scoretok.nn"} for room in MODEL_ROOMS},
    "editing": {"scoretok", "scoretok.audio", "scoretok.nn", *MODEL_ROOMS},
}
# Modules that share a name because they are about the same thing: a command and what it runs.
SAME_IDEA = {
    "compare.py",
    "describe.py",
    "train_renderer.py",
    "train_singer.py",
    "train_transcriber.py",
    "train_voice.py",
    "training.py",
}


def imports(path, top_level_only=False):
    """Dotted names of the modules that a file imports."""
    tree = ast.parse(path.read_text())
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module in LAYERS)


def layer_of(name):
    """The layer that a module lies in, None where it is not ours."""
    parts = name.split(".")
    two = ".".join(parts[:2])
    return two if two in LAYERS else parts[0] if parts[0] in LAYERS else None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module(path):
    relative = str(path.relative_to(ROOT))
    text = path.read_text()
    assert text.count("\n") < 400
    assert ast.get_docstring(ast.parse(text))
    mine = layer_of(relative.removesuffix(".py").replace("/", "."))
    used = {layer_of(name) for name in imports(path)} - {None, mine}
    assert used <= LAYERS[mine]
    roots = {name.partition(".")[0] for name in imports(path)}
    if mine in ("scoretok", "scoretok.audio"):
        assert "torch" not in roots
    top = set(imports(path, top_level_only=True))
    found = {name.partition(".")[0] for name in top} | {layer_of(name) for name in top}
    heavy = HEAVY if relative.startswith(MODELS) else HEAVY | HEAVY_OUTSIDE_MODELS
    assert not found & heavy


def test_a_name_is_one_idea():
    classes, files = defaultdict(set), defaultdict(set)
    for path in MODULES:
        room = path.relative_to(ROOT).parts[0]
        files[path.name].add(room)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                classes[node.name].add(room)
    assert not [name for name, rooms in classes.items() if len(rooms) > 1]
    assert {name for name, rooms in files.items() if len(rooms) > 1} <= SAME_IDEA | {"__init__.py"}


def test_help_loads_nothing_heavy():
    heavy = "('numpy', 'rich', 'miditok', 'symusic')"
    code = f"import sys; import editing.cli.main; print([m for m in sys.modules if m in {heavy}])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_top_level_holds_nothing_but_its_rooms():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    assert {path.partition("/")[0] for path in listed.stdout.splitlines()} == {
        *ROOMS, "tests", "examples", "benchmarks", "docs", ".ci", ".github", ".gitignore", ".pre-commit-config.yaml",
        "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "mkdocs.yml",
        "pyproject.toml",
    }  # fmt: skip
