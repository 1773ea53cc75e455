"""What a recording does bar by bar, and how alike its bars are.

Axes: b bars, v features.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SIMILARITY_WEIGHTS = {"pitches": 0.4, "melody": 0.3, "texture": 0.3}  # set by hand


@dataclass(frozen=True)
class BarFeatures:
    """Bar features: chroma (b, 12) of all and of the melody, texture (b, v) of onset counts."""

    pitches: np.ndarray
    melody: np.ndarray
    texture: np.ndarray

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def has_melody(self) -> np.ndarray:
        """Whether a melody is heard, (b,); in a song without any it is taken to be in every bar."""
        melody_s = self.melody.sum(1)
        if not melody_s.any():
            return np.ones(len(melody_s), bool)
        return melody_s > 0.1 * float(np.median(melody_s[melody_s > 0]))

    @cached_property
    def scaled_texture(self) -> np.ndarray:
        """The features of the texture that vary, over their standard deviations, (b, v)."""
        spread = self.texture.std(0)
        varied = self.texture[:, spread > 0] / spread[spread > 0]
        return varied if varied.shape[1] else np.zeros((len(self), 1))

    @cached_property
    def similarities(self) -> dict[str, np.ndarray]:
        """Self-similarity matrices of bars (b, b), 0 to 1, of pitches, melody and texture."""
        distance = np.square(self.scaled_texture[:, None] - self.scaled_texture).mean(2)
        return {"pitches": _cosines(self.pitches), "melody": _cosines(self.melody), "texture": np.exp(-distance)}

    @cached_property
    def similarity(self) -> np.ndarray:
        """The three combined, (b, b), 0 to 1."""
        return np.asarray(sum(SIMILARITY_WEIGHTS[name] * alike for name, alike in self.similarities.items()))

    @cached_property
    def standard_similarity(self) -> np.ndarray:
        """The three combined, each by how unusual it is in this song, in standard deviations, (b, b)."""
        scaled = [
            SIMILARITY_WEIGHTS[name] * (alike - alike.mean()) / max(1e-9, alike.std())
            for name, alike in self.similarities.items()
        ]
        total = np.asarray(sum(scaled))
        return total / max(1e-9, total.std())


def _cosines(rows: np.ndarray) -> np.ndarray:
    """Cosine similarity of rows (b, v), (b, b); silent rows are alike."""
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    silent = rows.sum(1) == 0
    return np.where(silent[:, None] & silent, 1.0, unit @ unit.T)
