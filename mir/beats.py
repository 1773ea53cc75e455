"""Beats, downbeats and meter of a recording, and the repair of doubled tempos.

Axes: t frames, b beats, k changes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir.grid import BeatGrid, beats_of_meter, repaired
from mir.madmom_package import madmom
from mir.notes.spectrogram import FRAMES_PER_S as EARS_FRAMES_PER_S
from scoretok.audio import SAMPLE_RATE, Recording
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.parts import TICKS_PER_QUARTER

FRAMES_PER_S = 100
LIBROSA_RATE = 22050
METERS = (3, 4)
FASTEST_BPM = 215.0  # of quarters; of shorter beats as much more
OCTAVE_RATIOS = (1.7, 2.3)  # a tempo so many times another one is the same, doubled
DOUBLED_BPM = 130.0  # chords may halve tempos from here on
NEAR_BEATS = 0.25
# The bar model takes 60 MB for ten seconds; longer recordings are tracked piece by piece.
PIECE_FRAMES, OVERLAP_FRAMES = 24000, 1500
LEAST_SURE = 1e-4  # nothing is impossible to the bar model


class NoBeatError(ScoretokError):
    """A recording in which no beat is heard."""


def madmom_activations(recording: Recording) -> np.ndarray:
    """How certain madmom's recurrent networks are of beats that begin no bar and of downbeats, (t, 2), 100 a second.

    Boeck et al., "Joint beat and downbeat tracking with recurrent neural networks" (2016). The networks may not be used
    commercially.
    """
    features, signal = madmom("features.downbeats"), madmom("audio.signal")
    heard = signal.Signal(recording.mono_at(SAMPLE_RATE), sample_rate=SAMPLE_RATE, num_channels=1)
    return np.asarray(features.RNNDownBeatProcessor()(heard))


def ears_activations(pulse: np.ndarray) -> np.ndarray:
    """The same of the network that hears notes, from its certainties (2, k) of all beats and of downbeats."""
    times = np.arange(0, pulse.shape[1] * FRAMES_PER_S // EARS_FRAMES_PER_S) * EARS_FRAMES_PER_S / FRAMES_PER_S
    beats, downbeats = (np.interp(times, np.arange(pulse.shape[1]), row) for row in pulse)
    return np.stack([np.clip(beats - downbeats, 0, 1), downbeats], 1)


def together(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The mean of two activations (t, 2), as long as the shorter one."""
    count = min(len(first), len(second))
    return (first[:count] + second[:count]) / 2


def track_bars(activations: np.ndarray, meter: tuple[int, int] | None = None, bpm: float | None = None) -> BeatGrid:
    """The likeliest bars for the certainties (t, 2) of beats that begin none and of downbeats, by madmom's bar model.

    The model itself (a dynamic Bayesian network) is free; only networks that come with madmom are not. Compound meters
    have dotted beats. Raises NoBeatError when there is no beat.
    """
    features = madmom("features.downbeats")
    count, ticks = beats_of_meter(*meter or (4, 4))
    sizes = (count,) if meter else METERS
    reach = {"max_bpm": FASTEST_BPM * max(1, TICKS_PER_QUARTER / ticks)}
    if bpm is not None:
        reach = {"min_bpm": 0.9 * bpm, "max_bpm": 1.1 * bpm}
    found = np.zeros((0, 2))
    for start in range(0, max(1, len(activations) - OVERLAP_FRAMES), PIECE_FRAMES):
        track = features.DBNDownBeatTrackingProcessor(beats_per_bar=list(sizes), fps=FRAMES_PER_S, **reach)
        piece = np.clip(activations[start : start + PIECE_FRAMES + OVERLAP_FRAMES], LEAST_SURE, 1 - LEAST_SURE)
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
    size = count if meter else min(size for size in METERS if size >= found[:, 1].max())
    return BeatGrid(repaired(found[:, 0]), int(found[0, 1]) - 1, size, ticks, confidence)


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
    return BeatGrid(repaired(times_s), 0, *beats_of_meter(*meter or (4, 4)), float(min(1.0, level) / 2))


def steady_beats(duration_s: float, bpm: float, first_s: float = 0.0, meter: tuple[int, int] | None = None) -> BeatGrid:
    """Beats at a tempo that is known, from a downbeat on and as far back as there is sound."""
    period_s = 60 / bpm
    ahead = int(first_s / period_s + 1e-9)
    start_s = first_s - ahead * period_s
    count = max(2, int((duration_s - start_s) / period_s) + 1)
    size, ticks = beats_of_meter(*meter or (4, 4))
    return BeatGrid(start_s + period_s * np.arange(count), -ahead % size, size, ticks)


def without_doubling(grid: BeatGrid, other_bpm: float, changes_s: Sequence[float] | np.ndarray = ()) -> BeatGrid:
    """The grid at half its tempo where that is the likelier one.

    So it is where another tracker is about half as fast, or where bars are fast and chords, which begin at `changes_s`
    (k,), hardly ever last less than two of them. Slow songs are tracked at the double far more often than the reverse.
    """
    low, high = OCTAVE_RATIOS
    bar_s = 60 / grid.bpm * grid.beats_per_bar
    gaps = np.diff(np.asarray(changes_s, float))
    are_long = len(gaps) >= 8 and float((gaps > 1.6 * bar_s).mean()) > 0.8 and grid.bpm > DOUBLED_BPM
    if not (low <= grid.bpm / other_bpm <= high or are_long):
        return grid
    # Of the two halves the one that holds more of the changes of chord.
    halves = [grid.halved(), grid.halved(keep_odd=True)]
    return (
        max(halves, key=lambda half: hits(half.times_s, changes_s)) if len(changes_s) else halves[grid.first_beat % 2]
    )


def phased_by_chords(grid: BeatGrid, changes_s: Sequence[float] | np.ndarray, margin: float = 1.5) -> BeatGrid:
    """The grid with its bars where chords change, if so many times more chords change there than on its downbeats."""
    changes = np.asarray(changes_s, float)
    shifted = [replace(grid, first_beat=first) for first in range(grid.beats_per_bar)]
    counts = [hits(one.downbeats_s, changes) for one in shifted]
    best = int(np.argmax(counts))
    if counts[best] <= margin * counts[grid.first_beat] + 1:
        return grid
    return shifted[best]


def hits(times_s: np.ndarray, changes_s: Sequence[float] | np.ndarray) -> int:
    """How many moments (k,) are near one of some beats (b,)."""
    changes = np.asarray(changes_s, float)
    if len(times_s) < 2 or not len(changes):
        return 0
    near_s = NEAR_BEATS * float(np.median(np.diff(times_s))) / 2
    return int((np.abs(changes[:, None] - times_s).min(1) <= near_s).sum())
