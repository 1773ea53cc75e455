"""The notes of one track as the renderer sees them: seconds, pitches, velocities.

Axes: m notes.
"""

from dataclasses import dataclass

import numpy as np

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

    `program` is a General MIDI program from 0, or DRUMS. `detune_cents` is the tuning of the whole track.
    """

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    program: int
    detune_cents: float = 0.0

    def __len__(self) -> int:
        return len(self.start_s)

    def sounding_in(self, start_s: float, end_s: float, ring_s: float) -> "NoteArray":
        """The notes that begin before `end_s` and ended at most `ring_s` before `start_s`."""
        ends_s = self.start_s if self.program == DRUM_PROGRAM else self.end_s
        keep = (self.start_s < end_s) & (ends_s + ring_s > start_s)
        return self.select(keep)

    def select(self, keep_mask: np.ndarray) -> "NoteArray":
        """The notes for which `keep_mask` (m,) is true."""
        fields = (self.start_s[keep_mask], self.end_s[keep_mask], self.pitch[keep_mask], self.velocity[keep_mask])
        return NoteArray(*fields, self.program, self.detune_cents)


def drum_tail_s(pitch: int) -> float:
    """How long a drum is heard after it was struck, in seconds."""
    return LONG_DRUM_TAILS_S.get(pitch, DRUM_TAIL_S)


def notes_of(sheet: LeadSheet, track: Track) -> NoteArray:
    """The notes of a track of a score in seconds; a vocal track gets a voice-like program."""
    ticks = sorted({tick for note in track.notes for tick in (note.start_ticks, note.end_ticks)})
    at = {tick: sheet.seconds_at(tick) for tick in ticks}
    start_s = np.array([at[note.start_ticks] for note in track.notes], np.float64)
    end_s = np.array([at[note.end_ticks] for note in track.notes], np.float64)
    pitch = np.array([note.pitch for note in track.notes], np.int64)
    velocity = np.array([note.velocity for note in track.notes], np.int64)
    return NoteArray(start_s, end_s, pitch, velocity, program_of(track))


def program_of(track: Track) -> int:
    """The program that a track sounds with, DRUMS for drums."""
    if track.is_drums:
        return DRUM_PROGRAM
    if track.role == "vocal" and track.program not in VOICE_PROGRAMS:
        return DEFAULT_VOICE
    return track.program
