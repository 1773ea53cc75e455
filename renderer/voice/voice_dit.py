"""The voice DiT: content, pitch and loudness to spectral envelopes of a target voice, in context of a reference.

A coarse predictor reads the words and, before them, a stretch of the voice with its own words, so that it can look up
how this voice makes a sound; a flow adds what is left open. Both are the blocks of `renderer.dit.score_dit`.

Tokens are pairs of frames (43 Hz). Axes: b batch, r reference tokens, t tokens of the window, c content dims,
k bands, f frames.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from renderer.dit.score_dit import DiTStack, timestep_embedding
from renderer.voice.content import WHISPER_DIMS
from renderer.voice.envelope import ENVELOPE_BANDS
from renderer.voice.postfilter import MODULATION_FRAMES

FRAMES_PER_TOKEN = 2
PROSODY_DIMS = 3  # beside the content, a frame tells pitch, voicing and loudness
TOKEN_DIMS = FRAMES_PER_TOKEN * ENVELOPE_BANDS
TIMBRE_DIMS = 4 * ENVELOPE_BANDS + 3
# By trial on the held-out voices of benchmarks.voice, where all tried lay within 0.003 of likeness.
STEPS, START_NOISE_LEVEL = 4, 0.5  # of the flow
# Set by hand; the shipped weights were trained with it.
REFERENCE_GAP_TOKENS = (
    200  # how far before the window the reference lies, so that no distance between them means anything
)


class VoiceDiT(nn.Module):
    """Predicts level-free, standardised log envelopes ("normalised envelopes") of a voice, (b, t, 2 k)."""

    mean: Tensor
    scale: Tensor
    projection: Tensor
    content_mean: Tensor
    detail: Tensor

    def __init__(
        self, content_dims: int = 96, dim: int = 256, coarse_layers: int = 6, flow_layers: int = 3, heads: int = 4
    ) -> None:
        super().__init__()
        self.content_dims = content_dims
        self.register_buffer("mean", torch.zeros(ENVELOPE_BANDS))
        self.register_buffer("scale", torch.ones(ENVELOPE_BANDS))
        self.register_buffer("projection", torch.zeros(WHISPER_DIMS, content_dims))
        self.register_buffer("content_mean", torch.zeros(WHISPER_DIMS))
        self.register_buffer("detail", torch.zeros(ENVELOPE_BANDS, MODULATION_FRAMES + 1))
        self.see_told = nn.Linear(FRAMES_PER_TOKEN * (content_dims + PROSODY_DIMS), dim)
        self.see_shape = nn.Linear(TOKEN_DIMS, dim)
        self.timbre = nn.Sequential(nn.Linear(TIMBRE_DIMS, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.no_reference = nn.Parameter(torch.zeros(dim))
        self.coarse_stack = DiTStack(dim, coarse_layers, heads)
        self.coarse_out = nn.Linear(dim, TOKEN_DIMS)
        self.see_noisy = nn.Linear(2 * TOKEN_DIMS, dim)
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.flow_stack = DiTStack(dim, flow_layers, heads)
        self.flow_out = nn.Linear(dim, TOKEN_DIMS)
        for layer in (self.coarse_out, self.flow_out):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def content(self, features: Tensor) -> Tensor:
        """Whisper's features (..., 512) -> what they say of the words and not of the voice (..., c)."""
        return (features - self.content_mean) @ self.projection

    def predict(
        self,
        conditioning: Tensor,
        reference: Tensor,
        reference_mask: Tensor,
        timbre: Tensor,
        added: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Coarse shapes (b, t, 2 k), and hidden tokens (b, t, dim) that the flow goes on from.

        `conditioning` (b, r + t, 2 (c + 3)) is what is sung, first in the reference; `reference` (b, r, 2 k) its
        envelopes, with `reference_mask` (b, r), 1 where there is one; `timbre` (b, 4 k + 3) is what
        `timbre_statistics` gives. `added` (b, t, dim) is what a singer's phones say beyond the conditioning.
        """
        r = reference.shape[1]
        vector = self.timbre(timbre)
        mask = reference_mask[..., None]
        prefix = torch.where(
            mask > 0, self.see_told(conditioning[:, :r]) + self.see_shape(reference), self.no_reference
        )
        told = self.see_told(conditioning[:, r:])
        x = torch.cat([prefix, told if added is None else told + added], 1) + vector[:, None]
        t = conditioning.shape[1] - r
        positions = torch.cat([torch.arange(r) - r - REFERENCE_GAP_TOKENS, torch.arange(t)]).to(x.device)
        hidden = self.coarse_stack(x, vector, positions)[:, r:]
        return self.coarse_out(hidden), hidden + vector[:, None]

    def forward(self, noisy: Tensor, timestep: Tensor, coarse: Tensor, hidden: Tensor) -> Tensor:
        """Velocity noise - shapes (b, t, 2 k) at noisy shapes (b, t, 2 k) and timesteps (b,) from 0 to 1000."""
        x = self.see_noisy(torch.cat([noisy, coarse], -1)) + hidden
        vector = self.time(timestep_embedding(timestep, x.shape[-1]).to(x.dtype))
        return self.flow_out(self.flow_stack(x, vector, torch.arange(noisy.shape[1], device=noisy.device)))

    def refine(self, coarse: Tensor, hidden: Tensor, steps: int) -> Tensor:
        """Coarse shapes (b, t, 2 k) as the flow goes on from them: as if they were half noise, of which there is none
        (SDEdit: Meng et al., 2022), so that the likeliest is found and nothing is left to chance."""
        if not steps:
            return coarse
        sample = (1 - START_NOISE_LEVEL) * coarse
        levels = [START_NOISE_LEVEL * (1 - step / steps) for step in range(steps + 1)]
        for level, lower in pairwise(levels):
            timestep = torch.full((len(coarse),), level * 1000.0, device=coarse.device)
            sample = sample + (lower - level) * self(sample, timestep, coarse, hidden)
        return sample


def tokens_of(frames: Tensor) -> Tensor:
    """Frames (b, f, d), an even number, as tokens (b, f / 2, 2 d)."""
    b, f, d = frames.shape
    return frames.reshape(b, f // FRAMES_PER_TOKEN, FRAMES_PER_TOKEN * d)


def frames_of(tokens: Tensor) -> Tensor:
    """Tokens (b, t, 2 d) as frames (b, 2 t, d)."""
    b, t, d = tokens.shape
    return tokens.reshape(b, t * FRAMES_PER_TOKEN, d // FRAMES_PER_TOKEN)


def stack_conditioning(content: Tensor, hz: Tensor, voicing: Tensor, loudness: Tensor) -> Tensor:
    """Stacks conditioning (b, f, c + 3): content (b, f, c), log2 pitch, voicing, loudness over nominal."""
    pitch = torch.log2(hz.clamp(min=40) / 200)
    return torch.cat([content, pitch[..., None], voicing[..., None], loudness[..., None] / 4], -1)


def timbre_statistics(
    norm_envelope: Tensor, hz: Tensor, voicing: Tensor, weight: Tensor, known_bands: Tensor
) -> Tensor:
    """Timbre statistics (b, 4 k + 3): mean and deviation of envelopes (b, f, k), voiced and not, and pitch.

    `weight` (b, f) says how much a frame counts, `known_bands` (b, k) which bands were recorded.
    """
    parts = []
    for part in (voicing * weight, (1 - voicing) * weight):
        total = part.sum(1, keepdim=True).clamp(min=1e-3)
        mean = (norm_envelope * part[..., None]).sum(1) / total
        spread = ((norm_envelope - mean[:, None]).square() * part[..., None]).sum(1) / total
        parts += [mean, (spread + 1e-4).sqrt()]
    voiced = voicing * weight
    octaves = torch.log2(hz.clamp(min=40) / 200)
    total = voiced.sum(1).clamp(min=1e-3)
    pitch = (octaves * voiced).sum(1) / total
    known = voiced.sum(1) / weight.sum(1).clamp(min=1e-3)
    return torch.cat([*parts, pitch[:, None], known[:, None], known_bands.mean(1, keepdim=True)], -1)
