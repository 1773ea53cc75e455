"""Content features: Whisper encoder outputs, projected to be speaker independent.

Whisper (Radford et al., 2023) reads windows on a fixed grid, so that what a frame is given depends on its place in the
source and on nothing farther away than a window's margins: files of any length, and streams, are read alike.

Axes: n samples at 16 kHz, w Whisper frames (50 Hz), f frames (86.13 Hz), d dims.
"""

from typing import Any

import numpy as np

from renderer.voice.envelope import FRAME_S
from scoretok.extras import require
from scoretok.nn.whisper import shipped_model, whisper

# Of the encoder of Whisper base (Radford et al., 2022).
RATE = 16000
WHISPER_HZ = 50
WHISPER_DIMS = 512
# Set by hand; the shipped weights were trained with them, nothing else was compared.
STEP_S, BEFORE_S, AFTER_S = 4.0, 1.0, 1.0  # windows advance by the step and see this much more on either side
WINDOW_S = STEP_S + BEFORE_S + AFTER_S


def whisper_encoder() -> Any:  # noqa: ANN401 - faster-whisper has no types
    """Whisper base, as the recognition of words loads it. Raises ScoretokError when its packages are missing."""
    require("faster_whisper", "voice", "hearing the words of a voice")
    return whisper(str(shipped_model()))


def encode_window(window: np.ndarray) -> np.ndarray:
    """Features (w, 512) of one window (n,) of at most 30 s."""
    network = whisper_encoder()
    padded = np.pad(window, (0, -len(window) % (RATE // WHISPER_HZ)))
    mel = network.feature_extractor(padded)[:, : 2 * (len(padded) * WHISPER_HZ // RATE)]
    return np.array(network.encode(np.ascontiguousarray(mel)), np.float32)[0]


def extract_content(samples_16k: np.ndarray, times_s: np.ndarray, grid_s: float = 0.0) -> np.ndarray:
    """Features (f, 512) of a source (n,) at some times (f,) in seconds, in order; `grid_s` moves the grid of windows.

    What is no longer than a window is read at once.
    """
    if len(samples_16k) <= WINDOW_S * RATE:
        return interpolate_frames(encode_window(samples_16k), times_s)
    out = np.zeros((len(times_s), WHISPER_DIMS), np.float32)
    numbers = np.floor((times_s - grid_s) / STEP_S).astype(int)
    for number in np.unique(numbers):
        inside = np.flatnonzero(numbers == number)
        begin_s = max(0.0, grid_s + number * STEP_S - BEFORE_S)
        end_s = grid_s + (number + 1) * STEP_S + AFTER_S
        window = samples_16k[round(begin_s * RATE) : round(end_s * RATE)]
        out[inside] = interpolate_frames(encode_window(window), times_s[inside] - begin_s)
    return out


def frame_times_s(frames: int) -> np.ndarray:
    """Seconds of the first `frames` frames, (f,)."""
    return np.arange(frames) * FRAME_S


def interpolate_frames(found: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """Features (w, d) read at times (f,) after the window's begin; a feature stands for the middle of its 20 ms."""
    places = np.clip(times_s * WHISPER_HZ - 0.5, 0, len(found) - 1)
    left = np.minimum(places.astype(int), max(0, len(found) - 2))
    share = (places - left)[:, None].astype(np.float32)
    return found[left] * (1 - share) + found[np.minimum(left + 1, len(found) - 1)] * share
