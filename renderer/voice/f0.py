"""The pitch of a recording frame by frame: estimated, moved, flattened, tuned.

Axes: t frames of the pitch finder, f frames (86.13 Hz).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from renderer.voice.content import RATE, frame_times_s
from renderer.voice.envelope import FRAME_S
from scoretok.extras import require

# Set by hand; benchmarks.voice measures F0 and voicing, but no tuning to a score.
LOWEST_HZ, HIGHEST_HZ = 50.0, 1400.0
VOICING_CONFIDENCE = 0.5
SHORTEST_FRAMES = 4
FLAT_FRAMES, GLIDE_FRAMES = 31, 7
NOTE_EARLY_S, NOTE_LATE_S = 0.06, 0.1  # how much before and after a note it is still meant


@dataclass(frozen=True)
class Pitch:
    """`hz` (f,), which goes on through pauses, and `voicing` (f,), 1 where voiced and 0 where not."""

    hz: np.ndarray
    voicing: np.ndarray

    def __len__(self) -> int:
        return len(self.hz)

    @property
    def is_voiced(self) -> np.ndarray:
        """Voiced frames, (f,), bool."""
        return self.voicing > 0.5

    @property
    def median_hz(self) -> float:
        """The middle of what is sung, 0 where nothing is."""
        return float(np.median(self.hz[self.is_voiced])) if self.is_voiced.any() else 0.0

    def __getitem__(self, frames: slice) -> "Pitch":
        return Pitch(self.hz[frames], self.voicing[frames])


def estimate_pitch(samples_16k: np.ndarray, frames: int) -> Pitch:
    """The pitch of mono samples at 16 kHz in the first `frames` frames, by swift-f0 (Nieradzik, 2025)."""
    padded = np.pad(samples_16k, (0, max(0, 1024 - len(samples_16k))))
    found = _finder().detect(padded, RATE, LOWEST_HZ, HIGHEST_HZ)
    times_s = frame_times_s(frames)
    confidence = np.interp(times_s, found.timestamps, found.confidence)
    voiced = (found.confidence >= VOICING_CONFIDENCE) & (found.pitch_hz > 0)
    if voiced.sum() < 2:
        return Pitch(np.full(frames, 150.0), np.zeros(frames))
    octaves = np.interp(times_s, found.timestamps[voiced], np.log2(found.pitch_hz[voiced]))
    return Pitch(2**octaves, _without_short_runs(confidence >= VOICING_CONFIDENCE).astype(float))


@lru_cache(maxsize=1)
def _finder() -> Any:  # noqa: ANN401 - swift-f0 has no types
    return require("swift_f0", "voice", "finding the pitch").SwiftF0(threads=2)


def _without_short_runs(voiced: np.ndarray) -> np.ndarray:
    """Voicing (f,) without pitches and gaps too short to be meant."""
    out = voiced.copy()
    for value in (False, True):
        edges = np.flatnonzero(np.diff(np.concatenate([[not value], out, [not value]]).astype(int)))
        for start, stop in pairwise(edges):
            if stop - start < SHORTEST_FRAMES and (out[start:stop] == value).all():
                out[start:stop] = not value
    return out


def flatten_expression(pitch: Pitch, keep: float) -> Pitch:
    """Pitch with a share `keep` of its vibrato and slides; 0 leaves steps from tone to tone."""
    if keep == 1:
        return pitch
    octaves = np.log2(pitch.hz)
    flat = median_octaves(octaves)
    return Pitch(2 ** (flat + keep * (octaves - flat)), pitch.voicing)


def median_octaves(octaves: np.ndarray) -> np.ndarray:
    """The tone under the vibrato: the median of a third of a second around every frame (f,)."""
    return _moving_average(np.median(_sliding_windows(octaves, FLAT_FRAMES), -1))


def _moving_average(values: np.ndarray) -> np.ndarray:
    """Values (f,) that go from one to the next as a voice does: means of a few frames."""
    return _sliding_windows(values, GLIDE_FRAMES).mean(-1)


def _sliding_windows(values: np.ndarray, width: int) -> np.ndarray:
    """The odd number `width` of values around each of (f,), (f, width)."""
    return sliding_window_view(np.pad(values, width // 2, mode="edge"), width)


@dataclass(frozen=True)
class Melody:
    """Notes that a source is tuned to: when each begins and ends in seconds, and its pitch (A4 = 69), each (m,)."""

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray

    def tuned(self, first_frame: int, pitch: Pitch, strength: float) -> Pitch:
        """Pitch drawn to the notes, 0 not at all and 1 wholly, in the octave that is sung; vibrato stays.

        What is sung outside the notes, by more than their nearest edge, stays as it is.
        """
        times_s = (first_frame + np.arange(len(pitch))) * FRAME_S
        number = np.clip(np.searchsorted(self.start_s - NOTE_EARLY_S, times_s, side="right") - 1, 0, None)
        inside = (times_s >= self.start_s[number] - NOTE_EARLY_S) & (times_s < self.end_s[number] + NOTE_LATE_S)
        octaves = np.log2(pitch.hz)
        wanted = (self.pitch[number] - 69) / 12 + np.log2(440)
        off = wanted - median_octaves(octaves)
        off -= np.round(off)
        move = _moving_average(np.where(inside, off, 0.0))
        return Pitch(2 ** (octaves + strength * move), pitch.voicing)


def octave_shift(median_hz: float, low_hz: float, high_hz: float) -> int:
    """By how many whole octaves a melody's middle comes nearest to where a voice sings.

    Of equally good octaves the source's own is kept.
    """
    if min(median_hz, low_hz) <= 0:
        return 0

    def outside(octaves: int) -> float:
        place = np.log2(median_hz) + octaves
        return max(np.log2(low_hz) - place, place - np.log2(high_hz), 0.0) + 0.05 * abs(octaves)

    return min(range(-3, 4), key=outside)
