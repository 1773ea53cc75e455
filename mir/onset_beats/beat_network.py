"""A temporal convolutional network from onsets to beats (after Davies and Boeck, "Temporal convolutional networks for
musical audio beat tracking", 2019, which reads spectra).

Axes: b examples, t frames, d features, c channels.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from mir.onset_beats.onset_features import FEATURES
from scoretok.nn.weights import MODEL, build, read_weights, write_weights

DILATIONS = tuple(2**power for power in range(10))


class DilatedBlock(nn.Module):
    """A gated dilated convolution over five frames, beside itself twice as far apart, added to its input."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, channels)
        self.near = nn.Conv1d(channels, channels, 5, padding=2 * dilation, dilation=dilation)
        self.far = nn.Conv1d(channels, channels, 5, padding=4 * dilation, dilation=2 * dilation)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(b, c, t) -> (b, c, t)."""
        normed = self.norm(x)
        hidden = nn.functional.elu(self.near(normed)) * torch.sigmoid(self.far(normed))
        return x + self.mix(hidden)


class OnsetBeatNet(nn.Module):
    """Logits of beats and downbeats, each frame, from features of onsets."""

    def __init__(self, channels: int = 40) -> None:
        super().__init__()
        self.config = {"channels": channels}
        self.inlet = nn.Conv1d(FEATURES, channels, 5, padding=2)
        self.blocks = nn.ModuleList(DilatedBlock(channels, dilation) for dilation in DILATIONS)
        self.outlet = nn.Conv1d(channels, 2, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (b, t, d) -> logits (b, t, 2) of a beat (downbeats are beats) and of a downbeat."""
        hidden = self.inlet(features.mT)
        for block in self.blocks:
            hidden = block(hidden)
        return self.outlet(hidden).mT

    def save(self, folder: str | Path) -> None:
        """Write the weights."""
        write_weights(self, self.config, folder)

    @classmethod
    def load(cls, folder: str | Path) -> "OnsetBeatNet":
        """The network of a folder. Raises OSError or ValueError when it holds none."""
        config, tensors = read_weights(folder, MODEL)
        return build(cls, config, tensors).eval()
