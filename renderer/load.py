"""Modules from the files that diffusers writes, without importing diffusers, which takes longer than a short edit."""

import json
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def load_module(kind: type[Module], folder: Path) -> Module:
    """A module whose constructor takes what `config.json` says, in single precision, ready to be used.

    Raises OSError, ValueError, TypeError or RuntimeError when the folder does not hold one.
    """
    config = json.loads((folder / "config.json").read_text())
    module = kind(**{name: value for name, value in config.items() if not name.startswith("_")})
    tensors = load_file(folder / "diffusion_pytorch_model.safetensors")
    module.load_state_dict({name: tensor.to(torch.float32) for name, tensor in tensors.items()})
    return module.eval().requires_grad_(False)
