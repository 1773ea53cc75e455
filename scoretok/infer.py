"""Guessing what a score without symbols leaves unsaid: its key and its chords."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from scoretok.errors import warn
from scoretok.harmony import key_to_text
from scoretok.parts import MAX_BARS, Chord, Key, Note
from scoretok.sheet import LeadSheet
from scoretok.theory import QUALITY_BY_NAME

# Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding algorithm" (2013).
MAJOR_PROFILE = np.array([0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081])
MINOR_PROFILE = np.array([0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052])
MAJOR_FIFTHS = {pc: fifths for fifths in (*range(-5, 0), *range(7)) for pc in [fifths * 7 % 12]}

CHORD_QUALITIES = ("maj", "min", "7", "maj7", "min7", "dim", "sus4", "hdim7", "aug", "dim7")
# Set by hand; benchmarks.inference measures the chords that come out on POP909.
QUALITY_PRIOR = np.array([1.0, 1.0, 0.25, 0.2, 0.3, 0.08, 0.1, 0.05, 0.02, 0.03])
CHANGE_ON_DOWNBEAT, CHANGE_IN_BAR, CHANGE_ELSEWHERE = 0.35, 0.10, 0.03

# benchmarks.find_beats: files whose notes lie on their grid, played to a click, and played without one.
LEAST_NOTES = 64  # fewer say nothing
PERIODS_TICKS = (96, 48, 24, 12, 8, 6)  # bars, beats, eighths, triplets, sixteenths
LEAST_CONCENTRATION = 0.2  # performances without a click reach 0.20, those to a click have 0.25 and more


def note_arrays(sheet: LeadSheet) -> np.ndarray:
    """All pitched notes as integers of shape (notes, 4): start, end, pitch, velocity."""
    rows = [(n[0], n[0] + n[2], n[1], n[3]) for t in sheet.tracks if not t.is_drums for n in t.notes]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def infer_missing(sheet: LeadSheet, key: bool, chords: bool) -> LeadSheet:
    """The score with its key, its chords or both inferred from the notes."""
    if key:
        sheet = replace(sheet, keys=(infer_key(note_arrays(sheet)),))
        warn(f"the key {key_to_text(sheet.keys[0])} was guessed from the notes", "guessed")
    if chords and (found := infer_chords(sheet)):
        sheet = replace(sheet, chords=found)
        warn(f"{len(found)} chords were guessed from the notes", "guessed")
    return sheet


def is_off_its_grid(sheet: LeadSheet) -> bool:
    """Whether the notes of a score lie anywhere but on its grid, as those of a recording without a click do.

    Onsets that follow a pulse of the grid, early or late, concentrate at one phase of it (the mean resultant length of
    circular statistics: Mardia and Jupp, "Directional Statistics", 2000).
    """
    starts = np.array([note.played_start_ticks for track in sheet.tracks for note in track.notes])
    if len(starts) < LEAST_NOTES or len(sheet.tempos) > 1:
        return False
    lengths = [abs(np.exp(2j * np.pi * starts / period).mean()) for period in PERIODS_TICKS]
    return max(lengths) < LEAST_CONCENTRATION


def infer_key(notes: np.ndarray | Sequence[Note]) -> Key:
    """The major or minor key whose profile correlates best with the pitch classes heard.

    `notes` are Notes, or an array of shape (notes, 4) as from `note_arrays`. Krumhansl and Schmuckler's algorithm, in
    Krumhansl, "Cognitive Foundations of Musical Pitch" (1990). C major when there are no notes.
    """
    if not isinstance(notes, np.ndarray):
        notes = np.array([(n.start_ticks, n.end_ticks, n.pitch, n.velocity) for n in notes], int).reshape(-1, 4)
    if not len(notes):
        return Key(0, 0)
    weights = np.bincount(notes[:, 2] % 12, np.minimum(notes[:, 1] - notes[:, 0], 96), 12)
    if weights.std() == 0:
        return Key(0, 0)
    scores = [
        np.corrcoef(np.roll(profile, tonic), weights)[0, 1]
        for profile in (MAJOR_PROFILE, MINOR_PROFILE)
        for tonic in range(12)
    ]
    minor, tonic = divmod(int(np.argmax(scores)), 12)
    fifths = MAJOR_FIFTHS[(tonic + 3 * minor) % 12]
    return Key(0, fifths, "min" if minor else "maj")


def infer_chords(sheet: LeadSheet) -> tuple[Chord, ...]:
    """The most likely chords of a score, one decision a beat, by a hidden Markov model.

    Each beat's notes are drawn from the chord's tones, as in Raphael and Stoddard, "Functional harmonic
    analysis using probabilistic models" (2004); the lowest note prefers the root; chords change rather
    on strong beats. Empty when no pitched note is heard.
    """
    notes = note_arrays(sheet)
    if not len(notes):
        return ()
    beats, change = _beat_grid(sheet)
    chroma, bass = _observe(notes, beats)
    pitch_log, bass_log, prior_log = _models()
    weight = np.minimum(chroma.sum(1, keepdims=True), 6.0) / np.maximum(chroma.sum(1, keepdims=True), 1e-9)
    emission = (chroma * weight) @ pitch_log.T + bass @ bass_log.T
    path = _viterbi(emission, prior_log, change)
    return _chords_of(path, beats, bass, chroma.sum(1) > 0)


def _beat_grid(sheet: LeadSheet) -> tuple[np.ndarray, np.ndarray]:
    """Ticks of all beats, shape (beats + 1,), and the probability of a new chord at each, (beats,)."""
    beats, change = [], []
    for bar in range(min(sheet.bar_count, MAX_BARS)):
        start, stop = sheet.bar_starts[bar], sheet.bar_starts[bar + 1]
        meter = sheet.meter_at(bar)
        compound = meter.denominator == 8 and meter.numerator % 3 == 0
        step = 3 * meter.beat_ticks if compound else max(meter.beat_ticks, 24)
        half = (stop - start) // 2
        for tick in range(start, stop, step):
            beats.append(tick)
            strong = CHANGE_IN_BAR if tick - start == half else CHANGE_ELSEWHERE
            change.append(CHANGE_ON_DOWNBEAT if tick == start else strong)
    return np.array([*beats, sheet.end_ticks]), np.array(change)


def _observe(notes: np.ndarray, beats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitch-class weights in quarters sounding, shape (beats, 12), and bass weights, (beats, 12)."""
    count = len(beats) - 1
    chroma, bass = np.zeros((count, 12)), np.zeros((count, 12))
    first = np.clip(np.searchsorted(beats, notes[:, 0], "right") - 1, 0, count - 1)
    last = np.clip(np.searchsorted(beats, notes[:, 1], "left") - 1, first, count - 1)
    lowest = np.full(count, 128)
    for step in range(int((last - first).max()) + 1):
        inside = first + step <= last
        beat, note = first[inside] + step, notes[inside]
        overlap = np.minimum(note[:, 1], beats[beat + 1]) - np.maximum(note[:, 0], beats[beat])
        np.add.at(chroma, (beat, note[:, 2] % 12), np.maximum(overlap, 1) / 24)
        np.minimum.at(lowest, beat, note[:, 2])
    has_notes = lowest < 128
    bass[np.flatnonzero(has_notes), lowest[has_notes] % 12] = 1.0
    return chroma, bass


