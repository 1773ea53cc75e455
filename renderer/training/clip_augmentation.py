"""Augmentation of training clips: random EQ, reverberation and level; program must not fix timbre.

Axes: n samples.
"""

import numpy as np
import torch
from numpy.fft import irfft, rfft

from renderer.codec.mel import SAMPLE_RATE
from scoretok.nn.spectra import minimum_phase

TAPS = 2048


def random_studio(audio: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mono audio (n,) after a random equaliser and, now and then, a random room."""
    if rng.random() < 0.8:
        audio = convolve(audio, equaliser(rng))
    if rng.random() < 0.35:
        audio = audio + rng.uniform(0.03, 0.25) * convolve(audio, room(rng))
    return audio


def equaliser(rng: np.random.Generator) -> np.ndarray:
    """Minimum-phase impulse response (TAPS,): a smooth curve of some decibels over octaves, and a tilt."""
    octave = np.log2(np.maximum(np.arange(TAPS // 2 + 1) * SAMPLE_RATE / TAPS, 40) / 1000)
    curve_db = rng.normal(0, 0.9) * octave
    for _ in range(3):
        curve_db += rng.normal(0, 3) * np.exp(-0.5 * ((octave - rng.uniform(-4, 4)) / rng.uniform(0.4, 1.5)) ** 2)
    log_gain = torch.from_numpy(np.log(10) / 20 * curve_db)
    return irfft(minimum_phase(log_gain[None, :, None])[0, :, 0].numpy())


def room(rng: np.random.Generator) -> np.ndarray:
    """Impulse response of noise that fades to -60 dB in 0.2 to 1.5 s, darker than the source."""
    fade_s = rng.uniform(0.2, 1.5)
    t = np.arange(round(fade_s * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(t)) * 10 ** (-3 * t / fade_s)
    response = np.convolve(response, np.ones(int(rng.integers(1, 6))), "same")
    response[: round(rng.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0
    return response / np.sqrt((response**2).sum())


def convolve(audio: np.ndarray, response: np.ndarray) -> np.ndarray:
    """The first n samples of the convolution of audio (n,) with an impulse response."""
    size = 1 << (len(audio) + len(response) - 1).bit_length()
    return irfft(rfft(audio, size) * rfft(response, size), size)[: len(audio)].astype(np.float32)


def set_level(audio: np.ndarray, mean_velocity: float, rng: np.random.Generator, spread_db: float = 4.0) -> np.ndarray:
    """Audio (n,) brought to a usual loudness for its velocities, give or take, with its peak below 1."""
    frames = audio[: len(audio) // 1024 * 1024].reshape(-1, 1024)
    energy = (frames**2).mean(1)
    active = energy[energy > energy.max() * 1e-4]
    loudness = np.sqrt(active.mean()) if len(active) else 0.0
    if loudness < 1e-6:
        return audio
    gain = 0.1 * (mean_velocity / 90) / loudness * 10 ** (np.clip(rng.normal(0, spread_db), -9, 9) / 20)
    return (audio * min(gain, 0.97 / np.abs(audio).max())).astype(np.float32)
