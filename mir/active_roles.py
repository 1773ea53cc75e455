"""Active roles: drops roles with too few or too uncertain notes, and those that only double another role.

Axes: n notes.
"""

from collections.abc import Sequence

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
SUNG_ONSET_S = 0.08  # a note of a lead that the voice has too, an octave more or less, is the voice
PITCH_STRIDE_S = 1e5  # keeps pitches apart in one sorted list: longer than any recording


def active_roles(activations: Activations, melody: Sequence[SungNote]) -> dict[str, list[NoteEstimate]]:
    """The notes by role without those that the voice sings, and without tracks that are hardly there."""
    voice = np.array([(note.start_s, note.pitch % 12) for note, _ in melody]).reshape(-1, 2)
    found = {
        role: [note for note in notes if role != "lead" or not _is_sung(note, voice)]
        for role, notes in activations.notes.items()
    }
    return {
        role: notes for role, notes in found.items() if len(notes) >= min_notes(activations) and is_active(role, found)
    }


def is_active(role: str, found: dict[str, list[NoteEstimate]]) -> bool:
    """Whether a role is active: mean confidence high enough, and not mostly doubled by surer notes of other roles."""
    own = np.array([note.confidence for note in found[role]]) / ONSET_THRESHOLDS[role]
    others = [
        (PITCH_STRIDE_S * note.pitch + note.start_s, note.confidence / ONSET_THRESHOLDS[other])
        for other, notes in found.items() if other != role for note in notes
    ]  # fmt: skip
    places, sure = np.array(sorted(others)).reshape(-1, 2).T
    mine = np.array([PITCH_STRIDE_S * note.pitch + note.start_s for note in found[role]])
    first, last = (np.searchsorted(places, mine + by) for by in (-SAME_ONSET_S, SAME_ONSET_S))
    shared = [sure[a:b].max(initial=0.0) > certainty for a, b, certainty in zip(first, last, own, strict=True)]
    is_shadow = role != "bass" and float(np.mean(shared)) > MAX_DOUBLED_SHARE  # a bass does play what others play
    return float(own.mean()) >= MIN_CONFIDENCE_RATIO and not is_shadow


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
    return bool(((np.abs(voice[:, 0] - note.start_s) < SUNG_ONSET_S) & (voice[:, 1] == note.pitch % 12)).any())
