"""Training the language model through the command: it learns, goes on where it stood, and others can read it."""

import json
from itertools import islice

import numpy as np
import pytest
import torch
from conftest import run

from planner.checkpoint import load_model, save_model
from planner.examples import examples, without_plan
from planner.language import ID, KIND_OF
from planner.llama import PlannerConfig, PlannerModel, blocked_attention
from planner.score_shards import ScoreShards
from planner.training import targets_of
from scoretok import ScoretokError
from scoretok.nn.recipe import Recipe, read_toml

TINY = PlannerConfig(hidden_size=64, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Eighty songs of one voice, each another scale."""
    folder = tmp_path_factory.mktemp("planner")
    with (folder / "set.jsonl").open("w") as file:
        for song in range(80):
            notes = [[i * 12, 12, 50 + (i * (1 + song % 7)) % (8 + song // 7), 80] for i in range(96)]
            row = {"id": f"set/{song}", "bars": list(range(0, 1152, 96)), "end": 1152, "meter": [[0, "4/4"]]}
            file.write(json.dumps(row | {"tracks": {"piano": notes}, "chords": [[0, "C:maj"]]}) + "\n")
    made = run("train", "scores", "--data", "set.jsonl", "--out", "shards", cwd=folder)
    assert made.returncode == 0, made.stderr
    assert "taken" in made.stderr
    return folder


@pytest.mark.parametrize("length", [1, 256, 300])
def test_blocked_attention_is_attention(length):
    query, key, value = torch.randn(3, 2, 3, length, 16, generator=torch.Generator().manual_seed(0)).unbind()
    whole = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(blocked_attention(query, key, value), whole)


def test_it_learns_and_goes_on(shards):
    options = ("--data", "shards", "--out", "run", "--batch", "1", "--context", "512", "--width", "64", "--layers", "1")
    for steps in (3, 6):
        done = run("train", "planner", *options, "--evaluate-every", "3", "--steps", steps, cwd=shards)
        assert done.returncode == 0, done.stderr
    log = [json.loads(line) for line in (shards / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [3, 6]
    assert log[1]["loss"] < log[0]["loss"]
    assert {"Pitch", "Position", "Duration"} <= log[0].keys()
    assert (shards / "run" / "loss.png").stat().st_size > 1000
    assert load_model(shards / "run" / "model").config.num_hidden_layers == 1
    again = run("train", "planner", *options[:-1], "2", "--steps", 9, cwd=shards)
    assert again.returncode == 1
    assert "run of another model" in again.stderr


def test_transformers_reads_the_same_model(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    model = PlannerModel(TINY).eval()
    save_model(model, tmp_path, torch.float32)
    other = transformers.LlamaForCausalLM.from_pretrained(tmp_path).eval()
    ids = torch.randint(0, TINY.vocab_size, (1, 30))
    with torch.no_grad():
        assert torch.allclose(model(ids), other(ids).logits, atol=1e-4)
    other.save_pretrained(tmp_path / "theirs")
    with torch.no_grad():
        assert torch.allclose(load_model(tmp_path / "theirs")(ids), model(ids), atol=1e-6)


def test_the_rate_rises_stays_and_falls():
    recipe = Recipe(steps=100, learning_rate=1.0, warmup_steps=10, schedule="wsd", decay_share=0.5)
    rates = [recipe.rate_at(step) for step in range(100)]
    assert rates[0] < rates[5] < rates[10] == rates[40] == 1.0 > rates[80] > rates[99] > 0


@pytest.mark.parametrize(
    "config", [None, "{}", '{"model_type": "gpt2"}', '{"model_type": "llama", "vocab_size": 7}', "no"]
)
def test_foreign_folders_are_refused(tmp_path, config):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
        (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ScoretokError, match=r"holds no model|is not a model of this planner"):
        load_model(tmp_path)


def test_training_without_songs_says_so(tmp_path):
    for what, path, message in (("scores", "none", "does not exist"), ("planner", tmp_path, "holds no shards")):
        result = run("train", what, "--data", path, "--out", tmp_path / "out")
        assert result.returncode == 1
        assert message in result.stderr


def test_chords_that_are_known_are_not_to_be_predicted(shards):
    ids = next(examples(ScoreShards(shards / "shards", "train"), 1024, np.random.default_rng(0))).ids
    asked = targets_of(torch.tensor([[*ids, *ids]]))[0].tolist()
    notes = ids.index(ID["Notes"])
    kinds = [KIND_OF[token] for token in ids]
    restated = set()
    for at in range(notes, len(ids)):
        if kinds[at] in ("Root", "Quality", "Bass"):
            restated.add(at)
        if kinds[at] == "Root":
            restated.add(at - 1)
    assert restated
    expected = [ID["PAD"] if at in restated else token for at, token in enumerate(ids)]
    assert asked == (expected + expected)[1:]


def test_without_the_plan_no_chord_is_left(shards):
    for one in islice(examples(ScoreShards(shards / "shards", "train"), 1024, np.random.default_rng(0)), 20):
        bare = without_plan(one.ids)
        plan, notes = bare.index(ID["Plan"]), bare.index(ID["Notes"])
        assert notes == plan + 1
        assert not any(KIND_OF[token] in ("Root", "Quality", "Bass") for token in bare)
        assert bare[-1] == ID["EOS"]
        tracks = [token for token in one.ids if KIND_OF[token] == "Track"]
        assert tracks == [token for token in bare if KIND_OF[token] == "Track"]


def test_a_recipe_is_repeated_stage_by_stage(shards):
    stage = "steps = 2\nbatch = 1\nevaluate_every = 2\nwarmup_steps = 1\ncontext = 512\nwidth = 64\nlayers = 1\n"
    (shards / "recipe.toml").write_text(
        f"model = 'planner'\n[[stages]]\nname = 'first'\n{stage}"
        f"[[stages]]\nname = 'second'\nstart = 'first'\n{stage}seed = 1\n"
        "[[stages]]\nname = 'mean'\naverage = ['first', 'second']\n"
    )
    done = run("train", "planner", "--data", "shards", "--out", "stages", "--recipe", "recipe.toml", cwd=shards)
    assert done.returncode == 0, done.stderr
    first, second, mean = (load_model(shards / "stages" / name) for name in ("first/model", "second/model", "model"))
    parts = [one.model.norm.weight for one in (first, second)]
    assert torch.allclose(mean.model.norm.weight, sum(parts) / 2, atol=1e-3)
    kept = read_toml(shards / "stages" / "recipe.toml")
    assert [stage["name"] for stage in kept["stages"]] == ["first", "second", "mean"]
    assert kept["figures"]["loss"] > 0
    assert kept["data"][0]["digest"]
    wrong = run(
        "train", "transcriber", "--data", "shards", "--test", "x", "--out", "o", "--recipe", "recipe.toml", cwd=shards
    )
    assert wrong.returncode == 1
    assert "is a recipe of 'planner'" in wrong.stderr
