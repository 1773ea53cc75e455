"""A vocal track being sung, in blocks that may be asked for in any order.

Axes: n samples.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from renderer.singing.phrase_frames import PhraseFrames
from renderer.singing.synthesis import samples_of

KEPT_PHRASES = 8  # that are held in memory: as many as reach into one block, and some more


class VocalTrack:
    """The phrases of a track, each sung once; what lies between them is silence."""

    def __init__(self, phrases: Sequence[PhraseFrames], sing: Callable[[PhraseFrames], np.ndarray]) -> None:
        """`sing` gives the samples of a phrase that `samples_of` names."""
        self.phrases = phrases
        self._sung = lru_cache(maxsize=KEPT_PHRASES)(lambda number: sing(phrases[number]))

    @property
    def end_sample(self) -> int:
        """Where the last phrase has died away."""
        return max((samples_of(phrase).stop for phrase in self.phrases), default=0)

    def span(self, start: int, stop: int) -> np.ndarray:
        """Samples (stop - start,) from sample `start` of the song on, float32."""
        out = np.zeros(stop - start, np.float32)
        for number, phrase in enumerate(self.phrases):
            sounding = samples_of(phrase)
            first, last = max(start, sounding.start), min(stop, sounding.stop)
            if first < last:
                own = self._sung(number)
                out[first - start : last - start] += own[first - sounding.start : last - sounding.start]
        return out
