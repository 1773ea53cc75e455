"""What the codec's decoder is trained on: magnitudes at several resolutions, and mel frames.

Axes: b batch, n samples.
"""

import torch
from torch import Tensor

from renderer.codec.mel import SAMPLE_RATE, LogMel, stft

RESOLUTIONS = (4096, 2048, 1024, 512, 256)  # samples of a window; set by hand, no run varied them


def spectral_distance(
    made: Tensor, true: Tensor, resolutions: tuple[int, ...] = RESOLUTIONS, top_hz: Tensor | None = None
) -> Tensor:
    """Log-magnitude distance plus spectral convergence of audio (b, n), mean over resolutions (Yamamoto 2020).

    What lies above `top_hz` (b,) does not count.
    """
    total = made.new_zeros(())
    for fft in resolutions:
        a, b = (stft(audio, fft, fft // 4).abs() for audio in (made, true))
        if top_hz is not None:
            below = torch.linspace(0, SAMPLE_RATE / 2, a.shape[1], device=a.device)[:, None] < top_hz[:, None, None]
            a, b = a * below, b * below
        log_distance = (torch.log(a.clamp(min=1e-4)) - torch.log(b.clamp(min=1e-4))).abs().mean()
        difference, size = ((a - b) ** 2).sum((1, 2)), (b**2).sum((1, 2))
        convergence = (difference / (size + 1e-3)).clamp(max=16).add(1e-8).sqrt().mean()
        total = total + log_distance + convergence
    return total / len(resolutions)


def mel_distance(made: Tensor, true: Tensor, mel: LogMel) -> Tensor:
    """Mean absolute difference of log-mel frames in nepers (1 neper is 8.7 dB)."""
    return (mel(made) - mel(true)).abs().mean()
