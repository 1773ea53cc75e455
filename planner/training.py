"""Training the language model: Accelerate, Muon, held-out loss by kind of token, runs that can be taken up again.

Axes: b batch, t tokens.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from planner.checkpoint import save_model
from planner.examples import Example, examples, pack_rows
from planner.language import ID, KIND_OF, KINDS
from planner.llama import PlannerModel
from planner.score_shards import ScoreShards
from scoretok.errors import ScoretokError
from scoretok.files import whole_file

STATE, LOG, PLOT = "state.safetensors", "log.jsonl", "loss.png"
PAD = ID["PAD"]
KIND_NUMBERS = torch.tensor([list(KINDS).index(kind) for kind in KIND_OF])
CHORD_KINDS = torch.tensor([list(KINDS).index(kind) for kind in ("Root", "Quality", "Bass")])
POSITION = list(KINDS).index("Position")
StepReport = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class PlannerRecipe:
    """How long and how fast to train: the rate rises, stays, and falls to nothing over the last steps."""

    steps: int = 2000
    learning_rate: float = 2e-3
    warmup_steps: int = 50
    decay_share: float = 0.25
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    batch: int = 4
    context: int = 2048
    evaluate_every: int = 100
    held_out: int = 48
    precision: str = "auto"
    compiled: bool = False
    plan: bool = True  # without it the model shows what the plan is worth

    def rate_at(self, step: int) -> float:
        """Learning rate of a step (Hu et al., "MiniCPM", 2024: warm-up, stable, decay)."""
        rising = min(1.0, (step + 1) / self.warmup_steps)
        falling = (self.steps - step) / max(1.0, self.decay_share * self.steps)
        return self.learning_rate * min(rising, falling, 1.0)


def has_bf16() -> bool:
    """Whether this machine multiplies bfloat16 matrices in hardware (elsewhere they are slower than float32)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_amx_tile_supported()


