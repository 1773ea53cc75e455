"""The training loop of the codec and the DiT: Accelerate, EMA, held-out figures, resumable safetensors."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Generic, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import send_to_device
from diffusers import ModelMixin
from diffusers.training_utils import EMAModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from scoretok.errors import ScoretokError

Batch = TypeVar("Batch")
STATE, PROGRESS, LOG, PLOT = "state.safetensors", "progress.json", "log.jsonl", "loss.png"


@dataclass(frozen=True)
class RendererRecipe:
    """How long and how fast to train."""

    steps: int = 10_000
    learning_rate: float = 6e-4
    warmup_steps: int = 100
    final_rate: float = 0.05  # share of the learning rate that the cosine ends at
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    evaluate_every: int = 200
    precision: str = "auto"

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then a cosine."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        share = min(1.0, (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps))
        low = self.learning_rate * self.final_rate
        return low + (self.learning_rate - low) * 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * share))))


def faster_precision() -> str:
    """'bf16' where this machine multiplies it faster than single precision, else 'no'; measured, not guessed."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(1024, 512, dtype=dtype, device=device), torch.ones(512, 512, dtype=dtype, device=device)
        for _ in range(3):
            a @ b
        began = perf_counter()
        for _ in range(30):
            out = a @ b
        float(out[0, 0])
        seconds[dtype] = perf_counter() - began
    return "bf16" if seconds[torch.bfloat16] < 0.8 * seconds[torch.float32] else "no"


def make_optimizers(model: nn.Module, recipe: RendererRecipe) -> list[torch.optim.Optimizer]:
    """Muon (Jordan et al., 2024) for the matrices inside blocks, AdamW for the rest."""
    inside = {
        name: parameter
        for name, parameter in model.named_parameters()
        if "blocks." in name and parameter.ndim == 2 and min(parameter.shape) > 8
    }
    rest = [parameter for name, parameter in model.named_parameters() if name not in inside]
    rate, decay = recipe.learning_rate, recipe.weight_decay
    muon = torch.optim.Muon(inside.values(), rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(rest, rate, betas=(0.9, 0.98), weight_decay=decay)]


def _owner(optimizers: Sequence[torch.optim.Optimizer], parameter: nn.Parameter) -> torch.optim.Optimizer:
    """The optimizer that moves a parameter."""
    for optimizer in optimizers:
        if any(parameter is other for group in optimizer.param_groups for other in group["params"]):
            return optimizer
    raise KeyError("no optimizer holds this parameter")


class LossModule(nn.Module, Generic[Batch]):
    """A model together with its losses: one forward call holds all that is trained, on any number of devices."""

    def __init__(self, model: ModelMixin, loss_of: Callable[[nn.Module, Batch], dict[str, Tensor]]) -> None:
        super().__init__()
        self.model, self.loss_of = model, loss_of

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return self.loss_of(self.model, batch)


def fit(
    model: ModelMixin,
    batches: Iterator[Batch],
    loss_of: Callable[[nn.Module, Batch], dict[str, Tensor]],
    evaluate: Callable[[nn.Module], dict[str, float]],
    folder: Path,
    recipe: RendererRecipe,
    report: Callable[[int, dict[str, float]], None] = lambda step, figures: None,
) -> dict[str, float]:
    """Train until `recipe.steps`, from where the folder's state stands if it holds one.

    `loss_of(model, batch)` gives named losses, of which "loss" is minimised; `evaluate(model)` is called with the
    averaged weights. Writes the averaged model to `folder/ema`, the state, a log and a plot. Returns the last figures.
    """
    precision = faster_precision() if recipe.precision == "auto" else recipe.precision
    accelerator = Accelerator(mixed_precision=precision)
    optimizers = make_optimizers(model, recipe)
    ema = EMAModel(model.parameters(), decay=recipe.ema_decay, use_ema_warmup=True, power=0.75)
    folder.mkdir(parents=True, exist_ok=True)
    step = load_state(folder, model, optimizers, ema)
    ema.to(accelerator.device)
    trainee, *optimizers = accelerator.prepare(LossModule(model, loss_of), *optimizers)
    sums: dict[str, float] = {}
    began, figures = perf_counter(), {}
    while step < recipe.steps:
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = recipe.rate_at(step)
        losses = trainee(send_to_device(next(batches), accelerator.device))
        accelerator.backward(losses["loss"])
        accelerator.clip_grad_norm_(trainee.parameters(), recipe.clip_norm)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        ema.step(model.parameters())
        step += 1
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % recipe.evaluate_every == 0 or step == recipe.steps:
            count = (step - 1) % recipe.evaluate_every + 1
            figures = {f"train_{name}": value / count for name, value in sums.items()}
            figures |= _evaluate(model, ema, evaluate) | {"seconds": perf_counter() - began}
            sums, began = {}, perf_counter()
            if accelerator.is_main_process:
                save_state(folder, model, optimizers, ema, step, figures, recipe)
                report(step, figures)
    return figures


