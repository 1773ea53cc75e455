"""The constant-Q spectrogram of a recording, so that the roll can be laid over it: a row a semitone.

Brown, "Calculation of a constant Q spectral transform" (1991), by librosa. Axes: p pitches, t frames.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from scoretok.audio import open_audio

LOWEST_PITCH, PITCHES = 24, 84  # C1 to B7
RATE, HOP = 22050, 512
FRAMES_PER_S = RATE / HOP
BLOCK_FRAMES = 1024  # computed at a time, with as much around it as the lowest pitch needs
CONTEXT_FRAMES = 64
FLOOR_DB = -60.0


def spectrogram(path: Path, start_s: float, stop_s: float) -> np.ndarray:
    """Levels (p, t) from `start_s` to `stop_s`, 0 to 255 for the 60 decibels below the loudest around."""
    first, last = int(start_s * FRAMES_PER_S), max(int(start_s * FRAMES_PER_S) + 1, round(stop_s * FRAMES_PER_S))
    blocks = range(first // BLOCK_FRAMES, (last - 1) // BLOCK_FRAMES + 1)
    whole = np.concatenate([_block(path, number) for number in blocks], axis=1)
    start = first - blocks.start * BLOCK_FRAMES
    return whole[:, start : start + last - first]


@lru_cache(maxsize=64)
def _block(path: Path, number: int) -> np.ndarray:
    """One block of frames (p, BLOCK_FRAMES)."""
    import librosa

    first = number * BLOCK_FRAMES - CONTEXT_FRAMES
    start, stop = max(0, first) * HOP, (first + BLOCK_FRAMES + 2 * CONTEXT_FRAMES) * HOP
    samples = open_audio(path).read_at(RATE, start, stop).mean(0).astype(np.float32)
    samples = np.pad(samples, (max(0, -first) * HOP, 0))
    samples = np.pad(samples, (0, max(0, (BLOCK_FRAMES + 2 * CONTEXT_FRAMES) * HOP - len(samples))))
    bins = librosa.cqt(
        samples, sr=RATE, hop_length=HOP, fmin=librosa.midi_to_hz(LOWEST_PITCH), n_bins=PITCHES, tuning=0.0
    )
    levels = np.abs(bins)[:, CONTEXT_FRAMES : CONTEXT_FRAMES + BLOCK_FRAMES]
    level_db = 20 * np.log10(np.maximum(levels / max(float(levels.max()), 1e-4), 1e-6))
    return np.round(255 * np.clip(1 - level_db / FLOOR_DB, 0, 1)).astype(np.uint8)
