"""The convolutional backbone that the codec's encoder and decoder share.

Axes: b batch, c channels, f frames.
"""

import torch
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then an inverted bottleneck (Liu et al. 2022; Vocos, Siuzdak 2024).

    The depthwise layer is a Conv2d over channels-last memory: on CPUs four times as fast as Conv1d.
    """

    def __init__(self, dim: int, expansion: int = 3, kernel: int = 7) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(dim, dim, (1, kernel), padding=(0, kernel // 2), groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, dim * expansion)
        self.narrow = nn.Linear(dim * expansion, dim)
        self.scale = nn.Parameter(torch.full((dim,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        """(b, f, c) -> (b, f, c)."""
        image = x.transpose(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last)
        mixed = self.depthwise(image).squeeze(2).transpose(1, 2)
        return x + self.scale * self.narrow(nn.functional.gelu(self.widen(self.norm(mixed))))


class Backbone(nn.Module):
    """A linear stem, blocks and a norm: (b, f, in_dim) -> (b, f, dim)."""

    def __init__(self, in_dim: int, dim: int, layers: int) -> None:
        super().__init__()
        self.stem = nn.Linear(in_dim, dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
