"""Which instruments play at all: roles that are hardly there, or that only repeat another one, are imagined.

Axes: n notes.
"""

from collections.abc import Sequence

import numpy as np

from mir.notes.hear import ONSET_LEVELS, Heard
from mir.notes.spectrogram import FRAMES_PER_S
from mir.results import HeardNote, SungNote

FEWEST_NOTES, SECONDS_A_NOTE = 6, 4.0  # a track has so many notes, fewer in short recordings
LEAST_SURE = 1.2  # times as sure as it must be for a note to be heard, on average, is a role that plays,
MOST_SHARED = 0.66  # whose notes are not in such a share played by another one more surely
LEAST_SURE_DRUMS = 0.35
SAME_ONSET_S = 0.05
SUNG_ONSET_S = 0.08  # a note of a lead that the voice has too, an octave more or less, is the voice
FARTHEST_S = 1e5


def instruments(heard: Heard, melody: Sequence[SungNote]) -> dict[str, list[HeardNote]]:
    """The notes by role without those that the voice sings, and without tracks that are hardly there."""
    voice = np.array([(note.start_s, note.pitch % 12) for note, _ in melody]).reshape(-1, 2)
    found = {
        role: [note for note in notes if role != "lead" or not _is_sung(note, voice)]
        for role, notes in heard.notes.items()
    }
    return {role: notes for role, notes in found.items() if len(notes) >= fewest(heard) and plays(role, found)}


def plays(role: str, found: dict[str, list[HeardNote]]) -> bool:
    """Whether the notes of a role are sure enough, and more than a shadow of another role's."""
    own = np.array([note.confidence for note in found[role]]) / ONSET_LEVELS[role]
    others = [
        (FARTHEST_S * note.pitch + note.start_s, note.confidence / ONSET_LEVELS[other])
        for other, notes in found.items() if other != role for note in notes
    ]  # fmt: skip
    places, sure = np.array(sorted(others)).reshape(-1, 2).T
    mine = np.array([FARTHEST_S * note.pitch + note.start_s for note in found[role]])
    first, last = (np.searchsorted(places, mine + by) for by in (-SAME_ONSET_S, SAME_ONSET_S))
    shared = [sure[a:b].max(initial=0.0) > certainty for a, b, certainty in zip(first, last, own, strict=True)]
    is_shadow = role != "bass" and float(np.mean(shared)) > MOST_SHARED  # a bass does play what others play
    return float(own.mean()) >= LEAST_SURE and not is_shadow


def plays_drums(heard: Heard) -> bool:
    """Whether drums are heard at all."""
    strokes = heard.strokes
    return len(strokes) >= fewest(heard) and float(np.mean([one.confidence for one in strokes])) >= LEAST_SURE_DRUMS


def fewest(heard: Heard) -> float:
    """How many notes a track has at least."""
    return min(FEWEST_NOTES, 1 + len(heard.short_levels) / FRAMES_PER_S / SECONDS_A_NOTE)


def _is_sung(note: HeardNote, voice: np.ndarray) -> bool:
    return bool(((np.abs(voice[:, 0] - note.start_s) < SUNG_ONSET_S) & (voice[:, 1] == note.pitch % 12)).any())