def _models() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log probabilities of a pitch class, of a bass, both (chords, 12), and of a chord, (chords,)."""
    pitch, bass = [], []
    for root in range(12):
        for name in CHORD_QUALITIES:
            tones = [(root + interval) % 12 for interval in QUALITY_BY_NAME[name].intervals]
            emission, low = np.full(12, 0.12 / (12 - len(tones))), np.full(12, 0.06 / (12 - len(tones)))
            emission[tones] = 0.88 / len(tones)
            low[tones] = 0.24 / (len(tones) - 1)
            low[root] = 0.70
            pitch.append(emission)
            bass.append(low)
    prior = np.tile(QUALITY_PRIOR / QUALITY_PRIOR.sum(), 12) / 12
    return np.log(np.array(pitch)), np.log(np.array(bass)), np.log(prior)


def _viterbi(emission: np.ndarray, prior_log: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Most likely chord a beat, shape (beats,); a change draws the new chord from the prior."""
    count, chords = emission.shape
    came_from = np.empty((count, chords), dtype=np.int64)
    score = prior_log + emission[0]
    stay_log, change_log = np.log1p(-change), np.log(change)
    itself = np.arange(chords)
    for beat in range(1, count):
        best = int(score.argmax())
        stay, move = score + stay_log[beat], score[best] + change_log[beat] + prior_log
        came_from[beat] = np.where(stay >= move, itself, best)
        score = np.maximum(stay, move) + emission[beat]
    path = np.empty(count, dtype=np.int64)
    path[-1] = int(score.argmax())
    for beat in range(count - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return path


def _chords_of(path: np.ndarray, beats: np.ndarray, bass: np.ndarray, weight: np.ndarray) -> tuple[Chord, ...]:
    chords = []
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1), len(path)]
    for start, stop in pairwise(edges):
        if not weight[start:stop].any():
            continue
        root, quality = divmod(int(path[start]), len(CHORD_QUALITIES))
        name = CHORD_QUALITIES[quality]
        low = bass[start:stop].sum(0)
        lowest = int(low.argmax())
        is_tone = (lowest - root) % 12 in QUALITY_BY_NAME[name].intervals
        slash = lowest if is_tone and low[lowest] > 0.6 * low.sum() else None
        chords.append(Chord(int(beats[start]), root, name, slash))
    return tuple(chords)
