"""The key of a recording and where it changes, from its chords and notes.

Axes: b bars, k keys (12 major, 12 minor), r roots above the tonic (12).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mir.chords import viterbi_constant_cost
from mir.estimates import ChordEstimate
from scoretok.harmony import try_chord
from scoretok.infer import MAJOR_FIFTHS, MAJOR_PROFILE, MINOR_PROFILE
from scoretok.parts import Chord, Key

# How often chords stand on every degree in songs of one key, in percent of the time, as major, minor and diminished:
# counted in 1,261 major and 477 minor songs of Billboard (CC0), POP909 and OpenEWLD by benchmarks.transcription_keys.
MAJOR_DEGREES = np.array([
    [33.7, 0.5, 0.1], [0.3, 0.1, 0.2], [2.9, 6.2, 0.1], [0.7, 0.1, 0.2], [1.1, 4.1, 0.1], [14.8, 1.1, 0.1],
    [0.2, 0.1, 0.2], [19.0, 0.6, 0.1], [0.9, 0.1, 0.1], [1.9, 7.5, 0.1], [2.0, 0.1, 0.1], [0.3, 0.2, 0.1],
])  # fmt: skip
MINOR_DEGREES = np.array([
    [3.2, 32.9, 0.1], [0.3, 0.1, 0.1], [0.3, 0.3, 0.4], [9.7, 0.1, 0.1], [0.1, 0.1, 0.1], [3.3, 9.1, 0.1],
    [0.1, 0.1, 0.1], [5.8, 7.5, 0.1], [11.3, 0.1, 0.1], [0.1, 0.2, 0.3], [13.6, 0.1, 0.1], [0.1, 0.1, 0.1],
])  # fmt: skip
# Set by hand; benchmarks.transcription_keys measures the keys that come out.
CHORD_WEIGHT, NOTE_WEIGHT = 1.0, 0.5  # what a bar of chords and one of notes say
EDGE_BONUS = 6.0  # songs begin, and end, on their tonic more often than not
CHANGE_COST = 20.0


class KeyEstimate(NamedTuple):
    """A key from a bar on, and how sure it is there and in every bar behind it until the next."""

    key: Key
    confidences: tuple[float, ...]


def decode_keys(
    bars_s: np.ndarray, chords: Sequence[ChordEstimate], pitches: np.ndarray, may_change: bool = True
) -> list[KeyEstimate]:
    """The likeliest keys of a recording by bars, whose edges are `bars_s` (b + 1,).

    `pitches` (b, 12) says how long pitch classes sound in every bar. A hidden Markov model over the bars (as in
    Temperley, "Music and Probability", 2007, with chords beside notes).
    """
    emission = CHORD_WEIGHT * key_log_likelihood_of_chords(bars_s, chords) + NOTE_WEIGHT * key_log_likelihood_of_notes(
        pitches
    )
    if not len(emission):
        return []
    for bar, chord in ((0, chords[0]), (-1, chords[-1])) if chords else ():
        parsed = try_chord(chord.symbol)
        if parsed is not None and parsed.root is not None:
            emission[bar, parsed.root + 12 * _is_minor(parsed)] += EDGE_BONUS
    if not may_change:
        emission = np.broadcast_to(emission.sum(0), emission.shape) / len(emission)
    path = viterbi_constant_cost(emission, np.full(len(emission), CHANGE_COST))
    starts = np.flatnonzero(np.append(True, np.diff(path) != 0))
    found = []
    for start, stop in zip(starts, [*starts[1:], len(path)], strict=True):
        evidence = emission[start:stop].sum(0)
        sure = float(np.exp(evidence[path[start]] - np.logaddexp.reduce(evidence)))
        found.append(KeyEstimate(key_of(int(start), int(path[start])), (sure,) * int(stop - start)))
    return found


def key_of(bar: int, number: int) -> Key:
    """The key with a number: 0 is C major, 12 is C minor."""
    minor, tonic = divmod(number, 12)
    return Key(bar, MAJOR_FIFTHS[(tonic + 3 * minor) % 12], "min" if minor else "maj")


def key_log_likelihood_of_chords(bars_s: np.ndarray, chords: Sequence[ChordEstimate]) -> np.ndarray:
    """Log likelihood (b, k) of the chords of every bar in every key."""
    tables = [np.log(table / table.sum()) for table in (MAJOR_DEGREES, MINOR_DEGREES)]
    evidence = np.zeros((max(0, len(bars_s) - 1), 24))
    for chord in chords:
        parsed = try_chord(chord.symbol)
        if parsed is None or parsed.root is None:
            continue
        inside = np.clip(np.minimum(chord.end_s, bars_s[1:]) - np.maximum(chord.start_s, bars_s[:-1]), 0, None)
        share = inside / np.maximum(np.diff(bars_s), 1e-9)
        degree = (parsed.root - np.arange(12)) % 12
        row = np.concatenate([table[degree, triad_class(parsed)] for table in tables])
        evidence += share[:, None] * row
    return evidence


def key_log_likelihood_of_notes(pitches: np.ndarray) -> np.ndarray:
    """Log likelihood (b, k) of the pitch classes (b, 12) of every bar in every key."""
    share = pitches / np.maximum(pitches.sum(1, keepdims=True), 1e-9)
    profiles = [np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)]
    return share @ np.log(np.array(profiles).T)


def _is_minor(chord: Chord) -> bool:
    return chord.quality.startswith("min")


def triad_class(chord: Chord) -> int:
    """0 for major and the like, 1 for minor, 2 for diminished chords."""
    return 1 if _is_minor(chord) else 2 if chord.quality.startswith(("dim", "hdim")) else 0
