"""Rotary position embedding (Su et al., "RoFormer", 2021).

Axes: b batch, h heads, t tokens.
"""

import torch
from torch import Tensor


def rotary_rates(head_dim: int, base: float, device: torch.device | None = None) -> Tensor:
    """Angular rates (head_dim / 2,) in radians a position."""
    return base ** (-torch.arange(0, head_dim, 2, device=device) / head_dim)


def rotary(positions: Tensor, rates: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (t, head_dim / 2) of positions (t,)."""
    angles = positions[:, None] * rates
    return torch.cos(angles), torch.sin(angles)


def apply_rotary(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Queries or keys (b, h, t, head_dim) rotated by their positions."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1).to(x.dtype)
