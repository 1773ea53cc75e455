"""Writing audio files, whole or not at all."""

from pathlib import Path

import numpy as np

from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import write_with

SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS"}


def check_audio_path(path: str | Path) -> None:
    """Raise ScoretokError unless the suffix names an audio format that can be written."""
    if Path(path).suffix.lower() not in SUBTYPES:
        raise ScoretokError(f"{path} does not end like audio that can be written ({' '.join(SUBTYPES)})")


def write_audio(samples: np.ndarray, sample_rate: int, path: str | Path) -> None:
    """Write float samples of shape (channels, n) as 16-bit WAV or FLAC, or as OGG. Raises ScoretokError."""
    soundfile = require("soundfile", "audio", "writing audio")
    check_audio_path(path)
    suffix = Path(path).suffix.lower()

    def write(temporary: Path) -> None:
        try:
            soundfile.write(temporary, samples.T, sample_rate, subtype=SUBTYPES[suffix])
        except soundfile.LibsndfileError as error:
            raise ScoretokError(f"{path} cannot be written: {error}") from None

    write_with(write, path)
