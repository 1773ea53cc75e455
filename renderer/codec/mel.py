"""Log-mel frames and the closed-form latents that are made of them.

Axes: b batch, n samples, f mel frames (86.13 Hz), k mel bands, t latent frames (21.53 Hz), d latent dims.
"""

import math

import torch
from torch import Tensor, nn

from scoretok.nn import spectra

SAMPLE_RATE = 44100
FFT = 2048
HOP_SAMPLES = 512
FRAMES_PER_LATENT = 4
LATENT_SAMPLES = HOP_SAMPLES * FRAMES_PER_LATENT
LATENT_HZ = SAMPLE_RATE / LATENT_SAMPLES
BANDS = 128
# Added to mel amplitudes before the logarithm: differences below -66 dB, which cannot be heard beside the rest of a
# track, shrink to nothing instead of costing the latents as much as loud ones.
# Set by hand; the shipped weights were trained with it, no other floor was compared.
FLOOR = 5e-4
SILENCE = math.log(FLOOR)


def mel_edges_hz() -> Tensor:
    """Corner frequencies of the mel bands, (BANDS + 2,)."""
    return spectra.mel_edges_hz(BANDS, SAMPLE_RATE / 2)


def mel_filters(bands: int = BANDS) -> Tensor:
    """Triangular filters with peak 1, (bands, FFT / 2 + 1)."""
    return spectra.mel_filters(bands, FFT, SAMPLE_RATE)


def stft(audio: Tensor, fft: int = FFT, hop_samples: int = HOP_SAMPLES) -> Tensor:
    """Complex spectrum (b, bins, f) of audio (b, n), n / hop frames; frame i is centred on sample i * hop.

    A full-scale sine has a peak of 1.
    """
    window = torch.hann_window(fft, device=audio.device)
    return spectra.stft(audio, fft, hop_samples, window) * (2 / window.sum())


def istft(spectrum: Tensor, n_samples: int) -> Tensor:
    """Audio (b, n) of a spectrum (b, bins, f) as `stft` gives it."""
    window = torch.hann_window(FFT, device=spectrum.device)
    return spectra.istft(spectrum * (window.sum() / 2), FFT, HOP_SAMPLES, window, n_samples)


class LogMel(nn.Module):
    """Audio (b, n) -> natural logarithm of mel amplitudes over a floor, (b, f, k): log(mel + FLOOR)."""

    filters: Tensor

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filters(bands), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        return self.of_magnitude(stft(audio).abs())

    def of_magnitude(self, magnitude: Tensor) -> Tensor:
        """The same from magnitudes (b, bins, f)."""
        return torch.log(self.filters @ magnitude + FLOOR).transpose(-1, -2)


class MelPca(nn.Module):
    """Latents without a trained encoder: frames stacked in fours, principal components, unit variance.

    `mean` (4k,), `basis` (4k, d) and `scale` (d,) come from `fit`.
    """

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(self, bands: int = BANDS, latent_dims: int = 128) -> None:
        super().__init__()
        stacked = bands * FRAMES_PER_LATENT
        self.register_buffer("mean", torch.zeros(stacked))
        self.register_buffer("basis", torch.eye(stacked, latent_dims))
        self.register_buffer("scale", torch.ones(latent_dims))

    def encode(self, mel: Tensor) -> Tensor:
        """Log-mel (b, 4t, k) -> latents (b, t, d)."""
        b, f, k = mel.shape
        stacked = mel.reshape(b, f // FRAMES_PER_LATENT, k * FRAMES_PER_LATENT)
        return (stacked - self.mean) @ self.basis / self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (b, t, d) -> log-mel (b, 4t, k)."""
        b, t, _ = latents.shape
        stacked = (latents * self.scale) @ self.basis.T + self.mean
        return stacked.reshape(b, t * FRAMES_PER_LATENT, -1)

    @torch.no_grad()
    def fit(self, mel: Tensor) -> float:
        """Set the components from log-mel frames (b, 4t, k); returns the share of variance that they keep."""
        stacked = mel.reshape(-1, self.mean.numel()).double()
        mean = stacked.mean(0)
        covariance = (stacked - mean).T @ (stacked - mean) / len(stacked)
        values, vectors = torch.linalg.eigh(covariance)
        values, vectors = values.flip(0), vectors.flip(1)
        dims = self.scale.numel()
        self.mean.copy_(mean)
        self.basis.copy_(vectors[:, :dims])
        self.scale.copy_(values[:dims].clamp(min=1e-8).sqrt())
        return float(values[:dims].sum() / values.sum())
