"""Chords on beats, and keys."""

from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mir.beats import constant_tempo_beats
from mir.chords import ChordPosteriors, chord_log_likelihood, decode_chords, viterbi_constant_cost
from mir.estimates import ChordEstimate
from mir.key import decode_keys, key_of
from scoretok.harmony import try_chord

SYMBOLS = ("N", "C:maj", "F:maj", "G:7", "A:min7/b3")
NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 1000))
def test_the_path_is_the_likeliest_of_all(steps, states, seed):
    rng = np.random.default_rng(seed)
    emission, costs = rng.normal(0, 3, (steps, states)), rng.uniform(0, 5, steps)

    def value(path):
        changes = sum(costs[step] for step in range(1, steps) if path[step] != path[step - 1])
        return sum(emission[step, state] for step, state in enumerate(path)) - changes

    best = max(value(path) for path in product(range(states), repeat=steps))
    assert np.isclose(value(viterbi_constant_cost(emission, costs)), best)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=8), st.floats(70, 160))
def test_chords_change_on_beats_and_fill_the_recording(bars, bpm):
    grid = constant_tempo_beats(len(bars) * 240 / bpm, bpm)
    log_probs = np.full((int(len(bars) * 240 / bpm * 40), len(SYMBOLS)), -6.0)
    for bar, chord in enumerate(bars):
        log_probs[int(bar * 240 / bpm * 40) : int((bar + 1) * 240 / bpm * 40), chord] = -0.05
    found = decode_chords(ChordPosteriors(SYMBOLS, log_probs.astype(np.float16), 40), grid, len(bars) * 240 / bpm)
    assert found[0].start_s == 0
    assert np.isclose(found[-1].end_s, len(bars) * 240 / bpm)
    assert all(a.end_s == b.start_s and a.symbol != b.symbol for a, b in pairwise(found))
    assert [chord.symbol for chord in found] == [
        SYMBOLS[chord] for at, chord in enumerate(bars) if not at or bars[at - 1] != chord
    ]
    assert all(np.abs(grid.times_s - chord.start_s).min() < 0.03 for chord in found)
    assert all(chord.confidence > 0.9 for chord in found)


@given(st.sampled_from(["C:maj", "F:maj", "G:7", "A:min7/b3"]), st.integers(0, 99))
def test_the_notes_that_sound_decide_between_chords_that_are_as_likely(symbol, seed):
    grid = constant_tempo_beats(8.0, 120)
    levels = ChordPosteriors(SYMBOLS, np.full((320, len(SYMBOLS)), -1.6, np.float16), 40)
    sounding = np.random.default_rng(seed).uniform(0, 0.2, (12, 400))
    sounding[list(try_chord(symbol).pitch_classes)] += 0.7
    assert [chord.symbol for chord in decode_chords(levels, grid, 8.0, sounding)] == [symbol]
    assert [chord.symbol for chord in decode_chords(levels, grid, 8.0, np.zeros((12, 400)))] == ["N"]


@given(st.integers(1, 40), st.integers(0, 99))
def test_evidence_of_notes_adds_up_over_time(cut, seed):
    sounding = np.random.default_rng(seed).uniform(0, 1, (12, 50))
    whole = chord_log_likelihood(SYMBOLS, np.array([0.0, 1.0]), sounding)
    parts = chord_log_likelihood(SYMBOLS, np.array([0.0, cut / 50, 1.0]), sounding)
    assert np.allclose(whole[0], parts.sum(0))


def progression(tonic, minor, count):
    """A common progression in a key, a chord a bar of two seconds."""
    steps = (
        [(0, "min"), (8, "maj"), (3, "maj"), (10, "maj")] if minor else [(0, "maj"), (7, "maj"), (9, "min"), (5, "maj")]
    )
    return [(NAMES[(tonic + steps[bar % 4][0]) % 12], steps[bar % 4][1]) for bar in range(count)]


def heard(chords):
    return [ChordEstimate(2.0 * bar, 2.0 * bar + 2, f"{root}:{quality}") for bar, (root, quality) in enumerate(chords)]


@given(st.integers(0, 11), st.booleans(), st.integers(2, 10))
def test_the_key_of_a_progression_moves_with_it(tonic, minor, rounds):
    count = 4 * rounds
    chords = heard(progression(tonic, minor, count))
    keys = decode_keys(np.arange(count + 1) * 2.0, chords, np.zeros((count, 12)))
    assert [key.key for key in keys] == [key_of(0, tonic + 12 * minor)]
    assert len(keys[0].confidences) == count
    assert keys[0].confidences[0] > 0.5


def test_a_song_that_goes_up_a_tone_changes_its_key():
    chords = heard(progression(0, False, 24) + progression(2, False, 16))
    keys = decode_keys(np.arange(41) * 2.0, chords, np.zeros((40, 12)))
    assert [(key.key.bar, key.key.tonic) for key in keys] == [(0, 0), (24, 2)]
    assert len(decode_keys(np.arange(41) * 2.0, chords, np.zeros((40, 12)), may_change=False)) == 1


def test_without_chords_and_notes_there_is_a_key_that_nobody_is_sure_of():
    keys = decode_keys(np.arange(9.0), [], np.zeros((8, 12)))
    assert keys[0].confidences[0] < 0.2
