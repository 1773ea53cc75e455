"""Writing audio files, which appear whole or not at all.

Axes: c channels, n samples.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scoretok.audio.id3 import id3_tag
from scoretok.errors import ScoretokError
from scoretok.extras import require
from scoretok.files import whole_file

SUBTYPES = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
MP3_COMPRESSION = 0.2  # 0 is the least; set by hand


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
def audio_writer(
    path: str | Path, sample_rate: int, channels: int = 2, comment: str = "", title: str = "", is_float: bool = False
) -> Iterator[AudioWriter]:
    """A 16-bit WAV or FLAC, an OGG or an MP3 that appears at `path` when the block ends well. Raises ScoretokError.

    MP3 files carry the title as a tag. `is_float` makes a WAV of 32-bit floats.
    """
    soundfile = require("soundfile", "audio", "writing audio")
    check_audio_path(path)
    suffix = Path(path).suffix.lower()
    is_mp3 = suffix == ".mp3"
    more = {"compression_level": MP3_COMPRESSION, "bitrate_mode": "VARIABLE"} if is_mp3 else {}
    with whole_file(path) as temporary:
        try:
            subtype = "FLOAT" if is_float else SUBTYPES[suffix]
            file = soundfile.SoundFile(temporary, "w", sample_rate, channels, subtype, **more)
        except soundfile.LibsndfileError as error:
            raise ScoretokError(f"{path} cannot be written: {error}") from None
        with file:
            if comment and not is_mp3:
                file.comment = comment
            yield AudioWriter(file, path)
        if is_mp3 and (tag := id3_tag(title, comment)):
            temporary.write_bytes(tag + temporary.read_bytes())


def write_audio(samples: np.ndarray, sample_rate: int, path: str | Path) -> None:
    """Write float samples (c, n) as 16-bit WAV or FLAC, as OGG or as MP3. Raises ScoretokError."""
    with audio_writer(path, sample_rate, samples.shape[0]) as writer:
        writer.write(samples)
