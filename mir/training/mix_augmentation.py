"""Audio augmentation of mixes: random equalisers, reverberation, saturation, band limits, noise.

Axes: c channels, n samples.
"""

import numpy as np
from scipy import signal

ROOM_S = (0.15, 1.6)  # set by hand; no benchmark varies it


def random_eq(samples: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Samples (c, n) through one to three shelves or bells of up to 9 dB (Bristow-Johnson's cookbook)."""
    sections = []
    for _ in range(rng.integers(1, 4)):
        hz, gain_db = float(np.exp(rng.uniform(np.log(60), np.log(0.4 * rate)))), float(rng.uniform(-9, 9))
        sections.append(bell(hz, gain_db, float(rng.uniform(0.4, 2.0)), rate))
    return signal.sosfilt(np.array(sections), samples).astype(np.float32)


def bell(hz: float, gain_db: float, q: float, rate: int) -> np.ndarray:
    """A peaking second-order section (6,) of the cookbook."""
    turn = 2 * np.pi * hz / rate
    amplitude, alpha = 10 ** (gain_db / 40), np.sin(turn) / (2 * q)
    middle = -2 * np.cos(turn)
    section = np.array([1 + alpha * amplitude, middle, 1 - alpha * amplitude,
                        1 + alpha / amplitude, middle, 1 - alpha / amplitude])  # fmt: skip
    return section / section[3]


def random_reverb(samples: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Samples (c, n) with the echoes of a room: noise that fades by 60 dB, at some share of the sound."""
    length = round(rng.uniform(*ROOM_S) * rate)
    fade = 10 ** (-3 * np.arange(length) / length)
    response = rng.standard_normal((len(samples), length)) * fade
    response /= np.sqrt((response**2).sum(1, keepdims=True))
    response[:, 0] += 1 / rng.uniform(0.05, 0.5)
    wet = signal.oaconvolve(samples, response, axes=1)[:, : samples.shape[1]]
    return wet.astype(np.float32)


def random_mastering(samples: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """A whole mix (c, n) as it might reach us: driven, in a narrow band, with noise."""
    peak = float(np.abs(samples).max(initial=1e-9))
    if rng.random() < 0.3:
        drive = rng.uniform(0.5, 3.0)
        samples = np.tanh(samples / peak * drive) * peak
    if rng.random() < 0.2:
        samples = signal.sosfilt(signal.butter(4, rng.uniform(3500, 10000), "low", fs=rate, output="sos"), samples)
    if rng.random() < 0.15:
        samples = signal.sosfilt(signal.butter(2, rng.uniform(40, 160), "high", fs=rate, output="sos"), samples)
    if rng.random() < 0.4:
        level = np.sqrt(np.mean(samples**2)) * 10 ** (rng.uniform(-60, -20) / 20)
        noise = rng.standard_normal(samples.shape)
        samples = samples + level * (signal.lfilter([0.1], [1, -0.9], noise) * 3 if rng.random() < 0.5 else noise)
    return np.asarray(samples, np.float32)
