"""The timbres that tracks have when nobody names a reference: a few seconds of latents for every program.

Axes: r reference frames, d latent dims, n samples.
"""

import numpy as np
import torch
from torch import Tensor, nn

from renderer.note_array import PROGRAM_COUNT

REFERENCE = 64  # latent frames, 3 s; set by hand, the weights were trained with it


class TimbreBank(nn.Module):
    """A reference (r, d) for each of the 129 programs; programs without one have a zero mask."""

    latents: Tensor
    known: Tensor

    def __init__(self, latent_dims: int = 128, programs: int = PROGRAM_COUNT, frames: int = REFERENCE) -> None:
        super().__init__()
        self.frames = frames
        self.register_buffer("latents", torch.zeros(programs, frames, latent_dims))
        self.register_buffer("known", torch.zeros(programs))

    def reference(self, program: int) -> tuple[Tensor, Tensor]:
        """Latents (1, r, d) and mask (1, r) of a program."""
        latents = self.latents[program][None].float()
        return latents, torch.full(latents.shape[:2], float(self.known[program]))


def loudest_stretch(audio: np.ndarray, n_samples: int) -> np.ndarray:
    """The `n_samples` of audio (n,) with the most energy, zeros appended to shorter audio."""
    if len(audio) <= n_samples:
        return np.pad(audio, (0, n_samples - len(audio)))
    energy = np.concatenate([[0.0], np.cumsum(audio.astype(np.float64) ** 2)])
    starts = np.arange(0, len(audio) - n_samples + 1, 512)
    best = int(starts[np.argmax(energy[starts + n_samples] - energy[starts])])
    return audio[best : best + n_samples]
