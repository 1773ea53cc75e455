"""Short-time spectra, mel filters and minimum-phase filters.

Axes: b batch, n samples, f frames, q STFT bins, k mel bands.
"""

import torch
from torch import Tensor, nn


def stft(audio: Tensor, fft: int, hop_samples: int, window: Tensor) -> Tensor:
    """Complex spectrum (b, q, f) of audio (b, n): frame i is centred on sample i * hop.

    There are n / hop frames: the one centred behind the last sample is left out.
    """
    spectrum = torch.stft(audio, fft, hop_samples, len(window), window, pad_mode="constant", return_complex=True)
    return spectrum[..., : audio.shape[-1] // hop_samples]


def istft(spectrum: Tensor, fft: int, hop_samples: int, window: Tensor, n_samples: int) -> Tensor:
    """Audio (b, n) of a spectrum (b, q, f) as `stft` gives it."""
    padded = nn.functional.pad(spectrum, (0, 1))
    return torch.istft(padded, fft, hop_samples, len(window), window, length=n_samples)


def mel_edges_hz(bands: int, top_hz: float) -> Tensor:
    """Corner frequencies of `bands` triangles, (bands + 2,), on Slaney's scale (Auditory Toolbox, 1998)."""
    step = torch.log(torch.tensor(6.4)) / 27
    top = 15 + torch.log(torch.tensor(top_hz / 1000)) / step
    mel = torch.linspace(0, float(top), bands + 2)
    return torch.where(mel < 15, mel * 200 / 3, 1000 * torch.exp(step * (mel - 15).clamp(min=0)))


def mel_filters(bands: int, fft: int, sample_rate: int) -> Tensor:
    """Triangular filters with peak 1, (k, q)."""
    edges = mel_edges_hz(bands, sample_rate / 2)
    bins_hz = torch.linspace(0, sample_rate / 2, fft // 2 + 1)
    rising = (bins_hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins_hz) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0)


def minimum_phase(log_gain: Tensor) -> Tensor:
    """Complex filters (b, q, f) of log amplitudes (b, q, f) with minimum phase, as a vocal tract has it.

    By the cepstrum's causal half (Oppenheim and Schafer, "Discrete-Time Signal Processing").
    """
    q = log_gain.shape[1]
    cepstrum = torch.fft.irfft(log_gain, 2 * (q - 1), 1)
    fold = torch.zeros(2 * (q - 1), device=log_gain.device, dtype=log_gain.dtype)
    fold[0] = fold[q - 1] = 1
    fold[1 : q - 1] = 2
    return torch.exp(torch.fft.rfft(cepstrum * fold[None, :, None], dim=1))
