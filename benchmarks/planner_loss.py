"""Held-out loss by kind of token: the planner beside a smoothed n-gram.

python -m benchmarks.planner_loss --data SHARDS [--model DIR] [--examples 400]

What the plan is worth is told by benchmarks.planner_training, whose small models were trained with it and without.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import save, table
from benchmarks.planner_ngram import ORDER
from benchmarks.planner_songs import NGRAM_TOKENS, ngram_of
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.examples import examples
from planner.language import ID, KIND_OF
from planner.score_shards import ScoreShards
from planner.training import targets_of

KINDS = ("Repeat", "Rest", "Position", "Velocity", "Pitch", "Drum", "Duration")
PLAN_KINDS = ("Section", "Density", "Root", "Quality")
Losses = Callable[[list[int]], np.ndarray]


def losses_of_model(folder: str | Path) -> Losses:
    """Losses in nats of all tokens but the first by a model."""
    model = load_model(folder)

    @torch.inference_mode()
    def losses(ids: list[int]) -> np.ndarray:
        tokens = torch.tensor([ids])
        return torch.nn.functional.cross_entropy(model(tokens)[0, :-1], tokens[0, 1:], reduction="none").numpy()

    return losses


class Sums:
    """Losses by kind of token: of all, and of the notes that are written and the plan before them."""

    def __init__(self) -> None:
        self.found: dict[str, list[np.ndarray]] = {}

    def add(self, ids: list[int], losses: np.ndarray) -> None:
        """Take in an example (t) and its losses (t - 1)."""
        asked = targets_of(torch.tensor([ids]))[0].numpy() != ID["PAD"]
        kinds = np.array([KIND_OF[token] for token in ids[1:]])
        at = np.arange(1, len(ids))
        in_notes, in_plan = at > ids.index(ID["Notes"]), (at > ids.index(ID["Plan"])) & (at < ids.index(ID["Notes"]))
        groups = {"all tokens": asked, "notes that are written": asked & in_notes}
        groups |= {kind: asked & in_notes & (kinds == kind) for kind in KINDS}
        groups |= {f"plan: {kind}": in_plan & (kinds == kind) for kind in PLAN_KINDS}
        for name, chosen in groups.items():
            self.found.setdefault(name, []).append(losses[chosen])


def mean(found: list[np.ndarray]) -> float | None:
    """Mean of all values, if there are any."""
    values = np.concatenate([np.zeros(0), *found])
    return float(values.mean()) if len(values) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--examples", type=int, default=400)
    arguments = parser.parse_args()
    ngram = ngram_of(arguments.data)
    models: dict[str, Losses] = {
        "the planner, as shipped": losses_of_model(arguments.model),
        "n-gram": lambda ids: -np.log(ngram.chances(np.array(ids, np.int64)))[1:],
    }
    sums = {name: Sums() for name in models}
    found = examples(ScoreShards(arguments.data, "test"), 2048, np.random.default_rng(3), any_key=False)
    for _ in range(arguments.examples):
        ids = next(found).ids
        for name, losses in models.items():
            sums[name].add(ids, losses(ids))
    kinds = sums["n-gram"].found
    rows: list[list[object]] = [[kind, *(mean(one.found[kind]) for one in sums.values())] for kind in kinds]
    note = f"Nats a token over {arguments.examples} tasks on songs of the test split; the n-gram is of order {ORDER},"
    note += f" from {NGRAM_TOKENS / 1e6:.0f} million tokens of the same training tasks."
    save("planner_loss", [table(["tokens", *models], rows, "{:.3f}")], [note])


if __name__ == "__main__":
    main()
