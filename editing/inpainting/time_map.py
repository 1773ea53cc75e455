"""Time map between score time and audio time."""

from dataclasses import dataclass

import numpy as np

from renderer.note_array import NoteArray


@dataclass(frozen=True)
class TimeMap:
    """Piecewise linear time map: knots in score seconds and audio seconds, both (k,), increasing."""

    score_s: np.ndarray
    audio_s: np.ndarray

    def to_audio(self, score_s: np.ndarray | float) -> np.ndarray:
        """Maps score seconds to audio seconds; extrapolates linearly beyond the ends."""
        moments = np.asarray(score_s, float)
        inside = np.interp(moments, self.score_s, self.audio_s)
        before = np.minimum(moments - self.score_s[0], 0) * self._rate(0)
        return inside + before + np.maximum(moments - self.score_s[-1], 0) * self._rate(-1)

    def _rate(self, end: int) -> float:
        """Seconds heard a second of the score, about the first or the last moment."""
        pair = slice(0, 2) if end == 0 else slice(-2, None)
        return float(np.diff(self.audio_s[pair])[0] / np.diff(self.score_s[pair])[0])

    def warp_notes(self, notes: NoteArray) -> NoteArray:
        """Notes of the score as they are heard."""
        start_s, end_s = self.to_audio(notes.start_s), self.to_audio(notes.end_s)
        bend, gain = (curve and curve.warped(self.to_audio) for curve in (notes.bend, notes.gain))
        return NoteArray(start_s, end_s, notes.pitch, notes.velocity, notes.program, notes.detune_cents, bend, gain)


IDENTITY_MAP = TimeMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
