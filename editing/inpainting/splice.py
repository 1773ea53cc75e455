"""Joining new sound to old: where the seams lie, and how they fade.

Axes: c channels, n samples.
"""

from dataclasses import dataclass

import numpy as np

# Set by hand; benchmarks.inpaint measures the seams.
FADE_S = 0.03
SEARCH_S = 0.25
STEP_S = 0.005


@dataclass(frozen=True)
class Change:
    """What is added to a sound (c, n) from sample `start` on, so that old becomes new; nothing elsewhere."""

    start: int
    samples: np.ndarray

    @property
    def stop(self) -> int:
        """The sample behind the last one changed."""
        return self.start + self.samples.shape[1]


def crossfade(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Old (c, n) fading into new (c, n) with the power of both kept, however alike they are.

    Equal-gain for equal signals, equal-power for unrelated ones, in between by their correlation
    (Fink, Holters, Zölzer: "Signal-matched power-complementary cross-fading and dry-wet mixing", 2016).
    """
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(old.shape[1]) + 0.5) / old.shape[1])
    energy = float(np.sqrt((old**2).sum() * (new**2).sum()))
    alike = min(max(float((old * new).sum()) / energy, 0.0), 1.0) if energy > 0 else 1.0
    norm = np.sqrt(rise**2 + (1 - rise) ** 2 + 2 * alike * rise * (1 - rise))
    return (old * (1 - rise) + new * rise) / norm


def splice(old: np.ndarray, new: np.ndarray, begin: int, stop: int, rate: int) -> Change:
    """The change that puts `new` (c, n) in the place of `old` (c, n) from sample `begin` to about `stop`.

    The fade in ends at `begin`, where notes may start; the fade out begins where both sound most alike, at or soon
    after `stop`. Where `begin` is 0, or `stop` the end, there is nothing to fade with.
    """
    n, fade = old.shape[1], round(FADE_S * rate)
    start = max(0, begin - fade)
    out = n if stop + fade >= n else _best_seam(old, new, stop, min(n - fade, stop + round(SEARCH_S * rate)), rate)
    end = min(n, out + fade)
    wanted = new[:, start:end].copy()
    if begin > 0:
        wanted[:, : begin - start] = crossfade(old[:, start:begin], new[:, start:begin])
    if out < n:
        wanted[:, out - start :] = crossfade(new[:, out:end], old[:, out:end])
    return Change(start, np.where(new[:, start:end] == old[:, start:end], 0.0, wanted - old[:, start:end]))


def _best_seam(old: np.ndarray, new: np.ndarray, first: int, last: int, rate: int) -> int:
    """The sample from `first` to `last` from which on a fade's length of old and new differ least for their energy."""
    fade = round(FADE_S * rate)
    steps = range(first, max(first, last) + 1, max(1, round(STEP_S * rate)))
    floor = 1e-8 * fade * old.shape[0]

    def difference(at: int) -> float:
        a, b = old[:, at : at + fade], new[:, at : at + fade]
        return float((((a - b) ** 2).sum() + floor) / ((a**2).sum() + (b**2).sum() + 4 * floor))

    return min(steps, key=difference)
