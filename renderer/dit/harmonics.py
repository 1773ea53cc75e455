"""Where in the spectrum a score's partials lie: log-mel frames of bare harmonics, for the DiT to shape.

It spares the network learning the harmonic series note by note. Energies of notes add, so order does not matter.

Axes: m notes, f mel frames (4 a latent frame), k mel bands.
"""

from functools import cache

import numpy as np
import torch

from renderer.codec.exciter import PIANOS, RELEASE_CUTOFF_S, RELEASE_S, partials_of
from renderer.codec.mel import BANDS, FFT, FLOOR, FRAMES_PER_LATENT, SAMPLE_RATE, SILENCE, mel_filters
from renderer.note_array import DRUM_PROGRAM, NoteArray

WINDOW_S = FFT / SAMPLE_RATE


@cache
def templates(stiff: bool) -> np.ndarray:
    """Squared mel amplitudes of every pitch's partials at full velocity, (128, k)."""
    window = np.hanning(FFT + 1)[:-1]
    turns = 2 * np.pi * np.arange(FFT) / SAMPLE_RATE
    rows = []
    for pitch in range(128):
        frequency, amplitude, phase = partials_of(pitch, PIANOS[0] if stiff else DRUM_PROGRAM + 1, 0.0)
        wave = (np.sin(np.outer(frequency, turns) + 2 * np.pi * phase[:, None]) * amplitude[:, None]).sum(0)
        rows.append(np.abs(np.fft.rfft(wave * window)) * 2 / window.sum())
    magnitude = torch.from_numpy(np.stack(rows)).float()
    return (magnitude @ mel_filters().T).numpy() ** 2


def harmonic_frames(notes: NoteArray, latent_centres_s: np.ndarray) -> np.ndarray:
    """Log-mel frames of the partials around latent frames (t,), float32 of shape (t, 4 k); drums have none."""
    steps = (np.arange(FRAMES_PER_LATENT) - (FRAMES_PER_LATENT - 1) / 2) * WINDOW_S / 4
    times_s = (latent_centres_s[:, None] + steps).reshape(-1)
    if notes.program == DRUM_PROGRAM or not len(notes):
        return np.full((len(latent_centres_s), FRAMES_PER_LATENT * BANDS), SILENCE, np.float32)
    since_start_s = times_s[:, None] - notes.start_s
    since_end_s = np.maximum(times_s[:, None] - notes.end_s, 0)
    gains = (
        np.clip(since_start_s / WINDOW_S + 0.5, 0, 1)
        * np.exp(-since_end_s / RELEASE_S)
        * (since_end_s < RELEASE_CUTOFF_S)
    )
    gains *= (notes.velocity / 127) ** 0.8
    power = (gains**2).astype(np.float32) @ templates(notes.program in PIANOS)[notes.pitch].astype(np.float32)
    frames = np.log(np.sqrt(power) + FLOOR)
    return frames.reshape(len(latent_centres_s), -1).astype(np.float32)
