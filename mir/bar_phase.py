"""Which beat begins the bars: where harmony changes, where bass, kick and snare strike, and where the music begins.

A bar model that hears no more than activations of downbeats takes beat 3 for beat 1, or a backbeat for it. Where beats
and meter are known, each place in the bar is a candidate, and a conditional logit chooses one.

Axes: c candidates, d features, b beats, t frames.
"""

from dataclasses import replace

import numpy as np

from mir.beats import FRAMES_PER_S
from mir.grid import BeatGrid
from mir.metrical_evidence import MetricalEvidence, beat_chroma, beat_places, choice_chances, harmony_changes

STRONG_CHANGE = 1.5  # times the median change between beats
NEAR_BEATS = 0.3
BARS_SHARE = 0.5  # a first moment says nothing where there are fewer than so many a bar
AT_ONCE_S = 1.0  # a recording whose first beat is before this begins with music
FEATURE_NAMES = (
    "downbeat activation", "harmony changes", "strong changes of harmony", "kicks", "snares", "bass notes", "onsets",
    "first onset", "first bass note", "first kick", "as tracked", "first beat", "harmony of half bars changes",
)  # fmt: skip
PHASE_WEIGHTS = (  # fitted by benchmarks.bar_phase
    0.366, 2.61, 1.63, 1.03, -0.686, 1.05, -0.282, 0.359, 0.146, 0.715, 0.827, 0.86, 2.28,
)  # fmt: skip


def choose_bar_phase(grid: BeatGrid, activations: np.ndarray, evidence: MetricalEvidence) -> BeatGrid:
    """The grid with bars from the beat on that is likeliest the first of them.

    `activations` (t, 2) at 100 Hz are those that the grid was decoded from.
    """
    chances = choice_chances(list(phase_features(grid, activations, evidence)), np.array(PHASE_WEIGHTS))
    return replace(grid, first_beat=int(chances.argmax()))


def phase_features(grid: BeatGrid, activations: np.ndarray, evidence: MetricalEvidence) -> np.ndarray:
    """Features (c, d) of each place in the bar that the first beat may have, in the order of FEATURE_NAMES."""
    beats, size = grid.times_s, grid.beats_per_bar
    period_s = float(np.median(np.diff(beats)))
    at = np.round(FRAMES_PER_S * beats).astype(int)
    near = np.clip(at[:, None] + np.arange(-2, 3), 0, len(activations) - 1)
    downbeat = activations[near, 1].max(1)
    chroma = beat_chroma(beats, evidence.chroma)
    changes, half_changes = harmony_changes(chroma), _half_bar_changes(chroma, size)
    is_strong = changes > STRONG_CHANGE * np.median(changes)
    moments = (evidence.kick_s, evidence.snare_s, evidence.bass_s, evidence.onsets_s)
    on_beat = [beat_places(some, beats)[:, 0] for some in moments]
    firsts = [
        float(some[0]) if len(some) > BARS_SHARE * len(beats) / size else np.inf
        for some in (evidence.onsets_s, evidence.bass_s, evidence.kick_s)
    ]
    rows = []
    for first in range(size):
        begins = (np.arange(len(beats)) + first) % size == 0
        if not begins.any():
            begins[0] = True
        rows.append([
            downbeat[begins].mean() / max(0.05, float(downbeat.mean())),
            changes[begins].sum() / max(1e-6, float(changes.sum())),
            is_strong[begins].mean(),
            *((counts[begins].sum() + 1) / (counts.sum() + size) for counts in on_beat),
            *(np.abs(beats[begins] - some).min() < NEAR_BEATS * period_s for some in firsts),
            first == grid.first_beat,
            first == 0 and beats[0] < AT_ONCE_S,
            half_changes[begins].mean(),
        ])  # fmt: skip
    return np.array(rows, float)


def _half_bar_changes(chroma: np.ndarray, size: int) -> np.ndarray:
    """How much half a bar from every beat on differs in chroma (b, 12) from half a bar before it, (b,), 0 to 1."""
    sums = np.concatenate([np.zeros((1, 12)), chroma.cumsum(0)])
    at, reach = np.arange(len(chroma)), max(1, size // 2)
    before = sums[at] - sums[np.maximum(0, at - reach)]
    after = sums[np.minimum(len(chroma), at + reach)] - sums[at]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    found = 1 - (before * after).sum(1) / np.maximum(1e-9, lengths)
    return np.where(lengths > 0, found, 0.0)
