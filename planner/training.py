"""Training the language model: packed rows of tasks, held-out loss by kind of token.

Axes: b batch, t tokens.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from planner.checkpoint import save_model
from planner.examples import Example, examples, pack_rows
from planner.language import ID, KIND_OF, KINDS
from planner.llama import PlannerModel
from planner.score_shards import ScoreShards
from scoretok.nn.recipe import Recipe
from scoretok.nn.training import StepReport, fit

PAD = ID["PAD"]
KIND_NUMBERS = torch.tensor([list(KINDS).index(kind) for kind in KIND_OF])
WORD_KIND = list(KINDS).index("Syllable")
CHORD_KINDS = torch.tensor([list(KINDS).index(kind) for kind in ("Root", "Quality", "Bass")])
POSITION = list(KINDS).index("Position")
CONTEXT = 2048
HELD_OUT = 48  # tasks of songs of the validation split
# Set by hand, as the shipped run had it (model card); benchmarks.planner_training varies the size.
RECIPE = Recipe(
    learning_rate=2e-3, warmup_steps=50, schedule="wsd", weight_decay=0.05, adam_weight_decay=0.0,
    adam_betas=(0.9, 0.95), muon=r"\.layers\.", ema_decay=0.0, batch=4, evaluate_every=100,
)  # fmt: skip


class PlannerTask:
    """Rows of packed tasks of the songs of a folder of shards; without `plan` the tasks lack theirs."""

    def __init__(
        self,
        data: str | Path,
        context: int = CONTEXT,
        batch: int = RECIPE.batch,
        seed: int = 0,
        plan: bool = True,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.training, self.context, self.batch = ScoreShards(data, "train", weights), context, batch
        self.seed, self.plan = seed, plan
        held_out = examples(ScoreShards(data, "validation"), context, np.random.default_rng(1), False, plan)
        self.held_out = [next(held_out) for _ in range(HELD_OUT)]

    def batches(self, first_step: int = 0, rank: int = 0) -> Iterator[Tensor]:
        """Rows (b, t)."""
        rng = np.random.default_rng([self.seed, first_step, rank])
        packed = pack_rows(examples(self.training, self.context, rng, plan=self.plan), self.context)
        while True:
            yield torch.from_numpy(np.stack([next(packed) for _ in range(self.batch)]))

    def losses(self, model: nn.Module, ids: Tensor) -> dict[str, Tensor]:
        """Mean cross entropy of what is to be predicted."""
        return {"loss": token_losses(model, ids).sum() / (targets_of(ids) != PAD).sum()}

    def evaluate(self, model: PlannerModel) -> dict[str, float]:
        """Loss of the held-out tasks, in all and by kind of token."""
        return held_out_loss(model, self.held_out)

    def save(self, model: PlannerModel, folder: Path) -> None:
        """Write the weights to `model`."""
        save_model(model, folder / "model")


def train(
    data: str | Path,
    folder: str | Path,
    model: PlannerModel,
    recipe: Recipe = RECIPE,
    context: int = CONTEXT,
    plan: bool = True,
    report: StepReport = lambda step, figures: None,
    weights: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Train on the shards of a folder until `recipe.steps`, from where the run in `folder` stands if there is one.

    `weights` say how often a score of a shard is drawn beside others. Writes the model to `folder/model`. Returns the
    last held-out figures. Raises ScoretokError.
    """
    return fit(PlannerTask(data, context, recipe.batch, recipe.seed, plan, weights), model, folder, recipe, report)


def targets_of(ids: Tensor) -> Tensor:
    """What is to be predicted (b, t - 1) of rows (b, t): PAD where that is not asked for.

    Chords that stand again before the cells of a bar, and the syllables of a cell, are known there; nobody draws them.
    """
    kinds = KIND_NUMBERS.to(ids.device)[ids]
    is_chord = (kinds[..., None] == CHORD_KINDS.to(ids.device)).any(-1)
    is_chord[:, :-1] |= (kinds[:, :-1] == POSITION) & (kinds[:, 1:] == CHORD_KINDS[0])
    in_notes = (ids == ID["Notes"]).cumsum(1) > (ids == ID["EOS"]).cumsum(1)
    return torch.where((is_chord & in_notes) | (kinds == WORD_KIND), PAD, ids)[:, 1:]


def token_losses(model: nn.Module, ids: Tensor) -> Tensor:
    """Cross entropy of every token of rows (b, t) but the first, (b, t - 1); 0 for what is not to be predicted."""
    logits = model(ids[:, :-1])
    return nn.functional.cross_entropy(logits.transpose(1, 2), targets_of(ids), ignore_index=PAD, reduction="none")


@torch.no_grad()
def held_out_loss(model: PlannerModel, found: list[Example]) -> dict[str, float]:
    """Mean loss in nats a token of examples, of all tokens, of those behind Notes, and by kind of token."""
    device = next(model.parameters()).device
    written: list[Tensor] = []
    sums, counts = torch.zeros(len(KINDS)), torch.zeros(len(KINDS))
    for one in found:
        ids = torch.tensor(one.ids)[None]
        losses = token_losses(model, ids.to(device))[0].cpu()
        kinds = KIND_NUMBERS[targets_of(ids)[0]]
        written.append(losses[one.ids.index(ID["Notes"]) :][kinds[one.ids.index(ID["Notes"]) :] != 0])
        sums.index_add_(0, kinds, losses)
        counts.index_add_(0, kinds, torch.ones_like(losses))
    by_kind = {kind: float(sums[i] / counts[i]) for i, kind in enumerate(KINDS) if counts[i]}
    by_kind.pop("PAD", None)
    return {"loss": float(sums.sum() / counts[1:].sum()), "written": float(torch.cat(written).mean()), **by_kind}
