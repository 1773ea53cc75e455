"""The spectrogram that BeatNet's networks read: 24 bands an octave, and how much louder each became.

Axes: t frames, d features, n samples.
"""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from scoretok.extras import require

RATE, FRAMES_PER_S = 22050, 50
WINDOW_SAMPLES, HOP_SAMPLES = 1411, 441  # 64 and 20 ms
FEATURES = 272


def beat_spectrogram(samples: np.ndarray) -> np.ndarray:
    """Features (t, d) of samples (n,) at 22,050 Hz, by madmom-infer."""
    audio = _front_end("signal")
    framed = audio.FramedSignalProcessor(frame_size=WINDOW_SAMPLES, hop_size=HOP_SAMPLES)
    signal = audio.Signal(samples.astype(np.float32), sample_rate=RATE, num_channels=1)
    return np.asarray(_filters()(framed(signal)), np.float32)


@cache
def _filters() -> Any:  # noqa: ANN401 - madmom-infer has no types
    spectrogram = _front_end("spectrogram")
    processors = require("madmom_infer.processors", "mir", "finding beats")
    return processors.SequentialProcessor(
        (
            _front_end("stft").ShortTimeFourierTransformProcessor(),
            spectrogram.FilteredSpectrogramProcessor(num_bands=24, fmin=30, fmax=17000, norm_filters=True),
            spectrogram.LogarithmicSpectrogramProcessor(mul=1, add=1),
            spectrogram.SpectrogramDifferenceProcessor(diff_ratio=0.5, positive_diffs=True, stack_diffs=np.hstack),
        )
    )


def _front_end(module: str) -> ModuleType:
    return require(f"madmom_infer.audio.{module}", "mir", "finding beats")
