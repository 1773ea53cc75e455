"""Bringing a finished file to a loudness after ITU-R BS.1770."""

import numpy as np

from renderer.mixer import soft_clip
from scoretok.audio import check_memory, open_audio, write_audio
from scoretok.audio.recording import integrated_loudness
from scoretok.errors import ScoretokError


def set_loudness(path: str, loudness_lufs: float) -> None:
    """Rewrite an audio file at a loudness, peaks bent as the mixer bends them. Raises ScoretokError."""
    file = open_audio(path)
    check_memory(file.n_samples * file.channels * 8 * 4, f"measuring the loudness of {path}")
    if file.duration_s < 0.4:
        raise ScoretokError(f"{path} is shorter than 0.4 s, too short to have a loudness")
    samples = file.read(0, file.n_samples)
    measured = integrated_loudness(samples.T, file.sample_rate)
    if not np.isfinite(measured):
        raise ScoretokError(f"{path} is too quiet to have a loudness")
    louder = (samples * 10 ** ((loudness_lufs - measured) / 20)).astype(np.float32)
    write_audio(soft_clip(louder), file.sample_rate, path)
