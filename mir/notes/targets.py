"""Training targets: notes, drum hits and beats of a score as activations over frames.

Axes: n notes, r roles, p pitches, d drums, t frames.
"""

from dataclasses import dataclass

import numpy as np

from mir.notes.log_spectrogram import FRAMES_PER_S, LOWEST_PITCH

# Set by hand; the shipped weights were trained with it, no other value was compared.
REACH_FRAMES = 1.5  # an onset is said by the frames that are nearer than this, the more the nearer
NOTE_ROLES = ("lead", "piano", "guitar", "strings", "bass")
DRUM_CLASSES = ("kick", "snare", "hat", "openhat", "tom", "crash", "ride", "other")
PITCHES = 80
DRUM_CLASS_KEYS = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "hat": (42, 44), "openhat": (46,), "tom": (41, 43, 45, 47, 48, 50),
    "crash": (49, 52, 55, 57), "ride": (51, 53, 59),
}  # fmt: skip
DRUM_CLASS_OF_KEY = {key: name for name, keys in DRUM_CLASS_KEYS.items() for key in keys}


@dataclass(frozen=True)
class NoteLabels:
    """Labels of an excerpt: notes (n,) with role index, drum hits with class index, beat times."""

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray
    role: np.ndarray
    stroke_s: np.ndarray
    drum: np.ndarray
    beat_s: np.ndarray
    downbeat_s: np.ndarray


def drum_class(key: int) -> str:
    """The name in DRUM_CLASSES of a key of General MIDI."""
    return DRUM_CLASS_OF_KEY.get(key, "other")


def targets(labels: NoteLabels, frames: int, shift: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Notes (2 * r, p, t), drums (d, t) and beats (2, t), as `TranscriptionNet` orders them, 0 to 1.

    Pitches are moved by `shift`.
    """
    notes = np.zeros((len(NOTE_ROLES), 2, PITCHES, frames), np.float32)
    pitch = labels.pitch + shift - LOWEST_PITCH
    in_range = (pitch >= 0) & (pitch < PITCHES)
    role, pitch = labels.role[in_range], pitch[in_range]
    start, stop = labels.start_s[in_range] * FRAMES_PER_S, labels.end_s[in_range] * FRAMES_PER_S
    add_triangles(notes[:, 0], (role, pitch), start)
    for at in range(len(role)):
        notes[role[at], 1, pitch[at], max(0, round(start[at])) : max(0, round(stop[at]))] = 1
    drums = np.zeros((len(DRUM_CLASSES), frames), np.float32)
    add_triangles(drums, (labels.drum,), labels.stroke_s * FRAMES_PER_S)
    beats = np.zeros((2, frames), np.float32)
    for row, times_s in enumerate((labels.beat_s, labels.downbeat_s)):
        add_triangles(beats, (np.full(len(times_s), row),), times_s * FRAMES_PER_S)
    return notes.reshape(-1, PITCHES, frames), drums, beats


def add_triangles(rows: np.ndarray, where: tuple[np.ndarray, ...], moments: np.ndarray) -> None:
    """Adds triangles of half-width REACH_FRAMES around times (n,) in frames to the rows (..., t) indexed by `where`."""
    for offset in (-1, 0, 1):
        at = np.round(moments).astype(int) + offset
        inside = (at >= 0) & (at < rows.shape[-1])
        level = np.maximum(0, 1 - np.abs(at - moments) / REACH_FRAMES)[inside]
        np.maximum.at(rows, (*(index[inside] for index in where), at[inside]), level.astype(np.float32))
