"""The melody of one voice, sung, whistled or played: its pitch over time, and the notes that it makes.

Axes: t frames.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mir.estimates import NoteEstimate
from scoretok.audio import Recording
from scoretok.extras import require

RATE = 16000
LOWEST_HZ, HIGHEST_HZ = 46.875, 2093.75  # swift-f0 hears no lower or higher
# Set by hand; benchmarks.transcription_singing measures pitch and notes of a known singer.
HOLD_MS = 120.0  # a pitch that is held so long is a note of its own
VOICING_THRESHOLD = 0.5
SHORTEST_S = 0.06
LOUDEST, SOFTEST, RANGE_DB = 112, 40, 24.0  # velocities, and their range; set by hand, no benchmark counts them


@dataclass(frozen=True)
class PitchCurve:
    """Pitch of one voice: `times_s`, `hz`, `confidence`, `loudness_db`, each (t,)."""

    times_s: np.ndarray
    hz: np.ndarray
    confidence: np.ndarray
    loudness_db: np.ndarray

    @property
    def is_voiced(self) -> np.ndarray:
        """Where a pitch is heard, (t,)."""
        return (self.confidence >= VOICING_THRESHOLD) & (self.hz > 0)

    @property
    def midi(self) -> np.ndarray:
        """Pitch in semitones, A4 = 69, (t,); nan where none is heard."""
        return np.where(self.is_voiced, semitones(np.maximum(self.hz, 1e-3)), np.nan)


def semitones(hz: Any) -> Any:  # noqa: ANN401 - one or many
    """Pitch of frequencies in semitones, A4 = 69."""
    return 69 + 12 * np.log2(hz / 440)


def hertz(pitch: Any) -> Any:  # noqa: ANN401 - one or many
    """Frequencies of pitches in semitones, A4 = 69."""
    return 440 * 2 ** ((pitch - 69) / 12)


def pitch_curve(recording: Recording, lowest_hz: float = LOWEST_HZ, highest_hz: float = HIGHEST_HZ) -> PitchCurve:
    """The pitch of the one voice of a recording, by swift-f0 (Nieradzik, 2025)."""
    swift_f0 = require("swift_f0", "mir", "finding a melody")
    found = swift_f0.SwiftF0(threads=2).detect(recording.mono_at(RATE), RATE, lowest_hz, highest_hz)
    return PitchCurve(found.timestamps, found.pitch_hz, found.confidence, found.loudness_db)


def tuning_of_curve(curve: PitchCurve) -> float:
    """How far the voice is from A4 = 440 Hz in semitones, -0.5 to 0.5: the circular mean of its pitches."""
    midi, weight = curve.midi, curve.confidence
    voiced = np.isfinite(midi)
    if not voiced.any():
        return 0.0
    turn = np.sum(weight[voiced] * np.exp(2j * np.pi * midi[voiced]))
    return float(np.angle(turn) / (2 * np.pi))


def melody_notes(curve: PitchCurve, hold_ms: float = HOLD_MS, follow_tuning: bool = True) -> list[NoteEstimate]:
    """The notes of a pitch curve, one after another, at the nearest semitones of its own tuning.

    Velocities follow the loudness, the loudest notes being 112. A voice alone may be in any tuning and is followed;
    beside instruments it is not.
    """
    swift_f0 = require("swift_f0", "mir", "finding a melody")
    result = swift_f0.PitchResult(curve.times_s, curve.hz, curve.confidence, curve.loudness_db)
    tuning = tuning_of_curve(curve) if follow_tuning else 0.0
    found = [
        note for note in swift_f0.segment_notes(result, pitch_hold_ms=hold_ms) if note.end - note.start >= SHORTEST_S
    ]
    frames = [(curve.times_s >= note.start) & (curve.times_s < note.end) for note in found]
    levels = [float(curve.loudness_db[inside].max(initial=-120.0)) for inside in frames]
    loudest = max(levels, default=0.0)
    notes = []
    for note, inside, level in zip(found, frames, levels, strict=True):
        pitch = round(semitones(note.pitch_hz) - tuning)
        share = np.clip(1 + (level - loudest) / RANGE_DB, 0, 1)
        velocity = round(SOFTEST + share * (LOUDEST - SOFTEST))
        confidence = float(curve.confidence[inside].mean()) if inside.any() else 0.0
        notes.append(
            NoteEstimate(float(note.start), float(note.end), int(np.clip(pitch, 0, 127)), velocity, confidence)
        )
    return notes
