"""The training loop that all networks share: it learns, goes on from what belongs together, and repeats recipes."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from scoretok import ScoretokError
from scoretok.nn.recipe import Recipe, read_toml, write_toml
from scoretok.nn.rotary import apply_rotary, rotary, rotary_rates
from scoretok.nn.spectra import istft, mel_filters, minimum_phase, stft
from scoretok.nn.stages import Stage, read_stages, run_stages
from scoretok.nn.state import STATE, append_log, averaged, load_state, read_log
from scoretok.nn.training import fit, make_optimizers
from scoretok.nn.weights import average_weights, load_module, read_weights, write_weights

RECIPE = Recipe(
    steps=6, learning_rate=0.1, warmup_steps=1, evaluate_every=2, ema_decay=0.5, precision="fp32", muon="in"
)


class Line(nn.Module):
    """A small network whose constructor says its size."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.inside, self.out = nn.Linear(width, width), nn.Linear(width, 1)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        return self.out(self.inside(x).relu())[:, 0]


class SumTask:
    """The sum of the inputs, to be learned."""

    def __init__(self):
        self.asked = []

    def batches(self, first_step=0, rank=0):
        self.asked.append(first_step)
        step = first_step
        while True:
            yield torch.randn(8, 16, generator=torch.Generator().manual_seed(step))
            step += 1

    def losses(self, model, batch):
        return {"loss": (model(batch) - batch.sum(1)).square().mean()}

    def evaluate(self, model):
        batch = torch.randn(32, 16, generator=torch.Generator().manual_seed(1000))
        return {"held_out": float(self.losses(model, batch)["loss"])}

    def save(self, model, folder):
        write_weights(model, {"width": model.inside.in_features}, folder / "model")


def line(seed=0):
    torch.manual_seed(seed)
    return Line()


def test_a_run_in_two_parts_is_the_run_in_one(tmp_path):
    fit(SumTask(), line(), tmp_path / "one", RECIPE)
    task = SumTask()
    fit(task, line(), tmp_path / "two", replace(RECIPE, steps=4, schedule="wsd", decay_share=0.0))
    first = read_log(tmp_path / "two")
    figures = fit(task, line(5), tmp_path / "two", replace(RECIPE, steps=6, schedule="wsd", decay_share=0.0))
    fit(SumTask(), line(), tmp_path / "whole", replace(RECIPE, steps=6, schedule="wsd", decay_share=0.0))
    assert task.asked == [0, 4]
    assert [row["step"] for row in read_log(tmp_path / "two")] == [2, 4, 6]
    assert figures["held_out"] < first[0]["held_out"]
    parts, whole = (read_weights(tmp_path / name / "model")[1] for name in ("two", "whole"))
    assert all(torch.equal(parts[name], whole[name]) for name in parts)


def test_the_step_belongs_to_the_weights(tmp_path):
    # A kill after the state was written and before the log was: nothing else may say which step that was.
    fit(SumTask(), line(), tmp_path, replace(RECIPE, steps=4))
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text().splitlines()[0] + "\n")
    (tmp_path / "progress.json").write_text(json.dumps({"step": 2}))
    task = SumTask()
    fit(task, line(), tmp_path, RECIPE)
    assert task.asked == [4]
    assert [row["step"] for row in read_log(tmp_path)] == [2, 6]


def test_a_log_holds_every_step_once(tmp_path):
    for step in (2, 4, 6, 4):
        append_log(tmp_path, step, {"loss": 1 / step})
    assert [row["step"] for row in read_log(tmp_path)] == [2, 4]


@pytest.mark.parametrize("fault", ["other", "cut", "foreign"])
def test_a_state_that_does_not_fit_gets_one_sentence(tmp_path, fault):
    fit(SumTask(), line(), tmp_path, replace(RECIPE, steps=2))
    state = tmp_path / STATE
    model = Line(32) if fault == "other" else Line()
    if fault == "cut":
        state.write_bytes(state.read_bytes()[:-100])
    elif fault == "foreign":
        write_weights(Line(), {}, tmp_path, name=STATE)
    with pytest.raises(ScoretokError, match="run of another model, or is damaged") as error:
        load_state(tmp_path, model, averaged(model, 0.5), make_optimizers(model, RECIPE))
    assert len(str(error.value).splitlines()) == 1


def test_muon_moves_the_matrices_that_the_recipe_names():
    muon, adam = make_optimizers(line(), RECIPE)
    assert [tuple(p.shape) for group in muon.param_groups for p in group["params"]] == [(16, 16)]
    assert len(adam.param_groups[0]["params"]) == 3


@given(st.integers(1, 500), st.integers(0, 50), st.sampled_from(["cosine", "wsd"]), st.floats(0, 1))
def test_rates_rise_and_never_exceed_the_one_asked_for(steps, warmup, schedule, share):
    recipe = Recipe(steps=steps, learning_rate=1.0, warmup_steps=warmup, schedule=schedule, decay_share=share)
    rates = [recipe.rate_at(step) for step in range(steps)]
    assert all(0 <= rate <= 1 for rate in rates)
    assert rates[: warmup + 1] == sorted(rates[: warmup + 1]) or steps <= warmup or schedule == "wsd"


