"""The source of a voice: a train of pulses at its pitch, and noise; both white, for an envelope to colour.

Axes: n samples.
"""

import numpy as np

from renderer.codec.exciter import white_noise
from renderer.codec.mel import SAMPLE_RATE

TOP_HZ = 20000.0


def phase_of(hz: np.ndarray, start_turns: float = 0.0) -> tuple[np.ndarray, float]:
    """Phase (n,) in turns of an oscillator whose frequency is `hz` (n,), and where it stands behind the last sample."""
    turns = start_turns + np.cumsum(hz.astype(np.float64) / SAMPLE_RATE)
    return np.concatenate([[start_turns], turns[:-1]]), float(turns[-1] % 1.0)


def pulses(hz: np.ndarray, phase_turns: np.ndarray) -> np.ndarray:
    """All partials below 20 kHz at once, (n,) float32, with power 1 in every hertz as white noise of power 1 has.

    The sum of cosines in closed form (Dirichlet's kernel); the highest partial fades in, so that none begins suddenly.
    """
    half = np.pi * (phase_turns % 1.0)
    sine = np.sin(half)
    count = TOP_HZ / np.maximum(hz, 20.0)
    whole = np.floor(count)
    near = np.abs(sine) < 1e-6
    kernel = np.where(near, whole, 0.5 * np.sin((2 * whole + 1) * half) / np.where(near, 1.0, sine) - 0.5)
    kernel += (count - whole) * np.cos(2 * (whole + 1) * half)
    # n partials of amplitude a, one each hz, hold a^2 / 2 / hz of power in every hertz; noise holds 2 / rate.
    return (kernel * 2.0 * np.sqrt(hz / SAMPLE_RATE)).astype(np.float32)


def noise(start_sample: int, n_samples: int, seed: int) -> np.ndarray:
    """White noise (n,) of power 1 that depends on nothing but its place and the seed."""
    return white_noise(start_sample, n_samples, seed, 2).numpy() * 10
