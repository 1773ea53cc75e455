"""What a performance looks like to the beat network: a row of features every 20 ms.

Axes: m notes, t frames, d features.
"""

import numpy as np

FRAMES_PER_S = 50
BANDS = (36, 43, 50, 57, 64, 71, 78, 85)  # lowest pitches of the bands above the first
FEATURES = (len(BANDS) + 1) + 12 + 5
LONGEST_S = 2.0  # durations and gaps count up to here


def onset_features(
    start_s: np.ndarray, end_s: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, frames: int
) -> np.ndarray:
    """Features (t, d), float32, of notes (m,) by onset: loudness by band, pitch classes, and of the lowest note, the
    highest, the longest, how many and how long since the last."""
    out = np.zeros((frames, FEATURES), np.float32)
    order = np.argsort(start_s, kind="stable")
    frame = np.clip(np.rint(start_s * FRAMES_PER_S).astype(int), 0, frames - 1)
    bands = np.searchsorted(BANDS, pitch, side="right")
    weight = (velocity / 127.0).astype(np.float32)
    np.maximum.at(out, (frame, bands), weight)
    classes = len(BANDS) + 1
    np.maximum.at(out, (frame, classes + pitch % 12), 1.0)
    rest = classes + 12
    length = np.minimum(end_s - start_s, LONGEST_S) / LONGEST_S
    np.maximum.at(out, (frame, np.full_like(frame, rest)), (127 - pitch) / 127.0)
    np.maximum.at(out, (frame, np.full_like(frame, rest + 1)), pitch / 127.0)
    np.maximum.at(out, (frame, np.full_like(frame, rest + 2)), length)
    np.add.at(out, (frame, np.full_like(frame, rest + 3)), 0.2)
    since = np.diff(start_s[order], prepend=start_s[order][:1] - LONGEST_S) if len(start_s) else np.zeros(0)
    np.maximum.at(out, (frame[order], np.full_like(frame, rest + 4)), np.minimum(since, LONGEST_S) / LONGEST_S)
    return out
