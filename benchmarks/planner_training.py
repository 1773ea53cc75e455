"""How held-out loss falls with data and size: three sizes of the planner, and the plan left out.

python -m benchmarks.planner_training --data SHARDS --runs RUNS [--tokens 4000000]

Trains what is missing in RUNS (planner-small, planner-medium, planner-no-plan; an hour on two cores) and draws it
beside the run of the shipped weights, RUNS/planner-run. Logs are kept in benchmarks/results.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.common import RESULTS, save, table
from planner.llama import PlannerConfig, PlannerModel
from planner.training import CONTEXT, RECIPE, train

PICTURE = Path("docs/images/planner-training.png")
SIZES = {"planner-small": (128, 3, True), "planner-medium": (192, 4, True), "planner-no-plan": (192, 4, False)}
SHIPPED = "planner-run"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="shards to train with; without them the logs that are there are read")
    parser.add_argument("--runs")
    parser.add_argument("--tokens", type=int, default=4_000_000)
    arguments = parser.parse_args()
    for name, (width, layers, plan) in SIZES.items() if arguments.data and arguments.runs else ():
        torch.manual_seed(0)
        model = PlannerModel(PlannerConfig.of_size(width, layers))
        steps = arguments.tokens // (RECIPE.batch * CONTEXT)
        recipe = replace(RECIPE, steps=steps, evaluate_every=50, decay_share=1e-9, compiled=True)
        folder = Path(arguments.runs, name)
        train(arguments.data, folder, model, recipe, plan=plan, report=lambda step, _: print(step, flush=True))
    logs = {}
    for name in (*SIZES, SHIPPED):
        kept = RESULTS / f"training-{name}.jsonl"
        if arguments.runs and Path(arguments.runs, name, "log.jsonl").is_file():
            kept.write_text(Path(arguments.runs, name, "log.jsonl").read_text())
        if kept.is_file():
            logs[name] = [json.loads(line) for line in kept.read_text().splitlines()]
    rows: list[list[object]] = []
    for name, log in logs.items():
        last = log[-1]
        at_equal = next((row for row in reversed(log) if tokens_of(row) <= arguments.tokens), log[0])
        # Without a plan fewer tokens are predicted, so that only those of the notes can be compared.
        losses = [row["loss"] if name not in SIZES or SIZES[name][2] else None for row in (at_equal, last)]
        kinds = [last[kind] for kind in ("written", "Pitch", "Drum", "Duration")]
        rows.append([label_of(name), tokens_of(last) / 1e6, *losses, *kinds])
    draw(logs)
    heads = ["run", "million tokens", f"held-out loss after {arguments.tokens / 1e6:.0f} million", "at the end"]
    formats = ["", "{:.1f}", *["{:.3f}"] * 6]
    tables = [table([*heads, "notes", "pitches", "drums", "durations"], rows, formats)]
    save("planner_training", tables, pictures={PICTURE.name: "held-out loss over tokens"})


def tokens_of(row: dict) -> int:
    """How many tokens a run had read."""
    return row["step"] * RECIPE.batch * CONTEXT


def label_of(name: str) -> str:
    """What a run is."""
    width, layers, plan = SIZES.get(name, (PlannerConfig.hidden_size, PlannerConfig.num_hidden_layers, True))
    count = sum(parameter.numel() for parameter in PlannerModel(PlannerConfig.of_size(width, layers)).parameters())
    condition = "as shipped" if name == SHIPPED else "with the plan" if plan else "without the plan"
    return f"{width} wide, {layers} layers, {count / 1e6:.1f} million parameters, {condition}"


def draw(logs: dict[str, list[dict]]) -> None:
    """Held-out loss over tokens."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, log in logs.items():
        if name in SIZES and not SIZES[name][2]:
            continue
        axes.plot([tokens_of(row) / 1e6 for row in log], [row["loss"] for row in log], label=label_of(name))
    axes.set(xlabel="million tokens", ylabel="held-out loss, nats a token", xscale="log")
    axes.legend(fontsize=8)
    figure.savefig(PICTURE, dpi=90)


if __name__ == "__main__":
    main()
