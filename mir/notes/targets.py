"""What the network should say: notes and beats of a score as targets over frames.

Axes: n notes, r roles, p pitches, d drums, t frames.
"""

from dataclasses import dataclass

import numpy as np

from mir.notes.spectrogram import FRAMES_PER_S, LOWEST_PITCH

REACH_FRAMES = 1.5  # an onset is said by the frames that are nearer than this, the more the nearer
ROLES = ("lead", "piano", "guitar", "strings", "bass")
DRUMS = ("kick", "snare", "hat", "openhat", "tom", "crash", "ride", "other")
PITCHES = 80
DRUM_KEYS = {
    "kick": (35, 36), "snare": (37, 38, 39, 40), "hat": (42, 44), "openhat": (46,), "tom": (41, 43, 45, 47, 48, 50),
    "crash": (49, 52, 55, 57), "ride": (51, 53, 59),
}  # fmt: skip
DRUM_OF_KEY = {key: name for name, keys in DRUM_KEYS.items() for key in keys}


@dataclass(frozen=True)
class Answers:
    """What is played: notes (n,) with their number in ROLES, strokes with theirs in DRUMS, and when beats are."""

    start_s: np.ndarray
    end_s: np.ndarray
    pitch: np.ndarray
    role: np.ndarray
    stroke_s: np.ndarray
    drum: np.ndarray
    beat_s: np.ndarray
    downbeat_s: np.ndarray


def drum_of(key: int) -> str:
    """The name in DRUMS of a key of General MIDI."""
    return DRUM_OF_KEY.get(key, "other")


def targets(answers: Answers, frames: int, shift: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Notes (2 * r, p, t), drums (d, t) and beats (2, t), as `Ears` orders them, 0 to 1; pitches moved by `shift`."""
    notes = np.zeros((len(ROLES), 2, PITCHES, frames), np.float32)
    pitch = answers.pitch + shift - LOWEST_PITCH
    heard = (pitch >= 0) & (pitch < PITCHES)
    role, pitch = answers.role[heard], pitch[heard]
    start, stop = answers.start_s[heard] * FRAMES_PER_S, answers.end_s[heard] * FRAMES_PER_S
    mark(notes[:, 0], (role, pitch), start)
    for at in range(len(role)):
        notes[role[at], 1, pitch[at], max(0, round(start[at])) : max(0, round(stop[at]))] = 1
    drums = np.zeros((len(DRUMS), frames), np.float32)
    mark(drums, (answers.drum,), answers.stroke_s * FRAMES_PER_S)
    beats = np.zeros((2, frames), np.float32)
    for row, times_s in enumerate((answers.beat_s, answers.downbeat_s)):
        mark(beats, (np.full(len(times_s), row),), times_s * FRAMES_PER_S)
    return notes.reshape(-1, PITCHES, frames), drums, beats


def mark(rows: np.ndarray, where: tuple[np.ndarray, ...], moments: np.ndarray) -> None:
    """Put moments (n,), in frames, as little triangles into the rows (..., t) that `where` names."""
    for offset in (-1, 0, 1):
        at = np.round(moments).astype(int) + offset
        inside = (at >= 0) & (at < rows.shape[-1])
        level = np.maximum(0, 1 - np.abs(at - moments) / REACH_FRAMES)[inside]
        np.maximum.at(rows, (*(index[inside] for index in where), at[inside]), level.astype(np.float32))
