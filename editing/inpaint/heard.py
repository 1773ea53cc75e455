"""Stems that are heard, not made: how loud a track is, where it sits, what its timbre is; and stems in files.

Axes: c channels, n samples at 44.1 kHz.
"""

from pathlib import Path

import numpy as np
from torch import Tensor

from editing.inpaint.recording import Recording, at_model_rate, open_recording
from editing.inpaint.splice import Change
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit.timbres import loudest_stretch
from renderer.dit_engine import DitEngine
from renderer.mixer import limit, unlimit
from scoretok.errors import ScoretokError

WORKING_LEVEL = 0.1  # root mean square of a track as the model was trained on
LEAST = 1e-5
SILENT = 1e-3


class HeardStems:
    """What stems of files and stems told apart have in common."""

    def __init__(self, engine: DitEngine) -> None:
        self.engine = engine
        self.gains: dict[str, np.ndarray] = {}
        self.usual_gain = 1.0

    def listen(self, track_id: str, heard: np.ndarray) -> np.ndarray:
        """Note how loud a track (c, n) is, and where it sits; the same samples."""
        loud = loudest_stretch(heard.mean(0).astype(np.float32), 3 * SAMPLE_RATE)
        level = float(np.sqrt((loud**2).mean()))
        sides = np.sqrt((heard**2).mean(1, keepdims=True))
        if level < LEAST:
            self.gains.setdefault(track_id, np.full((heard.shape[0], 1), self.usual_gain))
        else:
            self.gains[track_id] = level / WORKING_LEVEL * sides / max(float(sides.mean()), 1e-12)
        return heard

    def to_model(self, track_id: str, heard: np.ndarray) -> np.ndarray:
        """Mono, at the working level."""
        return (heard.mean(0) / max(float(self.gains[track_id].mean()), LEAST)).astype(np.float32)

    def from_model(self, track_id: str, made: np.ndarray) -> np.ndarray:
        """Where the track sits in the recording, as loud as it is there."""
        return made[None] * self.gains[track_id]

    def reference(self, track_id: str, heard: np.ndarray) -> tuple[Tensor, Tensor] | None:
        """The loudest three seconds of what is heard around the span."""
        return None if np.abs(heard).max(initial=0.0) < SILENT else self.engine.pipeline.encode_reference(heard)

    def into_mix(self, track_id: str, change: Change) -> Change:
        """As it is."""
        return change

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Added; nothing exceeds full scale, or what did already."""
        most = np.maximum(1.0, np.abs(mix))
        return np.clip(mix + change, -most, most)


class FileStems(HeardStems):
    """A file a track, as `scoretok render --stems` leaves them; they add up to the mix before its limiter."""

    def __init__(self, folder: str | Path, recording: Recording, is_limited: bool, engine: DitEngine) -> None:
        """Find the stems of a recording. Raises ScoretokError when there are none, or of another length."""
        super().__init__(engine)
        self.is_limited = is_limited
        paths = {path.stem: path for path in sorted(Path(folder).glob("*")) if path.suffix == recording.path.suffix}
        self.files = {name: open_recording(path) for name, path in paths.items()}
        if not self.files:
            raise ScoretokError(f"{folder} holds no {recording.path.suffix} files; name the folder of render --stems")
        for name, file in self.files.items():
            if (file.sample_rate, file.n_samples) != (recording.sample_rate, recording.n_samples):
                raise ScoretokError(f"{file.path} is not as long as {recording.path}; {name} is no stem of it")

    def hear(self, track_id: str, start: int, stop: int) -> np.ndarray:
        """The stem, (c, n), or nothing of a track that has none."""
        if track_id not in self.files:
            return self.listen(track_id, np.zeros((2, stop - start)))
        return self.listen(track_id, at_model_rate(self.files[track_id], start, stop))

    def add(self, mix: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Through the limiter of our mixes, backwards and forwards; elsewhere just added."""
        return limit(unlimit(mix) + change) if self.is_limited else super().add(mix, change)
