"""Band-limited resampling with libsoxr.

Axes: c channels, n samples.
"""

from math import gcd

import numpy as np

from scoretok.extras import require


def resample(samples: np.ndarray, sample_rate: float, new_rate: float) -> np.ndarray:
    """Samples (n,) or (c, n) at another rate, of the same type (float32 or float64)."""
    if sample_rate == new_rate:
        return samples
    soxr = require("soxr", "audio", "changing the sample rate")
    return np.ascontiguousarray(soxr.resample(samples.T, sample_rate, new_rate).T)


def common_period(sample_rate: int, new_rate: int) -> tuple[int, int]:
    """The shortest stretch that is a whole number of samples at both rates, counted at each of them."""
    divisor = gcd(sample_rate, new_rate)
    return sample_rate // divisor, new_rate // divisor
