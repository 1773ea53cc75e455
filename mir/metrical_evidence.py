"""What a recording says about its meter: when notes, bass notes and strokes begin, and how its harmony moves.

Axes: n moments, b beats, t frames, c candidates, d features.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mir.beats import NoBeatError, network_activations, track_bars
from mir.chords import sums_between
from mir.notes.activations import Activations
from mir.notes.log_spectrogram import FRAMES_PER_S as NOTE_FRAMES_PER_S
from mir.notes.targets import DRUM_CLASSES

STROKES = ("kick", "snare", "hat")
PARTS_OF_BEAT = 12  # moments are counted at so many places of a beat


@dataclass(frozen=True)
class MetricalEvidence:
    """When notes, bass notes and strokes begin (n,), chroma (t, 12) at 50 Hz.

    `second_bpm` is the tempo by the pulse of the transcription network alone, 0 where it hears none or nobody asked.
    """

    onsets_s: np.ndarray
    bass_s: np.ndarray
    kick_s: np.ndarray
    snare_s: np.ndarray
    hat_s: np.ndarray
    chroma: np.ndarray
    second_bpm: float

    @classmethod
    def of(cls, activations: Activations, second_bpm: float = 0.0) -> "MetricalEvidence":
        """The evidence in what the transcription network heard."""
        hits = activations.drum_hits
        kick, snare, hat = (
            np.array([hit.start_s for hit in hits if DRUM_CLASSES[hit.pitch] == name]) for name in STROKES
        )
        onsets = np.unique(np.round([note.start_s for note in activations.notes_of_any_role()], 2))
        bass = np.array([note.start_s for note in activations.notes["bass"]])
        return cls(onsets, bass, kick, snare, hat, activations.chroma.T, second_bpm)


def pulse_bpm(activations: Activations) -> float:
    """The tempo by the pulse of the transcription network alone, 0 where it hears none."""
    with suppress(NoBeatError):
        return track_bars(network_activations(activations.beats)).bpm
    return 0.0


def beat_places(moments_s: np.ndarray, beats_s: np.ndarray) -> np.ndarray:
    """How many moments (n,) there are at each place of each beat, (b, PARTS_OF_BEAT); none outside the beats."""
    inside = moments_s[(moments_s >= beats_s[0] - 0.05) & (moments_s < beats_s[-1])]
    phase = np.interp(inside, beats_s, np.arange(len(beats_s)))
    slots = np.round(phase * PARTS_OF_BEAT).astype(int)
    counts = np.bincount(slots, minlength=PARTS_OF_BEAT * len(beats_s))[: PARTS_OF_BEAT * len(beats_s)]
    return counts.reshape(-1, PARTS_OF_BEAT)


def smoothed_share(places: np.ndarray, chosen: np.ndarray) -> float:
    """What share of moments is at chosen places; smoothed, as a few say little."""
    return float((chosen.sum() + 0.5) / (places.sum() + 4))


def beat_chroma(beats_s: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """The chroma of every beat, (b, 12); the last beat is as long as the one before."""
    edges = np.append(beats_s, 2 * beats_s[-1] - beats_s[-2])
    return sums_between(edges, chroma, NOTE_FRAMES_PER_S)[1]


def harmony_changes(chroma: np.ndarray) -> np.ndarray:
    """How much the chroma (b, 12) of every beat differs from that of the one before, (b,), 0 to 1."""
    unit = chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9)
    return np.append(0.0, 1 - (unit[1:] * unit[:-1]).sum(1))


def choice_chances(features: Sequence[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """How likely each of some candidates (c, d) is the right one, (c,), by weights (d,).

    A conditional logit (McFadden, "Conditional logit analysis of qualitative choice behavior", 1974), whose weights are
    fitted on songs where the right one is known.
    """
    scores = np.stack(features) @ weights
    chances = np.exp(scores - scores.max())
    return np.asarray(chances / chances.sum())
