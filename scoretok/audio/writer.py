"""Writing audio files, which appear whole or not at all.

Axes: c channels, n samples.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import whole_file

SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS"}


def check_audio_path(path: str | Path) -> None:
    """Raise ScoretokError unless the suffix names an audio format that can be written."""
    if Path(path).suffix.lower() not in SUBTYPES:
        raise ScoretokError(f"{path} does not end like audio that can be written ({' '.join(SUBTYPES)})")


class AudioWriter:
    """An audio file that grows block by block."""

    def __init__(self, file: Any, path: str | Path) -> None:  # noqa: ANN401 - soundfile has no types
        self._file, self._path = file, path
        self.n_samples = 0

    def write(self, samples: np.ndarray) -> None:
        """Append float samples (c, n). Raises ScoretokError, also for what is no number."""
        if not np.isfinite(samples).all():
            raise ScoretokError(f"{self._path} is not written: the samples made for it are no numbers")
        # libvorbis has crashed on long writes, so blocks are kept short.
        for start in range(0, samples.shape[1], 1 << 16):
            part = samples[:, start : start + (1 << 16)]
            try:
                self._file.write(part.T)
            except RuntimeError as error:
                raise ScoretokError(f"{self._path} cannot be written: {error}") from None
        self.n_samples += samples.shape[1]


@contextmanager
def audio_writer(path: str | Path, sample_rate: int, channels: int = 2, comment: str = "") -> Iterator[AudioWriter]:
    """A 16-bit WAV or FLAC, or an OGG, that appears at `path` when the block ends well. Raises ScoretokError."""
    soundfile = require("soundfile", "audio", "writing audio")
    check_audio_path(path)
    subtype = SUBTYPES[Path(path).suffix.lower()]
    with whole_file(path) as temporary:
        try:
            file = soundfile.SoundFile(temporary, "w", sample_rate, channels, subtype)
        except soundfile.LibsndfileError as error:
            raise ScoretokError(f"{path} cannot be written: {error}") from None
        with file:
            if comment:
                file.comment = comment
            yield AudioWriter(file, path)


def write_audio(samples: np.ndarray, sample_rate: int, path: str | Path) -> None:
    """Write float samples (c, n) as 16-bit WAV or FLAC, or as OGG. Raises ScoretokError."""
    with audio_writer(path, sample_rate, samples.shape[0]) as writer:
        writer.write(samples)
