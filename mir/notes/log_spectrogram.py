"""Multi-resolution log-frequency spectrogram: three window lengths on one pitch axis.

Axes: w windows (3), f bins of a third of a semitone, t frames, n samples.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from scoretok.extras import require

if TYPE_CHECKING:
    from torch import Tensor

RATE = 22050
HOP = 441
FRAMES_PER_S = RATE // HOP
WINDOWS = (8192, 2048, 512)
LOWEST_PITCH = 24
BINS_PER_SEMITONE = 3
BINS = 300  # 100 semitones, up to 10 kHz
FLOOR_DB = -80.0
BLOCK_FRAMES = 3000
LOUDNESS_DB = -20.0  # what recordings are brought to first


@cache
def triangular_filters(window: int) -> np.ndarray:
    """Triangles over the bins of an FFT, (window / 2 + 1, f), a third of a semitone or two FFT bins wide at least."""
    pitches = LOWEST_PITCH + (np.arange(BINS) - 1) / BINS_PER_SEMITONE
    centres = 440 * 2 ** ((pitches - 69) / 12)
    half = np.maximum(centres * (2 ** (1 / (12 * BINS_PER_SEMITONE)) - 1), RATE / window)
    hz = np.arange(window // 2 + 1) * RATE / window
    bank = np.maximum(0, 1 - np.abs(hz[:, None] - centres) / half)
    return (bank / bank.sum(0)).astype(np.float32)


def normalised(samples: np.ndarray) -> np.ndarray:
    """Samples (n,) brought to the usual loudness; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(samples), dtype=np.float64)))
    return samples * np.float32(10 ** (LOUDNESS_DB / 20) / level) if level > 1e-6 else samples


def log_spectrogram(samples: np.ndarray) -> "Tensor":
    """Levels (w, f, t), 0 at -80 dB and 1 at full scale, of mono samples (n,) at 22,050 Hz; t = n // 441 + 1."""
    torch = require("torch", "mir", "hearing notes")
    edge, total = WINDOWS[0] // 2, len(samples) // HOP + 1
    signal = torch.from_numpy(np.pad(np.asarray(samples, np.float32), edge))
    levels = torch.empty(len(WINDOWS), BINS, total)
    for row, size in enumerate(WINDOWS):
        window, bank = torch.hann_window(size), torch.from_numpy(triangular_filters(size)).T
        for start in range(0, total, BLOCK_FRAMES):  # of any length at once it would take gigabytes
            stop = min(total, start + BLOCK_FRAMES)
            first = edge - size // 2
            block = signal[first + start * HOP : first + (stop - 1) * HOP + size]
            spectrum = torch.stft(block, size, HOP, window=window, center=False, return_complex=True)
            magnitude = bank @ (spectrum.abs() * (2 / window.sum()))
            levels[row, :, start:stop] = 1 - 20 * torch.log10(magnitude + 1e-6) / FLOOR_DB
    return levels.clamp_(0, 1)