def optimizers_of(model: PlannerModel, recipe: PlannerRecipe) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al., 2024) for the matrices of the layers, AdamW for embedding and norms."""
    inside = [p for name, p in model.named_parameters() if ".layers." in name and p.ndim == 2]
    rest = [p for name, p in model.named_parameters() if not (".layers." in name and p.ndim == 2)]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    return [
        torch.optim.Muon(inside, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def targets_of(ids: Tensor) -> Tensor:
    """What is to be predicted (b, t - 1) of rows (b, t): PAD where that is not asked for.

    Chords that stand again before the cells of a bar are known there, and nobody draws them.
    """
    kinds = KIND_NUMBERS.to(ids.device)[ids]
    is_chord = (kinds[..., None] == CHORD_KINDS.to(ids.device)).any(-1)
    is_chord[:, :-1] |= (kinds[:, :-1] == POSITION) & (kinds[:, 1:] == CHORD_KINDS[0])
    in_notes = (ids == ID["Notes"]).cumsum(1) > (ids == ID["EOS"]).cumsum(1)
    return torch.where(is_chord & in_notes, PAD, ids)[:, 1:]


def token_losses(model: nn.Module, ids: Tensor) -> Tensor:
    """Cross entropy of every token of rows (b, t) but the first, (b, t - 1); 0 for what is not to be predicted."""
    logits = model(ids[:, :-1])
    return nn.functional.cross_entropy(logits.transpose(1, 2), targets_of(ids), ignore_index=PAD, reduction="none")


@torch.no_grad()
def held_out_loss(model: PlannerModel, found: list[Example], device: torch.device) -> dict[str, float]:
    """Mean loss in nats a token of examples, of all tokens, of those behind Notes, and by kind of token."""
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


def train(
    data: str | Path,
    folder: str | Path,
    model: PlannerModel,
    recipe: PlannerRecipe,
    seed: int = 0,
    report: StepReport = lambda step, figures: None,
) -> dict[str, float]:
    """Train on the shards of a folder until `recipe.steps`, from where the run in `folder` stands if there is one.

    Writes the model to `folder/model`, the state of the run, a log and a plot. Returns the last held-out figures.
    """
    from accelerate import Accelerator

    precision = ("bf16" if has_bf16() else "fp32") if recipe.precision == "auto" else recipe.precision
    accelerator = Accelerator(
        mixed_precision="no" if precision == "fp32" else precision,
        dynamo_backend="inductor" if recipe.compiled else "no",
    )
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held = examples(ScoreShards(data, "validation"), recipe.context, np.random.default_rng(1), False, recipe.plan)
    test = [next(held) for _ in range(recipe.held_out)]
    optimizers = optimizers_of(model, recipe)
    step = load_state(folder, model, optimizers)
    rng = np.random.default_rng([seed, step, accelerator.process_index])
    batches = _batches(ScoreShards(data, "train"), recipe, rng)
    wrapped, *optimizers = accelerator.prepare(model, *optimizers)
    figures: dict[str, float] = {}
    total, tokens, began = 0.0, 0, perf_counter()
    while step < recipe.steps:
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = recipe.rate_at(step)
        ids = next(batches).to(accelerator.device)
        losses = token_losses(wrapped, ids)
        loss = losses.sum() / (targets_of(ids) != PAD).sum()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(wrapped.parameters(), recipe.clip_norm)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        step += 1
        total, tokens = total + float(loss.detach()), tokens + ids.numel()
        if step % recipe.evaluate_every == 0 or step == recipe.steps:
            model.eval()
            figures = held_out_loss(model, test, accelerator.device)
            model.train()
            passed = (step - 1) % recipe.evaluate_every + 1
            row = {"train_loss": total / passed, "tokens_per_second": tokens / (perf_counter() - began), **figures}
            total, tokens, began = 0.0, 0, perf_counter()
            if accelerator.is_main_process:
                save_state(folder, model, optimizers, step, recipe, row)
                report(step, row)
    return figures


def _batches(shards: ScoreShards, recipe: PlannerRecipe, rng: np.random.Generator) -> Iterator[Tensor]:
    """Batches of packed rows (b, t)."""
    packed = pack_rows(examples(shards, recipe.context, rng, plan=recipe.plan), recipe.context)
    while True:
        yield torch.from_numpy(np.stack([next(packed) for _ in range(recipe.batch)]))


def save_state(
    folder: Path,
    model: PlannerModel,
    optimizers: list[torch.optim.Optimizer],
    step: int,
    recipe: PlannerRecipe,
    figures: dict[str, float],
) -> None:
    """All that a later run needs to go on, without pickles; the model; the log and its plot."""
    from safetensors.torch import save_file

    tensors = {f"model.{name}": parameter.detach().clone() for name, parameter in model.named_parameters()}
    for name, parameter in model.named_parameters():
        for optimizer in optimizers:
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer.{key}.{name}"] = torch.as_tensor(value).clone()
    with whole_file(folder / STATE) as temporary:
        save_file(tensors, temporary, {"step": str(step), "recipe": json.dumps(asdict(recipe))})
    save_model(model, folder / "model")
    with (folder / LOG).open("a") as log:
        log.write(json.dumps({"step": step, **{name: round(value, 5) for name, value in figures.items()}}) + "\n")
    plot_log(folder)


def load_state(folder: Path, model: PlannerModel, optimizers: list[torch.optim.Optimizer]) -> int:
    """Take up a run where it stands; the step to start with. Raises ScoretokError when it trained another model."""
    from safetensors import safe_open

    if not (folder / STATE).is_file():
        return 0
    with safe_open(folder / STATE, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
        step = int(file.metadata()["step"])
    try:
        model.load_state_dict({key[6:]: value for key, value in tensors.items() if key.startswith("model.")})
    except RuntimeError as error:
        raise ScoretokError(f"{folder} holds the run of another model: {str(error).splitlines()[0]}") from None
    kept: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimizer."):
            _, field, name = key.split(".", 2)
            kept.setdefault(name, {})[field] = value
    for name, parameter in model.named_parameters():
        owner = next(o for o in optimizers if any(parameter is p for group in o.param_groups for p in group["params"]))
        owner.state[parameter] = kept.get(name, {})
    return step


def plot_log(folder: Path) -> None:
    """Draw training and held-out loss over the steps."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name in ("train_loss", "loss"):
        axes.plot([line["step"] for line in lines], [line[name] for line in lines], label=name)
    axes.set(xlabel="step", ylabel="nats a token", ylim=(None, 4))
    axes.legend()
    figure.savefig(folder / PLOT, dpi=90)
