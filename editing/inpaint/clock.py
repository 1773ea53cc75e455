"""When in a recording the moments of its score are heard."""

from dataclasses import dataclass

import numpy as np

from renderer.notes import NoteArray


@dataclass(frozen=True)
class Clock:
    """Piecewise linear time: moments of the score and of the recording in seconds, both rising, of equal shape (k,)."""

    score_s: np.ndarray
    heard_s: np.ndarray

    def heard_at(self, score_s: np.ndarray | float) -> np.ndarray:
        """Seconds of the recording at which moments of the score are heard; beyond the ends time runs evenly."""
        moments = np.asarray(score_s, float)
        inside = np.interp(moments, self.score_s, self.heard_s)
        before = np.minimum(moments - self.score_s[0], 0) * self._rate(0)
        return inside + before + np.maximum(moments - self.score_s[-1], 0) * self._rate(-1)

    def _rate(self, end: int) -> float:
        """Seconds heard a second of the score, about the first or the last moment."""
        pair = slice(0, 2) if end == 0 else slice(-2, None)
        return float(np.diff(self.heard_s[pair])[0] / np.diff(self.score_s[pair])[0])

    def notes(self, notes: NoteArray) -> NoteArray:
        """Notes of the score as they are heard."""
        start_s, end_s = self.heard_at(notes.start_s), self.heard_at(notes.end_s)
        return NoteArray(start_s, end_s, notes.pitch, notes.velocity, notes.program, notes.detune_cents)


EVEN = Clock(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
