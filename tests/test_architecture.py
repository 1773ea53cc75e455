"""The house rules that a machine can check."""

import ast

import pytest
from conftest import ROOT

ROOMS = {"scoretok": set(), "mir": {"scoretok"}, "planner": {"scoretok"}, "renderer": {"scoretok"}}
HEAVY = {"music21", "matplotlib", "verovio", "gruut", "soundfile", "pretty_midi", "svglib", "reportlab"}
HEAVY_OUTSIDE_MODELS = {"torch", "diffusers", "transformers", "accelerate", "safetensors"}
# The modules of the models themselves; the engine imports them when it is made.
FOLDERS = ("editing/inpaint/", "editing/voice/", "renderer/codec/", "renderer/dit/", "renderer/training/")
PLANNER = (
    "planner/llama.py",
    "planner/incremental.py",
    "planner/checkpoint.py",
    "planner/tasks.py",
    "planner/training.py",
    "planner/token_sampling.py",
)
MIR = ("mir/notes/network.py", "mir/training/")
MODELS = (
    *FOLDERS,
    *PLANNER,
    *MIR,
    "renderer/inpaint_track.py",
    "renderer/pipeline.py",
    "renderer/load.py",
    "renderer/hub.py",
)
MODULES = sorted(path for room in (*ROOMS, "editing") for path in (ROOT / room).rglob("*.py"))


def imports(path, top_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module(path):
    room = path.relative_to(ROOT).parts[0]
    text = path.read_text()
    assert text.count("\n") < 400
    assert ast.get_docstring(ast.parse(text))
    ours = {"scoretok", "mir", "planner", "renderer", "editing"} - {room}
    if room in ROOMS:
        assert set(imports(path)) & ours <= ROOMS[room]
        if room == "scoretok":
            assert "torch" not in set(imports(path))
    heavy = HEAVY if str(path.relative_to(ROOT)).startswith(MODELS) else HEAVY | HEAVY_OUTSIDE_MODELS
    assert not set(imports(path, top_level_only=True)) & heavy


def test_help_loads_nothing_heavy():
    import subprocess
    import sys

    heavy = "('numpy', 'rich', 'miditok', 'symusic')"
    code = f"import sys; import editing.cli.main; print([m for m in sys.modules if m in {heavy}])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
