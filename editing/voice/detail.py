"""The detail that an average lacks: what is predicted is sharpened until it moves as recordings do.

A model that is unsure predicts the middle of what may be, and that is smoother over time and over bands than any of it.
Gains for every speed of movement and fineness over bands bring back as much movement as recordings have: the
modulation-spectrum postfilter (Takamichi et al., "Postfilters to modify the modulation spectrum", 2016).

Axes: b batch, f frames, k bands, c coefficients of the cosine transform over bands (k of them), m speeds.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as nnf

from editing.voice.envelope import BANDS

SPAN = 64  # frames in which movement is measured, 0.74 s
REACH_FRAMES = SPAN // 2  # frames on either side that a sharpened frame depends on
MOST_GAIN = 3.0
SMOOTHING = 5  # coefficients over which gains are averaged


def cosines(bands: int = BANDS) -> Tensor:
    """The orthonormal cosine transform (k, c) over bands."""
    places = (torch.arange(bands) + 0.5) * math.pi / bands
    table = torch.cos(places[:, None] * torch.arange(bands)) * (2 / bands) ** 0.5
    table[:, 0] /= 2**0.5
    return table


def movement(shape: Tensor) -> Tensor:
    """Mean power (m, c) of movements of shapes (b, f, k), f >= SPAN, by speed and fineness."""
    spans = (shape @ cosines(shape.shape[-1]).to(shape)).unfold(1, SPAN, SPAN // 2)
    spans = (spans - spans.mean(-1, keepdim=True)) * torch.hann_window(SPAN, periodic=False).to(shape)
    return torch.fft.rfft(spans, dim=-1).abs().square().mean((0, 1)).T


def filters(recorded: Tensor, made: Tensor) -> Tensor:
    """What to add, as filters over time (c, 2 * REACH_FRAMES + 1), so that made movements (m, c) become recorded ones.

    Nothing is made smoother, nothing grows more than MOST_GAIN-fold, and what stands still stays.
    """
    gain = (recorded / made.clamp(min=1e-9)).sqrt().log()
    gain = nnf.avg_pool1d(gain[None], SMOOTHING, 1, SMOOTHING // 2, count_include_pad=False)[0]
    gain = gain.exp().clamp(1, MOST_GAIN) - 1
    gain[0] = 0
    response = torch.fft.irfft(gain, SPAN, dim=0).roll(REACH_FRAMES, 0)
    response = torch.cat([response, response[:1]]) * torch.hann_window(SPAN + 1, periodic=False)[:, None].to(gain)
    return (response - response.mean(0)).T.contiguous()


def detailed(shape: Tensor, added: Tensor) -> Tensor:
    """Shapes (b, f, k) sharpened by `filters` (c, 2 * REACH_FRAMES + 1)."""
    table = cosines(shape.shape[-1]).to(shape)
    slow = nnf.pad((shape @ table).transpose(1, 2), (REACH_FRAMES, REACH_FRAMES), mode="replicate")
    return shape + nnf.conv1d(slow, added[:, None].to(shape), groups=len(added)).transpose(1, 2) @ table.T
