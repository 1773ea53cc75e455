"""Moments as they were played become ticks as they are written: each beat in the division that explains it best.

Axes: n onsets.
"""

from collections.abc import Sequence

import numpy as np

from scoretok.parts import TICKS_PER_QUARTER

# Ticks from one place to the next, and how much less likely such a beat is at first, in nats.
# Set by hand; benchmarks.transcription measures the notes after quantising.
DIVISIONS = {24: 0.0, 12: 0.5, 6: 1.0, 8: 2.0, 4: 4.0, 3: 4.0}
SPREAD_TICKS = 1.2  # how far from its place an onset is played
AHEAD_TICKS = 1.5  # an onset so little before a beat belongs to it
ROUNDS = 3


def quantise_onsets(start_ticks: Sequence[float] | np.ndarray, beat_ticks: int = TICKS_PER_QUARTER) -> np.ndarray:
    """Onsets (n,) in whole ticks: every beat has quarters, eighths, sixteenths, triplets or finer.

    The division of a beat is the likeliest one: onsets scatter around its places, and divisions that the music uses
    elsewhere are likelier (as in Cemgil et al., "Rhythm quantization for transcription", 2000, without its tempo
    model: the grid of beats is known).
    """
    starts = np.asarray(start_ticks, float)
    if not len(starts):
        return np.zeros(0, np.int64)
    steps = [step for step in DIVISIONS if beat_ticks % step == 0]
    beats = np.floor((starts + AHEAD_TICKS) / beat_ticks).astype(int)
    names, owner = np.unique(beats, return_inverse=True)
    costs = np.zeros((len(names), len(steps)))
    for number, step in enumerate(steps):
        away = starts - step * np.round(starts / step)
        np.add.at(costs[:, number], owner, away**2 / (2 * SPREAD_TICKS**2))
    prior = np.array([DIVISIONS[step] for step in steps])
    chosen = (costs + prior).argmin(1)
    for _ in range(ROUNDS):
        counts = np.bincount(chosen, minlength=len(steps)) + np.exp(-prior)
        chosen = (costs + prior - np.log(counts / counts.sum())).argmin(1)
    step = np.array(steps)[chosen][owner]
    return (step * np.round(starts / step)).astype(np.int64)


def quantise_notes(
    start_ticks: Sequence[float] | np.ndarray,
    end_ticks: Sequence[float] | np.ndarray,
    beat_ticks: int = TICKS_PER_QUARTER,
) -> tuple[np.ndarray, np.ndarray]:
    """Starts and lengths (n,) of notes in whole ticks: ends are rounded to sixteenths, the shortest is a 32nd."""
    starts = quantise_onsets(start_ticks, beat_ticks)
    ends = 6 * np.round(np.asarray(end_ticks, float) / 6)
    return starts, np.maximum(ends - starts, min(DIVISIONS)).astype(np.int64)
