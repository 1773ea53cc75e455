"""Active roles: drops roles with too few or too uncertain notes, and those that only double another role.

Axes: n notes.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from mir.estimates import NoteEstimate, SungNote
from mir.notes.activations import ONSET_THRESHOLDS, Activations
from mir.notes.log_spectrogram import FRAMES_PER_S

# Set by hand; benchmarks.transcription measures the result, in its notes by role.
MIN_NOTES, SECONDS_A_NOTE = 6, 4.0  # a track has so many notes, fewer in short recordings
MIN_CONFIDENCE_RATIO = 1.2  # times as sure as it must be for a note to be heard, on average, is a role that plays,
MAX_DOUBLED_SHARE = 0.66  # whose notes are not in such a share played by another one more surely
MIN_DRUM_CONFIDENCE = 0.35
SAME_ONSET_S = 0.05
# A note of a lead is the voice where the voice sings its pitch, give or take a semitone and octaves, for so much of it,
# or begins it with it; a lead of which so little else is left is the voice altogether.
MIN_SUNG_SHARE, SUNG_MARGIN_S, SUNG_ONSET_S, MIN_LEFT_SHARE = 0.5, 0.1, 0.08, 0.35
PITCH_STRIDE_S = 1e5  # keeps pitches apart in one sorted list: longer than any recording


def active_roles(activations: Activations, melody: Sequence[SungNote]) -> dict[str, list[NoteEstimate]]:
    """The notes by role without those that the voice sings, and without tracks that are hardly there."""
    found = dict(activations.notes)
    if "lead" in found and melody:
        voice = np.array([(note.start_s, note.end_s, note.pitch) for note, _ in melody])
        left = [note for note in found["lead"] if not _is_sung(note, voice)]
        found["lead"] = left if len(left) >= MIN_LEFT_SHARE * len(found["lead"]) else []
    return {
        role: notes for role, notes in found.items() if len(notes) >= min_notes(activations) and is_active(role, found)
    }


def is_active(role: str, found: dict[str, list[NoteEstimate]]) -> bool:
    """Whether a role is active: mean confidence high enough, and not mostly doubled by surer notes of other roles."""
    own = certainties(role, found[role])
    shared = surest_elsewhere(role, found) > own
    is_shadow = role != "bass" and float(np.mean(shared)) > MAX_DOUBLED_SHARE  # a bass does play what others play
    return float(own.mean()) >= MIN_CONFIDENCE_RATIO and not is_shadow


def certainties(role: str, notes: Sequence[NoteEstimate]) -> np.ndarray:
    """How many times as sure notes of a role are as they must be to be heard, (n,)."""
    return np.array([note.confidence for note in notes]) / ONSET_THRESHOLDS[role]


def surest_elsewhere(role: str, found: Mapping[str, Sequence[NoteEstimate]]) -> np.ndarray:
    """How sure the surest note of other roles is that has pitch and onset of a note of this role, (n,); 0 for none."""
    others = [
        row for other, notes in found.items() if other != role
        for row in zip(_places(notes), certainties(other, notes), strict=True)
    ]  # fmt: skip
    places, sure = np.array(sorted(others)).reshape(-1, 2).T
    mine = _places(found[role])
    first, last = (np.searchsorted(places, mine + by) for by in (-SAME_ONSET_S, SAME_ONSET_S))
    return np.array([sure[a:b].max(initial=0.0) for a, b in zip(first, last, strict=True)])


def _places(notes: Sequence[NoteEstimate]) -> np.ndarray:
    """Pitch and onset of notes as one number, (n,)."""
    return np.array([PITCH_STRIDE_S * note.pitch + note.start_s for note in notes])


def has_drums(activations: Activations) -> bool:
    """Whether drums are heard at all."""
    strokes = activations.drum_hits
    return (
        len(strokes) >= min_notes(activations)
        and float(np.mean([one.confidence for one in strokes])) >= MIN_DRUM_CONFIDENCE
    )


def min_notes(activations: Activations) -> float:
    """Minimum number of notes of an active role."""
    return min(MIN_NOTES, 1 + len(activations.drum_levels) / FRAMES_PER_S / SECONDS_A_NOTE)


def _is_sung(note: NoteEstimate, voice: np.ndarray) -> bool:
    """Whether a voice, rows of start, end and pitch, sings a note."""
    starts, ends, pitches = voice.T
    semitones = (pitches - note.pitch + 6) % 12 - 6
    begins = (np.abs(starts - note.start_s) < SUNG_ONSET_S) & (semitones == 0)
    shared_s = np.minimum(ends + SUNG_MARGIN_S, note.end_s) - np.maximum(starts - SUNG_MARGIN_S, note.start_s)
    sung_s = shared_s[(shared_s > 0) & (np.abs(semitones) <= 1)].sum()
    return bool(begins.any() or sung_s >= MIN_SUNG_SHARE * (note.end_s - note.start_s))