def test_recipes_go_through_files(tmp_path):
    stage = Stage(replace(RECIPE, adam_betas=(0.8, 0.9)), "a", settings={"width": 16})
    write_toml({"model": "line", "stages": [stage.to_dict()]}, tmp_path / "recipe.toml")
    assert read_stages(tmp_path / "recipe.toml", "line", Recipe(), {"width": 8}) == [stage]
    assert read_toml(tmp_path / "recipe.toml")["stages"][0]["width"] == 16


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = 'other'", "is a recipe of 'other'"),
        ("model = 'line'", "has no"),
        ("model = 'line'\n[[stages]]\ncolour = 1", "'colour' is not known"),
        ("model = 'line'\n[[stages]]\nresume = 'b'", "no earlier stage 'b'"),
        ("model = 'line'\n[[stages]]\nschedule = 'flat'", "'flat' is not known"),
        ("model = ", "is not a recipe"),
    ],
)
def test_bad_recipes_get_one_sentence(tmp_path, text, message):
    (tmp_path / "recipe.toml").write_text(text)
    with pytest.raises(ScoretokError, match=message):
        read_stages(tmp_path / "recipe.toml", "line", Recipe(), {})
    with pytest.raises(ScoretokError, match="does not exist"):
        read_toml(tmp_path / "none.toml")


def test_stages_start_resume_and_average(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "recipe.toml").write_text(
        "model = 'line'\n[[stages]]\nname = 'stable'\nsteps = 4\nschedule = 'wsd'\ndecay_share = 0.0\n"
        "[[stages]]\nname = 'a'\nresume = 'stable'\nsteps = 6\n"
        "[[stages]]\nname = 'b'\nstart = 'stable'\nsteps = 2\n"
        "[[stages]]\nname = 'mean'\naverage = ['a', 'b']\n"
    )
    stages = read_stages(tmp_path / "recipe.toml", "line", RECIPE, {})
    begun = []

    def train(stage, folder, start):
        task = SumTask()
        figures = fit(task, load_module(Line, start, "model.safetensors").requires_grad_(True) if start else line(),
                      folder, stage.recipe)  # fmt: skip
        begun.append((stage.name, task.asked[0]))
        return figures

    run_stages(stages, tmp_path / "run", train, "line", [tmp_path / "data"])
    assert begun == [("stable", 0), ("a", 4), ("b", 0)]
    a, b, mean = (read_weights(tmp_path / "run" / name)[1] for name in ("a/model", "b/model", "model"))
    assert torch.allclose(mean["out.weight"], (a["out.weight"] + b["out.weight"]) / 2)
    kept = read_toml(tmp_path / "run" / "recipe.toml")
    assert kept["data"][0]["digest"]
    assert kept["figures"]["held_out"] > 0
    again = read_stages(tmp_path / "run" / "recipe.toml", "line", Recipe(), {})
    assert [stage.recipe for stage in again[:3]] == [stage.recipe for stage in stages[:3]]


def test_weights_of_other_sizes_are_not_averaged(tmp_path):
    write_weights(Line(), {"width": 16}, tmp_path / "a")
    write_weights(Line(32), {"width": 32}, tmp_path / "b", torch.float16)
    assert read_weights(tmp_path / "b")[1]["out.weight"].dtype == torch.float32
    with pytest.raises(ScoretokError, match="of one size"):
        average_weights([tmp_path / "a", tmp_path / "b"], tmp_path / "c")
    with pytest.raises(ScoretokError, match="cannot be averaged"):
        average_weights([tmp_path / "none"], tmp_path / "c")


@given(st.integers(1, 20), st.integers(0, 100))
def test_rotation_keeps_lengths_and_knows_distances_alone(length, moved):
    x = torch.randn(1, 2, length, 16, generator=torch.Generator().manual_seed(0))
    y = torch.randn(1, 2, length, 16, generator=torch.Generator().manual_seed(1))
    rates = rotary_rates(16, 100.0)
    here, there = (rotary(torch.arange(length) + offset, rates) for offset in (0, moved))
    assert torch.allclose(apply_rotary(x, *here).norm(dim=-1), x.norm(dim=-1), atol=1e-4)
    products = [(apply_rotary(x, *at) @ apply_rotary(y, *at).mT) for at in (here, there)]
    assert torch.allclose(*products, atol=1e-3)


def test_spectra_come_back_and_mel_bands_cover_them():
    audio = torch.randn(2, 4096, generator=torch.Generator().manual_seed(0))
    window = torch.hann_window(512)
    again = istft(stft(audio, 512, 128, window), 512, 128, window, 4096)
    assert torch.allclose(again[:, 512:-512], audio[:, 512:-512], atol=1e-4)
    filters = mel_filters(20, 512, 16000)
    assert filters.shape == (20, 257)
    assert (filters.max(1).values > 0.5).all()


def test_minimum_phase_keeps_magnitudes_and_acts_at_once():
    log_gain = torch.sin(torch.linspace(0, 9, 257))[None, :, None]
    filters = minimum_phase(log_gain)
    assert torch.allclose(filters.abs().log(), log_gain, atol=1e-3)
    response = torch.fft.irfft(filters, dim=1)[0, :, 0]
    assert response[:64].square().sum() > 0.99 * response.square().sum()
