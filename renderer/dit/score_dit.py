"""The score-conditioned diffusion transformer: a coarse predictor, and a flow that adds what it left open.

The coarse predictor runs once and says what the score, the reference and the known frames settle. The flow starts
from it at a low noise level (shallow diffusion: Liu et al., DiffSinger, 2022) or from pure noise, and takes a few
steps of flow matching (Lipman et al., 2023). Both are made of the same blocks: RMS-normalised queries and keys,
rotary positions, AdaLN-single modulation (Chen et al., PixArt-alpha, 2024).

Axes: b batch, r reference frames, t frames of the window, d latent dims, c channels, h heads.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from renderer.dit.conditioning import NotePairs, ScoreEncoder
from renderer.note_array import PROGRAM_COUNT
from scoretok.nn.rotary import apply_rotary, rotary, rotary_rates


class DiTBlock(nn.Module):
    """Attention over all frames and a gated feed-forward, both modulated: (b, t, c) -> (b, t, c)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(dim, elementwise_affine=False)
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.q_norm, self.k_norm = nn.RMSNorm(dim // heads), nn.RMSNorm(dim // heads)
        self.out = nn.Linear(dim, dim)
        hidden = dim * 8 // 3 // 32 * 32
        self.gate_up = nn.Linear(dim, 2 * hidden)
        self.down = nn.Linear(hidden, dim)
        self.table = nn.Parameter(torch.randn(6, dim) / dim**0.5)
        for layer in (self.out, self.down):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, modulation: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Frames (b, t, c), modulation (b, 6, c), rotary (t, c / h / 2)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.table)[:, :, None].unbind(1)
        y = self.norm1(x) * (1 + scale1) + shift1
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(y).chunk(3, -1))
        q, k = apply_rotary(self.q_norm(q), cos, sin), apply_rotary(self.k_norm(k), cos, sin)
        y = functional.scaled_dot_product_attention(q, k, v.to(q.dtype))
        x = x + (1 + gate1) * self.out(y.transpose(1, 2).flatten(2))
        y = self.norm2(x) * (1 + scale2) + shift2
        gate, up = self.gate_up(y).chunk(2, -1)
        return x + (1 + gate2) * self.down(functional.silu(gate) * up)


class DiTStack(nn.Module):
    """Blocks that share one modulation of a vector (b, c)."""

    def __init__(self, dim: int, layers: int, heads: int) -> None:
        super().__init__()
        self.head_dim = dim // heads
        last = nn.Linear(dim, 6 * dim)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.modulate = nn.Sequential(nn.SiLU(), last)
        self.blocks = nn.ModuleList(DiTBlock(dim, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, vector: Tensor, positions: Tensor) -> Tensor:
        modulation = self.modulate(vector).unflatten(-1, (6, -1))
        cos, sin = rotary(positions, rotary_rates(self.head_dim, 1000.0, positions.device))
        for block in self.blocks:
            x = block(x, modulation, cos, sin)
        return self.norm(x)


class ScoreDiT(nn.Module):
    """Latents of one track from its notes, the frames around them and a reference of its timbre.

    Frames are latents (b, t, d) of the codec. `keep_mask` (b, t) is 1 where `known` holds frames to be kept.
    The reference is (b, r, d) with `reference_mask` (b, r), 1 where there is one.
    """

    def __init__(
        self,
        latent_dims: int = 128,
        dim: int = 256,
        coarse_layers: int = 6,
        flow_layers: int = 5,
        heads: int = 4,
        note_dim: int = 128,
    ) -> None:
        super().__init__()
        self.score = ScoreEncoder(dim, note_dim)
        self.program = nn.Embedding(PROGRAM_COUNT, dim)
        self.see_known = nn.Linear(latent_dims + 1, dim)
        self.see_reference = nn.Linear(latent_dims, dim)
        self.timbre = nn.Sequential(nn.Linear(2 * latent_dims, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.no_reference = nn.Parameter(torch.zeros(dim))
        self.coarse_stack = DiTStack(dim, coarse_layers, heads)
        self.coarse_out = nn.Linear(dim, latent_dims)
        self.see_noisy = nn.Linear(3 * latent_dims + 1, dim)
        self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.flow_stack = DiTStack(dim, flow_layers, heads)
        self.flow_out = nn.Linear(dim, latent_dims)
        nn.init.zeros_(self.flow_out.weight)
        nn.init.zeros_(self.flow_out.bias)

    def predict(
        self,
        pairs: NotePairs,
        program: Tensor,
        known: Tensor,
        keep_mask: Tensor,
        reference: Tensor,
        reference_mask: Tensor,
        score_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The coarse latents (b, t, d), and the hidden frames (b, t, c) that the flow goes on from.

        `pairs` speak of r + t frames a sequence, the reference's first; `program` has shape (b,). `score_mask`
        (b, r) is 0 where the notes of the reference are not known.
        """
        b, t, _ = known.shape
        r = reference.shape[1]
        score = self.score(pairs, b, r + t)
        reference_in = torch.where(reference_mask[..., None] > 0, self.see_reference(reference), self.no_reference)
        reference_score = score[:, :r] if score_mask is None else score[:, :r] * score_mask[..., None]
        prefix = reference_in + reference_score * reference_mask[..., None]
        keep = keep_mask[..., None]
        known_frames = torch.cat([reference, known], 1)
        vector = self.program(program) + self.timbre(
            masked_mean_max(known_frames, torch.cat([reference_mask, keep_mask], 1))
        )
        window = self.see_known(torch.cat([known * keep, keep], -1)) + score[:, r:] + vector[:, None]
        # The reference lies far before the window, so that no distance between the two means anything.
        positions = torch.cat([torch.arange(r) - r - 200, torch.arange(t)]).to(known.device)
        hidden = self.coarse_stack(torch.cat([prefix, window], 1), vector, positions)[:, r:]
        return self.coarse_out(hidden), hidden

    def forward(
        self, noisy: Tensor, timestep: Tensor, coarse: Tensor, hidden: Tensor, known: Tensor, keep_mask: Tensor
    ) -> Tensor:
        """Velocity noise - latents (b, t, d) at noisy latents (b, t, d) and timesteps (b,) from 0 to 1000."""
        keep = keep_mask[..., None]
        x = self.see_noisy(torch.cat([noisy, coarse, known * keep, keep], -1)) + hidden
        vector = self.time(timestep_embedding(timestep, x.shape[-1]).to(x.dtype))
        positions = torch.arange(noisy.shape[1], device=noisy.device)
        return self.flow_out(self.flow_stack(x, vector, positions))


def masked_mean_max(frames: Tensor, mask: Tensor) -> Tensor:
    """Masked mean and maximum over time of frames (b, t, d), zeros where mask (b, t) is empty: (b, 2 d)."""
    mask = mask[..., None]
    mean = (frames * mask).sum(1) / mask.sum(1).clamp(min=1)
    highest = torch.where(mask > 0, frames, -1e4).amax(1)
    return torch.cat([mean, torch.where(mask.amax(1) > 0, highest, 0.0)], -1)


def timestep_embedding(timestep: Tensor, dim: int) -> Tensor:
    """Sines and cosines (b, dim) of timesteps (b,)."""
    rates = torch.exp(-math.log(1e4) * torch.arange(dim // 2, device=timestep.device) / (dim // 2))
    angles = timestep[:, None].float() * rates
    return torch.cat([torch.cos(angles), torch.sin(angles)], -1)
