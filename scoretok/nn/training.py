"""One training loop for all networks, under Accelerate: Muon and AdamW, averaged weights, held-out figures, resuming.

A `Task` says what is learned; a `Recipe` says how.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import send_to_device
from torch import Tensor, nn

from scoretok.nn.recipe import Recipe
from scoretok.nn.state import append_log, averaged, load_state, plot_log, save_state

Batch = TypeVar("Batch")
StepReport = Callable[[int, dict[str, float]], None]
StageProgress = Callable[[str, float], None]
ShareProgress = Callable[[float], None]


class Task(Protocol[Batch]):
    """What a network learns: its batches, its losses, its held-out figures, and how its weights are written."""

    def batches(self, first_step: int, rank: int) -> Iterator[Batch]:
        """Batches without end from a step on, others in each process."""

    def losses(self, model: Any, batch: Batch) -> dict[str, Tensor]:  # noqa: ANN401 - the model of this task
        """Named losses of a batch, of which "loss" is minimised."""

    def evaluate(self, model: Any) -> dict[str, float]:  # noqa: ANN401
        """Held-out figures, by the same chance each time."""

    def save(self, model: Any, folder: Path) -> None:  # noqa: ANN401
        """Write the weights below the folder of a run."""


class Trainee(nn.Module):
    """A model together with its losses: one forward call holds all that is trained, on any number of devices."""

    def __init__(self, model: nn.Module, task: Task) -> None:
        super().__init__()
        self.model, self.task = model, task

    def forward(self, batch: Any) -> dict[str, Tensor]:  # noqa: ANN401
        """Named losses of a batch."""
        return self.task.losses(self.model, batch)


def make_optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices that the recipe names, AdamW for the rest."""
    matrices = {
        name: parameter
        for name, parameter in model.named_parameters()
        if re.search(recipe.muon, name) and parameter.ndim == 2 and min(parameter.shape) > 8
    }
    rest = [parameter for name, parameter in model.named_parameters() if name not in matrices]
    rate = recipe.learning_rate
    adam = torch.optim.AdamW(rest, rate, betas=recipe.adam_betas, weight_decay=recipe.adam_weight_decay)
    if not matrices:
        return [adam]
    muon = torch.optim.Muon(matrices.values(), rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw")
    return [muon, adam]


def faster_precision() -> str:
    """'bf16' where this machine multiplies it faster than single precision, else 'fp32'; measured, not guessed."""
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
    return "bf16" if seconds[torch.bfloat16] < 0.8 * seconds[torch.float32] else "fp32"


def fit(
    task: Task, model: nn.Module, folder: str | Path, recipe: Recipe, report: StepReport = lambda step, figures: None
) -> dict[str, float]:
    """Train until `recipe.steps`, from where the folder's state stands if it holds one. Raises ScoretokError.

    Writes the averaged weights as the task does, the state, a log and a plot. Returns the last figures.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    precision = faster_precision() if recipe.precision == "auto" else recipe.precision
    AcceleratorState._reset_state()  # a process may train one network after another, in another precision
    accelerator = Accelerator(
        mixed_precision="bf16" if precision == "bf16" else "no",
        dynamo_backend="inductor" if recipe.compiled else "no",
    )
    model.train()
    optimizers = make_optimizers(model, recipe)
    average = averaged(model, recipe.ema_decay)
    step = load_state(folder, model, average, optimizers)
    if average is not None:
        average.to(accelerator.device)
    trainee, *prepared = accelerator.prepare(Trainee(model, task), *optimizers)
    batches = task.batches(step, accelerator.process_index)
    sums: dict[str, float] = {}
    figures: dict[str, float] = {}
    began, since = perf_counter(), step
    while step < recipe.steps:
        for group in (group for optimizer in prepared for group in optimizer.param_groups):
            group["lr"] = recipe.rate_at(step)
        losses = trainee(send_to_device(next(batches), accelerator.device))
        accelerator.backward(losses["loss"])
        accelerator.clip_grad_norm_(trainee.parameters(), recipe.clip_norm)
        for optimizer in prepared:
            optimizer.step()
            optimizer.zero_grad()
        if average is not None:
            average.update_parameters(model)
        step += 1
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        if step % recipe.evaluate_every == 0 or step == recipe.steps:
            figures = {f"train_{name}": value / (step - since) for name, value in sums.items()}
            figures |= evaluate(task, average.module if average is not None else model)
            figures["seconds"] = perf_counter() - began
            sums, began, since = {}, perf_counter(), step
            if accelerator.is_main_process:
                save_state(folder, step, model, average, optimizers, recipe)
                task.save(average.module if average is not None else model, folder)
                append_log(folder, step, figures)
                plot_log(folder)
                report(step, figures)
    return figures


@torch.no_grad()
def evaluate(task: Task, model: nn.Module) -> dict[str, float]:
    """Held-out figures of a model in evaluation mode; it is left in training mode."""
    model.eval()
    figures = task.evaluate(model)
    model.train()
    return figures
