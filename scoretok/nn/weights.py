"""Weights in folders: `config.json`, which is the constructor's signature, beside one safetensors file."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from scoretok.errors import ScoretokError
from scoretok.files import whole_file
from scoretok.numbers import parse_json

CONFIG, MODEL, DIFFUSERS_MODEL = "config.json", "model.safetensors", "diffusion_pytorch_model.safetensors"
MAX_UNRELATED = 10**6  # of numbers that are no sizes: sample rates, token ids
Module = TypeVar("Module", bound=nn.Module)


def read_weights(folder: str | Path, name: str = MODEL) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The config of a folder and its tensors, floats in single precision.

    Raises OSError or ValueError when the folder does not hold them, or holds sizes that do not belong together.
    """
    try:
        config = parse_json(Path(folder, CONFIG).read_text(), CONFIG)
        tensors = load_file(Path(folder, name))
    except (SafetensorError, ScoretokError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(config, dict):
        raise ValueError(f"{CONFIG} is not an object")
    _check_sizes(config, tensors)
    # Copies: products of tensors that lie in the file, at any address, differ in their last bits.
    return config, {
        key: x.to(torch.float32, copy=True) if x.is_floating_point() else x.clone() for key, x in tensors.items()
    }


def _check_sizes(config: Mapping[str, object], tensors: Mapping[str, Tensor]) -> None:
    """Raise ValueError for a config that would build more than the tensors can fill: counting to it takes for ever."""
    parameters = sum(tensor.numel() for tensor in tensors.values())
    for name, value in config.items():
        many = re.search("layers|blocks|depth|stages", name) is not None
        for number in value if isinstance(value, list) else (value,):
            limit = len(tensors) if many else max(parameters, MAX_UNRELATED)
            if isinstance(number, int | float) and abs(number) > limit:
                raise ValueError(f"{CONFIG} says {name} {number}, which {len(tensors)} tensors cannot fill")


def build(kind: Callable[..., Module], config: Mapping[str, object], tensors: Mapping[str, Tensor]) -> Module:
    """A module of a config with these weights. Raises ValueError when they do not make one."""
    try:
        module = kind(**config)
        module.load_state_dict(tensors, assign=True)  # not copied once more
    except Exception as error:  # what a constructor does with a config that is not its own cannot be foreseen
        raise ValueError(f"{type(error).__name__}: {first_line(error)}") from None
    return module


def load_module(kind: type[Module], folder: str | Path, name: str = DIFFUSERS_MODEL) -> Module:
    """A module whose constructor takes what `config.json` says, ready to be used.

    Reads what diffusers writes without importing it, which takes longer than a short edit. Raises OSError or
    ValueError when the folder does not hold one.
    """
    config, tensors = read_weights(folder, name)
    module = build(kind, {key: value for key, value in config.items() if not key.startswith("_")}, tensors)
    return module.eval().requires_grad_(False)


def write_weights(
    module: nn.Module,
    config: Mapping[str, object],
    folder: str | Path,
    dtype: torch.dtype = torch.float32,
    name: str = MODEL,
) -> None:
    """Write a module's weights, floats as `dtype`, and its config. Each file appears whole."""
    state = module.state_dict().items()
    tensors = {key: (x.to(dtype) if x.is_floating_point() else x).detach().cpu().contiguous() for key, x in state}
    write_tensors(tensors, config, folder, name)


def write_tensors(
    tensors: dict[str, Tensor], config: Mapping[str, object], folder: str | Path, name: str = MODEL
) -> None:
    """Write tensors and a config to a folder. Each file appears whole."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / name) as temporary:
        save_file(tensors, temporary, {"format": "pt"})
    with whole_file(folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(config, indent=1) + "\n")


def first_line(error: Exception, limit: int = 200) -> str:
    """The first line of what an error says, or its kind."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:limit]


def average_weights(folders: Sequence[str | Path], out: str | Path) -> None:
    """Write the mean of the weights of runs that began as one (Wortsman et al., "Model soups", 2022).

    Whole numbers are those of the first. Raises ScoretokError when the models are not alike.
    """
    try:
        name = MODEL if Path(folders[0], MODEL).is_file() else DIFFUSERS_MODEL
        parts = [read_weights(folder, name) for folder in folders]
    except (OSError, ValueError, IndexError) as error:
        raise ScoretokError(f"weights cannot be averaged: {first_line(error)}") from None
    shapes = [{key: x.shape for key, x in tensors.items()} for _, tensors in parts]
    if any(config != parts[0][0] for config, _ in parts) or any(one != shapes[0] for one in shapes):
        raise ScoretokError("weights can be averaged of networks of one size only")
    mean = {
        key: torch.stack([tensors[key] for _, tensors in parts]).mean(0) if first.is_floating_point() else first
        for key, first in parts[0][1].items()
    }
    write_tensors(mean, parts[0][0], out, name)
