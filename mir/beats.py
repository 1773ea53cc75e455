"""Beats, downbeats and meter of a recording, and the repair of doubled tempos.

Axes: t frames, b beats, k changes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir.grid import BeatGrid, beats_of_meter, repair_beats
from mir.madmom_package import madmom
from mir.notes.log_spectrogram import FRAMES_PER_S as NETWORK_FRAMES_PER_S
from scoretok.audio import SAMPLE_RATE, Recording
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.parts import TICKS_PER_QUARTER

FRAMES_PER_S = 100  # of madmom's networks
LIBROSA_RATE = 22050
METERS = (3, 4)
# Set by hand; benchmarks.transcription measures the beats, doubled tempos among them.
FASTEST_BPM = 215.0  # of quarters; of shorter beats as much more
TEMPO_OCTAVE_RATIOS = (1.7, 2.3)  # a tempo so many times another one is the same, doubled
DOUBLED_BPM = 130.0  # chords may halve tempos from here on
NEAR_BEATS = 0.25
# The bar model takes 60 MB for ten seconds; longer recordings are tracked piece by piece.
PIECE_FRAMES, OVERLAP_FRAMES = 24000, 1500
# Set by hand; no benchmark varies it.
MIN_PROBABILITY = 1e-4  # nothing is impossible to the bar model


class NoBeatError(ScoretokError):
    """A recording in which no beat is heard."""


def madmom_activations(recording: Recording) -> np.ndarray:
    """Beat and downbeat activations of madmom's recurrent networks, (t, 2) at 100 Hz; beats exclude downbeats.

    Boeck et al., "Joint beat and downbeat tracking with recurrent neural networks" (2016). The networks may not be used
    commercially.
    """
    features, signal = madmom("features.downbeats"), madmom("audio.signal")
    madmom_signal = signal.Signal(recording.mono_at(SAMPLE_RATE), sample_rate=SAMPLE_RATE, num_channels=1)
    return np.asarray(features.RNNDownBeatProcessor()(madmom_signal))


def network_activations(activations: np.ndarray) -> np.ndarray:
    """Beat and downbeat activations (t, 2) at 100 Hz from the note network's (2, k) at 50 Hz."""
    times = (
        np.arange(0, activations.shape[1] * FRAMES_PER_S // NETWORK_FRAMES_PER_S) * NETWORK_FRAMES_PER_S / FRAMES_PER_S
    )
    beats, downbeats = (np.interp(times, np.arange(activations.shape[1]), row) for row in activations)
    return np.stack([np.clip(beats - downbeats, 0, 1), downbeats], 1)


def mean_activations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Averages two activation functions (t, 2), cut to the shorter one."""
    count = min(len(first), len(second))
    return (first[:count] + second[:count]) / 2


def track_bars(
    activations: np.ndarray,
    meter: tuple[int, int] | None = None,
    bpm: float | None = None,
    slowest_bpm: float | None = None,
    sizes: Sequence[int] = METERS,
) -> BeatGrid:
    """Beats and downbeats decoded from activations (t, 2) by madmom's dynamic Bayesian network.

    `sizes` are the beats that a bar may have where no meter is told.

    The model itself (a dynamic Bayesian network) is free; only networks that come with madmom are not. Compound meters
    have dotted beats. Raises NoBeatError when there is no beat.
    """
    features = madmom("features.downbeats")
    count, ticks = beats_of_meter(*meter or (4, 4))
    sizes = (count,) if meter else sizes
    reach = {"max_bpm": FASTEST_BPM * max(1, TICKS_PER_QUARTER / ticks)}
    if slowest_bpm is not None:
        reach["min_bpm"] = slowest_bpm
    if bpm is not None:
        reach = {"min_bpm": 0.9 * bpm, "max_bpm": 1.1 * bpm}
    found = np.zeros((0, 2))
    for start in range(0, max(1, len(activations) - OVERLAP_FRAMES), PIECE_FRAMES):
        track = features.DBNDownBeatTrackingProcessor(beats_per_bar=list(sizes), fps=FRAMES_PER_S, **reach)
        piece = np.clip(
            activations[start : start + PIECE_FRAMES + OVERLAP_FRAMES], MIN_PROBABILITY, 1 - MIN_PROBABILITY
        )
        rows = np.asarray(track(piece), float).reshape(-1, 2)
        rows[:, 0] += start / FRAMES_PER_S
        seam_s = (start + OVERLAP_FRAMES / 2) / FRAMES_PER_S if start else 0.0
        found = np.concatenate([found[found[:, 0] < seam_s], rows[rows[:, 0] >= seam_s]])
        if not start and len(found) > 2:  # no piece is at another octave than the first
            first_bpm = 60 / float(np.median(np.diff(found[:, 0])))
            reach = {"min_bpm": 0.7 * first_bpm, "max_bpm": 1.4 * first_bpm}
    if len(found) < 2:
        raise NoBeatError("no beat is heard; name a tempo")
    frames = np.clip(np.round(found[:, 0] * FRAMES_PER_S).astype(int), 0, len(activations) - 1)
    confidence = float(np.clip(activations[frames].sum(1), 0, 1).mean())
    size = count if meter else min(size for size in sizes if size >= found[:, 1].max())
    return BeatGrid(repair_beats(found[:, 0]), int(found[0, 1]) - 1, size, ticks, confidence)


def librosa_beats(recording: Recording, meter: tuple[int, int] | None = None, bpm: float | None = None) -> BeatGrid:
    """Beats by dynamic programming (Ellis, "Beat tracking by dynamic programming", 2007); bars begin anywhere.

    Raises NoBeatError when there is no beat.
    """
    librosa = require("librosa", "mir", "finding beats")
    samples = recording.mono_at(LIBROSA_RATE)
    strength = librosa.onset.onset_strength(y=samples, sr=LIBROSA_RATE)
    _, times_s = librosa.beat.beat_track(onset_envelope=strength, sr=LIBROSA_RATE, units="time", trim=False, bpm=bpm)
    if len(times_s) < 2:
        raise NoBeatError("no beat is heard; name a tempo")
    at = librosa.time_to_frames(times_s, sr=LIBROSA_RATE)
    level = strength[np.minimum(at, len(strength) - 1)].mean() / max(1e-9, np.percentile(strength, 95))
    return BeatGrid(repair_beats(times_s), 0, *beats_of_meter(*meter or (4, 4)), float(min(1.0, level) / 2))


def constant_tempo_beats(
    duration_s: float, bpm: float, first_s: float = 0.0, meter: tuple[int, int] | None = None
) -> BeatGrid:
    """Beats at a tempo that is known, from a downbeat on and as far back as there is sound."""
    period_s = 60 / bpm
    ahead = int(first_s / period_s + 1e-9)
    start_s = first_s - ahead * period_s
    count = max(2, int((duration_s - start_s) / period_s) + 1)
    size, ticks = beats_of_meter(*meter or (4, 4))
    return BeatGrid(start_s + period_s * np.arange(count), -ahead % size, size, ticks)


def fix_tempo_octave(grid: BeatGrid, other_bpm: float, changes_s: Sequence[float] | np.ndarray = ()) -> BeatGrid:
    """Halves the tempo of a grid where a tempo-octave error is likely.

    So it is where another tracker is about half as fast, or where bars are fast and chords, which begin at `changes_s`
    (k,), hardly ever last less than two of them. Slow songs are tracked at the double far more often than the reverse.
    """
    low, high = TEMPO_OCTAVE_RATIOS
    bar_s = 60 / grid.bpm * grid.beats_per_bar
    gaps = np.diff(np.asarray(changes_s, float))
    are_long = len(gaps) >= 8 and float((gaps > 1.6 * bar_s).mean()) > 0.8 and grid.bpm > DOUBLED_BPM
    if not (low <= grid.bpm / other_bpm <= high or are_long):
        return grid
    # Of the two halves the one that holds more of the changes of chord.
    halves = [grid.halved(), grid.halved(keep_odd=True)]
    return (
        max(halves, key=lambda half: count_near_beats(half.times_s, changes_s))
        if len(changes_s)
        else halves[grid.first_beat % 2]
    )


def align_downbeats_to_chords(grid: BeatGrid, changes_s: Sequence[float] | np.ndarray, margin: float = 1.5) -> BeatGrid:
    """Shifts downbeats to the beats where chords change, if `margin` times more changes fall there."""
    changes = np.asarray(changes_s, float)
    shifted = [replace(grid, first_beat=first) for first in range(grid.beats_per_bar)]
    counts = [count_near_beats(one.downbeats_s, changes) for one in shifted]
    best = int(np.argmax(counts))
    if counts[best] <= margin * counts[grid.first_beat] + 1:
        return grid
    return shifted[best]


def count_near_beats(times_s: np.ndarray, changes_s: Sequence[float] | np.ndarray) -> int:
    """Counts the moments (k,) that lie within NEAR_BEATS / 2 of a period of one of the beats (b,)."""
    changes = np.asarray(changes_s, float)
    if len(times_s) < 2 or not len(changes):
        return 0
    near_s = NEAR_BEATS * float(np.median(np.diff(times_s))) / 2
    return int((np.abs(changes[:, None] - times_s).min(1) <= near_s).sum())
