"""Stems of recordings that were not rendered by us: level, pan and timbre are measured; and stems from files.

Axes: c channels, n samples at 44.1 kHz.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from torch import Tensor

from editing.inpainting.splice import Change
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit.timbres import loudest_stretch
from renderer.dit_engine import DitEngine
from renderer.mixer import limit, unlimit
from scoretok.audio import AudioFile, open_audio
from scoretok.errors import ScoretokError

MODEL_RMS = 0.1  # root mean square of a track as the model was trained on
# Set by hand; no benchmark varies them.
MIN_RMS = 1e-5
SILENCE_PEAK = 1e-3
FIT_S = 30
MAX_RESIDUAL = 0.05  # of the energy of a mix that its stems may leave unexplained


class RecordedStems:
    """What stems of files and stems told apart have in common."""

    def __init__(self, engine: DitEngine) -> None:
        self.engine = engine
        self.gains: dict[str, np.ndarray] = {}

    @property
    def default_gain(self) -> float:
        """What the model's level is multiplied by for a track of which nothing is heard."""
        return 1.0

    def measure_level(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """Measures level and pan of a stem (c, n); returns it unchanged."""
        loud = loudest_stretch(stem.mean(0).astype(np.float32), 3 * SAMPLE_RATE)
        level = float(np.sqrt((loud**2).mean()))
        sides = np.sqrt((stem**2).mean(1, keepdims=True))
        if level < MIN_RMS:
            self.gains.setdefault(track_id, np.full((stem.shape[0], 1), self.default_gain))
        else:
            self.gains[track_id] = level / MODEL_RMS * sides / max(float(sides.mean()), 1e-12)
        return stem

    def to_model(self, track_id: str, stem: np.ndarray) -> np.ndarray:
        """Mono, at the working level."""
        return (stem.mean(0) / max(float(self.gains[track_id].mean()), MIN_RMS)).astype(np.float32)

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """Where the track sits in the recording, as loud as it is there."""
        return made[None] * self.gains[track_id]

    def reference(self, track_id: str, stem: np.ndarray) -> tuple[Tensor, Tensor] | None:
        """The loudest three seconds of what is heard around the span."""
        return None if np.abs(stem).max(initial=0.0) < SILENCE_PEAK else self.engine.pipeline.encode_reference(stem)

    def into_mix(self, track_id: str, change: Change) -> Change:
        """As it is."""
        return change

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Added; nothing exceeds full scale, or what did already."""
        most = np.maximum(1.0, np.abs(mix))
        return np.clip(mix + change, -most, most)


class FileStems(RecordedStems):
    """A file a track, as `scoretok render --stems` leaves them; they add up to the mix, perhaps before its limiter."""

    def __init__(self, folder: str | Path, recording: AudioFile, tracks: Collection[str], engine: DitEngine) -> None:
        """Find the stems of a recording. Raises ScoretokError when there are none, or they do not make it up."""
        super().__init__(engine)
        self.folder, self.tracks, self.channels = folder, tracks, recording.channels
        paths = {path.stem: path for path in sorted(Path(folder).glob("*")) if path.suffix == recording.path.suffix}
        self.files = {name: open_audio(path) for name, path in paths.items()}
        if not self.files:
            raise ScoretokError(f"{folder} holds no {recording.path.suffix} files; name the folder of render --stems")
        for name, file in self.files.items():
            if (file.sample_rate, file.n_samples) != (recording.sample_rate, recording.n_samples):
                raise ScoretokError(f"{file.path} is not as long as {recording.path}; {name} is no stem of it")
        self.gain, self.is_limited = self._fit(recording)

    def _fit(self, recording: AudioFile) -> tuple[float, bool]:
        """What the stems are multiplied by in the mix, and whether our limiter followed. Raises ScoretokError."""
        middle, half = recording.n_samples // 2, FIT_S * recording.sample_rate // 2
        span = max(0, middle - half), min(recording.n_samples, middle + half)
        mix = recording.read(*span)
        total = np.sum([match_channels(file.read(*span), self.channels) for file in self.files.values()], axis=0)
        fits = []
        for is_limited, whole in ((False, mix), (True, unlimit(mix))):
            gain = float((total * whole).sum()) / max(float((total**2).sum()), 1e-12)
            rest = float(((whole - gain * total) ** 2).sum()) / max(float((whole**2).sum()), 1e-12)
            fits.append((rest, gain, is_limited))
        rest, gain, is_limited = min(fits)
        if rest > MAX_RESIDUAL:
            raise ScoretokError(f"the files in {self.folder} do not add up to {recording.path}; they are not its stems")
        return gain, is_limited

    def read(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The stem, (c, n), or nothing of a track that is new. Raises ScoretokError where one is missing."""
        if track_id in self.files:
            return self.measure_level(track_id, self.files[track_id].read_at(SAMPLE_RATE, start, stop))
        if track_id in self.tracks:
            raise ScoretokError(f"{self.folder} has no file {track_id}; every track that changes needs its stem")
        return self.measure_level(track_id, np.zeros((self.channels, stop - start)))

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Through the limiter of our mixes, backwards and forwards; elsewhere just added."""
        if self.is_limited:
            return limit(unlimit(mix) + self.gain * change)
        return super().add(mix, self.gain * change)


def match_channels(samples: np.ndarray, channels: int) -> np.ndarray:
    """Samples (c, n) with as many channels as another signal has."""
    same = samples.shape[0] == channels
    return samples if same else np.repeat(samples.mean(0, keepdims=True), channels, axis=0)
