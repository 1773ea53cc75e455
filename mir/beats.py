"""Beats, downbeats and meter of a recording, and the repair of doubled tempos.

Axes: t frames, b beats, k changes.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mir.audio import RATE, Recording
from mir.grid import BeatGrid, repaired
from mir.madmom_package import madmom
from scoretok.errors import ScoretokError
from scoretok.extras import require

FRAMES_PER_S = 100
LIBROSA_RATE = 22050
METERS = (3, 4)
OCTAVE_RATIOS = (1.7, 2.3)  # a tempo so many times another one is the same, doubled
DOUBLED_BPM = 130.0  # chords may halve tempos from here on
NEAR_BEATS = 0.25


def madmom_beats(recording: Recording, meters: Sequence[int] = METERS) -> BeatGrid:
    """Beats by recurrent networks and a bar model (Boeck et al., "Joint beat and downbeat tracking", 2016).

    The networks may not be used commercially. Raises ScoretokError when there is no beat.
    """
    features, signal = madmom("features.downbeats"), madmom("audio.signal")
    heard = signal.Signal(recording.mono_at(RATE), sample_rate=RATE, num_channels=1)
    activations = features.RNNDownBeatProcessor()(heard)  # (t, 2): a beat, a downbeat
    track = features.DBNDownBeatTrackingProcessor(beats_per_bar=list(meters), fps=FRAMES_PER_S)
    found = np.asarray(track(activations), float).reshape(-1, 2)
    if len(found) < 2:
        raise ScoretokError("no beat is heard; name a tempo")
    frames = np.clip(np.round(found[:, 0] * FRAMES_PER_S).astype(int), 0, len(activations) - 1)
    confidence = float(np.clip(activations[frames].sum(1), 0, 1).mean())
    return BeatGrid(repaired(found[:, 0]), int(found[0, 1]) - 1, int(found[:, 1].max()), confidence=confidence)


def librosa_beats(recording: Recording, beats_per_bar: int = 4) -> BeatGrid:
    """Beats by dynamic programming (Ellis, "Beat tracking by dynamic programming", 2007); bars begin anywhere.

    Raises ScoretokError when there is no beat.
    """
    librosa = require("librosa", "mir", "finding beats")
    samples = recording.mono_at(LIBROSA_RATE)
    strength = librosa.onset.onset_strength(y=samples, sr=LIBROSA_RATE)
    _, times_s = librosa.beat.beat_track(onset_envelope=strength, sr=LIBROSA_RATE, units="time", trim=False)
    if len(times_s) < 2:
        raise ScoretokError("no beat is heard; name a tempo")
    at = librosa.time_to_frames(times_s, sr=LIBROSA_RATE)
    level = strength[np.minimum(at, len(strength) - 1)].mean() / max(1e-9, np.percentile(strength, 95))
    return BeatGrid(repaired(times_s), 0, beats_per_bar, confidence=float(min(1.0, level) / 2))


def steady_beats(duration_s: float, bpm: float, first_s: float = 0.0, beats_per_bar: int = 4) -> BeatGrid:
    """Beats at a tempo that is known, from a downbeat on and as far back as there is sound."""
    period_s = 60 / bpm
    ahead = int(first_s / period_s + 1e-9)
    start_s = first_s - ahead * period_s
    count = max(2, int((duration_s - start_s) / period_s) + 1)
    return BeatGrid(start_s + period_s * np.arange(count), -ahead % beats_per_bar, beats_per_bar)


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
