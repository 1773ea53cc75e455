"""The state of a training run in one safetensors file: weights, their average, optimizers, and the step.

All of it is in one file that appears whole, so that a run that was killed goes on from a state that belongs together.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from scoretok.errors import ScoretokError
from scoretok.files import whole_file
from scoretok.nn.recipe import Recipe
from scoretok.nn.weights import first_line

STATE, LOG, PLOT = "state.safetensors", "log.jsonl", "loss.png"
OLD_STATE = "state.pt"


def averaged(model: nn.Module, decay: float) -> AveragedModel | None:
    """The exponential moving average of a model's weights and buffers; None without a decay.

    It warms up as min(decay, 1 - (1 + n) ** -0.75) after n steps (Lucidrains' rule, as diffusers has it).
    """
    if not decay:
        return None

    def move(average: Tensor, current: Tensor, n: Tensor | int) -> Tensor:
        keep = min(decay, 1 - (1 + int(n)) ** -0.75)
        return average + (1 - keep) * (current - average)

    return AveragedModel(model, avg_fn=move, use_buffers=True)


def optimizer_of(optimizers: Sequence[torch.optim.Optimizer], parameter: nn.Parameter) -> torch.optim.Optimizer:
    """The optimizer that moves a parameter."""
    for optimizer in optimizers:
        if any(parameter is other for group in optimizer.param_groups for other in group["params"]):
            return optimizer
    raise KeyError("no optimizer holds this parameter")


def save_state(
    folder: Path,
    step: int,
    model: nn.Module,
    average: AveragedModel | None,
    optimizers: Sequence[torch.optim.Optimizer],
    recipe: Recipe,
) -> None:
    """Write all that a later run needs to go on."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    metadata = {"step": str(step), "recipe": json.dumps(recipe.to_dict())}
    if average is not None:
        tensors |= {f"ema.{name}": value for name, value in average.module.state_dict().items()}
        metadata["ema_steps"] = str(int(average.n_averaged))
    for name, parameter in model.named_parameters():
        for key, value in optimizer_of(optimizers, parameter).state.get(parameter, {}).items():
            tensors[f"optimizer.{key}.{name}"] = torch.as_tensor(value)
    with whole_file(folder / STATE) as temporary:
        save_file({name: value.detach().clone().contiguous() for name, value in tensors.items()}, temporary, metadata)


def load_state(
    folder: Path, model: nn.Module, average: AveragedModel | None, optimizers: Sequence[torch.optim.Optimizer]
) -> int:
    """Go on from a folder's state; the step to start with, 0 where there is none. Raises ScoretokError."""
    path = folder / STATE
    if not path.is_file():
        if (folder / OLD_STATE).is_file():
            raise ScoretokError(
                f"{folder} holds a run of an earlier version, which cannot go on; start a new one from its weights:"
                f" --start {folder / 'model'} --out another folder"
            )
        return 0
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dictionary
            metadata = file.metadata() or {}
        step = int(metadata["step"])
        weights = dict(_under("model.", tensors))
        model.load_state_dict(weights)
        if average is not None:
            average.module.load_state_dict(weights | dict(_under("ema.", tensors)))
            average.n_averaged.fill_(int(metadata.get("ema_steps", step)))
        for name, parameter in model.named_parameters():
            fields = {key.split(".", 2)[1]: tensors[key] for key in tensors if key.split(".", 2)[2:] == [name]}
            optimizer_of(optimizers, parameter).state[parameter] = fields
    except (SafetensorError, OSError, RuntimeError, KeyError, ValueError, IndexError, OverflowError) as error:
        raise ScoretokError(
            f"{folder} holds a run of another model, or is damaged: {first_line(error)}; name another folder"
        ) from None
    return step


def _under(prefix: str, tensors: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    return ((name.removeprefix(prefix), value) for name, value in tensors.items() if name.startswith(prefix))


def append_log(folder: Path, step: int, figures: dict[str, float]) -> None:
    """Add a line of figures; what an earlier, cut off run wrote beyond the step before is replaced."""
    rows = [row for row in read_log(folder) if row["step"] < step]
    rows.append({"step": step, **{name: round(value, 6) for name, value in figures.items()}})
    with whole_file(folder / LOG) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows))


def read_log(folder: Path) -> list[dict[str, float]]:
    """The figures of a run, a row an evaluation."""
    path = folder / LOG
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def plot_log(folder: Path) -> None:
    """Draw every figure of the log over the steps; nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    rows = read_log(folder)
    names = sorted({name for row in rows for name in row} - {"step", "seconds"})
    figure = Figure(figsize=(9, 1.5 * len(names) + 1), layout="constrained")
    axes = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axis, name in zip(axes, names, strict=True):
        axis.plot([row["step"] for row in rows if name in row], [row[name] for row in rows if name in row])
        axis.set_ylabel(name, rotation=0, ha="right")
    axes[-1].set_xlabel("step")
    figure.savefig(folder / PLOT, dpi=90)
