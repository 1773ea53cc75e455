"""A recording in memory: stereo samples at one rate, from a file of any format, rate and number of channels.

Axes: c channels, n samples.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from scoretok.audio.file import open_audio
from scoretok.audio.resampling import resample
from scoretok.extras import require

SAMPLE_RATE = 44100
LONGEST_S = 1800
SHORTEST_S = 0.5
REFERENCE_S = 600
FADED_DB = -45.0  # below the loudest moment; set by hand, no benchmark varies it
SILENT_PEAK = 10 ** (-70 / 20)


@dataclass(frozen=True)
class Recording:
    """Stereo samples (2, n), float32, at `sample_rate`, and the file they come from."""

    samples: np.ndarray
    sample_rate: int = SAMPLE_RATE
    path: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples.shape[1] / self.sample_rate

    @cached_property
    def mono(self) -> np.ndarray:
        """The mean of both channels, (n,)."""
        return self.samples.mean(0)

    @property
    def music_s(self) -> float:
        """When the last sound has faded away, by 45 dB below the loudest fiftieth of a second."""
        step = max(1, self.sample_rate // 50)
        blocks = self.mono[: len(self.mono) // step * step].reshape(-1, step)
        levels = np.sqrt(np.square(blocks).mean(1))
        loud = np.flatnonzero(levels > levels.max(initial=0.0) * 10 ** (FADED_DB / 20))
        return min(self.duration_s, float(loud[-1] + 1) * step / self.sample_rate) if len(loud) else self.duration_s

    @property
    def is_silent(self) -> bool:
        """Whether no sample exceeds -70 dB."""
        return float(np.abs(self.samples).max(initial=0.0)) < SILENT_PEAK

    @property
    def loudness(self) -> dict[str, float]:
        """Integrated loudness (ITU-R BS.1770) in LUFS, -70 for silence, and the highest sample in decibels."""
        measured = integrated_loudness(self.samples.T.astype(np.float64), self.sample_rate)
        peak = float(np.abs(self.samples).max(initial=0.0))
        return {"loudness_lufs": round(max(-70.0, measured), 2), "peak_db": round(20 * np.log10(max(peak, 1e-6)), 2)}

    def mono_at(self, sample_rate: int) -> np.ndarray:
        """The mean of both channels at another rate, (n,)."""
        return resample(self.mono, self.sample_rate, sample_rate)

    def with_samples(self, samples: np.ndarray) -> "Recording":
        """Other samples, such as a stem, of the same recording; mono ones count for both channels."""
        stereo = np.broadcast_to(np.atleast_2d(samples), (2, np.shape(samples)[-1]))
        return Recording(np.asarray(stereo, np.float32), self.sample_rate, self.path)


def integrated_loudness(samples: np.ndarray, sample_rate: int) -> float:
    """Loudness of samples (n, c), float64, in LUFS (ITU-R BS.1770); minus infinity for silence."""
    pyloudnorm = require("pyloudnorm", "audio", "measuring loudness")
    return float(pyloudnorm.Meter(sample_rate).integrated_loudness(samples))


def read_recording(path: str | Path, sample_rate: int = SAMPLE_RATE) -> Recording:
    """A whole recording at a rate, from a sound file or the sound of a video.

    Raises ScoretokError when it cannot be read, is too short or too long, or holds what is no number.
    """
    file = open_audio(path, SHORTEST_S, LONGEST_S)
    samples = file.read(0, file.n_samples, "float32")
    if len(samples) != 2:
        samples = np.broadcast_to(samples.mean(0, keepdims=True), (2, samples.shape[1]))
    return Recording(np.ascontiguousarray(resample(samples, file.sample_rate, sample_rate)), sample_rate, str(path))


def read_mono(path: str | Path, sample_rate: int = SAMPLE_RATE, longest_s: float = REFERENCE_S) -> np.ndarray:
    """The first minutes of an audio file as mono samples (n,), float32, at a rate. Raises ScoretokError."""
    file = open_audio(path)
    stop = min(file.n_samples, round(longest_s * file.sample_rate))
    return resample(file.read(0, stop, "float32").mean(0), file.sample_rate, sample_rate)
