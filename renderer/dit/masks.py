"""Which frames of a window are kept and which are generated: 1 where kept, as everywhere here.

Axes: t latent frames.
"""

import numpy as np

# Shares of nothing known and of a beginning known in training; set by hand, no run varied them.
WHOLE_SHARE, CONTINUATION_SHARE = 0.35, 0.25
SHORTEST = 8


def random_keep_mask(frames: int, onsets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep mask (t,) as training draws it: nothing kept, a beginning kept, or all but a span.

    `onsets` are frames in which notes begin; most spans start and end there, as bars do.
    """
    keep = np.zeros(frames, np.float32)
    kind = rng.random()
    if kind < WHOLE_SHARE:
        return keep
    if kind < WHOLE_SHARE + CONTINUATION_SHARE:
        keep[: _edge(int(rng.integers(SHORTEST, frames - SHORTEST)), onsets, rng)] = 1
        return keep
    length = int(rng.integers(SHORTEST, frames * 3 // 4))
    start = int(rng.integers(0, frames - length + 1))
    begin, end = _edge(start, onsets, rng), _edge(start + length, onsets, rng)
    keep[:] = 1
    keep[min(begin, end) : max(begin, end, min(begin, end) + 1)] = 0
    return keep


def _edge(frame: int, onsets: np.ndarray, rng: np.random.Generator) -> int:
    """A frame, most often moved to the nearest onset."""
    if len(onsets) and rng.random() < 0.7:
        return int(onsets[np.abs(onsets - frame).argmin()])
    return frame
