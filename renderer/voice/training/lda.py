"""Speaker-independent projection of Whisper features by linear discriminant analysis.

Linear discriminant analysis (Fisher, 1936) with voices as what is to be ignored: the directions in which features vary
most, for how much they vary when the same is said by a resampled copy, by another voice, and by another speaker on
the average.

Axes: v variants, f frames, d features (512), c content dims, s speakers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import eigh

from renderer.voice.content import WHISPER_DIMS

# Set by hand; benchmarks.voice_content measures how much of who speaks is left.
SPEAKER_WEIGHT = 10.0
REGULARISATION = 0.02
MIN_SPEAKER_FRAMES = 400


@dataclass
class ScatterMatrices:
    """Sums over clips, from which the projection is made."""

    total: np.ndarray = field(default_factory=lambda: np.zeros((WHISPER_DIMS, WHISPER_DIMS)))
    within: np.ndarray = field(default_factory=lambda: np.zeros((WHISPER_DIMS, WHISPER_DIMS)))
    mean: np.ndarray = field(default_factory=lambda: np.zeros(WHISPER_DIMS))
    frames: int = 0
    speakers: dict[str, tuple[np.ndarray, int]] = field(default_factory=dict)

    def add(self, speaker: str, variants: np.ndarray) -> None:
        """Add audible frames of a clip of all that say the same, (v, f, 512); "" are several speakers."""
        variants = variants.astype(np.float64)
        middle = variants.mean(0)
        apart = (variants - middle).reshape(-1, WHISPER_DIMS)
        self.within += apart.T @ apart / max(1, len(variants) - 1)
        self.total += middle.T @ middle
        self.mean += middle.sum(0)
        self.frames += len(middle)
        if not speaker:
            return
        so_far, count = self.speakers.get(speaker, (np.zeros(WHISPER_DIMS), 0))
        self.speakers[speaker] = so_far + middle.sum(0), count + len(middle)

    def projection(self, dims: int) -> tuple[np.ndarray, np.ndarray]:
        """The mean (512,) and the projection (512, c), whose outputs have unit variance."""
        mean = self.mean / self.frames
        total = self.total / self.frames - np.outer(mean, mean)
        means = np.array([sums / count for sums, count in self.speakers.values() if count >= MIN_SPEAKER_FRAMES])
        between = np.cov(means.T) if len(means) > 1 else np.zeros_like(total)
        ignored = self.within / self.frames + SPEAKER_WEIGHT * between
        ignored += REGULARISATION * np.trace(total) / WHISPER_DIMS * np.eye(WHISPER_DIMS)
        _, vectors = eigh(total, ignored)
        chosen = vectors[:, ::-1][:, :dims]
        return mean, chosen / np.sqrt((chosen * (total @ chosen)).sum(0))


def fit_lda(clips: Iterable[tuple[str, np.ndarray]], dims: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and projection of speakers' clips, each with what tells its frames (v, f, 512)."""
    scatter = ScatterMatrices()
    for speaker, variants in clips:
        scatter.add(speaker, variants)
    return scatter.projection(dims)
