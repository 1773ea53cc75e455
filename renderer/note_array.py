"""The notes of one track as the renderer sees them: seconds, pitches, velocities.

Axes: m notes.
"""

from dataclasses import dataclass, replace

import numpy as np

from renderer.control_curves import StepCurve, bend_curve, gain_curve
from renderer.pedals import sounding_ends_s, struck_velocity
from scoretok.parts import Track
from scoretok.sheet import LeadSheet

DRUM_PROGRAM = 128  # the program that stands for all drum kits
PROGRAM_COUNT = 129
VOICE_PROGRAMS = frozenset((52, 53, 54, 85, 91))
DEFAULT_VOICE = 53
# Drums ring as long as their samples do, not as long as the note: set by hand, not measured.
DRUM_TAIL_S = 0.6
LONG_DRUM_TAILS_S = {
    **dict.fromkeys((49, 52, 55, 57), 2.5),  # crash, china, splash
    **dict.fromkeys((46, 51, 53, 59, 80, 81), 1.0),  # open hat, ride, bell, triangle
}


@dataclass(frozen=True)
class NoteArray:
    """Notes sorted by onset: `start_s`, `end_s`, `pitch`, `velocity`, each of shape (m,); one `program` for all.

    `program` is a General MIDI program from 0, or DRUMS. `detune_cents` is the tuning of the whole track. `bend` has
    the cents and `gain` the factors that a performance changes all of them by.
    """

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    program: int
    detune_cents: float = 0.0
    bend: StepCurve | None = None
    gain: StepCurve | None = None

    def __len__(self) -> int:
        return len(self.start_s)

    def sounding_in(self, start_s: float, end_s: float, ring_s: float) -> "NoteArray":
        """The notes that begin before `end_s` and ended at most `ring_s` before `start_s`."""
        ends_s = self.start_s if self.program == DRUM_PROGRAM else self.end_s
        keep = (self.start_s < end_s) & (ends_s + ring_s > start_s)
        return self.select(keep)

    def select(self, keep_mask: np.ndarray) -> "NoteArray":
        """The notes for which `keep_mask` (m,) is true, or those at its places."""
        fields = (self.start_s[keep_mask], self.end_s[keep_mask], self.pitch[keep_mask], self.velocity[keep_mask])
        return NoteArray(*fields, self.program, self.detune_cents, self.bend, self.gain)

    def shifted(self, by_s: float) -> "NoteArray":
        """The same later."""
        bend, gain = (curve and curve.warped(lambda times_s: times_s + by_s) for curve in (self.bend, self.gain))
        return replace(self, start_s=self.start_s + by_s, end_s=self.end_s + by_s, bend=bend, gain=gain)

    def at_gain(self, samples: np.ndarray, start_s: float, sample_rate: int) -> np.ndarray:
        """Samples (..., n) from a second on, as loud as the performance has them."""
        if self.gain is None:
            return samples
        times_s = start_s + np.arange(samples.shape[-1]) / sample_rate
        return samples * self.gain.smooth_at(times_s).astype(np.float32)


def drum_tail_s(pitch: int) -> float:
    """How long a drum is heard after it was struck, in seconds."""
    return LONG_DRUM_TAILS_S.get(pitch, DRUM_TAIL_S)


def notes_of(sheet: LeadSheet, track: Track) -> NoteArray:
    """The notes of a track of a score in seconds, as they are played; a vocal track gets a voice-like program."""
    played = [(note.played_start_ticks, note.played_end_ticks) for note in track.notes]
    at = {tick: sheet.seconds_at(tick) for tick in sorted({tick for span in played for tick in span})}
    start_s = np.array([at[start] for start, _ in played], np.float64)
    end_s = np.array([at[end] for _, end in played], np.float64)
    pitch = np.array([note.pitch for note in track.notes], np.int64)
    velocity = np.array([note.velocity for note in track.notes], np.int64)
    if not track.controls and all(note.timing is None for note in track.notes):
        return NoteArray(start_s, end_s, pitch, velocity, program_of(track))
    end_s = sounding_ends_s(sheet, track, start_s, end_s, pitch)
    velocity = struck_velocity(sheet, track, start_s, velocity)
    curves = (bend_curve(sheet, track), gain_curve(sheet, track))
    notes = NoteArray(start_s, end_s, pitch, velocity, program_of(track), 0.0, *curves)
    return notes.select(np.lexsort((pitch, start_s)))


def program_of(track: Track) -> int:
    """The program that a track sounds with, DRUMS for drums."""
    if track.is_drums:
        return DRUM_PROGRAM
    if track.role == "vocal" and track.program not in VOICE_PROGRAMS:
        return DEFAULT_VOICE
    return track.program
