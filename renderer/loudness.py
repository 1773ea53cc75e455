"""Bringing a finished file to a loudness after ITU-R BS.1770."""

import numpy as np

from renderer.audio_files import write_audio
from renderer.memory import check_memory
from renderer.mixer import soft_clip
from scoretok.errors import ScoretokError
from scoretok.extras import require


def set_loudness(path: str, loudness_lufs: float) -> None:
    """Rewrite an audio file at a loudness, peaks bent as the mixer bends them. Raises ScoretokError."""
    soundfile = require("soundfile", "audio", "reading audio")
    pyloudnorm = require("pyloudnorm", "audio", "--loudness")
    frames = soundfile.info(path).frames
    check_memory(frames * 2 * 8 * 4, f"measuring the loudness of {path}")
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    if len(samples) < 0.4 * rate:
        raise ScoretokError(f"{path} is shorter than 0.4 s, too short to have a loudness")
    measured = pyloudnorm.Meter(rate).integrated_loudness(samples)
    if not np.isfinite(measured):
        raise ScoretokError(f"{path} is too quiet to have a loudness")
    write_audio(soft_clip((samples.T * 10 ** ((loudness_lufs - measured) / 20)).astype(np.float32)), rate, path)
