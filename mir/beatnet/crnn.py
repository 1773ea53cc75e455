"""BeatNet's convolutional recurrent network, several of them at once.

Axes: k networks, t frames, d features, h hidden units.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from mir.beatnet.beat_spectrogram import FEATURES
from scoretok.nn.weights import MODEL, build, read_weights, write_weights

KERNEL_BANDS, FILTERS, POOL = 10, 2, 2


class BeatCRNN(nn.Module):
    """One network: a convolution over bands, two recurrent layers that look back only."""

    def __init__(self, hidden: int = 150) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, FILTERS, KERNEL_BANDS)
        self.linear0 = nn.Linear(FILTERS * ((FEATURES - KERNEL_BANDS + 1) // POOL), hidden)
        self.lstm = nn.LSTM(hidden, hidden, num_layers=2, batch_first=True)
        self.linear = nn.Linear(hidden, 3)

    def forward(self, features: Tensor) -> Tensor:
        """Features (t, d) -> how likely a frame is a beat but no downbeat, or a downbeat, (t, 2)."""
        hidden = nn.functional.max_pool1d(self.conv1(features[:, None]).relu(), POOL)  # (t, 2, d')
        hidden = self.lstm(self.linear0(hidden.flatten(1))[None])[0][0]  # (t, h)
        return self.linear(hidden).softmax(-1)[:, :2]


class BeatNet(nn.Module):
    """The mean of some networks, each of which was trained without another set of songs."""

    def __init__(self, networks: int = 2, hidden: int = 150) -> None:
        super().__init__()
        self.config = {"networks": networks, "hidden": hidden}
        self.networks = nn.ModuleList(BeatCRNN(hidden) for _ in range(networks))

    def forward(self, features: Tensor) -> Tensor:
        """Features (t, d) -> (t, 2)."""
        return torch.stack([network(features) for network in self.networks]).mean(0)

    def save(self, folder: str | Path) -> None:
        """Write the weights as half floats."""
        write_weights(self, self.config, folder, torch.float16)

    @classmethod
    def load(cls, folder: str | Path) -> "BeatNet":
        """The networks of a folder. Raises OSError or ValueError when it holds none."""
        config, tensors = read_weights(folder, MODEL)
        return build(cls, config, tensors).eval()