def _evaluate(model: ModelMixin, ema: EMAModel, evaluate: Callable[[nn.Module], dict[str, float]]) -> dict[str, float]:
    """Held-out figures of the averaged weights."""
    ema.store(model.parameters())
    ema.copy_to(model.parameters())
    model.eval()
    with torch.no_grad():
        figures = evaluate(model)
    model.train()
    ema.restore(model.parameters())
    return figures


def save_state(
    folder: Path,
    model: ModelMixin,
    optimizers: Sequence[torch.optim.Optimizer],
    ema: EMAModel,
    step: int,
    figures: dict[str, float],
    recipe: RendererRecipe,
) -> None:
    """Everything a later run needs to go on, as tensors without pickles; the averaged model; the log and its plot."""
    names = [name for name, _ in model.named_parameters()]
    tensors = {f"model.{name}": value.detach().clone() for name, value in model.state_dict().items()}
    tensors |= {f"ema.{name}": value.clone() for name, value in zip(names, ema.shadow_params, strict=True)}
    for name, parameter in zip(names, model.parameters(), strict=True):
        for key, value in _owner(optimizers, parameter).state.get(parameter, {}).items():
            tensors[f"optimizer.{key}.{name}"] = torch.as_tensor(value).clone()
    partial = folder / f"{STATE}.partial"
    save_file(tensors, partial, {"step": str(step), "ema_steps": str(ema.optimization_step)})
    partial.replace(folder / STATE)
    ema.store(model.parameters())
    ema.copy_to(model.parameters())
    model.save_pretrained(folder / "ema")
    ema.restore(model.parameters())
    with (folder / LOG).open("a") as log:
        log.write(json.dumps({"step": step, **figures}) + "\n")
    (folder / PROGRESS).write_text(json.dumps({"step": step, "recipe": asdict(recipe)}, indent=1) + "\n")
    plot_log(folder)


def load_state(folder: Path, model: ModelMixin, optimizers: Sequence[torch.optim.Optimizer], ema: EMAModel) -> int:
    """Go on from a folder's state; the step to start with, 0 where there is none. Raises ScoretokError."""
    path = folder / STATE
    if not path.is_file():
        return 0
    step = json.loads((folder / PROGRESS).read_text())["step"]
    tensors = load_file(path)
    names = [name for name, _ in model.named_parameters()]
    try:
        model.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")})
    except RuntimeError as error:
        raise ScoretokError(f"{path} holds another model: {str(error).splitlines()[0]}") from None
    ema.shadow_params = [tensors[f"ema.{name}"] for name in names]
    ema.optimization_step = step
    for name, parameter in zip(names, model.parameters(), strict=True):
        keys = [key for key in tensors if key.startswith("optimizer.") and key.split(".", 2)[2] == name]
        _owner(optimizers, parameter).state[parameter] = {key.split(".", 2)[1]: tensors[key] for key in keys}
    return step


def plot_log(folder: Path) -> None:
    """Draw every figure of the log over the steps."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    names = sorted({name for row in rows for name in row} - {"step", "seconds"})
    figure = Figure(figsize=(9, 1.5 * len(names) + 1), layout="constrained")
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axis, name in zip(axes, names, strict=True):
        axis.plot([row["step"] for row in rows if name in row], [row[name] for row in rows if name in row])
        axis.set_ylabel(name, rotation=0, ha="right")
    axes[-1].set_xlabel("step")
    figure.savefig(folder / PLOT, dpi=90)
