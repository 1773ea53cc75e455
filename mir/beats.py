"""Beats, downbeats and meter of a recording.

Axes: t frames, b beats, k changes.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mir.bar_model import beat_periods, decode_bars
from mir.beatnet.beat_spectrogram import FRAMES_PER_S as BEATNET_FRAMES_PER_S
from mir.beatnet.beat_spectrogram import RATE as BEATNET_RATE
from mir.beatnet.beat_spectrogram import beat_spectrogram
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
BEATNET_WEIGHTS = Path(__file__).parent / "beatnet" / "weights"
# Set by hand; benchmarks.transcription measures the beats.
SLOWEST_BPM, FASTEST_BPM = 55.0, 215.0  # of quarters; of shorter beats as much more
NEAR_BEATS = 0.25
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


def beatnet_activations(recording: Recording) -> np.ndarray:
    """Beat and downbeat activations of BeatNet's networks, (t, 2) at 100 Hz; beats exclude downbeats."""
    torch = require("torch", "mir", "finding beats")
    features = beat_spectrogram(recording.mono_at(BEATNET_RATE))
    with torch.inference_mode():
        chances = _beatnet()(torch.from_numpy(features)).numpy()
    return _at_frames_per_s(chances, BEATNET_FRAMES_PER_S)


@lru_cache(maxsize=1)
def _beatnet() -> Any:  # noqa: ANN401 - of a package that may be missing
    from mir.beatnet.crnn import BeatNet

    return BeatNet.load(BEATNET_WEIGHTS)


def network_activations(activations: np.ndarray, frames_per_s: int = NETWORK_FRAMES_PER_S) -> np.ndarray:
    """Beat and downbeat activations (t, 2) at 100 Hz from (2, k) of a network of ours, whose downbeats are beats."""
    beats, downbeats = _at_frames_per_s(activations.T, frames_per_s).T
    return np.stack([np.clip(beats - downbeats, 0, 1), downbeats], 1)


def _at_frames_per_s(rows: np.ndarray, frames_per_s: int) -> np.ndarray:
    """Rows (t, d) at FRAMES_PER_S."""
    times = np.arange(len(rows) * FRAMES_PER_S // frames_per_s) * frames_per_s / FRAMES_PER_S
    return np.stack([np.interp(times, np.arange(len(rows)), column) for column in rows.T], 1)


def mean_activations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Averages two activation functions (t, 2), cut to the shorter one."""
    count = min(len(first), len(second))
    return (first[:count] + second[:count]) / 2


def track_bars(
    activations: np.ndarray,
    meter: tuple[int, int] | None = None,
    bpm: float | None = None,
    slowest_bpm: float = SLOWEST_BPM,
    sizes: Sequence[int] = METERS,
) -> BeatGrid:
    """Beats and downbeats decoded from activations (t, 2) at 100 Hz by the bar pointer model.

    `sizes` are the beats that a bar may have where no meter is told; compound meters have dotted beats. Raises
    NoBeatError when there is no beat.
    """
    count, ticks = beats_of_meter(*meter or (4, 4))
    bounds = (0.9 * bpm, 1.1 * bpm) if bpm else (slowest_bpm, FASTEST_BPM * max(1, TICKS_PER_QUARTER / ticks))
    return best_bars(activations, (count,) if meter else sizes, bounds, ticks)[0]


def best_bars(
    activations: np.ndarray,
    sizes: Sequence[int],
    bounds_bpm: tuple[float, float],
    beat_ticks: int = TICKS_PER_QUARTER,
) -> tuple[BeatGrid, float]:
    """The likeliest beats and bars of activations (t, 2) within bounds of tempo, and their log-likelihood a frame.

    `sizes` are the beats that a bar may have. Raises NoBeatError when there is no beat.
    """
    chances = np.clip(activations, MIN_PROBABILITY, 1 - 2 * MIN_PROBABILITY)
    chances /= np.maximum(1, chances.sum(1, keepdims=True) / (1 - MIN_PROBABILITY))
    periods = beat_periods(*bounds_bpm, FRAMES_PER_S)
    found = [decode_bars(chances, size, periods) for size in sizes]
    size, best = max(zip(sizes, found, strict=True), key=lambda one: one[1].log_likelihood)
    if len(best.frames) < 2:
        raise NoBeatError("no beat is heard; name a tempo")
    confidence = float(np.clip(activations[best.frames].sum(1), 0, 1).mean())
    times_s = repair_beats(best.frames / FRAMES_PER_S)
    return BeatGrid(times_s, int(best.numbers[0]), size, beat_ticks, confidence), best.log_likelihood / len(chances)


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
