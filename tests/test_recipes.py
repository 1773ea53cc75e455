"""What shipped is written down: every weights file has a recipe that the training commands can repeat."""

import pytest
from conftest import ROOT

from scoretok.files import weights_digest
from scoretok.nn.recipe import Recipe, read_toml
from scoretok.nn.stages import read_stages

# The recipe, the weights that it made, and the settings of their training command.
SHIPPED = {
    "planner/weights/recipe.toml": (
        "planner/weights", {"context": None, "width": None, "layers": None, "mixture": None},
    ),
    "mir/notes/weights/recipe.toml": ("mir/notes/weights", {"channels": None}),
    "mir/onset_beats/weights/recipe.toml": ("mir/onset_beats/weights", {"channels": None}),
    "renderer/weights/recipe-codec.toml": (
        "renderer/weights/codec", {"from_scratch": None, "head": None, "encoder": None},
    ),
    "renderer/weights/recipe-dit.toml": ("renderer/weights/dit", {"from_scratch": None}),
    "renderer/singing/weights/recipe.toml": ("renderer/singing/weights/dit", {"encoder_steps": None}),
    "renderer/voice/weights/recipe-dit.toml": ("renderer/voice/weights/dit", {"part": None, "from_scratch": None}),
    "renderer/voice/weights/recipe-decoder.toml": (
        "renderer/voice/weights/decoder", {"part": None, "from_scratch": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED)
def test_a_recipe_is_that_of_the_weights_beside_it(path):
    folder, settings = SHIPPED[path]
    tables = read_toml(ROOT / path)
    assert tables["weights"] == weights_digest(ROOT / folder)
    stages = read_stages(ROOT / path, tables["model"], Recipe(), settings)
    trained = [stage for stage in stages if not stage.average]
    assert all(stage.settings[name] is not None for stage in trained for name in settings)
    card = ((ROOT / path).parent / "README.md").read_text()
    assert all(f"{stage.recipe.steps:,}" in card for stage in trained)


def test_every_shipped_weights_file_has_a_recipe_or_is_made_without_training():
    weights = {path.parent for room in ("mir", "planner", "renderer") for path in (ROOT / room).rglob("*.safetensors")}
    made = {ROOT / folder for folder, _ in SHIPPED.values()}
    encoded, converted = ROOT / "renderer/weights/timbres", ROOT / "mir/beatnet/weights"  # by `train bundle`; by others
    assert weights - made == {encoded, converted}
