"""Adapter of a voice: the parameters that speaker adaptation changes.

They are the tables that scale and shift every layer, and the last biases (as BitFit: Ben Zaken et al., 2022).
"""

import copy

import torch
from torch import Tensor

from renderer.voice.voice_dit import VoiceDiT
from scoretok.errors import ScoretokError

ADAPTED_PARAMETERS = ("table", "timbre.2.bias", "coarse_out.bias", "flow_out.bias")


def is_adapted(name: str) -> bool:
    """Whether a parameter is one that an adapter holds."""
    return name.endswith(ADAPTED_PARAMETERS)


def with_adapter(model: VoiceDiT, adapter: dict[str, Tensor] | None) -> VoiceDiT:
    """The model with a voice's numbers in place of its own. Raises ScoretokError when they do not fit."""
    if not adapter:
        return model
    changed = copy.deepcopy(model)
    own = dict(changed.named_parameters())
    for name, value in adapter.items():
        if name not in own or not is_adapted(name) or own[name].shape != value.shape:
            raise ScoretokError(f"the voice was adapted to another model ({name} does not fit); adapt it anew")
        with torch.no_grad():
            own[name].copy_(value)
    return changed
